"""The ports through which activities reach the world. Each is small; storage, knowledge, assistant, channels and notifications
implement them, tests stand in with named fakes."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from domain.alarms import ChannelAlarm
from domain.channels import ChannelCheck, ChannelFeatures, ChannelKind, HandshakeReply, OutgoingFile, RateLimit, SendOutcome, WebhookRequest
from domain.commands import Verdict
from domain.conversations import Conversation, ConversationRecord, RecordedMessages
from domain.drafting import Asked
from domain.fetching import Fetched, Renewal, Swept, TokenState
from domain.knowledge import Chunk, Document, Evidence, ModelUse, Reading
from domain.ladder import Medium
from domain.managers import Inbox, Manager
from domain.media import Download
from domain.messages import Arrival, Attachment, DeliveryReceipt, Echo, InboundEvent, Message, OutboundMessage, Recipient, ResourceChanged
from domain.notices import Debt, Digest, PushKeys, PushSubscription
from domain.recalibration import Judgement
from domain.templates import Template
from domain.turns import Heard, Notice, Recorded, Told

Credentials = Mapping[str, str]
"""A channel's settings, decrypted. Lives as long as one call; never logged, never in a payload."""


class Claim(StrEnum):
    """Whether an attempt to send may begin."""

    GRANTED = "granted"
    SUPERSEDED = "superseded"
    """A newer epoch is recorded: a person has the conversation."""
    SETTLED = "settled"
    """It was sent, or failed for good, by an earlier attempt."""
    INTERRUPTED = "interrupted"
    """An earlier attempt died in mid-send: it may have been sent."""


class ConversationStore(Protocol):
    """The read model, written by activities only. Every call is one transaction and safe to repeat."""

    async def record(
        self, recorded: RecordedMessages, *, evidence: tuple[str, Evidence] | None = None, verdict: Verdict | None = None
    ) -> Recorded:
        """Writes the conversation (highest version wins), its new inbound messages, a turn's evidence under its id, and a verdict.

        Raises NotFound if the inbox is gone.
        """
        ...

    async def close(self, record: ConversationRecord, summary: str) -> None: ...

    async def name_of_manager(self, manager_id: str) -> str:
        """Empty if there is none."""
        ...

    async def waits(self, inbox_id: str, since: datetime) -> Sequence[tuple[datetime, float | None]]:
        """When customers were told to wait since then, and after how many minutes a person answered; None: nobody did."""
        ...

    async def evidence(self, turn_id: str) -> Evidence | None: ...

    async def keep_reading(self, conversation_id: str, turn_id: str, reading: Reading, *, evidence: Evidence | None = None) -> None:
        """Writes what a language model made of a turn, and the evidence that it was given where that is another than before."""
        ...

    async def messages(self, conversation_id: str, *, limit: int = 40) -> Sequence[Message]:
        """The newest `limit` messages, oldest first; notes included."""
        ...

    async def message(self, message_id: str) -> Message:
        """Raises NotFound."""
        ...

    async def get(self, conversation_id: str) -> Conversation:
        """Raises NotFound."""
        ...

    async def set_attachment(self, message_id: str, position: int, attachment: Attachment) -> None:
        """Replaces one attachment of a message. Raises NotFound."""
        ...


@dataclass(frozen=True)
class Call:
    """A conversation that has to ask again who gets it."""

    workflow_id: str
    conversation_id: str
    away_manager_id: str | None = None
    """It is offered to this manager, or this manager has it, and is away."""


class LineStore(Protocol):
    async def calls(self, now: datetime) -> Sequence[Call]:
        """Conversations in line that somebody is free for, oldest first; and those of managers who are away."""
        ...

    async def leave(self, conversation_id: str) -> None:
        """For a conversation whose workflow is gone: it must not stand before those that can be offered."""
        ...


class Pacing(Protocol):
    async def wait(self, place: str, inbox_id: str, receiver: str, limits: Sequence[RateLimit]) -> float:
        """Seconds until the message at this place may leave; 0 = now. The same place again changes nothing."""
        ...


class OutgoingFiles(Protocol):
    async def load(self, file_id: str) -> OutgoingFile:
        """Raises NotFound."""
        ...

    def link(self, file_id: str) -> str:
        """Where it can be fetched for a day, by whoever has the link."""
        ...


class FileStore(Protocol):
    async def put(self, content: bytes, *, name: str, mime_type: str) -> str:
        """The new file's id, which cannot be guessed."""
        ...


class JudgementStore(Protocol):
    async def add(self, judgement: Judgement) -> None:
        """One for each turn: what a person says replaces what was there, what was only seen never does."""
        ...


