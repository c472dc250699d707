"""`./frontdesk inbox test`: what an owner is told about an inbox."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from channels.registry import FEATURES
from console import try_stored_inbox
from domain.channels import ChannelKind
from settings import Settings
from storage.stores import Stores, open_stores
from tests.channels.cases import MERCADOLIBRE_CREDENTIALS, TELEGRAM_CREDENTIALS, WHATSAPP_CREDENTIALS
from tests.vendors.mercadolibre import MercadoLibreApi
from tests.vendors.rest_receiver import RestReceiver
from tests.vendors.telegram import TelegramApi
from tests.vendors.whatsapp import WhatsAppApi

KEY = "a key for tests"


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[Stores]:
    async with open_stores(database_url, KEY, FEATURES) as found:
        yield found


def settings(tmp_path: Path, **values: Any) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path, public_url="https://desk.example/", **values)


async def test_telegram_is_set_up_with_the_public_address(stores: Stores, tmp_path: Path) -> None:
    async with TelegramApi() as api:
        await stores.inboxes.add(ChannelKind.TELEGRAM, "Bot", inbox_id="bot", settings=TELEGRAM_CREDENTIALS)
        found = await try_stored_inbox(stores, "bot", settings(tmp_path, telegram_api_url=f"{api.url}/"))
        assert found.problems == ()
        assert found.notes[-1] == "Telegram delivers to https://desk.example/webhooks/telegram/bot."
        assert api.webhook["url"] == "https://desk.example/webhooks/telegram/bot"


async def test_everything_that_is_wrong_with_whatsapp_is_said_at_once(stores: Stores, tmp_path: Path) -> None:
    async with WhatsAppApi() as api:
        given = {name: value for name, value in WHATSAPP_CREDENTIALS.items() if name != "app_secret"} | {"access_token": "EAAold"}
        await stores.inboxes.add(ChannelKind.WHATSAPP, "Phone", inbox_id="phone", settings=given)
        found = await try_stored_inbox(stores, "phone", settings(tmp_path, meta_api_url=api.url))
        assert found.notes == ()
        assert any("Error validating access token" in problem for problem in found.problems)
        assert any("app_secret is not set" in problem for problem in found.problems)


async def test_mercadolibre_is_tried_with_a_renewed_token(stores: Stores, tmp_path: Path) -> None:
    async with MercadoLibreApi() as api:
        api.end_token()
        await stores.inboxes.add(ChannelKind.MERCADOLIBRE, "ML", inbox_id="ml", settings=MERCADOLIBRE_CREDENTIALS)
        found = await try_stored_inbox(stores, "ml", settings(tmp_path, mercadolibre_api_url=api.url))
        assert found.problems == ()
        assert found.notes[0] == "The account is GALPON.NORTE, on the site MLA."
        address = f"https://desk.example/webhooks/mercadolibre/ml/{MERCADOLIBRE_CREDENTIALS['path_secret']}"
        assert address in found.notes[-1]
        assert (await stores.inboxes.credentials("ml"))["access_token"] == api.access
        assert api.refreshes == [MERCADOLIBRE_CREDENTIALS["refresh_token"]]


async def test_what_is_wrong_with_mercadolibre_is_said_in_words(stores: Stores, tmp_path: Path) -> None:
    async with MercadoLibreApi() as api:
        api.log_out()
        given = {name: value for name, value in MERCADOLIBRE_CREDENTIALS.items() if name != "site_id"}
        await stores.inboxes.add(ChannelKind.MERCADOLIBRE, "ML", inbox_id="ml", settings=given)
        found = await try_stored_inbox(stores, "ml", settings(tmp_path, mercadolibre_api_url=api.url))
        assert "connect the seller's account again" in found.problems[0]
        assert any("site_id is not set" in problem for problem in found.problems)
        await stores.inboxes.set("ml", api.log_in() | {"user_id": "999"})
        found = await try_stored_inbox(stores, "ml", settings(tmp_path, mercadolibre_api_url=api.url))
        assert "user_id is not the one that access_token belongs to (468111222)" in found.problems[0]


async def test_where_there_is_no_vendor_a_message_goes_out(stores: Stores, tmp_path: Path) -> None:
    async with RestReceiver("s") as receiver:
        await stores.inboxes.add(ChannelKind.REST, "Shop", inbox_id="shop", settings={"secret": "s", "callback_url": receiver.url})
        found = await try_stored_inbox(stores, "shop", settings(tmp_path, allowed_private_networks="127.0.0.0/8"))
        assert (found.problems, len(receiver.deliveries)) == ((), 1)


async def test_the_command_says_it_in_words_and_fails(stores: Stores, tmp_path: Path, database_url: str) -> None:
    await stores.inboxes.add(ChannelKind.TELEGRAM, "Bot", inbox_id="bot", settings=TELEGRAM_CREDENTIALS)
    environment = {"FRONTDESK_DATABASE_URL": database_url, "FRONTDESK_SECRET_KEY": KEY, "FRONTDESK_TELEGRAM_API_URL": "http://127.0.0.1:9"}
    root = Path(__file__).parents[2]
    ran = await asyncio.create_subprocess_exec(
        root / "frontdesk",
        *("inbox", "test", "bot", "--data", str(tmp_path)),
        env={"PATH": "/usr/bin:/bin", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await ran.communicate()
    assert ran.returncode == 1, err
    assert out.decode().startswith("It does not work yet: 127.0.0.1 can't be reached")
    assert TELEGRAM_CREDENTIALS["bot_token"].encode() not in out + err
