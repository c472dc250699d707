"""Customers' files through the whole product: from the webhook over the vendor's stand-in into our own storage."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from temporalio.client import Client

from domain.channels import ChannelKind
from domain.media import MAX_MEDIA_BYTES
from domain.messages import Attachment, Direction
from tests.channels.cases import MESSENGER_CREDENTIALS, SMS_CREDENTIALS, TELEGRAM_CREDENTIALS, WHATSAPP_CREDENTIALS
from tests.channels.shop import CHAT, EMA, PHONE_E164, Shop, running
from tests.vendors.file_host import FileHost
from tests.vendors.meta_messaging import MessagingApi
from tests.vendors.telegram import TOKEN as TELEGRAM_TOKEN
from tests.vendors.telegram import TelegramApi, message_of
from tests.vendors.twilio import ACCOUNT, SMS_NUMBER, TwilioApi, incoming
from tests.vendors.whatsapp import WhatsAppApi, value_of
from tests.vendors.whatsapp import message_of as whatsapp_message

pytestmark = pytest.mark.engine

PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
LOOPBACK = {"allowed_private_networks": "127.0.0.0/8"}


@pytest.fixture
async def host() -> AsyncIterator[FileHost]:
    async with FileHost() as found:
        yield found


def ours(file: Attachment) -> bool:
    return file.url.startswith("/files/")


def failed(file: Attachment) -> bool:
    return file.problem is not None


async def content_of(shop: Shop, file: Attachment) -> bytes:
    _, key = await shop.stores.people.create_api_key("test", shop.manager.id)
    answer = await shop.client.get(f"/api/v1{file.url}", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    return answer.content


def photo(file_id: str, **fields: Any) -> dict[str, Any]:
    sizes = [{"file_id": "small", "width": 90, "height": 90}, {"file_id": file_id, "width": 900, "height": 900, **fields}]
    return message_of(CHAT, 77, photo=sizes, caption="¿Tienen este?")


async def test_a_telegram_photo_is_kept_and_its_token_is_written_nowhere(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with TelegramApi(CHAT) as telegram:
        telegram.files["photos/abc.jpg"] = PNG
        urls = {"telegram_api_url": telegram.url}
        with structlog.testing.capture_logs() as logged:
            async with running(temporal, database_url, tmp_path, ChannelKind.TELEGRAM, TELEGRAM_CREDENTIALS, **urls) as shop:
                await telegram.deliver(shop.client, "/webhooks/telegram/galpon", telegram.update("message", photo("abc")))
                file = await shop.until_media(ours)
                assert (file.mime_type, file.size, await content_of(shop, file)) == ("image/png", len(PNG), PNG)
                stored = [message.model_dump_json() for message in await shop.messages(Direction.INBOUND)]
        assert TELEGRAM_TOKEN not in str(logged) + str(stored)


async def test_what_is_too_large_is_named_and_not_fetched(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with TelegramApi(CHAT) as telegram:
        urls = {"telegram_api_url": telegram.url}
        async with running(temporal, database_url, tmp_path, ChannelKind.TELEGRAM, TELEGRAM_CREDENTIALS, **urls) as shop:
            update = telegram.update("message", photo("abc", file_size=MAX_MEDIA_BYTES + 1))
            await telegram.deliver(shop.client, "/webhooks/telegram/galpon", update)
            assert (await shop.until_media(failed)).problem == "The file is larger than 20 MB"
            assert not [call for call in telegram.calls if call.path.endswith("/getFile")]


async def test_a_whatsapp_picture_opens_with_the_token_which_no_stranger_gets(
    temporal: Client, database_url: str, tmp_path: Path, host: FileHost
) -> None:
    async with WhatsAppApi() as whatsapp:
        whatsapp.media = {"501": PNG, "502": PNG}
        host.files["/502"] = PNG
        whatsapp.media_elsewhere["502"] = f"{host.url}/502"
        urls = {"meta_api_url": whatsapp.url, **LOOPBACK}
        async with running(temporal, database_url, tmp_path, ChannelKind.WHATSAPP, WHATSAPP_CREDENTIALS, **urls) as shop:
            for number, media_id in enumerate(("501", "502"), 1):
                picture = whatsapp_message(number, EMA, kind="image", image={"id": media_id, "mime_type": "image/png"})
                await whatsapp.deliver(shop.client, "/webhooks/whatsapp/galpon", value_of(messages=[picture]))
                await shop.until_media(lambda file, number=number: ours(file))  # type: ignore[misc] # bound on purpose
            await host.wait_until(lambda at: bool(at.calls))


async def test_a_link_into_a_private_network_is_not_followed(temporal: Client, database_url: str, tmp_path: Path, host: FileHost) -> None:
    async with (
        MessagingApi("page") as api,
        running(temporal, database_url, tmp_path, ChannelKind.MESSENGER, MESSENGER_CREDENTIALS, meta_api_url=api.url) as shop,
    ):
        await api.deliver(shop.client, "/webhooks/messenger/galpon", picture_from(api, f"{host.url}/a.png?signature=s3cret"))
        problem = str((await shop.until_media(failed)).problem)
        assert "private address" in problem
        assert "s3cret" not in problem
    assert host.calls == []


def picture_from(api: MessagingApi, url: str) -> dict[str, Any]:
    message = api.text("7700112233445566", 1)
    return message | {"message": {"mid": "m_1", "attachments": [{"type": "image", "payload": {"url": url}}]}}


async def test_a_host_that_is_down_is_asked_again_and_a_program_is_not_kept(
    temporal: Client, database_url: str, tmp_path: Path, host: FileHost
) -> None:
    host.files = {"/a.png": PNG}
    host.broken = 2
    async with MessagingApi("page") as api:
        urls = {"meta_api_url": api.url, **LOOPBACK}
        async with running(temporal, database_url, tmp_path, ChannelKind.MESSENGER, MESSENGER_CREDENTIALS, **urls) as shop:
            await api.deliver(shop.client, "/webhooks/messenger/galpon", picture_from(api, f"{host.url}/a.png"))
            await shop.until_media(ours)
            assert len(host.calls) == 3
            host.files["/b.png"] = b"MZ" + bytes(100)
            event = picture_from(api, f"{host.url}/b.png")
            event["message"]["mid"] = "m_2"
            await api.deliver(shop.client, "/webhooks/messenger/galpon", event)
            assert (await shop.until_media(failed)).problem == "The file is a program and was not kept"


async def test_a_manager_has_a_file_fetched_again(temporal: Client, database_url: str, tmp_path: Path, host: FileHost) -> None:
    async with MessagingApi("page") as api:
        urls = {"meta_api_url": api.url, **LOOPBACK}
        async with running(temporal, database_url, tmp_path, ChannelKind.MESSENGER, MESSENGER_CREDENTIALS, **urls) as shop:
            await api.deliver(shop.client, "/webhooks/messenger/galpon", picture_from(api, f"{host.url}/late.png"))
            assert "does not give the file" in str((await shop.until_media(failed)).problem)
            host.files["/late.png"] = PNG
            (message,) = await shop.messages(Direction.INBOUND)
            _, key = await shop.stores.people.create_api_key("test", shop.manager.id)
            path = f"/api/v1/conversations/{message.conversation_id}/messages/{message.id}/fetch"
            assert (await shop.client.post(path, headers={"authorization": f"Bearer {key}"})).status_code == 202
            assert (await shop.until_media(ours)).problem is None


async def test_twilios_redirect_is_followed_without_the_sign_in(
    temporal: Client, database_url: str, tmp_path: Path, host: FileHost
) -> None:
    async with TwilioApi() as twilio:
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
        twilio.media[path] = f"{host.url}/signed.png"
        host.redirects["/signed.png"] = "/other.png"
        host.files["/other.png"] = PNG
        urls = {"twilio_api_url": twilio.url, "public_url": "https://desk.example", **LOOPBACK}
        async with running(temporal, database_url, tmp_path, ChannelKind.SMS, SMS_CREDENTIALS, **urls) as shop:
            media = {"NumMedia": "1", "MediaUrl0": f"{twilio.url}{path}", "MediaContentType0": "image/png"}
            form = incoming(1, PHONE_E164, SMS_NUMBER, **media)
            assert await twilio.deliver(shop.client, "https://desk.example/webhooks/sms/galpon", form) == [200]
            file = await shop.until_media(ours)
            assert await content_of(shop, file) == PNG
