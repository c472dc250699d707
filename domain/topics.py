"""Links and contact lines that an inbox adds to an answer about a topic."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from domain.found_words import found_keyword
from domain.model import Model

LONGEST_TEXT = 8_000
FORM = "returns, refund: https://shop.example/returns"


class TopicLine(Model):
    words: tuple[str, ...]
    line: str


def parse_topics(text: str) -> tuple[TopicLine, ...]:
    """One topic a line: words between commas, a colon, what is added. Raises ValueError naming the line that can't be read."""
    found = []
    for number, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        names, colon, line = row.partition(":")
        words = tuple(word for part in names.split(",") if (word := part.strip()))
        if not colon or not words or not line.strip():
            raise ValueError(f"line {number}: words between commas, a colon, and what is added are needed, such as {FORM}")
        found.append(TopicLine(words=words, line=line.strip()))
    return tuple(found)


def _readable(text: str) -> str:
    parse_topics(text)
    return text


TopicLines = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, strip_whitespace=True), AfterValidator(_readable)]
"""Topics as a person types them."""


def with_topic_lines(answer: str, question: str, topics: tuple[TopicLine, ...]) -> str:
    """The answer, and below it each line whose topic stands in the question or in the answer; what it says already is not added."""
    text = f"{question}\n{answer}"
    lines = dict.fromkeys(topic.line for topic in topics if found_keyword(text, topic.words) and topic.line not in answer)
    return "\n\n".join([answer, "\n".join(lines)]) if lines else answer
