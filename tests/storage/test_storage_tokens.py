"""Access tokens that work once: exchanged once, however many want them, on both databases."""

import asyncio
import multiprocessing
import multiprocessing.synchronize
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from channels.outgoing import vendor_http
from channels.registry import FEATURES, Vendors, build_channels
from domain.channels import ChannelKind
from domain.fetching import Renewal
from domain.ports import Credentials, Renewable
from storage.database import Database
from storage.inboxes import Inboxes
from storage.stores import Stores, build_stores
from storage.tokens import RENEWAL_SECONDS
from tests.channels.cases import MERCADOLIBRE_CREDENTIALS
from tests.vendors.mercadolibre import ACCESS, REFRESH, MercadoLibreApi

KEY = "a key for tests"
INBOX = "ml"


@pytest.fixture
async def open_stores(url: str) -> AsyncIterator[Callable[[], Stores]]:
    opened: list[Stores] = []

    def another() -> Stores:
        stores = build_stores(url, KEY, FEATURES)
        opened.append(stores)
        return stores

    yield another
    for stores in opened:
        await stores.db.close()


@pytest.fixture
async def stores(open_stores: Callable[[], Stores]) -> Stores:
    found = open_stores()
    await found.inboxes.add(ChannelKind.MERCADOLIBRE, "ML", inbox_id=INBOX, settings=MERCADOLIBRE_CREDENTIALS)
    return found


class Vendor:
    """Exchanges each refresh token once."""

    def __init__(self, *, pause: float = 0.0, problem: str | None = None, final: bool = False) -> None:
        self.pause, self.problem, self.final = pause, problem, final
        self.spent: list[str] = []

    async def renew(self, credentials: Credentials) -> Renewal:
        token = credentials["refresh_token"]
        await asyncio.sleep(self.pause)
        if self.problem is not None:
            return Renewal(problem=self.problem, final=self.final)
        if token in self.spent:
            return Renewal(problem="it was used before", final=True)
        self.spent.append(token)
        number = len(self.spent)
        return Renewal(settings={"access_token": f"access-{number}", "refresh_token": f"refresh-{number}"}, expires_in=21_600)


async def test_many_who_meet_a_refused_token_exchange_it_once(stores: Stores, open_stores: Callable[[], Stores]) -> None:
    vendor, others = Vendor(pause=0.05), [open_stores() for _ in range(3)]
    callers = [stores, *others] * 4
    found = await asyncio.gather(*(one.tokens.rotate(INBOX, ACCESS, vendor.renew) for one in callers))
    assert vendor.spent == [REFRESH]
    assert {credentials["access_token"] for credentials, _ in found} == {"access-1"}
    assert all(state.problem is None for _, state in found)
    stored, state = await stores.tokens.state(INBOX)
    assert (stored["access_token"], stored["refresh_token"]) == ("access-1", "refresh-1")
    assert dict(stored) | {"access_token": ACCESS, "refresh_token": REFRESH} == MERCADOLIBRE_CREDENTIALS
    assert state.expires_at is not None
    assert timedelta(hours=5.9) < state.expires_at - datetime.now(UTC) <= timedelta(hours=6)


def _rotate_in_a_process(
    url: str, vendor_url: str, start: "multiprocessing.synchronize.Barrier", found: "multiprocessing.Queue[str]"
) -> None:
    async def rotate() -> str:
        stores = build_stores(url, KEY, FEATURES)
        async with vendor_http() as http:
            channel = build_channels(http, Vendors(http, mercadolibre_url=vendor_url))[ChannelKind.MERCADOLIBRE]
            assert isinstance(channel, Renewable)
            start.wait(30)
            credentials, _ = await stores.tokens.rotate(INBOX, ACCESS, channel.renew)
        await stores.db.close()
        return str(credentials["access_token"])

    found.put(asyncio.run(rotate()))


async def test_several_processes_spend_a_refresh_token_once(stores: Stores, url: str) -> None:
    context = multiprocessing.get_context("spawn")
    start, found = context.Barrier(3), context.Queue()
    async with MercadoLibreApi() as api:
        workers = [context.Process(target=_rotate_in_a_process, args=(url, api.url, start, found)) for _ in range(3)]
        for worker in workers:
            worker.start()
        tokens = [await asyncio.to_thread(found.get, True, 60) for _ in workers]
        for worker in workers:
            await asyncio.to_thread(worker.join, 30)
        assert api.refreshes == [REFRESH]
        assert set(tokens) == {api.access}
    assert (await stores.inboxes.credentials(INBOX))["refresh_token"] == api.refresh


