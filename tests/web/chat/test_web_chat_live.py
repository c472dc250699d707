"""The chat for programs and scripts: tokens, JSON, limits, and the event stream on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from domain.conversations import Status
from domain.errors import TooManyAttempts
from domain.ids import inbound_message_id
from domain.managers import Role
from tests.web.chat.conftest import browser
from tests.web.chat.desk import FakeDesk
from web.chat.routes import ChatState
from web.chat.visitors import Limits, TokenBuckets
from web.services import Services


async def token_of(client: httpx2.AsyncClient) -> str:
    return str((await client.get("/chat/shop/session")).json()["token"])


async def write(client: httpx2.AsyncClient, token: str, text: str, message_id: str | None = None) -> httpx2.Response:
    body = {"id": message_id or str(uuid4()), "text": text}
    return await client.post("/chat/shop/messages", json=body, headers={"authorization": f"Bearer {token}"})


class Stream:
    """The events of one open stream, read on demand."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last_id = ""

    async def next(self) -> dict[str, Any]:
        """The next update; pings are skipped."""
        async with asyncio.timeout(5):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.last_id = line.removeprefix("id: ")
                if line.startswith("data: "):
                    return json.loads(line.removeprefix("data: "))  # type: ignore[no-any-return] # the stream's own JSON
        raise AssertionError("the stream ended")

    async def until(self, words: str) -> dict[str, Any]:
        while True:
            update = await self.next()
            if any(words in message["html"] for message in update["messages"]):
                return update


