"""Conversations of the last weeks with what the bot knew at each turn, for trying other rules on them."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from domain.caution_effect import MOST_QUESTIONS
from domain.managers import Inbox
from domain.messages import Direction, InboundMessage
from domain.policy import Policy
from domain.rule_trial import LOOKS_BACK, MOST_CONVERSATIONS, PastConversation, PastTurn, RuleTrial, past_turn, try_rules
from storage.database import Database
from storage.mapping import AnyRow, attachments_from, evidence_from
from storage.tables import addresses, contacts, conversations, messages, readings, turns

_AT_ONCE = 100
"""Conversations per query."""

_NEWEST = (
    select(conversations.c.id, conversations.c.last_message_at, contacts.c.name, addresses.c.address)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .outerjoin(addresses, addresses.c.workflow_id == conversations.c.workflow_id)
    .where(conversations.c.inbox_id == bindparam("inbox"), conversations.c.last_message_at >= bindparam("since"))
    .order_by(conversations.c.last_message_at.desc(), conversations.c.id.desc())
    .limit(bindparam("most"))
)
_THEIRS = (
    select(messages.c.conversation_id, messages.c.id, messages.c.kind, messages.c.type, messages.c.text, messages.c.attachments)
    .add_columns(messages.c.created_at, messages.c.provider_id)
    .where(messages.c.conversation_id.in_(bindparam("some", expanding=True)), messages.c.direction == Direction.INBOUND.value)
    .order_by(messages.c.position)
)
_QUESTIONS = (
    select(turns.c.conversation_id, turns.c.created_at, turns.c.evidence, readings.c.reading)
    .select_from(turns.join(conversations, conversations.c.id == turns.c.conversation_id))
    .outerjoin(readings, readings.c.turn_id == turns.c.id)
    .where(
        conversations.c.inbox_id == bindparam("inbox"),
        conversations.c.last_message_at >= bindparam("since"),
        turns.c.created_at >= bindparam("since"),
    )
    .order_by(turns.c.created_at.desc())
    .limit(bindparam("most"))
)
_TURNS = (
    select(turns.c.conversation_id, turns.c.created_at, turns.c.evidence, readings.c.reading)
    .select_from(turns.outerjoin(readings, readings.c.turn_id == turns.c.id))
    .where(turns.c.conversation_id.in_(bindparam("some", expanding=True)))
    .order_by(turns.c.created_at)
)


async def try_on_the_past(db: Database, inbox: Inbox, policy: Policy, *, now: datetime) -> RuleTrial:
    """What the policy would have done with the inbox's conversations of the last 30 days, beside what its own one does."""
    past = await Past(db).of_inbox(inbox.id, since=now - LOOKS_BACK, most=MOST_CONVERSATIONS + 1)
    cut_off = len(past) > MOST_CONVERSATIONS
    return await asyncio.to_thread(try_rules, past[:MOST_CONVERSATIONS], inbox.policy, policy, cut_off=cut_off)


async def past_questions(db: Database, inbox: Inbox, *, now: datetime) -> Sequence[Sequence[PastTurn]]:
    """The newest turns of the inbox's last 30 days, by conversation, oldest first."""
    names = {"inbox": inbox.id, "since": now - LOOKS_BACK, "most": MOST_QUESTIONS}
    async with db.read() as connection:
        rows = (await connection.execute(_QUESTIONS, names)).all()
    return await asyncio.to_thread(_by_conversation, rows)


def _by_conversation(rows: Sequence[AnyRow]) -> Sequence[Sequence[PastTurn]]:
    found: dict[str, list[PastTurn]] = defaultdict(list)
    for row in reversed(rows):
        found[row.conversation_id].append(past_turn(row.created_at, evidence_from(row)))
    return list(found.values())


class Past:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def of_inbox(self, inbox_id: str, *, since: datetime, most: int) -> Sequence[PastConversation]:
        """At most `most` conversations that had a message since then, newest first."""
        found: list[PastConversation] = []
        async with self._db.read() as connection:
            rows = (await connection.execute(_NEWEST, {"inbox": inbox_id, "since": since, "most": most})).all()
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
                names = {"some": [row.id for row in some]}
                said: dict[str, list[InboundMessage]] = defaultdict(list)
                read: dict[str, list[PastTurn]] = defaultdict(list)
                for row in await connection.execute(_THEIRS, names):
                    said[row.conversation_id].append(_inbound(row))
                for row in await connection.execute(_TURNS, names):
                    read[row.conversation_id].append(past_turn(row.created_at, evidence_from(row)))
                found += [
                    PastConversation(
                        id=row.id,
                        name=row.name or row.address or "",
                        at=row.last_message_at,
                        messages=tuple(said[row.id]),
                        turns=tuple(read[row.id]),
                    )
                    for row in some
                ]
        return found


def _inbound(row: AnyRow) -> InboundMessage:
    return InboundMessage(
        id=row.id,
        provider_id=row.provider_id or row.id,
        kind=row.kind or "message",
        type=row.type,
        text=row.text,
        attachments=attachments_from(row.attachments),
        received_at=row.created_at,
    )
