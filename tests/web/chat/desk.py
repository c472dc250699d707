"""The conversations' engine of the chat's tests: a fake that writes through the real storage what the real one would."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.commands import PersonVerb, Verdict
from domain.conversations import ClosedReason, ConversationRecord, HandOff, HandOffReason, RecordedMessages, Status
from domain.errors import EngineUnavailable
from domain.ids import derived_id
from domain.knowledge import Answer, Citation
from domain.managers import Inbox
from domain.messages import Arrival, DeliveryReceipt, Echo, OutboundMessage, Purpose, ResourceChanged, Sender
from gateway import Received
from storage.arrivals import Arrivals
from storage.conversations import Conversations
from storage.database import Database
from storage.ledger import Ledger
from storage.teamwork import Teamwork


class FakeDesk:
    """Implements `web.services.Gateway`. Tests say what the bot and the managers do."""

    def __init__(self, db: Database) -> None:
        self.arrivals, self.conversations, self.ledger, self.teamwork = Arrivals(db), Conversations(db), Ledger(db), Teamwork(db)
        self.down = False
        self.received: list[Arrival] = []
        self._news = asyncio.Event()
        self._records: dict[str, ConversationRecord] = {}
        self._workflow_of: dict[str, str] = {}

    async def receive(self, inbox: Inbox, arrival: Arrival) -> Received:
        if self.down:
            raise EngineUnavailable("The conversation engine can't be reached; try again")
        admission = await self.arrivals.admit(inbox, arrival)
        record = self._records.get(admission.workflow_id)
        if record is None or record.status is Status.CLOSED:
            record = ConversationRecord(
                conversation_id=str(uuid4()),
                workflow_id=admission.workflow_id,
                inbox_id=inbox.id,
                channel=ChannelKind.WEBCHAT,
                contact_id=admission.contact_id,
                version=0,
                epoch=0,
                status=Status.BOT,
                opened_at=datetime.now(UTC),
            )
        if not admission.accepted:
            record = self._kept(record)
            await self.conversations.record(RecordedMessages(record=record, messages=(arrival.message,)))
            await self.arrivals.accept(admission.message_id, record.conversation_id)
        self._workflow_of[arrival.address] = admission.workflow_id
        if not admission.accepted:
            self.received.append(arrival)
            self._news.set()
        return Received(message_id=admission.message_id, conversation_id=record.conversation_id, duplicate=admission.duplicate)

    async def arrived(self, count: int, *, timeout: float = 10.0) -> Arrival:
        """The newest arrival, once there are `count`."""
        async with asyncio.timeout(timeout):
            while len(self.received) < count:
                self._news.clear()
                await self._news.wait()
        return self.received[-1]

    def _kept(self, record: ConversationRecord, **changes: object) -> ConversationRecord:
        changed = record.model_copy(update={"version": record.version + 1, **changes})
        self._records[record.workflow_id] = changed
        return changed

    def record_of(self, address: str) -> ConversationRecord:
        return self._records[self._workflow_of[address]]

    async def set(self, address: str, status: Status, *, assignee_id: str | None = None) -> None:
        """Flags, takes, hands back or closes the visitor's conversation."""
        flagged = HandOff(reason=HandOffReason.MISSING_KNOWLEDGE, detail="The documents hold no answer", at=datetime.now(UTC))
        record = self._kept(
            self.record_of(address),
            status=status,
            assignee_id=assignee_id,
            hand_off=flagged if status is Status.FLAGGED else None,
            closed_at=datetime.now(UTC) if status is Status.CLOSED else None,
            closed_reason=ClosedReason.RESOLVED if status is Status.CLOSED else None,
        )
        if status is Status.CLOSED:
            await self.conversations.close(record, "About shipping.")
        else:
            await self.conversations.record(RecordedMessages(record=record))

    async def say(
        self,
        address: str,
        text: str,
        *,
        citations: tuple[Citation, ...] = (),
        quick_replies: tuple[str, ...] = (),
        author_id: str | None = None,
        result: SendResult = SendResult.SENT,
        settle: bool = True,
    ) -> str:
        """The bot (or the manager `author_id`) writes; returns the message's id."""
        record = self._kept(self.record_of(address))
        message = OutboundMessage(
            id=str(uuid4()),
            conversation_id=record.conversation_id,
            inbox_id=record.inbox_id,
            contact_id=record.contact_id,
            sender=Sender.MANAGER if author_id else Sender.BOT,
            author_id=author_id,
            purpose=Purpose.REPLY if author_id else Purpose.OFFER if quick_replies else Purpose.ANSWER,
            text=text,
            quick_replies=quick_replies,
            citations=citations,
            epoch=record.epoch,
            created_at=datetime.now(UTC),
        )
        await self.ledger.claim(message, record, turn_id=None, idempotent=True)
        if settle:
            error = None if result is SendResult.SENT else "the receiver's secret complaint"
            await self.ledger.settle(message.id, SendOutcome(result=result, provider_id=message.id, error=error))
        return message.id

    async def note(self, address: str, manager_id: str, text: str) -> None:
        await self.teamwork.add_note(self.record_of(address).conversation_id, manager_id, text, note_id=str(uuid4()))

    async def deliver_event(self, inbox: Inbox, event: DeliveryReceipt | Echo) -> None:
        raise NotImplementedError

    async def note_change(self, inbox_id: str, changed: ResourceChanged) -> None:
        raise NotImplementedError

    async def act(self, verb: PersonVerb, *, wait_seconds: float = 2.0) -> Verdict | None:
        raise NotImplementedError

    async def answer_by_mail(self, mail_id: str) -> None:
        raise NotImplementedError

    async def ask(self, question: str, inbox_id: str | None = None) -> Answer:
        raise NotImplementedError

    async def fetch_media(self, message_id: str) -> None:
        raise AssertionError("a visitor's files are ours from the start")

    async def import_document(self, document_id: str) -> None:
        raise NotImplementedError

    async def readiness(self) -> dict[str, bool]:
        return {"database": True, "temporal": True, "worker": True}

    def temporal_link(self, workflow_id: str, run_id: str) -> str | None:
        return derived_id(workflow_id, run_id)
