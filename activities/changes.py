"""Of what changed, only so much is kept as a page that was away for a while may still ask for."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from temporalio import activity

from domain.ports import ChangeLog

KEPT_FOR = timedelta(hours=24)
"""A page that comes back later loads everything again."""


class ChangeActivities:
    """`clock` gives unix seconds."""

    def __init__(self, changes: ChangeLog, clock: Callable[[], float] = time.time) -> None:
        self._changes = changes
        self._clock = clock

    @activity.defn
    async def forget_old_changes(self) -> None:
        """Safe to repeat."""
        await self._changes.prune(datetime.fromtimestamp(self._clock(), UTC) - KEPT_FOR)
