"""Which words of a passage are marked."""

import pytest

from web.evidence import marked

TEXT = "This page extends the warranty. Pumps built in 2024 are covered\nfor 36 months. Repair is free."


def _marked(quotes: list[str], question: str = "") -> str:
    return "|".join(text for text, on in marked(TEXT, quotes, question) if on)


def test_the_quote_of_the_reply_is_marked_whatever_its_line_breaks() -> None:
    assert _marked(["are covered for 36 months"]) == "are covered\nfor 36 months"


@pytest.mark.parametrize("quote", ["not in there", "", "   ", "(["])
def test_without_its_quote_the_sentence_nearest_to_the_question_is_marked(quote: str) -> None:
    assert _marked([quote], "Is the pump still covered after 24 months?") == "Pumps built in 2024 are covered"


def test_nothing_is_marked_where_nothing_is_shared() -> None:
    assert _marked([], "¿Envían a Chile?") == ""
    assert _marked([], "Is it free to park there?") == ""


def test_the_pieces_are_the_text() -> None:
    assert "".join(text for text, _ in marked(TEXT, ["Repair is free"], "")) == TEXT
