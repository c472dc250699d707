"""The HTTP application, put together from ready services."""

import time
from collections.abc import Callable

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import Lifespan

from api import ask, conversations, documents, inboxes
from api.actions import actions_router
from api.health import health_router
from api.metrics import Metrics
from api.openapi import PREFIX, describe
from api.problems import Answers, ErrorBoundary, ErrorPage, add_handlers, plain_error_page
from api.webhooks import WebhookDoor
from web.middleware import BODY_LIMIT, CHAT_UPLOAD_LIMIT, DOCUMENT_LIMIT, BodyLimit, CrossSiteCheck, RequestLog, SecurityHeaders
from web.services import Services

LARGER_BODIES = {
    f"{PREFIX}/documents": DOCUMENT_LIMIT,
    "/documents": DOCUMENT_LIMIT,
    "/knowledge": DOCUMENT_LIMIT,
    "/chat/": CHAT_UPLOAD_LIMIT,
}
"""Where files are uploaded."""

NOT_FROM_BROWSERS = ("/api/", "/webhooks/")
"""Paths that never read a cookie: they are proved by a key or a signature."""


def build_app(
    services: Services,
    *,
    metrics: Metrics | None = None,
    clock: Callable[[], float] = time.time,
    error_page: ErrorPage = plain_error_page,
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """`clock` gives unix seconds for the age of signatures; `lifespan` opens and closes what `services` hold."""
    metrics = metrics or Metrics()
    answers = Answers(error_page)
    app = FastAPI(
        title="Frontdesk API",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        middleware=[
            Middleware(RequestLog, observe=metrics.request),
            Middleware(SecurityHeaders, public_url=services.public_url),
            Middleware(ErrorBoundary, answers=answers),
            Middleware(CrossSiteCheck, public_url=services.public_url, exempt=NOT_FROM_BROWSERS),
            Middleware(BodyLimit, limit=BODY_LIMIT, larger=LARGER_BODIES),
        ],
    )
    app.state.services = services
    add_handlers(app, answers)
    describe(app)

    door = WebhookDoor(services, metrics, clock)
    app.add_route("/webhooks/{channel}/{inbox_id}", door.receive, methods=["GET", "POST"], include_in_schema=False)
    for router in (conversations.router, actions_router(metrics), inboxes.router, documents.router, ask.router, health_router(metrics)):
        app.include_router(router)
    return app
