"""The HTTP application, put together from ready services."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from fastapi import FastAPI
from starlette.middleware import Middleware

from api import ask, breaches, bulk, contacts, conversations, documents, inboxes, team
from api.actions import actions_router
from api.health import health_router
from api.inbound_mail import MAIL_LIMIT, receive_mail
from api.metrics import Metrics
from api.openapi import PREFIX, describe
from api.problems import Answers, ErrorBoundary, add_handlers
from api.webhooks import WebhookDoor
from web import chat
from web.dashboard import add_dashboard
from web.middleware import (
    BODY_LIMIT,
    CHAT_UPLOAD_LIMIT,
    DOCUMENT_LIMIT,
    BodyLimit,
    CrossSiteCheck,
    PlainAddress,
    RequestLog,
    SecurityHeaders,
)
from web.pages import error_page
from web.services import Services

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

LARGER_BODIES = {
    f"{PREFIX}/documents": DOCUMENT_LIMIT,
    "/knowledge": DOCUMENT_LIMIT,
    "/chat/": CHAT_UPLOAD_LIMIT,
    "/conversations/": CHAT_UPLOAD_LIMIT,
    f"{PREFIX}/files": CHAT_UPLOAD_LIMIT,
    "/webhooks/email/": MAIL_LIMIT,
}
"""Where files are uploaded."""

NOT_FROM_BROWSERS = ("/api/", "/webhooks/")
"""Paths that never read a cookie: they are proved by a key or a signature."""


def build_app(
    services: Services,
    *,
    metrics: Metrics | None = None,
    clock: Callable[[], float] = time.time,
    lifespan: Lifespan | None = None,
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
        lifespan=_ending_streams(lifespan),
        telemetry={"tracing": False, "metrics": False, "logs": False},
        middleware=[
            Middleware(RequestLog, observe=metrics.request),
            Middleware(SecurityHeaders, public_url=services.public_url),
            Middleware(ErrorBoundary, answers=answers),
            Middleware(PlainAddress),
            Middleware(CrossSiteCheck, public_url=services.public_url, exempt=NOT_FROM_BROWSERS),
            Middleware(BodyLimit, limit=BODY_LIMIT, larger=LARGER_BODIES),
        ],
    )
    app.state.services = services
    add_handlers(app, answers)
    describe(app)

    door = WebhookDoor(metrics, clock)
    app.add_route("/webhooks/email/inbound/{secret}", receive_mail, methods=["POST"], include_in_schema=False)
    app.add_route("/webhooks/{channel}/{inbox_id}", door.receive, methods=["GET", "POST"], include_in_schema=False)
    app.add_route("/webhooks/{channel}/{inbox_id}/{path_secret:path}", door.receive, methods=["GET", "POST"], include_in_schema=False)
    for router in (
        conversations.router,
        conversations.files,
        breaches.router,
        bulk.router,
        actions_router(metrics),
        inboxes.router,
        documents.router,
        contacts.router,
        ask.router,
        team.router,
        health_router(metrics),
    ):
        app.include_router(router)
    app.include_router(chat.router, include_in_schema=False)
    add_dashboard(app)
    return app


def _ending_streams(inner: Lifespan | None) -> Lifespan:
    """`inner`, with the live feed's last read done before it closes the database."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with inner(app) if inner is not None else nullcontext():
            yield
            await app.state.services.live.close()

    return lifespan
