"""Sends one message, one attempt, at most once."""

from collections.abc import Mapping
from functools import partial

from temporalio import activity

from activities.tokens import TokenKeeper
from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.messages import OutboundMessage
from domain.parts import parts_of
from domain.ports import Channel, Claim, Confirming, Credentials, InboxStore, SendLedger
from domain.turns import Delivery, DeliveryReport

NOTHING_LEFT = "nothing was left of it without contact data and links, which this channel sanctions"
_ENDED = frozenset({SendResult.FAILED.value, SendResult.UNKNOWN.value})


class DeliveryActivities:
    def __init__(self, ledger: SendLedger, inboxes: InboxStore, channels: Mapping[ChannelKind, Channel], keeper: TokenKeeper) -> None:
        self._ledger = ledger
        self._inboxes = inboxes
        self._channels = channels
        self._keeper = keeper

    @activity.defn
    async def deliver_message(self, delivery: Delivery) -> DeliveryReport:
        """Claims the row of one part, sends it, writes how it ended. Back-off is the workflow's: nothing is tried twice in here."""
        channel = self._channels[delivery.record.channel]
        parts = parts_of(delivery.message, channel.features)
        message = parts[delivery.part - 1] if parts else delivery.message
        report = await self._attempt(delivery, message, channel, sayable=bool(parts))
        if report.result in _ENDED and (unsaid := parts[delivery.part :]):
            # What can't follow any more is kept where managers look.
            await self._ledger.keep_unsaid(message.id, "\n\n".join([message.text, *(part.text for part in unsaid)]))
        return report.model_copy(update={"parts": max(len(parts), 1)})

    async def _attempt(self, delivery: Delivery, message: OutboundMessage, channel: Channel, *, sayable: bool) -> DeliveryReport:
        # Read before the claim: a claim whose send never begins would count as perhaps sent.
        credentials = await self._inboxes.credentials(message.inbox_id)
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
            case Claim.GRANTED:
                outcome = await channel.send(message, recipient, credentials)
        if outcome.token_refused:
            outcome = await self._held(delivery, credentials, outcome)
        elif outcome.result is SendResult.UNKNOWN and isinstance(channel, Confirming):
            outcome = await channel.confirm(message, recipient, credentials, partial(self._ledger.is_ours, message.inbox_id)) or outcome
        if delivery.last and outcome.result is SendResult.RETRY and not outcome.token_refused:
            outcome = SendOutcome(result=SendResult.FAILED, error=f"gave up after {delivery.attempt} attempts: {outcome.error}")
        await self._ledger.settle(message.id, outcome)
        return DeliveryReport(
            message_id=message.id,
            result=outcome.result,
            error=outcome.error,
            retry_after=outcome.retry_after,
            window_closed=outcome.window_closed,
        )

    async def _held(self, delivery: Delivery, credentials: Credentials, outcome: SendOutcome) -> SendOutcome:
        """With a token that could be renewed the message goes out in a moment; else it waits for a person to set another one."""
        problem = await self._keeper.renew(delivery.message.inbox_id, delivery.record.channel, credentials, outcome.error or "")
        if problem is None:
            return outcome.model_copy(update={"error": None})
        return outcome.model_copy(update={"error": f"waits for a new access token: {problem}"})