class SendLedger(Protocol):
    """The outbound messages' rows: queued, sending, then sent, failed or unknown."""

    async def claim(
        self, message: OutboundMessage, record: ConversationRecord, *, turn_id: str | None, idempotent: bool
    ) -> tuple[Claim, Recipient]:
        """Marks the row `sending`, in one transaction with the epoch check, before anything is sent.

        A row found `sending` is GRANTED again where the receiver drops repeats (`idempotent`), else INTERRUPTED and set to `unknown`.
        """
        ...

    async def recipient(self, record: ConversationRecord) -> Recipient:
        """Where a reply in this conversation goes now. Raises NotFound."""
        ...

    async def settle(self, message_id: str, outcome: SendOutcome) -> None:
        """Writes how the attempt ended; RETRY puts the row back to `queued`."""
        ...

    async def keep_unsaid(self, message: OutboundMessage, error: str) -> None:
        """A row of its own, failed, for the parts that can't follow the one before any more. Safe to repeat."""
        ...

    async def outcome(self, message_id: str) -> SendOutcome:
        """How a settled message ended: SENT, FAILED or UNKNOWN."""
        ...

    async def is_ours(self, inbox_id: str, provider_id: str) -> bool:
        """Whether a message of ours has this name at the channel."""
        ...


class UnknownSends(Protocol):
    """Messages of which nobody knows whether they were sent."""

    async def unknown(self, inbox_id: str, *, since: datetime) -> Sequence[tuple[OutboundMessage, Recipient]]: ...


class InboxStore(Protocol):
    async def list(self) -> Sequence[Inbox]: ...

    async def get(self, inbox_id: str) -> Inbox:
        """Raises NotFound."""
        ...

    async def credentials(self, inbox_id: str) -> Credentials:
        """Raises NotFound."""
        ...


class DocumentStore(Protocol):
    """Bytes, chunks and vectors of documents. Publishing makes a new knowledge version."""

    async def get(self, document_id: str) -> Document: ...

    async def content(self, document_id: str) -> bytes: ...

    async def progress(self, document_id: str, *, step: str, share: float) -> None: ...

    async def fail(self, document_id: str, error: str) -> None: ...

    async def publish(self, document_id: str, *, pages: int, chunks: Sequence[Chunk]) -> int:
        """Replaces the document's chunks, marks it ready and returns the new knowledge version; one transaction."""
        ...

    async def version(self) -> int: ...

    async def published(self) -> tuple[int, Sequence[Chunk], Mapping[str, str]]:
        """The version, every chunk of every ready document, and file names by document id; one consistent read."""
        ...


class Retriever(Protocol):
    async def search(self, question: str, *, threshold: float, documents: tuple[str, ...] = ()) -> Evidence:
        """Looks the question up in the published documents; `threshold` only matters to what a caller shows beside it.

        With `documents`, file names, nothing else is looked at.
        """
        ...


class Listener(Protocol):
    async def hear(self, question: str, *, earlier: Sequence[str], told: Sequence[Told]) -> Heard:
        """How the customer sounds, and whether the same was asked before in this conversation, of the bot or of a person."""
        ...


class Assistant(Protocol):
    """The language model."""

    async def stand_alone(self, question: str, turns: Sequence[Message]) -> tuple[str, ModelUse]:
        """A follow-up question in words that stand alone; the same question where they do already. Raises AssistantFailed."""
        ...

    async def read(self, asked: Asked) -> Reading:
        """A grounded, checked draft, or why there is none. Raises AssistantFailed if no usable reply comes."""
        ...


class Channel(Protocol):
    """One messaging channel: prove, read, send. Data that differs between channels stands in `features`."""

    kind: ChannelKind
    features: ChannelFeatures

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        """The answer to a vendor's set-up request; None if this is not one. Raises AuthenticityError."""
        ...

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        """Raises AuthenticityError unless the request provably comes from the vendor. No secret configured = refused."""
        ...

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        """Every event of the body, in order. Raises InvalidInput naming what was wrong."""
        ...

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """One attempt. Never raises for what the vendor answers."""
        ...


@runtime_checkable
class Acknowledging(Protocol):
    """A channel whose vendor reads what its webhook is answered with."""

    def acknowledgement(self, request: WebhookRequest) -> HandshakeReply | None:
        """What the vendor is told once everything that the request brought is durable; None = nothing but the status."""
        ...


