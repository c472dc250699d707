"""The HTTP application over a real SQLite file and the real channels; only the conversations' engine is a fake."""

import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
import structlog
from fastapi import FastAPI

from api.app import build_app
from channels.registry import FEATURES
from channels.rest import Rest
from channels.webchat import WebChat
from domain.channels import ChannelKind
from domain.managers import Manager, Role
from storage.arrivals import Arrivals
from storage.conversations import Conversations
from storage.database import Database
from storage.documents import Documents
from storage.events import Events
from storage.files import Files
from storage.inboxes import Inboxes
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.people import People
from storage.secrets import Vault
from tests.api.fakes import FakeGateway, NoHttp
from web.live import LiveFeed
from web.services import Services

PUBLIC_URL = "https://desk.example"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "empty.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
async def db(empty_database: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "frontdesk.db"
    shutil.copy(empty_database, path)
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture
def engine(db: Database) -> FakeGateway:
    return FakeGateway(Arrivals(db))


@pytest.fixture
async def services(db: Database, engine: FakeGateway) -> AsyncIterator[Services]:
    vault = Vault("a key for tests")
    events = Events(db)
    found = Services(
        db=db,
        conversations=Conversations(db),
        arrivals=Arrivals(db),
        inboxes=Inboxes(db, vault, FEATURES),
        people=People(db),
        documents=Documents(db),
        events=events,
        files=Files(db),
        ledger=Ledger(db),
        gateway=engine,
        channels={ChannelKind.REST: Rest(NoHttp()), ChannelKind.WEBCHAT: WebChat()},
        public_url=PUBLIC_URL,
        vault=vault,
        live=LiveFeed(events),
    )
    yield found
    await found.live.close()


@pytest.fixture
def app(services: Services) -> FastAPI:
    return build_app(services)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(app) as found:
        yield found


def browser(app: FastAPI, **headers: str) -> httpx2.AsyncClient:
    """A client that keeps cookies; failures inside the application come back as answers."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers={name.replace("_", "-"): v for name, v in headers.items()})


@dataclass(frozen=True)
class Person:
    manager: Manager
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}


@pytest.fixture
async def people(services: Services) -> dict[Role, Person]:
    """One person of each role, with an API key."""
    found = {}
    for role in Role:
        manager = await services.people.add(f"{role.value}@desk.example", role.value.title(), role)
        _, key = await services.people.create_api_key("test", manager.id)
        found[role] = Person(manager, key)
    return found


@pytest.fixture
def reader(people: dict[Role, Person]) -> Person:
    return people[Role.VIEWER]


@pytest.fixture
def writer(people: dict[Role, Person]) -> Person:
    return people[Role.MANAGER]


@pytest.fixture
def admin(people: dict[Role, Person]) -> Person:
    return people[Role.ADMIN]


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as entries:
        yield entries  # type: ignore[misc] # structlog's own entry type


def with_services(services: Services, **changes: object) -> Services:
    return replace(services, **changes)  # type: ignore[arg-type] # fields of Services by name


Clock = Callable[[], float]


@pytest.fixture
def now() -> float:
    return time.time()
