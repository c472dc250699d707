"""Signs of life, as each vendor takes them, and that they change nothing when they fail."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from channels.outgoing import vendor_http
from channels.registry import Vendors, build_channels
from channels.signs import Signs
from domain.channels import ChannelKind
from domain.commands import Release, Take
from domain.conversations import Conversation, Status
from domain.ports import ShowsActivity
from tests.api.fakes import NoHttp
from tests.channels.cases import INSTAGRAM_CREDENTIALS, MESSENGER_CREDENTIALS, TELEGRAM_CREDENTIALS, WHATSAPP_CREDENTIALS
from tests.channels.shop import CHAT, EMA, Shop, running
from tests.vendors.meta_messaging import MessagingApi
from tests.vendors.telegram import TelegramApi
from tests.vendors.whatsapp import WhatsAppApi, message_of, value_of

pytestmark = pytest.mark.engine

USER = "7700112233445566"


async def signs_over(shop: Shop, **urls: str) -> tuple[Signs, Conversation]:
    channels = build_channels(NoHttp(), Vendors(vendor_http(), **urls))
    return Signs(channels, shop.stores.inboxes, shop.stores.conversations), await shop.until_flagged()


async def act(shop: Shop, found: Conversation, verb: type[Take | Release]) -> None:
    verdict = await shop.gateway.act(verb(action_id=str(uuid4()), conversation_id=found.id, manager_id=shop.manager.id), wait_seconds=20)
    assert verdict is not None
    assert verdict.accepted


async def test_telegram_shows_typing_until_the_answer_is_ready(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with TelegramApi() as api:
        settings = {"telegram_api_url": api.url}
        async with running(temporal, database_url, tmp_path, ChannelKind.TELEGRAM, TELEGRAM_CREDENTIALS, **settings) as shop:
            await api.deliver(shop.client, "/webhooks/telegram/galpon", api.text(CHAT, "hola"))
            signs, found = await signs_over(shop, telegram_url=api.url)
            await act(shop, found, Release)
            await shop.until_status(Status.BOT)
            async with signs.while_preparing(found.id):
                await api.wait_until(lambda at: at.signs == [(str(CHAT), "typing")])
            assert await signs.show(found.id, typing=False) == 4.0
            assert len(api.signs) == 1, "bots can't mark as read"
            await shop.stores.inboxes.set("galpon", {"activity_signs": "false"})
            assert await signs.show(found.id, typing=True) is None
            assert len(api.signs) == 1


async def test_the_bot_is_not_shown_as_typing_any_more_once_a_person_has_the_conversation(
    temporal: Client, database_url: str, tmp_path: Path
) -> None:
    async with TelegramApi() as api:
        settings = {"telegram_api_url": api.url}
        async with running(temporal, database_url, tmp_path, ChannelKind.TELEGRAM, TELEGRAM_CREDENTIALS, **settings) as shop:
            await api.deliver(shop.client, "/webhooks/telegram/galpon", api.text(CHAT, "hola"))
            found = await shop.until_flagged()
            await act(shop, found, Release)
            await shop.until_status(Status.BOT)
            channels = build_channels(NoHttp(), Vendors(vendor_http(), telegram_url=api.url))
            telegram = channels[ChannelKind.TELEGRAM]
            assert isinstance(telegram, ShowsActivity)
            telegram.activity_lasts = 0.05
            signs = Signs(channels, shop.stores.inboxes, shop.stores.conversations)
            showing = asyncio.create_task(signs._keep_showing(found.id))
            await api.wait_until(lambda at: len(at.signs) >= 2)
            await act(shop, found, Take)
            await asyncio.wait_for(showing, timeout=20)
            shown = len(api.signs)
            async with signs.while_preparing(found.id):
                assert await signs.show(found.id, typing=True) == 0.05, "a manager who writes is shown"
            assert len(api.signs) == shown + 1


async def test_whatsapp_is_told_what_the_bot_has_read_and_that_somebody_types(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with WhatsAppApi() as api:
        settings = {"meta_api_url": api.url}
        async with running(temporal, database_url, tmp_path, ChannelKind.WHATSAPP, WHATSAPP_CREDENTIALS, **settings) as shop:
            await api.deliver(shop.client, "/webhooks/whatsapp/galpon", value_of(messages=[message_of(1, EMA)]))
            await api.wait_until(lambda at: at.signs == [("wamid.CUSTOMER000001", "read")])
            signs, found = await signs_over(shop, graph_url=api.url)
            await signs.show(found.id, typing=True)
            assert api.signs[1:] == [("wamid.CUSTOMER000001", "typing")]


@pytest.mark.parametrize(("kind", "product"), [(ChannelKind.MESSENGER, "page"), (ChannelKind.INSTAGRAM, "instagram")])
async def test_meta_is_told_seen_and_typing_and_a_dead_vendor_stops_nothing(
    kind: ChannelKind, product: str, temporal: Client, database_url: str, tmp_path: Path
) -> None:
    credentials = MESSENGER_CREDENTIALS if product == "page" else INSTAGRAM_CREDENTIALS
    async with MessagingApi(product) as api:
        settings = {"meta_api_url": api.url, "instagram_api_url": api.url}
        async with running(temporal, database_url, tmp_path, kind, credentials, **settings) as shop:
            await api.deliver(shop.client, f"/webhooks/{kind.value}/galpon", api.text(USER, 1))
            await api.wait_until(lambda at: at.signs == [(USER, "mark_seen")])
            signs, found = await signs_over(shop, graph_url=api.url, instagram_url=api.url)
            await signs.show(found.id, typing=True)
            assert api.signs[1:] == [(USER, "mark_seen"), (USER, "typing_on")]
            nowhere, _ = await signs_over(shop, graph_url="http://127.0.0.1:9", instagram_url="http://127.0.0.1:9")
            assert await nowhere.show(found.id, typing=True) is None
