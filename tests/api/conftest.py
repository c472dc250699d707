"""The HTTP application over a real SQLite file and the real channels; only the conversations' engine is a fake."""

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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
from domain.conversations import ConversationRecord, Due, HandOff, HandOffReason, RecordedMessages, Status
from domain.knowledge import ChunkKind, Evidence, Passage
from domain.managers import Inbox, Manager, Role
from domain.messages import InboundMessage
from storage.arrivals import Arrivals
from storage.attendance import Attendance
from storage.contacts import Contacts
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
from storage.teamwork import Teamwork
from storage.tokens import Tokens
from tests.api.fakes import FakeGateway, NoHttp
from tests.telling import telling
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
        contacts=Contacts(db),
        attendance=Attendance(db),
        inboxes=Inboxes(db, vault, FEATURES),
        people=People(db),
        teamwork=Teamwork(db),
        tokens=Tokens(db, Inboxes(db, vault, FEATURES)),
        documents=Documents(db),
        events=events,
        files=Files(db),
        ledger=Ledger(db),
        gateway=engine,
        channels={ChannelKind.REST: Rest(NoHttp()), ChannelKind.WEBCHAT: WebChat()},
        public_url=PUBLIC_URL,
        vault=vault,
        live=LiveFeed(events),
        telling=telling(db, vault),
    )
    yield found
    await found.live.close()


_BUILT: list[FastAPI] = []


@pytest.fixture
def app(services: Services) -> FastAPI:
    """One application for all tests, with this test's services: FastAPI takes longer to analyse its routes than a test to run."""
    if not _BUILT:
        _BUILT.append(build_app(services))
    _BUILT[0].state.services = services
    return _BUILT[0]


@pytest.fixture
async def counting(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that has counted nothing yet."""
    async with browser(build_app(services)) as found:
        yield found


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


@dataclass(frozen=True)
class Talk:
    """A flagged conversation in SQL, as activities would have written it."""

    record: ConversationRecord
    message_ids: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.record.conversation_id


async def write_talk(services: Services, inbox: Inbox, number: int = 1, *, messages: int = 1, status: Status = Status.FLAGGED) -> Talk:
    at = datetime(2026, 11, 22, 9, number, tzinfo=UTC)
    contact_id, workflow_id = await services.arrivals.contact_for(inbox.id, f"customer-{number}", f"Customer {number}")
    evidence = Evidence(
        passages=(
            Passage(chunk_id="c1", document_id="d1", document="shop.pdf", page=2, kind=ChunkKind.TEXT, text="We ship abroad.", score=0.4),
        ),
        confidence=0.3,
    )
    turn_id = f"turn-{number}"
    record = ConversationRecord(
        conversation_id=f"conversation-{number}",
        workflow_id=workflow_id,
        inbox_id=inbox.id,
        channel=inbox.channel,
        contact_id=contact_id,
        version=1,
        epoch=1,
        status=status,
        hand_off=HandOff(reason=HandOffReason.LOW_CONFIDENCE, detail="Not sure", at=at, confidence=0.3, threshold=0.5, turn_id=turn_id),
        waiting_since=at,
        due=Due(reply_at=at + timedelta(minutes=30), idle_at=at + timedelta(hours=24)),
        opened_at=at,
    )
    written = tuple(
        InboundMessage(
            id=f"m-{number}-{position}",
            provider_id=f"p-{number}-{position}",
            text=f"question {number}.{position}",
            received_at=at + timedelta(seconds=position),
        )
        for position in range(messages)
    )
    await services.conversations.record(RecordedMessages(record=record, messages=written), evidence=(turn_id, evidence))
    return Talk(record, tuple(message.id for message in written))


@pytest.fixture
async def rest_inbox(services: Services) -> Inbox:
    return await services.inboxes.add(ChannelKind.REST, "Shop", inbox_id="shop", settings={"secret": "s" * 24})


@pytest.fixture
async def talk(services: Services, rest_inbox: Inbox) -> Talk:
    return await write_talk(services, rest_inbox, messages=3)
