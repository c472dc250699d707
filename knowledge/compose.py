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
REPLY_SENTENCES = 4
REPLY_CHARACTERS = 600
LONGEST_QUOTE = 600
MAX_PASSAGES = 5
MAX_SUGGESTIONS = 3

_OWN_BONUS = 0.15
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
    """The unit's sentences nearest to the question; one of the unit before or after, where it is nearer still."""
    rows = [near for near in (row - 1, row, row + 1) if near == row or _continues(corpus, row, near)]
    found: list[str] = []
    scores: list[NDArray[np.float32]] = []
    for near in rows:
        some = sentences(corpus.chunks[near].text)
        values = corpus.sentences_of(near).astype(np.float32, copy=False) @ ranking.vector
        values = values + _WORDS_SHARE * _coverage(some, corpus.digests[near].language, ranking)
        found.extend(some)
        scores.append(values + _OWN_BONUS if near == row else values)
    chosen: list[int] = []
    length = 0
    for number in np.argsort(-np.concatenate(scores), kind="stable"):
        if len(chosen) == REPLY_SENTENCES:
            break
        if not chosen or length + len(found[number]) + 1 <= REPLY_CHARACTERS:
            chosen.append(int(number))
            length += len(found[number]) + 1
    return " ".join(found[number] for number in sorted(chosen))


def _continues(corpus: Corpus, row: int, near: int) -> bool:
    """Whether two units are running text under the same heading of one document."""
    if not 0 <= near < len(corpus.chunks):
        return False
    one, other = corpus.chunks[row], corpus.chunks[near]
    return other.kind is ChunkKind.TEXT and (one.document_id, one.heading) == (other.document_id, other.heading)


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
