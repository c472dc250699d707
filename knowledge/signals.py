"""The raw figures by which a unit is judged to answer a question. None comes from a fused rank: each means the same in every shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.knowledge import ChunkKind
from knowledge.answer_kinds import kinds_asked, kinds_held
from knowledge.concepts import concepts_of, concepts_of_word
from knowledge.corpus import Corpus, bare
from knowledge.retrieve import Ranking
from knowledge.words import sentences

Floats = NDArray[np.float32]

_SHARED_FIGURES = 3
_WIDEST = 6.0
"""Standard deviations."""
_CONCEPT_EXPLAINS = 0.9
"""How well a word is explained by a unit that speaks of the same concept in another word; 1 is the word itself."""

RANKING = (
    "cosine",
    "title_cosine",
    "sentence_cosine",
    "words",
    "coverage",
    "title_coverage",
    "pair",
    "table",
    "concepts_title",
    "concepts_text",
    "concepts_title_asked",
    "concepts_agree",
    "explained",
    "least_explained",
    "title_explained",
    "title_least_explained",
    "kind_held",
    "kind_missing",
    "cosine_z",
    "title_z",
    "sentence_kind",
)
"""The signals of one unit that decide its place."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One unit beside the question: its row in the corpus and its signals by name. Shares and cosines, so that 1 is the best."""

    row: int
    signals: Mapping[str, float]
    figures: frozenset[str] = frozenset()
    """Numbers in its text."""
    place: float = 0.0
    """What it is ordered by: the ranking model's score, on a logarithmic scale."""

    def agrees_with(self, other: "Candidate") -> bool:
        """Whether both seem to say the same, once in a table and once in words: they share their numbers."""
        shared = len(self.figures & other.figures)
        return shared >= _SHARED_FIGURES and shared * 2 >= min(len(self.figures), len(other.figures))


@dataclass(frozen=True, slots=True)
class _Question:
    concepts: frozenset[str]
    word_concepts: tuple[frozenset[str], ...]
    word_vectors: Floats
    same: int | None
    kinds: frozenset[str]
    language: str
    unknown: NDArray[np.bool_]
    """Words that the documents have in no form."""
    cosine: tuple[float, float]
    """Mean and deviation of the cosines of all units; the same of titles below."""
    title_cosine: tuple[float, float]


def candidates(corpus: Corpus, question: str, ranking: Ranking) -> list[Candidate]:
    """The pool's units with their signals, in no order."""
    words = ranking.words.words
    asked = _Question(
        concepts=concepts_of(question),
        word_concepts=tuple(concepts_of_word(word) for word in words),
        word_vectors=_word_vectors(corpus, ranking),
        same=corpus.answers.get(bare(question)),
        kinds=kinds_asked(question),
        language=corpus.lexicon.language_of(question),
        unknown=np.logical_not(ranking.words.hits.any(axis=1), dtype=np.bool_),
        cosine=_spread(ranking.cosines),
        title_cosine=_spread(ranking.titles),
    )
    similar = _similar(corpus, ranking.rows, asked.word_vectors)
    return [
        Candidate(row, _signals(corpus, row, asked, ranking, similar[number]), corpus.digests[row].figures)
        for number, row in enumerate(ranking.rows)
    ]


