"""A stand-in for the conversations' engine: records every verb, judges it by the main rules, writes what activities would write."""

from datetime import UTC, datetime

from domain.channels import SendOutcome, SendResult
from domain.commands import Assign, HandOffToPerson, PersonVerb, PostReply, RefusedBecause, Release, Resolve, Snooze, Take, Verdict
from domain.conversations import ClosedReason, ConversationRecord, Due, RecordedMessages, Status
from domain.errors import EngineUnavailable, NotFound
from domain.ids import derived_id
from domain.knowledge import Answer
from domain.managers import Inbox
from domain.messages import Arrival, DeliveryReceipt, Direction, Echo, OutboundMessage, Purpose, ResourceChanged, Sender
from storage.conversations import Conversations
from storage.ledger import Ledger
from web.services import Receipt


class DeskEngine:
    """`down` makes it unreachable, `silent` gives no verdicts in time. `records` holds each conversation as it was last written."""

    def __init__(self, conversations: Conversations, ledger: Ledger) -> None:
        self._conversations = conversations
        self._ledger = ledger
        self.records: dict[str, ConversationRecord] = {}
        self.verbs: list[PersonVerb] = []
        self.verdicts: dict[str, Verdict] = {}
        self.imported: list[str] = []
        self.media: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.down = False
        self.silent = False

    async def act(self, verb: PersonVerb, *, wait_seconds: float = 2.0) -> Verdict | None:
        if self.down:
            raise EngineUnavailable("The conversation engine can't be reached; try again")
        self.verbs.append(verb)
        if self.silent:
            return None
        if verb.action_id in self.verdicts:
            return self.verdicts[verb.action_id]
        record = self.records.get(verb.conversation_id)
        if record is None:
            raise NotFound(f"There is no conversation {verb.conversation_id}")
        verdict = await self._judge(verb, record)
        self.verdicts[verb.action_id] = verdict
        return verdict

    async def _judge(self, verb: PersonVerb, record: ConversationRecord) -> Verdict:
        if record.status is Status.CLOSED and not (isinstance(verb, PostReply | Take) and verb.opens_episode):
            return self._refuse(verb, RefusedBecause.CLOSED, "This conversation is closed")
        force = isinstance(verb, Take) and verb.force
        if isinstance(verb, PostReply | Take) and record.assignee_id not in (None, verb.manager_id) and not force:
            return self._refuse(verb, RefusedBecause.OWNED, "Another manager has this conversation", owner_id=record.assignee_id)
        if isinstance(verb, PostReply | Resolve) and (unseen := await self._unseen(record, verb.last_seen_message_id, verb.manager_id)):
            return self._refuse(verb, RefusedBecause.UNSEEN, "Somebody wrote since you last looked", unseen=unseen)
        message_id = None
        match verb:
            case PostReply():
                message_id = await self._send(verb, record)
            case Take():
                await self.write(record, status=Status.HUMAN, assignee_id=verb.manager_id, epoch=record.epoch + 1)
            case Release():
                await self.write(record, status=Status.BOT, assignee_id=None, waiting_since=None, epoch=record.epoch + 1)
            case Assign():
                await self.write(record, status=Status.HUMAN, assignee_id=verb.assignee_id, epoch=record.epoch + 1)
            case Snooze():
                due = Due(snooze_until=verb.until)
                await self.write(record, status=Status.SNOOZED, assignee_id=verb.manager_id, due=due, epoch=record.epoch + 1)
            case Resolve():
                now = datetime.now(UTC)
                closed = {"status": Status.CLOSED, "closed_reason": ClosedReason.RESOLVED, "closed_at": now, "waiting_since": None}
                await self.write(record, assignee_id=verb.manager_id, due=Due(), **closed)
            case HandOffToPerson():
                await self.write(record, status=Status.FLAGGED)
        return Verdict(
            action_id=verb.action_id,
            conversation_id=record.conversation_id,
            verb=_name(verb),
            accepted=True,
            message_id=message_id,
            at=datetime.now(UTC),
        )

    def _refuse(self, verb: PersonVerb, reason: str, detail: str, *, owner_id: str | None = None, unseen: tuple[str, ...] = ()) -> Verdict:
        return Verdict(
            action_id=verb.action_id,
            conversation_id=verb.conversation_id,
            verb=_name(verb),
            accepted=False,
            reason=reason,
            detail=detail,
            owner_id=owner_id,
            unseen=unseen,
            at=datetime.now(UTC),
        )

    async def _unseen(self, record: ConversationRecord, last_seen: str | None, manager_id: str) -> tuple[str, ...]:
        if last_seen is None:
            return ()
        latest = await self._conversations.messages(record.conversation_id, limit=200)
        later = latest[[message.id for message in latest].index(last_seen) + 1 :]
        return tuple(message.id for message in later if message.direction is not Direction.NOTE and message.author_id != manager_id)

    async def _send(self, verb: PostReply, record: ConversationRecord) -> str:
        message = OutboundMessage(
            id=derived_id(record.conversation_id, "reply", verb.action_id),
            conversation_id=record.conversation_id,
            inbox_id=record.inbox_id,
            contact_id=record.contact_id,
            sender=Sender.MANAGER,
            author_id=verb.manager_id,
            purpose=Purpose.REPLY,
            text=verb.text,
            epoch=record.epoch,
            created_at=datetime.now(UTC),
        )
        status, owner = (Status.HUMAN, verb.manager_id) if verb.keep else (Status.BOT, None)
        written = await self.write(record, status=status, assignee_id=owner, waiting_since=None, closed_at=None, closed_reason=None)
        await self._ledger.claim(message, written, turn_id=None, idempotent=True)
        await self._ledger.settle(message.id, SendOutcome(result=SendResult.SENT))
        return message.id

    async def write(self, record: ConversationRecord, **changes: object) -> ConversationRecord:
        """Writes the next version of a conversation."""
        new = record.model_copy(update={**changes, "version": record.version + 1})
        self.records[new.conversation_id] = new
        await self._conversations.record(RecordedMessages(record=new))
        return new

    async def answer_by_mail(self, mail_id: str) -> None:
        raise AssertionError("no mail comes through the dashboard")

    async def ask(self, question: str, inbox_id: str | None = None) -> Answer:
        if self.down:
            raise EngineUnavailable("The conversation engine can't be reached; try again")
        return self.answers[question]

    async def import_document(self, document_id: str) -> None:
        if self.down:
            raise EngineUnavailable("The conversation engine can't be reached; try again")
        self.imported.append(document_id)

    async def fetch_media(self, message_id: str) -> None:
        self.media.append(message_id)

    async def receive(self, inbox: Inbox, arrival: Arrival) -> Receipt:
        raise AssertionError("no customer writes through the dashboard")

    async def deliver_event(self, inbox: Inbox, event: DeliveryReceipt | Echo) -> None:
        raise AssertionError("no vendor writes to the dashboard")

    async def note_change(self, inbox_id: str, changed: ResourceChanged) -> None:
        raise AssertionError("no vendor writes to the dashboard")

    async def readiness(self) -> dict[str, bool]:
        return {"database": True, "temporal": True, "worker": True}

    def temporal_link(self, workflow_id: str, run_id: str) -> str | None:
        return f"http://temporal.test/namespaces/default/workflows/{run_id}"


def _name(verb: PersonVerb) -> str:
    return {
        PostReply: "post_reply",
        Take: "take",
        Release: "release",
        HandOffToPerson: "hand_off",
        Assign: "assign",
        Snooze: "snooze",
        Resolve: "resolve",
    }[type(verb)]
