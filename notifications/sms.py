"""Tells managers by SMS, over Twilio's Messages resource (API version 2010-04-01)."""

from http import HTTPStatus

import httpx2
from pydantic import BaseModel, ValidationError

from domain.errors import NotTold
from domain.managers import Manager
from domain.notices import Digest
from notifications.wording import headline, link_to

WORDS_BY_CODE = {
    20003: "the account SID or the auth token is wrong",
    21211: "the manager's telephone number is not valid",
    21212: "the sender's number is not valid",
    21408: "the account may not send to that country",
    21606: "the sender's number can't send SMS",
    21610: "the manager has answered STOP to the sender's number",
    21614: "the manager's number is not a mobile number",
    21659: "the sender's number does not belong to the account",
    63038: "the account's daily message limit is reached",
}
"""Twilio's error codes, in our words: its own repeat the telephone number."""


class _TwilioError(BaseModel):
    code: int | None = None


class SmsNotifier:
    """A `Notifier` over one Twilio account. `sender` is a telephone number, or a messaging service's SID (`MG...`);
    `base_url` is the dashboard's address.

    Twilio takes no idempotency key: after a time-out a manager may get the same SMS twice, which is preferred to none.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        *,
        base_url: str,
        api_url: str = "https://api.twilio.com",
        timeout: float = 15.0,
    ) -> None:
        self._address = f"{api_url.rstrip('/')}/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._base_url = base_url
        self._auth = (account_sid, auth_token)
        self._from = {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}
        self._timeout = timeout

    async def tell(self, digest: Digest) -> None:
        """Raises NotTold."""
        body = f"Frontdesk: {headline(digest)}. {link_to(self._base_url, digest)}"
        async with httpx2.AsyncClient(auth=self._auth, timeout=self._timeout, follow_redirects=False) as client:
            await self._send(client, digest.person, body)

    async def _send(self, client: httpx2.AsyncClient, person: Manager, body: str) -> None:
        if not person.phone:
            raise NotTold("The manager has no telephone number", retryable=False)
        try:
            answer = await client.post(self._address, data={"To": person.phone, "Body": body, **self._from})
        except httpx2.HTTPError as error:
            raise NotTold("The SMS service could not be reached, or hung up", retryable=True) from error
        if answer.is_success:
            return
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error:
            raise NotTold(
                f"The SMS service asks to try again later ({answer.status_code})",
                retryable=True,
                retry_after=_seconds(answer.headers.get("retry-after")),
            )
        raise NotTold(f"The SMS service refused the message: {_words(answer)}", retryable=False)


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdecimal() else None


def _words(answer: httpx2.Response) -> str:
    try:
        code = _TwilioError.model_validate_json(answer.content).code
    except ValidationError:
        code = None
    if code is None:
        return f"HTTP {answer.status_code}"
    return f"{WORDS_BY_CODE.get(code, 'see the list of its error codes')} (Twilio {code}, HTTP {answer.status_code})"
