import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.standard_webhooks import sign, verify
from domain.person_requests import asks_for_person
from examples.build_pdf import SOURCE
from examples.customers import CHAT_CUSTOMERS, REST_CUSTOMERS, Receiver, visit
from tests.vendors.serving import serving

SECRET = "whsec_c2VjcmV0IG9mIHRoZSBkZW1v"


@dataclass
class Doors:
    """The two doors of a Frontdesk that customers write through. `busy` answers are given first."""

    base_url: str = ""
    busy: int = 0
    chat: list[tuple[str, str, str]] = field(default_factory=list)
    """Visitor's token, message id, text."""
    rest: list[dict[str, Any]] = field(default_factory=list)

    async def session(self, request: Request) -> Response:
        return JSONResponse({"visitor_id": "v", "token": f"token-{time.monotonic_ns()}"})

    async def chat_message(self, request: Request) -> Response:
        if self.busy:
            self.busy -= 1
            return JSONResponse({}, 503)
        body = await request.json()
        self.chat.append((request.headers["authorization"], body["id"], body["text"]))
        return JSONResponse({}, 202)

    async def rest_message(self, request: Request) -> Response:
        body = await request.body()
        verify(SECRET, request.headers, body, now=time.time())
        self.rest.append(json.loads(body))
        return JSONResponse({}, 202)


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    found = Doors()
    routes = [
        Route("/chat/shop/session", found.session),
        Route("/chat/shop/messages", found.chat_message, methods=["POST"]),
        Route("/webhooks/rest/shop-api", found.rest_message, methods=["POST"]),
    ]
    async with serving(Starlette(routes=routes)) as found.base_url:
        yield found


async def call(doors: Doors) -> None:
    await visit(doors.base_url, webchat_inbox="shop", rest_inbox="shop-api", rest_secret=SECRET, pace_seconds=0.001)


async def test_everybody_writes_what_he_came_for(doors: Doors) -> None:
    await call(doors)
    written = Counter(text for _, _, text in doors.chat)
    assert written == Counter(line for customer in CHAT_CUSTOMERS for turn in customer.turns for line in turn.splitlines())
    assert len({token for token, _, _ in doors.chat}) == len(CHAT_CUSTOMERS)
    by_contact = Counter(message["contact"]["id"] for message in doors.rest)
    assert by_contact == {customer.id: len(customer.turns) for customer in REST_CUSTOMERS}
    assert all(message["contact"]["name"] for message in doors.rest)


async def test_a_second_visit_writes_under_the_same_ids(doors: Doors) -> None:
    await call(doors)
    first = {message["id"] for message in doors.rest} | {message_id for _, message_id, _ in doors.chat}
    await call(doors)
    assert {message["id"] for message in doors.rest} | {message_id for _, message_id, _ in doors.chat} == first


async def test_a_customer_tries_again_while_the_service_is_busy(doors: Doors) -> None:
    doors.busy = 1
    await call(doors)
    assert Counter(text for _, _, text in doors.chat)["Hi!"] == 1


def test_the_visits_show_every_way_a_conversation_goes() -> None:
    customers = (*CHAT_CUSTOMERS, *REST_CUSTOMERS)
    assert len(customers) == 12
    assert {customer.language for customer in customers} == {"en", "es", "pt"}
    assert sum(any(asks_for_person(turn) for turn in customer.turns) for customer in customers) == 1
    handbook = SOURCE.read_text(encoding="utf-8").lower()
    assert not any(missing in handbook for missing in ("power bank", "australia", "student", "rent "))


async def test_the_receiver_takes_signed_replies_once_and_refuses_others() -> None:
    receiver = Receiver(SECRET)
    body = b'{"type": "message", "id": "o-1"}'
    signed = sign(SECRET, "o-1", int(time.time()), body) | {"idempotency-key": "o-1"}
    async with serving(receiver.app) as url, httpx2.AsyncClient() as http:
        assert (await http.post(f"{url}/replies", content=body, headers=signed)).status_code == 204
        assert (await http.post(f"{url}/replies", content=body, headers=signed)).status_code == 204
        assert (await http.post(f"{url}/replies", content=b"{}", headers=signed)).status_code == 401
        assert (await http.post(f"{url}/replies", content=body)).status_code == 401
    assert receiver.taken == 1
