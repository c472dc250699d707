"""Documents of the business: bytes, chunks and vectors. Every change of what can be found makes a new knowledge version."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import Conflict, InvalidInput, NotFound
from domain.knowledge import Chunk, Document, DocumentState
from storage import events
from storage.database import Database
from storage.mapping import AnyRow, chunk_from, chunk_values, document_from
from storage.tables import chunks, documents, knowledge_versions

_SHOWN = [column for column in documents.c if column.name != "content"]
_ONE = select(*_SHOWN).where(documents.c.id == bindparam("document"))
_SAME = select(*_SHOWN).where(documents.c.sha256 == bindparam("sha256"))
_ALL = select(*_SHOWN).order_by(documents.c.created_at, documents.c.id)
_CONTENT = select(documents.c.content).where(documents.c.id == bindparam("document"))
_CHANGE = update(documents).where(documents.c.id == bindparam("document"))
_FORGET_CHUNKS = delete(chunks).where(chunks.c.document_id == bindparam("document"))
_FORGET = delete(documents).where(documents.c.id == bindparam("document"))
_VERSION = select(func.coalesce(func.max(knowledge_versions.c.version), 0))
_NEXT_VERSION = insert(knowledge_versions).returning(knowledge_versions.c.version)
_READY = select(documents.c.id, documents.c.name).where(documents.c.state == DocumentState.READY.value)
_PUBLISHED = (
    select(chunks)
    .join(documents, documents.c.id == chunks.c.document_id)
    .where(documents.c.state == DocumentState.READY.value)
    .order_by(documents.c.created_at, documents.c.id, chunks.c.position)
)


class Documents:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, name: str, content: bytes) -> Document:
        """Raises InvalidInput if there is nothing in it, Conflict if the same bytes are there already; one that failed is replaced."""
        if not content:
            raise InvalidInput(f"{name} is empty")
        sha256 = hashlib.sha256(content).hexdigest()
        async with self._db.write() as connection:
            await self._db.lock(connection, "knowledge")
            same = (await connection.execute(_SAME, {"sha256": sha256})).first()
            if same is not None and same.state != DocumentState.FAILED.value:
                raise Conflict(f"{name} is there already, as {same.name} (document {same.id})")
            if same is not None:
                await self._forget(connection, same.id)
            values = {
                "id": str(uuid4()),
                "name": name,
                "sha256": sha256,
                "size": len(content),
                "state": DocumentState.UPLOADED.value,
                "progress": 0.0,
                "step": "",
                "created_at": datetime.now(UTC),
                "content": content,
            }
            await connection.execute(insert(documents), values)
            added = document_from(await self._row(connection, str(values["id"])))
            await events.append(self._db, connection, "document")
        return added

    async def list(self) -> tuple[Document, ...]:
        """Oldest first."""
        async with self._db.read() as connection:
            return tuple(document_from(row) for row in await connection.execute(_ALL))

    async def get(self, document_id: str) -> Document:
        """Raises NotFound."""
        async with self._db.read() as connection:
            return document_from(await self._row(connection, document_id))

    async def content(self, document_id: str) -> bytes:
        """Raises NotFound."""
        async with self._db.read() as connection:
            content = (await connection.execute(_CONTENT, {"document": document_id})).scalar_one_or_none()
        if content is None:
            raise NotFound(f"There is no document {document_id}")
        return bytes(content)

    async def progress(self, document_id: str, *, step: str, share: float) -> None:
        """`share` of the import that is done, 0 to 1. Raises NotFound."""
        await self._change(document_id, state=DocumentState.READING.value, step=step, progress=share, error=None)

    async def fail(self, document_id: str, error: str) -> None:
        """Raises NotFound."""
        await self._change(document_id, state=DocumentState.FAILED.value, step="", error=error)

    async def _change(self, document_id: str, **changes: Any) -> None:
        async with self._db.write() as connection:
            if (await connection.execute(_CHANGE, {**changes, "document": document_id})).rowcount == 0:
                raise NotFound(f"There is no document {document_id}")
            await events.append(self._db, connection, "document")

    async def publish(self, document_id: str, *, pages: int, chunks: Sequence[Chunk]) -> int:
        """Replaces the document's chunks, marks it ready and returns the new knowledge version; one transaction. Raises NotFound."""
        async with self._db.write() as connection:
            await self._db.lock(connection, "knowledge")
            await self._row(connection, document_id)
            await connection.execute(_FORGET_CHUNKS, {"document": document_id})
            if chunks:
                await connection.execute(_ADD_CHUNKS, chunk_values(document_id, chunks))
            changes = {
                "state": DocumentState.READY.value,
                "progress": 1.0,
                "step": "",
                "error": None,
                "pages": pages,
                "chunks": len(chunks),
                "ready_at": datetime.now(UTC),
            }
            await connection.execute(_CHANGE, {**changes, "document": document_id})
            return await self._new_version(connection, "publish", document_id)

    async def remove(self, document_id: str) -> int:
        """Takes the document and its chunks away and returns the new knowledge version. Raises NotFound."""
        async with self._db.write() as connection:
            await self._db.lock(connection, "knowledge")
            await self._row(connection, document_id)
            await self._forget(connection, document_id)
            return await self._new_version(connection, "remove", document_id)

    async def version(self) -> int:
        """0 before anything was published."""
        async with self._db.read() as connection:
            return int((await connection.execute(_VERSION)).scalar_one())

    async def published(self) -> tuple[int, Sequence[Chunk], Mapping[str, str]]:
        """The version, every chunk of every ready document, and file names by document id; one consistent read."""
        async with self._db.read() as connection:
            version = int((await connection.execute(_VERSION)).scalar_one())
            names = {row.id: row.name for row in await connection.execute(_READY)}
            found = [chunk_from(row) for row in await connection.execute(_PUBLISHED)]
        return version, found, names

    async def _row(self, connection: AsyncConnection, document_id: str) -> AnyRow:
        row = (await connection.execute(_ONE, {"document": document_id})).first()
        if row is None:
            raise NotFound(f"There is no document {document_id}")
        return row

    async def _forget(self, connection: AsyncConnection, document_id: str) -> None:
        await connection.execute(_FORGET_CHUNKS, {"document": document_id})
        await connection.execute(_FORGET, {"document": document_id})

    async def _new_version(self, connection: AsyncConnection, change: str, document_id: str) -> int:
        values = {"change": change, "document_id": document_id, "at": datetime.now(UTC)}
        version = int((await connection.execute(_NEXT_VERSION, values)).scalar_one())
        await events.append(self._db, connection, "document")
        return version


_ADD_CHUNKS = insert(chunks).inline()
