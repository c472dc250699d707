"""Channels: the kinds, what each can do, and the shapes of one webhook and one send."""

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import quote

from pydantic import Field

from domain.model import Model


class ChannelKind(StrEnum):
    REST = "rest"
    WEBCHAT = "webchat"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"
    INSTAGRAM = "instagram"
    MESSENGER = "messenger"
    MERCADOLIBRE = "mercadolibre"
    SMS = "sms"
    WHATSAPP_TWILIO = "whatsapp_twilio"


class LengthUnit(StrEnum):
    CHARACTERS = "characters"
    BYTES = "bytes"
    UTF16 = "utf16"


class RateLimit(Model):
    """At most `count` messages in `seconds`: that many at once, then evenly."""

    count: int = Field(gt=0)
    seconds: float = Field(gt=0)
    per_receiver: bool = False
    """For each receiver; otherwise for the inbox."""


class ChannelFeatures(Model):
    """What works where, as data; the documentation's table is generated from it."""

    label: str
    settings: tuple[str, ...]
    """Names that `inbox add --set` takes, besides the policy's."""
    secret_settings: tuple[str, ...]
    """Those of `settings` that are encrypted at rest and never shown again."""
    required_settings: tuple[str, ...] = ()
    max_text: int
    """Longest text of one message, in `length_unit`."""
    length_unit: LengthUnit = LengthUnit.CHARACTERS
    idempotent_send: bool
    """The receiver drops a repeat under the same id, so an ambiguous send may be repeated."""
    quick_replies: bool = False
    shows_citations: bool = False
    """The receiver gets document and page beside the text."""
    strip_contacts: bool = False
    """The platform sanctions contact data and outside links: they are taken out of what the bot says, and managers are warned."""
    attachments_in: bool = False
    attachments_out: bool = False
    files_apart: bool = False
    """Each file leaves as a message of its own."""
    files_by_link: bool = False
    """The vendor fetches files from our own public address, by https."""
    file_types: tuple[str, ...] = ()
    """MIME types of what goes out; none named: all that can be attached."""
    max_file: int | None = None
    """Bytes of one file that goes out."""
    delivery_receipts: bool = False
    echoes: bool = False
    handshake: bool = False
    needs_public_address: bool = True
    """Its vendor delivers only to an https address that the internet reaches."""
    acknowledge_within: float | None = None
    """Seconds in which the vendor must be answered, whatever the database does: what it tells is only noted then, and read later."""
    window_hours: int | None = None
    """How long after the customer's last message a free reply is allowed; None = always."""
    limits: tuple[RateLimit, ...] = ()
    """How fast messages may leave. What is over waits, and is never dropped."""
    templates: bool = False
    """Approved templates may be sent, also outside the window."""

    def file_refusal(self, mime_type: str, size: int) -> str | None:
        """Why a file can't go out through this channel, in words for managers; None if it can."""
        if not self.attachments_out:
            return f"Files can't be sent through {self.label}; send the text alone"
        if self.file_types and mime_type not in self.file_types:
            kinds = ", ".join(kind.rpartition("/")[2].upper() for kind in self.file_types)
            return f"{self.label} takes no files of the kind {mime_type}, only: {kinds}"
        if self.max_file is not None and size > self.max_file:
            return f"{self.label} takes files of up to {self.max_file / 1_000_000:g} MB; this one has {size / 1_000_000:.1f} MB"
        return None


class OutgoingFile(Model):
    """A file that goes out, with its bytes; never in a payload."""

    name: str
    mime_type: str
    content: bytes = Field(repr=False)
    link: str | None = None
    """Where a vendor may fetch it for a day; None without a public address."""


class WebhookRequest(Model):
    """One HTTP request of a vendor. Header names are lower case; `body` is the raw bytes that were signed."""

    method: str
    url: str
    """As the vendor was told it: built from the public URL, never from Host headers."""
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class HandshakeReply(Model):
    """What a vendor wants to hear when it first checks the webhook."""

    status: int = 200
    content_type: str = "text/plain"
    body: str


class ChannelCheck(Model):
    """How an inbox stands with its vendor, in words for whoever sets it up."""

    notes: tuple[str, ...] = ()
    """What is right, and what was set up on the way."""
    problems: tuple[str, ...] = ()
    """What is wrong and how to mend it; none means that it works. Holds no secret."""
    token_refused: bool = False
    """The access token is not taken: where it can be renewed, another check after that may find nothing wrong."""


class SendResult(StrEnum):
    SENT = "sent"
    RETRY = "retry"
    """Certainly not processed: may be sent again after `retry_after`."""
    FAILED = "failed"
    """Will never work as it is."""
    UNKNOWN = "unknown"
    """The request was written and no clear answer came."""


class SendOutcome(Model):
    """How one attempt to send ended. `error` is for managers and holds no secret."""

    result: SendResult
    provider_id: str | None = None
    error: str | None = None
    retry_after: float | None = None
    """Seconds the receiver asked to wait."""
    token_refused: bool = False
    """With RETRY: the access token is not taken any more. The message waits, however long, until it is renewed or a new one is set."""
    window_closed: bool = False
    """FAILED because the customer wrote too long ago."""


PATH_SECRET = "path_secret"  # noqa: S105 # the setting's name
"""Setting of channels whose vendor signs nothing: the webhook's address itself is the secret."""


def webhook_path(kind: ChannelKind, inbox_id: str, credentials: Mapping[str, str]) -> str:
    """Where an inbox's webhook is, below the public URL."""
    secret = credentials.get(PATH_SECRET)
    return f"/webhooks/{kind.value}/{inbox_id}" + (f"/{quote(secret, safe='')}" if secret else "")
