"""Inboxes, documents and questions through the API."""

from typing import Any

import httpx2
import pytest

from domain.channels import ChannelKind
from tests.api.conftest import Person
from tests.api.fakes import FakeGateway
from web.services import Services

API = "/api/v1"
PDF = b"%PDF-1.7 not much of one"


async def test_a_new_inbox_tells_its_address_and_its_made_up_secret_once(
    client: httpx2.AsyncClient, admin: Person, reader: Person, services: Services
) -> None:
    body = {"channel": "rest", "name": "Our shop", "settings": {"callback_url": "https://shop.example/r", "quiet_window_seconds": 0.5}}
    answer = await client.post(f"{API}/inboxes", json=body, headers=admin.headers)
    assert answer.status_code == 201
    added = answer.json()
    assert added["id"] == "our-shop"
    assert added["webhook_url"] == "https://desk.example/webhooks/rest/our-shop"
    assert added["policy"]["quiet_window_seconds"] == 0.5
    secret = (await services.inboxes.credentials("our-shop"))["secret"]
    assert added["generated"] == {"secret": secret}

    listed = await client.get(f"{API}/inboxes", headers=reader.headers)
    assert [item["id"] for item in listed.json()["items"]] == ["our-shop"]
    assert listed.json()["items"][0]["public_settings"] == {"callback_url": "https://shop.example/r"}
    assert secret not in listed.text


async def test_a_given_secret_is_never_shown(client: httpx2.AsyncClient, admin: Person) -> None:
    body = {"channel": "rest", "name": "Shop", "id": "shop", "settings": {"secret": "only the seller knows", "show_sources": False}}
    answer = await client.post(f"{API}/inboxes", json=body, headers=admin.headers)
    assert answer.json()["generated"] == {}
    assert answer.json()["policy"]["show_sources"] is False
    assert "only the seller knows" not in answer.text


