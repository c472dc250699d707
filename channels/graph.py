"""The Graph API: one call, and what its errors mean for a message on its way.

Errors are `{"error": {"code", "message", "error_subcode"?, "is_transient"?, "error_data": {"details"}?}}`. Meta asks that programs
decide by `code` alone; which code means what is each product's own table.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

from channels.exchange import AddressRefused, CallFailed, Http, NoAnswer, Reply, status_words
from channels.json_body import Fields, read_object
from domain.channels import SendOutcome, SendResult
from domain.errors import InvalidInput
from domain.ports import Credentials

GRAPH_URL = "https://graph.facebook.com"
GRAPH_VERSION = "v23.0"

_TOKEN = re.compile(r"[!-~]{1,2000}")


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """A product's codes. A code that stands nowhere is judged by the HTTP status: 5xx may have been sent, 4xx was not."""

    permanent: Mapping[int, str]
    """Code to what a manager reads; empty: what Meta says."""
    retryable: Mapping[int, float]
    """Code to the seconds to wait. Documented as not processed."""
    ambiguous: frozenset[int]
    """May have been sent all the same."""
    token: Sequence[range] = ()
    """Codes that say something about the access token or its permissions."""
    permanent_subcodes: Mapping[int, str] = field(default_factory=dict)
    """Subcode to what a manager reads; looked at before the code, which may mean several things."""
    window: frozenset[int] = frozenset()
    """Codes and subcodes that say that the customer wrote too long ago."""


TOKEN_WORDS = "Meta refuses this access_token; make a new one with the needed permissions and set it"  # noqa: S105 # the words, not the token


TOKEN_OVER = 190
"""The code for a token that ended or was revoked. Nothing was sent: the message waits for another token."""


class Graph:
    """The API of one version at one base URL. Holds no credentials."""

    def __init__(self, http: Http, base_url: str, version: str) -> None:
        self._http = http
        self.base = f"{base_url}/{version}"

    async def get(self, path: str, token: str, **query: str) -> Reply:
        """Raises what `Http.request` raises."""
        url = f"{self.base}/{path}" + (f"?{urlencode(query)}" if query else "")
        return await self._http.request("GET", url, headers=bearer(token))

    async def post(self, path: str, token: str, body: Mapping[str, object]) -> Reply:
        """Raises what `Http.request` raises."""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = bearer(token) | {"content-type": "application/json"}
        return await self._http.request("POST", f"{self.base}/{path}", headers=headers, content=content)

    async def upload(self, path: str, token: str, kind: str, content: bytes) -> Reply:
        """A form with a file. Raises what `Http.request` raises."""
        return await self._http.request("POST", f"{self.base}/{path}", headers=bearer(token) | {"content-type": kind}, content=content)

    async def send(self, path: str, token: str, body: Mapping[str, object], errors: ErrorTable) -> tuple[Fields, SendOutcome | None]:
        """One message. The answer, and how the attempt ended unless it was accepted."""
        try:
            reply = await self.post(path, token, body)
        except AddressRefused as error:
            return Fields({}), SendOutcome(result=SendResult.FAILED, error=f"FRONTDESK_META_API_URL: {error}")
        except NoAnswer as error:
            return Fields({}), SendOutcome(result=SendResult.UNKNOWN, error=str(error))
        except CallFailed as error:
            return Fields({}), SendOutcome(result=SendResult.RETRY, error=str(error))
        answer = body_of(reply)
        return answer, None if 200 <= reply.status < 300 and "error" not in answer else refusal(reply, errors)


def token_of(credentials: Credentials) -> str:
    """Raises InvalidInput for what can't stand in a header."""
    token = credentials.get("access_token", "")
    if not _TOKEN.fullmatch(token):
        raise InvalidInput("access_token is missing or no token; set it by: frontdesk inbox set ID access_token=@FILE")
    return token


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "user-agent": "frontdesk"}


def body_of(reply: Reply) -> Fields:
    """The answer; empty if it is none of Meta's."""
    try:
        return Fields(read_object(reply.body))
    except InvalidInput:
        return Fields({})


def problem_of(reply: Reply) -> str | None:
    """What Meta says is wrong; None if nothing is."""
    answer = body_of(reply)
    if 200 <= reply.status < 300 and answer and "error" not in answer:
        return None
    error = answer.inner("error")
    said = error.inner("error_data").text("details") or error.text("message")
    return said[:300].rstrip(".") or f"an answer {status_words(reply.status)} that is none of Meta's"


def refusal(reply: Reply, errors: ErrorTable) -> SendOutcome:
    """How an attempt ended that was not accepted."""
    error = body_of(reply).inner("error")
    code, subcode = error.whole("code"), error.whole("error_subcode")
    if subcode is not None and (words := errors.permanent_subcodes.get(subcode)):
        return SendOutcome(result=SendResult.FAILED, error=words, window_closed=subcode in errors.window)
    said = f"Meta answered: {problem_of(reply)}" + (f" (code {code})" if code is not None else "")
    if code is not None:
        if code in errors.permanent:
            return SendOutcome(result=SendResult.FAILED, error=errors.permanent[code] or said, window_closed=code in errors.window)
        if code in errors.retryable:
            return SendOutcome(result=SendResult.RETRY, error=said, retry_after=_wait(reply) or errors.retryable[code])
        if code in errors.ambiguous:
            return SendOutcome(result=SendResult.UNKNOWN, error=said)
        if code == TOKEN_OVER:
            return SendOutcome(result=SendResult.RETRY, error=f"{TOKEN_WORDS} ({said})", token_refused=True)
        if any(code in codes for codes in errors.token):
            return SendOutcome(result=SendResult.FAILED, error=f"{TOKEN_WORDS} ({said})")
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return SendOutcome(result=SendResult.RETRY, error=said, retry_after=_wait(reply))
    if 300 <= reply.status < 400:
        return SendOutcome(result=SendResult.FAILED, error=f"{said}: redirects are not followed, check FRONTDESK_META_API_URL")
    refused = 400 <= reply.status < 500 and not error.flag("is_transient")
    return SendOutcome(result=SendResult.FAILED if refused else SendResult.UNKNOWN, error=said)


def _wait(reply: Reply) -> float | None:
    value = reply.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else None
