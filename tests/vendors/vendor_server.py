"""What every stand-in vendor shares: HTTP on a real socket, a script of faults, and the violations that fail a test.

No framework, because the faults below HTTP (a dropped connection, half an answer) need the socket itself.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.vendors.rest_receiver import Fault

TAKES_IN = frozenset({Fault.SLOW, Fault.HTML, Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER})


def _bytes(body: Mapping[str, Any] | bytes) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@dataclass(frozen=True)
class Call:
    """One request to the vendor. Header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> dict[str, Any]:
        """Empty if the body is no JSON object."""
        with suppress(ValueError):
            document = json.loads(self.body)
            if isinstance(document, dict):
                return document
        return {}


@dataclass(frozen=True)
class Answer:
    status: int
    body: Mapping[str, Any] | bytes
    """A file, or JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return _bytes(self.body)


@dataclass(frozen=True)
class Scripted:
    fault: Fault
    status: int
    body: Mapping[str, Any] | bytes
    headers: Mapping[str, str]
    seconds: float
    takes_in: bool


class VendorServer:
    """`async with` one; leaving it with violations raises. A vendor says in `answer` what a request does and what it is answered."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self._script: deque[Scripted] = deque()
        self._changed = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._answering = 0
        self._held: dict[str, asyncio.Event] = {}
        self.url = ""

    def answer(self, call: Call) -> Answer:
        raise NotImplementedError

    def is_scripted(self, call: Call) -> bool:
        """Whether the script of faults is about this request; set-up calls are not."""
        return call.method == "POST"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=256 * 1024)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if kind is None and self.violations:
            raise AssertionError("The vendor's contract was broken:\n" + "\n".join(self.violations))

    def fault(
        self,
        fault: Fault,
        *,
        times: int = 1,
        status: int = 500,
        body: Mapping[str, Any] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 0.0,
        takes_in: bool | None = None,
    ) -> None:
        """Queues what the next `times` sends meet. `takes_in` says whether the vendor keeps the message nevertheless."""
        kept = fault in TAKES_IN if takes_in is None else takes_in
        self._script.extend([Scripted(fault, status, body or {}, headers or {}, seconds, kept)] * times)

    def hold(self, path: str) -> None:
        """Requests for the path that only read wait for their answers until `let_go`."""
        self._held[path] = asyncio.Event()

    def let_go(self, path: str) -> None:
        self._held.pop(path).set()

    async def wait_until(self, condition: Callable[[Self], bool], *, timeout: float = 20.0) -> None:
        """Waits for a condition over what was received. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    @property
    def busy(self) -> bool:
        """Whether a request waits for its answer."""
        return self._answering > 0

    def violation(self, words: str) -> None:
        self.violations.append(words)

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
        method, target, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        parts = urlsplit(target)
        call = Call(method, parts.path, dict(parse_qsl(parts.query)), headers, body)
        self.calls.append(call)
        script = self._script.popleft() if self._script and self.is_scripted(call) else None
        usual = self.answer(call) if script is None or script.takes_in else Answer(500, {})
        self._answering += 1
        self._changed.set()
        try:
            if call.method == "GET" and call.path in self._held:
                await self._held[call.path].wait()
            return await self._say(writer, usual, script)
        finally:
            self._answering -= 1
            self._changed.set()

    async def _say(self, writer: asyncio.StreamWriter, usual: Answer, script: Scripted | None) -> bool:
        match script.fault if script is not None else None:
            case Fault.STATUS if script is not None:
                await _write(writer, script.status, _bytes(script.body), dict(script.headers))
            case Fault.SLOW if script is not None:
                await asyncio.sleep(script.seconds)
                await _write(writer, usual.status, usual.content, dict(usual.headers))
            case Fault.HTML if script is not None:
                await _write(writer, script.status, b"<!doctype html><title>Bad gateway</title>", {"content-type": "text/html"})
            case Fault.ACCEPT_THEN_DROP | Fault.DROP:
                return False
            case Fault.HALF_ANSWER:
                writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{"ok": tr')
                await writer.drain()
                return False
            case _:
                await _write(writer, usual.status, usual.content, dict(usual.headers))
        return True


async def _write(writer: asyncio.StreamWriter, status: int, content: bytes, headers: dict[str, str]) -> None:
    named = {"content-type": "application/json", **headers, "content-length": str(len(content))}
    lines = [f"HTTP/1.1 {status} Answer", *(f"{name}: {value}" for name, value in named.items())]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    await writer.drain()
