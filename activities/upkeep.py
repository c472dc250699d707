"""What channels need now and then, whoever writes or not: fresh tokens, a look for what nobody told of, evidence for unknown sends,
customers' names."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity

from activities.tokens import TokenKeeper
from domain.alarms import ChannelAlarm
from domain.channels import ChannelKind, SendResult
from domain.errors import NotTold
from domain.managers import Inbox, Role
from domain.messages import DeliveryReceipt, DeliveryState
from domain.ports import (
    Bell,
    Channel,
    Confirming,
    ContactNames,
    Credentials,
    Fetching,
    InboxStore,
    Inlet,
    Naming,
    People,
    Renewable,
    SendLedger,
    TokenStore,
    UnknownSends,
)

_log = structlog.get_logger()

EVIDENCE_FOR = timedelta(days=2)
"""How long an unknown send is looked for at the vendor."""
NAMES_SINCE = timedelta(days=2)
NAMES_AT_ONCE = 50
"""Of an inbox, in one run: a vendor that allows few calls a second is not pressed."""


class UpkeepActivities:
    """`clock` gives unix seconds."""

    def __init__(
        self,
        inboxes: InboxStore,
        keeper: TokenKeeper,
        channels: Mapping[ChannelKind, Channel],
        inlet: Inlet,
        ledger: SendLedger,
        unknown_sends: UnknownSends,
        tokens: TokenStore,
        contacts: ContactNames,
        people: People,
        bell: Bell | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Without a `bell` only the dashboard tells."""
        self._tokens = tokens
        self._contacts = contacts
        self._people = people
        self._bell = bell
        self._inboxes = inboxes
        self._keeper = keeper
        self._channels = channels
        self._inlet = inlet
        self._ledger = ledger
        self._unknown_sends = unknown_sends
        self._clock = clock

    @activity.defn
    async def inboxes_to_keep(self) -> Sequence[str]:
        """Ids of the inboxes whose channels need any of this."""
        return [inbox.id for inbox in await self._inboxes.list() if _needs_upkeep(self._channels[inbox.channel])]

    @activity.defn
    async def keep_up(self, inbox_id: str) -> None:
        """Safe to repeat. What the vendor does not answer is left to the next time."""
        inbox = await self._inboxes.get(inbox_id)
        channel = self._channels[inbox.channel]
        credentials = await self._keeper.fresh(inbox.id, inbox.channel)
        if isinstance(channel, Fetching):
            await self._sweep(inbox, channel, credentials)
        if isinstance(channel, Confirming):
            await self._settle(inbox, channel, credentials)
        if isinstance(channel, Naming):
            await self._learn_names(inbox, channel, credentials)

    async def _sweep(self, inbox: Inbox, channel: Fetching, credentials: Credentials) -> None:
        swept = await channel.sweep(credentials, now=self._clock())
        if swept.token_refused and await self._keeper.renew(inbox.id, inbox.channel, credentials, swept.problem or "") is None:
            swept = await channel.sweep(await self._inboxes.credentials(inbox.id), now=self._clock())
        for changed in swept.changed:
            await self._inlet.note_change(inbox.id, changed)
        _log.info("channel.swept", inbox_id=inbox.id, channel=inbox.channel.value, found=len(swept.changed), problem=swept.problem)

    async def _settle(self, inbox: Inbox, channel: Confirming, credentials: Credentials) -> None:
        async def is_known(provider_id: str) -> bool:
            return await self._ledger.is_ours(inbox.id, provider_id)

        now = datetime.fromtimestamp(self._clock(), UTC)
        for message, recipient in await self._unknown_sends.unknown(inbox.id, since=now - EVIDENCE_FOR):
            outcome = await channel.confirm(message, recipient, credentials, is_known)
            if outcome is not None and outcome.result is SendResult.SENT:
                sent = DeliveryReceipt(message_id=message.id, provider_id=outcome.provider_id, state=DeliveryState.SENT, at=now)
                await self._inlet.deliver_event(inbox, sent)

    async def _learn_names(self, inbox: Inbox, channel: Naming, credentials: Credentials) -> None:
        since = datetime.fromtimestamp(self._clock(), UTC) - NAMES_SINCE
        for contact_id, address in await self._contacts.unnamed(inbox.id, since=since, limit=NAMES_AT_ONCE):
            if name := await channel.name_of(address, credentials):
                await self._contacts.name(contact_id, name)

    @activity.defn
    async def ring_alarms(self) -> None:
        """Tells owners and admins, once, of each channel that needs a person. A relay that is down is tried again with the next run."""
        if self._bell is None:
            return
        now = datetime.fromtimestamp(self._clock(), UTC)
        for alarm in [alarm for alarm in await self._tokens.alarms(now=now) if not alarm.told]:
            if await self._ring(self._bell, alarm):
                await self._tokens.warned(alarm.inbox_id)

    async def _ring(self, bell: Bell, alarm: ChannelAlarm) -> bool:
        everybody = True
        for person in [person for person in await self._people.list() if person.may(Role.ADMIN)]:
            try:
                await bell.warn(alarm, person)
            except NotTold as failure:
                _log.warning("alarm_not_told", inbox_id=alarm.inbox_id, manager_id=person.id, error=str(failure))
                everybody = everybody and not failure.retryable
        return everybody


def _needs_upkeep(channel: Channel) -> bool:
    return isinstance(channel, Fetching | Confirming | Naming | Renewable)
