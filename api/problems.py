"""Errors as answers: RFC 9457 problem documents for programs, a page that says what to do next for people.

`ErrorBoundary` is one of the two places that may catch every exception: it logs it under the request's id and answers 500 with it.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from traceback import extract_tb
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from sse_starlette.sse import SendTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
    VendorFailed,
)
from domain.model import Model

MEDIA_TYPE = "application/problem+json"
ENGINE_RETRY_SECONDS = 5
"""What `Retry-After` says while the Temporal service can't be reached; its client reconnects within this."""

ErrorPage = Callable[[Request, int, str, str], Response]
"""Renders an error for a person, from the request, the status, its name and what to do next."""

_SLUGS = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    422: "invalid",
    429: "too-many-attempts",
    500: "internal",
    502: "assistant-failed",
    503: "engine-unavailable",
}
_NEXT = {
    404: "There is nothing at this address. Check it, or start from the first page.",
    405: "This address does not take this method.",
    500: "Something went wrong on our side. Try again; if it happens again, tell whoever runs this the number {request_id}.",
}

_DEEPEST = 12
"""Frames of a failure that are logged."""

_log = structlog.get_logger()


class FieldError(Model):
    field: str = Field(examples=["text"])
    message: str = Field(examples=["Field required"])


class Problem(Model):
    """An RFC 9457 problem document. Verbs that were refused add `reason`, `owner` and `unseen`."""

    type: str = Field(examples=["urn:frontdesk:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no conversation 0f3c…"])
    request_id: str | None = Field(default=None, description="Names this request in the server's log.")
    errors: tuple[FieldError, ...] | None = Field(default=None, description="What was wrong with each field; only with 422.")


class BadRequest(InvalidInput):
    """A body that can't be read at all (400), as opposed to a value that is not acceptable (422)."""


def problem(
    request: Request, status: int, detail: str, *, headers: Mapping[str, str] | None = None, slug: str | None = None, **members: Any
) -> Response:
    """`members` are further fields of the document; None is left out."""
    content = {
        "type": f"urn:frontdesk:problem:{slug or _SLUGS.get(status, 'error')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": request_id(request),
        **{name: value for name, value in members.items() if value is not None},
    }
    return JSONResponse(content, status, dict(headers or {}), MEDIA_TYPE)


def request_id(request: Request) -> str | None:
    found = getattr(request.state, "request_id", None)
    return found if isinstance(found, str) else None


class Answers:
    """Turns every error that a request may meet into its answer."""

    def __init__(self, error_page: ErrorPage) -> None:
        self._error_page = error_page

    async def answer(self, request: Request, error: Exception) -> Response:
        """Unknown errors answer 500 and show nothing of themselves."""
        if isinstance(error, RequestValidationError):
            return self._invalid(request, error)
        if isinstance(error, HTTPException):
            if error.status_code < 400:
                return Response(status_code=error.status_code, headers=error.headers)
            detail = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
            return self._say(request, error.status_code, detail, error.headers or {})
        if isinstance(error, FrontdeskError):
            status, headers = _status_of(error)
            return self._say(request, status, str(error), headers, slug="vendor-failed" if isinstance(error, VendorFailed) else None)
        return self._say(request, 500, "", {})

    def _say(self, request: Request, status: int, detail: str, headers: Mapping[str, str], *, slug: str | None = None) -> Response:
        detail = detail or _NEXT.get(status, HTTPStatus(status).phrase).format(request_id=request_id(request))
        if not _wants_page(request):
            return problem(request, status, detail, headers=headers, slug=slug)
        page = self._error_page(request, status, HTTPStatus(status).phrase, detail)
        page.headers.update(headers)
        return page

    def _invalid(self, request: Request, error: RequestValidationError) -> Response:
        if any(item["type"] == "json_invalid" for item in error.errors()):
            return self._say(request, 400, "The body is no JSON", {})
        found = [FieldError(field=_field_name(item["loc"]), message=item["msg"]) for item in error.errors()]
        detail = "; ".join(f"{item.field}: {item.message}" for item in found)
        if _wants_page(request):
            return self._say(request, 422, detail, {})
        return problem(request, 422, detail, errors=[item.model_dump() for item in found])


def _field_name(place: tuple[int | str, ...]) -> str:
    """`('body', 'attachments', 0, 'url')` -> `attachments.0.url`; the body as a whole is `body`."""
    inner = place[1:] if place and place[0] in ("body", "query", "path", "header", "cookie") else place
    if place[:1] == ("body",) and all(isinstance(part, int) for part in inner):
        return "body"
    return ".".join(str(part) for part in inner) or str(place[0])


def _status_of(error: FrontdeskError) -> tuple[int, dict[str, str]]:
    match error:
        case NotFound():
            return 404, {}
        case Conflict():
            return 409, {}
        case BadRequest():
            return 400, {}
        case InvalidInput():
            return 422, {}
        case AuthenticityError():
            return (401 if error.missing else 403), {}
        case PermissionDenied():
            return 403, {}
        case TooManyAttempts():
            return 429, {"Retry-After": str(max(1, round(error.retry_after)))}
        case EngineUnavailable():
            return 503, {"Retry-After": str(ENGINE_RETRY_SECONDS)}
        case AssistantFailed() | VendorFailed():
            return 502, {}
        case _:
            return 500, {}


def _wants_page(request: Request) -> bool:
    """Whether a person reads the answer."""
    return not request.url.path.startswith(("/api/", "/webhooks/")) and "text/html" in request.headers.get("accept", "")


def add_handlers(app: FastAPI, answers: Answers) -> None:
    for known in (FrontdeskError, HTTPException, RequestValidationError):
        app.add_exception_handler(known, answers.answer)


class ErrorBoundary:
    """Answers whatever escaped the routes and the checks in front of them; outside it nothing may fail.

    It also ends event streams properly that are cut off because the server stops: browsers then connect again at once.
    """

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = complete = False

        async def note_progress(message: Message) -> None:
            nonlocal answered, complete
            answered = answered or message["type"] == "http.response.start"
            complete = complete or (message["type"] == "http.response.body" and not message.get("more_body", False))
            await send(message)

        try:
            await self._app(scope, receive, note_progress)
            if answered and not complete:
                await send({"type": "http.response.body", "body": b""})
        except (ClientDisconnect, SendTimeoutError):
            _log.info("http.client_left")
        except Exception as error:
            if not isinstance(error, FrontdeskError | HTTPException):
                # Without the error's own words: a validation error quotes what the customer wrote.
                _log.error("http.failed", error=type(error).__name__, trace=_places(error))
            if not answered:  # otherwise the server cuts the connection, so that nobody takes the part for the whole
                response = await self._answers.answer(Request(scope), error)
                await response(scope, receive, send)


def _places(error: Exception) -> list[str]:
    """Where it was raised, innermost last, and what it was raised for."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)[-_DEEPEST:]]
    cause = error.__cause__ or error.__context__
    return frames if cause is None else [*frames, f"from {type(cause).__name__}"]
