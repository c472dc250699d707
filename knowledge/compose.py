"""Replies made of the documents' own sentences, and the stored questions worth offering."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.knowledge import ChunkKind, Citation, Draft, Passage
from knowledge.corpus import Corpus
from knowledge.retrieve import Ranking
from knowledge.signals import Candidate
from knowledge.words import sentences, stem, stems_in

EXTRACTIVE = "extractive"
REPLY_SENTENCES = 3
REPLY_CHARACTERS = 500
LONGEST_QUOTE = 600
MAX_PASSAGES = 5
MAX_SUGGESTIONS = 3

_WORDS_SHARE = 0.5
"""Of a sentence's share of the question's words, beside its cosine."""
_NEAR_PLACE = 3.0
"""How far behind the best one a stored question may be, on the ranking's logarithmic scale, to be worth offering."""
_NEAR_COSINE = 0.3


def extractive_draft(corpus: Corpus, row: int, ranking: Ranking) -> Draft:
    """A stored answer or a table's row word for word; of running text its best sentences, in their order."""
    chunk = corpus.chunks[row]
    text = _best_sentences(corpus, row, ranking) if chunk.kind is ChunkKind.TEXT else chunk.text
    name = corpus.names[chunk.document_id]
    citation = Citation(document=name, page=chunk.page, document_id=chunk.document_id, quote=text[:LONGEST_QUOTE])
    return Draft(text=text, citations=(citation,), model=EXTRACTIVE)


def _best_sentences(corpus: Corpus, row: int, ranking: Ranking) -> str:
    found = sentences(corpus.chunks[row].text)
    if sum(len(sentence) + 1 for sentence in found) <= REPLY_CHARACTERS:
        return " ".join(found)
    scores = corpus.sentences_of(row).astype(np.float32, copy=False) @ ranking.vector + _WORDS_SHARE * _coverage(
        found, corpus.digests[row].language, ranking
    )
    chosen: list[int] = []
    length = 0
    for number in np.argsort(-scores, kind="stable"):
        if len(chosen) == REPLY_SENTENCES:
            break
        if not chosen or length + len(found[number]) + 1 <= REPLY_CHARACTERS:
            chosen.append(int(number))
            length += len(found[number]) + 1
    return " ".join(found[number] for number in sorted(chosen))


def _coverage(found: Sequence[str], language: str, ranking: Ranking) -> NDArray[np.float32]:
    weights = {stem(word, language): float(weight) for word, weight in zip(ranking.words.words, ranking.words.weights, strict=True)}
    weights.pop("", None)
    total = sum(weights.values()) or 1.0
    return np.array(
        [sum(weights[term] for term in weights.keys() & stems_in(sentence, language)) / total for sentence in found], np.float32
    )


def passages(corpus: Corpus, found: Sequence[Candidate]) -> tuple[Passage, ...]:
    """For people and for the language model: best first."""
    return tuple(_passage(corpus, one) for one in found[:MAX_PASSAGES])


def suggestions(corpus: Corpus, found: Sequence[Candidate]) -> tuple[str, ...]:
    """Stored questions near to what was asked, best first."""
    near = []
    for one in found:
        question = corpus.chunks[one.row].question
        meant = max(one.signals["title_cosine"], one.signals["cosine"]) >= _NEAR_COSINE or one.signals["concepts_agree"] > 0
        if question and meant and found[0].place - one.place <= _NEAR_PLACE:
            near.append(question)
    return tuple(near[:MAX_SUGGESTIONS])


def _passage(corpus: Corpus, candidate: Candidate) -> Passage:
    chunk = corpus.chunks[candidate.row]
    return Passage(
        chunk_id=chunk.id,
        document_id=chunk.document_id,
        document=corpus.names[chunk.document_id],
        page=chunk.page,
        kind=chunk.kind,
        heading=chunk.heading,
        question=chunk.question,
        text=chunk.text,
        score=min(1.0, max(0.0, candidate.signals["cosine"], candidate.signals["explained"])),
    )
