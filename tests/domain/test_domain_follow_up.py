"""Which questions refer back, what they become, and which answers count for them."""

import pytest

from domain.follow_up import is_about, may_refer_back, own_words, stand_alone
from domain.knowledge import ChunkKind, Passage


@pytest.mark.parametrize(
    ("question", "topic", "in_full"),
    [
        ("and to Brazil?", "Do you ship to Chile?", "Do you ship to Brazil?"),
        ("And to the United Kingdom?", "How much is shipping to Chile, please?", "How much is shipping to the United Kingdom, please?"),
        ("thanks! and for kids?", "Do you have helmets for adults?", "Do you have helmets for kids?"),
        ("what about Brazil?", "Do you ship to Chile?", "Do you ship to Brazil?"),
        ("what about batteries?", "How long is the guarantee?", "How long is the guarantee batteries?"),
        ("¿y a Brasil?", "¿Hacen envíos a Chile?", "¿Hacen envíos a Brasil?"),
        ("y con Bizum?", "¿Puedo pagar con tarjeta?", "¿Puedo pagar con Bizum?"),
        ("e para o Brasil?", "Vocês entregam para o Chile?", "Vocês entregam para o Brasil?"),
        ("e no Norte?", "Qual o prazo no Sul?", "Qual o prazo no Norte?"),
        ("et en Belgique ?", "Livrez-vous en France ?", "Livrez-vous en Belgique ?"),
        ("und nach Österreich?", "Liefern Sie nach Deutschland?", "Liefern Sie nach Österreich?"),
    ],
)
def test_a_follow_up_becomes_a_question_of_its_own(question: str, topic: str, in_full: str) -> None:
    assert stand_alone(question, topic) == in_full


@pytest.mark.parametrize(
    "question",
    [
        "Do you ship to Brazil?",
        "and how long does it take to Brazil?",
        "y si no hay nadie en casa?",
        "e quanto custa?",
        "and?",
        "ok thanks",
        "and I would also like to know something about your warranty conditions",
        "Android phones",
        "",
    ],
)
def test_what_is_a_question_of_its_own_stays_as_it_is(question: str) -> None:
    assert stand_alone(question, "Do you ship to Chile?") is None


def test_without_a_question_before_nothing_refers_back() -> None:
    assert stand_alone("and to Brazil?", None) is None


def passage(text: str, question: str | None = None) -> Passage:
    return Passage(chunk_id="c", document_id="d", document="shop.pdf", page=1, kind=ChunkKind.TEXT, question=question, text=text, score=1.0)


def test_only_what_holds_the_follow_ups_own_words_answers_it() -> None:
    assert is_about(passage("Parcels to Brazil take 6 days."), "and to Brazil?")
    assert is_about(passage("Yes.", "Do you ship to Brazil?"), "and to Brazil?")
    assert is_about(passage("Los plátanos, fuera de la nevera."), "¿y los platanos?")
    assert not is_about(passage("Parcels to Chile take 6 days."), "and to Brazil?")


def test_own_words_are_those_that_say_something() -> None:
    assert own_words("para o Brasil") == ("brasil",)
    assert own_words("to the") == ()


@pytest.mark.parametrize("question", ["and to Brazil?", "how much is it?", "y eso cuánto cuesta?", "e esse?", "in blue?"])
def test_a_model_looks_at_what_may_refer_back(question: str) -> None:
    assert may_refer_back(question)


@pytest.mark.parametrize("question", ["How much does shipping to Chile cost?", "¿Cuánto cuesta el envío a Chile por favor?"])
def test_a_model_is_not_asked_about_whole_questions(question: str) -> None:
    assert not may_refer_back(question)
