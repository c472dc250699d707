"""Telegram and WhatsApp through the whole product: HTTP door, Temporal, worker, and the vendor's stand-in on a real socket."""

import random
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from domain.channels import ChannelKind
from domain.conversations import Status
from domain.messages import DeliveryState, Direction, MessageType
from tests.channels.cases import (
    INSTAGRAM_CREDENTIALS,
    MESSENGER_CREDENTIALS,
    TELEGRAM_CREDENTIALS,
    WHATSAPP_CREDENTIALS,
    WHATSAPP_TWILIO_CREDENTIALS,
)
from tests.channels.shop import CHAT, EMA, HOLDING, PHONE, PHONE_E164, Shop, running
from tests.vendors.meta_messaging import MessagingApi
from tests.vendors.rest_receiver import Fault
from tests.vendors.telegram import TelegramApi
from tests.vendors.telegram import message_of as telegram_message
from tests.vendors.twilio import WHATSAPP_NUMBER, TwilioApi, incoming
from tests.vendors.whatsapp import WhatsAppApi, contact_of, delivery, error, message_of, signed, value_of
from tests.workflows.desk import until

pytestmark = pytest.mark.engine


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramApi]:
    async with TelegramApi() as api:
        yield api


@pytest.fixture
async def whatsapp() -> AsyncIterator[WhatsAppApi]:
    async with WhatsAppApi() as api:
        yield api


@pytest.fixture
async def telegram_shop(temporal: Client, database_url: str, tmp_path: Path, telegram: TelegramApi) -> AsyncIterator[Shop]:
    async with running(temporal, database_url, tmp_path, ChannelKind.TELEGRAM, TELEGRAM_CREDENTIALS, telegram_api_url=telegram.url) as shop:
        yield shop


@pytest.fixture
async def whatsapp_shop(temporal: Client, database_url: str, tmp_path: Path, whatsapp: WhatsAppApi) -> AsyncIterator[Shop]:
    async with running(temporal, database_url, tmp_path, ChannelKind.WHATSAPP, WHATSAPP_CREDENTIALS, meta_api_url=whatsapp.url) as shop:
        yield shop


@dataclass
class Messaging:
    """Messenger or Instagram: the shop, the stand-in and the webhook's path."""

    shop: Shop
    api: MessagingApi
    path: str

    async def deliver(self, *events: Mapping[str, Any]) -> None:
        assert set(await self.api.deliver(self.shop.client, self.path, *events)) == {200}


@pytest.fixture(params=["messenger", "instagram"])
async def messaging(request: pytest.FixtureRequest, temporal: Client, database_url: str, tmp_path: Path) -> AsyncIterator[Messaging]:
    kind = ChannelKind(request.param)
    product, credentials = ("page", MESSENGER_CREDENTIALS) if kind is ChannelKind.MESSENGER else ("instagram", INSTAGRAM_CREDENTIALS)
    async with MessagingApi(product) as api:
        urls = {"meta_api_url": api.url, "instagram_api_url": api.url}
        async with running(temporal, database_url, tmp_path, kind, credentials, **urls) as shop:
            yield Messaging(shop, api, f"/webhooks/{kind.value}/galpon")


USER = "7700112233445566"


async def test_our_own_echo_is_no_person_and_a_foreign_one_is(messaging: Messaging) -> None:
    await messaging.deliver(messaging.api.text(USER, 1))
    await messaging.shop.until_delivery(DeliveryState.SENT)
    await messaging.deliver(messaging.api.echo_of(messaging.api.messages[0]))
    await messaging.shop.until_flagged()
    await messaging.deliver(messaging.api.echo(USER, "m_by_hand", "Te contesto yo"))
    await messaging.shop.until_status(Status.HUMAN)


async def test_an_echo_settles_a_send_that_got_no_answer(messaging: Messaging) -> None:
    messaging.api.fault(Fault.ACCEPT_THEN_DROP)
    await messaging.deliver(messaging.api.text(USER, 1))
    await messaging.shop.until_delivery(DeliveryState.UNKNOWN)
    (message,) = messaging.api.messages
    now = {"timestamp": round(time.time() * 1000)}
    await messaging.deliver(messaging.api.echo_of(message) | now, messaging.api.echo_of(message) | now)
    (sent,) = await messaging.shop.until_delivery(DeliveryState.SENT)
    assert (sent.provider_id, sent.delivery_error) == (message.id, None)
    found = await messaging.shop.conversation()
    assert found is not None
    assert found.status is Status.FLAGGED
    assert len(messaging.api.messages) == 1


