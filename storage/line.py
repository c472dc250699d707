"""Who is offered which conversation: decided in the transaction that records it, one at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.conversations import ConversationRecord, Due, OfferWanted, Status
from domain.dealing import Place, Strategy, Waiting, deal
from domain.managers import AWAY_AFTER, Manager, Role
from domain.ports import Call
from storage.database import Database
from storage.mapping import manager_from, policy_from
from storage.recording import Stored
from storage.tables import IS_IN_LINE, IS_OFFERED, IS_WITH_PEOPLE, conversations, inboxes, managers

MOST_IN_LINE = 1_000
"""How far a deal looks; further back nobody is free anyway."""

_C = conversations.c
_HAVE = union_all(
    select(_C.assignee_id.label("manager_id")).where(IS_WITH_PEOPLE, _C.status == Status.HUMAN.value, _C.assignee_id.is_not(None)),
    select(_C.offered_to.label("manager_id")).where(IS_OFFERED, _C.id != bindparam("own")),
).subquery()
_LOADS = select(_HAVE.c.manager_id, func.count().label("load")).group_by(_HAVE.c.manager_id)
_TEAM = select(managers).where(managers.c.role != Role.VIEWER.value)
_LINE = (
    select(_C.id, _C.workflow_id, _C.inbox_id, _C.language, inboxes.c.policy, _C.last_manager_id)
    .join(inboxes, inboxes.c.id == _C.inbox_id)
    .where(IS_IN_LINE)
    .order_by(_C.in_line_since, _C.id)
    .limit(MOST_IN_LINE)
)
_AHEAD = _LINE.where(_C.in_line_since < bindparam("since"), _C.id != bindparam("own"))
_KNOWN = (
    select(_C.last_manager_id)
    .where(_C.contact_id == bindparam("contact"), _C.last_manager_id.is_not(None))
    .order_by(_C.last_message_at.desc(), _C.id.desc())
    .limit(1)
)
_OFFERED_NOW = update(managers).where(managers.c.id == bindparam("manager")).values(offered_at=bindparam("at"))
_ANYBODY_WAITS = select(_C.id).where(IS_IN_LINE).limit(1)
_HELD = (
    select(_C.id, _C.workflow_id, _C.status, _C.offered_to, _C.assignee_id, _C.assigned_at, _C.waiting_since, inboxes.c.policy)
    .join(inboxes, inboxes.c.id == _C.inbox_id)
    .where(
        IS_WITH_PEOPLE,
        or_(
            (_C.status == Status.FLAGGED.value) & _C.offered_to.in_(bindparam("away", expanding=True)),
            (_C.status == Status.HUMAN.value) & _C.waiting_since.is_not(None) & _C.assignee_id.in_(bindparam("away", expanding=True)),
        ),
    )
    .limit(MOST_IN_LINE)
)
_LEAVE = update(conversations).where(_C.id == bindparam("conversation")).values(in_line_since=None)


async def dealt(
    db: Database, connection: AsyncConnection, record: ConversationRecord, wanted: OfferWanted, stored: Stored, away_after: timedelta
) -> ConversationRecord:
    """The record with the manager to whom the conversation is offered now, or with its place in line.

    All deals take turns, so that each sees what the others gave. Safe to repeat: a record that is written already keeps its deal.
    """
    if stored.stored_id is not None and stored.version >= record.version:
        return _with_offer(record, stored.offered_to, wanted, stored)
    await db.lock(connection, "line")
    team = await team_of(connection, own=record.conversation_id)
    since = record.in_line_since or wanted.at
    line: list[Waiting] = []
    if any(place.load < place.person.capacity for place in team):
        ahead = await connection.execute(_AHEAD, {"since": since, "own": record.conversation_id})
        line = [_waiting(row) for row in ahead]
    known = (await connection.execute(_KNOWN, {"contact": record.contact_id})).scalar_one_or_none()
    own = Waiting(
        conversation_id=record.conversation_id,
        inbox_id=record.inbox_id,
        language=record.language,
        strategy=policy_from(stored.policy).assignment,
        known=known,
        passed=wanted.passed,
    )
    offered_to = deal([*line, own], team, wanted.at, away_after).get(record.conversation_id)
    if offered_to is not None:
        await connection.execute(_OFFERED_NOW, {"manager": offered_to, "at": wanted.at})
    return _with_offer(record, offered_to, wanted, stored)


def _with_offer(record: ConversationRecord, offered_to: str | None, wanted: OfferWanted, stored: Stored) -> ConversationRecord:
    if offered_to is None:
        return record.model_copy(update={"offered_to": None, "in_line_since": record.in_line_since or wanted.at})
    until = wanted.at + timedelta(minutes=policy_from(stored.policy).offer_minutes)
    due: Due = record.due.model_copy(update={"offer_at": until})
    return record.model_copy(update={"offered_to": offered_to, "in_line_since": None, "due": due})


async def team_of(connection: AsyncConnection, *, own: str = "") -> list[Place[Manager]]:
    loads = {row.manager_id: row.load for row in await connection.execute(_LOADS, {"own": own})}
    return [Place(manager_from(row), loads.get(row.id, 0), row.offered_at) for row in await connection.execute(_TEAM)]


def _waiting(row: Stored) -> Waiting:
    return Waiting(row.id, row.inbox_id, row.language, policy_from(row.policy).assignment, row.last_manager_id)


class Line:
    """Whom the conversations in line, and those that lie with somebody who is away, have to ask again."""

    def __init__(self, db: Database, *, away_after: timedelta = AWAY_AFTER) -> None:
        self._db = db
        self._away_after = away_after

    async def calls(self, now: datetime) -> Sequence[Call]:
        """Conversations in line that somebody is free for, oldest first; and those of managers who are away."""
        async with self._db.read() as connection:
            team = await team_of(connection)
            calls = await self._held_by_the_away(connection, [place.person for place in team], now)
            if (await connection.execute(_ANYBODY_WAITS)).first() is not None and any(
                place.load < place.person.capacity and place.person.takes_offers(now, self._away_after) for place in team
            ):
                rows = (await connection.execute(_LINE)).all()
                free_for = deal([_waiting(row) for row in rows], team, now, self._away_after)
                calls += [Call(row.workflow_id, row.id) for row in rows if row.id in free_for]
                # A policy that was changed since: nothing is offered, and the conversation's next record says so.
                calls += [Call(row.workflow_id, row.id) for row in rows if policy_from(row.policy).assignment is Strategy.NOBODY]
        return calls

    async def _held_by_the_away(self, connection: AsyncConnection, people: Sequence[Manager], now: datetime) -> list[Call]:
        """An offer that is no longer heard goes on at once; what a manager has taken, after the policy's time."""
        away = {person.id: since for person in people if (since := person.away_since(now, self._away_after)) is not None}
        if not away:
            return []
        calls = []
        for row in await connection.execute(_HELD, {"away": list(away)}):
            if row.status == Status.FLAGGED:
                calls.append(Call(row.workflow_id, row.id, away_manager_id=row.offered_to))
                continue
            patience = policy_from(row.policy).away_return_minutes
            begins = max(moment for moment in (away[row.assignee_id], row.assigned_at, row.waiting_since) if moment is not None)
            if patience is not None and begins + timedelta(minutes=patience) <= now:
                calls.append(Call(row.workflow_id, row.id, away_manager_id=row.assignee_id))
        return calls

    async def leave(self, conversation_id: str) -> None:
        """For a conversation whose workflow is gone: it must not stand before those that can be offered."""
        async with self._db.write() as connection:
            await connection.execute(_LEAVE, {"conversation": conversation_id})
