"""A channel's limits, and messages of which nobody knows whether they arrived, through the whole product."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.channels import ChannelKind
from domain.commands import PostReply, Take
from domain.conversations import Status
from domain.managers import Role
from domain.messages import DeliveryState, Direction
from tests.channels.cases import TELEGRAM_CREDENTIALS
from tests.channels.shop import CHAT, HOLDING, Shop, running
from tests.vendors.rest_receiver import Fault
from tests.vendors.telegram import TelegramApi

pytestmark = pytest.mark.engine

SENT, FAILED, UNKNOWN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN
BURST = 5
Rig = tuple[Shop, TelegramApi]


@pytest.fixture
async def rig(temporal: Client, database_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    async with TelegramApi() as telegram:
        urls = {"telegram_api_url": telegram.url}
        async with running(temporal, database_url, tmp_path, ChannelKind.TELEGRAM, TELEGRAM_CREDENTIALS, **urls) as shop:
            yield shop, telegram


async def test_a_burst_to_one_chat_arrives_whole_in_order_and_spaced(rig: Rig) -> None:
    shop, telegram = rig
    await telegram.deliver(shop.client, "/webhooks/telegram/galpon", telegram.text(CHAT, "¿Hacen envíos?"))
    found = await shop.until_flagged()
    await shop.until_delivery(SENT)
    for number in range(BURST):
        verb = PostReply(action_id=str(uuid4()), conversation_id=found.id, manager_id=shop.manager.id, text=f"parte {number}", keep=True)
        verdict = await shop.gateway.act(verb, wait_seconds=20)
        assert verdict is not None
        assert verdict.accepted
    sent = await shop.until_delivery(*[SENT] * (BURST + 1))
    assert [message.text for message in telegram.to(CHAT)] == [HOLDING, *(f"parte {number}" for number in range(BURST))]
    assert [message.attempts for message in sent] == [1] * (BURST + 1), "waiting is no attempt"
    times = [call.at for call in telegram.calls if call.path.endswith("/sendMessage")]
    # A busy machine may bring one late and the next in time, but none comes before its place in the row.
    assert all(at - times[0] > number - 0.7 for number, at in enumerate(times))


async def lost(rig: Rig) -> str:
    """The id of a message that Telegram took without an answer."""
    shop, telegram = rig
    telegram.fault(Fault.ACCEPT_THEN_DROP)
    await telegram.deliver(shop.client, "/webhooks/telegram/galpon", telegram.text(CHAT, "¿Hacen envíos?"))
    (message,) = await shop.until_delivery(UNKNOWN)
    await shop.until_status(Status.FLAGGED)
    return f"/api/v1/conversations/{message.conversation_id}/messages/{message.id}"


async def test_it_arrived_says_a_manager(rig: Rig) -> None:
    shop, telegram = rig
    path = await lost(rig)
    headers = await shop.key()
    assert (await shop.client.post(f"{path}/arrived", headers=headers)).status_code == 204
    await shop.until_delivery(SENT)
    assert (await shop.client.post(f"{path}/again", headers=headers)).status_code == 409
    assert len(telegram.messages) == 1


async def test_send_it_again_says_a_manager_and_it_goes_out_once(rig: Rig) -> None:
    shop, telegram = rig
    path = await lost(rig)
    headers = await shop.key()
    first = await shop.client.post(f"{path}/again", headers=headers)
    assert (first.status_code, first.json()["status"]) == (200, "accepted")
    assert (await shop.client.post(f"{path}/again", headers=headers)).status_code == 409
    old, new = await shop.until_delivery(FAILED, SENT)
    assert (old.text, "sent again" in str(old.delivery_error), new.text) == (HOLDING, True, HOLDING)
    assert len(telegram.messages) == 2
    assert len(await shop.messages(Direction.OUTBOUND)) == 2
    # The line answers no question: the customer's still waits, with whoever sent the line again.
    found = await shop.until_status(Status.HUMAN)
    assert (found.assignee_id, found.waiting_since is not None, new.in_reply_to) == (shop.manager.id, True, ())


async def test_after_a_refusal_it_can_still_be_sent_again_by_whoever_may(rig: Rig) -> None:
    shop, telegram = rig
    path = await lost(rig)
    found = await shop.conversation()
    assert found is not None
    other = await shop.stores.people.add("bruno@galpon.example", "Bruno", Role.MANAGER)
    _, key = await shop.stores.people.create_api_key("test", other.id)
    take = Take(action_id=str(uuid4()), conversation_id=found.id, manager_id=other.id)
    assert (await shop.gateway.act(take, wait_seconds=20)) is not None
    hers, his = await shop.key(), {"authorization": f"Bearer {key}"}
    for _ in range(2):
        refused = await shop.client.post(f"{path}/again", headers=hers)
        assert (refused.status_code, refused.json()["reason"]) == (409, "owned")
    first = await shop.client.post(f"{path}/again", headers=his)
    assert (first.status_code, first.json()["status"]) == (200, "accepted")
    assert (await shop.client.post(f"{path}/again", headers=hers)).status_code == 409
    await shop.until_delivery(FAILED, SENT)
    assert len(telegram.messages) == 2
