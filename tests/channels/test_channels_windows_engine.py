"""Closed windows and templates through the whole product: HTTP door, JSON API, Temporal, worker, and the vendor's stand-in."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.channels import ChannelKind
from domain.commands import PostReply
from domain.conversations import Conversation
from domain.messages import DeliveryState, Direction
from domain.templates import TemplateUse
from tests.channels.cases import INSTAGRAM_CREDENTIALS, MESSENGER_CREDENTIALS, WHATSAPP_CREDENTIALS, WHATSAPP_TWILIO_CREDENTIALS
from tests.channels.shop import EMA, PHONE_E164, Shop, running
from tests.vendors.meta_messaging import MessagingApi
from tests.vendors.rest_receiver import Fault
from tests.vendors.twilio import WHATSAPP_NUMBER, TwilioApi, incoming
from tests.vendors.whatsapp import WhatsAppApi, error, message_of, value_of

pytestmark = pytest.mark.engine

A_DAY = 24 * 3_600
USER = "7700112233445566"

SHIPPED: dict[str, Any] = {
    "name": "order_shipped",
    "status": "APPROVED",
    "category": "UTILITY",
    "language": "es_AR",
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"},
        {"type": "BODY", "text": "Hola {{1}}, tu pedido llega el {{2}}.", "example": {"body_text": [["Ema", "lunes"]]}},
        {"type": "FOOTER", "text": "Galpón Norte"},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Seguir", "url": "https://galpon.example/{{1}}"}]},
    ],
}
PICTURE: dict[str, Any] = {
    "name": "with_picture",
    "status": "APPROVED",
    "category": "MARKETING",
    "language": "es_AR",
    "components": [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Mirá"}],
}
REJECTED = {**SHIPPED, "name": "refused_by_meta", "status": "REJECTED"}
VALUES = {"header_1": "77", "1": "Ema", "2": "martes", "button_0_1": "t77"}


def plain(name: str) -> dict[str, Any]:
    return {**PICTURE, "name": name, "components": [{"type": "BODY", "text": "¿Seguís ahí?"}]}


@pytest.fixture
async def whatsapp() -> AsyncIterator[WhatsAppApi]:
    async with WhatsAppApi() as api:
        api.templates = [PICTURE, SHIPPED, REJECTED, plain("a_reminder"), plain("b_reminder"), plain("c_reminder")]
        yield api


@pytest.fixture
async def whatsapp_shop(temporal: Client, database_url: str, tmp_path: Path, whatsapp: WhatsAppApi) -> AsyncIterator[Shop]:
    async with running(temporal, database_url, tmp_path, ChannelKind.WHATSAPP, WHATSAPP_CREDENTIALS, meta_api_url=whatsapp.url) as shop:
        yield shop


def written(seconds_ago: float) -> dict[str, Any]:
    return message_of(1, EMA) | {"timestamp": str(int(time.time() - seconds_ago))}


async def key_of(shop: Shop) -> dict[str, str]:
    _, key = await shop.stores.people.create_api_key("test", shop.manager.id)
    return {"authorization": f"Bearer {key}"}


async def answers(shop: Shop, found: Conversation, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await shop.client.post(f"/api/v1/conversations/{found.id}/reply", json=body, headers=await key_of(shop))
    return answer.status_code, answer.json()


async def test_a_customer_who_wrote_too_long_ago_gets_templates_only(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    await whatsapp.deliver(whatsapp_shop.client, "/webhooks/whatsapp/galpon", value_of(messages=[written(A_DAY + 60)]))
    found = await whatsapp_shop.until_flagged()
    assert found.due.window_at is not None
    status, refused = await answers(whatsapp_shop, found, text="Sí, hacemos")
    assert (status, refused["reason"]) == (409, "window_closed")
    assert whatsapp.messages == [], "not even the holding line is tried"

    listed = (await whatsapp_shop.client.get("/api/v1/inboxes/galpon/templates", headers=await key_of(whatsapp_shop))).json()["items"]
    assert [item["name"] for item in listed] == ["a_reminder", "b_reminder", "c_reminder", "order_shipped", "with_picture"]
    assert "no text" in listed[4]["problem"]
    status, missing = await answers(whatsapp_shop, found, template={"name": "order_shipped", "language": "es_AR", "values": {"1": "Ema"}})
    assert (status, "header_1, 2, button_0_1" in missing["detail"]) == (422, True)

    template = {"name": "order_shipped", "language": "es_AR", "values": VALUES}
    status, accepted = await answers(whatsapp_shop, found, template=template, keep=True)
    assert status == 200, accepted
    (sent,) = await whatsapp_shop.until_delivery(DeliveryState.SENT)
    (message,) = whatsapp.to(EMA)
    assert message.body["template"] == {
        "name": "order_shipped",
        "language": {"code": "es_AR"},
        "components": [
            {"type": "header", "parameters": [{"type": "text", "text": "77"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ema"}, {"type": "text", "text": "martes"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "t77"}]},
        ],
    }
    assert (sent.text, sent.template) == ("Pedido 77\n\nHola Ema, tu pedido llega el martes.\n\nGalpón Norte", "order_shipped")


async def test_a_template_of_which_nobody_knows_is_sent_again_as_the_template(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    await whatsapp.deliver(whatsapp_shop.client, "/webhooks/whatsapp/galpon", value_of(messages=[written(A_DAY + 60)]))
    found = await whatsapp_shop.until_flagged()
    whatsapp.fault(Fault.ACCEPT_THEN_DROP)
    template = {"name": "order_shipped", "language": "es_AR", "values": VALUES}
    assert (await answers(whatsapp_shop, found, template=template, keep=True))[0] == 200
    (lost,) = await whatsapp_shop.until_delivery(DeliveryState.UNKNOWN)
    path = f"/api/v1/conversations/{found.id}/messages/{lost.id}/again"
    assert (await whatsapp_shop.client.post(path, headers=await key_of(whatsapp_shop))).status_code == 200
    _, new = await whatsapp_shop.until_delivery(DeliveryState.FAILED, DeliveryState.SENT)
    first, second = whatsapp.to(EMA)
    assert second.body["template"] == first.body["template"]
    assert (new.template, new.in_reply_to) == ("order_shipped", lost.in_reply_to)


async def test_a_message_that_waits_past_the_window_is_not_tried_again(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    whatsapp.fault(Fault.STATUS, status=429, body=error(429, 130429, "Rate limit hit").body, headers={"retry-after": "8"})
    await whatsapp.deliver(whatsapp_shop.client, "/webhooks/whatsapp/galpon", value_of(messages=[written(A_DAY - 6)]))
    (failed,) = await whatsapp_shop.until_delivery(DeliveryState.FAILED)
    assert "More than 24 hours" in str(failed.delivery_error)
    assert len([call for call in whatsapp.calls if call.path.endswith("/messages")]) == 1


async def test_what_the_vendor_says_of_the_window_is_said_to_the_manager(whatsapp_shop: Shop, whatsapp: WhatsAppApi) -> None:
    whatsapp.closed.add(EMA)
    await whatsapp.deliver(whatsapp_shop.client, "/webhooks/whatsapp/galpon", value_of(messages=[message_of(1, EMA)]))
    (failed,) = await whatsapp_shop.until_delivery(DeliveryState.FAILED)
    assert "template" in str(failed.delivery_error)


@pytest.mark.parametrize(("kind", "product"), [(ChannelKind.MESSENGER, "page"), (ChannelKind.INSTAGRAM, "instagram")])
async def test_a_persons_reply_goes_out_under_the_tag(
    kind: ChannelKind, product: str, temporal: Client, database_url: str, tmp_path: Path
) -> None:
    credentials = MESSENGER_CREDENTIALS if product == "page" else INSTAGRAM_CREDENTIALS
    async with MessagingApi(product) as api:
        api.closed.add(USER)
        urls = {"meta_api_url": api.url, "instagram_api_url": api.url}
        granted = {**credentials, "human_agent_tag": "true"}
        async with running(temporal, database_url, tmp_path, kind, granted, **urls) as shop:
            late = api.text(USER, 1) | {"timestamp": round((time.time() - A_DAY - 60) * 1000)}
            assert await api.deliver(shop.client, f"/webhooks/{kind.value}/galpon", late) == [200]
            await shop.until_flagged()
            await shop.replies("Sí, hacemos")
            await shop.until_delivery(DeliveryState.SENT)
            (message,) = api.to(USER)
            assert (message.body["messaging_type"], message.body["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


async def test_twilios_templates_are_listed_and_sent(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with TwilioApi() as twilio:
        approved = {"status": "approved", "category": "UTILITY", "name": "still_there"}
        about = {
            "friendly_name": "still_there",
            "language": "es",
            "variables": {"1": "Ema"},
            "types": {"twilio/text": {"body": "Hola {{1}}"}},
        }
        twilio.contents = [
            {"sid": "HX01", **about, "approval_requests": approved},
            {"sid": "HX02", **about, "approval_requests": {**approved, "status": "pending"}},
        ]
        twilio.closed.add(f"whatsapp:{PHONE_E164}")
        urls = {"twilio_api_url": twilio.url, "public_url": "https://desk.example"}
        kind = ChannelKind.WHATSAPP_TWILIO
        async with running(temporal, database_url, tmp_path, kind, WHATSAPP_TWILIO_CREDENTIALS, **urls) as shop:
            form = incoming(1, f"whatsapp:{PHONE_E164}", f"whatsapp:{WHATSAPP_NUMBER}")
            await twilio.deliver(shop.client, "https://desk.example/webhooks/whatsapp_twilio/galpon", form)
            found = await shop.until_flagged()
            await shop.until_delivery(DeliveryState.FAILED)
            listed = (await shop.client.get("/api/v1/inboxes/galpon/templates", headers=await key_of(shop))).json()["items"]
            assert [(item["name"], item["title"]) for item in listed] == [("HX01", "still_there")]
            status, _ = await answers(shop, found, template={"name": "HX01", "values": {"1": "Ema"}})
            assert status == 200
            await shop.until_delivery(DeliveryState.FAILED, DeliveryState.SENT)
            (message,) = twilio.messages
            assert (message.form["ContentSid"], message.form["ContentVariables"]) == ("HX01", '{"1": "Ema"}')
            assert (await shop.messages(Direction.OUTBOUND))[1].text == "Hola Ema"


async def test_a_channel_without_templates_says_so(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with MessagingApi("page") as api:
        urls = {"meta_api_url": api.url}
        async with running(temporal, database_url, tmp_path, ChannelKind.MESSENGER, MESSENGER_CREDENTIALS, **urls) as shop:
            answer = await shop.client.get("/api/v1/inboxes/galpon/templates", headers=await key_of(shop))
            assert (answer.status_code, "has no templates" in answer.json()["detail"]) == (422, True)
            await api.deliver(shop.client, "/webhooks/messenger/galpon", api.text(USER, 1))
            found = await shop.until_flagged()
            verb = PostReply(action_id=str(uuid4()), conversation_id=found.id, manager_id=shop.manager.id, text="", keep=True)
            refused = await shop.gateway.act(verb.model_copy(update={"template": TemplateUse(name="x", language="es")}), wait_seconds=20)
            assert refused is not None
            assert refused.reason == "not_possible"
