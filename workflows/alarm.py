"""One durable timer for all of a conversation's deadlines."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from temporalio import workflow


class Alarm:
    """Rings at the earliest deadline it was set to.

    A deadline that moves away costs nothing: the alarm rings early and is set again. Cancelling and starting a timer for every
    message would cost two history events each.
    """

    def __init__(self) -> None:
        self._timer: asyncio.Task[None] | None = None
        self._at: datetime | None = None
        self.rang = False

    def set(self, deadlines: Iterable[datetime]) -> None:
        earliest = min(deadlines, default=None)
        if earliest is None or (self._at is not None and self._at <= earliest):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._at = earliest
        self._timer = asyncio.create_task(self._ring_at(earliest))

    async def _ring_at(self, at: datetime) -> None:
        wait = at - workflow.now()
        if wait > timedelta(0):
            await workflow.sleep(wait, summary=f"until {at.isoformat(timespec='seconds')}")
        self._timer = self._at = None
        self.rang = True
