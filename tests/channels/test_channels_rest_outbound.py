"""Replies to a seller's callback URL, against the stand-in receiver on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network

import pytest

from channels.outgoing import VENDOR_TIMEOUTS, OutgoingHttp, Timeouts
from channels.rest import Rest
from domain.channels import SendOutcome, SendResult
from domain.knowledge import Citation
from domain.messages import Attachment, MessageRef, MessageType, OutboundMessage, Sender
from tests.channels.cases import outbound, recipient
from tests.vendors.rest_receiver import Fault, RestReceiver

SECRET = "whsec_c2l4dGVlbiBieXRlcyBvaw=="


@pytest.fixture
async def receiver() -> AsyncIterator[RestReceiver]:
    async with RestReceiver(SECRET) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    limits = Timeouts(connect=0.5, read=0.4, write=0.5, pool=0.5, whole=1.0)
    async with OutgoingHttp(allowed_networks=[ip_network("127.0.0.0/8")], timeouts=limits) as client:
        yield client


async def send(http: OutgoingHttp, receiver: RestReceiver, message: OutboundMessage | None = None) -> SendOutcome:
    return await Rest(http).send(message or outbound(), recipient(), {"secret": SECRET, "callback_url": receiver.url})


async def test_a_reply_arrives_as_the_contract_says(http: OutgoingHttp, receiver: RestReceiver) -> None:
    message = outbound(
        in_reply_to=(MessageRef(id="ours-1", provider_id="m-1001"), MessageRef(id="ours-2", provider_id="m-1002")),
        citations=(Citation(document="shop.pdf", page=2, document_id="d-1", quote="5 to 8 days"),),
    )
    outcome = await send(http, receiver, message)
    assert (outcome.result, outcome.provider_id) == (SendResult.SENT, message.id)
    (request,) = receiver.requests
    assert request.headers["idempotency-key"] == message.id
    (delivery,) = receiver.deliveries
    assert delivery.body == {
        "type": "message",
        "id": message.id,
        "conversation_id": "conversation-1",
        "contact": {"id": "buyer-31"},
        "text": "Yes, in 5 to 8 days.",
        "sender": "bot",
        "in_reply_to": ["m-1001", "m-1002"],
        "citations": [{"document": "shop.pdf", "page": 2}],
    }


async def test_a_managers_reply_and_additions_are_told(http: OutgoingHttp, receiver: RestReceiver) -> None:
    picture = Attachment(type=MessageType.IMAGE, url="https://shop.example.com/files/1", name="plan.png")
    message = outbound(sender=Sender.MANAGER, author_id="manager-1", text="Olá 👋", quick_replies=("Yes", "No"), attachments=(picture,))
    await send(http, receiver, message)
    (delivery,) = receiver.deliveries
    assert (delivery.sender, delivery.text) == ("manager", "Olá 👋")
    assert delivery.body["quick_replies"] == ["Yes", "No"]
    assert delivery.body["attachments"] == [{"type": "image", "url": "https://shop.example.com/files/1", "name": "plan.png"}]
    assert "manager-1" not in str(delivery.body)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, SendResult.SENT),
        (201, SendResult.SENT),
        (202, SendResult.SENT),
        (204, SendResult.SENT),
        (301, SendResult.FAILED),
        (302, SendResult.FAILED),
        (307, SendResult.FAILED),
        (400, SendResult.FAILED),
        (401, SendResult.FAILED),
        (404, SendResult.FAILED),
        (410, SendResult.FAILED),
        (422, SendResult.FAILED),
        (429, SendResult.RETRY),
        (500, SendResult.RETRY),
        (502, SendResult.RETRY),
        (503, SendResult.RETRY),
        (504, SendResult.RETRY),
        (599, SendResult.RETRY),
    ],
)
async def test_each_status_has_one_meaning(http: OutgoingHttp, receiver: RestReceiver, status: int, result: SendResult) -> None:
    receiver.fault(Fault.STATUS, status=status, headers={"location": "http://169.254.169.254/"} if 300 <= status < 400 else {})
    outcome = await send(http, receiver)
    assert (outcome.result, outcome.retry_after) == (result, None)
    assert (outcome.error is None) == (result is SendResult.SENT)
    assert result is SendResult.SENT or str(status) in str(outcome.error)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("given", "low", "high"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        (format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True), 80_000, 86_400),
        (format_datetime(datetime.now(UTC) - timedelta(seconds=600), usegmt=True), 0, 0),
    ],
    ids=["7 s", "0 s", "a date to come", "a date that is past"],
)
async def test_the_receiver_says_how_long_to_wait(
    http: OutgoingHttp, receiver: RestReceiver, status: int, given: str, low: float, high: float
) -> None:
    receiver.fault(Fault.STATUS, status=status, headers={"Retry-After": given})
    outcome = await send(http, receiver)
    assert outcome.result is SendResult.RETRY
    assert outcome.retry_after is not None
    assert low <= outcome.retry_after <= high


@pytest.mark.parametrize("given", ["soon", "-1", "", "Mon, 99 Nov 2026 00:00:00 GMT", "1e9"])
async def test_an_unreadable_wait_is_no_wait(http: OutgoingHttp, receiver: RestReceiver, given: str) -> None:
    receiver.fault(Fault.STATUS, status=503, headers={"Retry-After": given})
    outcome = await send(http, receiver)
    assert (outcome.result, outcome.retry_after) == (SendResult.RETRY, None)


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER, Fault.SLOW])
async def test_what_is_unclear_is_sent_again_and_arrives_once(http: OutgoingHttp, receiver: RestReceiver, fault: Fault) -> None:
    receiver.fault(fault, seconds=30)
    assert (await send(http, receiver)).result is SendResult.RETRY
    assert (await send(http, receiver)).result is SendResult.SENT
    assert len(receiver.requests) == 2
    assert len(receiver.deliveries) == 1
    assert receiver.repeats == ([] if fault is Fault.DROP else [receiver.deliveries[0].id])


async def test_a_page_in_the_answer_does_not_matter(http: OutgoingHttp, receiver: RestReceiver) -> None:
    receiver.fault(Fault.HTML)
    assert (await send(http, receiver)).result is SendResult.SENT


async def test_a_refusal_is_quoted_where_it_is_made_to_be_read(http: OutgoingHttp, receiver: RestReceiver) -> None:
    receiver.fault(
        Fault.STATUS, status=422, headers={"content-type": "application/json"}, body='{"error": "no such\n customer"}' + "x" * 500
    )
    told = str((await send(http, receiver)).error)
    assert told.startswith('The receiver answered 422 Unprocessable Entity: {"error": "no such customer"}xxx')
    assert len(told) < 250
    receiver.fault(Fault.STATUS, status=422, headers={"content-type": "text/html"}, body="<h1>no</h1>")
    assert "<h1>" not in str((await send(http, receiver)).error)


async def test_nobody_there_is_tried_again(http: OutgoingHttp) -> None:
    gone = RestReceiver(SECRET)
    async with gone:
        url = gone.url
    outcome = await Rest(http).send(outbound(), recipient(), {"secret": SECRET, "callback_url": url})
    assert outcome.result is SendResult.RETRY


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ({"secret": SECRET}, "callback_url is not set"),
        ({"secret": SECRET, "callback_url": "shop.example.com"}, "callback_url: the URL must begin with https://"),
        ({"secret": SECRET, "callback_url": "http://192.168.0.4/in"}, "allow it by FRONTDESK_ALLOWED_PRIVATE_NETWORKS"),
        ({"callback_url": "http://127.0.0.1:1/"}, "secret"),
        ({"secret": "whsec_!", "callback_url": "http://127.0.0.1:1/"}, "secret"),
    ],
)
async def test_a_wrong_setting_fails_with_words_that_mend_it(http: OutgoingHttp, credentials: dict[str, str], words: str) -> None:
    outcome = await Rest(http).send(outbound(), recipient(), credentials)
    assert outcome.result is SendResult.FAILED
    assert words in str(outcome.error)
    assert SECRET not in str(outcome.error)


async def test_many_replies_at_once_all_arrive(receiver: RestReceiver) -> None:
    # The product's own time limits: the short ones of the other tests end a hundred connections on a busy machine.
    async with OutgoingHttp(allowed_networks=[ip_network("127.0.0.0/8")], timeouts=VENDOR_TIMEOUTS) as http:
        outcomes = await asyncio.gather(*(send(http, receiver, outbound(id=f"o-{number}")) for number in range(100)))
    assert {outcome.result for outcome in outcomes} == {SendResult.SENT}
    assert len(await receiver.wait_for(100)) == 100


async def test_the_receiver_catches_us_when_we_break_the_contract() -> None:
    """The stand-in would be worth nothing if it let everything through."""
    strict = RestReceiver("another secret")
    await strict.__aenter__()
    async with OutgoingHttp(allowed_networks=[ip_network("127.0.0.0/8")]) as client:
        outcome = await Rest(client).send(outbound(), recipient(), {"secret": SECRET, "callback_url": strict.url})
    assert outcome.result is SendResult.FAILED
    assert not strict.deliveries
    with pytest.raises(AssertionError, match="signature"):
        await strict.__aexit__(None, None, None)
