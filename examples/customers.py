"""The demo's customers: they write through the website chat and the REST inbox over HTTP, and take the REST inbox's replies.

    FRONTDESK_DEMO_REST_SECRET=... python -m examples.customers --url http://127.0.0.1:8000 --chat-inbox shop \\
        --rest-inbox shop-api --receive-at 127.0.42.7:9000

They write for a few minutes; then they are quiet, and only the receiver goes on. Their message ids are always the same, so that a
second visit on the same data changes nothing.
"""

import argparse
import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import httpx2
import structlog
import uvicorn
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from channels.standard_webhooks import sign, verify
from domain.errors import AuthenticityError
from domain.ids import derived_id

log = structlog.get_logger()

Send = Callable[[str, str], Awaitable[httpx2.Response]]
"""Sends a line: message id and text."""

SECRET_VARIABLE = "FRONTDESK_DEMO_REST_SECRET"  # noqa: S105 # a variable's name
REPLY_PATH = "/replies"
PACE_SECONDS = 9.0
ATTEMPTS = 5
"""How often a customer tries to send a line while the service does not answer."""
RECENT_REPLIES = 500


@dataclass(frozen=True)
class Customer:
    """`turns` lie one pace apart; the lines of one turn are messages written in one go, well within the quiet window."""

    id: str
    language: str
    turns: tuple[str, ...]
    name: str | None = None
    """Known on the REST inbox only: the website chat has visitors."""


CHAT_CUSTOMERS = (
    Customer("chat-chile", "en", ("Hi!\nHow long does shipping to Chile take?", "And is there a discount if I pay by bank transfer?")),
    Customer("chat-powerbank", "en", ("Are the bags waterproof?", "Does the Candil also work as a power bank for my phone?")),
    Customer("chat-envio", "es", ("Hola, ¿cuánto tarda el envío a Chile y cuánto cuesta?", "¿La Ronda viene con el mate incluido?")),
    Customer("chat-tracking", "en", ("How can I track my parcel?", "It has not moved for two weeks. I would like to talk to a person.")),
    Customer("chat-laptop", "en", ("Which backpack fits a 16-inch laptop?", "Does the Estancia 40 count as hand luggage?")),
    Customer("chat-australia", "en", ("Do you deliver to Australia?",)),
)

REST_CUSTOMERS = (
    Customer("c-1041", "en", ("How do I return an article? It is the wrong colour.", "When do I get my money back?"), "Hanna Weiss"),
    Customer("c-1042", "en", ("The zip of my Rambla is broken, can you repair it?", "How long does a repair take?"), "Owen Pritchard"),
    Customer("c-1043", "pt", ("Oi, vocês têm programa de pontos ou fidelidade?",), "Beatriz Nogueira"),
    Customer("c-1044", "en", ("Can I wash the bag in the washing machine?", "Thank you. Is there a student discount?"), "Amara Diallo"),
    Customer("c-1045", "en", ("When is the shop open on Sunday?", "Can I visit the workshop?"), "Jonas Lindqvist"),
    Customer("c-1046", "en", ("When is my card charged?", "Can I rent a duffel for two weeks?"), "Priya Raman"),
)


async def visit(base_url: str, *, webchat_inbox: str, rest_inbox: str, rest_secret: str, pace_seconds: float = PACE_SECONDS) -> None:
    """Lets every customer write, one beginning each `pace_seconds`, website chat and REST inbox in turn; returns when all have."""
    async with httpx2.AsyncClient(base_url=base_url, timeout=10.0) as http, asyncio.TaskGroup() as customers:
        for in_chat, by_rest in zip(CHAT_CUSTOMERS, REST_CUSTOMERS, strict=True):
            await asyncio.sleep(pace_seconds)
            customers.create_task(_write_in_chat(http, webchat_inbox, in_chat, pace_seconds))
            await asyncio.sleep(pace_seconds)
            customers.create_task(_write_by_rest(http, rest_inbox, rest_secret, by_rest, pace_seconds))


async def _write_in_chat(http: httpx2.AsyncClient, inbox: str, customer: Customer, pace_seconds: float) -> None:
    session = await _insist(partial(http.get, f"/chat/{inbox}/session"), customer)
    if session is None:
        return
    headers = {"Authorization": f"Bearer {session.json()['token']}", "Accept-Language": customer.language}

    async def send(message_id: str, text: str) -> httpx2.Response:
        return await http.post(f"/chat/{inbox}/messages", headers=headers, json={"id": message_id, "text": text})

    await _say_all(customer, inbox, send, pace_seconds)


