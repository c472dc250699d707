"""The application behind a real uvicorn: event streams, and how they end when the server stops."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import build_app
from domain.managers import Inbox, Role
from storage import events as event_log
from tests.api.conftest import with_services
from web.services import Services


@pytest.fixture
async def address(services: Services) -> AsyncIterator[tuple[str, uvicorn.Server, asyncio.Task[None]]]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app: FastAPI = build_app(with_services(services, public_url=url))
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5, loop="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(10):
            while not server.started:  # uvicorn has no event for it
                await asyncio.sleep(0.01)
        yield url, server, serving
        server.should_exit = True
        await serving


async def signed_in(services: Services, url: str) -> httpx2.AsyncClient:
    manager = await services.people.add("ana@desk.example", "Ana", Role.MANAGER)
    return httpx2.AsyncClient(base_url=url, cookies={"session": await services.people.open_session(manager.id)}, timeout=10)


async def next_line(lines: AsyncIterator[str], beginning: str) -> str:
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith(beginning):
                return line.removeprefix(beginning).strip()
    raise AssertionError("the stream ended")


async def test_a_change_reaches_an_open_page_and_a_stopping_server_ends_its_stream(
    services: Services, address: tuple[str, uvicorn.Server, asyncio.Task[None]]
) -> None:
    url, server, serving = address
    async with await signed_in(services, url) as client, client.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["x-accel-buffering"] == "no"
        lines = stream.aiter_lines()
        assert await next_line(lines, "id:") == "0"
        async with services.db.write() as connection:
            await event_log.append(services.db, connection, "conversation", conversation_id="c-1")
        assert await next_line(lines, "id:") == "1"
        assert "c-1" in await next_line(lines, "data:")

        server.should_exit = True
        async with asyncio.timeout(4):
            assert [line async for line in lines if line.startswith("data:")] == []
            await serving
    assert services.live.listeners == 0


async def test_a_client_that_comes_back_names_the_last_event_it_saw(
    services: Services, address: tuple[str, uvicorn.Server, asyncio.Task[None]]
) -> None:
    url, _, _ = address
    async with services.db.write() as connection:
        for name in ("c-1", "c-2"):
            await event_log.append(services.db, connection, "conversation", conversation_id=name)
    async with await signed_in(services, url) as client, client.stream("GET", "/events", headers={"last-event-id": "1"}) as stream:
        lines = stream.aiter_lines()
        assert await next_line(lines, "id:") == "1"
        assert await next_line(lines, "id:") == "2"


@pytest.mark.parametrize("path", ["/webhooks/rest/nowhere", "/webhooks/rest/shop", "/sign-in", "/api/v1/ask"])
async def test_an_upload_without_end_is_cut_off(
    services: Services, address: tuple[str, uvicorn.Server, asyncio.Task[None]], rest_inbox: Inbox, path: str
) -> None:
    url, _, _ = address
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {path} HTTP/1.1\r\nhost: x\r\norigin: {url}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    sent = 0
    async with asyncio.timeout(20):
        try:
            while not reader.at_eof():
                writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                await writer.drain()
                sent += 65_536
                await asyncio.sleep(0)
        except ConnectionError:
            pass
    writer.close()
    assert sent < 20_000_000
