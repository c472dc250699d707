"""Sends one message, one attempt, at most once."""

from collections.abc import Mapping

from temporalio import activity

from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.ports import Channel, Claim, InboxStore, SendLedger
from domain.turns import Delivery, DeliveryReport


class DeliveryActivities:
    def __init__(self, ledger: SendLedger, inboxes: InboxStore, channels: Mapping[ChannelKind, Channel]) -> None:
        self._ledger = ledger
        self._inboxes = inboxes
        self._channels = channels

    @activity.defn
    async def deliver_message(self, delivery: Delivery) -> DeliveryReport:
        """Claims the message's row, sends, writes how it ended. Back-off is the workflow's: nothing is tried twice in here."""
        message = delivery.message
        channel = self._channels[delivery.record.channel]
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
                return DeliveryReport(
                    message_id=message.id, result=SendResult.UNKNOWN, error="the service stopped while this was being sent"
                )
            case Claim.GRANTED:
                outcome = await channel.send(message, recipient, credentials)
        if delivery.last and outcome.result is SendResult.RETRY:
            outcome = SendOutcome(result=SendResult.FAILED, error=f"gave up after {delivery.attempt} attempts: {outcome.error}")
        await self._ledger.settle(message.id, outcome)
        return DeliveryReport(message_id=message.id, result=outcome.result, error=outcome.error, retry_after=outcome.retry_after)
