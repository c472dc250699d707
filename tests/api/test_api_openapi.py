"""The API's own description is valid, complete, and needs nothing from elsewhere."""

import re
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
async def document(client: httpx2.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, item[method]) for path, item in document["paths"].items() for method in METHODS if method in item]


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {found for value in node.values() for found in references(value)} | (
            {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        )
    return {found for value in node for found in references(value)} if isinstance(node, list) else set()


def test_it_describes_the_promised_routes(document: dict[str, Any]) -> None:
    """That no other exists undocumented is checked with the documentation."""
    conversation = "/api/v1/conversations/{conversation_id}"
    assert {(method, path) for method, path, _ in operations(document)} >= {
        ("get", "/api/v1/conversations"),
        ("get", conversation),
        ("get", f"{conversation}/messages"),
        ("get", f"{conversation}/turns/{{turn_id}}"),
        ("get", f"{conversation}/notices"),
        *(("post", f"{conversation}/{verb}") for verb in ("reply", "take", "release", "assign", "snooze", "resolve", "note", "hand-off")),
        ("get", "/api/v1/inboxes"),
        ("post", "/api/v1/inboxes"),
        ("get", "/api/v1/inboxes/{inbox_id}/templates"),
        ("post", "/api/v1/inboxes/{inbox_id}/try"),
        ("get", "/api/v1/files/{file_id}"),
        ("post", "/api/v1/files"),
        *(("post", f"{conversation}/messages/{{message_id}}/{verb}") for verb in ("fetch", "arrived", "again")),
        ("get", "/api/v1/documents"),
        ("post", "/api/v1/documents"),
        ("get", "/api/v1/documents/{document_id}"),
        ("delete", "/api/v1/documents/{document_id}"),
        ("post", "/api/v1/ask"),
        ("get", "/api/v1/contacts/{contact_id}"),
        ("get", "/api/v1/contacts/{contact_id}/likely-same"),
        ("post", "/api/v1/contacts/{contact_id}/merge"),
        ("post", "/api/v1/contacts/{contact_id}/unmerge"),
        ("get", "/api/v1/breaches"),
        ("post", "/api/v1/conversations/bulk"),
        ("post", f"{conversation}/dismiss"),
        ("post", "/api/v1/inboxes/{inbox_id}/try"),
        ("get", "/api/v1/conversations/{conversation_id}/notices"),
        ("get", "/api/v1/team"),
        ("put", "/api/v1/team/me/availability"),
        ("patch", "/api/v1/team/{manager_id}"),
    }


def test_every_schema_in_it_is_one_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
    assert references(document) == {f"#/components/schemas/{name}" for name in schemas} & references(document)


def test_every_operation_says_what_it_does_and_needs_a_key(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for _, path, operation in operations(document):
        assert operation["summary"], path
        assert operation["tags"][0] in {tag["name"] for tag in document["tags"]}
        assert operation["security"] == [{"apiKey": []}]


def test_every_documented_error_is_a_problem_document(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        errors = {status: answer for status, answer in operation["responses"].items() if not status.startswith("2")}
        assert {"401", "422"} <= set(errors), (method, path)
        for status, answer in errors.items():
            assert answer["description"], (method, path, status)
            assert answer["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


DECIDED_AT_ONCE = "/dismiss"
"""What the conversation need not judge: doing it again changes nothing, so it carries no key."""


def test_verbs_document_their_three_answers_and_their_key(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        one_conversation = path.startswith("/api/v1/conversations/{conversation_id}/") and path.count("/") == 5
        if operation["tags"] == ["actions"] and one_conversation and not path.endswith(DECIDED_AT_ONCE):
            assert "200" in operation["responses"]
            assert [header["name"] for header in operation["parameters"] if header["in"] == "header"] == ["Idempotency-Key"]
            if not path.endswith("/note"):
                assert {"202", "409", "503"} <= set(operation["responses"])


async def test_a_real_problem_is_one_of_the_documented_shape(client: httpx2.AsyncClient, document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["Problem"] | {"components": document["components"]}
    Draft202012Validator(schema).validate((await client.get("/api/v1/inboxes")).json())


async def test_there_is_no_page_that_loads_scripts_from_elsewhere(client: httpx2.AsyncClient) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert (await client.get(path)).status_code == 404
