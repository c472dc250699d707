"""Push services, which browsers name and which are called with the guard against private addresses."""

from collections.abc import Mapping

from channels.exchange import AddressRefused, CallFailed, Http
from domain.errors import NotTold


class PushServices:
    """Implements `domain.ports.PushService`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def post(self, url: str, *, headers: Mapping[str, str], content: bytes) -> tuple[int, float | None]:
        try:
            reply = await self._http.request("POST", url, headers=headers, content=content)
        except AddressRefused as error:
            raise NotTold(f"The push service can't be called: {error}", retryable=False) from error
        except CallFailed as error:
            raise NotTold(f"The push service can't be reached: {error}", retryable=True) from error
        wait = reply.headers.get("retry-after", "")
        return reply.status, float(wait) if wait.isdecimal() else None
