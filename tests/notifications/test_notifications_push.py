"""Web Push over a real socket to a stand-in that decrypts and checks what browsers' vendors check."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from channels.outgoing import OutgoingHttp
from channels.push_services import PushServices
from channels.registry import FEATURES
from domain.errors import InvalidInput, NotTold
from domain.ladder import Medium
from domain.managers import Manager, Role
from notifications.push import PushNotifier
from storage.stores import Stores, open_stores
from tests.notifications.people import DESK, customer, digest
from tests.vendors.push_service import PushServer, Subscriber
from tests.vendors.rest_receiver import Fault

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[Stores]:
    async with open_stores(database_url, "a key for tests", FEATURES) as stores:
        yield stores


@pytest.fixture
async def service(stores: Stores) -> AsyncIterator[PushServer]:
    async with PushServer() as server:
        server.public_key = (await stores.push.keys()).public
        yield server


@pytest.fixture
async def ines(stores: Stores) -> Manager:
    return await stores.people.add("ines@shop.example", "Inés", Role.OWNER)


@pytest.fixture
async def notifier(stores: Stores) -> AsyncIterator[PushNotifier]:
    async with OutgoingHttp(allowed_networks=LOOPBACK) as http:
        yield PushNotifier(stores.push, PushServices(http), base_url=DESK, contact="mailto:desk@shop.example")


async def subscribe(stores: Stores, person: Manager, browser: Subscriber, session: str = "a session") -> None:
    await stores.push.add(person.id, session, endpoint=browser.endpoint, p256dh=browser.p256dh, auth=browser.auth, label="Chrome on Linux")


async def test_every_browser_shows_that_somebody_waits_and_nothing_of_what_was_written(
    stores: Stores, service: PushServer, ines: Manager, notifier: PushNotifier
) -> None:
    for name in ("laptop", "phone"):
        await subscribe(stores, ines, service.browser(name))
    waiting = customer(reason="my card is 4111", words=("my card is 4111",))
    await notifier.tell(digest(Medium.PUSH, ines, waiting))
    assert {name for name, _ in service.shown} == {"laptop", "phone"}
    shown = service.shown[0][1]
    assert shown["title"] == "Human feedback needed"
    assert shown["body"] == "A customer needs a person: a person is needed"
    assert shown["tag"] == waiting.conversation_id
    assert shown["url"] == f"{DESK}/conversations/{waiting.conversation_id}"
    assert "4111" not in str(service.shown)
    assert b"customer" not in service.calls[0].body, "it is encrypted"


async def test_many_who_wait_are_one_message(stores: Stores, service: PushServer, ines: Manager, notifier: PushNotifier) -> None:
    await subscribe(stores, ines, service.browser("laptop"))
    await notifier.tell(digest(Medium.PUSH, ines, *(customer(number) for number in range(1, 301))))
    ((_, shown),) = service.shown
    assert (shown["body"], shown["url"]) == ("300 customers need a person", f"{DESK}/inbox/mine")


async def test_a_browser_that_is_gone_is_forgotten_and_the_others_are_told(
    stores: Stores, service: PushServer, ines: Manager, notifier: PushNotifier
) -> None:
    for name in ("laptop", "phone"):
        await subscribe(stores, ines, service.browser(name))
    service.gone = {"/push/laptop"}
    await notifier.tell(digest(Medium.PUSH, ines))
    assert [name for name, _ in service.shown] == ["phone"]
    service.gone = {"/push/phone"}
    with pytest.raises(NotTold, match="no push messages any more") as failure:
        await notifier.tell(digest(Medium.PUSH, ines))
    assert not failure.value.retryable
    assert await stores.push.of(ines.id) == []


async def test_a_busy_service_says_when_to_try_again(stores: Stores, service: PushServer, ines: Manager, notifier: PushNotifier) -> None:
    await subscribe(stores, ines, service.browser("laptop"))
    service.fault(Fault.STATUS, status=429, headers={"retry-after": "12"})
    with pytest.raises(NotTold, match="429") as failure:
        await notifier.tell(digest(Medium.PUSH, ines))
    assert (failure.value.retryable, failure.value.retry_after) == (True, 12.0)


async def test_an_endpoint_in_a_private_network_is_not_called(stores: Stores, service: PushServer, ines: Manager) -> None:
    await subscribe(stores, ines, service.browser("laptop"))
    async with OutgoingHttp() as guarded:
        notifier = PushNotifier(stores.push, PushServices(guarded), base_url=DESK, contact="mailto:desk@shop.example")
        with pytest.raises(NotTold, match="private address") as failure:
            await notifier.tell(digest(Medium.PUSH, ines))
    assert not failure.value.retryable
    assert service.calls == []


async def test_the_keys_are_made_once_and_stored_encrypted(stores: Stores, database_url: str) -> None:
    keys = await stores.push.keys()
    async with open_stores(database_url, "a key for tests", FEATURES) as another:
        assert await another.push.keys() == keys
    async with open_stores(database_url, "another key", FEATURES) as stranger:
        with pytest.raises(InvalidInput, match="FRONTDESK_SECRET_KEY"):
            await stranger.push.keys()


async def test_who_signs_out_of_a_browser_is_not_told_in_it_any_more(stores: Stores, service: PushServer, ines: Manager) -> None:
    laptop, phone = await stores.people.open_session(ines.id), await stores.people.open_session(ines.id)
    await subscribe(stores, ines, service.browser("laptop"), laptop)
    await subscribe(stores, ines, service.browser("phone"), phone)
    await stores.people.close_session(laptop)
    assert [subscription.endpoint for subscription in await stores.push.of(ines.id)] == [f"{service.url}/push/phone"]


@pytest.mark.parametrize(
    ("endpoint", "p256dh", "auth"),
    [
        ("javascript:alert(1)", None, None),
        (None, "AAAA", None),
        (None, "%%%", None),
        (None, None, "c2hvcnQ"),
    ],
)
async def test_what_no_browser_gives_is_refused(
    stores: Stores, service: PushServer, ines: Manager, endpoint: str | None, p256dh: str | None, auth: str | None
) -> None:
    browser = service.browser("laptop")
    with pytest.raises(InvalidInput):
        await stores.push.add(
            ines.id, "s", endpoint=endpoint or browser.endpoint, p256dh=p256dh or browser.p256dh, auth=auth or browser.auth, label=""
        )
