"""Words: BM25 over every language of the documents, and which of a question's words stand where."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import bm25s
import numpy as np
from numpy.typing import NDArray

from knowledge.words import LANGUAGES, detect_language, question_words, stem, stems

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it turns its own debug lines on when it is imported

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

_K1 = 1.2
_B = 0.6


@dataclass(frozen=True, slots=True)
class WordMatch:
    """How a question's words met the units."""

    words: tuple[str, ...]
    weights: Floats
    """How much each word tells: its rarity in the documents."""
    scores: Floats
    """BM25 of each unit."""
    ideal: float
    """The highest BM25 score that these words could reach."""
    hits: Flags
    """Whether word w (row) stands in unit u (column), by stem."""
    title_hits: Flags

    @property
    def known(self) -> float:
        """Share of the words that the documents know at all."""
        return float(self.hits.any(axis=1).mean()) if self.words and self.hits.shape[1] else 0.0


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
        self.rarest = max((part.rarest for part in self._parts), default=1.0)
        """Weight of a word that the documents don't have."""
        self._asked_in = tuple(dict.fromkeys((*by_language, *LANGUAGES)))

    def language_of(self, question: str) -> str:
        """Where a question is too short to tell, it is taken to be in the documents' language."""
        return detect_language(question, default=self._default, among=self._asked_in)

    def knows(self, word: str) -> bool:
        """Whether the documents have the word in any form."""
        return any(stem(word, part.language) in part.body.vocab_dict for part in self._parts)

    def match(self, question: str) -> WordMatch:
        words = tuple(question_words(question, self.language_of(question)))
        scores = np.zeros(self._size, np.float32)
        hits = np.zeros((len(words), self._size), np.bool_)
        title_hits = np.zeros((len(words), self._size), np.bool_)
        weights = np.zeros(len(words), np.float32)
        for part in self._parts:
            for number, word in enumerate(words):
                term = stem(word, part.language)
                column = part.body.vocab_dict.get(term) if term else None
                weights[number] = max(weights[number], part.rarest if column is None else part.rarity[column])
                if column is None:
                    continue
                where, values = _column(part.body, column)
                rows = part.rows[where]
                scores[rows] += values
                hits[number, rows] = True
                column = part.title.vocab_dict.get(term)
                if column is not None:
                    title_hits[number, part.rows[_column(part.title, column)[0]]] = True
        return WordMatch(words, weights, scores, float(weights.sum()) * (_K1 + 1), hits, title_hits)


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
