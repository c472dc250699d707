"""The API's description of itself: which problems each route answers, and the document at `/api/v1/openapi.json`."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE, Problem

PREFIX = "/api/v1"
"""Part of each router's own paths, so that logs and metrics name the whole route."""

_MEANINGS = {
    400: "The body can't be read",
    401: "No API key, or one that is unknown or revoked",
    403: "The key's person may not do this",
    404: "Something named by an id does not exist",
    409: "The same content or id is there already, or the action was refused",
    413: "The body is too large",
    422: "A value is not acceptable; `errors` names each field",
    502: "The language model gave no usable answer, or a channel's vendor refused or can't be asked",
    503: "The Temporal service can't be reached; nothing was accepted, try again after `Retry-After`",
}

TAGS = [
    {
        "name": "conversations",
        "description": "What customers wrote and where it stands. Pass a page's `next_cursor` on as `cursor`.",
    },
    {
        "name": "actions",
        "description": "What a person does with a conversation. Send an `Idempotency-Key`: the same key again changes nothing and gets the "
        "same answer. 200: accepted; 409: refused, with the reason; 202: not decided yet, send the same again.",
    },
    {"name": "contacts", "description": "The customers: their addresses, and which of them are one person."},
    {"name": "inboxes", "description": "The configured places where messages arrive."},
    {"name": "team", "description": "Who answers customers, whether they are there, and what each is offered."},
    {"name": "documents", "description": "What the bot answers from."},
    {"name": "ask", "description": "What the bot would answer."},
]

_DESCRIPTION = (
    "Conversations, actions, inboxes and documents of a Frontdesk installation. Errors are RFC 9457 problem documents. "
    "Times are RFC 3339 in UTC; fields may be added, so ignore what you don't know."
)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """A route's `responses`; 401 and 422 go with every route."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _MEANINGS[status], "content": content} for status in sorted({401, 422, *statuses})}


def describe(app: FastAPI) -> None:
    """Makes `app.openapi()` this project's document, built once and kept."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title="Frontdesk API", version="1", description=_DESCRIPTION, routes=app.routes, tags=TAGS, openapi_version="3.1.0"
            )
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= described.pop("$defs", {})
            schemas["Problem"] = described
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # FastAPI's documented way to change its schema
