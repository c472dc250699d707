"""The database itself: schema, several processes, snapshots, backups, secrets."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from domain.channels import ChannelKind
from domain.errors import AuthenticityError, Conflict, InvalidInput, NotFound
from domain.managers import Inbox
from storage import tables
from storage.backup import backup, restore
from storage.database import Database
from storage.documents import Documents
from storage.inboxes import Inboxes
from storage.migrate import drift, upgrade
from storage.secrets import Vault

ROOT = Path(__file__).parents[2]


def test_migrations_make_the_schema_of_the_tables(empty_url: str) -> None:
    assert drift(empty_url) != []
    upgrade(empty_url)
    assert drift(empty_url) == []
    upgrade(empty_url)


def test_migrations_write_the_same_sqlite_schema_as_the_tables(tmp_path: Path) -> None:
    upgrade(f"sqlite+aiosqlite:///{tmp_path / 'migrated.db'}")
    engine = create_engine(f"sqlite:///{tmp_path / 'created.db'}")
    tables.metadata.create_all(engine)
    engine.dispose()
    assert _schema(tmp_path / "migrated.db") == _schema(tmp_path / "created.db")


def _schema(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'").fetchall()
    return {name: _parts(" ".join(sql.split())) for name, sql in rows}


def _parts(sql: str) -> list[str]:
    """What stands between a definition's outer brackets, in any order: a column that was added later stands behind the others."""
    head, _, rest = sql.partition("(")
    parts, depth = [""], 0
    for character in rest:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if (character == "," and depth == 0) or depth < 0:
            parts.append("")
            depth = max(depth, 0)
        else:
            parts[-1] += character
    return sorted([head.strip(), *(part.strip() for part in parts)])


def test_drift_names_what_differs(empty_url: str, backend: str) -> None:
    upgrade(empty_url)
    asyncio.run(_execute(empty_url, "ALTER TABLE files ADD COLUMN surprise TEXT"))
    assert any("surprise" in line for line in drift(empty_url))


async def _execute(url: str, statement: str) -> None:
    db = Database(url)
    try:
        async with db.write() as connection:
            await connection.execute(text(statement))
    finally:
        await db.close()


@pytest.mark.slow
async def test_two_processes_may_migrate_at_once(empty_url: str) -> None:
    program = "import sys; from storage.migrate import upgrade; upgrade(sys.argv[1])"
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty_url, cwd=ROOT) for _ in range(2)]
    assert [await process.wait() for process in processes] == [0, 0]
    assert drift(empty_url) == []


