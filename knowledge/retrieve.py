"""Which units of the documents are nearest to a question. LlamaIndex retrievers over one immutable corpus."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from numpy.typing import NDArray

from knowledge.corpus import Corpus, Encode
from knowledge.lexicon import WordMatch

Floats = NDArray[np.float32]

POOL = 8
"""Units that each way of looking puts forward: words, meaning of the whole, of the title, and both together."""
_WORDS_WEIGHT = 0.5
"""Of the words' score in the fused one, where the documents know every word of the question."""

_CORE_WEIGHT = 0.7
"""Of the question's content words alone, beside the question as it was typed: greetings and chatter move its meaning."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The units worth a closer look, best fused score first, with the raw scores of all units beside them."""

    rows: tuple[int, ...]
    fused: Floats
    words: WordMatch
    cosines: Floats
    titles: Floats
    vector: Floats
    """Of the question."""
    strange: Mapping[str, Floats]
    """Vectors of the question's words that the documents don't have."""


def rank(corpus: Corpus, question: str, encode: Encode, *, pool: int = POOL, allowed: NDArray[np.bool_] | None = None) -> Ranking:
    """Relative-score fusion of words and meaning. The fused score only orders: it says nothing about how good the best one is.

    With `allowed`, which must name one unit at least, only those are looked at.
    """
    words = corpus.lexicon.match(question)
    strange = [word for word in words.words if word not in corpus.vocabulary]
    whole, core, *others = encode([question, " ".join(words.words) or question, *strange])
    vector = whole + _CORE_WEIGHT * core
    vector /= np.linalg.norm(vector)
    cosines = corpus.vectors @ vector
    titles = corpus.titles @ vector
    if allowed is not None:
        words = replace(words, scores=_only(words.scores, allowed))
        cosines, titles = _only(cosines, allowed), _only(titles, allowed)
    weight = _WORDS_WEIGHT * words.known
    fused = weight * _relative(words.scores) + (1 - weight) * _relative(cosines)
    rows = {*_top(fused, pool), *_top(cosines, pool // 2), *_top(titles, pool // 2), *_top(words.scores, pool // 2)}
    ordered = tuple(sorted((row for row in rows if allowed is None or allowed[row]), key=lambda row: -fused[row]))
    return Ranking(ordered, fused, words, cosines, titles, vector, dict(zip(strange, others, strict=True)))


def _only(scores: Floats, allowed: NDArray[np.bool_]) -> Floats:
    """Whatever is not allowed scores a little below the lowest that is, so that it is never put forward instead."""
    return np.where(allowed, scores, scores[allowed].min() - np.float32(1e-4))


def _top(scores: Floats, count: int) -> list[int]:
    count = min(count, len(scores))
    return [int(row) for row in np.argpartition(-scores, count - 1)[:count]] if count else []


def _relative(scores: Floats) -> Floats:
    if not len(scores):
        return scores
    low, high = scores.min(), scores.max()
    return np.zeros_like(scores) if high <= low else (scores - low) / (high - low)


class PassageRetriever(BaseRetriever):
    """LlamaIndex's view of a corpus: nodes whose ids are chunk ids, with the fused score; for pipelines made of its parts."""

    def __init__(self, corpus: Corpus, encode: Encode, *, limit: int = POOL) -> None:
        super().__init__()
        self._corpus = corpus
        self._encode = encode
        self._limit = limit

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        ranking = rank(self._corpus, query_bundle.query_str, self._encode)
        return [NodeWithScore(node=self._node(row), score=float(ranking.fused[row])) for row in ranking.rows[: self._limit]]

    def _node(self, row: int) -> TextNode:
        chunk = self._corpus.chunks[row]
        metadata = {"document_id": chunk.document_id, "page": chunk.page, "kind": chunk.kind.value, "question": chunk.question}
        return TextNode(id_=chunk.id, text=chunk.text, metadata=metadata, excluded_embed_metadata_keys=list(metadata))
