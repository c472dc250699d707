"""A whole conversation in one process: real workflow, real activities, real SQLite; the documents and the vendor are stand-ins."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from temporalio.client import Client
from temporalio.worker import Worker

from activities.assistant import AssistantActivities
from activities.delivery import DeliveryActivities
from activities.heartbeat import HeartbeatInterceptor
from activities.line import LineWatch
from activities.mail import MailActivities
from activities.notices import NoticeActivities
from activities.records import RecordActivities
from activities.tokens import TokenKeeper
from activities.turns import TurnActivities
from channels.languages import language_of
from channels.registry import FEATURES
from domain.channels import ChannelFeatures, ChannelKind, HandshakeReply, SendOutcome, SendResult, WebhookRequest
from domain.commands import PersonVerb, PostReply, Release, Resolve, Take, Verdict
from domain.conversations import Conversation as View
from domain.conversations import Section, Status
from domain.drafting import DraftPolicy
from domain.errors import NotFound
from domain.ids import inbound_message_id
from domain.knowledge import ChunkKind, Citation, Draft, Evidence, Passage
from domain.ladder import Medium
from domain.managers import Availability, Inbox, Manager, Role
from domain.messages import Arrival, Direction, InboundEvent, InboundMessage, Message, MessageType, OutboundMessage, Recipient
from domain.notices import Digest
from domain.ports import Assistant, Credentials
from domain.turns import Heard, Told
from gateway import ConversationGateway, Received
from storage.files import FileLinks
from storage.pacing import Pacing
from storage.stores import Stores, open_stores
from workflows.conversation import Conversation
from workflows.mail import AnswerByMail

KNOWN = {
    "do you ship to chile?": "Yes, in 5 to 8 days.",
    "do you ship to peru?": "Yes, in 6 to 9 days.",
    "how long is the warranty?": "Two years.",
    "hi do you ship to chile?": "Yes, in 5 to 8 days.",
}
NEAR = "warranty or shipping?"
PATIENCE_SECONDS = 20.0


class Documents:
    """A retriever that knows a few answers by heart."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.known = dict(KNOWN)
        self.documents_asked: list[tuple[str, ...]] = []
        self.gate: asyncio.Event | None = None
        """Holds every look-up back until it is set."""

    async def search(self, question: str, *, threshold: float, documents: tuple[str, ...] = ()) -> Evidence:
        self.asked.append(question)
        self.documents_asked.append(documents)
        if self.gate is not None:
            await self.gate.wait()
        words = " ".join(question.lower().split())
        if words == NEAR:
            return self._evidence("Two years.", 0.4, suggestions=("How long is the warranty?", "Do you ship to Chile?"))
        answer = self.known.get(words)
        return self._evidence(answer, 0.9) if answer else Evidence()

    async def hear(self, question: str, *, earlier: Sequence[str], told: Sequence[Told]) -> Heard:
        """The same words are the same question, and capitals are anger."""
        words = question.lower().split()
        said = [one.message_id for one in told if one.question.lower().split() == words]
        repeats = sum(text.lower().split() == words for text in earlier)
        return Heard(upset=float(question.isupper()), repeats=repeats, said_by_person=said[-1] if said else None)

    def _evidence(self, answer: str, confidence: float, suggestions: tuple[str, ...] = ()) -> Evidence:
        passage = Passage(chunk_id="c1", document_id="d1", document="shop.pdf", page=2, kind=ChunkKind.TEXT, text=answer, score=confidence)
        draft = Draft(text=answer, citations=(Citation(document="shop.pdf", page=2, document_id="d1"),), model="extractive")
        return Evidence(passages=(passage,), confidence=confidence, draft=draft, suggestions=suggestions, knowledge_version=7)


@dataclass
class Sent:
    message: OutboundMessage
    at: float