async def test_a_chat_inbox_tells_its_page(client: httpx2.AsyncClient, admin: Person) -> None:
    answer = await client.post(f"{API}/inboxes", json={"channel": "webchat", "name": "Site"}, headers=admin.headers)
    assert answer.json()["chat_url"] == "https://desk.example/chat/site"


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"channel": "rest", "name": "x", "settings": {"colour": "red"}}, 422, "colour"),
        ({"channel": "rest", "name": "x", "settings": {"answer_threshold": 7}}, 422, "answer_threshold"),
        ({"channel": "rest", "name": "x", "id": "Not A Slug"}, 422, "id"),
        ({"channel": "telegram", "name": "x"}, 422, "telegram"),
        ({"channel": "fax", "name": "x"}, 422, "channel"),
        ({"channel": "rest", "name": " "}, 422, "name"),
        ({"channel": "rest", "name": "x", "secret": "y"}, 422, "secret"),
        ({"channel": "rest", "name": "x", "settings": {"secret": None}}, 422, "settings"),
        ({"channel": "rest", "name": "x", "id": "taken"}, 409, "taken"),
    ],
)
async def test_an_inbox_that_can_t_be_is_refused_with_the_reason(
    client: httpx2.AsyncClient, admin: Person, services: Services, body: dict[str, Any], status: int, named: str
) -> None:
    await services.inboxes.add(ChannelKind.REST, "First", inbox_id="taken", settings={})
    answer = await client.post(f"{API}/inboxes", json=body, headers=admin.headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.json()["detail"]


async def test_only_an_admin_adds_inboxes(client: httpx2.AsyncClient, writer: Person) -> None:
    answer = await client.post(f"{API}/inboxes", json={"channel": "rest", "name": "x"}, headers=writer.headers)
    assert answer.status_code == 403
    assert "admin" in answer.json()["detail"]


async def test_a_document_is_uploaded_as_a_form_and_then_read(
    client: httpx2.AsyncClient, admin: Person, services: Services, engine: FakeGateway
) -> None:
    answer = await client.post(f"{API}/documents", files={"file": ("C:\\files\\shop.pdf", PDF)}, headers=admin.headers)
    assert answer.status_code == 202
    document = answer.json()
    assert (document["name"], document["size"], document["state"]) == ("shop.pdf", len(PDF), "uploaded")
    assert engine.imported == [document["id"]]
    assert await services.documents.content(document["id"]) == PDF
    assert (await client.get(f"{API}/documents/{document['id']}", headers=admin.headers)).json() == document
    assert (await client.get(f"{API}/documents", headers=admin.headers)).json()["items"] == [document]


async def test_a_document_is_uploaded_as_it_is(client: httpx2.AsyncClient, admin: Person) -> None:
    headers = admin.headers | {"content-type": "application/pdf"}
    answer = await client.post(f"{API}/documents?filename=preise%20%C3%BC.pdf", content=PDF, headers=headers)
    assert answer.status_code == 202
    assert answer.json()["name"] == "preise ü.pdf"


async def test_a_large_document_is_taken_and_a_huge_one_is_not(client: httpx2.AsyncClient, admin: Person) -> None:
    answer = await client.post(f"{API}/documents?filename=big.pdf", content=b"x" * 5_000_000, headers=admin.headers)
    assert answer.status_code == 202
    answer = await client.post(f"{API}/documents?filename=huge.pdf", content=b"x" * 50_000_001, headers=admin.headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_same_document_twice_is_a_conflict(client: httpx2.AsyncClient, admin: Person) -> None:
    await client.post(f"{API}/documents?filename=a.pdf", content=PDF, headers=admin.headers)
    answer = await client.post(f"{API}/documents?filename=b.pdf", content=PDF, headers=admin.headers)
    assert answer.status_code == 409
    assert "a.pdf" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("request_of", "named"),
    [
        ({"content": PDF}, "filename"),
        ({"content": b"", "params": {"filename": "a.pdf"}}, "file"),
        ({"files": {"document": ("a.pdf", PDF)}}, "file"),
        ({"files": {"file": ("a.pdf", b"")}}, "file"),
        ({"data": {"file": "a.pdf"}}, "filename"),
    ],
)
async def test_an_upload_without_name_or_content_is_refused(
    client: httpx2.AsyncClient, admin: Person, request_of: dict[str, Any], named: str
) -> None:
    answer = await client.post(f"{API}/documents", headers=admin.headers, **request_of)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


async def test_an_unreadable_form_is_a_bad_request(client: httpx2.AsyncClient, admin: Person) -> None:
    headers = admin.headers | {"content-type": "multipart/form-data"}
    answer = await client.post(f"{API}/documents", content=b"nonsense", headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_document_whose_reading_could_not_start_may_be_uploaded_again(
    client: httpx2.AsyncClient, admin: Person, engine: FakeGateway
) -> None:
    engine.down = True
    assert (await client.post(f"{API}/documents?filename=a.pdf", content=PDF, headers=admin.headers)).status_code == 503
    engine.down = False
    assert (await client.post(f"{API}/documents?filename=a.pdf", content=PDF, headers=admin.headers)).status_code == 202


async def test_a_document_is_removed(client: httpx2.AsyncClient, admin: Person, reader: Person) -> None:
    added = (await client.post(f"{API}/documents?filename=a.pdf", content=PDF, headers=admin.headers)).json()
    path = f"{API}/documents/{added['id']}"
    assert (await client.delete(path, headers=reader.headers)).status_code == 403
    assert (await client.delete(path, headers=admin.headers)).status_code == 204
    assert (await client.delete(path, headers=admin.headers)).status_code == 404
    assert (await client.get(path, headers=reader.headers)).status_code == 404


async def test_only_who_may_answer_uploads(client: httpx2.AsyncClient, reader: Person) -> None:
    assert (await client.post(f"{API}/documents?filename=a.pdf", content=PDF, headers=reader.headers)).status_code == 403


async def test_ask_says_what_the_bot_would_answer(client: httpx2.AsyncClient, reader: Person, engine: FakeGateway) -> None:
    answer = await client.post(f"{API}/ask", json={"question": "Do you ship to Chile?"}, headers=reader.headers)
    assert answer.status_code == 200
    assert answer.json()["answered"] is True
    assert answer.json()["citations"][0]["page"] == 2
    assert (await client.post(f"{API}/ask", json={"question": " "}, headers=reader.headers)).status_code == 422
    engine.down = True
    assert (await client.post(f"{API}/ask", json={"question": "?"}, headers=reader.headers)).status_code == 503


async def test_rules_are_tried_on_the_past_and_not_saved(
    client: httpx2.AsyncClient, admin: Person, reader: Person, services: Services
) -> None:
    await services.inboxes.add(ChannelKind.REST, "Shop", inbox_id="tried", settings={})
    tried = await client.post(f"{API}/inboxes/tried/try", json={"settings": {"answer_threshold": 0.5}}, headers=admin.headers)
    assert tried.json() == {
        "conversations": 0,
        "cut_off": False,
        "handed_over_now": 0,
        "handed_over_then": 0,
        "more": [],
        "fewer": [],
    }
    assert (await services.inboxes.get("tried")).policy_version == 1
    for settings, headers, status in (
        ({"answer_threshold": 7}, admin.headers, 422),
        ({"nonsense": 1}, admin.headers, 422),
        ({"answer_threshold": 0.5}, reader.headers, 403),
    ):
        refused = await client.post(f"{API}/inboxes/tried/try", json={"settings": settings}, headers=headers)
        assert refused.status_code == status, settings
