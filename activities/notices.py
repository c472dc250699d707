"""Tells managers, outside the dashboard, that somebody is waiting."""

from collections.abc import Mapping

from temporalio import activity

from domain.ports import NoticeLedger, Notifier
from domain.turns import Notice


class NoticeActivities:
    def __init__(self, ledger: NoticeLedger, notifiers: Mapping[str, Notifier], *, base_url: str) -> None:
        self._ledger = ledger
        self._notifiers = notifiers
        self._base_url = base_url

    @activity.defn
    async def notify_managers(self, notice: Notice) -> None:
        """Tells everybody whom the ledger still owes this rung; a repeat after a crash tells only the rest."""
        notifier = self._notifiers.get(notice.rung)
        if notifier is None:
            return
        link = f"{self._base_url}/conversations/{notice.conversation_id}"
        for manager in await self._ledger.open(notice):
            await notifier.tell(notice, [manager], link=link)
            await self._ledger.told(notice, manager.id)
