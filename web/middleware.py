"""What every request passes, as plain ASGI: an id and a log line, security headers, the cross-site check, the body limit.

None of these is a `BaseHTTPMiddleware`: that one hides disconnects from event streams and blocks shutdown. The checks raise
HTTPException; the error boundary outside them turns it into an answer.
"""

import re
import time
from collections.abc import Callable, Mapping
from uuid import uuid4

import structlog
from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
BODY_LIMIT = 1_000_000
DOCUMENT_LIMIT = 50_000_000
CHAT_UPLOAD_LIMIT = 12_000_000

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_SECRET_PARAMETERS = frozenset({"path_secret", "secret", "token"})
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics", "/static"})

Observe = Callable[[str, str, int, float], None]
"""Told of every answered request: method, route, status, seconds."""

_log = structlog.get_logger()


class RequestLog:
    """Gives each request an id (`X-Request-Id`, taken over from a proxy that sends one), logs one line, tells `observe`.

    The line names the route and its ids. Query strings, bodies and path parameters called secret or token are never logged.
    """

    def __init__(self, app: ASGIApp, observe: Observe) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 499  # nothing was answered: the client went away
        started = time.perf_counter()

        async def remember_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, remember_status)
            finally:
                seconds = time.perf_counter() - started
                route = getattr(scope.get("route"), "path", None) or "(none)"
                self._observe(scope["method"], route, status, seconds)
                log = _log.debug if route in _QUIET_ROUTES else _log.info
                ids = {name: value for name, value in scope.get("path_params", {}).items() if name not in _SECRET_PARAMETERS}
                log("http.request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1), **_plain(ids))


def _plain(ids: Mapping[str, object]) -> dict[str, str]:
    """Path parameters as log fields; `path` would be a file below /static, and `event` is structlog's own word."""
    return {f"in_{name}": _printable(str(value)) for name, value in ids.items() if name != "path"}


def _printable(value: str) -> str:
    """A terminal obeys control characters, and whoever calls an address chooses what stands in it."""
    return value if value.isprintable() else ascii(value)


class SecurityHeaders:
    """Adds to every answer what it does not set itself: the content security policy (the chat page sets its own, to be framed),
    no sniffing, a short referrer, no caching of what has no ETag, and HSTS where the public URL is https."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._headers = {
            "content-security-policy": CONTENT_SECURITY_POLICY,
            "x-content-type-options": "nosniff",
            # `no-referrer` would make browsers send `Origin: null` with forms, which the cross-site check refuses.
            "referrer-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
            "cross-origin-opener-policy": "same-origin",
        }
        if public_url.startswith("https://"):
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        endless = any(name == b"transfer-encoding" for name, _ in scope["headers"])

        async def add_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-cache" if "etag" in headers else "no-store")
                if message["status"] == 413 or (message["status"] >= 400 and endless):
                    headers["connection"] = "close"  # or the server goes on reading, and throwing away, what the client sends
            await send(message)

        await self._app(scope, receive, add_headers)


class PlainAddress:
    """Refuses (400) addresses with a NUL in them: nothing here has such a name, and PostgreSQL fails when it is asked for one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\x00" in scope["path"] or b"%00" in scope["query_string"]):
            raise HTTPException(400, "The address holds a NUL character (%00).")
        await self._app(scope, receive, send)


class CrossSiteCheck:
    """Refuses (403) unsafe requests that another site made a browser send.

    `Sec-Fetch-Site` must be same-origin (or none: the person typed it). Browsers leave it out on plain http; then `Origin` must be
    the public URL's. Both missing is refused. Not asked of what never reads a cookie: `exempt` paths, and requests with a Bearer
    key, which no other site can make a browser send.
    """

    def __init__(self, app: ASGIApp, public_url: str, exempt: tuple[str, ...]) -> None:
        self._app = app
        self._origin = "/".join(public_url.split("/", 3)[:3]).lower()
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and not scope["path"].startswith(self._exempt):
            self._check(Headers(scope=scope))
        await self._app(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        if headers.get("authorization", "").lower().startswith("bearer "):
            return
        site = headers.get("sec-fetch-site")
        origin = headers.get("origin")
        if site in ("same-origin", "none") or (site is None and origin is not None and origin.lower() == self._origin):
            return
        if site is None and origin is not None:
            raise HTTPException(
                403, f"This came from another address than {self._origin}. Open the page there, or set FRONTDESK_PUBLIC_URL to yours."
            )
        raise HTTPException(403, "This request did not come from a page of this site. Open the page again and send it from there.")


class BodyLimit:
    """Answers 413 to bodies over the limit, whether they say so (Content-Length) or are streamed.

    `larger` maps a path, or the beginning of one that ends with a slash, to a limit of its own; the longest match counts.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._larger = sorted(larger.items(), key=lambda item: -len(item[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        declared = Headers(scope=scope).get("content-length")
        if declared is not None and declared.isdecimal() and int(declared) > limit:
            raise _too_large(limit)
        received = 0

        async def count() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit:
                    raise _too_large(limit)
            return message

        await self._app(scope, count, send)

    def _limit_of(self, path: str) -> int:
        for known, limit in self._larger:
            if path == known or (known.endswith("/") and path.startswith(known)):
                return limit
        return self._limit


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"The body is larger than {limit:,} bytes, the most that is taken here. Send less.")
