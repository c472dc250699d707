"""What a turn says besides its question: anger, despair, and the same question again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from domain.decisions import ASKS_FROM
from domain.person_requests import asks_for_person
from domain.policy import DEFAULT_UPSET
from domain.turns import Told
from knowledge import asking
from knowledge.embed import sentence_encoder
from knowledge.hearing import KnowledgeListener
from knowledge.importing import import_document
from knowledge.index import KnowledgeIndex
from knowledge.mood import SIGNALS, mood_model, signals
from tests.eval.labelled import Labelled, labelled
from tests.knowledge.memory_documents import MemoryDocuments
from tests.knowledge.test_knowledge_loop import FAQ

DOCUMENTS = Path(__file__).parents[1] / "eval" / "documents"
EXAMPLES = Path(__file__).parents[2] / "examples" / "questions.jsonl"


@pytest.fixture
async def listener(documents: MemoryDocuments, pdf: Callable[..., bytes]) -> KnowledgeListener:
    await import_document(documents, documents.add("d1", pdf(*FAQ)))
    return KnowledgeListener(KnowledgeIndex(documents, check_seconds=0))


def heard_in(messages: list[Labelled]) -> list[bool]:
    model, vectors = mood_model(), sentence_encoder().encode([one.text for one in messages])
    return [model.probability(vector, signals(one.text)) >= DEFAULT_UPSET for one, vector in zip(messages, vectors, strict=True)]


def asked_in(texts: list[str]) -> list[bool]:
    """By either opinion."""
    model, vectors = asking.asking_model(), sentence_encoder().encode(texts)
    heard = (model.probability(vector, asking.signals(text)) >= ASKS_FROM for text, vector in zip(texts, vectors, strict=True))
    return [by_model or asks_for_person(text) for text, by_model in zip(texts, heard, strict=True)]


def test_requests_in_words_that_no_phrase_foresees_are_heard() -> None:
    last = labelled("person_requests.txt", "last")
    asked, truth = np.array(asked_in([one.text for one in last])), np.array([one.is_so for one in last])
    assert (asked & truth).sum() >= 57
    assert (asked & ~truth).sum() <= 1


def test_the_second_opinion_raises_no_more_false_alarms_on_what_the_phrases_judge_rightly() -> None:
    others = [one.text for one in labelled("person_requests.txt", "built", "held", "fresh") if not one.is_so]
    assert sum(asked_in(others)) == 0


def test_questions_to_shops_are_seldom_taken_for_requests() -> None:
    files = [*sorted(DOCUMENTS.glob("*.questions.jsonl")), EXAMPLES]
    texts = [json.loads(row)["question"] for file in files for row in file.read_text(encoding="utf-8").splitlines()]
    assert sum(asked_in(texts)) <= 0.01 * len(texts)


def test_the_model_was_fitted_on_the_vectors_that_are_used() -> None:
    model = mood_model()
    assert model.embedding_model == sentence_encoder().model_name
    assert (len(model.vector), len(model.signals)) == (512, len(SIGNALS))


def test_what_is_claimed_of_messages_that_the_model_has_never_seen_holds() -> None:
    held = labelled("upset.txt", "held")
    assert {one.text for one in held} & {one.text for one in labelled("upset.txt", "fit")} == set()
    heard = np.array(heard_in(held))
    upset = np.array([one.is_so for one in held])
    assert (heard & upset).sum() >= 26
    assert (heard & ~upset).sum() <= 5


def test_plain_anger_is_heard_in_every_language_and_calm_complaints_are_not() -> None:
    plain = labelled("upset.txt", "fit")
    for language in ("en", "es", "pt", "fr", "de", "it"):
        mine = [one for one in plain if one.language == language]
        right = [heard == one.is_so for heard, one in zip(heard_in(mine), mine, strict=True)]
        assert np.mean(right) >= 0.9, language


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("WHERE IS MY ORDER", {"shouting"}),
        ("where is it???", {"hammering"}),
        ("Wo ist es? Betrüger!", {"insult"}),
        ("gracias, todo bien", {"joy"}),
        ("voy a hablar con mi abogado", {"threat"}),
        ("Do you ship to Chile?", set()),
        ("OK", set()),
    ],
)
def test_the_signals_name_what_shows(text: str, shown: set[str]) -> None:
    assert {name for name, value in zip(SIGNALS, signals(text), strict=True) if value} == shown


@pytest.mark.parametrize(
    ("question", "earlier", "repeats"),
    [
        ("How long does delivery take?", ["how long does delivery take"], 1),
        ("How long does a delivery take?", ["how long does the delivery usually take", "How long does delivery take?!"], 2),
        ("How do I return an item?", ["How long does delivery take?"], 0),
        ("Do you ship to Norway?", ["Do you ship to Switzerland?"], 0),
        ("do you ship to norway?", ["do you ship to switzerland?"], 0),
        ("Where is order 1234?", ["Where is order 9999?"], 0),
        ("thanks", ["thanks"], 0),
        ("2", ["2"], 0),
        ("delivery?", ["Delivery?"], 1),
        ("", ["How long does delivery take?"], 0),
    ],
)
async def test_the_same_question_is_told_from_another_one(
    listener: KnowledgeListener, question: str, earlier: list[str], repeats: int
) -> None:
    assert (await listener.hear(question, earlier=earlier, told=())).repeats == repeats


async def test_what_a_manager_has_answered_is_found_again(listener: KnowledgeListener) -> None:
    told = [
        Told(message_id="m1", manager_id="ana", question="Can I pay by invoice?", reply="Yes."),
        Told(message_id="m2", manager_id="ana", question="How long does delivery take?", reply="Ten days this week."),
    ]
    assert (await listener.hear("how long does delivery take", earlier=(), told=told)).said_by_person == "m2"
    assert (await listener.hear("Do you ship abroad?", earlier=(), told=told)).said_by_person is None


@pytest.mark.parametrize("text", ["2", "help", "ok", "delivery?"])
async def test_a_single_word_is_not_answered_by_what_a_person_said_before(listener: KnowledgeListener, text: str) -> None:
    told = [Told(message_id="m1", manager_id="ana", question=text, reply="Sure, what is it about?")]
    assert (await listener.hear(text, earlier=(), told=told)).said_by_person is None
