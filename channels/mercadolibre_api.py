"""MercadoLibre's API: one call, and what its answers mean.

Errors are `{"message", "error", "status", "cause"}`; `error` and `cause` hold words for programs, and their list keeps growing.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from channels.exchange import Http, Reply, status_words
from channels.json_body import Fields, read_object
from domain.errors import InvalidInput
from domain.ports import Credentials

API_URL = "https://api.mercadolibre.com"

PAUSE_SECONDS = 15.0
"""After 429 without a word of how long; limits are counted by the minute."""

_TOKEN = re.compile(r"[!-~]{1,2000}")
_NUMBER = re.compile(r"[0-9]{1,20}")
TOKEN_WORDS = "MercadoLibre does not take the access token"  # noqa: S105 # the words, not the token


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply of the API, read."""

    status: int
    body: Fields
    ok: bool
    is_theirs: bool
    """Whether it is an answer of the API at all, and not a page of something in between."""
    error: str
    """Their word for what is wrong, in lower case; empty if nothing is."""
    causes: str
    """Their finer words, joined."""
    retry_after: float | None

    @property
    def token_refused(self) -> bool:
        return self.status == HTTPStatus.UNAUTHORIZED

    @property
    def is_busy(self) -> bool:
        """Certainly not processed."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS

    @property
    def said(self) -> str:
        """What is wrong, for managers."""
        words = self.body.text("message")[:200].rstrip(".") or self.error
        return f"MercadoLibre answered: {words or status_words(self.status)}"


class Api:
    """Holds no credentials. Raises what `Http.request` raises, and InvalidInput for a token that can't be one."""

    def __init__(self, http: Http, base_url: str) -> None:
        self._http = http
        self.base = base_url

    async def get(self, path: str, credentials: Credentials, **query: str) -> Answer:
        url = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        return read(await self._http.request("GET", url, headers=api_headers(credentials)))

    async def post(self, path: str, credentials: Credentials, body: Mapping[str, object]) -> Answer:
        # Escaped, a text is the same in every character set.
        content = json.dumps(body, separators=(",", ":")).encode()
        headers = api_headers(credentials) | {"content-type": "application/json"}
        return read(await self._http.request("POST", f"{self.base}{path}", headers=headers, content=content))

    async def form(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Without a token: this is how one is got."""
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded", "user-agent": "frontdesk"}
        return read(await self._http.request("POST", f"{self.base}{path}", headers=headers, content=urlencode(fields).encode()))


def read(reply: Reply) -> Answer:
    try:
        body, is_theirs = Fields(read_object(reply.body)), True
    except InvalidInput:
        body, is_theirs = Fields({}), False
    ok = 200 <= reply.status < 300 and is_theirs
    return Answer(
        status=reply.status,
        body=body,
        ok=ok,
        is_theirs=is_theirs,
        error="" if ok else body.text("error").lower()[:100],
        causes=" ".join(_causes(body)).lower()[:500],
        retry_after=_wait(reply) if reply.status in (429, 503) else None,
    )


def _causes(body: Fields) -> list[str]:
    return [*body.texts("cause"), *(cause.text("code") or cause.text("message") for cause in body.items("cause"))]


def _wait(reply: Reply) -> float:
    """Not the same for all who wait: else they all come back at once."""
    value = reply.headers.get("retry-after", "")
    asked = float(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else PAUSE_SECONDS
    return asked * random.uniform(1.0, 1.5)  # noqa: S311 # spreads load, guards nothing


def number_of(fields: Fields, name: str) -> str:
    """An id, which comes as a number or as digits; empty if it is neither."""
    whole = fields.whole(name)
    text = str(whole) if whole is not None and whole >= 0 else fields.text(name)
    return text if _NUMBER.fullmatch(text) else ""


def setting_number(credentials: Credentials, name: str) -> str:
    """Raises InvalidInput for what is no id."""
    value = credentials.get(name, "")
    if not _NUMBER.fullmatch(value):
        raise InvalidInput(f"{name} is missing or no number; set it by: frontdesk inbox set ID {name}=...")
    return value


def api_headers(credentials: Credentials) -> dict[str, str]:
    token = credentials.get("access_token", "")
    if not _TOKEN.fullmatch(token):
        raise InvalidInput("access_token is missing or no token; set it by: frontdesk inbox set ID access_token=@FILE")
    return {"accept": "application/json", "authorization": f"Bearer {token}", "user-agent": "frontdesk"}
