"""Words: BM25 over every language of the documents, and how much of a question the documents' words cover."""

from collections.abc import Sequence
from dataclasses import dataclass

import bm25s
import numpy as np
from numpy.typing import NDArray

from knowledge.words import LANGUAGES, content_words, detect_language, stem, stems

Floats = NDArray[np.float32]

_K1 = 1.2
_B = 0.6


@dataclass(frozen=True, slots=True)
class WordMatch:
    """How a question's words met the units. All arrays have one entry for each unit."""

    scores: Floats
    coverage: Floats
    """Share of the question's words found in the unit, rare words counting more; 0 to 1."""
    title_coverage: Floats
    """The same, against the unit's title."""
    known: float
    """Share of the question's words that the documents know at all; 0 to 1."""
    ideal: float
    """The highest BM25 score that these words could reach."""
    words: int


@dataclass(frozen=True, slots=True)
class _Part:
    """The units of one language."""

    language: str
    rows: NDArray[np.int64]
    body: bm25s.BM25
    title: bm25s.BM25
    rarity: Floats
    """Inverse document frequency of each word of `body`."""
    rarest: float

    def weight(self, term: str) -> float:
        column = self.body.vocab_dict.get(term)
        return self.rarest if column is None else float(self.rarity[column])


class Lexicon:
    """An immutable index of the units' words. Each language is stemmed and weighed by itself."""

    def __init__(self, units: Sequence[tuple[str, str, str]]) -> None:
        """`units`: language, title, text of each."""
        self._size = len(units)
        by_language: dict[str, list[int]] = {}
        for row, (language, _, _) in enumerate(units):
            by_language.setdefault(language, []).append(row)
        self._parts = [_part(language, rows, units) for language, rows in by_language.items()]
        self._default = max(by_language, key=lambda language: len(by_language[language]), default="en")
        self._asked_in = tuple(dict.fromkeys((*by_language, *LANGUAGES)))

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(part.language for part in self._parts)

    def match(self, question: str) -> WordMatch:
        language = detect_language(question, default=self._default, among=self._asked_in)
        words = list(dict.fromkeys(content_words(question, language)))
        scores = np.zeros(self._size, np.float32)
        coverage = np.zeros(self._size, np.float32)
        title_coverage = np.zeros(self._size, np.float32)
        known: set[str] = set()
        ideal = 0.0
        for part in self._parts:
            terms = {found: word for word in words if (found := stem(word, part.language))}
            weights = {term: part.weight(term) for term in terms}
            total = sum(weights.values())
            for term, weight in weights.items():
                column = part.body.vocab_dict.get(term)
                if column is None:
                    continue
                known.add(terms[term])
                where, values = _column(part.body, column)
                rows = part.rows[where]
                scores[rows] += values
                coverage[rows] += weight / total
                column = part.title.vocab_dict.get(term)
                if column is not None:
                    title_coverage[part.rows[_column(part.title, column)[0]]] += weight / total
            ideal = max(ideal, total * (_K1 + 1))
        return WordMatch(scores, coverage, title_coverage, len(known) / len(words) if words else 0.0, ideal, len(words))


def _part(language: str, rows: list[int], units: Sequence[tuple[str, str, str]]) -> _Part:
    titles = [stems(units[row][1], language) for row in rows]
    bodies = [title + stems(units[row][2], language) for row, title in zip(rows, titles, strict=True)]
    body = _bm25(bodies)
    counts = np.diff(body.scores["indptr"]).astype(np.float32)
    rarity = np.log(1 + (len(rows) - counts + 0.5) / (counts + 0.5)).astype(np.float32)
    rarest = float(np.log(1 + (len(rows) + 0.5) / 0.5))
    return _Part(language, np.array(rows, np.int64), body, _bm25(titles), rarity, rarest)


def _bm25(tokens: list[list[str]]) -> bm25s.BM25:
    vocabulary: dict[str, int] = {}
    ids = [[vocabulary.setdefault(word, len(vocabulary)) for word in words] for words in tokens]
    if not vocabulary:
        ids, vocabulary = [[0] for _ in tokens], {"": 0}
    index = bm25s.BM25(k1=_K1, b=_B, method="lucene")
    index.index((ids, vocabulary), create_empty_token=False, show_progress=False)
    return index


def _column(index: bm25s.BM25, word: int) -> tuple[NDArray[np.int32], Floats]:
    """The units that hold a word, and what it adds to their score."""
    start, end = index.scores["indptr"][word], index.scores["indptr"][word + 1]
    return index.scores["indices"][start:end], index.scores["data"][start:end]
