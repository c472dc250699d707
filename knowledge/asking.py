"""Whether a message asks for a person in words that no phrase foresees: a second opinion beside `domain.person_requests`."""

import re
import tomllib
from functools import cache
from pathlib import Path

from domain.folded_words import plain
from knowledge.linear_ear import LinearEar

WORDS_FILE = Path(__file__).with_name("asking.toml")
MODEL_FILE = Path(__file__).with_name("asking.json")
KINDS = ("who", "anybody", "reach", "bot", "wish", "not_you")
TOGETHER = (("who", "reach"), ("anybody", "reach"), ("who", "wish"), ("anybody", "wish", "reach"))
SHORT_WORDS = 6


def signals(text: str) -> tuple[float, ...]:
    """Which kinds of words show, which show together, and whether the message is short; each 0 or 1."""
    words = plain(text)
    shown = {kind: bool(pattern.search(words)) for kind, pattern in _patterns().items()}
    together = (all(shown[kind] for kind in kinds) for kinds in TOGETHER)
    return (*(float(shown[kind]) for kind in KINDS), *map(float, together), float(len(words.split()) <= SHORT_WORDS))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    entries: dict[str, list[str]] = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return {kind: re.compile(r"\b(?:" + "|".join(_pattern(entry) for entry in entries[kind]) + r")\b") for kind in KINDS}


def _pattern(entry: str) -> str:
    return re.escape(entry.removesuffix("*")) + (r"\w*" if entry.endswith("*") else "")


@cache
def asking_model() -> LinearEar:
    return LinearEar.model_validate_json(MODEL_FILE.read_text(encoding="utf-8"))
