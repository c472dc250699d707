"""Replies made of the documents' own sentences, and the stored questions worth offering."""

from collections.abc import Sequence

import numpy as np

from domain.knowledge import ChunkKind, Citation, Draft, Passage
from knowledge.corpus import Corpus
from knowledge.retrieve import Ranking
from knowledge.signals import Candidate
from knowledge.words import sentences

EXTRACTIVE = "extractive"
REPLY_SENTENCES = 3
REPLY_CHARACTERS = 400
LONGEST_QUOTE = 500
MAX_SUGGESTIONS = 3


def extractive_draft(corpus: Corpus, row: int, ranking: Ranking) -> Draft:
    """A stored answer word for word; of running text its best sentences, in their order."""
    chunk = corpus.chunks[row]
    text = _best_sentences(corpus, row, ranking) if chunk.kind is ChunkKind.TEXT else chunk.text
    citation = Citation(
        document=corpus.names[chunk.document_id], page=chunk.page, document_id=chunk.document_id, quote=text[:LONGEST_QUOTE]
    )
    return Draft(text=text, citations=(citation,), model=EXTRACTIVE)


def _best_sentences(corpus: Corpus, row: int, ranking: Ranking) -> str:
    found = sentences(corpus.chunks[row].text)
    if sum(len(sentence) + 1 for sentence in found) <= REPLY_CHARACTERS:
        return " ".join(found)
    scores = corpus.sentences_of(row).astype(np.float32) @ ranking.vector
    chosen: list[int] = []
    length = 0
    for number in np.argsort(-scores, kind="stable"):
        if len(chosen) == REPLY_SENTENCES or (chosen and length + len(found[number]) + 1 > REPLY_CHARACTERS):
            break
        chosen.append(int(number))
        length += len(found[number]) + 1
    return " ".join(found[number] for number in sorted(chosen))


def passages(corpus: Corpus, found: Sequence[Candidate], *, limit: int = 5) -> tuple[Passage, ...]:
    """For people and for the language model: best first."""
    return tuple(_passage(corpus, one) for one in found[:limit])


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
        score=min(1.0, max(0.0, candidate.cosine, candidate.coverage)),
    )
