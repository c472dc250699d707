"""The ports through which activities reach the world. Each is small; storage, knowledge, assistant, channels and notifications
implement them, tests stand in with named fakes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from domain.channels import ChannelCheck, ChannelFeatures, ChannelKind, HandshakeReply, SendOutcome, WebhookRequest
from domain.commands import Verdict
from domain.conversations import ConversationRecord, RecordedMessages
from domain.drafting import Asked
from domain.knowledge import Chunk, Document, Evidence, ModelUse, Reading
from domain.ladder import Medium
from domain.managers import Inbox
from domain.messages import InboundEvent, Message, OutboundMessage, Recipient
from domain.notices import Debt, Digest
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

    async def evidence(self, turn_id: str) -> Evidence | None: ...

    async def keep_reading(self, conversation_id: str, turn_id: str, reading: Reading, *, evidence: Evidence | None = None) -> None:
        """Writes what a language model made of a turn, and the evidence that it was given where that is another than before."""
        ...

    async def messages(self, conversation_id: str, *, limit: int = 40) -> Sequence[Message]:
        """The newest `limit` messages, oldest first; notes included."""
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


class SendLedger(Protocol):
    """The outbound messages' rows: queued, sending, then sent, failed or unknown."""

    async def claim(
        self, message: OutboundMessage, record: ConversationRecord, *, turn_id: str | None, idempotent: bool
    ) -> tuple[Claim, Recipient]:
        """Marks the row `sending`, in one transaction with the epoch check, before anything is sent.

        A row found `sending` is GRANTED again where the receiver drops repeats (`idempotent`), else INTERRUPTED and set to `unknown`.
        """
        ...

    async def settle(self, message_id: str, outcome: SendOutcome) -> None:
        """Writes how the attempt ended; RETRY puts the row back to `queued`."""
        ...

    async def outcome(self, message_id: str) -> SendOutcome:
        """How a settled message ended: SENT, FAILED or UNKNOWN."""
        ...


class InboxStore(Protocol):
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
    async def search(self, question: str, *, threshold: float) -> Evidence:
        """Looks the question up in the published documents; `threshold` only matters to what a caller shows beside it."""
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

Progress = Callable[[str, float], None]
"""Called with the step's words and the share done, 0 to 1."""
