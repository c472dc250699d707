"""How upset a customer sounds: signals of any language, words of six, and nearness in meaning, weighed by a fitted model."""

import re
import tomllib
from functools import cache
from pathlib import Path

from domain.folded_words import fold
from knowledge.linear_ear import LinearEar

WORDS_FILE = Path(__file__).with_name("upset.toml")
MODEL_FILE = Path(__file__).with_name("mood.json")
KINDS = ("insult", "threat", "despair", "outrage", "joy")
SIGNALS = (*KINDS, "shouting", "hammering")

_WORD = re.compile(r"\w+")
_HAMMERING = re.compile(r"[!?]{3,}")
_SHOUTED_SHARE = 0.7
_SHOUTED_LETTERS = 8


def signals(text: str) -> tuple[float, ...]:
    """Whether each of `SIGNALS` shows, 0 or 1."""
    plain = " ".join(_WORD.findall(fold(text)))
    letters = [char for char in text if char.isalpha()]
    shouting = len(letters) >= _SHOUTED_LETTERS and sum(char.isupper() for char in letters) >= _SHOUTED_SHARE * len(letters)
    shown = _patterns()
    return (*(float(bool(shown[kind].search(plain))) for kind in KINDS), float(shouting), float(bool(_HAMMERING.search(text))))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    entries: dict[str, list[str]] = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return {kind: re.compile(r"\b(?:" + "|".join(_pattern(entry) for entry in entries[kind]) + ")") for kind in KINDS}


def _pattern(entry: str) -> str:
    words = re.escape(entry.removesuffix("."))
    return rf"{words}\b" if entry.endswith(".") else words


@cache
def mood_model() -> LinearEar:
    return LinearEar.model_validate_json(MODEL_FILE.read_text(encoding="utf-8"))