@dataclass
class Vendor:
    """A channel that keeps what it was asked to send. `outcomes` are given out first, then everything is accepted."""

    kind: ChannelKind = ChannelKind.REST
    features: ChannelFeatures = field(default_factory=lambda: FEATURES[ChannelKind.REST])
    sent: list[Sent] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    outcomes: list[SendOutcome] = field(default_factory=list)
    gate: asyncio.Event | None = None
    hold_from: int | None = None
    """The attempt from which none ends before `let_go`."""
    held: asyncio.Event = field(default_factory=asyncio.Event)

    def let_go(self) -> None:
        self.held.set()

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return None

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        return

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        return ()

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        self.attempts.append(message.id)
        if self.gate is not None:
            await self.gate.wait()
        if self.hold_from is not None and len(self.attempts) >= self.hold_from:
            await self.held.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else SendOutcome(result=SendResult.SENT, provider_id=f"p-{message.id}")
        if outcome.result is SendResult.SENT:
            self.sent.append(Sent(message, asyncio.get_running_loop().time()))
        return outcome

    @property
    def texts(self) -> list[str]:
        return [sent.message.text for sent in self.sent]


class Post:
    """A notifier that keeps whom it told: rung, person and conversation, and each message with its time."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.messages: list[Digest] = []
        self.faults: list[Exception] = []
        """Raised one after the other by the next messages, instead of telling."""

    async def tell(self, digest: Digest) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.messages.append(digest)
        self.told += [(customer.rung.value, digest.person.name, customer.conversation_id) for customer in digest.waiting]


class Desk:
    """What customers and managers do, and what they can see."""

    def __init__(self, client: Client, stores: Stores, inbox: Inbox, managers: tuple[Manager, ...], task_queue: str) -> None:
        self.client = client
        self.stores = stores
        self.inbox = inbox
        self.ana, self.ben = managers
        self.documents = Documents()
        self.vendor = Vendor()
        self.post = Post()
        self.notices = NoticeActivities(stores.notices, {Medium.EMAIL: self.post, Medium.SMS: self.post})
        self.mails: list[MailActivities] = []
        """Whoever lets managers answer by mail adds one."""
        self.task_queue = task_queue
        self.assistant: Assistant | None = None
        self.ratio = 4.0
        self._numbers = itertools.count(1)
        self.gateway = ConversationGateway(
            client,
            arrivals=stores.arrivals,
            conversations=stores.conversations,
            inboxes=stores.inboxes,
            receipts=stores.ledger,
            database=stores.db,
            language_of=language_of,
            task_queue=task_queue,
        )

    def watch(self) -> LineWatch:
        """As a worker has one; a test looks when it wants."""
        return LineWatch(self.stores.line, self.gateway.offer_again)

    def worker(self, **options: Any) -> Worker:
        conversations = self.stores.conversations
        records = RecordActivities(conversations, self.stores.judgements)
        drafts = DraftPolicy(configured=self.assistant is not None, ratio=self.ratio)
        turns = TurnActivities(conversations, self.documents, self.documents, drafts)
        return Worker(
            self.client,
            task_queue=self.task_queue,
            workflows=[Conversation, AnswerByMail],
            activities=[
                records.record_messages,
                records.record_verdict,
                records.first_name,
                records.close_conversation,
                turns.retrieve_passages,
                AssistantActivities(conversations, self.stores.inboxes, self.documents, self.assistant, drafts).draft_answer,
                DeliveryActivities(
                    self.stores.ledger,
                    self.stores.inboxes,
                    {self.inbox.channel: self.vendor},
                    TokenKeeper(self.stores.inboxes, self.stores.tokens, {self.inbox.channel: self.vendor}),
                    FileLinks(self.stores.files, self.stores.vault, "http://desk"),
                    Pacing(self.stores.db),
                ).deliver_message,
                self.notices.notify_managers,
                *(mail.answer_by_mail for mail in self.mails),
            ],
            interceptors=[HeartbeatInterceptor()],
            # A bug in workflow code fails the test instead of retrying for ever.
            workflow_failure_exception_types=[Exception],
            **options,
        )

    # The team

    async def there(self, who: Manager, until: datetime) -> None:
        """Their dashboard is open, and stays so until then."""
        await self.stores.attendance.seen(who.id, until)

    async def says_of_self(self, who: Manager, availability: Availability, at: datetime) -> None:
        await self.stores.attendance.say(who.id, availability, at)

    # The customer

    async def says(
        self,
        text: str,
        *,
        contact: str = "customer-7",
        message_id: str | None = None,
        kind: MessageType = MessageType.TEXT,
        language: str | None = None,
        sent_at: datetime | None = None,
    ) -> Received:
        self.inbox = await self.stores.inboxes.get(self.inbox.id)
        provider_id = message_id or f"m-{next(self._numbers)}"
        message = InboundMessage(
            id=inbound_message_id(self.inbox.id, "message", provider_id),
            provider_id=provider_id,
            type=kind,
            text=text,
            language=language,
            sent_at=sent_at,
            received_at=datetime.now(UTC),
        )
        arrival = Arrival(address=contact, name="Ana", message=message, body_hash=sha256(text.encode()).hexdigest())
        return await self.gateway.receive(self.inbox, arrival)

    # The manager

    async def act(self, verb: PersonVerb) -> Verdict:
        verdict = await self.gateway.act(verb, wait_seconds=PATIENCE_SECONDS)
        assert verdict is not None, "no verdict came"
        return verdict

    async def takes(self, who: Manager, conversation_id: str, *, force: bool = False) -> Verdict:
        return await self.act(Take(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=who.id, force=force))

    async def replies(self, who: Manager, conversation_id: str, text: str, *, keep: bool = False, seen: str | None = None) -> Verdict:
        verb = PostReply(
            action_id=str(uuid4()),
            conversation_id=conversation_id,
            manager_id=who.id,
            text=text,
            keep=keep,
            last_seen_message_id=seen,
        )
        return await self.act(verb)

    async def releases(self, who: Manager, conversation_id: str) -> Verdict:
        return await self.act(Release(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=who.id))

    async def resolves(self, who: Manager, conversation_id: str) -> Verdict:
        return await self.act(Resolve(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=who.id))

    # What can be seen

    async def sets(self, **policy: object) -> None:
        await self.stores.inboxes.set(self.inbox.id, {name: str(value) for name, value in policy.items()})

    async def view(self, conversation_id: str) -> View:
        return await self.stores.conversations.get(conversation_id)

    async def conversations(self) -> tuple[View, ...]:
        return (await self.stores.conversations.page(Section.ALL, manager_id=None)).items

    async def messages(self, conversation_id: str) -> Sequence[Message]:
        return await self.stores.conversations.messages(conversation_id, limit=200)

    async def replies_to(self, conversation_id: str, message_id: str) -> list[Message]:
        return [
            message
            for message in await self.messages(conversation_id)
            if message.direction is Direction.OUTBOUND and message_id in message.in_reply_to
        ]

    async def until_status(self, conversation_id: str, status: Status) -> View:
        async def has_it() -> bool:
            try:
                return (await self.view(conversation_id)).status is status
            except NotFound:
                return False

        await until(has_it, f"the conversation is {status}")
        return await self.view(conversation_id)

    async def until_sent(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.vendor.sent) >= count

        await until(enough, f"{count} messages are sent")


async def until(condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Waits for a condition of the outside world."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited {seconds} s until {what}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def open_desk(client: Client, database_url: str, kind: ChannelKind = ChannelKind.REST, /, **policy: object) -> AsyncIterator[Desk]:
    """A desk with two managers and one inbox; no worker yet."""
    async with open_stores(database_url, "a key for tests", FEATURES) as stores:
        own = {"secret": "s", "callback_url": "https://shop.example/replies"}
        if kind is not ChannelKind.REST:
            own = dict.fromkeys(FEATURES[kind].required_settings, "1")
        settings = {**own, "quiet_window_seconds": "0", "answer_threshold": "0.5"}
        given = {name: str(value) for name, value in policy.items()}
        inbox = await stores.inboxes.add(kind, "Shop", inbox_id="shop", settings={**settings, **given})
        ana = await stores.people.add("ana@shop.example", "Ana", Role.OWNER, phone="+5491112345678")
        ben = await stores.people.add("ben@shop.example", "Ben", Role.MANAGER)
        desk = Desk(client, stores, inbox, (ana, ben), f"desk-{uuid4()}")
        yield desk
        await desk.gateway.settle()