async def test_a_token_that_another_has_exchanged_is_taken_as_it_is(stores: Stores) -> None:
    vendor = Vendor()
    await stores.inboxes.set(INBOX, {"access_token": "set by hand", "refresh_token": "by hand too"})
    credentials, state = await stores.tokens.rotate(INBOX, ACCESS, vendor.renew)
    assert (credentials["access_token"], state.problem, vendor.spent) == ("set by hand", None, [])


async def test_new_tokens_that_came_while_the_old_ones_were_refused_are_found(stores: Stores, open_stores: Callable[[], Stores]) -> None:
    """A person sets new ones in the moment in which the vendor says no."""
    other = open_stores()
    setting: list[asyncio.Task[object]] = []

    async def refuse(_: Credentials) -> Renewal:
        setting.append(asyncio.create_task(other.inboxes.set(INBOX, {"access_token": "new", "refresh_token": "new too"})))
        await asyncio.sleep(0.1)
        return Renewal(problem="used before", final=True)

    credentials, state = await stores.tokens.rotate(INBOX, ACCESS, refuse)
    await setting[0]
    if credentials["access_token"] != "new":  # it was read before the other's transaction had ended
        credentials, state = await stores.tokens.state(INBOX)
    assert (credentials["access_token"], state.problem, state.dead) == ("new", None, False)


async def test_what_is_known_of_a_token_ends_with_it(stores: Stores) -> None:
    await stores.tokens.rotate(INBOX, ACCESS, Vendor(problem="revoked", final=True).renew)
    await stores.tokens.warned(INBOX)
    _, state = await stores.tokens.state(INBOX)
    assert (state.problem, state.dead) == ("revoked", True)
    assert state.warned_at is not None
    (alarm,) = await stores.tokens.alarms(now=datetime.now(UTC))
    assert (alarm.inbox_id, alarm.inbox_name, alarm.problem, alarm.told) == (INBOX, "ML", "revoked", True)
    await stores.inboxes.set(INBOX, {"refresh_token": "a new login's"})
    assert await stores.tokens.alarms(now=datetime.now(UTC)) == []
    _, fresh = await stores.tokens.state(INBOX)
    assert (fresh.problem, fresh.dead, fresh.warned_at) == (None, False, None)


async def test_a_problem_keeps_its_beginning(stores: Stores) -> None:
    vendor = Vendor(problem="the vendor is down")
    _, first = await stores.tokens.rotate(INBOX, ACCESS, vendor.renew)
    vendor.problem = "the vendor is still down"
    _, second = await stores.tokens.rotate(INBOX, ACCESS, vendor.renew)
    assert (second.problem, second.problem_since, second.dead) == ("the vendor is still down", first.problem_since, False)
    assert await stores.tokens.alarms(now=datetime.now(UTC)) == [], "a vendor that is down for a moment is nobody's matter"
    assert len(await stores.tokens.alarms(now=datetime.now(UTC) + timedelta(hours=7))) == 1
    vendor.problem = None
    _, third = await stores.tokens.rotate(INBOX, ACCESS, vendor.renew)
    assert (third.problem, third.problem_since) == (None, None)


async def test_customers_do_not_wait_for_an_exchange(stores: Stores, open_stores: Callable[[], Stores], backend: str) -> None:
    """It holds a lock. On PostgreSQL nobody else meets it; on SQLite writers wait, but less than they would give up after."""
    assert RENEWAL_SECONDS < 10
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def renew(_: Credentials) -> Renewal:
        under_way.set()
        await go_on.wait()
        return Renewal(problem="no")

    rotating = asyncio.create_task(stores.tokens.rotate(INBOX, ACCESS, renew))
    await under_way.wait()
    writing = asyncio.create_task(open_stores().arrivals.contact_for(INBOX, "question:1", None))
    if backend == "postgres":
        await asyncio.wait_for(writing, 10)
    go_on.set()
    await asyncio.gather(rotating, writing)


async def test_secrets_stay_encrypted(stores: Stores, db: Database) -> None:
    await stores.tokens.rotate(INBOX, ACCESS, Vendor().renew)
    inbox = await Inboxes(db, stores.vault, FEATURES).get(INBOX)
    assert set(inbox.public_settings) == {"app_id", "user_id", "site_id"}
