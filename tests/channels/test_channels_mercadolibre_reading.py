"""What MercadoLibre's notifications lead to: read against the stand-in, in any order, any number of times, with what is not there yet."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.exchange import Reply
from channels.mercadolibre import MercadoLibre
from domain.channels import ChannelKind
from domain.fetching import Fetched
from domain.messages import Arrival, DeliveryReceipt, DeliveryState, Echo, Ignored, InboundEvent, MessageType, ResourceChanged
from tests.channels.cases import MERCADOLIBRE_CREDENTIALS, inbox, mercadolibre_request
from tests.vendors.mercadolibre import AGENT, SELLER, TITLE, MercadoLibreApi, Message, Question, Thread
from tests.vendors.vendor_server import Call

INBOX = inbox(ChannelKind.MERCADOLIBRE, public={"user_id": SELLER})


class Straight:
    """Calls the stand-in without a socket: it is the same vendor, thousands of times a second."""

    def __init__(self, api: MercadoLibreApi) -> None:
        self.api = api

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"") -> Reply:
        parts = urlsplit(url)
        answer = self.api.answer(Call(method, parts.path, dict(parse_qsl(parts.query)), dict(headers), content))
        return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, json.dumps(answer.body).encode())


@dataclass
class Desk:
    """Takes in what is read, as the door does: the first of each id counts."""

    api: MercadoLibreApi
    messages: dict[str, list[str]] = field(default_factory=dict)
    """By conversation, in the order in which they came in."""
    echoes: list[str] = field(default_factory=list)
    states: dict[str, DeliveryState] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.channel = MercadoLibre(Straight(self.api), api_url="https://api.stand.in")

    async def fetch(self, changed: ResourceChanged) -> Fetched:
        return await self.channel.fetch(changed, INBOX, MERCADOLIBRE_CREDENTIALS, now=datetime.now(UTC).timestamp())

    async def hear(self, notice: Mapping[str, Any]) -> None:
        request = mercadolibre_request(json.dumps(notice).encode())
        self.channel.verify(request, MERCADOLIBRE_CREDENTIALS, now=0)
        for event in self.channel.parse(request, INBOX, now=0):
            if isinstance(event, ResourceChanged):
                await self.read(event)

    async def read(self, changed: ResourceChanged) -> None:
        while (fetched := await self.fetch(changed)).again is not None:
            assert fetched.missing, fetched.again
        for event in fetched.events:
            self.take_in(event)

    def take_in(self, event: InboundEvent) -> None:
        match event:
            case Arrival() if event.message.id not in self.seen:
                self.seen.add(event.message.id)
                self.messages.setdefault(event.address, []).append(event.message.text)
            case Echo() if event.provider_id not in self.seen:
                self.seen.add(event.provider_id)
                self.echoes.append(event.text)
            case DeliveryReceipt():
                self.states[str(event.provider_id)] = event.state

    async def sweep(self) -> None:
        for changed in (await self.channel.sweep(MERCADOLIBRE_CREDENTIALS, now=datetime.now(UTC).timestamp())).changed:
            await self.read(changed)


def _history(api: MercadoLibreApi, plan: Sequence[tuple[int, int]]) -> tuple[dict[str, list[str]], list[str], list[dict[str, Any]]]:
    """A past at MercadoLibre: what customers wrote by conversation, what people answered there by hand, and every notification of it."""
    threads = [api.thread(by_agent=number % 2 == 1, kind="orders" if number == 2 else "packs") for number in range(3)]
    written: dict[str, list[str]] = {}
    by_hand: list[str] = []
    notices: list[dict[str, Any]] = []
    for number, (kind, where) in enumerate(plan):
        text = f"text {number}"
        match kind:
            case 0:
                question = api.ask(text)
                written[f"question:{question.id}"] = [text]
                notices.append(api.question_notice(question))
                if where == 2:
                    api.answer_by_hand(question, f"answer {number}")
                    by_hand.append(f"answer {number}")
                    notices.append(api.question_notice(question))
            case 1:
                message = api.write(threads[where], text)
                written.setdefault(f"pack:{threads[where].id}", []).append(text)
                notices.append(api.message_notice(message))
            case _:
                message = api.write_by_hand(threads[where], text)
                by_hand.append(text)
                notices += [api.message_notice(message), api.message_notice(message, "read")]
    return written, by_hand, notices


@settings(max_examples=max(200, settings().max_examples), deadline=None)
@given(data=st.data())
def test_any_order_and_any_number_of_notifications_is_the_same_conversation(data: st.DataObject) -> None:
    plan = data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=9))
    api = MercadoLibreApi()
    written, by_hand, notices = _history(api, plan)
    repeated = notices + data.draw(st.lists(st.sampled_from(notices), max_size=4))
    delivered = data.draw(st.permutations(repeated))
    for notice in data.draw(st.lists(st.sampled_from(notices), max_size=3)):
        path = notice["resource"] if notice["topic"] == "questions" else f"/messages/{notice['resource']}"
        api.not_yet[path] += 1
    desk = Desk(api)

    async def hear_all() -> None:
        for notice in delivered:
            await desk.hear(notice)

    asyncio.run(hear_all())
    assert desk.messages == written
    assert sorted(desk.echoes) == sorted(by_hand)
    assert api.violations == []
    assert all(message.read_at is None for thread in api.threads.values() for message in thread.messages)


@settings(max_examples=max(200, settings().max_examples), deadline=None)
@given(data=st.data())
def test_what_was_lost_is_found_by_a_sweep(data: st.DataObject) -> None:
    """Of questions, and of messages that nobody has answered since."""
    plan = data.draw(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=8))
    api = MercadoLibreApi()
    written, _, notices = _history(api, plan)
    heard = data.draw(st.lists(st.sampled_from(notices), max_size=4, unique_by=lambda notice: notice["resource"]))
    desk = Desk(api)

    async def hear_and_sweep() -> None:
        for notice in heard:
            await desk.hear(notice)
        await desk.sweep()
        await desk.sweep()

    asyncio.run(hear_and_sweep())
    assert desk.messages == written
    assert api.violations == []


# What each thing becomes


@pytest.fixture
def api() -> MercadoLibreApi:
    return MercadoLibreApi()


async def events_of(api: MercadoLibreApi, topic: str, resource: object, *actions: str) -> Sequence[InboundEvent]:
    fetched = await Desk(api).fetch(ResourceChanged(topic=topic, resource=str(resource), actions=actions))
    assert fetched.again is None, fetched.again
    return fetched.events


async def test_a_question_brings_its_listing_and_language(api: MercadoLibreApi) -> None:
    question = api.ask("¿Hay en verde?")
    (event,) = await events_of(api, "questions", question.id)
    assert isinstance(event, Arrival)
    message = event.message
    assert (event.address, event.name) == (f"question:{question.id}", f"Question · {TITLE}")
    assert (message.kind, message.provider_id) == ("question", str(question.id))
    assert (message.text, message.context, message.one_reply, message.language) == ("¿Hay en verde?", TITLE, True, "es")
    assert message.sent_at == question.at.replace(microsecond=question.at.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "UNDER_REVIEW"}, "reviewing"),
        ({"status": "BANNED"}, "banned"),
        ({"status": "DISABLED"}, "disabled"),
        ({"status": "CLOSED_UNANSWERED"}, "closed"),
        ({"hold": True}, "holds back"),
    ],
)
async def test_a_question_that_can_t_be_answered_is_left_alone_with_its_reason(
    api: MercadoLibreApi, changes: dict[str, Any], reason: str
) -> None:
    (event,) = await events_of(api, "questions", api.ask("¿Hay?", **changes).id)
    assert isinstance(event, Ignored)
    assert reason in event.reason


async def test_a_deleted_question_is_a_deletion_beside_it(api: MercadoLibreApi) -> None:
    question = api.ask("¿Hay?")
    (asked,) = await events_of(api, "questions", question.id)
    question.status = "DELETED"
    (deleted,) = await events_of(api, "questions", question.id)
    assert isinstance(asked, Arrival)
    assert isinstance(deleted, Arrival)
    assert (deleted.message.type, deleted.message.kind, deleted.address) == (MessageType.DELETED, "deleted", asked.address)
    assert deleted.message.id != asked.message.id


async def test_somebody_else_s_question_is_left_alone(api: MercadoLibreApi) -> None:
    question = api.ask("¿Hay?")
    channel = MercadoLibre(Straight(api), api_url="https://api.stand.in")
    other = MERCADOLIBRE_CREDENTIALS | {"user_id": "77"}
    fetched = await channel.fetch(ResourceChanged(topic="questions", resource=str(question.id)), INBOX, other, now=0)
    assert isinstance(fetched.events[0], Ignored)


async def test_a_message_through_the_agent_has_the_buyer_s_name(api: MercadoLibreApi) -> None:
    thread = api.thread(by_agent=True)
    message = api.write(thread, "¿Cuándo llega?")
    assert message.writer == AGENT
    (event,) = await events_of(api, "messages", message.id, "created")
    assert isinstance(event, Arrival)
    assert (event.address, event.name, event.message.text) == (f"pack:{thread.id}", "Ema Ríos", "¿Cuándo llega?")


async def test_files_are_named_by_their_kind(api: MercadoLibreApi) -> None:
    files = [
        {"filename": "210_a.jpg", "original_filename": "rota.jpg", "type": "image/jpeg", "size": 5120},
        {"filename": "210_b.pdf", "original_filename": "factura.pdf", "type": "application/pdf", "size": 99},
    ]
    message = api.write(api.thread(), "", attachments=files)
    (event,) = await events_of(api, "messages", message.id)
    assert isinstance(event, Arrival)
    assert event.message.type is MessageType.IMAGE
    assert [(file.type, file.url, file.name, file.size) for file in event.message.attachments] == [
        (MessageType.IMAGE, "mercadolibre:210_a.jpg", "rota.jpg", 5120),
        (MessageType.DOCUMENT, "mercadolibre:210_b.pdf", "factura.pdf", 99),
    ]


async def test_a_message_without_anything_stays_visible(api: MercadoLibreApi) -> None:
    (event,) = await events_of(api, "messages", api.write(api.thread(), " ").id)
    assert isinstance(event, Arrival)
    assert (event.message.type, event.message.raw_kind) == (MessageType.UNSUPPORTED, "message available")


async def test_our_own_message_reports_how_far_it_got(api: MercadoLibreApi) -> None:
    thread = api.thread()
    message = api.write_by_hand(thread, "Ya sale")
    (echo,) = await events_of(api, "messages", message.id, "created")
    assert isinstance(echo, Echo)
    assert (echo.provider_id, echo.text, echo.own_without_id) == (message.id, "Ya sale", True)
    message.read_at = message.at
    (read,) = await events_of(api, "messages", message.id, "read")
    assert isinstance(read, DeliveryReceipt)
    assert read.state is DeliveryState.READ
    message.moderation, message.reason = "rejected", "SOCIAL_NETWORK_LINK"
    echo_again, failed = await events_of(api, "messages", message.id, "created")
    assert isinstance(echo_again, Echo)
    assert isinstance(failed, DeliveryReceipt)
    assert failed.state is DeliveryState.FAILED
    assert "a link to a social network" in str(failed.error)


async def test_the_older_form_of_a_text_is_read(api: MercadoLibreApi) -> None:
    class Older(Message):
        def shown(self, kind: str) -> dict[str, Any]:
            return super().shown(kind) | {"text": {"plain": self.text}}

    thread = api.thread()
    known = api.write(thread, "Hola")
    thread.messages[0] = Older(**known.__dict__)
    (event,) = await events_of(api, "messages", known.id)
    assert isinstance(event, Arrival)
    assert event.message.text == "Hola"


async def test_what_people_answered_before_the_inbox_was_connected_is_not_drawn_in(api: MercadoLibreApi) -> None:
    thread = api.thread()
    api.write(thread, "¿Cuándo llega?")
    api.write_by_hand(thread, "Mañana")
    connected = INBOX.model_copy(update={"created_at": api.write_by_hand(thread, "¿Algo más?").at})
    thanks = api.write(thread, "Gracias")
    channel = MercadoLibre(Straight(api), api_url="https://api.stand.in")
    changed = ResourceChanged(topic="messages", resource=thanks.id)
    fetched = await channel.fetch(changed, connected, MERCADOLIBRE_CREDENTIALS, now=datetime.now(UTC).timestamp())
    assert [event.message.text for event in fetched.events if isinstance(event, Arrival)] == ["Gracias"]


@pytest.mark.parametrize(
    ("status", "body", "again", "missing", "token_refused"),
    [
        (404, {"error": "not_found"}, True, True, False),
        (401, {"error": "unauthorized"}, True, False, True),
        (403, {"error": "forbidden"}, False, False, False),
        (400, {"error": "bad_request"}, False, False, False),
        (429, {"error": "local_rate_limited"}, True, False, False),
        (500, {}, True, False, False),
        (200, None, True, False, False),
    ],
)
async def test_what_a_reading_is_answered_decides_whether_it_is_repeated(
    status: int, body: dict[str, Any] | None, again: bool, missing: bool, token_refused: bool
) -> None:
    class Answering:
        async def request(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"") -> Reply:
            return Reply(status, {}, b"<html>" if body is None else json.dumps(body).encode())

    channel = MercadoLibre(Answering())
    for topic, resource in (("questions", "1"), ("messages", "0" * 32), ("threads", "2")):
        fetched = await channel.fetch(ResourceChanged(topic=topic, resource=resource), INBOX, MERCADOLIBRE_CREDENTIALS, now=0)
        assert (fetched.again is not None, fetched.missing, fetched.token_refused) == (again, missing, token_refused)
        assert fetched.retry_after is None or 15 <= fetched.retry_after <= 22.5


def test_the_stand_in_shows_what_it_keeps() -> None:
    """The fields that the reader looks at are the documented ones."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    question, message = Question(1, "x", at).shown(), Message("0" * 32, "2", "3", "4", "x", at).shown("packs")
    assert {"id", "seller_id", "item_id", "text", "status", "date_created", "answer", "from", "hold"} <= set(question)
    assert {"id", "site_id", "from", "to", "text", "message_date", "message_moderation", "message_resources"} <= set(message)
    assert Thread("1").counterpart != Thread("1", by_agent=True).counterpart