async def _write_by_rest(http: httpx2.AsyncClient, inbox: str, secret: str, customer: Customer, pace_seconds: float) -> None:
    contact = {"id": customer.id, "name": customer.name, "language": customer.language}

    async def send(message_id: str, text: str) -> httpx2.Response:
        body = json.dumps({"type": "message", "id": message_id, "contact": contact, "text": text}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **sign(secret, message_id, int(time.time()), body)}
        return await http.post(f"/webhooks/rest/{inbox}", headers=headers, content=body)

    await _say_all(customer, inbox, send, pace_seconds)


async def _say_all(customer: Customer, inbox: str, send: Send, pace_seconds: float) -> None:
    for number, turn in enumerate(customer.turns):
        if number:
            await asyncio.sleep(pace_seconds)
        for place, text in enumerate(turn.splitlines()):
            message_id = derived_id("demo", inbox, customer.id, str(number), str(place))
            if await _insist(partial(send, message_id, text), customer) is None:
                return


async def _insist(call: Callable[[], Awaitable[httpx2.Response]], customer: Customer) -> httpx2.Response | None:
    """Tries again while the service does not answer or asks for patience; None once it is given up or refused."""
    pause = 1.0
    for _ in range(ATTEMPTS):
        try:
            response = await call()
        except httpx2.TransportError as error:
            log.info("customer_waits", customer=customer.id, error=type(error).__name__)
        else:
            if response.is_success:
                return response
            if response.status_code not in (429, 503):
                log.info("customer_leaves", customer=customer.id, status=response.status_code)
                return None
        await asyncio.sleep(pause)
        pause *= 2
    return None


class Receiver:
    """Where the REST inbox's replies go: checks the signature, takes each message once, keeps none of their texts."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._known: OrderedDict[str, None] = OrderedDict()
        self.app = Starlette(routes=[Route(REPLY_PATH, self.take, methods=["POST"])])

    @property
    def taken(self) -> int:
        """How many different messages arrived, counted to `RECENT_REPLIES` at most."""
        return len(self._known)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        try:
            verify(self._secret, request.headers, body, now=time.time())
        except AuthenticityError as error:
            return PlainTextResponse(str(error), 401)
        self._known[request.headers.get("idempotency-key", "")] = None
        if len(self._known) > RECENT_REPLIES:
            self._known.popitem(last=False)
        return Response(status_code=204)

    async def serve(self, host: str, port: int) -> None:
        """Until SIGINT or SIGTERM."""
        config = uvicorn.Config(self.app, host=host, port=port, log_config=None, access_log=False, lifespan="off")
        await uvicorn.Server(config).serve()


class DemoSecrets(BaseSettings):
    """Comes by the environment: arguments stand in the process list."""

    model_config = SettingsConfigDict(env_prefix="FRONTDESK_")

    demo_rest_secret: SecretStr = SecretStr("")


async def _run(arguments: argparse.Namespace, secret: str) -> None:
    host, _, port = arguments.receive_at.rpartition(":")
    visiting: asyncio.Task[None] | None = None
    if not arguments.only_receive:
        visiting = asyncio.create_task(
            visit(
                arguments.url,
                webchat_inbox=arguments.chat_inbox,
                rest_inbox=arguments.rest_inbox,
                rest_secret=secret,
                pace_seconds=arguments.pace,
            )
        )
    try:
        await Receiver(secret).serve(host, int(port))
    finally:
        if visiting is not None:
            visiting.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description="Customers for the demo.")
    parser.add_argument("--url", required=True, help="where Frontdesk answers")
    parser.add_argument("--chat-inbox", required=True, help="id of a webchat inbox")
    parser.add_argument("--rest-inbox", required=True, help=f"id of a rest inbox; its secret is read from {SECRET_VARIABLE}")
    parser.add_argument("--receive-at", required=True, metavar="HOST:PORT", help=f"where its callbacks go, path {REPLY_PATH}")
    parser.add_argument("--only-receive", action="store_true", help="nobody writes")
    parser.add_argument("--pace", type=float, default=PACE_SECONDS, help="seconds between two customers (default: %(default)s)")
    arguments = parser.parse_args()
    secret = DemoSecrets().demo_rest_secret.get_secret_value()
    if not secret:
        parser.error(f"set {SECRET_VARIABLE} to the REST inbox's secret")
    asyncio.run(_run(arguments, secret))


if __name__ == "__main__":
    main()
