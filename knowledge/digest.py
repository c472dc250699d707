"""What the index keeps of a unit besides its vectors: its words and the concepts that they stand for."""

import sys
from dataclasses import dataclass

from domain.knowledge import Chunk, ChunkKind
from knowledge.answer_kinds import CONCEPT_OF_KIND, figures, kinds_held
from knowledge.chunk import ROW_DASH, Unit
from knowledge.concepts import concepts_of
from knowledge.words import content_words


@dataclass(frozen=True, slots=True)
class Digest:
    language: str
    words: tuple[str, ...]
    """Content words of title and text, each once."""
    title_words: tuple[str, ...]
    concepts: frozenset[str]
    """Of title and text."""
    title_concepts: frozenset[str]
    kinds: frozenset[str]
    """Kinds of answers that the text holds."""
    figures: frozenset[str]
    """Numbers in the text."""


def title_of(chunk: Chunk | Unit) -> str:
    """The question of a pair; of a table's row the heading and what the row is about; of running text the nearest heading."""
    if chunk.question:
        return chunk.question
    heading = chunk.heading.rpartition(" > ")[2]
    return f"{heading}: {chunk.text.partition(ROW_DASH)[0]}" if chunk.kind is ChunkKind.TABLE else heading


def digest(chunk: Chunk, language: str) -> Digest:
    title = title_of(chunk)
    whole = f"{title} {chunk.text}"
    kinds = kinds_held(chunk.text)
    return Digest(
        language=language,
        words=_words(whole, language),
        title_words=_words(title, language),
        concepts=concepts_of(whole) | {CONCEPT_OF_KIND[kind] for kind in kinds if kind in CONCEPT_OF_KIND},
        title_concepts=concepts_of(title),
        kinds=kinds,
        figures=figures(chunk.text),
    )


def _words(text: str, language: str) -> tuple[str, ...]:
    return tuple(sys.intern(word) for word in dict.fromkeys(content_words(text, language)))
