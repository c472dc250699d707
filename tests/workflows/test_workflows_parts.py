"""A reply that is longer than the channel takes leaves in several messages, each of them a row of the ledger."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from channels.registry import FEATURES
from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.conversations import Status
from domain.messages import DeliveryReceipt, DeliveryState, Direction, Message
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

LONG = "We ship to Chile in five days. We ship to Peru in six days. Returns are free for thirty days."
QUESTION = "How do you ship, and how do returns work?"
PARTS = ["We ship to Chile in five days.", "We ship to Peru in six days.", "Returns are free for thirty days."]


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk:
        desk.documents.known[QUESTION.lower()] = LONG
        desk.vendor.features = FEATURES[ChannelKind.REST].model_copy(update={"max_text": 40, "idempotent_send": False})
        yield desk


async def said(desk: Desk, conversation_id: str) -> list[Message]:
    return [message for message in await desk.messages(conversation_id) if message.direction is Direction.OUTBOUND]


async def test_the_parts_go_out_in_order_and_only_one_of_them_answers(desk: Desk) -> None:
    async with desk.worker():
        received = await desk.says(QUESTION)
        await desk.until_sent(3)
        assert desk.vendor.texts == PARTS
        assert [[ref.id for ref in sent.message.in_reply_to] for sent in desk.vendor.sent] == [[received.message_id], [], []]
        rows = await said(desk, str(received.conversation_id))
        assert [row.text for row in rows] == PARTS
        await desk.says("Do you ship to Chile?")
        await desk.until_sent(4)
    assert desk.vendor.texts[3] == "Yes, in 5 to 8 days."


async def test_a_worker_that_dies_at_the_second_part_is_followed_by_one_that_goes_on_there(desk: Desk) -> None:
    desk.vendor.features = desk.vendor.features.model_copy(update={"idempotent_send": True})
    desk.vendor.hold_from = 2
    async with desk.worker():
        await desk.says(QUESTION)
        await until(lambda: _reached(desk, 2), "the second part is being sent")
    desk.vendor.hold_from = None
    async with desk.worker():
        await desk.until_sent(3)
    assert desk.vendor.texts == PARTS


async def _reached(desk: Desk, attempts: int) -> bool:
    return len(desk.vendor.attempts) >= attempts


async def test_who_takes_over_between_two_parts_stops_the_rest(desk: Desk) -> None:
    desk.vendor.hold_from = 2
    async with desk.worker():
        received = await desk.says(QUESTION)
        conversation_id = str(received.conversation_id)
        await until(lambda: _reached(desk, 2), "the second part is being sent")
        assert (await desk.takes(desk.ana, conversation_id)).accepted
        desk.vendor.hold_from = None
        desk.vendor.let_go()
        await desk.replies(desk.ana, conversation_id, "I am here.")

        async def answered() -> bool:
            return "I am here." in desk.vendor.texts

        await until(answered, "the person's words are sent")
    assert PARTS[2] not in desk.vendor.texts
    answers = [message for message in await said(desk, conversation_id) if received.message_id in message.in_reply_to]
    assert len(answers) == 1, "what the first part answered is answered once"


async def test_what_cannot_follow_a_failed_part_is_kept_for_managers(desk: Desk) -> None:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.SENT, provider_id="p-1"), SendOutcome(result=SendResult.FAILED, error="gone")]
    async with desk.worker():
        received = await desk.says(QUESTION)
        view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
        rows = await said(desk, view.id)
    assert [(row.delivery, row.text) for row in rows] == [
        (DeliveryState.SENT, PARTS[0]),
        (DeliveryState.FAILED, PARTS[1]),
        (DeliveryState.FAILED, PARTS[2]),
    ]


async def test_what_follows_a_part_that_may_have_arrived_stands_apart_as_not_sent(desk: Desk) -> None:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.UNKNOWN, error="no answer")]
    async with desk.worker():
        received = await desk.says(QUESTION)
        view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
        lost, unsaid = await said(desk, view.id)
        assert (lost.delivery, lost.text) == (DeliveryState.UNKNOWN, PARTS[0])
        assert (unsaid.delivery, unsaid.text) == (DeliveryState.FAILED, f"{PARTS[1]}\n\n{PARTS[2]}")
        assert unsaid.delivery_error == "not sent: the part before it may not have arrived"
        # The channel says that it has the first part, and that is all which counts as delivered.
        receipt = DeliveryReceipt(message_id=lost.id, state=DeliveryState.DELIVERED, at=datetime.now(UTC))
        await desk.gateway.deliver_event(desk.inbox, receipt)
        assert [(row.delivery, row.text) for row in await said(desk, view.id)] == [
            (DeliveryState.DELIVERED, PARTS[0]),
            (DeliveryState.FAILED, f"{PARTS[1]}\n\n{PARTS[2]}"),
        ]
        # A page that has seen what is left unsaid has seen everything.
        assert (await desk.replies(desk.ana, view.id, PARTS[1], seen=unsaid.id)).accepted


async def test_a_persons_long_reply_is_split_too_and_the_bot_returns_after_its_last_part(desk: Desk) -> None:
    await desk.sets(holding_line="")
    async with desk.worker():
        received = await desk.says("Can I pay with bitcoin?")
        conversation_id = str(received.conversation_id)
        await desk.until_status(conversation_id, Status.FLAGGED)
        assert (await desk.replies(desk.ana, conversation_id, LONG)).accepted
        await desk.until_status(conversation_id, Status.BOT)
        assert desk.vendor.texts[-3:] == PARTS
        rows = await said(desk, conversation_id)
        assert [row.text for row in rows][-3:] == PARTS
        # A page that has seen the last part has seen everything.
        assert (await desk.replies(desk.ana, conversation_id, "And that is all.", seen=rows[-1].id)).accepted


async def test_the_inboxes_lines_about_a_topic_are_added(desk: Desk) -> None:
    await desk.sets(topic_lines="warranty: Claims: https://shop.example/warranty")
    desk.vendor.features = FEATURES[ChannelKind.REST]
    async with desk.worker():
        await desk.says("How long is the warranty?")
        await desk.until_sent(1)
    assert desk.vendor.texts == ["Two years.\n\nClaims: https://shop.example/warranty"]


async def test_sources_are_named_in_the_customers_language_where_the_inbox_wants_it(desk: Desk) -> None:
    desk.documents.known["¿hacen envíos a chile?"] = "Sí, en 5 a 8 días."
    desk.vendor.features = FEATURES[ChannelKind.REST].model_copy(update={"shows_citations": False})
    async with desk.worker():
        await desk.says("¿Hacen envíos a Chile?")
        await desk.until_sent(1)
        await desk.sets(sources_in_text="true")
        await desk.says("¿Hacen envíos a Chile?", contact="customer-8")
        await desk.until_sent(2)
    assert desk.vendor.texts == ["Sí, en 5 a 8 días.", "Sí, en 5 a 8 días.\n\nFuente: shop.pdf, p. 2"]


async def test_nothing_that_the_platform_sanctions_leaves_and_a_person_is_asked(desk: Desk) -> None:
    desk.documents.known["how do i reach you?"] = "Call +56 9 8765 4321."
    desk.vendor.features = FEATURES[ChannelKind.REST].model_copy(update={"strip_contacts": True})
    async with desk.worker():
        received = await desk.says("How do I reach you?")
        view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert desk.vendor.attempts == []
    assert view.hand_off is not None
    assert "contact data" in view.hand_off.detail
