"""The send ledger: nothing is sent twice, nothing by the bot once a person took over, and no report is lost."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.commands import Verdict
from domain.conversations import ConversationRecord, RecordedMessages, Status
from domain.errors import NotFound
from domain.knowledge import Citation
from domain.managers import Inbox
from domain.messages import Arrival, DeliveryReceipt, DeliveryState, InboundMessage, MessageRef, OutboundMessage, Purpose, Sender
from domain.ports import Claim
from storage.arrivals import Arrivals
from storage.conversations import Conversations
from storage.database import Database
from storage.ledger import Ledger
from storage.unknown_sends import UnknownSends

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def contact(arrivals: Arrivals, inbox: Inbox) -> tuple[str, str]:
    return await arrivals.contact_for("shop", "ana", "Ana")


@pytest.fixture
def record(contact: tuple[str, str]) -> Callable[..., ConversationRecord]:
    def make(**changes: Any) -> ConversationRecord:
        plain = ConversationRecord(
            conversation_id="c-1",
            workflow_id=contact[1],
            inbox_id="shop",
            channel=ChannelKind.REST,
            contact_id=contact[0],
            version=1,
            epoch=0,
            status=Status.BOT,
            opened_at=NOON,
        )
        return plain.model_copy(update=changes)

    return make


@pytest.fixture
def reply(contact: tuple[str, str]) -> Callable[..., OutboundMessage]:
    def make(**changes: Any) -> OutboundMessage:
        plain = OutboundMessage(
            id="o-1",
            conversation_id="c-1",
            inbox_id="shop",
            contact_id=contact[0],
            sender=Sender.BOT,
            purpose=Purpose.ANSWER,
            text="Yes, in 5 to 8 days.",
            in_reply_to=(MessageRef(id="m-1"),),
            citations=(Citation(document="shop.pdf", page=2),),
            confidence=0.9,
            epoch=0,
            created_at=NOON + timedelta(seconds=2),
        )
        return plain.model_copy(update=changes)

    return make


async def claim(ledger: Ledger, message: OutboundMessage, record: ConversationRecord, *, idempotent: bool = False) -> Claim:
    return (await ledger.claim(message, record, turn_id="turn-1", idempotent=idempotent))[0]


Make = Callable[..., Any]


async def test_a_claim_is_granted_once_and_says_where_to_send(
    ledger: Ledger, conversations: Conversations, record: Make, reply: Make
) -> None:
    granted, recipient = await ledger.claim(reply(), record(), turn_id="turn-1", idempotent=False)
    assert (granted, recipient.channel, recipient.inbox_id, recipient.address) == (Claim.GRANTED, ChannelKind.REST, "shop", "ana")
    message = await conversations.message("o-1")
    assert (message.delivery, message.attempts, message.turn_id, message.in_reply_to) == (DeliveryState.SENDING, 1, "turn-1", ("m-1",))
    assert message.citations == (Citation(document="shop.pdf", page=2),)
    shown = await conversations.get("c-1")
    assert (shown.last_message_text, shown.last_message_sender, shown.unread) == ("Yes, in 5 to 8 days.", "bot", 0)


async def test_two_claims_at_once_grant_one(ledger: Ledger, record: Make, reply: Make) -> None:
    claims = await asyncio.gather(*(claim(ledger, reply(), record()) for _ in range(2)))
    assert sorted(claims) == [Claim.GRANTED, Claim.INTERRUPTED]


async def test_a_sent_message_is_settled(ledger: Ledger, conversations: Conversations, record: Make, reply: Make) -> None:
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.SENT, provider_id="p-1"))
    assert await claim(ledger, reply(), record()) is Claim.SETTLED
    message = await conversations.message("o-1")
    assert (message.delivery, message.provider_id, message.delivery_error) == (DeliveryState.SENT, "p-1", None)
    assert await ledger.is_ours("shop", "p-1")
    assert not await ledger.is_ours("shop", "p-2")


async def test_a_retry_is_granted_again(ledger: Ledger, conversations: Conversations, record: Make, reply: Make) -> None:
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.RETRY, error="busy", retry_after=2.0))
    queued = await conversations.message("o-1")
    assert (queued.delivery, queued.delivery_error) == (DeliveryState.QUEUED, "busy")
    assert await claim(ledger, reply(), record()) is Claim.GRANTED
    assert (await conversations.message("o-1")).attempts == 2


async def test_a_worker_that_died_in_mid_send_leaves_unknown(
    ledger: Ledger, conversations: Conversations, record: Make, reply: Make
) -> None:
    await claim(ledger, reply(), record())
    assert await claim(ledger, reply(), record()) is Claim.INTERRUPTED
    message = await conversations.message("o-1")
    assert message.delivery is DeliveryState.UNKNOWN
    assert message.delivery_error
    assert await claim(ledger, reply(), record()) is Claim.SETTLED


async def test_a_receiver_that_drops_repeats_is_sent_to_again(
    ledger: Ledger, conversations: Conversations, record: Make, reply: Make
) -> None:
    await claim(ledger, reply(), record(), idempotent=True)
    assert await claim(ledger, reply(), record(), idempotent=True) is Claim.GRANTED
    assert (await conversations.message("o-1")).attempts == 2


async def test_the_bot_is_silent_once_a_person_took_over(ledger: Ledger, conversations: Conversations, record: Make, reply: Make) -> None:
    taken = record(version=2, epoch=1, status=Status.HUMAN, assignee_id="ana")
    await conversations.record(RecordedMessages(record=taken))
    assert await claim(ledger, reply(), record()) is Claim.SUPERSEDED
    assert await claim(ledger, reply(), record()) is Claim.SUPERSEDED
    message = await conversations.message("o-1")
    assert (message.delivery, message.delivery_error) == (DeliveryState.FAILED, "a person took over before this was sent")
    shown = await conversations.get("c-1")
    assert (shown.status, shown.epoch, shown.last_message_text) == (Status.HUMAN, 1, "")


async def test_a_queued_retry_of_the_bot_is_superseded_too(ledger: Ledger, conversations: Conversations, record: Make, reply: Make) -> None:
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.RETRY))
    assert await claim(ledger, reply(), record(version=2, epoch=1, status=Status.HUMAN)) is Claim.SUPERSEDED


async def test_a_bots_send_that_may_have_gone_out_is_not_called_superseded(ledger: Ledger, record: Make, reply: Make) -> None:
    await claim(ledger, reply(), record(), idempotent=True)
    taken = record(version=2, epoch=1, status=Status.HUMAN)
    assert await claim(ledger, reply(), taken, idempotent=True) is Claim.INTERRUPTED


async def test_a_manager_speaks_whatever_the_epoch(ledger: Ledger, record: Make, reply: Make) -> None:
    words = reply(sender=Sender.MANAGER, author_id="someone", purpose=Purpose.REPLY)
    assert await claim(ledger, words, record(version=2, epoch=1, status=Status.HUMAN)) is Claim.GRANTED


async def test_a_take_and_a_send_at_once_have_an_order(ledger: Ledger, conversations: Conversations, record: Make, reply: Make) -> None:
    for number in range(8):
        taken = RecordedMessages(record=record(version=number + 2, epoch=number + 1, status=Status.HUMAN))
        send = claim(ledger, reply(id=f"o-{number}", epoch=number), record(version=1, epoch=number))
        _, result = await asyncio.gather(conversations.record(taken), send)
        assert result in (Claim.GRANTED, Claim.SUPERSEDED)
        late = reply(id=f"late-{number}", epoch=number)
        assert await claim(ledger, late, record(version=1, epoch=number)) is Claim.SUPERSEDED
        assert (await conversations.get("c-1")).epoch == number + 1


async def test_reports_only_ever_raise_the_state(ledger: Ledger, conversations: Conversations, record: Make, reply: Make) -> None:
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.SENT, provider_id="p-1"))
    for state in (DeliveryState.READ, DeliveryState.DELIVERED, DeliveryState.SENT, DeliveryState.FAILED):
        assert await ledger.record_receipt("shop", DeliveryReceipt(provider_id="p-1", state=state, at=NOON)) is None
    assert (await conversations.message("o-1")).delivery is DeliveryState.READ


async def test_a_report_that_overtakes_the_answer_of_the_send_stays(
    ledger: Ledger, conversations: Conversations, record: Make, reply: Make
) -> None:
    await claim(ledger, reply(), record())
    await ledger.record_receipt("shop", DeliveryReceipt(message_id="o-1", state=DeliveryState.DELIVERED, at=NOON))
    await ledger.settle("o-1", SendOutcome(result=SendResult.SENT, provider_id="p-1"))
    message = await conversations.message("o-1")
    assert (message.delivery, message.provider_id) == (DeliveryState.DELIVERED, "p-1")


async def test_a_failure_after_acceptance_counts_and_is_told(
    ledger: Ledger, conversations: Conversations, record: Make, reply: Make
) -> None:
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.SENT, provider_id="p-1"))
    failed = DeliveryReceipt(provider_id="p-1", state=DeliveryState.FAILED, error="the reply window has closed", at=NOON)
    assert await ledger.record_receipt("shop", failed) == "c-1"
    assert await ledger.record_receipt("shop", failed) is None
    late = DeliveryReceipt(provider_id="p-1", state=DeliveryState.SENT, at=NOON)
    assert await ledger.record_receipt("shop", late) is None
    message = await conversations.message("o-1")
    assert (message.delivery, message.delivery_error) == (DeliveryState.FAILED, "the reply window has closed")


async def test_evidence_for_an_unknown_send_is_told(ledger: Ledger, conversations: Conversations, record: Make, reply: Make) -> None:
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.UNKNOWN, error="no answer"))
    evidence = DeliveryReceipt(message_id="o-1", provider_id="p-9", state=DeliveryState.SENT, at=NOON)
    assert await ledger.record_receipt("shop", evidence) == "c-1"
    message = await conversations.message("o-1")
    assert (message.delivery, message.delivery_error) == (DeliveryState.SENT, None)
    assert await ledger.is_ours("shop", "p-9")


@pytest.mark.parametrize(
    ("ended", "said", "result"),
    [
        (SendOutcome(result=SendResult.SENT, provider_id="p-1"), None, SendResult.SENT),
        (SendOutcome(result=SendResult.SENT, provider_id="p-1"), DeliveryState.READ, SendResult.SENT),
        (SendOutcome(result=SendResult.FAILED, error="blocked"), None, SendResult.FAILED),
        (SendOutcome(result=SendResult.UNKNOWN, error="no answer"), None, SendResult.UNKNOWN),
    ],
)
async def test_how_a_message_ended_can_be_asked_later(
    ledger: Ledger, record: Make, reply: Make, ended: SendOutcome, said: DeliveryState | None, result: SendResult
) -> None:
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", ended)
    if said is not None:
        await ledger.record_receipt("shop", DeliveryReceipt(message_id="o-1", state=said, at=NOON))
    assert await ledger.outcome("o-1") == ended.model_copy(update={"result": result})
    with pytest.raises(NotFound):
        await ledger.outcome("o-2")


async def test_reports_about_strangers_messages_change_nothing(ledger: Ledger, record: Make, reply: Make) -> None:
    await claim(ledger, reply(), record())
    assert await ledger.record_receipt("shop", DeliveryReceipt(provider_id="?", state=DeliveryState.FAILED, at=NOON)) is None
    assert await ledger.record_receipt("other", DeliveryReceipt(message_id="o-1", state=DeliveryState.FAILED, at=NOON)) is None


async def test_settling_what_was_never_claimed_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        await ledger.settle("o-9", SendOutcome(result=SendResult.SENT))


async def test_a_contact_without_an_address_is_not_found(ledger: Ledger, record: Make, reply: Make) -> None:
    with pytest.raises(NotFound, match="address"):
        await claim(ledger, reply(), record(contact_id="nobody", workflow_id="conversation/shop/nobody"))


async def test_an_echo_finds_the_message_that_is_being_sent_by_its_words(ledger: Ledger, record: Make, reply: Make) -> None:
    message = reply(created_at=NOON)
    await claim(ledger, message, record())
    assert await ledger.being_sent("shop", "ana", f"{message.text}\n", at=NOON + timedelta(minutes=2)) == "o-1"
    assert await ledger.being_sent("shop", "ana", "other words", at=NOON) is None
    assert await ledger.being_sent("shop", "ben", message.text, at=NOON) is None
    assert await ledger.being_sent("other", "ana", message.text, at=NOON) is None
    assert await ledger.being_sent("shop", "ana", message.text, at=NOON + timedelta(days=1)) is None
    await ledger.settle("o-1", SendOutcome(result=SendResult.SENT, provider_id="p-1"))
    assert await ledger.being_sent("shop", "ana", message.text, at=NOON) is None


async def test_what_is_left_unsaid_has_a_row_of_its_own_and_leaves_the_unknown_one_alone(
    ledger: Ledger, conversations: Conversations, record: Make, reply: Make
) -> None:
    await claim(ledger, reply(created_at=NOON), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.UNKNOWN, error="no answer"))
    rest = reply(id="o-2", text="And the rest.", in_reply_to=(), created_at=NOON)
    for _ in range(2):
        await ledger.keep_unsaid(rest, "not sent")
    found = [(row.id, row.text, row.delivery, row.delivery_error) for row in await conversations.messages("c-1")]
    assert found == [
        ("o-1", "Yes, in 5 to 8 days.", DeliveryState.UNKNOWN, "no answer"),
        ("o-2", "And the rest.", DeliveryState.FAILED, "not sent"),
    ]
    assert await ledger.being_sent("shop", "ana", "Yes, in 5 to 8 days.", at=NOON) == "o-1"


async def test_an_accepted_verdict_settles_the_message_that_is_sent_again(
    ledger: Ledger, conversations: Conversations, record: Make, reply: Make
) -> None:
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.UNKNOWN, error="no answer"))
    verdict = Verdict(action_id="a-1", conversation_id="c-1", verb="post_reply", accepted=True, resends="o-1", at=NOON)
    await conversations.record(RecordedMessages(record=record(version=2)), verdict=verdict)
    message = await conversations.message("o-1")
    assert (message.delivery, "sent again" in str(message.delivery_error)) == (DeliveryState.FAILED, True)


async def test_evidence_is_looked_for_where_the_customer_wrote_from_last(
    db: Database, arrivals: Arrivals, inbox: Inbox, ledger: Ledger, record: Make, reply: Make
) -> None:
    now = InboundMessage(id="m-2", provider_id="p-2", text="Hi", received_at=NOON)
    await arrivals.admit(inbox, Arrival(address="ana-now", aliases=("ana",), message=now, body_hash="h"))
    await claim(ledger, reply(), record())
    await ledger.settle("o-1", SendOutcome(result=SendResult.UNKNOWN, error="no answer"))
    found = await UnknownSends(db).unknown("shop", since=NOON)
    assert [(message.id, recipient.address) for message, recipient in found] == [("o-1", "ana-now")]


async def test_a_report_without_ids_is_about_what_was_sent_before_it(
    ledger: Ledger, conversations: Conversations, record: Make, reply: Make
) -> None:
    for number, minutes in (("1", 0), ("2", 5)):
        await claim(ledger, reply(id=f"o-{number}", created_at=NOON + timedelta(minutes=minutes)), record())
        await ledger.settle(f"o-{number}", SendOutcome(result=SendResult.SENT, provider_id=f"p-{number}"))
    for address, state in (("ben", DeliveryState.READ), ("ana", DeliveryState.READ), ("ana", DeliveryState.DELIVERED)):
        receipt = DeliveryReceipt(address=address, state=state, at=NOON + timedelta(minutes=1))
        assert await ledger.record_receipt("shop", receipt) is None
    assert [(await conversations.message(name)).delivery for name in ("o-1", "o-2")] == [DeliveryState.READ, DeliveryState.SENT]
