"""Tells managers, outside the dashboard, that somebody is waiting."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.errors import NotTold
from domain.ladder import Medium
from domain.notices import Debt
from domain.ports import NoticeLedger, Notifier
from domain.turns import Notice

TRY_AGAIN_AFTER = timedelta(minutes=1)
"""After a failure whose other side did not say when."""
LEAST_WAIT = timedelta(seconds=1)


class _Clock:
    """The engine's time, which a test may skip, as it goes on during one attempt."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()
        self._started = activity.info().started_time

    def now(self) -> datetime:
        return self._started + timedelta(seconds=asyncio.get_running_loop().time() - self._began)


class NoticeActivities:
    def __init__(self, ledger: NoticeLedger, notifiers: Mapping[Medium, Notifier]) -> None:
        self.ledger = ledger
        self._notifiers = notifiers

    @activity.defn
    async def notify_managers(self, notice: Notice) -> None:
        """Sees to it that everybody whom this rung owes a notice is told, by whichever conversation's notice comes first.

        Ends when nobody is owed any more. Until then it fails, and names in the failure when it wants to be tried again: at the end of
        somebody's quiet hours, or when enough time has gone by since the last message to the same person. A medium that isn't set up is
        passed over, and a failure for good is written down.
        """
        clock = _Clock()
        await self.ledger.owe(notice, list(self._notifiers), now=clock.now())
        debts = await self.ledger.debts(notice)
        await asyncio.gather(*(self._tell(debt, clock) for debt in debts if debt.not_before <= clock.now()))
        if left := await self.ledger.debts(notice) if debts else ():
            raise _later(left, clock.now())

    async def _tell(self, debt: Debt, clock: _Clock) -> None:
        digest = await self.ledger.claim(debt, now=clock.now())
        if digest is None:
            return
        try:
            await self._notifiers[debt.medium].tell(digest)
        except NotTold as failure:
            if failure.retryable:
                pause = TRY_AGAIN_AFTER if failure.retry_after is None else timedelta(seconds=failure.retry_after)
                await self.ledger.put_back(digest, now=clock.now(), error=str(failure), retry_after=pause)
            else:
                await self.ledger.settle(digest, now=clock.now(), error=str(failure))
        else:
            await self.ledger.settle(digest, now=clock.now())


def _later(left: Sequence[Debt], now: datetime) -> ApplicationError:
    """Waiting is no fault: it is neither logged nor counted as one."""
    earliest = min(debt.not_before for debt in left)
    people = len({debt.manager_id for debt in left})
    return ApplicationError(
        f"{people} still to be told, the next one at {earliest.isoformat(timespec='seconds')}",
        type="NotYet",
        next_retry_delay=max(earliest - now, LEAST_WAIT),
        category=ApplicationErrorCategory.BENIGN,
    )
