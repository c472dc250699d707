"""Texts made comparable: case, accents, white space, and the forms of quotation marks and dashes aside."""

import re
import unicodedata
from functools import lru_cache

from domain import folded_words

_SPACES = re.compile(r"\s+")
_MARKS = {
    0x2019: "'",
    0x2018: "'",
    0x201C: '"',
    0x201D: '"',
    0xAB: '"',
    0xBB: '"',
    0x2013: "-",
    0x2014: "-",
    0x2212: "-",
    0xAD: None,
    0x200B: None,
}


def plain(text: str) -> str:
    """For looking one text up in another; accents stay."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text).translate(_MARKS)).strip().casefold()


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """Without capitals and accents; remembered, because the same words are folded for each reply."""
    return folded_words.fold(text)
