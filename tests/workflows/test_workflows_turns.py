"""What a customer gets from the bot."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from domain.channels import SendOutcome, SendResult
from domain.conversations import HandOffReason, Status
from domain.messages import DeliveryState, Direction, MessageType, Purpose
from tests.workflows.desk import NEAR, Desk, open_desk, until

pytestmark = pytest.mark.engine


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk, desk.worker():
        yield desk


async def test_a_known_question_is_answered_with_its_page(desk: Desk) -> None:
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    sent = desk.vendor.sent[0].message
    assert sent.text == "Yes, in 5 to 8 days."
    assert [(citation.document, citation.page) for citation in sent.citations] == [("shop.pdf", 2)]
    assert [ref.id for ref in sent.in_reply_to] == [received.message_id]
    assert sent.confidence == pytest.approx(0.9)


async def test_the_same_webhook_again_gets_no_second_answer(desk: Desk) -> None:
    first = await desk.says("Do you ship to Chile?", message_id="again")
    await desk.until_sent(1)
    again = await desk.says("Do you ship to Chile?", message_id="again")
    assert (again.duplicate, again.message_id) == (True, first.message_id)
    await desk.says("How long is the warranty?")
    await desk.until_sent(2)
    assert desk.vendor.texts == ["Yes, in 5 to 8 days.", "Two years."]


async def test_without_a_window_each_message_is_answered_in_order(desk: Desk) -> None:
    questions = ["Do you ship to Chile?", "Do you ship to Peru?", "How long is the warranty?"]
    received = [await desk.says(question) for question in questions]
    await desk.until_sent(3)
    assert [[ref.id for ref in sent.message.in_reply_to] for sent in desk.vendor.sent] == [[one.message_id] for one in received]
    assert desk.vendor.texts == ["Yes, in 5 to 8 days.", "Yes, in 6 to 9 days.", "Two years."]


async def test_messages_within_the_window_become_one_turn(desk: Desk) -> None:
    await desk.sets(quiet_window_seconds=0.5)
    received = [await desk.says("hi"), await desk.says("Do you ship to Chile?")]
    await desk.until_sent(1)
    assert [ref.id for ref in desk.vendor.sent[0].message.in_reply_to] == [one.message_id for one in received]
    assert desk.documents.asked == ["hi\nDo you ship to Chile?"]


async def test_a_message_during_the_reading_restarts_the_turn(desk: Desk) -> None:
    await desk.sets(quiet_window_seconds=0.2)
    desk.documents.gate = asyncio.Event()
    first = await desk.says("hi")

    async def reading() -> bool:
        return bool(desk.documents.asked)

    await until(reading, "the bot reads")
    second = await desk.says("Do you ship to Chile?")
    view = await desk.view(str(first.conversation_id))

    async def both_shown() -> bool:
        return len(await desk.messages(view.id)) == 2

    await until(both_shown, "both messages are shown")
    desk.documents.gate.set()
    await desk.until_sent(1)
    assert [ref.id for ref in desk.vendor.sent[0].message.in_reply_to] == [first.message_id, second.message_id]
    assert len(desk.vendor.sent) == 1


async def test_near_questions_are_offered_and_a_number_picks_one(desk: Desk) -> None:
    await desk.says(NEAR)
    await desk.until_sent(1)
    offer = desk.vendor.sent[0].message
    assert offer.purpose is Purpose.OFFER
    assert offer.quick_replies == ("How long is the warranty?", "Do you ship to Chile?")
    assert "1. How long is the warranty?" in offer.text
    await desk.says("1")
    await desk.until_sent(2)
    assert desk.vendor.texts[1] == "Two years."


async def test_who_was_offered_and_asks_the_same_again_gets_a_person(desk: Desk) -> None:
    received = await desk.says(NEAR)
    await desk.until_sent(1)
    await desk.says(NEAR)
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert view.hand_off is not None
    assert view.hand_off.reason is HandOffReason.LOW_CONFIDENCE


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("Can I pay with bitcoin?", MessageType.TEXT, HandOffReason.MISSING_KNOWLEDGE),
        ("I want to talk to a person", MessageType.TEXT, HandOffReason.CUSTOMER_REQUEST),
        ("I will call my lawyer", MessageType.TEXT, HandOffReason.KEYWORD),
        ("", MessageType.AUDIO, HandOffReason.UNSUPPORTED_CONTENT),
    ],
)
async def test_what_the_bot_should_not_answer_is_flagged_with_its_reason(
    desk: Desk, text: str, kind: MessageType, reason: HandOffReason
) -> None:
    await desk.sets(keywords="lawyer")
    received = await desk.says(text, kind=kind)
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert view.hand_off is not None
    assert view.hand_off.reason is reason
    await desk.until_sent(1)
    assert desk.vendor.sent[0].message.purpose is Purpose.HOLDING
    assert desk.vendor.sent[0].message.in_reply_to == ()


async def test_a_threshold_of_one_never_answers(desk: Desk) -> None:
    await desk.sets(answer_threshold=1)
    received = await desk.says("Do you ship to Chile?")
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)


async def test_a_reaction_is_kept_and_wants_no_reply(desk: Desk) -> None:
    received = await desk.says("👍", kind=MessageType.REACTION)
    await desk.says("How long is the warranty?")
    await desk.until_sent(1)
    shown = await desk.messages(str(received.conversation_id))
    assert [message.type for message in shown if message.direction is Direction.INBOUND] == [MessageType.REACTION, MessageType.TEXT]
    assert desk.vendor.texts == ["Two years."]


async def test_a_refused_connection_is_tried_again_until_it_works(desk: Desk) -> None:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.RETRY, error="refused"), SendOutcome(result=SendResult.RETRY, error="503")]
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    assert len(set(desk.vendor.attempts)) == 1, "every attempt carries the same idempotency key"
    assert len(desk.vendor.attempts) == 3

    async def settled() -> bool:
        return (await desk.messages(str(received.conversation_id)))[-1].delivery is DeliveryState.SENT

    await until(settled, "the send is settled")


async def test_a_refused_message_is_shown_to_a_manager(desk: Desk) -> None:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.FAILED, error="410 Gone")]
    received = await desk.says("Do you ship to Chile?")
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert view.hand_off is not None
    assert view.hand_off.reason is HandOffReason.ASSISTANT_FAILED
    assert "410 Gone" in view.hand_off.detail
    failed = (await desk.messages(view.id))[-1]
    assert (failed.delivery, failed.delivery_error) == (DeliveryState.FAILED, "410 Gone")


async def test_an_ambiguous_send_is_never_repeated(desk: Desk) -> None:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.UNKNOWN, error="no answer after the request was written")]
    received = await desk.says("Do you ship to Chile?")
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert len(desk.vendor.attempts) == 1
    shown = await desk.messages(str(received.conversation_id))
    assert shown[-1].delivery is DeliveryState.UNKNOWN