def _spread(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(values.std()) + 0.02


def _deviation(value: float, spread: tuple[float, float]) -> float:
    return min(_WIDEST, (value - spread[0]) / spread[1])


def _word_vectors(corpus: Corpus, ranking: Ranking) -> Floats:
    words, strange = ranking.words.words, ranking.strange
    if not words:
        return np.zeros((0, corpus.word_vectors.shape[1]), np.float32)
    return np.asarray([strange[word] if word in strange else corpus.word_vectors[corpus.vocabulary[word]] for word in words], np.float32)


def _similar(corpus: Corpus, rows: Sequence[int], word_vectors: Floats) -> list[Floats]:
    """For each unit: cosine of each of its words (column) to each word of the question (row)."""
    if not len(word_vectors):
        return [np.zeros((0, 0), np.float32)] * len(rows)
    ids, where = np.unique(np.concatenate([corpus.word_ids[row] for row in rows]), return_inverse=True)
    cosines = word_vectors @ corpus.word_vectors[ids].astype(np.float32, copy=False).T
    found = []
    start = 0
    for row in rows:
        end = start + len(corpus.word_ids[row])
        found.append(cosines[:, where[start:end]])
        start = end
    return found


def _signals(corpus: Corpus, row: int, asked: _Question, ranking: Ranking, similar: Floats) -> dict[str, float]:
    words, unit = ranking.words, corpus.digests[row]
    total = float(words.weights.sum()) or 1.0
    explained = _explained(similar, words.hits[:, row], asked, unit.concepts)
    title_explained = _explained(similar[:, : len(unit.title_words)], words.title_hits[:, row], asked, unit.title_concepts)
    in_title = _share(asked.concepts, unit.title_concepts, corpus.title_concept_weights, corpus.rarest_concept)
    title_asked = _share(unit.title_concepts, asked.concepts, corpus.title_concept_weights, corpus.rarest_concept)
    return {
        "cosine": float(ranking.cosines[row]),
        "title_cosine": float(ranking.titles[row]),
        "sentence_cosine": float((corpus.sentences_of(row).astype(np.float32, copy=False) @ ranking.vector).max(initial=-1.0)),
        "words": float(words.scores[row]) / words.ideal if words.ideal else 0.0,
        "coverage": float(words.weights @ words.hits[:, row]) / total,
        "title_coverage": float(words.weights @ words.title_hits[:, row]) / total,
        "pair": float(corpus.is_pair(row)),
        "table": float(corpus.chunks[row].kind is ChunkKind.TABLE),
        "concepts_title": in_title,
        "concepts_text": _share(asked.concepts, unit.concepts, corpus.concept_weights, corpus.rarest_concept),
        "concepts_title_asked": title_asked,
        "concepts_agree": 2 * in_title * title_asked / (in_title + title_asked) if in_title + title_asked else 0.0,
        "concepts_asked": float(bool(asked.concepts)),
        "explained": float(words.weights @ explained) / total,
        "least_explained": float(explained.min(initial=1.0)) if len(explained) else 0.0,
        "title_explained": float(words.weights @ title_explained) / total,
        "title_least_explained": float(title_explained.min(initial=1.0)) if len(title_explained) else 0.0,
        "same": float(row == asked.same),
        "kind_held": len(asked.kinds & unit.kinds) / len(asked.kinds) if asked.kinds else 0.0,
        "kind_missing": float(bool(asked.kinds - unit.kinds)),
        "cosine_z": _deviation(float(ranking.cosines[row]), asked.cosine),
        "title_z": _deviation(float(ranking.titles[row]), asked.title_cosine),
        "unexplained": float((words.weights * (1 - explained)).max(initial=0.0)) / corpus.lexicon.rarest,
        "strange": float((words.weights * (1 - explained) * asked.unknown).sum()) / total,
        "foreign": float(asked.language != unit.language),
        "sentence_kind": _sentence_kind(corpus, row, asked, ranking),
    }


def _explained(similar: Floats, hits: NDArray[np.bool_], asked: _Question, concepts: frozenset[str]) -> Floats:
    """How well the unit accounts for each word of the question: by the word itself, by a concept, or by the nearest word."""
    best = similar.max(axis=1, initial=0.0) if similar.size else np.zeros(len(hits), np.float32)
    by_concept = np.fromiter((bool(some & concepts) for some in asked.word_concepts), np.bool_, len(hits))
    return np.where(hits, 1.0, np.where(by_concept, np.maximum(best, _CONCEPT_EXPLAINS), best)).astype(np.float32)


def _sentence_kind(corpus: Corpus, row: int, asked: _Question, ranking: Ranking) -> float:
    """Of the kinds of answer that are asked for, the share that stands in the very sentence that is nearest to the question."""
    if not asked.kinds:
        return 0.0
    nearest = int((corpus.sentences_of(row).astype(np.float32, copy=False) @ ranking.vector).argmax())
    return len(asked.kinds & kinds_held(sentences(corpus.chunks[row].text)[nearest])) / len(asked.kinds)


def _share(wanted: frozenset[str], there: frozenset[str], weights: Mapping[str, float], rarest: float) -> float:
    total = sum(weights.get(concept, rarest) for concept in wanted)
    return sum(weights.get(concept, rarest) for concept in wanted & there) / total if total else 0.0
