"""Names in a text: capitalised words, and places, months and weekdays, which are the same in every language."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from babel import Locale

from assistant.languages import LANGUAGES
from assistant.wording import fold

_TOKEN = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
_PIECES = re.compile(r"[^\W_]+")
_BEGINS = re.compile(r"(?:^|[.!?:;¡¿\"“”«»(\n•*–—-])\s*$")
_LONGEST_PLACE = 4
"""Words."""
_LEAST_SHARED = 4
"""Letters of the shorter form by which `Chile` and `Chilean` are one name."""
_WORDS_TOO = frozenset(
    {"may", "march", "mars", "mai", "sede", "man", "turkey", "jersey", "chile", "guinea", "granada", "segunda", "chad", "jordan"}
)
"""Also ordinary words: names only where they are capitalised."""


@cache
def _same_everywhere() -> Mapping[str, str]:
    """Names of places, months and weekdays in six languages, folded -> what they mean."""
    known: dict[str, str] = {}
    for language in LANGUAGES:
        locale: Any = Locale.parse(language)
        known.update({fold(name): f"place:{code}" for code, name in locale.territories.items() if len(code) == 2 and code.isalpha()})
        for kind, names in (("month", locale.months), ("day", locale.days)):
            known.update({fold(name): f"{kind}:{number}" for number, name in names["format"]["wide"].items()})
    known.update({"usa": "place:US", "us": "place:US", "uk": "place:GB", "eeuu": "place:US", "eua": "place:US"})
    return {" ".join(_PIECES.findall(name)): meaning for name, meaning in known.items()}


def _meanings(text: str, *, claimed: bool) -> tuple[frozenset[str], frozenset[int]]:
    """What is the same everywhere, and which words (by number) name it."""
    words = _PIECES.findall(text)
    folded = [fold(word) for word in words]
    table = _same_everywhere()
    found: set[str] = set()
    used: set[int] = set()
    at = 0
    while at < len(words):
        step = 1
        for length in range(min(_LONGEST_PLACE, len(words) - at), 0, -1):
            name = " ".join(folded[at : at + length])
            meaning = table.get(name)
            if meaning is None or (claimed and not _is_meant(name, meaning, words[at])):
                continue
            found.add(meaning)
            used.update(range(at, at + length))
            step = length
            break
        at += step
    return frozenset(found), frozenset(used)


def _is_meant(name: str, meaning: str, first: str) -> bool:
    if name == "us":
        return first == "US"
    return first[0].isupper() or (not meaning.startswith("place:") and name not in _WORDS_TOO)


def _capitalised(text: str) -> Iterator[str]:
    """Words that are written as names: capitalised inside a sentence, or with a capital or a digit inside the word."""
    for match in _TOKEN.finditer(text):
        word = match[0]
        inside = any(letter.isupper() for letter in word[1:])
        begins = bool(_BEGINS.search(text[: match.start()]))
        if (inside and len(word) > 1) or (word[0].isupper() and not begins and word != "I" and not word.startswith(("I'", "I’"))):
            yield word


def strange_names(sentence: str, given: str, *, german: bool = False) -> frozenset[str]:
    """Names of the sentence that what it rests on does not have. German writes every noun like a name: only places and dates are told."""
    claimed, used = _meanings(sentence, claimed=True)
    known, _ = _meanings(given, claimed=False)
    strange = set(claimed - known)
    if german:
        return frozenset(strange)
    words = _PIECES.findall(sentence)
    places = {fold(words[number]) for number in used}
    given_words = {fold(word) for word in _PIECES.findall(given)}
    for name in _capitalised(sentence):
        parts = [fold(part) for part in _PIECES.findall(name)]
        strange.update(part for part in parts if part not in places and not _known(part, given_words))
    return frozenset(strange)


def _known(part: str, given: set[str]) -> bool:
    if part in given or part.isdigit():
        return True
    return any(min(len(part), len(word)) >= _LEAST_SHARED and (part.startswith(word) or word.startswith(part)) for word in given)
