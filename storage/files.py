"""Files that managers and customers attach, served at `/files/{id}`."""

import secrets
from datetime import UTC, datetime

from pydantic import Field
from sqlalchemy import insert, select

from domain.errors import NotFound
from domain.model import Model
from storage.database import Database
from storage.tables import files


class StoredFile(Model):
    id: str
    name: str
    mime_type: str
    size: int = Field(description="bytes")
    content: bytes = Field(repr=False)


class Files:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, content: bytes, *, name: str, mime_type: str) -> str:
        """The new file's id, which cannot be guessed."""
        file_id = secrets.token_urlsafe(24)
        values = {
            "id": file_id,
            "name": name,
            "mime_type": mime_type,
            "size": len(content),
            "created_at": datetime.now(UTC),
            "content": content,
        }
        async with self._db.write() as connection:
            await connection.execute(insert(files), values)
        return file_id

    async def get(self, file_id: str) -> StoredFile:
        """Raises NotFound."""
        async with self._db.read() as connection:
            row = (await connection.execute(select(files).where(files.c.id == file_id))).first()
        if row is None:
            raise NotFound(f"There is no file {file_id}")
        return StoredFile(id=row.id, name=row.name, mime_type=row.mime_type, size=row.size, content=bytes(row.content))
