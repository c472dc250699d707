"""Brings a database to the newest schema, and tells whether it is there. Synchronous; may be called with or without a running loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.database import BUSY_TIMEOUT_MS, parse_url
from storage.tables import metadata

LOCK_TIMEOUT = "5s"
"""A migration that can't get its lock at once fails, instead of making every query queue behind it."""

_MIGRATION_LOCK = 0x46524F4E54
"""Advisory lock: two processes that upgrade at once take turns."""

_ALEMBIC = Lock()
"""Alembic keeps what it works on in a module: two threads at once would migrate each other's database."""

T = TypeVar("T")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
    command.upgrade(_config(connection), "head")


def _drift(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [_words(difference) for difference in compare_metadata(context, metadata)]


def _words(difference: Any) -> str:
    if isinstance(difference, list):
        return "; ".join(_words(part) for part in difference)
    return " ".join(str(part) for part in difference)


async def _run(url: str, work: Callable[[Connection], T]) -> T:
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(
            parsed.set(drivername="sqlite+fewhops"),
            writes=True,
            connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_MS / 1000},
            poolclass=NullPool,
        )
    else:
        engine = create_async_engine(parsed.set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _in_own_loop(url: str, work: Callable[[Connection], T]) -> T:
    """The only PostgreSQL driver here is an asynchronous one; a thread of its own lets this run beside a loop, too."""
    with _ALEMBIC, ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _run(url, work)).result()


def upgrade(url: str) -> None:
    """To the newest schema, in one transaction; a database that is there already is left alone."""
    _in_own_loop(url, _upgrade)


def drift(url: str) -> list[str]:
    """What differs between the database and the schema of this release, one line each; empty = nothing."""
    return _in_own_loop(url, _drift)
