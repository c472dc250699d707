"""Answers and messages to MercadoLibre, against the stand-in on a real socket."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from channels.mercadolibre import MercadoLibre
from channels.mercadolibre_threads import sendable
from channels.outgoing import OutgoingHttp, Timeouts
from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.errors import InvalidInput
from domain.messages import Attachment, MessageType, OutboundMessage
from tests.channels.cases import MERCADOLIBRE_CREDENTIALS, outbound, recipient
from tests.vendors.mercadolibre import ACCESS, AGENT, BUYER, CLIENT_SECRET, REFRESH, SELLER, MercadoLibreApi, Thread
from tests.vendors.rest_receiver import Fault


@pytest.fixture
async def api() -> AsyncIterator[MercadoLibreApi]:
    async with MercadoLibreApi() as found:
        yield found


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    limits = Timeouts(connect=2.0, read=1.0, write=2.0, pool=5.0, whole=6.0)
    async with OutgoingHttp(allowed_networks=[ip_network("127.0.0.0/8")], timeouts=limits) as client:
        yield client


def message(text: str = "Sí, hay.", **changes: object) -> OutboundMessage:
    return outbound(text=text, created_at=datetime.now(UTC), **changes)


async def send(http: OutgoingHttp, api: MercadoLibreApi, to: str, sent: OutboundMessage | None = None) -> SendOutcome:
    channel = MercadoLibre(http, api_url=api.url)
    return await channel.send(sent or message(), recipient(to, ChannelKind.MERCADOLIBRE), MERCADOLIBRE_CREDENTIALS)


def waiting(api: MercadoLibreApi, **fields: object) -> Thread:
    thread = api.thread(**fields)
    api.write(thread, "¿Cuándo llega?")
    return thread


# Questions


async def test_an_answer_is_named_by_its_question(http: OutgoingHttp, api: MercadoLibreApi) -> None:
    question = api.ask("¿Hay?")
    outcome = await send(http, api, f"question:{question.id}", message("Sí 👋 – hay."))
    assert outcome == SendOutcome(result=SendResult.SENT, provider_id=f"{question.id}:answer")
    assert question.answer == "Sí 👋 – hay.", "an answer is not a message of 1987"


@pytest.mark.parametrize("fault", [Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER, Fault.SLOW, Fault.HTML])
async def test_an_answer_without_a_clear_reply_is_looked_up(http: OutgoingHttp, api: MercadoLibreApi, fault: Fault) -> None:
    question = api.ask("¿Hay?")
    api.fault(fault, seconds=30, status=502)
    assert (await send(http, api, f"question:{question.id}")).result is SendResult.SENT
    assert api.posted == ["Sí, hay."]


@pytest.mark.parametrize(("fault", "status"), [(Fault.DROP, 0), (Fault.STATUS, 500), (Fault.STATUS, 503)])
async def test_an_answer_that_did_not_arrive_is_tried_again(http: OutgoingHttp, api: MercadoLibreApi, fault: Fault, status: int) -> None:
    question = api.ask("¿Hay?")
    api.fault(fault, status=status)
    assert (await send(http, api, f"question:{question.id}")).result is SendResult.RETRY
    assert (await send(http, api, f"question:{question.id}")).result is SendResult.SENT
    assert api.posted == ["Sí, hay."]


async def test_the_same_answer_again_is_the_one_that_stands(http: OutgoingHttp, api: MercadoLibreApi) -> None:
    question = api.ask("¿Hay?")
    first = await send(http, api, f"question:{question.id}")
    assert await send(http, api, f"question:{question.id}") == first
    other = await send(http, api, f"question:{question.id}", message("No."))
    assert (other.result, api.posted) == (SendResult.FAILED, ["Sí, hay."])
    assert "answered on MercadoLibre before" in str(other.error)


# After a sale


@pytest.mark.parametrize(("by_agent", "receiver"), [(False, BUYER), (True, AGENT)])
async def test_a_message_goes_to_who_wrote(http: OutgoingHttp, api: MercadoLibreApi, by_agent: bool, receiver: str) -> None:
    thread = waiting(api, by_agent=by_agent)
    outcome = await send(http, api, f"pack:{thread.id}")
    sent = thread.messages[-1]
    assert (outcome.result, outcome.provider_id, sent.receiver, sent.writer) == (SendResult.SENT, sent.id, receiver, SELLER)


async def test_a_thread_that_was_moved_since_is_answered_by_the_agent(http: OutgoingHttp, api: MercadoLibreApi) -> None:
    thread = waiting(api)
    thread.by_agent = True
    await send(http, api, f"pack:{thread.id}")
    assert thread.messages[-1].receiver == AGENT


@pytest.mark.parametrize("fault", [Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER, Fault.SLOW, Fault.HTML])
async def test_a_message_without_a_clear_reply_is_unknown_and_then_found(http: OutgoingHttp, api: MercadoLibreApi, fault: Fault) -> None:
    thread = waiting(api)
    api.fault(fault, seconds=30, status=502)
    sent, to = message("Llega el “martes” 👋"), recipient(f"pack:{thread.id}", ChannelKind.MERCADOLIBRE)
    assert (await send(http, api, to.address, sent)).result is SendResult.UNKNOWN
    assert api.posted == ['Llega el "martes"']

    async def nothing_known(_: str) -> bool:
        return False

    async def all_known(_: str) -> bool:
        return True

    channel = MercadoLibre(http, api_url=api.url)
    found = await channel.confirm(sent, to, MERCADOLIBRE_CREDENTIALS, nothing_known)
    assert found == SendOutcome(result=SendResult.SENT, provider_id=thread.messages[-1].id)
    assert await channel.confirm(sent, to, MERCADOLIBRE_CREDENTIALS, all_known) is None, "it is another message of ours"
    assert await channel.confirm(message("Otra cosa"), to, MERCADOLIBRE_CREDENTIALS, nothing_known) is None


@pytest.mark.parametrize(
    ("substatus", "words"),
    [
        ("blocked_by_mediation", "a claim is open"),
        ("blocked_by_fulfillment", "ships this order"),
        ("blocked_by_ai_assistant_active", "assistant has the conversation"),
        ("blocked_by_time", "more than 30 days"),
        ("blocked_by_refund", "refunded"),
        ("blocked_by_something_new", "its word for the state is blocked_by_something_new"),
        (None, "its word for the state is blocked"),
    ],
)
async def test_a_closed_conversation_says_why(http: OutgoingHttp, api: MercadoLibreApi, substatus: str | None, words: str) -> None:
    thread = waiting(api, status="blocked", substatus=substatus)
    outcome = await send(http, api, f"pack:{thread.id}")
    assert (outcome.result, words in str(outcome.error)) == (SendResult.FAILED, True), outcome.error
    assert api.posted == []


async def test_a_conversation_that_closes_in_the_moment_says_why_too(http: OutgoingHttp, api: MercadoLibreApi) -> None:
    thread = waiting(api)
    body = {"message": "blocked", "error": "forbidden", "status": 403, "cause": ["blocked_by_conversation_initiated_by_seller_limited"]}
    api.fault(Fault.STATUS, status=403, body=body)
    outcome = await send(http, api, f"pack:{thread.id}")
    assert outcome.result is SendResult.FAILED
    assert "the customer has not written yet" in str(outcome.error)


async def test_the_limit_is_the_thread_s_own(http: OutgoingHttp, api: MercadoLibreApi) -> None:
    thread = waiting(api, longest=20)
    outcome = await send(http, api, f"pack:{thread.id}", message("x" * 21))
    assert (outcome.result, outcome.error) == (
        SendResult.FAILED,
        "The text is too long: 21 of 20 characters; send it in several messages",
    )
    assert (await send(http, api, f"pack:{thread.id}", message("x" * 20))).result is SendResult.SENT


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("¡Sí, ñandú!", "¡Sí, ñandú!"),
        ("“A” – ‘b’ — c…", "\"A\" - 'b' - c..."),
        ("Cuesta 5 €", "Cuesta 5 EUR"),
        ("Hola 👋🏽 mundo 👨‍👩‍👧", "Hola  mundo"),
        ("cafe\u0301", "café"),
        ("línea 1\nlínea 2 👍", "línea 1\nlínea 2"),
    ],
)
def test_what_carries_no_words_is_left_out(text: str, sent: str) -> None:
    assert sendable(text, 350) == sent


@pytest.mark.parametrize(("text", "words"), [("Привет", "Latin letters only"), ("你好", "Latin letters only"), ("👋", "take no emoji")])
def test_what_can_t_be_written_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        sendable(text, 350)


# Both


@pytest.mark.parametrize("kind", ["question", "pack"])
@pytest.mark.parametrize(
    ("status", "body", "result", "words"),
    [
        (429, {"error": "local_rate_limited", "message": "local_rate_limited"}, SendResult.RETRY, "local_rate_limited"),
        (400, {"error": "not_active_item", "message": "Item must be active"}, SendResult.FAILED, "not active any more"),
        (400, {"error": "bad_request", "message": "to_user_id 1 does not belong to pack 2"}, SendResult.FAILED, "does not belong"),
        (400, {"error": "odd", "message": "Something new"}, SendResult.FAILED, "MercadoLibre answered: Something new"),
        (403, {"error": "forbidden", "message": "banned"}, SendResult.FAILED, "banned"),
        (404, {"error": "not_found", "message": "not found"}, SendResult.FAILED, "does not know"),
        (302, {}, SendResult.FAILED, "FRONTDESK_MERCADOLIBRE_API_URL"),
    ],
)
async def test_each_refusal_has_one_meaning(
    http: OutgoingHttp, api: MercadoLibreApi, kind: str, status: int, body: dict[str, str], result: SendResult, words: str
) -> None:
    to = f"question:{api.ask('¿Hay?').id}" if kind == "question" else f"pack:{waiting(api).id}"
    api.fault(Fault.STATUS, status=status, body={**body, "status": status, "cause": []} if body else {})
    outcome = await send(http, api, to)
    assert (outcome.result, words in str(outcome.error)) == (result, True), outcome
    assert outcome.retry_after is None if result is SendResult.FAILED else 15 <= (outcome.retry_after or 0) <= 22.5
    for secret in (ACCESS, REFRESH, CLIENT_SECRET):
        assert secret not in str(outcome)


@pytest.mark.parametrize("kind", ["question", "pack"])
async def test_a_refused_token_is_a_message_that_waits(http: OutgoingHttp, api: MercadoLibreApi, kind: str) -> None:
    to = f"question:{api.ask('¿Hay?').id}" if kind == "question" else f"pack:{waiting(api).id}"
    api.end_token()
    outcome = await send(http, api, to)
    assert (outcome.result, outcome.token_refused) == (SendResult.RETRY, True)


@pytest.mark.parametrize(
    ("to", "sent", "words"),
    [
        ("buyer-31", message(), "none of MercadoLibre's"),
        ("question:1", message("x" * 2_001), "too long: 2001 of 2000"),
        ("pack:1", message(attachments=(Attachment(type=MessageType.IMAGE, url="/files/1"),)), "Files can't be sent"),
    ],
)
async def test_what_can_t_go_out_fails_with_words(
    http: OutgoingHttp, api: MercadoLibreApi, to: str, sent: OutboundMessage, words: str
) -> None:
    outcome = await send(http, api, to, sent)
    assert (outcome.result, words in str(outcome.error)) == (SendResult.FAILED, True), outcome.error
    assert api.calls == []


async def test_nobody_there_is_tried_again(http: OutgoingHttp) -> None:
    async with MercadoLibreApi() as gone:
        pass
    for to in ("question:1", "pack:1"):
        outcome = await send(http, gone, to)
        assert outcome.result is SendResult.RETRY
        assert ACCESS not in str(outcome)
