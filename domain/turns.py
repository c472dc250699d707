"""What passes between the workflow and its activities in one turn. Passages stay in SQL; only ids and short texts travel."""

from pydantic import Field

from domain.commands import Verdict
from domain.conversations import ConversationRecord
from domain.knowledge import Draft
from domain.ladder import Rung
from domain.messages import InboundMessage, OutboundMessage
from domain.model import Model
from domain.policy import Policy


class Told(Model):
    """What a manager answered in this conversation, and to which words of the customer."""

    message_id: str
    manager_id: str
    question: str
    reply: str


class Heard(Model):
    """What the worker hears in a turn besides its question to the documents."""

    upset: float = 0.0
    """0 to 1: how angry or desperate the customer sounds."""
    asks_person: float = 0.0
    """0 to 1: how much it sounds like a request for a person, whatever its words."""
    repeats: int = 0
    """How many of the conversation's earlier turns asked the same, by meaning."""
    said_by_person: str | None = None
    """Id of the manager's reply that has answered the same question."""


class Turn(Model):
    """One or more messages of a customer that are answered together."""

    id: str
    record: ConversationRecord
    messages: tuple[InboundMessage, ...]
    question: str
    """What is looked up: the messages' texts, or the offered question that the customer picked."""
    earlier: tuple[str, ...] = ()
    """The questions of the last turns, oldest first."""
    told: tuple[Told, ...] = ()
    """What managers have answered since the conversation began, newest last."""
    documents: tuple[str, ...] = ()
    """File names of those that the inbox answers from; empty: all."""
    topic: str | None = None
    """The question before, in words that stand alone: what a follow-up refers to."""


class Finding(Model):
    """What the documents say to a turn; the passages and signals behind it are stored under `turn_id`."""

    turn_id: str
    wants_draft: bool = False
    """A language model is configured and the passages are worth its reading: `draft_answer` follows."""
    found: bool = False
    """Whether any passage came back at all."""
    confidence: float = 0.0
    draft: Draft | None = None
    suggestions: tuple[str, ...] = ()
    knowledge_version: int = 0
    heard: Heard = Heard()
    looked_up: str = ""
    """A follow-up in the words that stand alone; empty where the customer's own were looked up."""
    detail: str = ""
    """Why the language model's reading brought no answer, in words for managers."""


class Recorded(Model):
    """What recording brings back: the inbox's policy as it is now, and what is known of the contact."""

    policy: Policy
    policy_version: int
    offered_to: str | None = None
    """The manager to whom the conversation is offered now, where the record asked for one; None: in line."""
    previous_summary: str | None = None
    """Of the last closed episode; only on a conversation's first recording."""


class Retrieved(Model):
    recorded: Recorded
    finding: Finding
    usual_wait_minutes: float | None = None
    """Within which 8 of 10 customers of the inbox were answered by a person lately; None where too little is known."""


class DraftRequest(Model):
    """Asks the language model for a grounded draft over the passages stored under the finding's turn."""

    turn_id: str
    conversation_id: str
    inbox_id: str
    question: str
    about: str = ""
    """The title of the listing that the customer asks under, where there is one."""
    language: str | None = None


class Drafted(Model):
    """The model's checked draft; None when it found no answer in the passages, or none that the checks let through."""

    draft: Draft | None = None
    confidence: float = 0.0
    """The one to decide by: a checked draft raises what retrieval alone allows."""
    found: bool = True
    suggestions: tuple[str, ...] = ()
    looked_up: str = ""
    detail: str = ""


class Delivery(Model):
    """One attempt to send one message."""

    message: OutboundMessage
    record: ConversationRecord
    """The conversation as it is when the message is decided; written before the send."""
    turn_id: str | None = None
    part: int = Field(default=1, ge=1)
    """Which of the messages that the channel's length makes of it; each is a row of the ledger."""
    attempt: int = Field(ge=1)
    last: bool = False
    """No attempt follows: what could be retried counts as failed."""
    refused: str | None = None
    """The channel's window is closed: nothing is sent, and this is why."""


class DeliveryReport(Model):
    """How one attempt ended. `superseded`: a newer epoch was recorded, the message was never sent and never will be."""

    message_id: str
    result: str
    """A `SendResult` value, or `superseded`."""
    error: str | None = None
    retry_after: float | None = None
    window_closed: bool = False
    held: bool = False
    """Nothing was tried: it is not this message's turn yet by the channel's limits."""
    parts: int = 1
    """How many the message leaves in."""


class Notice(Model):
    """Tells the managers of an inbox that a conversation needs a person. `rung` names the step of the ladder; told once per rung."""

    conversation_id: str
    inbox_id: str
    rung: Rung
    reason: str
    flagged_at: str
    """ISO time of the flag, or of the customer's last message for a reminder of the window: with the rung, the notice's identity."""
    lead: str = ""
    """The team lead's e-mail address, for the last rung."""


class NoteVerdict(Model):
    """A verdict with the conversation as it is after it."""

    record: ConversationRecord
    messages: tuple[InboundMessage, ...] = ()
    queued: OutboundMessage | None = None
    verdict: Verdict
    announced: OutboundMessage | None = None
    """The line that tells the customer who has it: stands before the reply."""


class Question(Model):
    """A question outside any conversation; `inbox_id` brings that inbox's threshold."""

    text: str
    inbox_id: str | None = None
