"""Conversations: status, what SQL shows of one, and the start of a run."""

from enum import StrEnum

from domain.channels import ChannelKind
from domain.messages import InboundMessage, OutboundMessage
from domain.model import Model, UtcDatetime
from domain.targets import ReplyTarget


class Status(StrEnum):
    BOT = "bot"
    FLAGGED = "flagged"
    """Human Feedback Needed; nobody has taken it."""
    HUMAN = "human"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class ClosedReason(StrEnum):
    RESOLVED = "resolved"
    IDLE = "idle"


class Section(StrEnum):
    """The dashboard's three lists, in this order."""

    ALL = "all"
    BOT = "bot"
    MINE = "mine"


class HandOffReason(StrEnum):
    CUSTOMER_REQUEST = "customer_request"
    MISSING_KNOWLEDGE = "missing_knowledge"
    LOW_CONFIDENCE = "low_confidence"
    KEYWORD = "keyword"
    REPEATED_QUESTION = "repeated_question"
    NEGATIVE_SENTIMENT = "negative_sentiment"
    UNSUPPORTED_CONTENT = "unsupported_content"
    ASSISTANT_FAILED = "assistant_failed"
    WINDOW_EXPIRED = "window_expired"
    MANUAL = "manual"


class HandOff(Model):
    """Why the bot stopped, and what it had looked at."""

    reason: HandOffReason
    detail: str
    at: UtcDatetime
    confidence: float | None = None
    threshold: float | None = None
    turn_id: str | None = None
    """Under which the passages that the bot looked at are stored."""


class StandingOffer(Model):
    """A flagged conversation that is offered to one manager after another, or waits in line for one."""

    since: UtcDatetime
    """Its place in the line: the oldest is offered first."""
    manager_id: str | None = None
    """To whom it is offered; None: in line."""
    expires_at: UtcDatetime | None = None
    passed: tuple[str, ...] = ()
    """Who let it expire, latest last."""
    asking: bool = True
    """The next record asks who gets it."""


class OfferWanted(Model):
    """Asks, with a record, for the manager to whom the conversation is offered."""

    at: UtcDatetime
    passed: tuple[str, ...] = ()


class Due(Model):
    """The durable timers of a conversation and when each is due."""

    idle_at: UtcDatetime | None = None
    reply_at: UtcDatetime | None = None
    snooze_until: UtcDatetime | None = None
    offer_at: UtcDatetime | None = None
    returns_at: UtcDatetime | None = None
    """When a kept conversation goes back to the bot by itself."""
    """When the offer goes to the next manager."""
    target_at: UtcDatetime | None = None
    """By when a person shall have answered, where the inbox has a target."""
    window_at: UtcDatetime | None = None
    """When the channel's window closes, or closed, for free replies."""
    person_window_at: UtcDatetime | None = None
    """Until when a person's reply may follow after that, where the inbox has the human-agent tag."""


class ConversationRecord(Model):
    """What the workflow tells SQL about a conversation. Written whole; the highest `version` wins, so a repeat does no harm."""

    conversation_id: str
    workflow_id: str
    inbox_id: str
    channel: ChannelKind
    contact_id: str
    version: int
    epoch: int
    status: Status
    closed_reason: ClosedReason | None = None
    assignee_id: str | None = None
    hand_off: HandOff | None = None
    waiting_since: UtcDatetime | None = None
    """The first customer message that no person has answered since the conversation was flagged."""
    due: Due = Due()
    language: str | None = None
    opened_at: UtcDatetime
    closed_at: UtcDatetime | None = None
    unanswered: bool = False
    """Set once nobody answered in time; a person dismisses it."""
    offered_to: str | None = None
    in_line_since: UtcDatetime | None = None
    """Flagged, to be offered, and nobody is free."""
    assigned_at: UtcDatetime | None = None
    overdue: ReplyTarget | None = None
    """A reply that did not come in time, until it comes."""


class Conversation(Model):
    """A conversation as the dashboard and the API show it."""

    id: str
    workflow_id: str
    inbox_id: str
    inbox_name: str
    channel: ChannelKind
    contact_id: str
    contact_address: str
    contact_name: str | None
    status: Status
    closed_reason: ClosedReason | None
    assignee_id: str | None
    assignee_name: str | None
    hand_off: HandOff | None
    offered_to: str | None
    """Flagged and offered to this manager until `due.offer_at`; anybody may take it."""
    offered_name: str | None
    in_line_since: UtcDatetime | None
    """Flagged, and to be offered as soon as somebody is free."""
    last_manager_id: str | None
    """Who had this conversation last."""
    last_manager_name: str | None
    waiting_since: UtcDatetime | None
    due: Due
    language: str | None
    summary: str | None
    """Of this episode, once it is closed."""
    previous_id: str | None
    unanswered: bool
    unread: int
    """Customer messages that no manager has seen, counted to 10 at most."""
    last_message_at: UtcDatetime
    last_message_text: str
    last_message_sender: str
    opened_at: UtcDatetime
    closed_at: UtcDatetime | None
    epoch: int


class Counts(Model):
    """Open conversations per section, and how many wait for a person; each stops at 1,000."""

    all: int
    bot: int
    mine: int
    flagged: int
    unanswered: int = 0
    """Closed ones included: those that nobody answered in time, until a person dismisses them."""


class RecordedMessages(Model):
    """Messages to write, with the conversation they belong to."""

    record: ConversationRecord
    messages: tuple[InboundMessage, ...] = ()
    announced: OutboundMessage | None = None
    """A line about who answers, which stands before the reply."""
    queued: OutboundMessage | None = None
    """A person's reply that was accepted and waits to be sent: shown at once."""
    offer: OfferWanted | None = None
