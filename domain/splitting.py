"""A long text in several messages: cut where a paragraph, a line, a sentence or at least a word ends."""

import re
import unicodedata
from collections.abc import Callable

from domain.channels import LengthUnit

_ENDS = (
    re.compile(r"\n\s*\n\s*"),
    re.compile(r"\s*\n\s*"),
    re.compile(r"(?<=[.!?…。！？])[\"”»')\]]*\s+(?=[\"“«(\[¿¡'•]*[A-ZÀ-ÖØ-Þ0-9¿¡])"),
    re.compile(r"\s+"),
)
"""Where a text may be cut, the best first."""
_LEAST_SHARE = 1 / 3
"""Of the room: a cut that leaves less of it used gives way to the next kind."""
_JOINER = "\u200d"

Stretch = tuple[int, int]
"""Where a piece begins and ends in the text."""


def measure(text: str, unit: LengthUnit) -> int:
    match unit:
        case LengthUnit.CHARACTERS:
            return len(text)
        case LengthUnit.BYTES:
            return len(text.encode("utf-8", "replace"))
        case LengthUnit.UTF16:
            return len(text.encode("utf-16-le", "replace")) // 2


def split(text: str, fits: Callable[[int, int], bool]) -> list[Stretch]:
    """The stretches of `text` that are sent one after another, without the white space between them.

    Each fits, unless a single character does not. `fits` is asked of a stretch, and must hold for every shorter one that begins there.
    """
    pieces: list[Stretch] = []
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    while start < end:
        if fits(start, end):
            pieces.append((start, end))
            break
        room = _longest(start, end, fits)
        cut, following = _cut(text, start, room)
        pieces.append((start, cut))
        start = following
    return pieces


def _longest(start: int, end: int, fits: Callable[[int, int], bool]) -> int:
    """The furthest end at which a piece from `start` fits; at least one character."""
    low, high = start + 1, end
    while low < high:
        middle = (low + high + 1) // 2
        if fits(start, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _cut(text: str, start: int, room: int) -> Stretch:
    """Where the piece ends, and where the next one begins."""
    least = start + (room - start) * _LEAST_SHARE
    for ends in _ENDS:
        best: Stretch | None = None
        for match in ends.finditer(text, start, min(len(text), room + 200)):
            if match.start() > room:
                break
            if match.start() >= least:
                best = match.span()
        if best is not None:
            return best
    while room - 1 > start and _belongs_to_the_one_before(text, room):
        room -= 1
    return room, room


def _belongs_to_the_one_before(text: str, position: int) -> bool:
    """Accents, variants and joined emoji are seen as one character with what stands before them."""
    if position >= len(text):
        return False
    return unicodedata.combining(text[position]) > 0 or text[position] in (_JOINER, "\ufe0f") or text[position - 1] == _JOINER
