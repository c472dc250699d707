"""The HTTP client for URLs that people configure: callbacks and media.

It works on httpcore2, the engine inside httpx2, because that one takes a network backend: names are resolved here, every address is
checked, and the connection goes to an address that was checked. A name that resolves to something else a moment later (DNS rebinding)
gains nothing, and a kept-alive connection needs no second check. TLS and the Host header keep the name.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from types import TracebackType
from typing import Self

import httpcore2
import httpx2

from channels.addresses import AddressPolicy, IPNetwork
from channels.exchange import AddressRefused, NoAnswer, NotSent, Reply
from domain.media import MAX_MEDIA_BYTES

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to numeric addresses, best first. Raises OSError when the name is unknown."""

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

MAX_ANSWER_BYTES = 64 * 1024
"""More of a body is not read: answers to webhooks are short, and a person may have named a download."""

KEEPALIVE_SECONDS = 4.0
"""Below the 5 s after which common servers close an idle connection, so that a send seldom meets a closing one."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `whole` ends a call whose receiver drips its answer."""

    connect: float = 3.0
    read: float = 10.0
    write: float = 5.0
    pool: float = 5.0
    whole: float = 25.0


VENDOR_ANSWER_BYTES = 1024 * 1024
"""Lists of templates are long."""

VENDOR_TIMEOUTS = Timeouts(connect=5.0, read=20.0, write=10.0, whole=30.0)
"""Longer than for callbacks: most vendors know no idempotency key, so that an answer that was not waited for leaves a message unknown."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class _CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects only to addresses that the policy permits."""

    def __init__(self, policy: AddressPolicy, resolver: Resolver) -> None:
        self._policy = policy
        self._resolver = resolver
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolver(host, port)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("the name was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("the name is unknown") from error
        if not addresses:
            raise httpcore2.ConnectError("the name is unknown")
        # One private address among public ones is enough to refuse: which of them is used would be left to chance.
        if not all(map(self._policy.permits, addresses)):
            raise AddressRefused(f"{host} points to a private address; allow it by FRONTDESK_ALLOWED_PRIVATE_NETWORKS")
        failure: Exception | None = None
        share = timeout / min(len(addresses), 3) if timeout is not None else None
        for address in addresses[:3]:
            try:
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure


@lru_cache(maxsize=1024)
def _target(url: str) -> tuple[httpcore2.URL, bytes, str]:
    """The URL for the wire, its Host header, and the host for messages."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise AddressRefused("the URL can't be read; it must look like https://example.com/path") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise AddressRefused("the URL must begin with https:// or http:// and name a host")
    if parsed.userinfo:
        raise AddressRefused("the URL holds a user name or password; requests prove themselves by their signature instead")
    target = httpcore2.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)
    return target, parsed.netloc, parsed.host


class OutgoingHttp:
    """Implements `exchange.Http`. Keeps connections alive; share one instance per event loop and close it at the end."""

    def __init__(
        self,
        *,
        allowed_networks: Sequence[IPNetwork] = (),
        timeouts: Timeouts | None = None,
        max_connections: int = 200,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        resolver: Resolver = resolve,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        limits = timeouts or Timeouts()
        self._whole = limits.whole
        self._max_answer_bytes = max_answer_bytes
        self._extensions = {"timeout": {"connect": limits.connect, "read": limits.read, "write": limits.write, "pool": limits.pool}}
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context or httpx2.create_ssl_context(),
            max_connections=max_connections,
            max_keepalive_connections=max_connections // 2,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=_CheckedBackend(AddressPolicy(allowed_networks), resolver),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self._pool.aclose()

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"") -> Reply:
        """One request, no redirects, no retries. Raises AddressRefused, NotSent or NoAnswer."""
        target, authority, host = _target(url)
        wire_headers = [(b"host", authority), (b"content-length", str(len(content)).encode())]
        wire_headers += [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in headers.items()]
        call = self._pool.stream(method, target, headers=wire_headers, content=content, extensions=self._extensions)
        try:
            async with asyncio.timeout(self._whole), call as response:
                body = await self._read(response)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise NotSent(f"{host} can't be reached ({_words(error, 'no connection')})") from error
        except httpcore2.PoolTimeout as error:
            raise NotSent(f"{host} was not called: too many calls are under way") from error
        except (httpcore2.TimeoutException, TimeoutError) as error:
            raise NoAnswer(f"{host} took the request but did not answer in time") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise NoAnswer(f"{host} took the request but broke off ({_words(error, 'connection lost')})") from error
        return Reply(
            status=response.status, headers={k.lower().decode("latin-1"): v.decode("latin-1") for k, v in response.headers}, body=body
        )

    async def _read(self, response: httpcore2.Response) -> bytes:
        parts, size = [], 0
        async with aclosing(response.aiter_stream()) as stream:
            async for part in stream:
                parts.append(part)
                size += len(part)
                if size >= self._max_answer_bytes:
                    break
        return b"".join(parts)[: self._max_answer_bytes]


MEDIA_TIMEOUTS = Timeouts(connect=5.0, read=20.0, write=10.0, whole=180.0)
EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def media_http(allowed_networks: Sequence[IPNetwork]) -> OutgoingHttp:
    """The client for files of customers: addresses that a vendor or a customer names, so private ones are refused."""
    return OutgoingHttp(
        allowed_networks=allowed_networks, timeouts=MEDIA_TIMEOUTS, max_connections=20, max_answer_bytes=MAX_MEDIA_BYTES + 1
    )


def vendor_media_http() -> OutgoingHttp:
    """As `vendor_http`, for files that a vendor's API itself serves."""
    return media_http(EVERYWHERE)


def vendor_http() -> OutgoingHttp:
    """The client for vendors' APIs: no address is refused.

    Their base URLs are settings of the installation, what follows in a URL is made by us from parts that were checked, and redirects are
    not followed. So no inbox and no customer can point this client anywhere, and a proxy on a private address may stand in for a vendor.
    What a vendor's answer or a customer names (a file's URL) is never fetched with it.
    """
    return OutgoingHttp(
        allowed_networks=(ip_network("0.0.0.0/0"), ip_network("::/0")), timeouts=VENDOR_TIMEOUTS, max_answer_bytes=VENDOR_ANSWER_BYTES
    )


def _words(error: Exception, otherwise: str) -> str:
    return str(error)[:120] or otherwise
