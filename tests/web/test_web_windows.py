"""What the composer says of a channel's reply window, and how a template is chosen and sent from there."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from channels.outgoing import vendor_http
from channels.registry import Vendors, build_channels
from domain.channels import ChannelKind
from domain.commands import PostReply
from domain.conversations import ConversationRecord, Due, Status
from storage.stores import Stores
from tests.api.fakes import NoHttp
from tests.channels.cases import WHATSAPP_CREDENTIALS
from tests.channels.test_channels_windows_engine import PICTURE, SHIPPED, VALUES
from tests.vendors.whatsapp import WhatsAppApi
from tests.web.conftest import PART, PUBLIC_URL, Browser, services_over
from tests.web.engine import DeskEngine
from tests.web.shop import Shop
from web.services import Services


@pytest.fixture
async def services(stores: Stores, engine: DeskEngine) -> AsyncIterator[Services]:
    found = services_over(stores, engine, PUBLIC_URL)
    async with WhatsAppApi() as whatsapp, vendor_http() as http:
        whatsapp.templates = [SHIPPED, PICTURE]
        yield replace(found, channels=build_channels(NoHttp(), Vendors(http, graph_url=whatsapp.url)))
    await found.live.close()


@pytest.fixture
async def record(shop: Shop) -> ConversationRecord:
    """Maya has it; Ema's window closed an hour ago."""
    settings = dict(WHATSAPP_CREDENTIALS)
    shop.inboxes[ChannelKind.WHATSAPP] = await shop.services.inboxes.add(ChannelKind.WHATSAPP, "WhatsApp", inbox_id="wa", settings=settings)
    found = await shop.talk("Ema Ríos", channel=ChannelKind.WHATSAPP)
    await shop.says(found, "¿Hacen envíos?", minutes=5)
    return await shop.takes(found, "maya", due=Due(window_at=shop.ago(60)))


async def _shown(client: httpx2.AsyncClient, record: ConversationRecord) -> str:
    return html.unescape((await client.get(f"/inbox/all/{record.conversation_id}")).text)


async def test_a_closed_window_is_told_and_a_template_is_offered(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    page = await _shown(await browser("maya"), record)
    assert "Ema last wrote more than 24 hours ago" in page
    assert "Choose a template" in page
    assert re.search(r'data-send="reply" disabled title="The reply window is closed"', page)
    assert "The bot goes on after your reply" not in page


async def test_a_window_that_closes_soon_is_told(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    soon = shop.now + timedelta(minutes=30)
    await shop.engine.write(shop.engine.records[record.conversation_id], due=Due(window_at=soon))
    page = await _shown(await browser("maya"), record)
    assert "The reply window closes" in page
    assert "The bot goes on after your reply" in page
    assert "Choose a template" not in page


async def test_a_persons_tag_is_told_with_its_end(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    due = Due(window_at=shop.ago(60), person_window_at=shop.now + timedelta(days=6))
    await shop.engine.write(shop.engine.records[record.conversation_id], due=due)
    assert "Your own reply still goes out" in await _shown(await browser("maya"), record)


@pytest.mark.parametrize("headers", [{}, PART], ids=["page", "part"])
async def test_templates_are_listed_with_their_gaps(
    headers: dict[str, str], browser: Browser, shop: Shop, record: ConversationRecord
) -> None:
    client = await browser("maya")
    address = f"/conversations/{record.conversation_id}/templates?back=/inbox/all"
    listed = html.unescape((await client.get(address, headers=headers)).text)
    assert "order_shipped" in listed
    assert set(re.findall(r'name="value_(\w+)"', listed)) == set(VALUES)
    assert "Can’t be sent from here: its header is no text (image)" in listed
    assert ("<!doctype html>" in listed.lower()) == (not headers)


async def test_a_filled_template_is_sent_as_a_reply_that_keeps_the_conversation(
    browser: Browser, shop: Shop, record: ConversationRecord
) -> None:
    client = await browser("maya")
    form = {"name": "order_shipped", "language": "es_AR", "action_id": "send-1", "back": "/inbox/all"}
    address = f"/conversations/{record.conversation_id}/template"
    incomplete = await client.post(address, data=form)
    assert incomplete.status_code == 422
    assert "needs a value for: header_1, 1, 2, button_0_1" in html.unescape(incomplete.text)
    answer = await client.post(address, data={**form, **{f"value_{key}": value for key, value in VALUES.items()}})
    assert answer.status_code == 303
    (verb,) = shop.engine.verbs
    assert isinstance(verb, PostReply)
    assert verb.template is not None
    assert (verb.template.name, verb.keep, verb.text.splitlines()[0]) == ("order_shipped", True, "Pedido 77")
    assert (await shop.services.conversations.get(record.conversation_id)).status is Status.HUMAN


async def test_a_text_that_is_too_long_for_the_channel_is_refused_with_its_limit(
    browser: Browser, shop: Shop, record: ConversationRecord
) -> None:
    answer = await (await browser("maya")).post(f"/conversations/{record.conversation_id}/reply", data={"text": "a" * 4_097})
    assert answer.status_code == 422
    assert "4097 of 4096 characters" in answer.text
    assert shop.engine.verbs == []