async def test_an_echo_may_be_faster_than_the_answer(messaging: Messaging) -> None:
    messaging.api.fault(Fault.SLOW, seconds=1.5)
    await messaging.deliver(messaging.api.text(USER, 1))
    await messaging.api.wait_until(lambda api: bool(api.messages))
    (message,) = messaging.api.messages
    await messaging.deliver(messaging.api.echo_of(message) | {"timestamp": round(time.time() * 1000)})
    (sent,) = await messaging.shop.until_delivery(DeliveryState.SENT)
    assert sent.provider_id == message.id
    await messaging.api.wait_until(lambda api: not api.busy)
    await messaging.shop.until_delivery(DeliveryState.SENT)
    assert (await messaging.shop.until_flagged()).status is Status.FLAGGED


async def test_a_read_report_reaches_the_messages_it_is_about(messaging: Messaging) -> None:
    await messaging.deliver(messaging.api.text(USER, 1))
    await messaging.shop.until_delivery(DeliveryState.SENT)
    (message,) = messaging.api.messages
    now = round(time.time() * 1000)
    early = messaging.api.event(USER, read={"watermark": now - 3_600_000})
    report = {"mid": message.id} if messaging.api.product == "instagram" else {"watermark": now + 1_000}
    await messaging.deliver(early)
    await messaging.shop.until_delivery(DeliveryState.SENT)
    await messaging.deliver(messaging.api.event(USER, read=report))
    await messaging.shop.until_delivery(DeliveryState.READ)


async def test_a_telegram_customer_is_answered_by_a_person(telegram_shop: Shop, telegram: TelegramApi) -> None:
    path = "/webhooks/telegram/galpon"
    start = telegram.text(CHAT, "/start otono24")
    assert await telegram.deliver(telegram_shop.client, path, start, start) == [200, 200]
    await telegram_shop.until_status(Status.BOT)
    assert telegram.to(CHAT) == []

    await telegram.deliver(telegram_shop.client, path, telegram.text(CHAT, "¿El termo tiene garantía?"))
    await telegram_shop.until_flagged()
    await telegram.wait_until(lambda api: bool(api.messages))
    await telegram_shop.replies("Sí, un año 👋")
    await telegram.wait_until(lambda api: len(api.messages) == 2)
    assert [message.text for message in telegram.to(CHAT)] == [HOLDING, "Sí, un año 👋"]
    sent = await telegram_shop.until_delivery(DeliveryState.SENT, DeliveryState.SENT)
    assert [message.provider_id for message in sent] == [f"{CHAT}:{message.id}" for message in telegram.messages]
    assert [message.text for message in await telegram_shop.messages(Direction.INBOUND)] == ["/start otono24", "¿El termo tiene garantía?"]


async def test_telegram_took_it_and_broke_off_is_one_message_and_one_visible_unknown(telegram_shop: Shop, telegram: TelegramApi) -> None:
    telegram.fault(Fault.ACCEPT_THEN_DROP)
    await telegram.deliver(telegram_shop.client, "/webhooks/telegram/galpon", telegram.text(CHAT, "¿Hacen envíos?"))
    (message,) = await telegram_shop.until_delivery(DeliveryState.UNKNOWN)
    assert message.delivery_error
    await telegram_shop.replies("Sí")
    await telegram_shop.until_delivery(DeliveryState.UNKNOWN, DeliveryState.SENT)
    assert [message.text for message in telegram.to(CHAT)] == [HOLDING, "Sí"]


async def test_telegram_asks_to_wait_and_gets_it_once(telegram_shop: Shop, telegram: TelegramApi) -> None:
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 1", "parameters": {"retry_after": 1}}
    telegram.fault(Fault.STATUS, status=429, body=body)
    await telegram.deliver(telegram_shop.client, "/webhooks/telegram/galpon", telegram.text(CHAT, "¿Hacen envíos?"))
    (message,) = await telegram_shop.until_delivery(DeliveryState.SENT)
    assert message.attempts == 2
    assert [message.text for message in telegram.to(CHAT)] == [HOLDING]


