"""Whether a customer asks to be put through to a person, in English, Spanish, Portuguese, French, German or Italian.

The text is folded, its commonest misspellings are mended, and phrases are looked for in it. Words alone decide nothing: "an agent in
Chile" and "for one person" ask for nobody. What this was measured on stands in `tests/eval/messages/person_requests.txt`.
"""

import re
from functools import lru_cache

from domain.folded_words import END, plain
from domain.person_request_phrases import NAMED, NEGATED, ONLY, PARTS, PHRASES, WORDS, YES

MOST_READ = 2_000
"""Characters."""


def _words(words: str) -> str:
    """One of these, longest first, so that "customer service agent" is not cut short."""
    return "(" + "|".join(word.replace("_", " ") for word in sorted(words.split(), key=len, reverse=True)) + ")"


_NAMES = {**{name: _words(words) for name, words in WORDS.items()}, **PARTS}


def _pattern(phrase: str) -> str:
    whole = re.sub(r"<(\w+)>", lambda name: _NAMES[name[1]], phrase.strip().replace("\n    ", ""))
    return re.sub(r"\((?!\?)", "(?:", whole)


def _phrases(block: str) -> list[str]:
    return [_pattern(phrase) for phrase in re.split(r"\n(?! {4})", block.strip("\n"))]


_ASKING = re.compile("|".join(rf"(?:\b|(?=\.)){phrase}" for block in PHRASES.values() for phrase in _phrases(block)))
_ONLY, _YES, _NEGATED, _NAMED = (re.compile(_pattern(phrase)) for phrase in (ONLY, YES, NEGATED, NAMED))
_BOT = re.compile(rf"\b{_pattern('<bot>')}\b")


@lru_cache(maxsize=2_000)
def asks_for_person(text: str) -> bool:
    """Whether the customer asks for a person: by naming what they want, or by refusing to go on with a bot."""
    words = plain(text[:MOST_READ])
    if _ONLY.match(words) or _NAMED.search(text[:MOST_READ]):
        return True
    for found in _ASKING.finditer(words):
        before = words[: found.start()].rpartition(END)[2].lstrip()
        if _BOT.search(found.group()) or not _NEGATED.search(f" {before}"):
            return True
    return False


def accepts(text: str) -> bool:
    """Whether this is a yes, and nothing but a yes, to the question whether a person shall take over."""
    return any(char.isalnum() for char in text) and bool(_YES.match(plain(text[:200])))
