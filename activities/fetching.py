"""Reads at vendors what their notifications point to, and hands it to the conversations."""

import time
from collections.abc import Callable, Mapping

import structlog
from temporalio import activity

from activities.tokens import TokenKeeper
from domain.channels import ChannelKind
from domain.errors import Conflict, NotFound
from domain.fetching import Fetched, FetchReport, FetchRequest
from domain.managers import Inbox
from domain.messages import Arrival, DeliveryReceipt, Echo, InboundEvent
from domain.ports import Channel, Fetching, InboxStore, Inlet

_log = structlog.get_logger()


class FetchingActivities:
    """`clock` gives unix seconds: when what is read counts as received."""

    def __init__(
        self,
        inboxes: InboxStore,
        keeper: TokenKeeper,
        channels: Mapping[ChannelKind, Channel],
        inlet: Inlet,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._inboxes = inboxes
        self._keeper = keeper
        self._channels = channels
        self._inlet = inlet
        self._clock = clock

    @activity.defn
    async def fetch_resource(self, request: FetchRequest) -> FetchReport:
        """One reading. What it brings is in the conversations when this returns; a repeat brings nothing twice."""
        try:
            inbox = await self._inboxes.get(request.inbox_id)
        except NotFound:
            return FetchReport()
        fetched = await self._read(inbox, request)
        if fetched.again is not None:
            return FetchReport(again=fetched.again, retry_after=fetched.retry_after, missing=fetched.missing)
        taken = [await self._take_in(inbox, event) for event in fetched.events]
        return FetchReport(taken=sum(taken))

    async def _read(self, inbox: Inbox, request: FetchRequest) -> Fetched:
        channel = self._channels[inbox.channel]
        if not isinstance(channel, Fetching):
            return Fetched()
        credentials = await self._inboxes.credentials(inbox.id)
        fetched = await channel.fetch(request.changed, inbox, credentials, now=self._clock())
        if not fetched.token_refused:
            return fetched
        problem = await self._keeper.renew(inbox.id, inbox.channel, credentials, fetched.again or "")
        return fetched.model_copy(update={"again": problem}) if problem else fetched

    async def _take_in(self, inbox: Inbox, event: InboundEvent) -> bool:
        match event:
            case Arrival():
                try:
                    await self._inlet.receive(inbox, event)
                except Conflict:
                    _log.warning("fetched.conflict", inbox_id=inbox.id, channel=inbox.channel.value, message_id=event.message.id)
                    return False
            case DeliveryReceipt() | Echo():
                await self._inlet.deliver_event(inbox, event)
            case _:
                reason = getattr(event, "reason", "a notification inside a resource")
                _log.info("webhook.ignored", inbox_id=inbox.id, channel=inbox.channel.value, reason=reason)
                return False
        return True
