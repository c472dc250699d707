"""The fixed lines: whose words, and in which language."""

import re

import pytest

from domain.line_texts import LANGUAGES, TEXTS, LineKey
from domain.lines import line, spoken_in
from domain.policy import Policy


@pytest.mark.parametrize("key", list(LineKey))
def test_every_line_is_written_in_every_language_with_the_same_places(key: LineKey) -> None:
    texts = TEXTS[key]
    assert tuple(texts) == LANGUAGES
    assert len(set(texts.values())) >= len(LANGUAGES) - 1, "a translation was forgotten"
    places = {frozenset(re.findall(r"{\w+}", text)) for text in texts.values()}
    assert len(places) == 1


@pytest.mark.parametrize(
    ("language", "begins"), [("es", "Gracias"), ("pt-BR", "Obrigado"), ("DE", "Danke"), (None, "Thank"), ("ja", "Thank")]
)
def test_a_line_left_at_its_default_is_said_in_the_customers_language(language: str | None, begins: str) -> None:
    assert line(LineKey.HOLDING, language, Policy()).startswith(begins)


def test_a_line_of_the_inbox_counts_for_every_language_unless_one_has_its_own() -> None:
    policy = Policy(holding_line="One moment.", lines={"holding_line_es": "Un momento."})
    assert [line(LineKey.HOLDING, language, policy) for language in ("en", "pt", "es")] == ["One moment.", "One moment.", "Un momento."]


def test_an_empty_line_says_nothing_in_any_language() -> None:
    assert line(LineKey.HOLDING, "es", Policy(holding_line="")) == ""
    assert line(LineKey.GREETING, "es", Policy()) == ""


def test_the_standard_greeting_is_translated() -> None:
    assert line(LineKey.GREETING, "fr", Policy(greeting=TEXTS[LineKey.GREETING]["en"])).startswith("Bonjour")


def test_an_inbox_speaks_its_own_languages_only() -> None:
    policy = Policy(languages=("pt", "es"))
    assert [spoken_in(language, policy) for language in ("es", "en", None)] == ["es", "pt", "pt"]
    assert line(LineKey.OFFER, "en", policy) == TEXTS[LineKey.OFFER]["pt"]


def test_values_are_put_in_and_nothing_else_is_touched() -> None:
    policy = Policy(lines={"talking_to_line_es": "Ahora {name}: {otro} {0}"})
    assert line(LineKey.TALKING_TO, "es", policy, name="Ana {x}") == "Ahora Ana {x}: {otro} {0}"
