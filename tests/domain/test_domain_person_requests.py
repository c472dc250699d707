"""Who asks for a person is heard, in six languages and however they write; who only mentions one is not put through."""

import json
from pathlib import Path

import pytest

from domain.line_texts import LANGUAGES, TEXTS, LineKey
from domain.person_requests import accepts, asks_for_person
from tests.eval.labelled import Labelled, labelled

MESSAGES = labelled("person_requests.txt", "built", "held", "fresh")
"""With which the phrases were made; `last` is judged by the worker's second opinion too, see tests/knowledge."""
DOCUMENTS = Path(__file__).parents[1] / "eval" / "documents"
KNOWN_TO_BE_MISSED = {"je ve parlé a une persone"}
"""Misspelt in three words of six, each of them a word of another language."""


def test_the_labelled_set_is_large_and_has_every_language() -> None:
    assert len(MESSAGES) >= 600
    for language in LANGUAGES:
        mine = [one for one in MESSAGES if one.language == language]
        assert sum(one.is_so for one in mine) >= 50
        assert sum(not one.is_so for one in mine) >= 30
    assert len({one.text for one in MESSAGES}) >= len(MESSAGES) - 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_request_is_missed_and_no_mention_is_taken_for_one(language: str) -> None:
    mine = [one for one in MESSAGES if one.language == language]
    wrong = [one for one in mine if asks_for_person(one.text) != one.is_so]
    assert {one.text for one in wrong if one.is_so} <= KNOWN_TO_BE_MISSED
    assert [one.text for one in wrong if not one.is_so] == []
    assert len(wrong) <= 0.02 * len(mine)


def test_questions_to_shops_ask_for_nobody() -> None:
    files = sorted(DOCUMENTS.glob("*.questions.jsonl"))
    asked = [json.loads(line)["question"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(asked) > 600
    assert [question for question in asked if asks_for_person(question)] == ["como falo com o atendimento"]


def test_capitals_marks_and_accents_change_nothing() -> None:
    plain = [one for one in MESSAGES if one.is_so and one.text not in KNOWN_TO_BE_MISSED and "Ana" not in one.text]
    assert all(asks_for_person(f"{one.text.upper()} !!") for one in plain)


def test_the_button_under_an_offer_is_a_request_in_every_language() -> None:
    assert all(asks_for_person(text) for text in TEXTS[LineKey.PERSON_BUTTON].values())


@pytest.mark.parametrize(
    "text", ["yes", "Yes please!", "ok", "Sí, por favor", "sim", "Oui, volontiers", "Ja gerne", "sì", "1", "claro que si"]
)
def test_a_yes_accepts_the_offer(text: str) -> None:
    assert accepts(text)


@pytest.mark.parametrize("text", ["no", "yes but where is it?", "", "👍", "do you ship to Chile?", "nein danke"])
def test_anything_else_does_not(text: str) -> None:
    assert not accepts(text)


def test_a_long_message_is_read_in_reasonable_time() -> None:
    assert not asks_for_person("den einem einer der " * 2_000)


def test_labelled_messages_know_their_part() -> None:
    assert MESSAGES[0] == Labelled("built", "en", True, "Can I talk to a human please")
