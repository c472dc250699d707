"""Access tokens in the running product: renewed by the schedule, reported to people, and messages that wait for a new one."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.channels import ChannelKind
from domain.managers import Role
from domain.messages import DeliveryState, Direction
from tests.channels.cases import INSTAGRAM_CREDENTIALS
from tests.channels.shop import HOLDING, Shop, running
from tests.notifications.mailbox import Mailbox, PlainServer
from tests.vendors.meta_messaging import TOKEN, MessagingApi
from tests.workflows.desk import until
from worker import prepare_schedules
from workflows.upkeep import KeepChannelsUp

pytestmark = pytest.mark.engine

USER = "7700112233445566"
PATH = "/webhooks/instagram/galpon"


@pytest.fixture
async def api() -> AsyncIterator[MessagingApi]:
    async with MessagingApi("instagram") as found:
        yield found


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    handler = Mailbox()
    server = PlainServer(handler, hostname="127.0.0.1", port=0)
    server.start()
    handler.port = server.port
    yield handler
    server.stop()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as handler:
        yield handler


@pytest.fixture
async def shop(temporal: Client, database_url: str, tmp_path: Path, api: MessagingApi, mailbox: Mailbox) -> AsyncIterator[Shop]:
    urls = {"instagram_api_url": api.url, "smtp_url": f"smtp://127.0.0.1:{mailbox.port}", "mail_from": "desk@galpon.example"}
    async with running(temporal, database_url, tmp_path, ChannelKind.INSTAGRAM, INSTAGRAM_CREDENTIALS, **urls) as found:
        yield found


async def keep_up(shop: Shop, temporal: Client) -> None:
    queue = shop.gateway._task_queue
    assert await temporal.execute_workflow(KeepChannelsUp.run, id=f"keep-{uuid4()}", task_queue=queue) == 1


def let_pass(database_url: str, time: timedelta) -> None:
    """Moves what is known of the token into the past."""
    with closing(sqlite3.connect(database_url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None)) as connection:
        for column in ("seen_at", "expires_at", "problem_since"):
            (value,) = connection.execute(f"SELECT {column} FROM tokens").fetchone()  # noqa: S608 # the test's own names
            if value is not None:
                earlier = (datetime.fromisoformat(value) - time).strftime("%Y-%m-%d %H:%M:%S.%f")
                connection.execute(f"UPDATE tokens SET {column} = ?", (earlier,))  # noqa: S608 # the test's own names


async def test_instagrams_token_is_renewed_once_a_week(shop: Shop, api: MessagingApi, temporal: Client, database_url: str) -> None:
    await keep_up(shop, temporal)
    assert api.renewals == 0, "a token must be a day old"
    let_pass(database_url, timedelta(hours=26))
    await keep_up(shop, temporal)
    assert (api.renewals, (await shop.stores.inboxes.credentials("galpon"))["access_token"]) == (1, api.token)
    _, state = await shop.stores.tokens.state("galpon")
    assert state.expires_at is not None
    assert timedelta(days=59) < state.expires_at - datetime.now(UTC) <= timedelta(days=60)
    let_pass(database_url, timedelta(days=6))
    await keep_up(shop, temporal)
    assert api.renewals == 1
    let_pass(database_url, timedelta(days=2))
    await keep_up(shop, temporal)
    assert api.renewals == 2


async def test_a_page_s_token_is_left_alone(shop: Shop, api: MessagingApi, temporal: Client, database_url: str) -> None:
    await shop.stores.inboxes.set("galpon", {"login": "facebook"})
    await keep_up(shop, temporal)
    let_pass(database_url, timedelta(days=30))
    await keep_up(shop, temporal)
    assert api.renewals == 0


async def test_people_are_told_of_a_dead_token_and_messages_wait_for_another(
    shop: Shop, api: MessagingApi, temporal: Client, mailbox: Mailbox
) -> None:
    await shop.stores.people.add("nico@galpon.example", "Nico", Role.MANAGER)
    api.token = "revoked"
    assert await api.deliver(shop.client, PATH, api.text(USER, 1)) == [200]

    async def says_why() -> bool:
        waiting = await shop.messages(Direction.OUTBOUND)
        return any("waits for a new access token" in str(message.delivery_error) for message in waiting)

    await until(says_why, "the message waits and says why", seconds=30)
    assert [message.delivery for message in await shop.messages(Direction.OUTBOUND)] == [DeliveryState.QUEUED]
    await keep_up(shop, temporal)
    await keep_up(shop, temporal)
    (mail,) = mailbox.received
    assert (mail["To"], mail["Subject"]) == ("Lara <lara@galpon.example>", "Galpón needs a new login")
    text = mail.get_content()
    assert "Meta refuses this access_token" in text
    assert "/channels/galpon" in text
    assert TOKEN not in text
    api.token = "EAAanotherTokenOfTheStandIn01"
    await shop.stores.inboxes.set("galpon", {"access_token": api.token})
    await shop.until_delivery(DeliveryState.SENT)
    assert [message.text for message in api.messages] == [HOLDING]
    assert await shop.stores.tokens.alarms(now=datetime.now(UTC)) == []


async def test_a_relay_that_is_down_is_tried_again_by_the_next_run(
    shop: Shop, api: MessagingApi, temporal: Client, mailbox: Mailbox
) -> None:
    await shop.stores.tokens.refused("galpon", INSTAGRAM_CREDENTIALS["access_token"], "it was revoked")
    mailbox.refuse_data = ["451 later"]
    await keep_up(shop, temporal)
    assert mailbox.received == []
    await keep_up(shop, temporal)
    assert len(mailbox.received) == 1


async def test_the_schedule_begins_at_once_and_stands_once(shop: Shop, temporal: Client) -> None:
    schedule_id, queue = f"upkeep-{uuid4()}", shop.gateway._task_queue
    await prepare_schedules(temporal, schedule_id=schedule_id, task_queue=queue)
    await prepare_schedules(temporal, schedule_id=schedule_id, task_queue=queue)
    handle = temporal.get_schedule_handle(schedule_id)

    async def has_run() -> bool:
        return bool((await handle.describe()).info.recent_actions)

    await until(has_run, "the schedule has run", seconds=30)
    described = await handle.describe()
    assert described.schedule.spec.intervals[0].every == timedelta(minutes=10)
    await handle.delete()


async def test_the_customers_name_is_asked_for_and_shown(shop: Shop, temporal: Client, api: MessagingApi) -> None:
    await api.deliver(shop.client, PATH, api.text(USER, 1))
    await shop.until_flagged()
    await keep_up(shop, temporal)
    before = await shop.conversation()
    assert before is not None
    assert before.contact_name is None, "Meta does not tell it of everybody"
    api.names[USER] = "Ema Ríos"
    await keep_up(shop, temporal)
    found = await shop.conversation()
    assert found is not None
    assert found.contact_name == "Ema Ríos"
