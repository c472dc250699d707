"""Sends one message, one attempt, at most once."""

from collections.abc import Mapping
from functools import partial

from temporalio import activity

from activities.tokens import TokenKeeper
from domain.channels import ChannelKind, OutgoingFile, SendOutcome, SendResult
from domain.media import OWN_FILES
from domain.messages import OutboundMessage, Sender
from domain.parts import parts_of
from domain.ports import (
    Attempt,
    Channel,
    Claim,
    Confirming,
    Credentials,
    InboxStore,
    OutgoingFiles,
    Pacing,
    Preparing,
    SendLedger,
    SendsFiles,
    ShowsActivity,
    ShowsLater,
)
from domain.turns import Delivery, DeliveryReport

NOTHING_LEFT = "nothing was left of it without contact data and links, which this channel sanctions"
_WHY_UNSAID = {
    SendResult.FAILED.value: "not sent: the part before it did not arrive",
    SendResult.UNKNOWN.value: "not sent: the part before it may not have arrived",
}


class DeliveryActivities:
    def __init__(
        self,
        ledger: SendLedger,
        inboxes: InboxStore,
        channels: Mapping[ChannelKind, Channel],
        keeper: TokenKeeper,
        files: OutgoingFiles,
        pacing: Pacing,
        signs: ShowsLater | None = None,
    ) -> None:
        self._ledger = ledger
        self._inboxes = inboxes
        self._channels = channels
        self._keeper = keeper
        self._files = files
        self._pacing = pacing
        self._signs = signs

    @activity.defn
    async def deliver_message(self, delivery: Delivery) -> DeliveryReport:
        """Claims the row of one part, sends it, writes how it ended. Back-off is the workflow's: nothing is tried twice in here."""
        channel = self._channels[delivery.record.channel]
        parts = parts_of(delivery.message, channel.features)
        message = parts[delivery.part - 1] if parts else delivery.message
        report = await self._attempt(delivery, message, channel, sayable=bool(parts))
        if report.result in _WHY_UNSAID and (unsaid := parts[delivery.part :]):
            # What can't follow any more is kept where managers look, apart from the part that may have arrived.
            text = "\n\n".join(part.text for part in unsaid if part.text)
            files = tuple(file for part in unsaid for file in part.attachments)
            await self._ledger.keep_unsaid(unsaid[0].model_copy(update={"text": text, "attachments": files}), _WHY_UNSAID[report.result])
        return report.model_copy(update={"parts": max(len(parts), 1)})

    async def _attempt(self, delivery: Delivery, message: OutboundMessage, channel: Channel, *, sayable: bool) -> DeliveryReport:
        # Read before the claim: a claim whose send never begins would count as perhaps sent.
        credentials = await self._inboxes.credentials(message.inbox_id)
        file = await self._load(message, channel)
        if held := await self._held_back(delivery, message, channel):
            return DeliveryReport(message_id=message.id, result=SendResult.RETRY, retry_after=held, held=True)
        ready = await self._prepare(delivery, message, channel, credentials, sayable=sayable)
        claim, recipient = await self._ledger.claim(
            message, delivery.record, turn_id=delivery.turn_id, idempotent=channel.features.idempotent_send
        )
        match claim:
            case Claim.SUPERSEDED:
                return DeliveryReport(message_id=message.id, result="superseded")
            case Claim.SETTLED:
                settled = await self._ledger.outcome(message.id)
                return DeliveryReport(message_id=message.id, result=settled.result, error=settled.error)
            case Claim.INTERRUPTED:
                outcome = SendOutcome(result=SendResult.UNKNOWN, error="the service stopped while this was being sent")
            case Claim.GRANTED if delivery.refused is not None:
                outcome = SendOutcome(result=SendResult.FAILED, error=delivery.refused, window_closed=True)
            case Claim.GRANTED if not sayable:
                outcome = SendOutcome(result=SendResult.FAILED, error=NOTHING_LEFT)
            case Claim.GRANTED if file is not None and isinstance(channel, SendsFiles):
                outcome = await channel.send_file(message, file, recipient, credentials)
            case Claim.GRANTED if ready is not None:
                outcome = await ready()
            case Claim.GRANTED:
                outcome = await channel.send(self._linked(message, channel), recipient, credentials)
        if outcome.token_refused:
            outcome = await self._held(delivery, credentials, outcome)
        elif outcome.result is SendResult.UNKNOWN and isinstance(channel, Confirming):
            outcome = await channel.confirm(message, recipient, credentials, partial(self._ledger.is_ours, message.inbox_id)) or outcome
        if delivery.last and outcome.result is SendResult.RETRY and not outcome.token_refused:
            outcome = SendOutcome(result=SendResult.FAILED, error=f"gave up after {delivery.attempt} attempts: {outcome.error}")
        await self._ledger.settle(message.id, outcome)
        if outcome.result is SendResult.SENT and message.sender is Sender.BOT and self._signs and isinstance(channel, ShowsActivity):
            # What the bot has answered it has read; a person's reading is shown when the conversation is opened.
            self._signs.show(message.conversation_id, typing=False)
        return DeliveryReport(
            message_id=message.id,
            result=outcome.result,
            error=outcome.error,
            retry_after=outcome.retry_after,
            window_closed=outcome.window_closed,
        )

    async def _held_back(self, delivery: Delivery, message: OutboundMessage, channel: Channel) -> float:
        """Seconds that the channel's limits ask to wait. What the ledger will refuse anyway takes nobody's place."""
        if not channel.features.limits or self._is_overtaken(delivery, message) or delivery.refused is not None:
            return 0.0
        place = f"{message.id}/{delivery.attempt}"
        return await self._pacing.wait(place, message.inbox_id, delivery.record.workflow_id, channel.features.limits)

    def _is_overtaken(self, delivery: Delivery, message: OutboundMessage) -> bool:
        return message.sender is Sender.BOT and message.epoch < delivery.record.epoch

    async def _prepare(
        self, delivery: Delivery, message: OutboundMessage, channel: Channel, credentials: Credentials, *, sayable: bool
    ) -> Attempt | None:
        """Asked before the claim, too: a take that is accepted while the vendor thinks must find nothing begun."""
        if not isinstance(channel, Preparing) or self._is_overtaken(delivery, message) or delivery.refused is not None or not sayable:
            return None
        recipient = await self._ledger.recipient(delivery.record)
        return await channel.prepare(self._linked(message, channel), recipient, credentials)

    async def _load(self, message: OutboundMessage, channel: Channel) -> OutgoingFile | None:
        """Read before the claim, too. The file of a part that is one."""
        if not channel.features.files_apart or not message.attachments:
            return None
        return await self._files.load(message.attachments[0].url.removeprefix(OWN_FILES))

    def _linked(self, message: OutboundMessage, channel: Channel) -> OutboundMessage:
        """Files that go along with a text do so by links that the receiver can fetch."""
        if channel.features.files_apart or not message.attachments:
            return message
        files = [file.model_copy(update={"url": self._files.link(file.url.removeprefix(OWN_FILES))}) for file in message.attachments]
        return message.model_copy(update={"attachments": tuple(files)})

    async def _held(self, delivery: Delivery, credentials: Credentials, outcome: SendOutcome) -> SendOutcome:
        """With a token that could be renewed the message goes out in a moment; else it waits for a person to set another one."""
        problem = await self._keeper.renew(delivery.message.inbox_id, delivery.record.channel, credentials, outcome.error or "")
        if problem is None:
            return outcome.model_copy(update={"error": None})
        return outcome.model_copy(update={"error": f"waits for a new access token: {problem}"})
