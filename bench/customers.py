"""A seller's system at both ends of a REST inbox, as cheap as can be: signed POSTs on kept connections, and the replies' receiver.

Bare sockets on purpose: an HTTP library would use as much CPU per message as what it measures.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from bench.loop import REPLY_SECONDS, Asked, NotMeasured
from tests.vendors.signing import proves, signed_headers

CALLBACK_PATH = "/replies"
OPENINGS = (
    "",
    "Hello! ",
    "Hi there, ",
    "Good morning. ",
    "Good evening, ",
    "Excuse me, ",
    "A question: ",
    "Sorry to bother you, ",
    "Hey, ",
    "Dear team, ",
)
CLOSINGS = ("", " Thanks!", " Thank you.", " Please tell me.", " Best regards", " Bye", " Cheers")
"""With the openings they make thousands of texts of some dozens of questions, so that hardly one is found in a cache."""
KEPT_SECONDS = 3.0
"""Below the 5 s after which the server closes an idle connection."""
_ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"


class Customers:
    """`async with Customers(secret, questions) as customers`; then point an inbox's callback_url at `customers.callback_url`."""

    def __init__(self, secret: str, questions: Sequence[str]) -> None:
        self._secret = secret
        self._questions = questions
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._numbers = itertools.count()
        self._idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._served: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._host, self._port, self._path = "", 0, ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._receive, "127.0.0.1", 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for _, _, writer in self._idle:
            writer.close()
        for writer in list(self._served):
            writer.close()
        if self._server is not None:
            self._server.close()

    @property
    def callback_url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{CALLBACK_PATH}"

    def write_to(self, host: str, port: int, path: str) -> None:
        """Where the inbox listens."""
        self._host, self._port, self._path = host, port, path

    async def ask(self, conversation: str) -> Asked:
        """Raises NotMeasured if the message is refused."""
        number = next(self._numbers)
        message_id = f"{conversation}-{number}"
        question, opening, closing = number % len(self._questions), number // len(self._questions), number % len(CLOSINGS)
        text = f"{OPENINGS[opening % len(OPENINGS)]}{self._questions[question]}{CLOSINGS[closing]}"
        body = json.dumps({"type": "message", "id": message_id, "contact": {"id": conversation}, "text": text}).encode()
        replied: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = replied
        began = time.monotonic()
        await self._post(body, message_id)
        acked = time.monotonic()
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                return Asked(ack=acked - began, reply=await replied - began)
        except TimeoutError:
            return Asked(ack=acked - began, reply=None)
        finally:
            del self._waiting[message_id]

    async def _post(self, body: bytes, message_id: str) -> None:
        headers = {"host": f"{self._host}:{self._port}", "content-length": str(len(body))}
        headers |= signed_headers(self._secret, body, webhook_id=message_id)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        reader, writer = await self._connection()
        writer.write(f"POST {self._path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        content = await reader.readexactly(_content_length(answer))
        if not answer.startswith(b"HTTP/1.1 202"):
            raise NotMeasured(f"A message was refused: {answer.splitlines()[0].decode()} {content.decode()[:300]}")
        self._idle.append((time.monotonic(), reader, writer))

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            since, reader, writer = self._idle.pop()
            if time.monotonic() - since < KEPT_SECONDS:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._served.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_content_length(head))
                self._note(head, body, time.monotonic())
                writer.write(_ACCEPTED)
        self._served.discard(writer)
        writer.close()

    def _note(self, head: bytes, body: bytes, at: float) -> None:
        """Only a reply that proves who sent it counts."""
        lines = head.decode("latin-1").split("\r\n")[1:]
        if proves(self._secret, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}, body):
            for message_id in json.loads(body)["in_reply_to"]:
                replied = self._waiting.get(message_id)
                if replied is not None and not replied.done():
                    replied.set_result(at)


def _content_length(head: bytes) -> int:
    _, found, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.split(b"\r\n", 1)[0]) if found else 0