ADD_ONE = """
import asyncio, sys
from sqlalchemy import select, update
from storage import tables
from storage.database import Database

async def main(url: str) -> None:
    db = Database(url)
    version = tables.inboxes.c.policy_version
    for _ in range(150):
        async with db.write() as connection:
            await db.lock(connection, "count")
            now = (await connection.execute(select(version))).scalar_one()
            await connection.execute(update(tables.inboxes).values(policy_version=now + 1))
    await db.close()

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.slow
async def test_three_processes_lose_no_update(url: str, inboxes: Inboxes, inbox: Inbox) -> None:
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", ADD_ONE, url, cwd=ROOT) for _ in range(3)]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert (await inboxes.get("shop")).policy_version == 1 + 450


async def test_a_reader_sees_one_moment(db: Database, documents: Documents) -> None:
    await documents.add("one.pdf", b"1")
    count = select(tables.documents.c.id)
    async with db.read() as connection:
        before = (await connection.execute(count)).all()
        await documents.add("two.pdf", b"2")
        assert (await connection.execute(count)).all() == before
    assert len(await documents.list()) == 2


async def test_a_failed_write_leaves_nothing(db: Database, documents: Documents) -> None:
    at = {"id": "x", "name": "n", "mime_type": "t", "size": 1, "content": b"", "created_at": (await documents.add("a", b"a")).created_at}
    with pytest.raises(IntegrityError):
        async with db.write() as connection:
            await connection.execute(insert(tables.files), [at, {**at, "id": "y"}, at])
    async with db.read() as connection:
        assert (await connection.execute(select(tables.files.c.id))).all() == []


async def test_a_cancelled_write_leaves_nothing_and_blocks_nobody(db: Database, documents: Documents) -> None:
    reached = asyncio.Event()

    async def write() -> None:
        async with db.write() as connection:
            await connection.execute(text("DELETE FROM documents"))
            reached.set()
            await asyncio.Event().wait()

    added = await documents.add("one.pdf", b"1")
    task = asyncio.create_task(write())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await documents.list() == (added,)
    await documents.add("two.pdf", b"2")


async def test_readers_cannot_write(db: Database, documents: Documents) -> None:
    await documents.add("one.pdf", b"1")
    async with db.read() as connection:
        with pytest.raises(SQLAlchemyError, match=r"read-?only"):
            await connection.execute(text("DELETE FROM documents"))
    assert len(await documents.list()) == 1


async def test_a_damaged_database_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "frontdesk.db").write_text("no database " * 100)
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'frontdesk.db'}")
    assert not await db.answers()
    await db.close()


async def test_a_good_database_answers(db: Database) -> None:
    assert await db.answers()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="sqlite"):
        Database(url)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    (tmp_path / "frontdesk.db").write_bytes(sqlite_template.read_bytes())
    return f"sqlite+aiosqlite:///{tmp_path / 'frontdesk.db'}"


async def test_a_backup_brings_everything_back(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "backups" / "monday.db"
    db = Database(sqlite_url)
    documents = Documents(db)
    kept = await documents.add("kept.pdf", b"kept")
    backup(sqlite_url, copy)
    await documents.add("later.pdf", b"later")
    restore(sqlite_url, copy)
    assert await documents.list() == (kept,)
    assert await documents.content(kept.id) == b"kept"
    await db.close()
    assert drift(sqlite_url) == []
    assert copy.stat().st_mode & 0o077 == 0


def test_a_backup_overwrites_nothing_and_needs_a_database(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"precious")
    with pytest.raises(Conflict, match=r"copy\.db"):
        backup(sqlite_url, copy)
    assert copy.read_bytes() == b"precious"
    with pytest.raises(NotFound):
        backup(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}", tmp_path / "new.db")


def test_only_a_whole_backup_of_ours_is_restored(sqlite_url: str, tmp_path: Path) -> None:
    before = _schema(tmp_path / "frontdesk.db")
    words, stranger = tmp_path / "words.db", tmp_path / "stranger.db"
    words.write_text("no database " * 100)
    with closing(sqlite3.connect(stranger)) as connection:
        connection.execute("CREATE TABLE something (x)")
    for source in (words, stranger):
        with pytest.raises(InvalidInput, match=source.name):
            restore(sqlite_url, source)
    with pytest.raises(NotFound):
        restore(sqlite_url, tmp_path / "nothing.db")
    assert _schema(tmp_path / "frontdesk.db") == before


def test_postgresql_has_its_own_tools_for_backups(tmp_path: Path) -> None:
    for call in (backup, restore):
        with pytest.raises(InvalidInput, match="pg_dump"):
            call("postgresql+asyncpg://host/db", tmp_path / "x")


def test_a_vault_keeps_secrets_for_its_key_only() -> None:
    vault = Vault("any string works")
    assert vault.decrypt(vault.encrypt("hush")) == "hush"
    assert "hush" not in vault.encrypt("hush")
    with pytest.raises(InvalidInput, match="FRONTDESK_SECRET_KEY"):
        Vault("another").decrypt(vault.encrypt("hush"))
    with pytest.raises(InvalidInput):
        Vault("")


def test_a_signed_token_proves_its_purpose_and_age() -> None:
    vault = Vault("key")
    token = vault.sign("visitor", "v-1/ñ")
    assert vault.verify("visitor", token) == "v-1/ñ"
    assert vault.verify("visitor", vault.sign("visitor", "v", lifetime=timedelta(minutes=1))) == "v"
    refused = [
        ("csrf", token),
        ("visitor", token[:-1]),
        ("visitor", "x" + token),
        ("visitor", ""),
        ("visitor", "é.é"),
        ("visitor", Vault("other").sign("visitor", "v-1")),
        ("visitor", vault.sign("visitor", "v", lifetime=timedelta(seconds=-1))),
    ]
    for purpose, wrong in refused:
        with pytest.raises(AuthenticityError):
            vault.verify(purpose, wrong)


async def test_credentials_of_another_key_say_what_is_wrong(db: Database, inboxes: Inboxes) -> None:
    await inboxes.add(ChannelKind.REST, "Shop", inbox_id="shop", settings={})
    with pytest.raises(InvalidInput, match="FRONTDESK_SECRET_KEY"):
        await Inboxes(db, Vault("another"), {}).credentials("shop")