@runtime_checkable
class Checkable(Protocol):
    """A channel that can ask its vendor how the inbox stands."""

    async def check(self, credentials: Credentials, *, webhook_url: str) -> ChannelCheck:
        """Tries the credentials and sets up what can be set up from here. Never raises for what the vendor answers."""
        ...


class Downloader(Protocol):
    async def get(self, url: str, *, base: str = "", hosts: tuple[str, ...] = (), headers: Mapping[str, str] | None = None) -> Download:
        """`headers` prove who asks: they go to `base` and to `hosts` alone. Raises MediaNotFetched."""
        ...


@runtime_checkable
class ShowsActivity(Protocol):
    """A channel that shows a customer that a message was read and that somebody is writing."""

    activity_lasts: float
    """Seconds after which the sign is gone by itself."""

    async def show_activity(self, recipient: Recipient, credentials: Credentials, *, seen: str | None, typing: bool) -> None:
        """`seen` is the customer's newest message. The vendor's answer is not looked at. Raises InvalidInput, and what a call raises."""
        ...


class CustomerSigns(Protocol):
    async def show(self, conversation_id: str, *, typing: bool) -> float | None:
        """Seconds for which it shows; None if nothing does. Never raises."""
        ...

    def while_preparing(self, conversation_id: str) -> AbstractAsyncContextManager[None]:
        """Shows that somebody is writing for as long as it is open."""
        ...


@runtime_checkable
class Closable(Protocol):
    """A channel that only its vendor can tell whether a customer may still be written to."""

    async def closed_for(self, address: str, credentials: Credentials) -> str | None:
        """Why nothing can be written there, for a manager to read; None if something can, or if nobody knows. Never raises for what the
        vendor answers."""
        ...


class ShowsLater(Protocol):
    def show(self, conversation_id: str, *, typing: bool) -> None:
        """As `CustomerSigns.show`, and nobody waits for it."""
        ...


Attempt = Callable[[], Awaitable[SendOutcome]]
"""One attempt to send, as `Channel.send` makes it."""


