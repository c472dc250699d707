"""The language of a message."""

import json
from pathlib import Path

import pytest

from channels.languages import language_of
from domain.line_texts import LANGUAGES

QUESTIONS = Path(__file__).parents[1] / "eval/documents"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Do you ship to Chile?", "en"),
        ("hola", "es"),
        ("hacen envios a chile?", "es"),
        ("olá", "pt"),
        ("tá bom", "pt"),
        ("quanto custa?", "pt"),
        ("quanto custa o frete", "pt"),
        ("quanto costa la spedizione", "it"),
        ("Bonjour !", "fr"),
        ("avez-vous du stock", "fr"),
        ("hallo", "de"),
        ("WIE LANGE DAUERT DER VERSAND?", "de"),
        ("hola! do you ship to Chile? I need it before Christmas", "en"),
    ],
)
def test_a_message_shows_its_language(text: str, language: str | None) -> None:
    assert language_of(text, LANGUAGES) == language


def test_customers_questions_are_nearly_always_told_right() -> None:
    """Measured when it was written: 95 of 100 show a language, and 99 of 100 of those the right one."""
    asked = [json.loads(row) for file in QUESTIONS.glob("*.questions.jsonl") for row in file.read_text(encoding="utf-8").splitlines()]
    shown = [(one["lang"], found) for one in asked if (found := language_of(one["question"], LANGUAGES)) and one["lang"] in LANGUAGES]
    assert len(shown) > 0.9 * len(asked)
    assert sum(told == found for told, found in shown) > 0.97 * len(shown)


@pytest.mark.parametrize(
    "text", ["", "ok", "👍", "12345", "B07XJ8C8F5", "https://shop.example/una/cosa", "ana@shop.example", "RTX 4090", "\n"]
)
def test_what_is_too_short_or_too_odd_shows_none(text: str) -> None:
    assert language_of(text, LANGUAGES) is None


def test_only_the_inboxes_languages_are_seen() -> None:
    assert language_of("wo ist meine Bestellung geblieben?", ("en", "es")) is None
    assert language_of("anything at all", ("es",)) == "es"


def test_a_text_without_end_is_read_as_quickly_as_a_short_one() -> None:
    assert language_of("¿hacen envíos a Chile? " * 100_000, LANGUAGES) == "es"
