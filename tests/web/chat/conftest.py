"""The chat over a real SQLite file and a real socket where streams are read; only the conversations' engine is a fake."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import build_app
from channels.registry import FEATURES, build_channels
from domain.channels import ChannelKind
from domain.managers import Inbox
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
from tests.api.fakes import NoHttp
from tests.telling import telling
from tests.web.chat.desk import FakeDesk
from web.assets import StaticAssets
from web.chat import router
from web.live import LiveFeed
from web.services import Services

PUBLIC_URL = "http://chat.example"


@pytest.fixture(scope="session")
def chat_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chat") / "empty.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path


def assemble(db: Database, desk: FakeDesk, public_url: str = PUBLIC_URL) -> Services:
    vault, events = Vault("a key for the chat's tests"), Events(db)
    return Services(
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
        gateway=desk,
        channels=build_channels(NoHttp()),
        public_url=public_url,
        vault=vault,
        live=LiveFeed(events),
        telling=telling(db, vault),
    )


def application(services: Services) -> FastAPI:
    """The product's application; with the chat and the static files mounted, should it not have them by itself."""
    app = build_app(services)
    paths = {getattr(route, "path", "") for route in app.routes}
    if "/widget.js" not in paths:
        app.include_router(router)
    if "/static" not in paths:
        app.mount("/static", StaticAssets())
    return app


@pytest.fixture
async def db(chat_schema: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "frontdesk.db"
    shutil.copy(chat_schema, path)
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture
def desk(db: Database) -> FakeDesk:
    return FakeDesk(db)


@pytest.fixture
async def services(db: Database, desk: FakeDesk) -> AsyncIterator[Services]:
    found = assemble(db, desk)
    yield found
    await found.live.close()


@pytest.fixture
async def shop(services: Services) -> Inbox:
    settings = {"greeting": "Hi from the shop!", "origins": "https://shop.example, https://*.shop.example:8443, nonsense; script-src *"}
    return await services.inboxes.add(ChannelKind.WEBCHAT, "The Shop", inbox_id="shop", settings=settings)


@pytest.fixture
def app(services: Services, shop: Inbox) -> FastAPI:
    return application(services)


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser with cookies."""
    async with browser(app) as found:
        yield found


def browser(app: FastAPI, **headers: str) -> httpx2.AsyncClient:
    same_site = {"sec-fetch-site": "same-origin"} | headers
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=PUBLIC_URL, headers=same_site)


@pytest.fixture
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a real socket; its base URL."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1, lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running
