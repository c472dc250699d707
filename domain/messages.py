"""Messages: what customers send, what we send, and how far it got."""

from enum import StrEnum

from pydantic import Field

from domain.channels import ChannelKind
from domain.knowledge import Citation
from domain.model import Model, UtcDatetime
from domain.rich_text import Emphasis
from domain.templates import TemplateUse


class MessageType(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    LOCATION = "location"
    CONTACT_CARD = "contact_card"
    REACTION = "reaction"
    BUTTON = "button"
    EDITED = "edited"
    DELETED = "deleted"
    UNSUPPORTED = "unsupported"


SILENT_TYPES = frozenset({MessageType.REACTION, MessageType.DELETED})
"""Kinds that are recorded and shown but ask for no answer."""

START = "start"
"""Event kind of a customer who opened the chat by a button or a link of ours and has not said anything yet."""
STANDBY = "standby"
"""Event kind of what a customer wrote while another app had the conversation."""
OPT_OUT = "opt_out"
"""Event kind of a word by which a customer stops, resumes or asks about the messages, and which the vendor itself has answered."""
SYSTEM = "system"
"""Event kind of what the channel itself says of a customer, such as a new telephone number."""
SILENT_KINDS = frozenset({START, STANDBY, OPT_OUT, SYSTEM})
"""Event kinds that are recorded and shown but ask for no answer, whatever their type."""


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    NOTE = "note"
    """Private, between managers; never leaves through a channel."""


class Sender(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    MANAGER = "manager"


class Purpose(StrEnum):
    """Why an outbound message was written."""

    ANSWER = "answer"
    OFFER = "offer"
    GREETING = "greeting"
    HOLDING = "holding"
    APOLOGY = "apology"
    REPLY = "reply"
    TALKING_TO = "talking_to"
    """Who has the conversation now."""
    BOT_BACK = "bot_back"
    """That the bot has it again."""


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """May have been sent; never sent again blindly."""


DELIVERY_RANK = {
    DeliveryState.QUEUED: 0,
    DeliveryState.SENDING: 1,
    DeliveryState.UNKNOWN: 2,
    DeliveryState.FAILED: 3,
    DeliveryState.SENT: 4,
    DeliveryState.DELIVERED: 5,
    DeliveryState.READ: 6,
}
"""Receipts arrive out of order: a state is only ever replaced by one of a higher rank (our own retry apart)."""


class Attachment(Model):
    """`url` is a vendor's or our own address (`/files/{id}`); bytes never stand in a payload."""

    type: MessageType
    url: str = Field(max_length=2_000)
    mime_type: str | None = Field(default=None, max_length=200)
    name: str | None = Field(default=None, max_length=255)
    size: int | None = Field(default=None, ge=0, description="bytes")
    problem: str | None = Field(default=None, max_length=300, description="Why the file could not be fetched from its vendor.")


class InboundMessage(Model):
    """One message of a customer, whatever the channel.

    `id` is UUIDv5(inbox, event kind, provider id), see `domain.ids.inbound_message_id`.
    """

    id: str
    provider_id: str
    kind: str = "message"
    """The provider's event kind: part of the dedupe key, because edits and reactions reuse the message's id."""
    type: MessageType = MessageType.TEXT
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    language: str | None = None
    """BCP 47. At the door the channel's hint, if it has one; as recorded, the language that the conversation is in with this message."""
    shown_language: str | None = None
    """What the text itself shows; None where it is too short to tell."""
    sent_at: UtcDatetime | None = None
    received_at: UtcDatetime
    raw_kind: str | None = None
    """The vendor's own word, kept for `unsupported`."""
    context: str = Field(default="", max_length=300)
    """What the customer writes about, where the channel knows it: the title of a listing."""
    one_reply: bool = False
    """The channel takes a single answer to this: no greeting, holding line or offer may use it up."""


class MessageRef(Model):
    """Names one message to us (`id`) and to the channel (`provider_id`)."""

    id: str
    provider_id: str | None = None


class OutboundMessage(Model):
    """One message on its way to a customer. Its `id` is the idempotency key wherever a channel takes one."""

    id: str
    conversation_id: str
    inbox_id: str
    contact_id: str
    sender: Sender
    author_id: str | None = None
    """The manager who wrote it."""
    purpose: Purpose
    text: str
    attachments: tuple[Attachment, ...] = ()
    quick_replies: tuple[str, ...] = ()
    """Shown as buttons where the channel has them; the text must make sense without."""
    template: TemplateUse | None = None
    """An approved template; `text` is what the customer reads of it."""
    human_tag: bool = False
    """Goes out as a person's reply after the window: decided in the moment of sending."""
    emphasis: tuple[Emphasis, ...] = ()
    """What stands out in the text, where the channel can show it."""
    sources: str = ""
    """Document and page, said below the text on channels that show no citations; empty where the inbox does not want it."""
    whole: bool = False
    """The channel takes a single answer here: it is never split."""
    in_reply_to: tuple[MessageRef, ...] = ()
    citations: tuple[Citation, ...] = ()
    confidence: float | None = None
    epoch: int
    """The conversation's epoch when it was decided. A bot's message of an older epoch than the conversation's is never sent."""
    created_at: UtcDatetime


class Message(Model):
    """A message as it is recorded and shown. The API's `messages` items are these."""

    id: str
    conversation_id: str
    direction: Direction
    sender: Sender
    author_id: str | None = None
    author_name: str | None = None
    type: MessageType
    raw_kind: str | None = None
    """The vendor's own word for an inbound message's kind, where ours says less."""
    context: str = ""
    """What an inbound message is about, where the channel knows it: the title of a listing."""
    text: str
    attachments: tuple[Attachment, ...] = ()
    quick_replies: tuple[str, ...] = ()
    provider_id: str | None = None
    purpose: Purpose | None = None
    delivery: DeliveryState | None = None
    """None for inbound messages and notes."""
    delivery_error: str | None = None
    attempts: int = 0
    in_reply_to: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    confidence: float | None = None
    turn_id: str | None = None
    """Under which the passages that a bot's reply was made from are stored."""
    language: str | None = None
    """Of a customer's message; see `InboundMessage.language`."""
    template: str | None = None
    """The name of the approved template that it was sent as."""
    created_at: UtcDatetime


class DeliveryReceipt(Model):
    """What a channel reports about a message that we sent; matched by our id or by the channel's.

    With neither, it is about everything that was sent to `address` up to `at`.
    """

    message_id: str | None = None
    provider_id: str | None = None
    address: str | None = None
    state: DeliveryState
    error: str | None = None
    window_closed: bool = False
    """FAILED because the customer wrote too long ago."""
    at: UtcDatetime


class Arrival(Model):
    """A message as a channel's `parse` hands it over: who wrote it, and what."""

    address: str
    """The channel's own user id on this inbox."""
    aliases: tuple[str, ...] = ()
    """Other addresses of the same person here, by the channel's word or another spelling: what comes from them is the same conversation."""
    name: str | None = None
    message: InboundMessage
    body_hash: str
    """SHA-256 over what makes two deliveries the same message; a repeat with another hash is a conflict."""


class Echo(Model):
    """Something that left through the channel without us: a person answered in the channel's own app."""

    address: str
    provider_id: str
    message_id: str | None = None
    """Our id where the channel returns it; then the echo is ours."""
    own_without_id: bool = False
    """The channel echoes what we send too, and without our id: until a send has its answer, only the text tells whose it is."""
    text: str
    at: UtcDatetime


class Ignored(Model):
    """An event that is left alone on purpose; the reason is logged."""

    reason: str


class ResourceChanged(Model):
    """A vendor tells that something is new or different, and where it can be read; nothing else in its notification is believed."""

    topic: str
    resource: str
    """In a form that was checked, so that an address may be made from it."""
    actions: tuple[str, ...] = ()
    """The vendor's words for what happened, if it says."""


InboundEvent = Arrival | DeliveryReceipt | Echo | Ignored | ResourceChanged


class Recipient(Model):
    """Where an outbound message goes."""

    channel: ChannelKind
    inbox_id: str
    address: str
