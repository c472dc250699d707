"""The REST inbox: a seller's own system delivers messages as signed JSON and takes replies at its callback URL."""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from channels.exchange import AddressRefused, CallFailed, Http, Reply, status_words
from channels.rest_body import read_arrival
from channels.standard_webhooks import sign, verify
from domain.channels import ChannelFeatures, ChannelKind, HandshakeReply, SendOutcome, SendResult, WebhookRequest
from domain.errors import InvalidInput
from domain.managers import Inbox
from domain.messages import InboundEvent, OutboundMessage, Recipient
from domain.ports import Credentials

FEATURES = ChannelFeatures(
    label="REST",
    settings=("secret", "callback_url"),
    secret_settings=("secret",),
    max_text=16_000,
    idempotent_send=True,
    needs_public_address=False,
    quick_replies=True,
    shows_citations=True,
    attachments_in=True,
    attachments_out=True,
)

_QUOTED_ANSWER = 160
"""Characters of a receiver's refusal that a manager is shown."""


class Rest:
    """Implements the `Channel` port."""

    kind = ChannelKind.REST
    features = FEATURES

    def __init__(self, http: Http) -> None:
        self._http = http

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return None

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        verify(credentials.get("secret", ""), request.headers, request.body, now=now)

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        return (read_arrival(request.body, inbox.id, received_at=datetime.fromtimestamp(now, UTC)),)

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """One POST. The receiver drops repeats by `Idempotency-Key`, so whatever is unclear is RETRY."""
        url = credentials.get("callback_url", "")
        if not url:
            return _failed(
                "callback_url is not set, so replies can't be delivered; set it by: frontdesk inbox set ID callback_url=https://..."
            )
        content = outbound_body(message, recipient)
        try:
            headers = sign(credentials.get("secret", ""), message.id, int(time.time()), content)
        except InvalidInput as error:
            return _failed(f"The reply can't be signed: {error}")
        headers |= {"content-type": "application/json", "idempotency-key": message.id, "user-agent": "frontdesk"}
        try:
            reply = await self._http.request("POST", url, headers=headers, content=content)
        except AddressRefused as error:
            return _failed(f"callback_url: {error}")
        except CallFailed as error:
            return SendOutcome(result=SendResult.RETRY, error=str(error))
        return _outcome(reply, message.id)


def outbound_body(message: OutboundMessage, recipient: Recipient) -> bytes:
    """The JSON that a receiver gets. `quick_replies` and `attachments` are there only when there are any."""
    body: dict[str, object] = {
        "type": "message",
        "id": message.id,
        "conversation_id": message.conversation_id,
        "contact": {"id": recipient.address},
        "text": message.text,
        "sender": message.sender.value,
        "in_reply_to": [ref.provider_id or ref.id for ref in message.in_reply_to],
        "citations": [{"document": citation.document, "page": citation.page} for citation in message.citations],
    }
    if message.quick_replies:
        body["quick_replies"] = list(message.quick_replies)
    if message.attachments:
        body["attachments"] = [attachment.model_dump(mode="json", exclude_none=True) for attachment in message.attachments]
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _outcome(reply: Reply, message_id: str) -> SendOutcome:
    if 200 <= reply.status < 300:
        return SendOutcome(result=SendResult.SENT, provider_id=message_id)
    words = f"The receiver answered {status_words(reply.status)}"
    if reply.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return SendOutcome(result=SendResult.RETRY, error=words, retry_after=_retry_after(reply.headers.get("retry-after", "")))
    if reply.status >= 500:
        return SendOutcome(result=SendResult.RETRY, error=words)
    if 300 <= reply.status < 400:
        return _failed(f"{words}; redirects are not followed, so set callback_url to the final address")
    return _failed(words + _quoted(reply))


def _failed(error: str) -> SendOutcome:
    return SendOutcome(result=SendResult.FAILED, error=error)


def _quoted(reply: Reply) -> str:
    """What the receiver says about its refusal, where it is made to be read."""
    if not reply.headers.get("content-type", "").startswith(("text/plain", "application/json", "application/problem+json")):
        return ""
    text = " ".join(reply.body[: 4 * _QUOTED_ANSWER].decode("utf-8", "replace").split())
    return f": {text[:_QUOTED_ANSWER]}" if text else ""


def _retry_after(value: str) -> float | None:
    """Seconds from either form of the header; None if it says nothing readable."""
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
