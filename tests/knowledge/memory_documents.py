"""A named fake of the document store."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from domain.errors import NotFound
from domain.knowledge import Chunk, Document, DocumentState


class MemoryDocuments:
    """Implements domain.ports.DocumentStore in memory."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.contents: dict[str, bytes] = {}
        self.chunks: dict[str, tuple[Chunk, ...]] = {}
        self.steps: list[tuple[str, float]] = []
        self.current = 0
        self.asked_for_version = 0

    def add(self, document_id: str, content: bytes, name: str = "shop.pdf") -> str:
        self.contents[document_id] = content
        self.documents[document_id] = Document(
            id=document_id,
            name=name,
            sha256="",
            size=len(content),
            state=DocumentState.UPLOADED,
            created_at=datetime.now(UTC),
        )
        return document_id

    async def get(self, document_id: str) -> Document:
        if document_id not in self.documents:
            raise NotFound(f"There is no document {document_id}")
        return self.documents[document_id]

    async def content(self, document_id: str) -> bytes:
        await self.get(document_id)
        return self.contents[document_id]

    async def progress(self, document_id: str, *, step: str, share: float) -> None:
        self.steps.append((step, share))

    async def fail(self, document_id: str, error: str) -> None:
        self._change(document_id, state=DocumentState.FAILED, error=error)

    async def publish(self, document_id: str, *, pages: int, chunks: Sequence[Chunk]) -> int:
        self.chunks[document_id] = tuple(chunks)
        self._change(document_id, state=DocumentState.READY, pages=pages, chunks=len(chunks))
        self.current += 1
        return self.current

    async def version(self) -> int:
        self.asked_for_version += 1
        return self.current

    async def published(self) -> tuple[int, Sequence[Chunk], Mapping[str, str]]:
        chunks = [chunk for some in self.chunks.values() for chunk in some]
        return self.current, chunks, {one.id: one.name for one in self.documents.values()}

    def _change(self, document_id: str, **changes: object) -> None:
        self.documents[document_id] = self.documents[document_id].model_copy(update=changes)
