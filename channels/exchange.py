"""One HTTP call to a vendor or receiver, and the ways in which it can end. Imports no HTTP library, so that features stay cheap to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from domain.errors import FrontdeskError


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. Header names are lower case; `body` is cut off at the client's limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class CallFailed(FrontdeskError):
    """No answer came. The message is for managers: it names the host, never the path, which may hold a token."""


class AddressRefused(CallFailed):
    """The URL can't be called from here: it is no web address, or it points into a private network."""


class NotSent(CallFailed):
    """Nothing of the request was written: sending again is safe."""


class NoAnswer(CallFailed):
    """The request was written, at least in part, and no answer came: it may have been processed."""


class Http(Protocol):
    """What channels call out with."""

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"") -> Reply:
        """One request, no redirects, no retries. Raises AddressRefused, NotSent or NoAnswer."""
        ...


def status_words(status: int) -> str:
    """The number, with its meaning if it has one."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
