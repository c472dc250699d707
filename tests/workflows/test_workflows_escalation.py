"""When the bot calls a person besides not knowing the answer, and what it makes of what a person has said."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from domain.channels import SendOutcome, SendResult
from domain.conversations import HandOffReason, Status
from domain.line_texts import TEXTS, LineKey
from domain.messages import MessageType, Purpose
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

QUESTION = "Do you ship to Chile?"
ANSWER = "Yes, in 5 to 8 days."
OFFER = TEXTS[LineKey.PERSON_OFFER]["en"]


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk, desk.worker():
        yield desk


async def asked(desk: Desk, times: int, *, already: int = 0) -> str:
    """The same question so many times, each after the answer to the one before."""
    conversation_id = ""
    for number in range(1, times + 1):
        conversation_id = str((await desk.says(QUESTION)).conversation_id)
        await desk.until_sent(already + number)
    return conversation_id


@pytest.mark.parametrize("says", ["Talk to a person", "yes please"])
async def test_the_same_question_three_times_offers_a_person_and_a_yes_flags(desk: Desk, says: str) -> None:
    conversation_id = await asked(desk, 3)
    assert desk.vendor.texts == [ANSWER, ANSWER, OFFER]
    assert desk.vendor.sent[2].message.quick_replies == ("Talk to a person",)
    assert len(desk.vendor.sent[2].message.in_reply_to) == 1
    await desk.says(says)
    view = await desk.until_status(conversation_id, Status.FLAGGED)
    assert view.hand_off is not None
    assert view.hand_off.reason is HandOffReason.REPEATED_QUESTION


async def test_a_person_is_offered_once_and_who_goes_on_asking_is_answered(desk: Desk) -> None:
    conversation_id = await asked(desk, 3)
    await asked(desk, 2, already=3)
    assert desk.vendor.texts == [ANSWER, ANSWER, OFFER, ANSWER, ANSWER]
    await desk.says("yes")
    assert (await desk.until_status(conversation_id, Status.FLAGGED)).hand_off is not None
    view = await desk.view(conversation_id)
    assert view.hand_off is not None
    assert view.hand_off.reason is HandOffReason.MISSING_KNOWLEDGE, "a yes to an old offer is an ordinary message"


async def test_the_offer_is_made_when_the_inbox_says_or_never(desk: Desk) -> None:
    await desk.sets(repeats_before_offer=2)
    await asked(desk, 2)
    await desk.sets(repeats_before_offer=0)
    assert desk.vendor.texts == [ANSWER, OFFER]
    for number in range(3, 6):
        await desk.says(QUESTION, contact="another")
        await desk.until_sent(number)
    assert desk.vendor.texts[2:] == [ANSWER] * 3


async def test_anger_goes_to_a_person_even_if_the_answer_is_known(desk: Desk) -> None:
    received = await desk.says(QUESTION.upper())
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert view.hand_off is not None
    assert view.hand_off.reason is HandOffReason.NEGATIVE_SENTIMENT
    assert "upset" in view.hand_off.detail


async def test_rules_that_are_switched_off_leave_it_to_the_documents(desk: Desk) -> None:
    await desk.sets(upset_threshold=1, person_requests=False)
    await desk.says(QUESTION.upper())
    await desk.until_sent(1)
    assert desk.vendor.texts == [ANSWER]
    received = await desk.says("I want to talk to a person")
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert view.hand_off is not None
    assert view.hand_off.reason is HandOffReason.MISSING_KNOWLEDGE


async def test_what_the_bot_cannot_read_is_asked_for_in_words_where_the_inbox_wants_it(desk: Desk) -> None:
    await desk.sets(unreadable_to_person=False)
    received = await desk.says("", kind=MessageType.AUDIO)
    await desk.until_sent(1)
    assert desk.vendor.texts == [TEXTS[LineKey.UNREADABLE]["en"]]
    assert [ref.id for ref in desk.vendor.sent[0].message.in_reply_to] == [received.message_id]
    assert (await desk.view(str(received.conversation_id))).status is Status.BOT


async def test_the_bot_repeats_what_a_manager_has_answered(desk: Desk) -> None:
    conversation_id = str((await desk.says("Can I talk to a person?")).conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)
    asked_again = "Do you ship to Chile?"
    await desk.says(asked_again)
    await desk.replies(desk.ana, conversation_id, "Not before March, there is a strike.")
    await desk.until_status(conversation_id, Status.BOT)
    received = await desk.says(asked_again)
    await desk.until_sent(3)
    last = desk.vendor.sent[-1].message
    assert last.purpose is Purpose.ANSWER
    assert last.text == "As we wrote before: Not before March, there is a strike."
    assert [ref.id for ref in last.in_reply_to] == [received.message_id]
    await desk.says("How long is the warranty?")
    await desk.until_sent(4)
    assert desk.vendor.texts[-1] == "Two years.", "other questions are the bot's"


async def test_a_managers_answer_that_never_arrived_is_not_repeated(desk: Desk) -> None:
    conversation_id = str((await desk.says("Can I talk to a person?")).conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)
    await desk.until_sent(1)
    await desk.says(QUESTION)
    desk.vendor.outcomes = [SendOutcome(result=SendResult.FAILED, error="blocked")]
    await desk.replies(desk.ana, conversation_id, "Not before March.")

    async def failed() -> bool:
        view = await desk.view(conversation_id)
        return view.status is Status.HUMAN and view.waiting_since is not None and not desk.vendor.outcomes

    await until(failed, "the failure is known")
    await desk.releases(desk.ana, conversation_id)
    await desk.says(QUESTION)
    await desk.until_sent(2)
    assert desk.vendor.texts[-1] == ANSWER
