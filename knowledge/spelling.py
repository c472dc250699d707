"""Misspelt words of a question, set right by the words of the documents."""

import re
from collections.abc import Callable, Iterable

from domain.folded_words import fold

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST = 4
_LONG = 9
"""Letters from which two mistakes are forgiven instead of one."""
_SHORTEST_PART = 3


class Speller:
    """Knows the documents' words. What is a word of some language is never changed, even if the documents don't have it."""

    def __init__(self, words: Iterable[str], is_word: Callable[[str], bool]) -> None:
        self._is_word = is_word
        self._known = {fold(word) for word in words}
        self._near: dict[tuple[str, int], list[str]] = {}
        for word in self._known:
            if len(word) >= _SHORTEST and word.isalpha():
                self._near.setdefault((word[0], len(word)), []).append(word)

    def corrected(self, text: str) -> str:
        """The text with its misspelt words replaced, and with words that were run together set apart."""
        return _WORD.sub(lambda match: self._corrected(match[0]), text)

    def _corrected(self, word: str) -> str:
        plain = fold(word)
        if len(plain) < _SHORTEST or plain in self._known or self._is_word(word.casefold()) or self._is_word(plain):
            return word
        return self._nearest(plain) or self._parts(plain) or word

    def _nearest(self, word: str) -> str | None:
        most = 2 if len(word) >= _LONG else 1
        best: tuple[int, str] | None = None
        for length in range(len(word) - most, len(word) + most + 1):
            for other in self._near.get((word[0], length), ()):
                distance = _distance(word, other, most)
                if distance <= most and (best is None or (distance, other) < best):
                    best = (distance, other)
        return best[1] if best else None

    def _parts(self, word: str) -> str | None:
        for end in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
            if word[:end] in self._known and word[end:] in self._known:
                return f"{word[:end]} {word[end:]}"
        return None


def _distance(one: str, other: str, most: int) -> int:
    """Letters to change, add, drop or swap with their neighbour; anything above `most` where there are more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        current = [i]
        for j, against in enumerate(other, start=1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (letter != against))
            if before and i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        before, row = row, current
    return row[-1]
