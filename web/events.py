"""One event stream for each open tab. It says what changed, by id; the page asks for it again with its own rights."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from domain.managers import Manager
from web.live import LiveFeed, Resync, last_event_id
from web.security import current_manager
from web.services import Services, services

router = APIRouter(include_in_schema=False)

PING_SECONDS = 15
SEND_TIMEOUT_SECONDS = 10.0
"""A client that takes no data for so long is dropped; it connects again."""


@router.get("/events")
async def stream(
    house: Annotated[Services, Depends(services)],
    manager: Annotated[Manager, Depends(current_manager)],
    seen: Annotated[str, Header(alias="last-event-id")] = "",
) -> Response:
    return EventSourceResponse(_changes(house.live, last_event_id(seen)), ping=PING_SECONDS, send_timeout=SEND_TIMEOUT_SECONDS, sep="\n")


async def _changes(live: LiveFeed, after: int | None) -> AsyncIterator[ServerSentEvent]:
    """First an event with an id, or a client that loses the stream early could not say where to go on."""
    head = await live.head() if after is None else after
    yield ServerSentEvent(event="frontdesk:hello", data="{}", id=str(head))
    async for news in live.subscribe(after=head):
        if isinstance(news, Resync):
            yield ServerSentEvent(event="frontdesk:resync", data="{}", id=str(news.head))
        else:
            data = json.dumps({"kind": news.kind, "conversation": news.conversation_id})
            yield ServerSentEvent(event="frontdesk:changed", data=data, id=str(news.id))
