"""Telegram's and WhatsApp's webhooks through the door: who is let in, and what a batch brings."""

import json
from typing import Any

import httpx2
import pytest

from api.app import build_app
from channels.registry import build_channels
from domain.channels import ChannelKind
from domain.messages import DeliveryReceipt, DeliveryState, Echo
from tests.api.conftest import browser, with_services
from tests.api.fakes import FakeGateway, NoHttp
from tests.channels.cases import TELEGRAM_CREDENTIALS, WHATSAPP_CREDENTIALS
from tests.vendors import telegram, whatsapp
from tests.vendors.telegram import TelegramApi
from tests.vendors.whatsapp import contact_of, delivery, message_of, signed, value_of
from web.services import Services

EMA, DAVI = "AR.7700112233445566", "BR.8800112233445566"
CHAT = 6_103_344_556


@pytest.fixture
async def door(services: Services) -> httpx2.AsyncClient:
    await services.inboxes.add(ChannelKind.TELEGRAM, "Telegram", inbox_id="t", settings=TELEGRAM_CREDENTIALS)
    await services.inboxes.add(ChannelKind.WHATSAPP, "WhatsApp", inbox_id="w", settings=WHATSAPP_CREDENTIALS)
    await services.inboxes.add(ChannelKind.WHATSAPP, "Bare", inbox_id="bare", settings={"phone_number_id": "1", "access_token": "x"})
    return browser(build_app(with_services(services, channels=build_channels(NoHttp()))))


async def post(door: httpx2.AsyncClient, path: str, document: dict[str, Any], **headers: str) -> httpx2.Response:
    made, body = signed(document)
    return await door.post(path, content=body, headers={**made, **{name.replace("_", "-"): value for name, value in headers.items()}})


def texts(engine: FakeGateway) -> list[str]:
    return [arrival.message.text for _, arrival in engine.received]


async def test_telegram_is_let_in_by_its_secret_alone(door: httpx2.AsyncClient, engine: FakeGateway) -> None:
    body = json.dumps(TelegramApi().text(CHAT, "hola")).encode()
    statuses = {}
    for name, headers in {
        "none": {},
        "wrong": {"x-telegram-bot-api-secret-token": "another"},
        "right": {"x-telegram-bot-api-secret-token": telegram.SECRET},
    }.items():
        statuses[name] = (await door.post("/webhooks/telegram/t", content=body, headers=headers)).status_code
    assert statuses == {"none": 401, "wrong": 403, "right": 200}
    assert texts(engine) == ["hola"]


async def test_whatsapp_is_let_in_by_its_signature_alone(door: httpx2.AsyncClient, engine: FakeGateway) -> None:
    document = delivery(value_of(messages=[message_of(1, EMA)]))
    assert (await door.post("/webhooks/whatsapp/w", content=json.dumps(document).encode())).status_code == 401
    assert (await post(door, "/webhooks/whatsapp/w", document, x_hub_signature_256="sha256=" + "0" * 64)).status_code == 403
    assert (await post(door, "/webhooks/whatsapp/bare", document)).status_code == 403
    assert not engine.received
    assert (await post(door, "/webhooks/whatsapp/w", document)).status_code == 200
    assert texts(engine) == ["question 1"]


async def test_a_signed_body_that_can_t_be_read_is_refused_with_what_was_wrong(door: httpx2.AsyncClient) -> None:
    answer = await post(door, "/webhooks/whatsapp/w", {"object": "page", "entry": []})
    assert answer.status_code == 400
    assert "object" in answer.json()["detail"]
    headers = {"x-telegram-bot-api-secret-token": telegram.SECRET}
    assert (await door.post("/webhooks/telegram/t", content=b"[]", headers=headers)).status_code == 400


async def test_metas_first_check(door: httpx2.AsyncClient) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": whatsapp.VERIFY_TOKEN, "hub.challenge": "4711"}
    answer = await door.get("/webhooks/whatsapp/w", params=query)
    assert (answer.status_code, answer.text) == (200, "4711")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await door.get("/webhooks/whatsapp/w", params={**query, "hub.verify_token": "x"})).status_code == 403
    assert (await door.get("/webhooks/whatsapp/w")).status_code == 405
    assert (await door.get("/webhooks/telegram/t")).status_code == 405


