"""What customers of any business ask about: a small thesaurus over languages, read from concepts.toml."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from domain.folded_words import fold

FILE = Path(__file__).with_name("concepts.toml")
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class _Thesaurus:
    words: dict[str, set[str]] = field(default_factory=dict)
    """Concepts by whole word."""
    beginnings: dict[str, set[str]] = field(default_factory=dict)
    """Concepts by the beginning of a word."""
    phrases: dict[str, list[tuple[tuple[str, ...], bool, str]]] = field(default_factory=dict)
    """By first word: the words that follow, whether the last one is whole, and the concept."""
    longest: int = 0


@lru_cache(maxsize=20_000)
def concepts_of_word(word: str) -> frozenset[str]:
    """The same of one word, remembered: questions share most of theirs."""
    return concepts_of(word)


def concepts_of(text: str) -> frozenset[str]:
    """The names of the concepts that the text's words stand for."""
    thesaurus = _thesaurus()
    words = _WORD.findall(fold(text))
    found: set[str] = set()
    for position, word in enumerate(words):
        found |= thesaurus.words.get(word, set())
        for length in range(2, min(len(word), thesaurus.longest) + 1):
            found |= thesaurus.beginnings.get(word[:length], set())
        for following, whole, concept in thesaurus.phrases.get(word, ()):
            if concept not in found and _follows(words[position + 1 : position + 1 + len(following)], following, whole=whole):
                found.add(concept)
    return frozenset(found)


def _follows(words: Sequence[str], following: Sequence[str], *, whole: bool) -> bool:
    if len(words) < len(following) or any(one != other for one, other in zip(words[:-1], following[:-1], strict=False)):
        return False
    return words[-1] == following[-1] if whole else words[-1].startswith(following[-1])


@cache
def _thesaurus() -> _Thesaurus:
    with FILE.open("rb") as source:
        entries: dict[str, list[str]] = tomllib.load(source)
    thesaurus = _Thesaurus()
    for name, some in entries.items():
        for entry in some:
            _add(thesaurus, name.rstrip("_"), entry)
    return thesaurus


def _add(thesaurus: _Thesaurus, concept: str, entry: str) -> None:
    whole = entry.endswith((".", " "))
    first, *following = _WORD.findall(entry)
    if following:
        thesaurus.phrases.setdefault(first, []).append((tuple(following), whole, concept))
    elif whole:
        thesaurus.words.setdefault(first, set()).add(concept)
    else:
        thesaurus.beginnings.setdefault(first, set()).add(concept)
        thesaurus.longest = max(thesaurus.longest, len(first))
