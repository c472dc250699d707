"""The website chat. Its page talks to our own HTTP door, so there is no vendor: nothing to verify, nothing to call."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from domain.channels import ChannelFeatures, ChannelKind, HandshakeReply, SendOutcome, SendResult, WebhookRequest
from domain.errors import AuthenticityError, InvalidInput
from domain.ids import inbound_message_id
from domain.managers import Inbox
from domain.messages import Arrival, Attachment, InboundEvent, InboundMessage, MessageType, OutboundMessage, Recipient
from domain.ports import Credentials

MAX_TEXT = 4_000
"""Characters that a visitor may send at once."""

FEATURES = ChannelFeatures(
    label="Website chat",
    settings=("origins", "colour"),
    secret_settings=(),
    max_text=16_000,
    idempotent_send=True,
    needs_public_address=False,
    quick_replies=True,
    shows_citations=True,
    attachments_in=True,
    attachments_out=True,
)


def arrival(
    inbox: Inbox,
    visitor_id: str,
    client_message_id: str,
    *,
    text: str,
    attachments: tuple[Attachment, ...] = (),
    fingerprints: tuple[str, ...] = (),
    language: str | None,
    at: datetime,
) -> Arrival:
    """What a visitor sent through the page. `client_message_id` is drawn by the page, so that a repeat is the same message.

    `fingerprints` are the hashes of the attached files' contents: their stored ids differ at every attempt.
    """
    body = "\x1f".join((visitor_id, text, *fingerprints))
    kind = MessageType.TEXT if text or not attachments else attachments[0].type
    message = InboundMessage(
        id=inbound_message_id(inbox.id, "message", client_message_id),
        provider_id=client_message_id,
        type=kind,
        text=text,
        attachments=attachments,
        language=language,
        sent_at=at,
        received_at=at.astimezone(UTC),
    )
    return Arrival(address=visitor_id, message=message, body_hash=sha256(body.encode("utf-8", "surrogatepass")).hexdigest())


class WebChat:
    """Implements the `Channel` port."""

    kind = ChannelKind.WEBCHAT
    features = FEATURES

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return None

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        raise AuthenticityError("The website chat takes no webhooks; visitors write through /chat")

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        raise InvalidInput("The website chat takes no webhooks; visitors write through /chat")

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """The page reads its messages from SQL: a recorded message has arrived."""
        return SendOutcome(result=SendResult.SENT, provider_id=message.id)
