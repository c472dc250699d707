"""Who is writing: a visitor is an id that we made up and signed, bound to one inbox. There is no account and no tracking."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from fastapi import Request
from starlette.responses import Response

from domain.errors import AuthenticityError, TooManyAttempts
from storage.secrets import Vault

COOKIE_SECONDS = 365 * 24 * 3600
_PURPOSE = "visitor"
_KEPT_BUCKETS = 50_000


def new_token(vault: Vault, inbox_id: str) -> tuple[str, str]:
    """A new visitor's id and the token that proves it."""
    visitor_id = uuid4().hex
    return visitor_id, vault.sign(_PURPOSE, f"{inbox_id}/{visitor_id}")


def _read(vault: Vault, inbox_id: str, token: str) -> str:
    inbox, _, visitor_id = vault.verify(_PURPOSE, token).rpartition("/")
    if inbox != inbox_id or not visitor_id:
        raise AuthenticityError("This visitor token belongs to another chat")
    return visitor_id


def _cookie(public_url: str) -> str:
    return "__Secure-visitor" if public_url.startswith("https://") else "visitor"


def known_visitor(request: Request, vault: Vault, inbox_id: str, public_url: str) -> str | None:
    """The visitor's id, None for somebody new. Raises AuthenticityError for a Bearer token that is not good here.

    The widget's frame sends its token as Authorization header, because browsers keep cookies from frames on other sites; a page of
    its own has the cookie. A cookie that is not good any more is as none.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _read(vault, inbox_id, token.strip())
    if (cookie := request.cookies.get(_cookie(public_url))) is None:
        return None
    try:
        return _read(vault, inbox_id, cookie)
    except AuthenticityError:
        return None


def required_visitor(request: Request, vault: Vault, inbox_id: str, public_url: str) -> str:
    """Raises AuthenticityError."""
    visitor_id = known_visitor(request, vault, inbox_id, public_url)
    if visitor_id is None:
        raise AuthenticityError("Open the chat page first: it names the visitor", missing=True)
    return visitor_id


def remember(response: Response, token: str, inbox_id: str, public_url: str) -> None:
    response.set_cookie(
        _cookie(public_url),
        token,
        max_age=COOKIE_SECONDS,
        path=f"/chat/{inbox_id}",
        secure=public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


class TokenBuckets:
    """So many at once, then so many a second, for each key. Lives in one process; the least recently used keys are forgotten."""

    def __init__(self, burst: float, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._rate = per_second
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, cost: float = 1.0) -> None:
        """Raises TooManyAttempts, taking nothing, when the bucket does not hold `cost`."""
        now = self._clock()
        level, at = self._levels.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        enough = level >= cost
        self._levels[key] = (level - cost if enough else level, now)
        while len(self._levels) > _KEPT_BUCKETS:
            self._levels.popitem(last=False)
        if not enough:
            raise TooManyAttempts("Too many messages at once; wait a moment", retry_after=(min(cost, self._burst) - level) / self._rate)


class Limits:
    """What one visitor, and one network address, may do. A person types slower than this; behind one address may be an office, or a
    reverse proxy that is not trusted to name its clients: that limit only stops floods."""

    def __init__(
        self,
        *,
        messages: tuple[float, float] = (20, 0.5),
        source_messages: tuple[float, float] = (300, 20.0),
        megabytes: tuple[float, float] = (100, 1.0),
        streams_per_source: int = 2_000,
    ) -> None:
        """Pairs are (at once, per second)."""
        self._messages = TokenBuckets(*messages)
        self._source_messages = TokenBuckets(*source_messages)
        self._megabytes = TokenBuckets(*megabytes)
        self._streams_per_source = streams_per_source
        self._streams: Counter[str] = Counter()

    def message(self, visitor_id: str, source: str, *, upload_bytes: int = 0) -> None:
        """Raises TooManyAttempts."""
        self._source_messages.take(source)
        self._messages.take(visitor_id)
        if upload_bytes:
            self._megabytes.take(source, upload_bytes / 1_000_000)

    def may_stream(self, source: str) -> None:
        """Raises TooManyAttempts when the address has no place left for an open stream."""
        if self._streams[source] >= self._streams_per_source:
            raise TooManyAttempts("Too many open chats from this address; close some", retry_after=30)

    @contextmanager
    def stream(self, source: str) -> Iterator[None]:
        """Holds one of the address's places."""
        self._streams[source] += 1
        try:
            yield
        finally:
            self._streams[source] -= 1
            if not self._streams[source]:
                del self._streams[source]
