"""What changed, in order: the feed behind the dashboard's live updates."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.model import Model, UtcDatetime
from storage.database import Database
from storage.tables import events

_APPEND = insert(events).inline()
_HEAD = select(func.coalesce(func.max(events.c.id), 0))
_SINCE = select(events).where(events.c.id > bindparam("after")).order_by(events.c.id).limit(bindparam("most"))
_PRUNE = delete(events).where(events.c.at < bindparam("before"), events.c.id < _HEAD.scalar_subquery())


class Event(Model):
    id: int
    kind: str
    """`conversation`, `message`, `document`, `people`, `contact` or `presence`."""
    conversation_id: str | None
    at: UtcDatetime


async def append(db: Database, connection: AsyncConnection, *kinds: str, conversation_id: str | None = None) -> None:
    """Writes one event for each kind, in the transaction of the change itself, which must do nothing more after it.

    On PostgreSQL ids are drawn before commits: without the lock, a reader could see 8 before 7 and never return to 7.
    """
    await db.lock(connection, "events")
    at = datetime.now(UTC)
    await connection.execute(_APPEND, [{"kind": kind, "conversation_id": conversation_id, "at": at} for kind in kinds])


class Events:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def head(self) -> int:
        """The newest event's id; 0 if there is none."""
        async with self._db.read() as connection:
            return int((await connection.execute(_HEAD)).scalar_one())

    async def since(self, event_id: int, limit: int = 500) -> Sequence[Event]:
        """Events after this one, oldest first."""
        async with self._db.read() as connection:
            rows = await connection.execute(_SINCE, {"after": event_id, "most": limit})
            return [Event(id=row.id, kind=row.kind, conversation_id=row.conversation_id, at=row.at) for row in rows]

    async def prune(self, before: datetime) -> None:
        """Deletes what is older; the newest event stays, so that a page that has seen it need not load everything again."""
        async with self._db.write() as connection:
            await connection.execute(_PRUNE, {"before": before})