@asynccontextmanager
async def listening(base: str, token: str, last_id: str = "") -> AsyncIterator[Stream]:
    headers = {"authorization": f"Bearer {token}"} | ({"last-event-id": last_id} if last_id else {})
    async with httpx2.AsyncClient(base_url=base, timeout=5) as client, client.stream("GET", "/chat/shop/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer.aiter_lines())


async def test_a_program_writes_and_reads_with_a_token(app: FastAPI, desk: FakeDesk) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://chat.example") as client:
        token, message_id = await token_of(client), str(uuid4())
        first, again = [(await write(client, token, "Do you ship to Chile?", message_id)) for _ in range(2)]
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json()["message_id"] == again.json()["message_id"] == inbound_message_id("shop", "message", message_id)
        assert (first.json()["duplicate"], again.json()["duplicate"]) == (False, True)
        assert first.json()["conversation_id"]
        await desk.say(desk.received[0].address, "Yes.")
        seen = (await client.get("/chat/shop/messages", headers={"authorization": f"Bearer {token}"})).json()
        assert seen["state"] == "bot"
        assert [(message["sender"], message["text"]) for message in seen["messages"]] == [
            ("customer", "Do you ship to Chile?"),
            ("bot", "Yes."),
        ]
        after = {"after": seen["messages"][0]["id"]}
        later = (await client.get("/chat/shop/messages", headers={"authorization": f"Bearer {token}"}, params=after)).json()
        assert [message["text"] for message in later["messages"]] == ["Yes."]


@pytest.mark.parametrize("path", ["messages", "events"])
async def test_nothing_is_read_without_a_good_token(visitor: httpx2.AsyncClient, services: Services, path: str) -> None:
    assert (await visitor.get(f"/chat/shop/{path}")).status_code == 401
    foreign = services.vault.sign("visitor", "another-inbox/ana")
    for token in ("", "nonsense", foreign, services.vault.sign("session", "shop/ana")):
        assert (await visitor.get(f"/chat/shop/{path}", headers={"authorization": f"Bearer {token}"})).status_code == 403


async def test_another_site_cannot_write_with_the_visitors_cookie(app: FastAPI, desk: FakeDesk) -> None:
    async with browser(app) as visitor:
        await visitor.get("/chat/shop")
        form = {"id": str(uuid4()), "text": "forged"}
        answer = await visitor.post("/chat/shop/messages", data=form, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
    assert not desk.received


_NO_ID = b'{"text": "hi"}'
_NO_TEXT = b'{"id": "0d5c8a52-7a20-4b3e-9d1b-0a3c6a1f1e77"}'


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": "1", "text": "hi"}', b'{"id": 1, "text": "hi"}', _NO_ID, _NO_TEXT, b"\xff"])
async def test_an_unreadable_body_is_refused_in_words(visitor: httpx2.AsyncClient, desk: FakeDesk, body: bytes) -> None:
    headers = {"authorization": f"Bearer {await token_of(visitor)}", "content-type": "application/json"}
    answer = await visitor.post("/chat/shop/messages", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"]
    assert not desk.received


async def test_an_engine_that_is_away_is_told_and_nothing_is_accepted(visitor: httpx2.AsyncClient, desk: FakeDesk) -> None:
    token, message_id = await token_of(visitor), str(uuid4())
    desk.down = True
    assert (await write(visitor, token, "Hello", message_id)).status_code == 503
    desk.down = False
    assert (await write(visitor, token, "Hello", message_id)).status_code == 202
    assert len(desk.received) == 1


async def test_the_stream_brings_everything_and_then_what_is_new(served: str, desk: FakeDesk, services: Services) -> None:
    maya = await services.people.add("maya@shop.example", "Maya Ortiz", Role.MANAGER)
    async with httpx2.AsyncClient(base_url=served) as client:
        token = await token_of(client)
        await write(client, token, "The first question")
        who = desk.received[0].address
        async with listening(served, token) as stream:
            first = await stream.next()
            assert first["state"] == "thinking"
            assert [message["sender"] for message in first["messages"]] == ["customer"]
            assert stream.last_id
            await desk.say(who, "The first answer")
            answered = await stream.until("The first answer")
            assert [message["sender"] for message in answered["messages"]] == ["bot"]
            await desk.note(who, maya.id, "A private note")
            await desk.set(who, Status.FLAGGED)
            assert (await stream.next())["state"] == "waiting"
            await desk.set(who, Status.HUMAN, assignee_id=maya.id)
            taken = await stream.next()
            assert (taken["state"], taken["person"], taken["messages"]) == ("person", "Maya", [])
            await desk.say(who, "From a person", author_id=maya.id)
            assert "private note" not in json.dumps(await stream.until("From a person"))


async def test_a_stream_hears_of_a_conversation_that_begins_after_it_was_opened(served: str, desk: FakeDesk) -> None:
    async with httpx2.AsyncClient(base_url=served) as client:
        token = await token_of(client)
        async with listening(served, token) as stream:
            assert (await stream.next())["messages"] == []
            await write(client, token, "Hello")
            await stream.until("Hello")
            await desk.say(desk.received[0].address, "Hi!")
            await stream.until("Hi!")


async def test_what_was_said_while_the_stream_was_broken_arrives(served: str, desk: FakeDesk) -> None:
    async with httpx2.AsyncClient(base_url=served) as client:
        token = await token_of(client)
        await write(client, token, "Hello")
        async with listening(served, token) as stream:
            await stream.next()
            last_id = stream.last_id
        for number in range(5):
            await desk.say(desk.received[0].address, f"Answer {number}")
        async with listening(served, token, last_id) as stream:
            again = json.dumps(await stream.next())
    assert all(f"Answer {number}" in again for number in range(5))


async def test_a_stream_that_missed_nothing_is_sent_nothing_twice(served: str, desk: FakeDesk) -> None:
    async with httpx2.AsyncClient(base_url=served) as client:
        token = await token_of(client)
        await write(client, token, "Hello")
        async with listening(served, token) as stream:
            await stream.next()
            last_id = stream.last_id
        async with listening(served, token, last_id) as stream:
            assert (await stream.next())["messages"] == []


async def test_streams_hear_only_their_own_visitor(served: str, desk: FakeDesk) -> None:
    async with httpx2.AsyncClient(base_url=served) as client:
        ana, bob = await token_of(client), await token_of(client)
        await write(client, ana, "I am Ana")
        async with listening(served, ana) as stream:
            await stream.next()
            await write(client, bob, "I am Bob")
            await desk.say(desk.received[1].address, "Hello Bob")
            await desk.say(desk.received[0].address, "Hello Ana")
            update = await stream.next()
            assert "Hello Ana" in json.dumps(update)
            assert "Bob" not in json.dumps(update)


async def test_two_tabs_show_the_same(served: str, desk: FakeDesk) -> None:
    async with httpx2.AsyncClient(base_url=served) as client:
        token = await token_of(client)
        async with listening(served, token) as one, listening(served, token) as other:
            await one.next()
            await other.next()
            await write(client, token, "Hello")
            await desk.say(desk.received[0].address, "Hi!")
            for tab in (one, other):
                await tab.until("Hi!")


async def test_a_visitor_who_writes_too_fast_is_asked_to_wait(app: FastAPI, visitor: httpx2.AsyncClient, services: Services) -> None:
    app.state.chat = ChatState(services, Limits(messages=(2, 0.01)))
    token = await token_of(visitor)
    answers = [await write(visitor, token, "Hello") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].json()["title"] == "That was a lot at once. Try again in a moment."
    assert (await write(visitor, await token_of(visitor), "Hello")).status_code == 202


async def test_one_address_may_not_flood_with_new_visitors(app: FastAPI, visitor: httpx2.AsyncClient, services: Services) -> None:
    app.state.chat = ChatState(services, Limits(source_messages=(2, 0.01)))
    statuses = [(await write(visitor, await token_of(visitor), "Hello")).status_code for _ in range(3)]
    assert statuses == [202, 202, 429]


async def test_one_address_may_hold_only_so_many_streams(app: FastAPI, served: str, services: Services) -> None:
    app.state.chat = ChatState(services, Limits(streams_per_source=1))
    async with httpx2.AsyncClient(base_url=served) as client:
        token = await token_of(client)
        async with listening(served, token) as stream:
            await stream.next()
            assert (await client.get("/chat/shop/events", headers={"authorization": f"Bearer {token}"})).status_code == 429


def test_a_bucket_refills_and_forgets() -> None:
    now = [0.0]
    bucket = TokenBuckets(2, 0.5, clock=lambda: now[0])
    bucket.take("ana")
    bucket.take("ana")
    with pytest.raises(TooManyAttempts) as refused:
        bucket.take("ana")
    assert refused.value.retry_after == pytest.approx(2.0)
    bucket.take("bob")
    now[0] = 2.0
    bucket.take("ana")
    with pytest.raises(TooManyAttempts):
        bucket.take("ana")


async def test_the_widgets_loader_is_small_cached_and_readable_from_any_site(visitor: httpx2.AsyncClient) -> None:
    answer = await visitor.get("/widget.js")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=300" in answer.headers["cache-control"]
    assert int(answer.headers["content-length"]) < 5_000
    assert (await visitor.get("/widget.js", headers={"if-none-match": answer.headers["etag"]})).status_code == 304
