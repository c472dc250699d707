"""What the bot looked at, as the panel shows it: passages with the words that mattered marked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlencode

from domain.conversations import Conversation
from domain.knowledge import Citation, Evidence, Passage, Reading
from domain.messages import Direction, Message, Purpose
from web.page_images import LONGEST_QUOTE

Piece = tuple[str, bool]
"""A stretch of text, and whether it is marked."""

_WORD = re.compile(r"\w{4,}")
_STEM = 4
"""Letters by which two forms of a word are taken for the same."""
_LEAST_SHARED = 2
"""Words that a sentence must share with the question to be marked."""
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_LEAD = 60
"""Characters shown before the marked words where a long passage is cut."""


@dataclass(frozen=True)
class Source:
    document: str
    title: str
    tile: str
    """`PDF`, or the file's kind."""
    page: int
    score: float
    url: str
    """Opens the document at the page, with the passage marked."""
    pieces: Sequence[Piece]
    lead: Sequence[Piece]
    """The same text, begun shortly before the marked words."""


@dataclass(frozen=True)
class EvidenceView:
    stopped: bool
    """Whether this tells why the bot stopped; otherwise what its last reply rests on."""
    question: str
    confidence: float
    threshold: float | None
    sources: Sequence[Source]
    understood: str = ""
    """A follow-up in the words that were looked up."""
    reading: Reading | None = None
    turn_id: str = ""
    judged: bool | None = None
    """Whether it was judged right; None if nobody has."""
    fitted: float | None = None
    """The release's own confidence, where judgements have moved it."""

    @property
    def enough(self) -> bool:
        return self.threshold is not None and self.threshold < 1 and self.confidence >= self.threshold


def page_url(document_id: str | None, page: int, quote: str = "") -> str:
    """Where the page is shown with the passage marked; empty where the document is not known."""
    if not document_id:
        return ""
    words = f"?{urlencode({'quote': quote[:LONGEST_QUOTE]})}" if quote else ""
    return f"/knowledge/{document_id}/pages/{page}{words}"


def quote_of(passage: Passage, citations: Sequence[Citation]) -> str:
    """The exact words of the document: those that a reply cites of this passage, else the whole of it."""
    cited = (citation.quote for citation in citations if citation.quote and citation.document_id in (None, passage.document_id))
    return next((quote for quote in cited if _found(passage.text, quote)), passage.text)


def title_of(document: str, page: int) -> str:
    return f"{PurePosixPath(document).stem}, p. {page}"


def _found(text: str, quote: str) -> tuple[int, int] | None:
    """Where the quote stands, whatever its white space."""
    words = quote.split()
    if not words:
        return None
    match = re.search(r"\s+".join(re.escape(word) for word in words), text, re.IGNORECASE)
    return match.span() if match else None


def _stems(text: str) -> set[str]:
    return {word.casefold()[:_STEM] for word in _WORD.findall(text)}


def _nearest_sentence(text: str, question: str) -> tuple[int, int] | None:
    """The sentence that shares most words with the question; None if none shares enough."""
    wanted = _stems(question)
    best: tuple[int, int] | None = None
    most = _LEAST_SHARED - 1
    for match in _SENTENCE.finditer(text):
        shared = len(wanted & _stems(match[0]))
        if shared > most:
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            best, most = (start, match.end()), shared
    return best


def marked(text: str, quotes: Sequence[str], question: str) -> list[Piece]:
    """The text in pieces: the quote that a reply rested on is marked, else the sentence nearest to the question."""
    span = next((found for quote in quotes if (found := _found(text, quote))), None) or _nearest_sentence(text, question)
    if span is None:
        return [(text, False)]
    start, end = span
    return [(part, on) for part, on in ((text[:start], False), (text[start:end], True), (text[end:], False)) if part]


def _lead(pieces: Sequence[Piece]) -> list[Piece]:
    if len(pieces) > 1 and not pieces[0][1] and len(pieces[0][0]) > _LEAD:
        return [("… " + pieces[0][0][-_LEAD:].split(" ", 1)[-1], False), *pieces[1:]]
    return list(pieces)


def source_of(passage: Passage, citations: Sequence[Citation], question: str) -> Source:
    quotes = [citation.quote for citation in citations if citation.quote and citation.document_id in (None, passage.document_id)]
    text = f"{passage.question}\n{passage.text}" if passage.question else passage.text
    pieces = marked(text, quotes, question)
    return Source(
        document=passage.document,
        title=title_of(passage.document, passage.page),
        tile=PurePosixPath(passage.document).suffix.lstrip(".").upper()[:4] or "DOC",
        page=passage.page,
        score=passage.score,
        url=page_url(passage.document_id, passage.page, quote_of(passage, citations)),
        pieces=pieces,
        lead=_lead(pieces),
    )


def sources_of(passages: Sequence[Passage], citations: Sequence[Citation], question: str, *, limit: int = 5) -> list[Source]:
    return [source_of(passage, citations, question) for passage in passages[:limit]]


def _citations(found: Evidence) -> Sequence[Citation]:
    """Of the draft that counts: the language model's where there is one."""
    draft = found.reading.draft if found.reading is not None and found.reading.draft is not None else found.draft
    return draft.citations if draft is not None else ()


def turn_shown(conversation: Conversation, messages: Sequence[Message]) -> str | None:
    """The turn whose evidence matters now: the flag's, else the bot's last reply's."""
    if conversation.hand_off is not None:
        return conversation.hand_off.turn_id
    return next((message.turn_id for message in reversed(messages) if message.turn_id), None)


def view_of(
    conversation: Conversation, messages: Sequence[Message], found: Evidence | None, threshold: float, *, judged: bool | None = None
) -> EvidenceView | None:
    """None when there is nothing to show: no flag, and no words of the bot. A flag that is over has left its holding line."""
    hand_off = conversation.hand_off
    if hand_off is None and found is None:
        return None
    said = next((message for message in reversed(messages) if message.turn_id), None)
    at = hand_off.at if hand_off is not None else said.created_at if said is not None else None
    asked = [message for message in messages if message.direction is Direction.INBOUND and message.text]
    if at is not None:
        asked = [message for message in asked if message.created_at <= at] or asked
    question = asked[-1].text if asked else ""
    decided_by = hand_off.confidence if hand_off is not None else said.confidence if said is not None else None
    confidence = decided_by if decided_by is not None else found.confidence if found else 0.0
    return EvidenceView(
        stopped=hand_off is not None or (said is not None and said.purpose is Purpose.HOLDING),
        question=question,
        confidence=confidence,
        threshold=hand_off.threshold if hand_off is not None and hand_off.threshold is not None else threshold,
        sources=sources_of(found.passages, _citations(found), question) if found else [],
        understood=found.looked_up if found else "",
        reading=found.reading if found else None,
        turn_id=(turn_shown(conversation, messages) or "") if found is not None and found.draft is not None else "",
        judged=judged,
        fitted=found.fitted_confidence if found else None,
    )
