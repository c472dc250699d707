"""A small shop's passages, what a model may say about them, and short ways to ask."""

from datetime import UTC, datetime
from typing import Any

from domain.drafting import Asked
from domain.knowledge import ChunkKind, Passage
from domain.messages import Direction, Message, MessageType, Sender

QUOTE = "Parcels to Chile take 5 to 8 working days and cost 18 dollars."
_TEXTS = (
    ("Do you ship to Chile?", f"Yes. {QUOTE}"),
    (None, "Write to hello@faro.example or call +598 4522 0147. Our page is https://faro.example/help."),
    ("How long is the warranty?", "Two years from the day of purchase. We refund the full price if a lamp can't be repaired."),
)
PASSAGES = tuple(
    Passage(
        chunk_id=f"c{number}",
        document_id="d1",
        document="shop.pdf",
        page=number + 2,
        kind=ChunkKind.QUESTION_ANSWER if question else ChunkKind.TEXT,
        question=question,
        text=text,
        score=0.8,
    )
    for number, (question, text) in enumerate(_TEXTS)
)

NO_ANSWER: dict[str, Any] = {"outcome": "NO_ANSWER", "sentences": []}


def answer(text: str, quote: str = QUOTE, passage: int = 1) -> dict[str, Any]:
    """A reply of one sentence."""
    return answers((text, quote, passage))


def answers(*sentences: tuple[str, str, int]) -> dict[str, Any]:
    shown = [{"passage": passage, "quote": quote, "text": text} for text, quote, passage in sentences]
    return {"outcome": "ANSWER", "sentences": shown}


GOOD = answer("Yes, in 5 to 8 working days, for 18 dollars.")
SUPPORTED = {"reason": "It says so.", "verdict": "SUPPORTED"}
NOT_SUPPORTED = {"reason": "It does not say so.", "verdict": "NOT_SUPPORTED"}


def asked(question: str = "do you ship to chile?", passages: tuple[Passage, ...] = PASSAGES, **other: Any) -> Asked:
    return Asked(question=question, passages=passages, **other)


def said(text: str, sender: Sender = Sender.CUSTOMER, direction: Direction = Direction.INBOUND) -> Message:
    return Message(
        id="m1", conversation_id="c1", direction=direction, sender=sender, type=MessageType.TEXT, text=text, created_at=datetime.now(UTC)
    )
