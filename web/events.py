"""One event stream for each open tab. It says what changed, by id; the page asks for it again with its own rights."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from domain.managers import Manager
from storage.attendance import Attendance
from web.live import LiveFeed, Resync, last_event_id
from web.security import current_manager
from web.services import Services, services

router = APIRouter(include_in_schema=False)

PING_SECONDS = 15
BEAT_SECONDS = 30
SEND_TIMEOUT_SECONDS = 10.0
"""A client that takes no data for so long is dropped; it connects again."""


@router.get("/events")
async def stream(
    house: Annotated[Services, Depends(services)],
    manager: Annotated[Manager, Depends(current_manager)],
    seen: Annotated[str, Header(alias="last-event-id")] = "",
) -> Response:
    changes = _while_open(house.attendance, manager.id, _changes(house.live, last_event_id(seen)))
    return EventSourceResponse(changes, ping=PING_SECONDS, send_timeout=SEND_TIMEOUT_SECONDS, sep="\n")


async def _while_open(attendance: Attendance, manager_id: str, changes: AsyncIterator[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    """A tab that has its stream open is the person's sign of life."""
    beating = asyncio.create_task(_beat(attendance, manager_id))
    try:
        async for change in changes:
            yield change
    finally:
        beating.cancel()


async def _beat(attendance: Attendance, manager_id: str) -> None:
    while True:
        await attendance.seen(manager_id)
        await asyncio.sleep(BEAT_SECONDS)


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
