"""Files that managers and customers attach, served at `/files/{id}`."""

import secrets
from datetime import UTC, datetime, timedelta

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses

from domain.channels import OutgoingFile
from domain.errors import NotFound
from domain.model import Model
from storage.database import Database
from storage.secrets import Vault
from storage.tables import files


class StoredFile(Model):
    id: str
    name: str
    mime_type: str
    size: int = Field(description="bytes")
    content: bytes = Field(repr=False)


LINK_PURPOSE = "file link"
LINK_LIFETIME = timedelta(days=1)


class FileLinks:
    """Files on their way out, and links under which whoever has one may fetch a file for a day. Implements `OutgoingFiles`."""

    def __init__(self, files: "Files", vault: Vault, base_url: str) -> None:
        self._files = files
        self._vault = vault
        self._base_url = base_url

    async def load(self, file_id: str) -> OutgoingFile:
        """Raises NotFound."""
        stored = await self._files.get(file_id)
        return OutgoingFile(name=stored.name, mime_type=stored.mime_type, content=stored.content, link=self.link(file_id))

    def link(self, file_id: str) -> str:
        return f"{self._base_url}/media/{self._vault.sign(LINK_PURPOSE, file_id, lifetime=LINK_LIFETIME)}"


class Files:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, content: bytes, *, name: str, mime_type: str, file_id: str | None = None) -> str:
        """The new file's id, which cannot be guessed. Under an id that is given, and is there already, nothing is written."""
        file_id = file_id or secrets.token_urlsafe(24)
        values = {
            "id": file_id,
            "name": name,
            "mime_type": mime_type,
            "size": len(content),
            "created_at": datetime.now(UTC),
            "content": content,
        }
        async with self._db.write() as connection:
            await connection.execute(insert(files).on_conflict_do_nothing(), values)
        return file_id

    async def get(self, file_id: str) -> StoredFile:
        """Raises NotFound."""
        async with self._db.read() as connection:
            row = (await connection.execute(select(files).where(files.c.id == file_id))).first()
        if row is None:
            raise NotFound(f"There is no file {file_id}")
        return StoredFile(id=row.id, name=row.name, mime_type=row.mime_type, size=row.size, content=bytes(row.content))