async def test_a_customer_who_blocked_the_bot_is_seen_by_the_manager(telegram_shop: Shop, telegram: TelegramApi) -> None:
    telegram.blocked.add(CHAT)
    await telegram.deliver(telegram_shop.client, "/webhooks/telegram/galpon", telegram.text(CHAT, "¿Hacen envíos?"))
    (message,) = await telegram_shop.until_delivery(DeliveryState.FAILED)
    assert message.delivery_error == "The customer has blocked the bot"


async def test_a_whatsapp_answer_is_followed_to_the_reader(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    path = "/webhooks/whatsapp/galpon"
    value = value_of(messages=[message_of(1, EMA, PHONE)], contacts=[contact_of(EMA, PHONE)])
    await whatsapp.deliver(whatsapp_shop.client, path, value, value)
    (sent,) = await whatsapp_shop.until_delivery(DeliveryState.SENT)
    (message,) = whatsapp.to(EMA)
    assert (message.text, message.callback_data, sent.provider_id) == (HOLDING, sent.id, message.id)
    states = [whatsapp.status_of(message, state) for state in ("read", "sent", "delivered")]
    await whatsapp.deliver(whatsapp_shop.client, path, *(value_of(statuses=[state]) for state in states))
    await whatsapp_shop.until_delivery(DeliveryState.READ)


async def test_a_customer_with_a_new_number_is_answered_there_in_the_same_conversation(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    path, new, new_phone = "/webhooks/whatsapp/galpon", "AR.7700998877665544", "5493415550909"
    first = value_of(messages=[message_of(1, EMA, PHONE)], contacts=[contact_of(EMA, PHONE)])
    await whatsapp.deliver(whatsapp_shop.client, path, first)
    flagged = await whatsapp_shop.until_flagged()
    await whatsapp.wait_until(lambda api: bool(api.messages))
    system = {"body": "Ema changed", "type": "user_changed_number", "wa_id": new_phone, "user_id": new}
    moved = {**message_of(2, EMA, PHONE), "type": "system", "system": system}
    await whatsapp.deliver(whatsapp_shop.client, path, value_of(messages=[moved]))
    later = value_of(messages=[message_of(3, new, new_phone)], contacts=[contact_of(new, new_phone)])
    await whatsapp.deliver(whatsapp_shop.client, path, later)
    await whatsapp_shop.replies("Sí")
    await whatsapp.wait_until(lambda api: any(message.text == "Sí" for message in api.messages))
    assert [message.text for message in whatsapp.to(new)] == ["Sí"]
    found = await whatsapp_shop.conversation()
    assert found is not None
    assert (found.id, found.contact_id) == (flagged.id, flagged.contact_id)


async def test_whatsapp_took_it_and_broke_off_is_settled_by_a_status(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    path = "/webhooks/whatsapp/galpon"
    whatsapp.fault(Fault.ACCEPT_THEN_DROP)
    await whatsapp.deliver(whatsapp_shop.client, path, value_of(messages=[message_of(1, EMA)]))
    (sent,) = await whatsapp_shop.until_delivery(DeliveryState.UNKNOWN)
    (message,) = whatsapp.to(EMA)
    await whatsapp.deliver(whatsapp_shop.client, path, value_of(statuses=[whatsapp.status_of(message, "delivered")]))
    (sent,) = await whatsapp_shop.until_delivery(DeliveryState.DELIVERED)
    assert (sent.provider_id, sent.delivery_error) == (message.id, None)
    assert len(whatsapp.messages) == 1


async def test_whatsapps_late_failure_is_seen_with_its_reason(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    path = "/webhooks/whatsapp/galpon"
    await whatsapp.deliver(whatsapp_shop.client, path, value_of(messages=[message_of(1, EMA)]))
    await whatsapp_shop.until_delivery(DeliveryState.SENT)
    errors = [{"code": 131026, "title": "Undeliverable"}]
    failed = whatsapp.status_of(whatsapp.messages[0], "failed", errors=errors)
    await whatsapp.deliver(whatsapp_shop.client, path, value_of(statuses=[failed]), value_of(statuses=[failed]))
    (sent,) = await whatsapp_shop.until_delivery(DeliveryState.FAILED)
    assert "can't deliver to this customer" in str(sent.delivery_error)


async def test_whatsapps_rate_limit_delays_and_loses_nothing(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    whatsapp.fault(Fault.STATUS, status=429, body=error(429, 130429, "Rate limit hit").body, headers={"retry-after": "1"})
    await whatsapp.deliver(whatsapp_shop.client, "/webhooks/whatsapp/galpon", value_of(messages=[message_of(1, EMA)]))
    await whatsapp_shop.until_delivery(DeliveryState.SENT)
    assert len(whatsapp.messages) == 1


async def test_an_answer_in_the_business_app_takes_the_conversation_over(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    path = "/webhooks/whatsapp/galpon"
    await whatsapp.deliver(whatsapp_shop.client, path, value_of(messages=[message_of(1, EMA, PHONE)], contacts=[contact_of(EMA, PHONE)]))
    await whatsapp_shop.until_delivery(DeliveryState.SENT)
    echo = {"id": "wamid.APP1", "from": "1", "to": PHONE, "type": "text", "text": {"body": "yo"}, "timestamp": "1795342700"}
    headers, body = signed(delivery(value_of(message_echoes=[echo], contacts=[contact_of(EMA, PHONE)]), field="smb_message_echoes"))
    assert (await whatsapp_shop.client.post(path, content=body, headers=headers)).status_code == 200
    await whatsapp_shop.until_status(Status.HUMAN)


async def test_whatever_is_repeated_and_reordered_is_stored_once_and_answered_once(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    drawn = random.Random(4)  # noqa: S311 # a repeatable shuffle
    values = [value_of(messages=[message_of(number, EMA)]) for number in range(1, 13)]
    values += [value_of(messages=[message_of(number, EMA), message_of(number + 1, EMA)]) for number in range(1, 12)]
    drawn.shuffle(values)
    assert set(await whatsapp.deliver(whatsapp_shop.client, "/webhooks/whatsapp/galpon", *values, *values)) == {200}

    async def all_are_stored() -> bool:
        return len(await whatsapp_shop.messages(Direction.INBOUND)) >= 12

    await until(all_are_stored, "twelve messages are stored", seconds=30)
    stored = [message.text for message in await whatsapp_shop.messages(Direction.INBOUND)]
    assert sorted(stored) == sorted(f"question {number}" for number in range(1, 13))
    await whatsapp_shop.until_delivery(DeliveryState.SENT)
    assert [message.text for message in whatsapp.messages] == [HOLDING]


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioApi]:
    async with TwilioApi() as api:
        yield api


@pytest.fixture
async def twilio_shop(temporal: Client, database_url: str, tmp_path: Path, twilio: TwilioApi) -> AsyncIterator[Shop]:
    urls = {"twilio_api_url": twilio.url, "public_url": "https://desk.example"}
    async with running(temporal, database_url, tmp_path, ChannelKind.WHATSAPP_TWILIO, WHATSAPP_TWILIO_CREDENTIALS, **urls) as shop:
        yield shop


async def test_twilio_took_it_and_broke_off_is_found_in_its_list_and_followed_by_its_report(twilio_shop: Shop, twilio: TwilioApi) -> None:
    twilio.fault(Fault.ACCEPT_THEN_DROP)
    form = incoming(1, f"whatsapp:{PHONE_E164}", f"whatsapp:{WHATSAPP_NUMBER}", ProfileName="Ema")
    url = "https://desk.example/webhooks/whatsapp_twilio/galpon"
    assert await twilio.deliver(twilio_shop.client, url, form, form) == [200, 200]
    await twilio_shop.until_delivery(DeliveryState.SENT)
    (message,) = twilio.to(f"whatsapp:{PHONE_E164}")
    assert await twilio.report(twilio_shop.client, message, "delivered") == 200
    (sent,) = await twilio_shop.until_delivery(DeliveryState.DELIVERED)
    assert (sent.provider_id, sent.text) == (message.sid, HOLDING)
    assert len(twilio.messages) == 1


async def test_what_can_t_be_read_is_visible_to_a_manager_under_the_vendors_word(telegram_shop: Shop, telegram: TelegramApi) -> None:
    strange = telegram.update("message", telegram_message(CHAT, 77, hologram={"size": 3}))
    telegram.chats.add(CHAT)
    await telegram.deliver(telegram_shop.client, "/webhooks/telegram/galpon", strange)
    await telegram_shop.until_flagged()
    (message,) = await telegram_shop.messages(Direction.INBOUND)
    assert (message.type, message.raw_kind) == (MessageType.UNSUPPORTED, "hologram")
