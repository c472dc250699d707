"""One database, read and written in short transactions; SQLite with several processes, or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from domain.errors import InvalidInput

registry.register("sqlite.fewhops", "storage.sqlite", "FewHopsDialect")

BUSY_TIMEOUT_MS = 10_000
"""How long SQLite waits for another process's write; theirs are a few milliseconds each."""

_PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}", "PRAGMA foreign_keys=ON")
_PING = text("SELECT 1")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def parse_url(url: str) -> URL:
    """Raises InvalidInput unless it names a SQLite file or a PostgreSQL database."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInput("The database URL can't be read; use sqlite+aiosqlite:///PATH or postgresql+asyncpg://...") from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise InvalidInput("The database must be SQLite or PostgreSQL: sqlite+aiosqlite:///PATH or postgresql+asyncpg://...")
    return parsed


def _sqlite_engine(url: URL, *, writes: bool, connections: int) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="sqlite+fewhops"),
        writes=writes,
        connect_args={"isolation_level": None},  # the driver must never begin or commit by itself
        pool_size=connections,
        max_overflow=0,
        pool_reset_on_return=None,  # every transaction below ends by commit or rollback
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, f"PRAGMA query_only={'OFF' if writes else 'ON'}"):
            cursor.execute(pragma)
        cursor.close()

    return engine


class Database:
    """Readers see one consistent snapshot. On SQLite one writer of this process at a time, each with BEGIN IMMEDIATE, so that what it
    read cannot change before it commits; on PostgreSQL `lock` gives the same for what is named."""

    def __init__(self, url: str) -> None:
        parsed = parse_url(url)
        self.on_sqlite = parsed.get_backend_name() == "sqlite"
        if self.on_sqlite:
            self._writer = _sqlite_engine(parsed, writes=True, connections=1)
            self._reader = _sqlite_engine(parsed, writes=False, connections=4)
        else:
            self._writer = create_async_engine(parsed.set(drivername="postgresql+asyncpg"), pool_size=8, max_overflow=8)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._reader.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Commits at the end, rolls back on an error."""
        async with self._writer.connect() as connection, connection.begin():
            yield connection

    async def lock(self, connection: AsyncConnection, name: str) -> None:
        """Until the end of the transaction, no other one that locks the same name runs. SQLite's writers are alone anyway."""
        if not self.on_sqlite:
            await connection.execute(_LOCK, {"name": name})

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()

    async def answers(self) -> bool:
        """Whether the database can be asked; for health checks."""
        try:
            async with self.read() as connection:
                await connection.execute(_PING)
        except (SQLAlchemyError, OSError):
            return False
        return True
