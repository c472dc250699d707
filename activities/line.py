"""Watches the line: whoever waits in it is called as soon as somebody is free, and whatever lies with the away moves on."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from domain.commands import OfferAgain
from domain.ports import Call, LineStore

PERIOD_SECONDS = 1.0
"""One look costs two or three reads of small indexes."""
CALLED_AGAIN_AFTER = timedelta(seconds=10)
"""A conversation that was called has so long to ask before it is called again: its worker may be busy."""

GONE_FOR = timedelta(hours=1)
"""A conversation whose workflow is gone, and whose row stayed behind, is not called for so long."""

Caller = Callable[[str, OfferAgain], Awaitable[bool]]
"""Signals a workflow; False if no run is open under its id."""


class LineWatch:
    """Any number may watch one line: a call twice is answered once. What it knows is only whom it called a moment ago."""

    def __init__(self, line: LineStore, caller: Caller) -> None:
        self._line = line
        self._caller = caller
        self._called: dict[Call, datetime] = {}

    async def look(self, now: datetime) -> int:
        """Calls whom it is time to call. Returns how many."""
        self._called = {call: at for call, at in self._called.items() if now - at < CALLED_AGAIN_AFTER}
        calls = [call for call in await self._line.calls(now) if call not in self._called]
        for call in calls:
            self._called[call] = now
            signal = OfferAgain(conversation_id=call.conversation_id, away_manager_id=call.away_manager_id)
            if not await self._caller(call.workflow_id, signal):
                self._called[call] = now + GONE_FOR
                await self._line.leave(call.conversation_id)
        return len(calls)

    async def follow(self) -> None:
        """Until it is cancelled. Raises what the database or the engine raise."""
        while True:
            await self.look(datetime.now(UTC))
            await asyncio.sleep(PERIOD_SECONDS)
