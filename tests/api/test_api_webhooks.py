"""The webhook door, through the real REST channel: who is let in, and what is said to the others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from api.app import build_app
from domain.channels import ChannelFeatures, ChannelKind, HandshakeReply, SendOutcome, WebhookRequest
from domain.errors import AuthenticityError
from domain.managers import Inbox
from domain.messages import Arrival, DeliveryReceipt, DeliveryState, Echo, Ignored, InboundEvent, InboundMessage, OutboundMessage, Recipient
from domain.ports import Credentials
from tests.api.conftest import browser, with_services
from tests.api.fakes import FakeGateway, RefusingGateway
from tests.vendors.signing import signed_headers
from web.services import Services

SECRET = "the inbox's own secret"
HELLO = {"type": "message", "id": "m-1001", "contact": {"id": "customer-7", "name": "Ana"}, "text": "Do you ship to Chile?"}


def body_of(**changes: Any) -> bytes:
    return json.dumps(HELLO | changes).encode()


@pytest.fixture
async def inbox(services: Services) -> Inbox:
    return await services.inboxes.add(ChannelKind.REST, "Shop", inbox_id="shop", settings={"secret": SECRET})


async def post(client: httpx2.AsyncClient, body: bytes, headers: dict[str, str] | None = None, path: str = "rest/shop") -> httpx2.Response:
    return await client.post(f"/webhooks/{path}", content=body, headers=signed_headers(SECRET, body) if headers is None else headers)


def is_problem(answer: httpx2.Response, status: int) -> bool:
    document: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["type"].startswith("urn:frontdesk:problem:")
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer.headers["x-request-id"]
    return answer.status_code == status and document["status"] == status


async def test_a_signed_message_is_accepted_once(client: httpx2.AsyncClient, inbox: Inbox, engine: FakeGateway) -> None:
    first = await post(client, body_of())
    assert first.status_code == 202
    assert first.headers["content-type"] == "application/json"
    message_id = first.json()["message_id"]
    assert first.json() == {"conversation_id": None, "message_id": message_id, "duplicate": False}

    again = await post(client, body_of(sent_at="2026-11-22T10:00:00Z"))
    assert again.status_code == 202
    assert again.json()["duplicate"] is True
    assert again.json()["message_id"] == message_id
    assert again.json()["conversation_id"]
    assert [arrival.message.text for _, arrival in engine.received] == [HELLO["text"]]


async def test_the_same_id_with_another_text_is_a_conflict(client: httpx2.AsyncClient, inbox: Inbox, engine: FakeGateway) -> None:
    await post(client, body_of())
    answer = await post(client, body_of(text="Do you ship to Peru?"))
    assert is_problem(answer, 409)
    assert len(engine.received) == 1


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_a_delivery_without_proof_is_refused_with_401(
    client: httpx2.AsyncClient, inbox: Inbox, engine: FakeGateway, missing: str
) -> None:
    headers = signed_headers(SECRET, body_of())
    del headers[missing]
    assert is_problem(await post(client, body_of(), headers), 401)
    assert engine.received == []


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(signed_headers("another secret", body_of()), id="signed with another secret"),
        pytest.param(signed_headers(SECRET, body_of(text="something else")), id="signature of another body"),
        pytest.param(signed_headers(SECRET, body_of(), at=1), id="signed long ago"),
        pytest.param(signed_headers(SECRET, body_of()) | {"webhook-id": "other"}, id="another webhook-id"),
        pytest.param(signed_headers(SECRET, body_of()) | {"webhook-timestamp": "soon"}, id="timestamp is no number"),
        pytest.param(signed_headers(SECRET, body_of()) | {"webhook-signature": "v1,AAAA"}, id="no signature at all"),
    ],
)
async def test_a_delivery_with_wrong_proof_is_refused_with_403(
    client: httpx2.AsyncClient, inbox: Inbox, engine: FakeGateway, headers: dict[str, str]
) -> None:
    assert is_problem(await post(client, body_of(), headers), 403)
    assert engine.received == []


async def test_one_right_signature_among_several_is_enough(client: httpx2.AsyncClient, inbox: Inbox) -> None:
    headers = signed_headers(SECRET, body_of())
    headers["webhook-signature"] = "v1,AAAA " + headers["webhook-signature"]
    assert (await post(client, body_of(), headers)).status_code == 202


async def test_proof_is_asked_for_before_the_body_is_read(client: httpx2.AsyncClient, inbox: Inbox) -> None:
    assert (await post(client, b"no json", signed_headers("another secret", b"no json"))).status_code == 403


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"no json", "JSON"),
        (b"[]", "object"),
        (json.dumps({"type": "message", "id": "m", "contact": {}, "text": "x"}).encode(), "contact.id"),
        (json.dumps({"type": "message", "id": "m", "contact": {"id": "c"}}).encode(), "text"),
    ],
)
async def test_an_unreadable_body_is_refused_with_what_was_wrong(client: httpx2.AsyncClient, inbox: Inbox, body: bytes, said: str) -> None:
    answer = await post(client, body)
    assert is_problem(answer, 400)
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("path", ["rest/nowhere", "telegram/shop", "webchat/shop", "fax/shop"])
async def test_an_unknown_inbox_or_the_wrong_channel_is_not_found(client: httpx2.AsyncClient, inbox: Inbox, path: str) -> None:
    assert is_problem(await post(client, body_of(), path=path), 404)


async def test_reading_the_webhook_address_says_how_to_use_it(client: httpx2.AsyncClient, inbox: Inbox) -> None:
    answer = await client.get("/webhooks/rest/shop")
    assert is_problem(answer, 405)
    assert answer.headers["allow"] == "POST"
    assert is_problem(await client.put("/webhooks/rest/shop"), 405)


async def test_without_the_engine_the_sender_is_told_to_try_again_and_the_repeat_goes_through(
    client: httpx2.AsyncClient, inbox: Inbox, engine: FakeGateway
) -> None:
    engine.down = True
    answer = await post(client, body_of())
    assert is_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    engine.down = False
    again = await post(client, body_of())
    assert again.status_code == 202
    assert len(engine.received) == 1


async def test_a_webhook_needs_no_browser_headers(client: httpx2.AsyncClient, inbox: Inbox) -> None:
    headers = signed_headers(SECRET, body_of()) | {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example"}
    assert (await post(client, body_of(), headers)).status_code == 202


async def test_a_webhook_body_over_the_limit_is_refused(client: httpx2.AsyncClient, inbox: Inbox) -> None:
    assert is_problem(await post(client, body_of(text="x" * 1_100_000)), 413)


async def test_no_line_in_the_log_names_the_customer_or_his_words(
    client: httpx2.AsyncClient, inbox: Inbox, logged: list[dict[str, object]]
) -> None:
    await post(client, body_of())
    await client.post("/webhooks/rest/shop?token=s3cret", content=b"Ana", headers=signed_headers(SECRET, b"Ana"))
    lines = json.dumps(logged, default=str)
    assert '"in_inbox_id": "shop"' in lines
    assert not [word for word in ("Ana", "customer-7", "Chile", "s3cret", SECRET) if word in lines]


@dataclass
class VendorChannel:
    """A vendor that checks its webhook by GET and sends batches with receipts, echoes and things we leave alone."""

    events: Sequence[InboundEvent] = ()
    request: WebhookRequest | None = None
    kind = ChannelKind.WHATSAPP
    features = ChannelFeatures(
        label="WhatsApp", settings=(), secret_settings=(), max_text=4096, idempotent_send=False, handshake=True, delivery_receipts=True
    )

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        if request.method != "GET":
            return None
        if request.query.get("token") != "right":
            raise AuthenticityError("The verify token is wrong")
        return HandshakeReply(body=request.query["challenge"])

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        self.request = request

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        return self.events

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        raise AssertionError("nothing is sent here")


class OneInbox:
    """The inbox of that vendor."""

    async def opened(self, inbox_id: str) -> tuple[Inbox, dict[str, str]]:
        fields = {"channel": "whatsapp", "name": "WhatsApp", "policy": {}, "policy_version": 1, "public_settings": {}}
        return Inbox.model_validate(fields | {"id": inbox_id, "created_at": datetime.now(UTC)}), {}


def vendor_client(services: Services, channel: VendorChannel, **changes: object) -> httpx2.AsyncClient:
    return browser(build_app(with_services(services, channels={channel.kind: channel}, inboxes=OneInbox(), **changes)))


def written(number: int) -> Arrival:
    message = InboundMessage(id=f"id-{number}", provider_id=f"p-{number}", text="hi", received_at=datetime.now(UTC))
    return Arrival(address="a", message=message, body_hash="h")


async def test_a_vendor_s_first_check_is_answered_in_its_own_words(services: Services) -> None:
    async with vendor_client(services, VendorChannel()) as client:
        answer = await client.get("/webhooks/whatsapp/wa?token=right&challenge=4711")
        assert (answer.status_code, answer.text) == (200, "4711")
        assert is_problem(await client.get("/webhooks/whatsapp/wa?token=wrong&challenge=4711"), 403)


async def test_every_event_of_a_batch_goes_its_way_in_order(services: Services, engine: FakeGateway, logged: list[dict[str, Any]]) -> None:
    receipt = DeliveryReceipt(provider_id="x", state=DeliveryState.READ, at=datetime.now(UTC))
    echo = Echo(address="a", provider_id="y", text="me", at=datetime.now(UTC))
    channel = VendorChannel(events=(receipt, echo, Ignored(reason="unknown_field"), receipt))
    async with vendor_client(services, channel) as client:
        answer = await client.post("/webhooks/whatsapp/wa", content=b"{}")
        assert (answer.status_code, answer.content) == (200, b"")
        metrics = (await client.get("/metrics")).text
    assert engine.events == [receipt, echo, receipt]
    assert [line["reason"] for line in logged if line["event"] == "webhook.ignored"] == ["unknown_field"]
    assert 'frontdesk_webhook_events_total{channel="whatsapp",outcome="receipt"} 2.0' in metrics
    assert 'frontdesk_webhook_seconds_count{channel="whatsapp"} 1.0' in metrics


async def test_a_conflict_inside_a_vendor_s_batch_does_not_make_it_deliver_for_days(services: Services) -> None:
    channel = VendorChannel(events=(written(1), written(2)))
    async with vendor_client(services, channel, gateway=RefusingGateway(services.arrivals)) as client:
        assert (await client.post("/webhooks/whatsapp/wa", content=b"{}")).status_code == 200


async def test_the_signed_address_is_the_public_one_whatever_the_host_header_says(services: Services) -> None:
    channel = VendorChannel()
    async with vendor_client(services, channel) as client:
        await client.post(
            "/webhooks/whatsapp/wa%2D1?b=2&a=1%20x", content=b"raw", headers={"host": "evil.example", "x-forwarded-host": "evil"}
        )
    assert channel.request is not None
    assert channel.request.url == "https://desk.example/webhooks/whatsapp/wa%2D1?b=2&a=1%20x"
    assert channel.request.query == {"b": "2", "a": "1 x"}
    assert channel.request.body == b"raw"
