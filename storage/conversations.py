"""Conversations and their messages: written by activities, read by the dashboard and the API."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Text, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.channels import ChannelKind
from domain.commands import Verdict
from domain.conversations import Conversation, ConversationRecord, Counts, RecordedMessages, Section, Status
from domain.errors import NotFound
from domain.knowledge import Evidence, Reading
from domain.managers import AWAY_AFTER
from domain.messages import Attachment, DeliveryState, InboundMessage, Message
from domain.targets import Breach
from domain.turns import Recorded
from storage import events
from storage.breaches import breaches_of
from storage.database import Database
from storage.line import dealt
from storage.listing import COUNTS, LISTED, MESSAGES, Order, page_query, same_person, to_page
from storage.mapping import (
    conversation_from,
    evidence_from,
    inbound_values,
    message_from,
    outbound_values,
    policy_from,
    reading_values,
    verdict_from,
    with_attachment,
)
from storage.pages import Page
from storage.recording import look, write_record
from storage.tables import conversations, managers, messages, readings, turns, verdicts
from storage.unknown_sends import note_sent_again
from storage.waits import waits_of

_ADD_MESSAGES = insert(messages).on_conflict_do_nothing().returning(messages.c.id)
_ADD_QUEUED = insert(messages).on_conflict_do_nothing()
_ADD_VERDICT = insert(verdicts).on_conflict_do_nothing()
_add_turn = insert(turns)
_ADD_TURN = _add_turn.on_conflict_do_update(
    index_elements=["id"],
    set_={name: _add_turn.excluded[name] for name in ("knowledge_version", "confidence", "evidence")},
)
_MANAGER = select(managers.c.name).where(managers.c.id == bindparam("id"))
_VERDICT = select(verdicts.c.verdict).where(verdicts.c.action_id == bindparam("id"))
_EVIDENCE = (
    select(turns.c.evidence, readings.c.reading)
    .select_from(turns.outerjoin(readings, readings.c.turn_id == turns.c.id))
    .where(turns.c.id == bindparam("id"))
)
_TURN = _EVIDENCE.where(turns.c.conversation_id == bindparam("conversation"))
_add_reading = insert(readings)
_ADD_READING = _add_reading.on_conflict_do_update(
    index_elements=["turn_id"],
    set_={column.name: _add_reading.excluded[column.name] for column in readings.columns if column.name not in ("turn_id", "created_at")},
)
_ONE = LISTED.where(conversations.c.id == bindparam("id"))
_OF_CONTACT = (
    LISTED.where(conversations.c.contact_id.in_(same_person(bindparam("contact", type_=Text()))))
    .order_by(conversations.c.last_message_at.desc(), conversations.c.id.desc())
    .limit(bindparam("most"))
)
_MESSAGE = MESSAGES.where(messages.c.id == bindparam("id"))
_IN_CONVERSATION = MESSAGES.where(messages.c.conversation_id == bindparam("conversation"))
_NEWEST = _IN_CONVERSATION.order_by(messages.c.position.desc()).limit(bindparam("most"))
_position = select(messages.c.position).where(messages.c.id == bindparam("message")).scalar_subquery()
_NEWEST_BEFORE = _IN_CONVERSATION.where(messages.c.position < _position).order_by(messages.c.position.desc()).limit(bindparam("most"))


class Conversations:
    def __init__(self, db: Database, *, away_after: timedelta = AWAY_AFTER) -> None:
        self._db = db
        self._away_after = away_after

    async def record(
        self, recorded: RecordedMessages, *, evidence: tuple[str, Evidence] | None = None, verdict: Verdict | None = None
    ) -> Recorded:
        """Writes the conversation (highest version wins), its new inbound messages, a turn's evidence and a verdict; one transaction.

        Safe to repeat. Raises NotFound if the inbox is gone.
        """
        record = recorded.record
        async with self._db.write() as connection:
            stored = await look(self._db, connection, record)
            if recorded.offer is not None:
                record = await dealt(self._db, connection, record, recorded.offer, stored, self._away_after)
            arrived = await self._add_messages(connection, recorded)
            summary = await write_record(connection, record, stored, arrived=arrived, sent=recorded.queued, verdict=verdict)
            for queued in (recorded.announced, recorded.queued):
                if queued is None:
                    continue
                values = outbound_values(queued, turn_id=None, delivery=DeliveryState.QUEUED, error=None, attempts=0)
                await connection.execute(_ADD_QUEUED, values)
            if evidence is not None:
                await self._add_evidence(connection, record.conversation_id, *evidence)
            if verdict is not None:
                values = {"action_id": verdict.action_id, "conversation_id": verdict.conversation_id, "at": verdict.at}
                await connection.execute(_ADD_VERDICT, {**values, "verdict": verdict.model_dump_json()})
                if verdict.resends is not None:
                    await note_sent_again(self._db, connection, verdict.resends)
            kinds = ("message", "conversation") if arrived or recorded.announced or recorded.queued else ("conversation",)
            await events.append(self._db, connection, *kinds, conversation_id=record.conversation_id)
        return Recorded(
            policy=policy_from(stored.policy),
            policy_version=stored.policy_version,
            offered_to=record.offered_to,
            previous_summary=summary,
        )

    async def _add_messages(self, connection: AsyncConnection, recorded: RecordedMessages) -> Sequence[InboundMessage]:
        if not recorded.messages:
            return ()
        rows = [inbound_values(message, recorded.record) for message in recorded.messages]
        added = set((await connection.execute(_ADD_MESSAGES, rows)).scalars())
        return [message for message in recorded.messages if message.id in added]

    async def _add_evidence(self, connection: AsyncConnection, conversation_id: str, turn_id: str, evidence: Evidence) -> None:
        values = {
            "id": turn_id,
            "conversation_id": conversation_id,
            "knowledge_version": evidence.knowledge_version,
            "confidence": evidence.confidence,
            "evidence": evidence.model_dump_json(exclude={"reading"}),
            "created_at": datetime.now(UTC),
        }
        await connection.execute(_ADD_TURN, values)

    async def close(self, record: ConversationRecord, summary: str) -> None:
        """Writes the last record of an episode and its summary. Safe to repeat; raises NotFound if the inbox is gone."""
        async with self._db.write() as connection:
            stored = await look(self._db, connection, record)
            await write_record(connection, record, stored)
            summed_up = update(conversations).where(conversations.c.id == bindparam("conversation_id"))
            await connection.execute(summed_up, {"conversation_id": record.conversation_id, "summary": summary})
            await events.append(self._db, connection, "conversation", conversation_id=record.conversation_id)

    async def get(self, conversation_id: str) -> Conversation:
        """Raises NotFound."""
        async with self._db.read() as connection:
            row = (await connection.execute(_ONE, {"id": conversation_id})).first()
        if row is None:
            raise NotFound(f"There is no conversation {conversation_id}")
        return conversation_from(row)

    async def page(
        self,
        section: Section,
        *,
        manager_id: str | None,
        status: Status | None = None,
        inbox: str | None = None,
        channel: ChannelKind | None = None,
        contact: str | None = None,
        q: str | None = None,
        unanswered: bool = False,
        watched_by: str | None = None,
        order: Order = "newest",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Conversation]:
        """A section's conversations. `q` is looked for in names, addresses and messages; order `waiting` puts flagged ones first, then
        who waits longest. At most 200. Raises InvalidInput if the cursor is not one of this order."""
        query = page_query(
            section,
            manager_id=manager_id,
            status=status,
            inbox=inbox,
            channel=channel,
            contact=contact,
            q=q,
            unanswered=unanswered,
            watched_by=watched_by,
            order=order,
            cursor=cursor,
            limit=limit,
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        return to_page(rows, order, limit)

    async def counts(self, manager_id: str | None) -> Counts:
        """Open conversations per section. Without a manager, `mine` counts every flagged one."""
        async with self._db.read() as connection:
            row = (await connection.execute(COUNTS[manager_id is None], {} if manager_id is None else {"me": manager_id})).one()
        return Counts(
            all=row.all, bot=row.bot, mine=min(row.mine_flagged + row.mine_taken, 1_000), flagged=row.flagged, unanswered=row.unanswered
        )

    async def messages(self, conversation_id: str, *, before: str | None = None, limit: int = 40) -> Sequence[Message]:
        """The newest `limit` messages (before the one with the id `before`), oldest first; notes included."""
        names: dict[str, str | int] = {"conversation": conversation_id, "most": limit}
        async with self._db.read() as connection:
            if before is None:
                rows = (await connection.execute(_NEWEST, names)).all()
            else:
                rows = (await connection.execute(_NEWEST_BEFORE, {**names, "message": before})).all()
        return [message_from(row) for row in reversed(rows)]

    async def message(self, message_id: str) -> Message:
        """Raises NotFound."""
        async with self._db.read() as connection:
            row = (await connection.execute(_MESSAGE, {"id": message_id})).first()
        if row is None:
            raise NotFound(f"There is no message {message_id}")
        return message_from(row)

    async def verdict(self, action_id: str) -> Verdict | None:
        async with self._db.read() as connection:
            stored = (await connection.execute(_VERDICT, {"id": action_id})).scalar_one_or_none()
        return None if stored is None else verdict_from(stored)

    async def name_of_manager(self, manager_id: str) -> str:
        """Empty if there is none."""
        async with self._db.read() as connection:
            found = (await connection.execute(_MANAGER, {"id": manager_id})).scalar_one_or_none()
        return str(found or "")

    async def waits(self, inbox_id: str, since: datetime) -> Sequence[tuple[datetime, float | None]]:
        """When customers were told to wait since then, and after how many minutes a person answered; None: nobody did."""
        async with self._db.read() as connection:
            return await waits_of(connection, inbox_id, since)

    async def evidence(self, turn_id: str) -> Evidence | None:
        async with self._db.read() as connection:
            row = (await connection.execute(_EVIDENCE, {"id": turn_id})).first()
        return None if row is None else evidence_from(row)

    async def turn(self, conversation_id: str, turn_id: str) -> Evidence:
        """What was looked at for one turn of this conversation. Raises NotFound."""
        async with self._db.read() as connection:
            row = (await connection.execute(_TURN, {"id": turn_id, "conversation": conversation_id})).first()
        if row is None:
            raise NotFound(f"There is no turn {turn_id} in this conversation")
        return evidence_from(row)

    async def keep_reading(self, conversation_id: str, turn_id: str, reading: Reading, *, evidence: Evidence | None = None) -> None:
        """Writes what a language model made of a turn, and the evidence it was given where that has changed. Safe to repeat."""
        async with self._db.write() as connection:
            await connection.execute(_ADD_READING, reading_values(conversation_id, turn_id, reading, datetime.now(UTC)))
            if evidence is not None:
                await self._add_evidence(connection, conversation_id, turn_id, evidence)

    async def contact_conversations(self, contact_id: str, limit: int = 20) -> Sequence[Conversation]:
        """Newest first, over all inboxes."""
        async with self._db.read() as connection:
            rows = (await connection.execute(_OF_CONTACT, {"contact": contact_id, "most": limit})).all()
        return [conversation_from(row) for row in rows]

    async def set_attachment(self, message_id: str, position: int, attachment: Attachment) -> None:
        """Replaces one attachment of a message, and tells the pages that show it. Raises NotFound."""
        async with self._db.write() as connection:
            await self._db.lock(connection, message_id)
            found = select(messages.c.attachments, messages.c.conversation_id).where(messages.c.id == message_id)
            row = (await connection.execute(found)).first()
            if row is None:
                raise NotFound(f"There is no message {message_id}")
            changed = update(messages).where(messages.c.id == message_id).values(attachments=with_attachment(row, position, attachment))
            await connection.execute(changed)
            await events.append(self._db, connection, "message", conversation_id=row.conversation_id)

    async def breaches(
        self, *, inbox: str | None = None, unanswered: bool = False, cursor: str | None = None, limit: int = 50
    ) -> Page[Breach]:
        """Replies that did not come in time, latest due first; `unanswered`: only those that still did not come. At most 200."""
        return await breaches_of(self._db, inbox=inbox, unanswered=unanswered, cursor=cursor, limit=limit)

    async def mark_seen(self, conversation_id: str) -> None:
        """A manager has looked: nothing is unread."""
        await self._change(conversation_id, "unread", 0)

    async def dismiss_unanswered(self, conversation_id: str) -> None:
        """A person has seen that nobody answered in time. Raises NotFound."""
        await self._change(conversation_id, "unanswered", False)

    async def _change(self, conversation_id: str, column: Literal["unread", "unanswered"], value: int | bool) -> None:
        """Raises NotFound; writes nothing when it is so already."""
        async with self._db.write() as connection:
            await self._db.lock(connection, conversation_id)
            now = select(conversations.c[column]).where(conversations.c.id == conversation_id)
            row = (await connection.execute(now)).first()
            if row is None:
                raise NotFound(f"There is no conversation {conversation_id}")
            if row[0] != value:
                await connection.execute(update(conversations).where(conversations.c.id == conversation_id).values({column: value}))
                await events.append(self._db, connection, "conversation", conversation_id=conversation_id)
