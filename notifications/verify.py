"""Verification codes by Twilio Verify, version 2."""

from http import HTTPStatus

import httpx2
from pydantic import BaseModel, ValidationError

from domain.errors import InvalidInput, NotFound, NotTold, TooManyAttempts

WINDOW_SECONDS = 600.0
"""Of a code, and of the limits on sending and checking it."""

_TOO_OFTEN = {
    60202: "Too many codes were tried for this number; ask for a new one in ten minutes",
    60203: "Too many codes were sent to this number; try again in ten minutes",
}
"""They come as HTTP 429, but waiting a little, as with other 429s, mends nothing."""
_WRONG_NUMBER = frozenset({60200, 60205, 21211, 21614, 60033, 21408, 60410})
LOCALES = frozenset({"en", "es", "pt", "fr", "de", "it"})


class _Error(BaseModel):
    code: int | None = None


class _Check(BaseModel):
    status: str


class TwilioVerify:
    """Implements `domain.verification.Verifier` over one Verify service (`VA...`). No call is repeated."""

    def __init__(self, account_sid: str, auth_token: str, service_sid: str, *, api_url: str, timeout: float = 15.0) -> None:
        self._address = f"{api_url.rstrip('/')}/v2/Services/{service_sid}"
        self._auth = (account_sid, auth_token)
        self._timeout = timeout

    async def start(self, phone: str, *, language: str | None = None) -> None:
        form = {"To": phone, "Channel": "sms"}
        if language in LOCALES:
            form["Locale"] = language or ""
        answer = await self._post("Verifications", form)
        if answer.status_code != HTTPStatus.CREATED and not answer.is_success:
            raise _refused(answer)

    async def check(self, phone: str, code: str) -> bool:
        answer = await self._post("VerificationCheck", {"To": phone, "Code": code})
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise NotFound("This code is no longer good: it is over ten minutes old, or was used. Ask for a new one")
        if not answer.is_success:
            raise _refused(answer)
        try:
            # A wrong code is a success of the call; only this word counts.
            return _Check.model_validate_json(answer.content).status == "approved"
        except ValidationError as error:
            raise NotTold("The code service gave an answer that can't be read; try again", retryable=True) from error

    async def _post(self, resource: str, form: dict[str, str]) -> httpx2.Response:
        async with httpx2.AsyncClient(auth=self._auth, timeout=self._timeout, follow_redirects=False) as client:
            try:
                return await client.post(f"{self._address}/{resource}", data=form)
            except httpx2.HTTPError as error:
                raise NotTold("The code service could not be reached; try again in a minute", retryable=True) from error


def _refused(answer: httpx2.Response) -> Exception:
    try:
        code = _Error.model_validate_json(answer.content).code
    except ValidationError:
        code = None
    if code in _TOO_OFTEN:
        return TooManyAttempts(_TOO_OFTEN[code], retry_after=WINDOW_SECONDS)
    if code in _WRONG_NUMBER:
        return InvalidInput("This number takes no codes by SMS; check it, and that it is a mobile number")
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return NotTold("The code service refused our account; check FRONTDESK_TWILIO_ACCOUNT_SID and _AUTH_TOKEN", retryable=False)
    retryable = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error
    return NotTold(f"The code service refused (HTTP {answer.status_code}, code {code}); try again in a minute", retryable=retryable)
