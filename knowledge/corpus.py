"""The published documents in memory: units, their vectors, their words. Immutable; a new version makes a new one."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from domain.folded_words import fold
from domain.knowledge import Chunk, ChunkKind
from knowledge.digest import Digest, digest, title_of
from knowledge.embed import texts_to_embed, unpack
from knowledge.lexicon import Lexicon
from knowledge.spelling import Speller
from knowledge.words import detect_language, is_common, words_of

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
Rows = NDArray[np.float32] | NDArray[np.float16]
Encode = Callable[[Sequence[str]], Floats]
IsWord = Callable[[str], bool]

_SURE_OF_LANGUAGE = 200
"""Characters of text from which its language is trusted more than its document's."""
_WORDS_AT_ONCE = 512
_MOST_SINGLE = 50_000
"""Rows of vectors up to which they are held in single precision: 100 MB. Half precision takes half of that and a little more time."""


@dataclass(frozen=True)
class Corpus:
    """Row i of `vectors` and `titles` belongs to unit i; its sentences are rows `starts[i]` to `starts[i + 1]`."""

    version: int
    chunks: tuple[Chunk, ...]
    names: Mapping[str, str]
    vectors: Floats
    titles: Floats
    sentence_vectors: Rows
    starts: tuple[int, ...]
    lexicon: Lexicon
    speller: Speller
    digests: tuple[Digest, ...]
    concept_weights: Mapping[str, float]
    """How much a concept tells when it stands in a unit; the same in titles below."""
    title_concept_weights: Mapping[str, float]
    rarest_concept: float
    vocabulary: Mapping[str, int]
    word_vectors: Rows
    answers: Mapping[str, int]
    """Rows of the stored questions, by their bare words."""
    word_ids: tuple[NDArray[np.int32], ...] = field(repr=False)
    """Of each unit's words, its title's words first."""
    refused: tuple[str, ...] = ()
    """Names of documents that were left out: they must be imported again."""

    def rows_of(self, documents: Sequence[str]) -> NDArray[np.bool_]:
        """Which units stand in the documents with these file names."""
        wanted = {key for key, name in self.names.items() if name in documents}
        return np.fromiter((chunk.document_id in wanted for chunk in self.chunks), np.bool_, len(self.chunks))

    def is_pair(self, row: int) -> bool:
        return self.chunks[row].kind is ChunkKind.QUESTION_ANSWER

    def sentences_of(self, row: int) -> Rows:
        return self.sentence_vectors[self.starts[row] : self.starts[row + 1]]


def bare(question: str) -> str:
    """A question's words alone, for finding the very same one again."""
    return " ".join(fold(word) for word in words_of(question))


def build_corpus(
    version: int,
    chunks: Iterable[Chunk],
    names: Mapping[str, str],
    *,
    embedding_model: str,
    encode: Encode,
    is_word: IsWord,
    previous: Corpus | None = None,
) -> Corpus:
    """What `previous` already knows of the same chunks and words is taken over. A word that `is_word` knows is never corrected.

    Chunks that were embedded by another model are left out, as their vectors can't be compared with a question's.
    """
    kept: list[Chunk] = []
    rows: list[Halves] = []
    refused: set[str] = set()
    for chunk in chunks:
        if chunk.embedding_model != embedding_model:
            refused.add(names.get(chunk.document_id, chunk.document_id))
            continue
        rows.append(unpack(chunk.vector, len(texts_to_embed(chunk))))
        kept.append(chunk.model_copy(update={"vector": b""}))
    digests = _digests(kept, previous)
    vocabulary, word_vectors = _vocabulary(digests, encode, previous)
    lexicon = Lexicon([(one.language, title_of(chunk), chunk.text) for one, chunk in zip(digests, kept, strict=True)])
    nothing = np.zeros((0, rows[0].shape[1] if rows else 1), np.float16)
    return Corpus(
        version=version,
        chunks=tuple(kept),
        names=dict(names),
        vectors=np.asarray([some[0] for some in rows] or nothing, np.float32),
        titles=np.asarray([some[1] for some in rows] or nothing, np.float32),
        sentence_vectors=_held(np.concatenate([some[2:] for some in rows]) if rows else nothing),
        starts=(0, *accumulate(len(some) - 2 for some in rows)),
        lexicon=lexicon,
        speller=Speller(vocabulary, lambda word: is_common(word) or lexicon.knows(word) or is_word(word)),
        digests=digests,
        concept_weights=_weights([one.concepts for one in digests]),
        title_concept_weights=_weights([one.title_concepts for one in digests]),
        rarest_concept=_rarity(0, len(digests)),
        vocabulary=vocabulary,
        word_vectors=word_vectors,
        answers={bare(chunk.question): row for row, chunk in reversed(list(enumerate(kept))) if chunk.question},
        word_ids=tuple(_ids(one, vocabulary) for one in digests),
        refused=tuple(sorted(refused)),
    )


def _digests(chunks: Sequence[Chunk], previous: Corpus | None) -> tuple[Digest, ...]:
    texts: dict[str, list[str]] = {}
    for chunk in chunks:
        texts.setdefault(chunk.document_id, []).append(chunk.text)
    of_document = {document: detect_language(" ".join(some[:40])) for document, some in texts.items()}
    known = {(old.id, old.question, old.text): one for old, one in zip(previous.chunks, previous.digests, strict=True)} if previous else {}
    found = []
    for chunk in chunks:
        language = of_document[chunk.document_id]
        if len(chunk.text) > _SURE_OF_LANGUAGE:
            language = detect_language(f"{chunk.question or ''} {chunk.text}", default=language)
        one = known.get((chunk.id, chunk.question, chunk.text))
        found.append(one if one is not None and one.language == language else digest(chunk, language))
    return tuple(found)


def _vocabulary(digests: Sequence[Digest], encode: Encode, previous: Corpus | None) -> tuple[dict[str, int], Rows]:
    words = list(dict.fromkeys(word for one in digests for word in one.words))
    old = previous.vocabulary if previous else {}
    fresh = [word for word in words if word not in old]
    vectors: dict[str, Rows] = {}
    for start in range(0, len(fresh), _WORDS_AT_ONCE):
        some = fresh[start : start + _WORDS_AT_ONCE]
        vectors.update(zip(some, encode(some).astype(np.float16), strict=True))
    if previous:
        vectors.update({word: previous.word_vectors[old[word]] for word in words if word in old})
    matrix = np.asarray([vectors[word] for word in words], np.float16) if words else np.zeros((0, 1), np.float16)
    return {word: row for row, word in enumerate(words)}, _held(matrix)


def _held(matrix: Halves) -> Rows:
    return matrix if len(matrix) > _MOST_SINGLE else matrix.astype(np.float32)


def _ids(one: Digest, vocabulary: Mapping[str, int]) -> NDArray[np.int32]:
    ordered = dict.fromkeys((*one.title_words, *one.words))
    return np.fromiter((vocabulary[word] for word in ordered), np.int32, len(ordered))


def _weights(sets: Sequence[frozenset[str]]) -> dict[str, float]:
    counts = Counter(concept for some in sets for concept in some)
    return {concept: _rarity(count, len(sets)) for concept, count in counts.items()}


def _rarity(count: int, total: int) -> float:
    return math.log(1 + (total - count + 0.5) / (count + 0.5))
