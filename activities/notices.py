"""Tells managers, outside the dashboard, that somebody is waiting."""

from collections.abc import Mapping
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.errors import NotTold
from domain.ports import NoticeLedger, Notifier
from domain.turns import Notice


class NoticeActivities:
    def __init__(self, ledger: NoticeLedger, notifiers: Mapping[str, Notifier], *, base_url: str) -> None:
        self._ledger = ledger
        self._notifiers = notifiers
        self._base_url = base_url

    @activity.defn
    async def notify_managers(self, notice: Notice) -> None:
        """Tells everybody whom the ledger still owes this rung; a repeat after a crash tells only the rest.

        Who can't be told for good is noted with the reason. A rung that isn't set up is passed over.
        """
        notifier = self._notifiers.get(notice.rung)
        if notifier is None:
            return
        link = f"{self._base_url}/conversations/{notice.conversation_id}"
        retry: NotTold | None = None
        for manager in await self._ledger.open(notice):
            try:
                await notifier.tell(notice, [manager], link=link)
            except NotTold as failure:
                if failure.retryable:
                    retry = failure
                else:
                    await self._ledger.told(notice, manager.id, error=str(failure))
            else:
                await self._ledger.told(notice, manager.id)
        if retry is not None:
            delay = timedelta(seconds=retry.retry_after) if retry.retry_after else None
            raise ApplicationError(str(retry), type="NotTold", next_retry_delay=delay)
