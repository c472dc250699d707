"""Copies of a SQLite database, made and brought back while nothing is lost."""

import sqlite3
from contextlib import closing
from pathlib import Path

from domain.errors import Conflict, InvalidInput, NotFound
from storage.database import BUSY_TIMEOUT_MS, parse_url


def _path(url: str) -> Path:
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise InvalidInput("This database is PostgreSQL: use pg_dump and pg_restore")
    if not parsed.database or parsed.database == ":memory:":
        raise InvalidInput("This database is in memory; there is no file to copy")
    return Path(parsed.database)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000)


def _check(path: Path) -> None:
    """Raises InvalidInput unless the file is a whole database of ours."""
    try:
        with closing(_connect(path)) as connection:
            healthy = connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            ours = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is not None
    except sqlite3.DatabaseError as error:
        raise InvalidInput(f"{path.name} is not a SQLite database") from error
    if not healthy:
        raise InvalidInput(f"{path.name} is damaged")
    if not ours:
        raise InvalidInput(f"{path.name} is not a database of Frontdesk")


def backup(url: str, target: Path) -> None:
    """Writes one consistent copy; others may go on reading and writing meanwhile.

    Raises NotFound if there is no database yet, Conflict if the target exists, InvalidInput for PostgreSQL.
    """
    source = _path(url)
    if not source.exists():
        raise NotFound(f"There is no database at {source}")
    if target.exists():
        raise Conflict(f"{target} exists already; name a new file")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with closing(_connect(source)) as original, closing(_connect(part)) as copy:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    part.chmod(0o600)
    _check(part)
    part.replace(target)


def restore(url: str, source: Path) -> None:
    """Replaces everything in the database by the backup. Stop the service first: what it writes meanwhile would be lost.

    Raises NotFound if there is no such file, InvalidInput if it is no whole backup, or for PostgreSQL.
    """
    target = _path(url)
    if not source.exists():
        raise NotFound(f"There is no file {source}")
    _check(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(_connect(source)) as copy, closing(_connect(target)) as current:
        copy.backup(current)
        current.execute("PRAGMA journal_mode=WAL")
