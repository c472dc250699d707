"""The dashboard over a real SQLite file and the real application; only the conversations' engine is a stand-in."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest

from api.app import build_app
from channels.registry import FEATURES, build_channels
from storage.stores import Stores, build_stores
from tests.api.fakes import NoHttp
from tests.telling import telling_over
from tests.web.engine import DeskEngine
from tests.web.shop import Shop
from web.live import LiveFeed
from web.services import Services

PUBLIC_URL = "https://desk.example"
PART = {"hx-request": "true", "hx-request-type": "partial", "accept": "text/html"}

Browser = Callable[[str | None], Awaitable[httpx2.AsyncClient]]


def services_over(stores: Stores, engine: DeskEngine, public_url: str) -> Services:
    return Services(
        db=stores.db,
        conversations=stores.conversations,
        arrivals=stores.arrivals,
        contacts=stores.contacts,
        attendance=stores.attendance,
        inboxes=stores.inboxes,
        people=stores.people,
        teamwork=stores.teamwork,
        tokens=stores.tokens,
        documents=stores.documents,
        events=stores.events,
        files=stores.files,
        ledger=stores.ledger,
        gateway=engine,
        channels=build_channels(NoHttp()),
        public_url=public_url,
        vault=stores.vault,
        live=LiveFeed(stores.events),
        telling=telling_over(stores),
    )


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[Stores]:
    found = build_stores(database_url, "a key for tests", FEATURES)
    yield found
    await found.db.close()


@pytest.fixture
def engine(stores: Stores) -> DeskEngine:
    return DeskEngine(stores.conversations, stores.ledger)


@pytest.fixture
async def services(stores: Stores, engine: DeskEngine) -> AsyncIterator[Services]:
    found = services_over(stores, engine, PUBLIC_URL)
    yield found
    await found.live.close()


@pytest.fixture
async def shop(services: Services, engine: DeskEngine) -> Shop:
    return await Shop(services, engine).open()


@pytest.fixture
async def browser(services: Services, shop: Shop) -> AsyncIterator[Browser]:
    """Signs a person of the shop in, by first name; None stays outside."""
    app = build_app(services)
    opened: list[httpx2.AsyncClient] = []

    async def sign_in(who: str | None) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        client = httpx2.AsyncClient(
            transport=transport, base_url=PUBLIC_URL, headers={"sec-fetch-site": "same-origin", "accept": "text/html"}
        )
        opened.append(client)
        if who is not None:
            token = await services.people.open_session(shop.people[who].id)
            client.cookies.set("__Host-session", token, domain="desk.example", path="/")
        return client

    yield sign_in
    for client in opened:
        await client.aclose()
