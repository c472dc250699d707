"""A draft is made of what the model said and the checks let through; what it was asked, and what it took, can be seen."""

import pytest

from assistant.grounded import GroundedAssistant
from domain.drafting import Asked
from domain.errors import AssistantFailed
from domain.knowledge import Passage, ReadingOutcome
from domain.messages import Direction, Sender
from domain.policy import ReplyLength
from tests.assistant.chat_server import ChatServer
from tests.assistant.shop import GOOD, NO_ANSWER, NOT_SUPPORTED, QUOTE, SUPPORTED, answer, answers, asked, said


async def test_a_supported_answer_carries_its_quote_and_what_it_took(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(GOOD)
    reading = await assistant.read(asked())
    assert reading.outcome is ReadingOutcome.ANSWERED
    assert reading.draft is not None
    assert reading.draft.text == "Yes, in 5 to 8 working days, for 18 dollars."
    (citation,) = reading.draft.citations
    assert (citation.document, citation.page, citation.quote) == ("shop.pdf", 2, QUOTE)
    assert (reading.draft.model, reading.prompt_version) == ("small-model", "grounded-2")
    use = reading.use
    assert (use.model, use.calls, use.input_tokens, use.output_tokens) == ("small-model", 1, 321, 45)
    assert use.cost == pytest.approx((321 * 2 + 45 * 10) / 1_000_000)
    assert use.latency_ms >= 0


async def test_no_answer_says_so_and_costs_all_the_same(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(NO_ANSWER)
    reading = await assistant.read(asked())
    assert (reading.outcome, reading.draft) == (ReadingOutcome.NO_ANSWER, None)
    assert reading.use.input_tokens == 321


async def test_one_request_with_a_strict_schema_and_no_tools(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(GOOD)
    await assistant.read(asked())
    (request,) = chat.requests
    form = request["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["properties"]["sentences"]["items"]["properties"]["passage"]["enum"] == [1, 2, 3]
    assert "tools" not in request
    assert chat.headers[0]["authorization"] == "Bearer key-1"


async def test_an_unsupported_sentence_is_left_out_and_the_manager_is_told(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(answers(("Yes, in 5 to 8 working days.", QUOTE, 1), ("Parcels to Chile take 3 days by air.", QUOTE, 1)))
    reading = await assistant.read(asked())
    assert reading.draft is not None
    assert reading.draft.text == "Yes, in 5 to 8 working days."
    assert reading.detail == "1 of 2 sentences left out: it gives a figure that its quote does not have"


async def test_an_unsupported_first_sentence_takes_the_rest_with_it(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(answers(("No, we only ship to Peru.", QUOTE, 1), ("It takes 5 to 8 working days.", QUOTE, 1)))
    reading = await assistant.read(asked())
    assert (reading.outcome, reading.draft) == (ReadingOutcome.UNSUPPORTED, None)
    assert "name" in reading.detail


async def test_who_invents_a_link_is_not_believed_in_the_rest(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(answers(("Yes, in 5 to 8 working days.", QUOTE, 1), ("Track it at https://evil.example/track.", QUOTE, 1)))
    reading = await assistant.read(asked())
    assert (reading.outcome, reading.draft) == (ReadingOutcome.UNSUPPORTED, None)


async def test_a_reply_in_another_language_than_the_customers_is_not_sent(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(answer("Sí, los paquetes a Chile tardan de 5 a 8 días hábiles y cuestan 18 dólares."))
    assert (await assistant.read(asked("Do you send parcels to Chile, and what does it cost?"))).draft is None
    assert (await assistant.read(asked("chile?", language="en"))).draft is None
    assert (await assistant.read(asked("¿Hacen envíos a Chile y cuánto cuesta?"))).draft is not None
    assert [request["messages"][1]["content"].split('"language": ')[1][:4] for request in chat.requests] == ['"en"', '"en"', '"es"']


async def test_a_short_question_is_answered_in_the_conversations_language(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(GOOD)
    await assistant.read(asked("chile?", language="pt-BR"))
    assert chat.data()["language"] == "pt"
    await assistant.read(asked("chile?"))
    assert chat.data()["language"] is None


@pytest.mark.parametrize(("length", "most"), [(ReplyLength.SHORT, 2), (ReplyLength.MEDIUM, 4), (ReplyLength.LONG, 8)])
async def test_the_inbox_decides_tone_and_length(chat: ChatServer, assistant: GroundedAssistant, length: ReplyLength, most: int) -> None:
    chat.says(GOOD)
    await assistant.read(asked(tone="Warm, first names.", instructions="Call a parcel a box.", reply_length=length))
    assert chat.system().endswith("Warm, first names.\nCall a parcel a box.")
    assert f"at most {most}" in chat.system()
    assert chat.requests[0]["response_format"]["json_schema"]["schema"]["properties"]["sentences"]["maxItems"] == most


async def test_the_second_look_can_refuse_and_is_counted(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.first(GOOD, SUPPORTED, GOOD, NOT_SUPPORTED)
    confirmed = await assistant.read(asked(second_look=True))
    assert (confirmed.outcome, confirmed.second_look, confirmed.use.calls) == (ReadingOutcome.ANSWERED, True, 2)
    assert confirmed.use.input_tokens == 642
    looked_at = chat.data()
    assert looked_at["reply"] == "Yes, in 5 to 8 working days, for 18 dollars."
    assert [one["text"] for one in looked_at["passages"]] == [f"Yes. {QUOTE}"], "only what is quoted"
    refused = await assistant.read(asked(second_look=True))
    assert (refused.outcome, refused.draft, refused.use.calls) == (ReadingOutcome.REFUTED, None, 2)


async def test_a_second_look_that_fails_sends_nothing(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.first(GOOD)
    chat.fails(503)
    with pytest.raises(AssistantFailed):
        await assistant.read(asked(second_look=True))


async def test_no_passages_no_request(chat: ChatServer, assistant: GroundedAssistant) -> None:
    assert (await assistant.read(Asked(question="do you ship?", passages=()))).draft is None
    assert chat.requests == []


async def test_long_passages_are_cut_to_what_a_small_context_holds(
    chat: ChatServer, assistant: GroundedAssistant, passages: tuple[Passage, ...]
) -> None:
    chat.says(NO_ANSWER)
    long = tuple(passages[0].model_copy(update={"text": "Parcels to Chile. " * 1_000}) for _ in range(5))
    await assistant.read(asked(passages=long))
    assert sum(len(one["text"]) for one in chat.data()["passages"]) <= 8_000


async def test_managers_notes_are_never_shown_to_the_model(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(GOOD)
    note = said("he is a difficult one", Sender.MANAGER, Direction.NOTE)
    await assistant.read(asked(turns=(said("do you ship?"), note)))
    assert chat.data()["conversation"] == [{"from": "customer", "text": "do you ship?"}]


async def test_the_model_sees_what_a_manager_has_said(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(GOOD)
    await assistant.read(asked(turns=(said("do you ship?"), said("Not before March.", Sender.MANAGER, Direction.OUTBOUND))))
    assert chat.data()["conversation"][-1] == {"from": "manager", "text": "Not before March."}


# Follow-ups


TURNS = (said("Do you ship to Chile?"), said("Yes.", Sender.BOT, Direction.OUTBOUND), said("and to Brazil?"))


async def test_a_follow_up_is_put_into_words_that_stand_alone(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says({"question": "Do you ship to Brazil?"})
    assert (await assistant.stand_alone("and to Brazil?", TURNS))[0] == "Do you ship to Brazil?"
    assert chat.data()["question"] == "and to Brazil?"
    assert chat.data()["conversation"][0] == {"from": "customer", "text": "Do you ship to Chile?"}


@pytest.mark.parametrize("made_up", ["Do you ship to Peru?", "Do you ship 3 parcels to Brazil?", " "])
async def test_what_the_model_adds_to_a_question_of_its_own_is_not_looked_up(
    chat: ChatServer, assistant: GroundedAssistant, made_up: str
) -> None:
    chat.says({"question": made_up})
    assert (await assistant.stand_alone("and to Brazil?", TURNS))[0] == "and to Brazil?"


async def test_the_question_in_full_stands_beside_the_customers_own_words(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(NO_ANSWER)
    await assistant.read(asked("and to Chile?", in_full="Do you ship to Chile?"))
    assert (chat.data()["question"], chat.data()["question_in_full"]) == ("and to Chile?", "Do you ship to Chile?")
