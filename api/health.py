"""Is it up, is it ready, what did it count."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.metrics import Metrics
from web.services import services


def health_router(metrics: Metrics) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> Response:
        """The process answers; nothing else is asked."""
        return JSONResponse({"status": "ok"})

    @router.get("/readyz")
    async def readyz(request: Request) -> Response:
        """200 if the database, the Temporal service and a worker can be reached, else 503; the body says which can't."""
        ready = await services(request).gateway.readiness()
        return JSONResponse({"ready": all(ready.values()), **ready}, 200 if all(ready.values()) else 503)

    @router.get("/metrics")
    async def prometheus(request: Request) -> Response:
        door = services(request)
        counts = await door.conversations.counts(None)
        return Response(metrics.text(counts=counts, streams=door.live.listeners), headers={"content-type": metrics.content_type})

    return router
