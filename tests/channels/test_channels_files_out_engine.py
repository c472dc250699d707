"""A manager's files through the whole product: uploaded over the API, sent by the worker, as each vendor takes them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from domain.channels import ChannelKind
from domain.messages import DeliveryState, Direction
from tests.channels.cases import MESSENGER_CREDENTIALS, SMS_CREDENTIALS, TELEGRAM_CREDENTIALS, WHATSAPP_CREDENTIALS
from tests.channels.shop import CHAT, EMA, PHONE_E164, Shop, running
from tests.vendors.meta_messaging import MessagingApi
from tests.vendors.rest_receiver import Fault
from tests.vendors.telegram import TelegramApi
from tests.vendors.twilio import SMS_NUMBER, TwilioApi, incoming
from tests.vendors.whatsapp import WhatsAppApi, message_of, value_of

pytestmark = pytest.mark.engine

PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
PDF = b"%PDF-1.7\n" + bytes(200)
PUBLIC = "https://desk.example"
USER = "7700112233445566"
SENT, FAILED, UNKNOWN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN


@pytest.fixture
async def telegram_shop(temporal: Client, database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Shop, TelegramApi]]:
    async with TelegramApi() as telegram:
        urls = {"telegram_api_url": telegram.url}
        async with running(temporal, database_url, tmp_path, ChannelKind.TELEGRAM, TELEGRAM_CREDENTIALS, **urls) as shop:
            await telegram.deliver(shop.client, "/webhooks/telegram/galpon", telegram.text(CHAT, "¿Tienen el plano?"))
            await shop.until_delivery(SENT)
            yield shop, telegram


async def attach(shop: Shop, *files: tuple[str, bytes], text: str | None = None) -> dict[str, Any]:
    """Uploads, replies, and gives the API's answer."""
    headers, found = await shop.key(), await shop.conversation()
    assert found is not None
    ids = []
    for name, content in files:
        uploaded = await shop.client.post("/api/v1/files", files={"file": (name, content)}, headers=headers)
        assert uploaded.status_code == 201, uploaded.text
        ids.append(uploaded.json()["id"])
    body = {"attachments": ids, "keep": True} | ({"text": text} if text else {})
    answer: dict[str, Any] = (await shop.client.post(f"/api/v1/conversations/{found.id}/reply", json=body, headers=headers)).json()
    return answer


async def test_telegram_gets_text_picture_and_document_each_once(telegram_shop: tuple[Shop, TelegramApi]) -> None:
    shop, telegram = telegram_shop
    assert (await attach(shop, ("foto.png", PNG), ("plano.pdf", PDF), text="Acá van"))["status"] == "accepted"
    sent = await shop.until_delivery(SENT, SENT, SENT, SENT)
    assert [message.text for message in telegram.to(CHAT)[1:]] == ["Acá van", "sendPhoto foto.png", "sendDocument plano.pdf"]
    assert (telegram.messages[2].body["photo"], telegram.messages[3].body["document"]) == (PNG, PDF)
    assert [(message.text, [file.name for file in message.attachments]) for message in sent[1:]] == [
        ("Acá van", []),
        ("", ["foto.png"]),
        ("", ["plano.pdf"]),
    ]


async def test_a_file_whose_answer_is_lost_is_unknown_and_what_follows_it_stands_apart(telegram_shop: tuple[Shop, TelegramApi]) -> None:
    shop, telegram = telegram_shop
    telegram.fault(Fault.ACCEPT_THEN_DROP)
    await attach(shop, ("foto.png", PNG), ("plano.pdf", PDF))
    _, lost, unsaid = await shop.until_delivery(SENT, UNKNOWN, FAILED)
    assert [[file.name for file in message.attachments] for message in (lost, unsaid)] == [["foto.png"], ["plano.pdf"]]
    assert [message.text for message in telegram.to(CHAT)[1:]] == ["sendPhoto foto.png"]


async def test_whatsapp_gets_uploads_and_refuses_what_it_does_not_take(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with WhatsAppApi() as whatsapp:
        urls = {"meta_api_url": whatsapp.url}
        async with running(temporal, database_url, tmp_path, ChannelKind.WHATSAPP, WHATSAPP_CREDENTIALS, **urls) as shop:
            await whatsapp.deliver(shop.client, "/webhooks/whatsapp/galpon", value_of(messages=[message_of(1, EMA)]))
            await shop.until_delivery(SENT)
            refused = await attach(shop, ("a.gif", b"GIF89a" + bytes(50)))
            assert "WhatsApp takes no files of the kind image/gif, only: PNG, JPEG, PDF" in refused["detail"]
            await attach(shop, ("foto.png", PNG), ("plano.pdf", PDF))
            await shop.until_delivery(SENT, SENT, SENT)
            assert [message.text.split()[0] for message in whatsapp.to(EMA)[1:]] == ["image", "document"]
            assert list(whatsapp.uploads.values()) == [PNG, PDF]


async def test_messenger_fetches_by_a_link_that_needs_no_sign_in(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with MessagingApi("page") as api:
        urls = {"meta_api_url": api.url, "public_url": PUBLIC}
        async with running(temporal, database_url, tmp_path, ChannelKind.MESSENGER, MESSENGER_CREDENTIALS, **urls) as shop:
            await api.deliver(shop.client, "/webhooks/messenger/galpon", api.text(USER, 1))
            await shop.until_delivery(SENT)
            await attach(shop, ("foto.png", PNG))
            await shop.until_delivery(SENT, SENT)
            link = api.messages[-1].body["message"]["attachment"]["payload"]["url"]
            fetched = await shop.client.get(link.removeprefix(PUBLIC))
            assert (fetched.status_code, fetched.content, fetched.headers["content-type"]) == (200, PNG, "image/png")
            assert (await shop.client.get(f"/media/{link[-40:]}")).status_code == 403


async def test_twilio_fetches_by_link_too(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with TwilioApi() as twilio:
        urls = {"twilio_api_url": twilio.url, "public_url": PUBLIC}
        async with running(temporal, database_url, tmp_path, ChannelKind.SMS, SMS_CREDENTIALS, **urls) as shop:
            await twilio.deliver(shop.client, f"{PUBLIC}/webhooks/sms/galpon", incoming(1, PHONE_E164, SMS_NUMBER))
            await shop.until_delivery(SENT)
            await attach(shop, ("foto.png", PNG))
            await shop.until_delivery(SENT, SENT)
            assert twilio.messages[-1].form["MediaUrl"].startswith(f"{PUBLIC}/media/")


async def test_a_twilio_send_without_an_answer_is_found_in_twilios_list(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with TwilioApi() as twilio:
        urls = {"twilio_api_url": twilio.url, "public_url": PUBLIC}
        async with running(temporal, database_url, tmp_path, ChannelKind.SMS, SMS_CREDENTIALS, **urls) as shop:
            twilio.fault(Fault.ACCEPT_THEN_DROP)
            await twilio.deliver(shop.client, f"{PUBLIC}/webhooks/sms/galpon", incoming(1, PHONE_E164, SMS_NUMBER))
            (found,) = await shop.until_delivery(SENT)
            assert [message.sid for message in twilio.messages] == [found.provider_id]
            assert len(await shop.messages(Direction.OUTBOUND)) == 1
