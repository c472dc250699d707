"""The signals of a conversation. One frozen model each, imperative, carrying an id, so that a repeat changes nothing."""

from domain.channels import ChannelKind
from domain.conversations import HandOffReason
from domain.ids import derived_id
from domain.messages import Attachment, DeliveryReceipt, Echo, InboundMessage, MessageRef
from domain.model import Model, UtcDatetime
from domain.policy import Policy
from domain.templates import TemplateUse


class StartConversation(Model):
    """What a run is started with. Credentials and addresses never stand here: this is kept in the workflow's history."""

    inbox_id: str
    channel: ChannelKind
    contact_id: str
    policy: Policy
    """As it was at the door; every turn's first activity brings the current one."""
    last_written_at: UtcDatetime | None = None
    """When the customer last wrote in an earlier episode, where one is known: a reply that opens this one is judged by it."""


class ReceiveMessage(Model):
    message: InboundMessage


class Verb(Model):
    """Something a person wants. `conversation_id` is the episode that was meant: a verb for another one is refused as stale."""

    action_id: str
    conversation_id: str
    manager_id: str


class PostReply(Verb):
    text: str
    template: TemplateUse | None = None
    """An approved template; `text` is then what the customer reads of it."""
    attachments: tuple[Attachment, ...] = ()
    keep: bool = False
    """The manager keeps the conversation after this reply; otherwise it goes back to the bot."""
    last_seen_message_id: str | None = None
    opens_episode: bool = False
    """The conversation was closed when this was sent: it opens the next one."""
    resends: str | None = None
    """The message of which nobody knows whether it arrived, and whose place this takes."""
    answers: tuple[MessageRef, ...] | None = None
    """What a message that is sent again answered: whatever else waits goes on waiting. None: it answers all that waits."""


class Take(Verb):
    force: bool = False
    """Take it from another manager."""
    opens_episode: bool = False


class Release(Verb):
    """Hand the conversation back to the bot."""

    note: str = ""


class HandOffToPerson(Verb):
    reason: HandOffReason = HandOffReason.MANUAL


class Assign(Verb):
    assignee_id: str


class Snooze(Verb):
    until: UtcDatetime


class Resolve(Verb):
    last_seen_message_id: str | None = None


PersonVerb = PostReply | Take | Release | HandOffToPerson | Assign | Snooze | Resolve

_MAY_DIFFER = {"action_id", "opens_episode", "last_seen_message_id", "keep", "until"}
"""What a repeat of the same action may say differently: a page that was refreshed, or a clock, decides it."""


def fingerprint(verb: PersonVerb) -> str:
    """The same for repeats of one action, another for everything else that is sent under its id."""
    return derived_id(type(verb).__name__, verb.model_dump_json(exclude=_MAY_DIFFER))


class RecordDelivery(Model):
    """A failure, evidence for an `unknown` send, or an echo of a person answering in the channel's own app."""

    receipt: DeliveryReceipt | None = None
    echo: Echo | None = None


class OfferAgain(Model):
    """Somebody may be free for a conversation in line; or the manager to whom it is offered, or who has it, is away."""

    conversation_id: str
    away_manager_id: str | None = None


class RefusedBecause:
    """Why a verb was refused, as the API says it."""

    STALE = "stale"
    CLOSED = "closed"
    OWNED = "owned"
    UNSEEN = "unseen"
    WINDOW_CLOSED = "window_closed"
    NOT_POSSIBLE = "not_possible"


class Verdict(Model):
    """What the conversation made of a verb; one row for each `action_id`."""

    action_id: str
    conversation_id: str
    verb: str
    accepted: bool
    reason: str | None = None
    """One of `RefusedBecause`."""
    detail: str = ""
    owner_id: str | None = None
    unseen: tuple[str, ...] = ()
    """Ids of the messages that the person had not seen."""
    message_id: str | None = None
    """The reply that was accepted."""
    resends: str | None = None
    """The unknown message whose place the accepted reply takes: with this verdict it counts as failed."""
    fingerprint: str | None = None
    """Of the verb that was judged; None in rows that are older than this field."""
    at: UtcDatetime


class Snapshot(Model):
    """The one query: what the workflow holds now. For operators and tests, never on the dashboard's path."""

    conversation_id: str
    status: str
    epoch: int
    version: int
    assignee_id: str | None
    offered_to: str | None = None
    pending: tuple[str, ...]
    outbox: tuple[str, ...]
    due: dict[str, str]
    history_length: int