@runtime_checkable
class Preparing(Protocol):
    """A channel that has to ask its vendor something before it can send."""

    async def prepare(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> Attempt:
        """Asks, sends nothing, and gives the one attempt that is left to make. Never raises for what the vendor answers."""
        ...


@runtime_checkable
class SendsFiles(Protocol):
    """A channel that files leave through, each as a message of its own."""

    async def send_file(self, message: OutboundMessage, file: OutgoingFile, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """One attempt. Never raises for what the vendor answers."""
        ...


@runtime_checkable
class MediaSource(Protocol):
    """A channel whose files need more than a plain request."""

    async def media(self, attachment: Attachment, credentials: Credentials, downloads: Downloader) -> Download:
        """Raises MediaNotFetched, and InvalidInput for settings."""
        ...


@runtime_checkable
class Templated(Protocol):
    """A channel whose vendor keeps approved templates."""

    async def templates(self, credentials: Credentials) -> Sequence[Template]:
        """The approved ones, those that can't be sent from here included. Raises InvalidInput for settings, VendorFailed."""
        ...


@runtime_checkable
class Fetching(Protocol):
    """A channel whose notifications only say where to look."""

    async def fetch(self, changed: ResourceChanged, inbox: Inbox, credentials: Credentials, *, now: float) -> Fetched:
        """Reads what changed. Never raises for what the vendor answers."""
        ...

    async def sweep(self, credentials: Credentials, *, now: float) -> Swept:
        """Looks for what no notification told of, or none that got through."""
        ...


@runtime_checkable
class Confirming(Protocol):
    """A channel whose vendor can be asked whether a message arrived there."""

    async def confirm(
        self, message: OutboundMessage, recipient: Recipient, credentials: Credentials, is_known: Callable[[str], Awaitable[bool]]
    ) -> SendOutcome | None:
        """SENT, with the name it has there; None if nothing shows it. `is_known` tells the names that other messages of ours have."""
        ...


@runtime_checkable
class Naming(Protocol):
    """A channel whose messages don't bring the customer's name, and whose vendor can be asked for it."""

    async def name_of(self, address: str, credentials: Credentials) -> str | None:
        """None if the vendor tells none. Never raises for what the vendor answers."""
        ...


class ContactNames(Protocol):
    """Contacts that nobody has told the name of."""

    async def unnamed(self, inbox_id: str, *, since: datetime, limit: int) -> Sequence[tuple[str, str]]:
        """Contact and address of who has a conversation with a message since then."""
        ...

    async def name(self, contact_id: str, name: str) -> None: ...


@runtime_checkable
class Renewable(Protocol):
    """A channel whose access tokens end and can be exchanged for new ones."""

    def can_renew(self, credentials: Credentials) -> bool:
        """Whether these settings hold what an exchange takes, even after the vendor has refused the token."""
        ...

    def renewal_due(self, credentials: Credentials, state: TokenState, *, now: datetime) -> bool: ...

    async def renew(self, credentials: Credentials) -> Renewal:
        """One request. The caller sees to it that nobody else renews meanwhile, and stores what comes back."""
        ...


class TokenStore(Protocol):
    """Access tokens and what is known of them."""

    async def state(self, inbox_id: str) -> tuple[Credentials, TokenState]:
        """The settings, and what is known of the token among them. Raises NotFound."""
        ...

    async def rotate(self, inbox_id: str, spent: str, renew: Callable[[Credentials], Awaitable[Renewal]]) -> tuple[Credentials, TokenState]:
        """Exchanges the token, unless it is `spent` no more: then somebody was faster, and theirs is given back.

        One transaction with a lock on the inbox: a refresh token that works once is used once.
        """
        ...

    async def refused(self, inbox_id: str, spent: str, problem: str) -> None:
        """Notes that the vendor does not take this token and nobody can renew it, unless another one is set by now."""
        ...

    async def alarms(self, *, now: datetime) -> Sequence[ChannelAlarm]:
        """Of every inbox whose present token needs a person."""
        ...

    async def warned(self, inbox_id: str) -> None:
        """Notes that managers were told of the problem."""
        ...


class ChangeLog(Protocol):
    """What changed, for the pages that are open."""

    async def prune(self, before: datetime) -> None:
        """Deletes what is older, except for the newest change."""
        ...


class Inlet(Protocol):
    """The way into the conversations for what was read at a vendor; `gateway.ConversationGateway`."""

    async def receive(self, inbox: Inbox, arrival: Arrival) -> object:
        """Returns once the message is durable. Raises Conflict and EngineUnavailable."""
        ...

    async def deliver_event(self, inbox: Inbox, event: DeliveryReceipt | Echo) -> None:
        """Raises EngineUnavailable."""
        ...

    async def note_change(self, inbox_id: str, changed: ResourceChanged) -> None:
        """What changed will be read. Raises EngineUnavailable."""
        ...


class Bell(Protocol):
    """Tells a person, outside the dashboard, that a channel does not work."""

    async def warn(self, alarm: ChannelAlarm, person: Manager) -> None:
        """Raises NotTold; `retryable` says whether the same may be tried again."""
        ...


class People(Protocol):
    async def list(self) -> Sequence[Manager]: ...


class Notifier(Protocol):
    """Tells a person something outside the dashboard, by one medium."""

    async def tell(self, digest: Digest) -> None:
        """One message. Raises NotTold; `retryable` says whether the same may be tried again."""
        ...


class NoticeLedger(Protocol):
    """One event is told once per rung, person and medium, even when a worker dies between; `storage.notices` says how."""

    async def owe(self, notice: Notice, media: Collection[Medium], *, now: datetime) -> None:
        """Writes down whom the rung tells; a repeat changes nothing."""
        ...

    async def debts(self, notice: Notice) -> Sequence[Debt]:
        """Whom the rung still has to tell."""
        ...

    async def claim(self, debt: Debt, *, now: datetime) -> Digest | None:
        """Everything that the person may be told now by the medium, before anything is sent; None if there is nothing."""
        ...

    async def settle(self, digest: Digest, *, now: datetime, error: str | None = None) -> None:
        """Told; with an error: given up for good."""
        ...

    async def put_back(self, digest: Digest, *, now: datetime, error: str, retry_after: timedelta) -> None:
        """Nothing was told: it is owed again."""
        ...


LanguageOf = Callable[[str, Sequence[str]], str | None]
"""The language, of those given, that a text shows; None where it is too short to tell."""


class PushStore(Protocol):
    """Browsers that take push messages, and the keys by which their vendors know us."""

    async def keys(self) -> PushKeys: ...

    async def of(self, manager_id: str) -> Sequence[PushSubscription]: ...

    async def forget(self, subscription_id: str) -> None:
        """The browser takes no messages any more."""
        ...


class PushService(Protocol):
    async def post(self, url: str, *, headers: Mapping[str, str], content: bytes) -> tuple[int, float | None]:
        """The answer's status, and the seconds after which it asks to be tried again. Raises NotTold; addresses in private networks are
        refused, because browsers name them."""
        ...


Progress = Callable[[str, float], None]
"""Called with the step's words and the share done, 0 to 1."""
