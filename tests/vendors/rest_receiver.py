"""A seller's own system at the other end of a REST inbox's callback URL: a stateful stand-in on a real socket.

It checks every request against the published contract and keeps what broke it in `violations`; leaving the `async with` block with
any of them raises. Repeats under one Idempotency-Key are one delivery, as the contract promises us. `fault(...)` scripts what the next
requests meet. No framework: faults below HTTP (a dropped connection, half an answer) need the socket itself.
"""

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from tests.vendors.signing import proves


class Fault(StrEnum):
    """What a request meets. Only the ones marked + take the message in."""

    STATUS = "status"
    """An answer with a status and headers of your choice."""
    SLOW = "slow"
    """+ Answers 200 after `seconds`."""
    HTML = "html"
    """+ Answers 200 with a page, as a proxy in front might."""
    ACCEPT_THEN_DROP = "accept_then_drop"
    """+ Takes the message, then closes the connection without an answer."""
    DROP = "drop"
    """Closes the connection before taking the message."""
    HALF_ANSWER = "half_answer"
    """+ Takes the message and closes in the middle of the answer."""
    ENDLESS = "endless"
    """+ Answers 200 with a body that does not end."""


_TAKES_IN = frozenset({Fault.SLOW, Fault.HTML, Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER, Fault.ENDLESS})


@dataclass(frozen=True)
class Scripted:
    fault: Fault
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    """time.monotonic()"""


@dataclass(frozen=True)
class Delivery:
    """A message that was taken in, once for each Idempotency-Key."""

    id: str
    contact: str
    text: str
    sender: str
    in_reply_to: tuple[str, ...]
    citations: tuple[dict[str, Any], ...]
    body: dict[str, Any]
    at: float
    """time.monotonic()"""


_REQUIRED: dict[str, type] = {
    "type": str,
    "id": str,
    "conversation_id": str,
    "contact": dict,
    "text": str,
    "sender": str,
    "in_reply_to": list,
    "citations": list,
}
_OPTIONAL: dict[str, type] = {"quick_replies": list, "attachments": list}
_ID = re.compile(r"[!-~]{1,200}")


