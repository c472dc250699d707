"""What the index keeps of a unit besides its vectors: its words and the concepts that they stand for."""

import sys
from dataclasses import dataclass

from domain.knowledge import Chunk
from knowledge.chunk import Unit
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


def title_of(chunk: Chunk | Unit) -> str:
    """The question of a pair; of other pieces the nearest heading."""
    return chunk.question or chunk.heading.rpartition(" > ")[2]


def digest(chunk: Chunk, language: str) -> Digest:
    title = title_of(chunk)
    whole = f"{title} {chunk.text}"
    return Digest(
        language=language,
        words=_words(whole, language),
        title_words=_words(title, language),
        concepts=concepts_of(whole),
        title_concepts=concepts_of(title),
    )


def _words(text: str, language: str) -> tuple[str, ...]:
    return tuple(sys.intern(word) for word in dict.fromkeys(content_words(text, language)))
