"""A server that speaks just enough of OpenAI's chat completions, on a real socket, and says what a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def completion(content: str | dict[str, Any] | None, *, finish_reason: str = "stop") -> bytes:
    text = json.dumps(content) if isinstance(content, dict) else content
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366}
    return json.dumps({"id": "c1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}).encode()


class ChatServer:
    """Gives out `script` first, then answers every request with `status` and `body`; `requests` keeps what was asked.

    A `delay` holds every answer back, in seconds.
    """

    def __init__(self) -> None:
        self.status = 200
        self.body: bytes = b"{}"
        self.delay = 0.0
        self.script: list[Answer] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.base_url = ""

    def says(self, content: str | dict[str, Any] | None, *, finish_reason: str = "stop") -> None:
        self.body = completion(content, finish_reason=finish_reason)

    def first(self, *contents: str | dict[str, Any] | None) -> None:
        """What it says to the next requests, one after the other."""
        self.script += [Answer(200, completion(content)) for content in contents]

    def fails(self, status: int, body: bytes = b'{"error": {"message": "no"}}', *, times: int = 1, **headers: str) -> None:
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.script += [Answer(status, body, named)] * times

    def data(self) -> dict[str, Any]:
        """What the last request showed the model as data."""
        shown: dict[str, Any] = json.loads(self.requests[-1]["messages"][-1]["content"])
        return shown

    def system(self) -> str:
        return str(self.requests[-1]["messages"][0]["content"])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.splitlines()[1:])}
        self.headers.append(headers)
        self.requests.append(json.loads(await reader.readexactly(int(headers.get("content-length", "0")))))
        await asyncio.sleep(self.delay)
        answer = self.script.pop(0) if self.script else Answer(self.status, self.body)
        extra = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
        writer.write(
            f"HTTP/1.1 {answer.status} X\r\ncontent-type: application/json\r\ncontent-length: {len(answer.body)}\r\n{extra}"
            "connection: close\r\n\r\n".encode()
        )
        writer.write(answer.body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running() -> AsyncIterator[ChatServer]:
    chat = ChatServer()
    server = await asyncio.start_server(chat.serve, "127.0.0.1", 0)
    chat.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield chat
