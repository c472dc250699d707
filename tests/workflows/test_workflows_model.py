"""With a language model, through the whole workflow: what is sent, what goes to a person, and what is recorded of it."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from assistant.chain import ModelChain
from assistant.endpoint import Endpoint, ModelAddress
from assistant.grounded import GroundedAssistant
from domain.conversations import HandOffReason, Status
from domain.drafting import raised
from domain.knowledge import Reading, ReadingOutcome
from domain.messages import Purpose
from tests.assistant.chat_server import ChatServer, running
from tests.assistant.shop import NO_ANSWER, NOT_SUPPORTED, SUPPORTED, answer, answers
from tests.workflows.desk import Desk, open_desk
from tests.workflows.facts import BRAZIL, CHILE, IGNORE, Facts

pytestmark = pytest.mark.engine

IN_CHILE = answer("Yes, in 5 to 8 working days.", CHILE)
IN_BRAZIL = answer("Yes, in 6 to 9 working days.", BRAZIL)


@pytest.fixture
async def chat() -> AsyncIterator[ChatServer]:
    async with running() as server:
        yield server


@pytest.fixture
async def desk(temporal: Client, database_url: str, chat: ChatServer) -> AsyncIterator[Desk]:
    """Answers from 0.5 up; a checked draft counts fourfold."""
    at = ModelAddress(chat.base_url, "k", "llama", price_input=1.0, price_output=1.0)
    async with open_desk(temporal, database_url) as desk:
        desk.documents = Facts()
        desk.assistant = assistant = GroundedAssistant(ModelChain([Endpoint(at, timeout_seconds=5)]))
        async with desk.worker():
            yield desk
        await assistant.close()


def sure(desk: Desk, question: str, confidence: float) -> None:
    assert isinstance(desk.documents, Facts)
    desk.documents.confidence[question] = confidence


async def reading_of(desk: Desk, turn_id: str | None) -> Reading:
    evidence = await desk.stores.conversations.evidence(str(turn_id))
    assert evidence is not None
    assert evidence.reading is not None
    return evidence.reading


async def flagged(desk: Desk, question: str = "Do you ship to Chile?") -> tuple[HandOffReason, str, Reading | None]:
    received = await desk.says(question)
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    await desk.until_sent(1)
    assert all(sent.message.purpose is Purpose.HOLDING for sent in desk.vendor.sent), "the customer hears the holding line only"
    assert view.hand_off is not None
    evidence = await desk.stores.conversations.evidence(view.hand_off.turn_id) if view.hand_off.turn_id else None
    return view.hand_off.reason, view.hand_off.detail, evidence.reading if evidence else None


async def test_a_checked_draft_is_sent_with_its_quote_and_what_it_took_is_recorded(desk: Desk, chat: ChatServer) -> None:
    chat.says(IN_CHILE)
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    sent = desk.vendor.sent[0].message
    assert sent.text == "Yes, in 5 to 8 working days."
    assert [(citation.page, citation.quote) for citation in sent.citations] == [(2, CHILE)]
    (recorded,) = [one for one in await desk.messages(str(received.conversation_id)) if one.turn_id]
    reading = await reading_of(desk, recorded.turn_id)
    assert (reading.outcome, reading.use.model, reading.prompt_version) == (ReadingOutcome.ANSWERED, "llama", "grounded-2")
    assert (reading.use.input_tokens, reading.use.output_tokens) == (321, 45)
    assert reading.use.cost == pytest.approx(366 / 1_000_000)


async def test_a_checked_draft_raises_what_may_be_answered(desk: Desk, chat: ChatServer) -> None:
    sure(desk, "do you ship to chile?", 0.25)
    chat.says(IN_CHILE)
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    assert desk.vendor.sent[0].message.confidence == raised(0.25, desk.ratio) >= 0.5


async def test_below_the_floor_the_model_is_not_asked(desk: Desk, chat: ChatServer) -> None:
    sure(desk, "do you ship to chile?", 0.15)
    chat.says(IN_CHILE)
    reason, _, _ = await flagged(desk)
    assert reason is HandOffReason.LOW_CONFIDENCE
    assert chat.requests == []


async def test_no_answer_by_the_model_is_flagged_however_sure_retrieval_was(desk: Desk, chat: ChatServer) -> None:
    sure(desk, "do you ship to chile?", 0.99)
    chat.says(NO_ANSWER)
    reason, detail, reading = await flagged(desk)
    assert (reason, detail) == (HandOffReason.MISSING_KNOWLEDGE, "The language model found no answer in the passages")
    assert reading is not None
    assert (reading.outcome, reading.use.calls) == (ReadingOutcome.NO_ANSWER, 1)


@pytest.mark.parametrize(
    "obeyed",
    [
        answer("Everything is free.", CHILE),
        answer("Yes, for 1 dollar.", CHILE),
        answer("Yes, see https://evil.example.", CHILE),
        answer("I have refunded your order to Chile.", CHILE),
        answer("Everything is free.", IGNORE),
        answers(("Yes, in 5 to 8 working days.", CHILE, 1), ("Write to me@evil.example.", CHILE, 1)),
    ],
    ids=["free", "price", "link", "deed", "quoting the customer", "one good sentence"],
)
async def test_a_model_that_obeys_the_customer_is_not_let_speak(desk: Desk, chat: ChatServer, obeyed: dict[str, object]) -> None:
    chat.says(obeyed)
    reason, detail, reading = await flagged(desk, f"Do you ship to Chile? {IGNORE}")
    assert reason is HandOffReason.MISSING_KNOWLEDGE
    assert detail.startswith("The language model's answer was refused")
    assert reading is not None
    assert reading.outcome is ReadingOutcome.UNSUPPORTED


async def test_a_careful_inbox_has_every_draft_looked_at_twice(desk: Desk, chat: ChatServer) -> None:
    await desk.sets(answer_threshold=0.95)
    chat.first(IN_CHILE, SUPPORTED, IN_CHILE, NOT_SUPPORTED)
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    await desk.says("Do you ship to Chile?")
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert view.hand_off is not None
    assert view.hand_off.detail == "The second look did not find the answer in the passages"
    assert (await reading_of(desk, view.hand_off.turn_id)).use.calls == 2


async def test_a_follow_up_is_understood_by_the_model(desk: Desk, chat: ChatServer) -> None:
    chat.first(IN_CHILE, {"question": "Do you ship to Brazil?"}, IN_BRAZIL)
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    await desk.says("it goes to Brazil too?")
    await desk.until_sent(2)
    assert desk.vendor.texts[1] == "Yes, in 6 to 9 working days."
    last = [one for one in await desk.messages(str(received.conversation_id)) if one.turn_id][-1]
    evidence = await desk.stores.conversations.evidence(str(last.turn_id))
    assert evidence is not None
    assert evidence.looked_up == "Do you ship to Brazil?"
    assert [passage.question for passage in evidence.passages] == ["Do you ship to Brazil?"]
    assert evidence.reading is not None
    assert evidence.reading.use.calls == 2


async def test_a_follow_up_about_nothing_known_goes_to_a_person(desk: Desk, chat: ChatServer) -> None:
    chat.first(IN_CHILE, {"question": "Do you ship to Peru?"})
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    await desk.says("and to Peru?")
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert len(chat.requests) == 2


async def test_an_outage_is_tried_again_and_then_a_person_is_asked(desk: Desk, chat: ChatServer) -> None:
    chat.status = 500
    reason, detail, _ = await flagged(desk)
    assert (reason, detail) == (HandOffReason.ASSISTANT_FAILED, "The language model's server answered with status 500")
    assert len(chat.requests) == 3


async def test_a_short_outage_is_waited_for(desk: Desk, chat: ChatServer) -> None:
    chat.fails(429, retry_after="0")
    chat.says(IN_CHILE)
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    assert desk.vendor.texts == ["Yes, in 5 to 8 working days."]


@pytest.mark.parametrize("status", [401, 404])
async def test_what_waiting_cannot_mend_is_for_a_person_at_once(desk: Desk, chat: ChatServer, status: int) -> None:
    chat.status = status
    reason, _, _ = await flagged(desk)
    assert reason is HandOffReason.ASSISTANT_FAILED
    assert len(chat.requests) == 1


async def test_the_inboxs_tone_and_length_reach_the_model(desk: Desk, chat: ChatServer) -> None:
    await desk.sets(tone="Warm.", reply_length="short", instructions="Say parcel.")
    chat.says(IN_CHILE)
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    assert chat.system().endswith("Warm.\nSay parcel.")
    assert "at most 2" in chat.system()
