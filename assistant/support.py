"""Whether a sentence may be said: every claim of support by the model is looked up here, in code.

The checks see what can be looked up: quotes, figures, names, contact data, deeds, and whether the words have anything to do with the
passage. They can't see a wrong "yes"; the model's second look is for that.
"""

import re
from enum import StrEnum

from assistant.figures import figures, units
from assistant.languages import language_of, may_be_in
from assistant.names import strange_names
from assistant.promises import promises
from assistant.replies import Sentence
from assistant.wording import fold, plain
from domain.knowledge import Passage

_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b[\w-]{3,}(?:\.[\w-]+)*\.(?:com|net|org|io|shop|store|example|info|biz|app|(?-i:[a-z]{2}))\b(?:/\S*)?"
    r"|(?<![\w@])@\w{3,}",
    re.IGNORECASE,
)
"""A bare name of a host has a lower-case ending: `five days.We` is two sentences without a space."""
_PHONE = re.compile(r"\+?\d(?:[\d ().-]{6,})\d")
_ELLIPSIS = re.compile(r"\s*(?:\[?\.\.\.\]?|\[?…\]?)\s*")
_WORD = re.compile(r"[^\W\d_]{4,}")
_LEAST_QUOTED_WORDS = 3
_STEM = 5
_LEAST_SHARED = 0.34
"""Of a sentence's words of four letters and more, in the passage's language, that must stand in the passage."""


class Flaw(StrEnum):
    """Why a sentence is not said; the words are a manager's."""

    EMPTY = "it is empty"
    NO_PASSAGE = "it names no passage"
    QUOTE = "its quote does not stand in the passage"
    FIGURE = "it gives a figure that its quote does not have"
    NAME = "it gives a name that its quote does not have"
    CONTACT = "it gives contact data or a link that neither the passage nor the inbox has"
    PROMISE = "it says that something was done or will be done"
    WORDS = "its words have little to do with the passage"
    LANGUAGE = "it is not in the customer's language"


GRAVE = frozenset({Flaw.CONTACT, Flaw.PROMISE, Flaw.LANGUAGE})
"""Who says one of these is not believed in the rest either."""


def flaw_of(sentence: Sentence, passages: tuple[Passage, ...], inbox_words: str) -> Flaw | None:
    """The first thing that is wrong with a sentence; None if nothing is. `inbox_words`: what the owner wrote into the inbox's settings."""
    text = sentence.text.strip()
    if not text:
        return Flaw.EMPTY
    if not 1 <= sentence.passage <= len(passages):
        return Flaw.NO_PASSAGE
    passage = passages[sentence.passage - 1]
    whole = f"{passage.heading}\n{passage.question or ''}\n{passage.text}"
    context = f"{sentence.quote}\n{passage.heading}\n{passage.question or ''}"
    if _strange_contacts(text, f"{whole}\n{inbox_words}"):
        return Flaw.CONTACT
    if promises(text, whole):
        return Flaw.PROMISE
    if not is_quoted(sentence.quote, passage):
        return Flaw.QUOTE
    if not (figures(text, claimed=True) <= figures(f"{context}\n{inbox_words}")) or not _units_agree(text, f"{context}\n{inbox_words}"):
        return Flaw.FIGURE
    spoken = language_of(text)
    if strange_names(text, f"{context}\n{inbox_words}", german=spoken == "de"):
        return Flaw.NAME
    if may_be_in(language_of(whole), text) and _has_little_to_do(text, f"{whole}\n{inbox_words}"):
        return Flaw.WORDS
    return None


def is_quoted(quote: str, passage: Passage) -> bool:
    """Whether the quote stands in the passage: three words or more of it, or one of its sentences whole. `...` may leave something out."""
    for source in (passage.text, passage.question or ""):
        text = plain(source)
        pieces = [piece for part in _ELLIPSIS.split(quote) if (piece := plain(part).strip(" .,;:\"'"))]
        if pieces and all(_is_piece(piece, text) for piece in pieces) and _in_order(pieces, text):
            return True
    return False


def _is_piece(piece: str, text: str) -> bool:
    if not re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text):
        return False
    whole = re.search(rf"(?:^|[.!?:;|]\s|\n){re.escape(piece)}(?:$|[.!?;,|])", text)
    return len(piece.split()) >= _LEAST_QUOTED_WORDS or whole is not None


def _in_order(pieces: list[str], text: str) -> bool:
    at = 0
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def _units_agree(text: str, given: str) -> bool:
    """A sentence with a figure names no currency and no measure that what it rests on does not."""
    return not figures(text, claimed=True) or units(text) <= units(given)


def _strange_contacts(text: str, given: str) -> bool:
    """Addresses, links and handles must stand there letter by letter, telephone numbers digit by digit."""
    known = plain(given)
    if any(plain(found).rstrip(".,;:!?)\"'") not in known for found in _ADDRESS.findall(text)):
        return True
    digits = re.sub(r"\D+", "", given)
    return any(re.sub(r"\D+", "", found) not in digits for found in _PHONE.findall(text))


def _has_little_to_do(text: str, whole: str) -> bool:
    words = {fold(word)[:_STEM] for word in _WORD.findall(text)}
    if len(words) < 2:
        return False
    known = {fold(word)[:_STEM] for word in _WORD.findall(whole)}
    return len(words & known) / len(words) < _LEAST_SHARED


def in_another_language(answer: str, wanted: str | None) -> bool:
    """Whether the reply is, for certain, in another language than the customer's."""
    spoken = language_of(answer)
    return wanted is not None and spoken is not None and spoken != wanted