class RestReceiver:
    """`async with RestReceiver(secret) as receiver`, then point an inbox's callback_url at `receiver.url`."""

    def __init__(self, secret: str, *, host: str = "127.0.0.1", port: int = 0, path: str = "/callback") -> None:
        self._secret = secret
        self._host, self._port, self._path = host, port, path
        self.requests: list[Request] = []
        self.deliveries: list[Delivery] = []
        self.repeats: list[str] = []
        """Idempotency keys that came again after they had been taken in."""
        self.violations: list[str] = []
        self._taken: dict[str, bytes] = {}
        self._script: deque[Scripted] = deque()
        self._changed = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, self._host, self._port, limit=256 * 1024)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()
        if kind is None and self.violations:
            raise AssertionError("The REST contract was broken:\n" + "\n".join(self.violations))

    async def stop(self) -> None:
        """Closes the socket and every open connection; what was received stays readable."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}{self._path}"

    @property
    def port(self) -> int:
        return self._port

    @property
    def connections(self) -> int:
        """Open now."""
        return len(self._open)

    def fault(
        self,
        fault: Fault,
        *,
        times: int = 1,
        status: int = 500,
        headers: dict[str, str] | None = None,
        body: str = "",
        seconds: float = 0.0,
    ) -> None:
        """Queues what the next `times` requests meet; after the script every request is answered 200."""
        self._script.extend([Scripted(fault, status, headers or {}, body, seconds)] * times)

    def to(self, contact: str) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.contact == contact]

    def answers(self, message_id: str) -> list[Delivery]:
        """Deliveries that stand in reply to this inbound id."""
        return [delivery for delivery in self.deliveries if message_id in delivery.in_reply_to]

    async def wait_until(self, condition: Callable[[Self], bool], *, timeout: float = 10.0) -> None:
        """Waits for a condition over what was received. Raises TimeoutError with the counts."""
        try:
            async with asyncio.timeout(timeout):
                while not condition(self):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise TimeoutError(f"after {timeout} s: {len(self.requests)} requests, {len(self.deliveries)} deliveries") from error

    async def wait_for(self, count: int, *, timeout: float = 10.0) -> list[Delivery]:
        """The deliveries, once there are at least `count`."""
        await self.wait_until(lambda receiver: len(receiver.deliveries) >= count, timeout=timeout)
        return self.deliveries

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._open.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False closes the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, path, headers, body, time.monotonic())
        self.requests.append(request)
        script = self._script.popleft() if self._script else None
        message = self._checked(request)
        if message is not None and (script is None or script.fault in _TAKES_IN):
            self._take_in(message, body, request.at)
        self._changed.set()
        if message is None:
            await _answer(writer, 400, {"content-type": "text/plain"}, self.violations[-1])
            return True
        if script is None:
            await _answer(writer, 200, {"content-type": "application/json"}, "{}")
            return True
        return await self._misbehave(writer, script)

    async def _misbehave(self, writer: asyncio.StreamWriter, script: Scripted) -> bool:
        match script.fault:
            case Fault.STATUS:
                await _answer(writer, script.status, script.headers, script.body)
            case Fault.SLOW:
                await asyncio.sleep(script.seconds)
                await _answer(writer, 200, {"content-type": "application/json"}, "{}")
            case Fault.HTML:
                await _answer(writer, 200, {"content-type": "text/html"}, "<!doctype html><title>Welcome</title>")
            case Fault.ACCEPT_THEN_DROP | Fault.DROP:
                return False
            case Fault.HALF_ANSWER:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-le")
                await writer.drain()
                return False
            case Fault.ENDLESS:
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                while True:
                    writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                    await writer.drain()
        return True

    def _take_in(self, message: dict[str, Any], body: bytes, at: float) -> None:
        key = message["id"]
        if key in self._taken:
            self.repeats.append(key)
            if self._taken[key] != body:
                self.violations.append(f"{key}: came again with another body")
            return
        self._taken[key] = body
        self.deliveries.append(
            Delivery(
                id=key,
                contact=message["contact"]["id"],
                text=message["text"],
                sender=message["sender"],
                in_reply_to=tuple(message["in_reply_to"]),
                citations=tuple(message["citations"]),
                body=message,
                at=at,
            )
        )

    def _checked(self, request: Request) -> dict[str, Any] | None:
        """The message, or None after its violations were noted."""
        found = list(_violations(request, self._secret, self._path))
        self.violations += found
        return None if found else json.loads(request.body)


def _violations(request: Request, secret: str, path: str) -> list[str]:
    headers = request.headers
    found = []
    if (request.method, request.path) != ("POST", path):
        found.append(f"{request.method} {request.path}: expected POST {path}")
    if headers.get("content-type", "").split(";")[0] != "application/json":
        found.append(f"content-type is {headers.get('content-type')!r}")
    if not headers.get("host"):
        found.append("no Host header")
    if not proves(secret, headers, request.body):
        found.append("the signature does not prove the body, or the timestamp is stale")
    try:
        message = json.loads(request.body)
    except ValueError:
        return [*found, "the body is no JSON"]
    if not isinstance(message, dict):
        return [*found, "the body is no JSON object"]
    key = headers.get("idempotency-key", "")
    if not _ID.fullmatch(key) or key != message.get("id"):
        found.append(f"Idempotency-Key {key!r} is not the message's id {message.get('id')!r}")
    return found + _shape_violations(message)


def _shape_violations(message: dict[str, Any]) -> list[str]:
    found = [f"{name}: missing, or no {kind.__name__}" for name, kind in _REQUIRED.items() if not isinstance(message.get(name), kind)]
    found += [f"{name}: no {kind.__name__}" for name, kind in _OPTIONAL.items() if name in message and not isinstance(message[name], kind)]
    found += [f"{name}: not in the contract" for name in message.keys() - _REQUIRED.keys() - _OPTIONAL.keys()]
    if found:
        return found
    if message["type"] != "message":
        found.append(f"type is {message['type']!r}")
    if message["sender"] not in ("bot", "manager"):
        found.append(f"sender is {message['sender']!r}")
    if not isinstance(message["contact"].get("id"), str):
        found.append("contact.id is no string")
    if not all(isinstance(item, str) for item in message["in_reply_to"]):
        found.append("in_reply_to holds something else than strings")
    if not all(isinstance(item.get("document"), str) and isinstance(item.get("page"), int) for item in message["citations"]):
        found.append("a citation lacks its document or page")
    return found


async def _answer(writer: asyncio.StreamWriter, status: int, headers: dict[str, str], body: str) -> None:
    content = body.encode()
    lines = [f"HTTP/1.1 {status} Scripted", f"content-length: {len(content)}", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    await writer.drain()
