"""Inboxes as they were a moment ago, for vendors that wait for nobody."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from domain.errors import EngineUnavailable, NotFound
from domain.managers import Inbox
from domain.ports import Credentials

FRESH_SECONDS = 2.0
"""Age from which an inbox is read again, beside the request that is answered by the older reading."""

_log = structlog.get_logger()


class Opening(Protocol):
    async def opened(self, inbox_id: str) -> tuple[Inbox, Credentials]: ...


@dataclass(slots=True)
class _Known:
    opened: tuple[Inbox, Credentials]
    at: float


class RecentInboxes:
    """Only the first request for an inbox waits for the database, and no longer than it may; a database that is away later is not noticed.

    What is changed in an inbox counts at most two requests and `FRESH_SECONDS` later.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}

    async def opened(self, inboxes: Opening, inbox_id: str, *, within: float) -> tuple[Inbox, Credentials]:
        """Raises NotFound, and EngineUnavailable if the database does not answer within so many seconds."""
        known = self._known.get(inbox_id)
        if known is not None:
            if self._clock() - known.at >= FRESH_SECONDS:
                self._read(inboxes, inbox_id)
            return known.opened
        reading = self._read(inboxes, inbox_id)
        done, _ = await asyncio.wait({reading}, timeout=within)
        if not done:
            raise EngineUnavailable("The database does not answer; try again")
        reading.result()
        return self._known[inbox_id].opened

    def _read(self, inboxes: Opening, inbox_id: str) -> asyncio.Task[None]:
        """One reading at a time for each inbox."""
        reading = self._reading.get(inbox_id)
        if reading is None:
            reading = asyncio.create_task(self._renew(inboxes, inbox_id))
            self._reading[inbox_id] = reading
            reading.add_done_callback(lambda done: self._ended(inbox_id, done))
        return reading

    async def _renew(self, inboxes: Opening, inbox_id: str) -> None:
        try:
            opened = await inboxes.opened(inbox_id)
        except NotFound:
            self._known.pop(inbox_id, None)
            raise
        self._known[inbox_id] = _Known(opened, self._clock())

    def _ended(self, inbox_id: str, reading: asyncio.Task[None]) -> None:
        self._reading.pop(inbox_id, None)
        if not reading.cancelled() and (error := reading.exception()) is not None:
            _log.info("inbox_not_read", inbox_id=inbox_id, error=type(error).__name__)
