"""The raw figures by which a unit is judged to answer a question. None comes from a fused rank: each means the same in every shop."""

from dataclasses import dataclass

import numpy as np

from knowledge.corpus import Corpus, bare
from knowledge.retrieve import Ranking
from knowledge.words import fold


@dataclass(frozen=True, slots=True)
class Candidate:
    """One unit beside the question. Shares and cosines run from 0 (cosines from -1) to 1."""

    row: int
    cosine: float
    title: float
    """Cosine to the unit's own question or heading."""
    sentence: float
    """Best cosine of its sentences."""
    coverage: float
    title_coverage: float
    words: float
    """BM25, as a share of the highest score that the question's words could reach."""
    spelling: float
    """Share of letter triples that the question and the unit's own question have in common."""
    same: float
    """1 if it is the very same question."""
    pair: float
    """1 for a question-and-answer pair."""


def candidates(corpus: Corpus, question: str, ranking: Ranking) -> list[Candidate]:
    asked = bare(question)
    same = corpus.answers.get(asked)
    triples = _triples(asked)
    found = []
    for row in ranking.rows:
        sentences = corpus.sentences_of(row)
        found.append(
            Candidate(
                row=row,
                cosine=float(ranking.cosines[row]),
                title=float(ranking.titles[row]),
                sentence=float((sentences.astype(np.float32) @ ranking.vector).max(initial=-1.0)),
                coverage=float(ranking.words.coverage[row]),
                title_coverage=float(ranking.words.title_coverage[row]),
                words=float(ranking.words.scores[row]) / ranking.words.ideal if ranking.words.ideal else 0.0,
                spelling=_alike(triples, _triples(bare(corpus.chunks[row].question or ""))),
                same=float(row == same),
                pair=float(corpus.is_pair(row)),
            )
        )
    return found


def _triples(text: str) -> frozenset[str]:
    padded = f"  {fold(text)} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Sørensen-Dice."""
    return 2 * len(one & other) / (len(one) + len(other)) if other else 0.0
