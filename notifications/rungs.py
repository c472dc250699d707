"""Sends each rung of the notification ladder its own way."""

from collections.abc import Mapping, Sequence

from domain.errors import NotTold
from domain.managers import Manager
from domain.ports import Notifier
from domain.turns import Notice

NEEDS = {
    "email": "FRONTDESK_SMTP_URL and FRONTDESK_MAIL_FROM",
    "sms": "FRONTDESK_TWILIO_ACCOUNT_SID, FRONTDESK_TWILIO_AUTH_TOKEN and FRONTDESK_TWILIO_FROM",
}
"""What has to be set before a rung can be told."""


class Rungs:
    """A `Notifier` that hands each notice to its rung's own; a rung without one is a permanent failure that says what to set."""

    def __init__(self, notifiers: Mapping[str, Notifier]) -> None:
        self._notifiers = dict(notifiers)

    async def tell(self, notice: Notice, people: Sequence[Manager], *, link: str) -> None:
        notifier = self._notifiers.get(notice.rung)
        if notifier is None:
            needed = NEEDS.get(notice.rung, "another rung")
            raise NotTold(f"Nothing is set up to tell managers by {notice.rung}: set {needed}", retryable=False)
        await notifier.tell(notice, people, link=link)
