"""The layer that every request passes: headers, the cross-site check, body limits, ids, and what errors look like."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.types import Message

from api.app import build_app
from domain.errors import (
    AssistantFailed,
    AuthenticityError,
    Conflict,
    EngineUnavailable,
    FrontdeskError,
    InvalidInput,
    NotFound,
    PermissionDenied,
    TooManyAttempts,
)
from tests.api.conftest import PUBLIC_URL, Person, browser, with_services
from tests.api.fakes import FakeGateway
from web.services import Services

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)


_BUILT: list[FastAPI] = []


@pytest.fixture
def app(services: Services) -> FastAPI:
    """The application with more routes: one takes whatever is posted, others fail as they are told. Built once."""
    if not _BUILT:
        _BUILT.append(build_app(services))
        add_routes(_BUILT[0])
    _BUILT[0].state.services = services
    return _BUILT[0]


def add_routes(found: FastAPI) -> None:
    @found.post("/form", include_in_schema=False)
    async def form(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @found.get("/fails/{how}", include_in_schema=False)
    @found.get("/api/fails/{how}", include_in_schema=False)
    async def fails(how: str) -> None:
        raise ERRORS[how][0]

    @found.get("/breaks", include_in_schema=False)
    async def breaks() -> StreamingResponse:
        async def content() -> AsyncIterator[bytes]:
            yield b"the first half"
            raise ValueError("customer 55512345")

        return StreamingResponse(content())

    @found.get("/framed", include_in_schema=False)
    async def framed() -> object:
        return HTMLResponse("", headers={"content-security-policy": "frame-ancestors https://shop.example", "etag": '"1"'})


ERRORS: dict[str, tuple[Exception, int]] = {
    "not-found": (NotFound("There is no conversation 7"), 404),
    "conflict": (Conflict("The same document is there already"), 409),
    "invalid": (InvalidInput("until: must be in the future"), 422),
    "unproved": (AuthenticityError("No signature", missing=True), 401),
    "forged": (AuthenticityError("Wrong signature"), 403),
    "denied": (PermissionDenied("This needs the role admin"), 403),
    "throttled": (TooManyAttempts("Too many attempts", retry_after=29.6), 429),
    "engine": (EngineUnavailable("The engine can't be reached"), 503),
    "assistant": (AssistantFailed("The model gave no answer", retryable=True), 502),
    "other": (FrontdeskError("Something else"), 500),
    "bug": (ZeroDivisionError("customer 55512345 divided by zero"), 500),
}


async def test_every_answer_carries_the_policy_that_forbids_inline_and_framing(client: httpx2.AsyncClient) -> None:
    for path in ("/healthz", "/nowhere", "/api/v1/inboxes", "/fails/bug"):
        answer = await client.get(path)
        assert answer.headers["content-security-policy"] == CSP, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"]
        assert answer.headers["x-request-id"]


async def test_a_page_that_is_meant_to_be_framed_sets_its_own_policy(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/framed")
    assert answer.headers.get_list("content-security-policy") == ["frame-ancestors https://shop.example"]
    assert answer.headers["cache-control"] == "no-cache"


async def test_over_plain_http_browsers_are_not_told_to_insist_on_https(services: Services) -> None:
    async with browser(build_app(with_services(services, public_url="http://127.0.0.1:8000"))) as client:
        assert "strict-transport-security" not in (await client.get("/healthz")).headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": PUBLIC_URL}, 403),
        ({"sec-fetch-site": ""}, 403),
        ({"origin": PUBLIC_URL}, 200),
        ({"origin": "HTTPS://DESK.example"}, 200),
        ({"origin": "http://desk.example"}, 403),
        ({"origin": "https://desk.example.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
        ({"authorization": "Bearer x"}, 200),
        ({"authorization": "Basic x"}, 403),
        ({"authorization": "Bearer x", "sec-fetch-site": "cross-site"}, 200),
    ],
)
@pytest.mark.parametrize("cookie", [{}, {"cookie": "__Host-session=x"}])
async def test_a_form_must_come_from_our_own_page(
    client: httpx2.AsyncClient, headers: dict[str, str], status: int, cookie: dict[str, str]
) -> None:
    assert (await client.post("/form", content=b"x", headers=headers | cookie)).status_code == status


async def test_reading_is_never_refused_as_cross_site(client: httpx2.AsyncClient) -> None:
    for method in ("GET", "HEAD"):
        assert (await client.request(method, "/healthz", headers={"sec-fetch-site": "cross-site"})).status_code in (200, 405)


async def test_programs_meet_the_key_check_and_not_the_browser_check(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/api/v1/ask", json={"question": "?"})).status_code == 401


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1000):
        yield b"x" * 1000


async def test_a_body_up_to_the_limit_is_taken(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/form", content=b"x" * 1_000_000, headers={"origin": PUBLIC_URL})
    assert answer.json() == {"bytes": 1_000_000}


async def test_a_declared_body_over_the_limit_is_refused_before_it_is_read(client: httpx2.AsyncClient) -> None:
    headers = {"origin": PUBLIC_URL, "content-length": "1000001"}
    answer = await client.post("/form", content=b"", headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_streamed_body_over_the_limit_is_refused_although_it_declared_nothing(client: httpx2.AsyncClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 100_000
            yield b"x" * 100_000

    answer = await client.post("/form", content=endless(), headers={"origin": PUBLIC_URL})
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert read == 1_100_000


async def test_a_body_that_lies_about_its_length_is_refused(client: httpx2.AsyncClient) -> None:
    headers = {"origin": PUBLIC_URL, "content-length": "10"}
    assert (await client.post("/form", content=chunks(1_200_000), headers=headers)).status_code == 413


@pytest.mark.parametrize("how", list(ERRORS))
async def test_errors_are_problem_documents_for_programs(client: httpx2.AsyncClient, how: str) -> None:
    error, status = ERRORS[how]
    answer = await client.get(f"/api/fails/{how}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["request_id"] == answer.headers["x-request-id"]
    if how == "bug":
        assert "55512345" not in answer.text
        assert document["request_id"] in document["detail"]
    else:
        assert document["detail"] == str(error)


@pytest.mark.parametrize("how", list(ERRORS))
async def test_errors_are_pages_for_people(client: httpx2.AsyncClient, how: str) -> None:
    _, status = ERRORS[how]
    answer = await client.get(f"/fails/{how}", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "55512345" not in answer.text
    assert "urn:frontdesk" not in answer.text


async def test_who_is_throttled_learns_for_how_long(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/fails/throttled")).headers["retry-after"] == "30"
    assert (await client.get("/api/fails/engine")).headers["retry-after"] == "5"


async def test_a_failure_is_logged_under_the_number_that_the_answer_names(
    client: httpx2.AsyncClient, logged: list[dict[str, object]]
) -> None:
    answer = await client.get("/api/fails/bug", headers={"x-request-id": "proxy-request-1"})
    assert answer.headers["x-request-id"] == "proxy-request-1"
    assert "proxy-request-1" in answer.json()["detail"]
    (failed,) = [line for line in logged if line["event"] == "http.failed"]
    assert failed["error"] == "ZeroDivisionError"
    assert "test_api_safety.py" in str(failed["trace"])
    assert "55512345" not in str(logged)
    assert [line["status"] for line in logged if line["event"] == "http.request"] == [500]


@pytest.mark.parametrize("address", ["/webhooks/rest/a%00b", "/chat/a%00b", "/inbox/all?q=a%00b"])
async def test_a_nul_in_an_address_is_refused_before_a_database_chokes_on_it(client: httpx2.AsyncClient, address: str) -> None:
    answer = await client.get(address)
    assert answer.status_code == 400
    assert "%00" in answer.json()["detail"]


async def test_an_address_gives_no_orders_to_the_terminal_that_shows_the_log(
    client: httpx2.AsyncClient, logged: list[dict[str, object]]
) -> None:
    await client.get("/chat/a%1b%5b31mb")
    (line,) = [line for line in logged if line["event"] == "http.request"]
    assert line["in_inbox_id"] == r"'a\x1b[31mb'"


async def test_an_answer_that_breaks_in_the_middle_is_not_made_to_look_whole(app: FastAPI, logged: list[dict[str, object]]) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/breaks",
        "raw_path": b"/breaks",
        "query_string": b"",
        "headers": [],
        "root_path": "",
    }
    await app(scope | {"http_version": "1.1", "scheme": "http", "asgi": {"version": "3.0"}}, receive, send)
    assert [message.get("body") for message in sent if message["type"] == "http.response.body"] == [b"the first half"]
    assert sent[-1]["more_body"] is True
    assert [line["error"] for line in logged if line["event"] == "http.failed"] == ["ValueError"]
    assert "55512345" not in str(logged)


async def test_a_request_id_that_could_forge_a_log_line_is_replaced(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/healthz", headers={"x-request-id": "x\ty"})
    assert answer.headers["x-request-id"] != "x\ty"


async def test_health_readiness_and_metrics(counting: httpx2.AsyncClient, services: Services) -> None:
    assert (await counting.get("/healthz")).json() == {"status": "ok"}
    ready = await counting.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "database": True, "temporal": True, "worker": True})
    metrics = await counting.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert 'frontdesk_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in metrics.text
    assert 'frontdesk_open_conversations{section="flagged"} 0.0' in metrics.text


async def test_not_ready_while_a_part_is_missing(client: httpx2.AsyncClient, engine: FakeGateway) -> None:
    engine.ready = {"database": True, "temporal": True, "worker": False}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["worker"]) == (503, False)


async def test_the_metrics_count_routes_and_not_addresses(counting: httpx2.AsyncClient, reader: Person) -> None:
    await counting.get("/api/v1/conversations/secret-id", headers=reader.headers)
    await counting.get("/random/scan/path")
    metrics = (await counting.get("/metrics")).text
    assert 'route="/api/v1/conversations/{conversation_id}"' in metrics
    assert "secret-id" not in metrics
    assert "/random" not in metrics
