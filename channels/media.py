"""Fetches files that lie with vendors: by size and by hop, with a vendor's token for the vendor's own hosts only."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from channels.exchange import AddressRefused, CallFailed, Http, Reply
from domain.errors import MediaNotFetched
from domain.media import MAX_MEDIA_BYTES, Download

MOST_HOPS = 4
"""The first request and three redirects."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Downloads:
    """Implements the port `Downloader`.

    `guarded` refuses private addresses. `vendors` goes anywhere and is used for one place only: a vendor's API as the operator set it.
    """

    def __init__(self, guarded: Http, vendors: Http) -> None:
        self._guarded = guarded
        self._vendors = vendors

    async def get(self, url: str, *, base: str = "", hosts: tuple[str, ...] = (), headers: Mapping[str, str] | None = None) -> Download:
        """Follows redirects, each by the same rules. `headers` prove who asks: they go to `base` and to `hosts` by https, nowhere else.

        Raises MediaNotFetched, which names neither path nor query: tokens stand there.
        """
        for _ in range(MOST_HOPS):
            trusted = bool(base) and _origin(url) == _origin(base)
            own = trusted or _is_of(url, hosts)
            http = self._vendors if trusted else self._guarded
            try:
                reply = await http.request("GET", url, headers={"user-agent": "frontdesk", **((headers or {}) if own else {})})
            except AddressRefused as error:
                raise MediaNotFetched(str(error), retryable=False) from error
            except CallFailed as error:
                raise MediaNotFetched(str(error), retryable=True) from error
            if reply.status not in _REDIRECTS:
                return _content(reply)
            url = urljoin(url, reply.headers.get("location", ""))
        raise MediaNotFetched("The file's address leads from one place to the next without end", retryable=False)


def _origin(url: str) -> tuple[str, str, int | None]:
    """Of what can't be read: one that nothing else has."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", url, None
    return parts.scheme, parts.hostname or "", port


def _is_of(url: str, hosts: tuple[str, ...]) -> bool:
    scheme, host, _ = _origin(url)
    return scheme == "https" and any(host == own or host.endswith(f".{own}") for own in hosts)


def _content(reply: Reply) -> Download:
    if len(reply.body) > MAX_MEDIA_BYTES:
        raise MediaNotFetched(f"The file is larger than {MAX_MEDIA_BYTES // 1_000_000} MB", retryable=False)
    if reply.status in _GONE:
        raise MediaNotFetched(f"The vendor does not give the file any more ({reply.status})", retryable=False)
    if reply.status != HTTPStatus.OK:
        refused = 400 <= reply.status < 500 and reply.status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
        raise MediaNotFetched(f"The file's address answered {reply.status}", retryable=not refused)
    if not reply.body:
        raise MediaNotFetched("The file is empty", retryable=False)
    return Download(content=reply.body, mime_type=reply.headers.get("content-type", ""))
