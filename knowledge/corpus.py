"""The published documents in memory: units, their vectors and their words. Immutable; a new version makes a new one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput
from domain.knowledge import Chunk, ChunkKind
from knowledge.embed import texts_to_embed, title_of, unpack
from knowledge.lexicon import Lexicon
from knowledge.words import detect_language, fold, words_of

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Corpus:
    """`vectors` and `titles` hold one row for each unit; the sentences of unit i are rows `starts[i]` to `starts[i + 1]`."""

    version: int
    chunks: tuple[Chunk, ...]
    names: Mapping[str, str]
    vectors: Floats
    titles: Floats
    sentence_vectors: NDArray[np.float16]
    starts: tuple[int, ...]
    languages: tuple[str, ...]
    lexicon: Lexicon
    answers: Mapping[str, int]
    """Rows of the stored questions, by their bare words."""

    def is_pair(self, row: int) -> bool:
        return self.chunks[row].kind is ChunkKind.QUESTION_ANSWER

    def sentences_of(self, row: int) -> NDArray[np.float16]:
        return self.sentence_vectors[self.starts[row] : self.starts[row + 1]]


def bare(question: str) -> str:
    """A question's words alone, for finding the very same one again."""
    return " ".join(fold(word) for word in words_of(question))


def build_corpus(version: int, chunks: Iterable[Chunk], names: Mapping[str, str], *, embedding_model: str, dimensions: int) -> Corpus:
    """Raises InvalidInput if a chunk was embedded by another model: its vectors can't be compared with a question's."""
    kept: list[Chunk] = []
    wholes, titles, parts, counts = [], [], [], []
    for chunk in chunks:
        if chunk.embedding_model != embedding_model:
            raise InvalidInput(
                f"Document {names.get(chunk.document_id, chunk.document_id)} was embedded by {chunk.embedding_model or 'no model'}, "
                f"this release embeds by {embedding_model}. Import it again: ./frontdesk knowledge import FILE"
            )
        rows = unpack(chunk.vector, len(texts_to_embed(chunk)))
        wholes.append(rows[0])
        titles.append(rows[1])
        parts.append(rows[2:])
        counts.append(len(rows) - 2)
        kept.append(chunk.model_copy(update={"vector": b""}))
    languages = _languages(kept)
    lexicon = Lexicon([(language, title_of(chunk), chunk.text) for language, chunk in zip(languages, kept, strict=True)])
    empty = np.zeros((0, dimensions))
    return Corpus(
        version=version,
        chunks=tuple(kept),
        names=dict(names),
        vectors=np.asarray(wholes or empty, np.float32),
        titles=np.asarray(titles or empty, np.float32),
        sentence_vectors=np.concatenate(parts) if parts else empty.astype(np.float16),
        starts=(0, *accumulate(counts)),
        languages=tuple(languages),
        lexicon=lexicon,
        answers={bare(chunk.question): row for row, chunk in reversed(list(enumerate(kept))) if chunk.question},
    )


def _languages(chunks: Sequence[Chunk]) -> list[str]:
    """Of each unit; where a unit is too short to tell, its document's."""
    texts: dict[str, list[str]] = {}
    for chunk in chunks:
        texts.setdefault(chunk.document_id, []).append(chunk.text)
    of_document = {document: detect_language(" ".join(some[:40])) for document, some in texts.items()}
    return [
        detect_language(f"{chunk.question or ''} {chunk.text}", default=of_document[chunk.document_id])
        if len(chunk.text) > 200
        else of_document[chunk.document_id]
        for chunk in chunks
    ]
