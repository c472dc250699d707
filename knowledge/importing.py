"""The steps of an import: read, split, embed, publish. Plain functions, called by a workflow's activity or in line by the CLI."""

import asyncio
from collections.abc import Sequence

import numpy as np
import structlog
from llama_index.core.base.embeddings.base import BaseEmbedding

from domain.errors import UnreadableDocument
from domain.ids import derived_id
from domain.knowledge import Chunk
from domain.ports import DocumentStore, Progress
from knowledge.chunk import Unit, split
from knowledge.embed import pack, sentence_encoder, texts_to_embed
from knowledge.layout import Line
from knowledge.load import read_pdf

log = structlog.get_logger()

_BATCH = 24
"""Units embedded between two reports of progress: about a quarter of a second."""
_READ_SHARE = 0.25
_EMBED_SHARE = 0.7


async def import_document(
    documents: DocumentStore, document_id: str, *, progress: Progress | None = None, encoder: BaseEmbedding | None = None
) -> int:
    """Reads, splits, embeds and publishes one stored document; returns the new knowledge version. Safe to repeat.

    Raises NotFound, and UnreadableDocument after its message is written on the document. `progress` hears of every step, at
    least once a second or so while vectors are made.
    """
    encoder = encoder or sentence_encoder()

    async def report(step: str, share: float) -> None:
        await documents.progress(document_id, step=step, share=share)
        if progress is not None:
            progress(step, share)

    content = await documents.content(document_id)
    await report("Reading", 0.0)
    try:
        pages, lines = await asyncio.to_thread(read_pdf, content)
    except UnreadableDocument as error:
        await documents.fail(document_id, str(error))
        raise
    await report("Splitting", _READ_SHARE)
    units = await asyncio.to_thread(units_of, lines)
    chunks: list[Chunk] = []
    for start in range(0, len(units), _BATCH):
        batch = units[start : start + _BATCH]
        chunks.extend(await asyncio.to_thread(embed_units, document_id, batch, start, encoder))
        await report(f"Embedding {len(chunks)} of {len(units)}", _READ_SHARE + _EMBED_SHARE * len(chunks) / len(units))
    version = await documents.publish(document_id, pages=pages, chunks=chunks)
    log.info("document_published", document_id=document_id, pages=pages, chunks=len(chunks), version=version)
    return version


def units_of(lines: Sequence[Line]) -> list[Unit]:
    """The document's units. Two of the same words are kept once: the second would only compete with the first."""
    seen: set[tuple[str | None, str]] = set()
    units = []
    for unit in split(lines):
        key = (unit.question, unit.text)
        if key not in seen:
            seen.add(key)
            units.append(unit)
    return units


def embed_units(document_id: str, units: Sequence[Unit], first: int, encoder: BaseEmbedding) -> list[Chunk]:
    """The units as chunks with their vectors; `first` is the position of the first one in the document."""
    texts = [texts_to_embed(unit) for unit in units]
    flat = np.asarray(encoder.get_text_embedding_batch([text for some in texts for text in some]), np.float32)
    chunks = []
    offset = 0
    for position, (unit, some) in enumerate(zip(units, texts, strict=True), start=first):
        chunks.append(
            Chunk(
                id=derived_id("chunk", document_id, str(position)),
                document_id=document_id,
                position=position,
                page=unit.page,
                kind=unit.kind,
                heading=unit.heading,
                question=unit.question,
                text=unit.text,
                vector=pack(flat[offset : offset + len(some)]),
                embedding_model=encoder.model_name,
            )
        )
        offset += len(some)
    return chunks
