"""Links and contact lines that an inbox adds when a topic comes up."""

import pytest

from domain.topics import parse_topics, with_topic_lines

TOPICS = parse_topics("returns, refund, devolución: Returns: https://shop.example/returns\n\nwarranty: Ask Ana: +1 555 0100\n")


@pytest.mark.parametrize(
    ("question", "answer", "added"),
    [
        ("How do REFUNDS work?", "In 30 days.", []),
        ("Can I get a refund?", "Yes, in 30 days.", ["Returns: https://shop.example/returns"]),
        ("¿Cómo es la Devolución?", "En 30 días.", ["Returns: https://shop.example/returns"]),
        ("refund and warranty?", "Yes.", ["Returns: https://shop.example/returns", "Ask Ana: +1 555 0100"]),
        ("What if it breaks?", "The warranty is two years.", ["Ask Ana: +1 555 0100"]),
        ("refund?", "See Returns: https://shop.example/returns", []),
    ],
)
def test_a_line_is_added_once_when_its_topic_comes_up(question: str, answer: str, added: list[str]) -> None:
    assert with_topic_lines(answer, question, TOPICS) == "\n\n".join([answer, *(["\n".join(added)] if added else [])])


@pytest.mark.parametrize("text", ["returns", "returns:", ": https://shop.example", "a: b\n, : c"])
def test_what_cannot_be_read_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"line \d"):
        parse_topics(text)