async def test_a_verify_token_and_a_webhook_secret_are_made_when_none_is_given(services: Services) -> None:
    settings = {"bot_token": "7:a"}
    inbox = await services.inboxes.add(ChannelKind.TELEGRAM, "Second", inbox_id="t2", settings=settings)
    assert len((await services.inboxes.credentials(inbox.id))["webhook_secret"]) >= 32
    settings = {"phone_number_id": "1", "access_token": "x"}
    inbox = await services.inboxes.add(ChannelKind.WHATSAPP, "Third", inbox_id="w2", settings=settings)
    assert len((await services.inboxes.credentials(inbox.id))["verify_token"]) >= 32
    assert "app_secret" not in await services.inboxes.credentials(inbox.id)


async def test_a_batch_is_taken_in_whole_and_a_repeat_of_it_changes_nothing(door: httpx2.AsyncClient, engine: FakeGateway) -> None:
    first = value_of(messages=[message_of(2, EMA), message_of(3, DAVI), message_of(1, EMA)], contacts=[contact_of(DAVI), contact_of(EMA)])
    status = {"id": "wamid.OUT1", "status": "read", "timestamp": "1795342700"}
    echo = {"id": "wamid.APP1", "to": "5493415550101", "to_user_id": EMA, "type": "text", "text": {"body": "yo"}, "timestamp": "1795342700"}
    document = delivery(first, value_of(statuses=[status, status | {"status": "delivered"}]))
    document["entry"] += [{"id": "2", "changes": [{"field": "smb_message_echoes", "value": value_of(message_echoes=[echo])}]}]
    for _ in range(2):
        assert (await post(door, "/webhooks/whatsapp/w", document)).status_code == 200
    assert texts(engine) == ["question 2", "question 3", "question 1"]
    states = [event.state for event in engine.events if isinstance(event, DeliveryReceipt)]
    assert states == [DeliveryState.READ, DeliveryState.DELIVERED] * 2
    assert [event.address for event in engine.events if isinstance(event, Echo)] == [EMA, EMA]


async def test_telegram_delivers_again_until_the_engine_is_back(door: httpx2.AsyncClient, engine: FakeGateway) -> None:
    api = TelegramApi()
    engine.down = True
    update = api.text(CHAT, "¿hay alguien?")
    assert await api.deliver(door, "/webhooks/telegram/t", update, tries=2) == [503, 503]
    engine.down = False
    assert await api.deliver(door, "/webhooks/telegram/t", update, update) == [200, 200]
    assert texts(engine) == ["¿hay alguien?"]


async def test_a_pressed_button_stops_waiting_with_the_answer(door: httpx2.AsyncClient, engine: FakeGateway) -> None:
    api = TelegramApi()
    rows = {"inline_keyboard": [[{"text": "Envíos", "callback_data": "Envíos"}]]}
    message = telegram.SentMessage(9, CHAT, "¿Cuál?", (("Envíos", "Envíos"),), {"reply_markup": rows})
    await api.deliver(door, "/webhooks/telegram/t", api.press(message, "Envíos"), api.text(CHAT, "gracias"))
    assert api.answered_buttons == ["559"]
    assert not api.violations
    assert texts(engine) == ["Envíos", "gracias"]


async def test_no_line_in_the_log_holds_a_token_a_name_or_words(
    door: httpx2.AsyncClient, engine: FakeGateway, logged: list[dict[str, object]]
) -> None:
    api = TelegramApi()
    await api.deliver(door, "/webhooks/telegram/t", api.text(CHAT, "clandestino"), api.update("channel_post", {"text": "clandestino"}))
    await post(door, "/webhooks/whatsapp/w", delivery(value_of(messages=[message_of(1, EMA, text={"body": "clandestino"})])))
    lines = json.dumps(logged, default=str)
    assert "webhook.ignored" in lines
    secrets = [*TELEGRAM_CREDENTIALS.values(), *WHATSAPP_CREDENTIALS.values(), "clandestino", "Ema", str(CHAT), EMA]
    assert not [word for word in secrets if word in lines]
