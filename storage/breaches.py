"""Replies that did not come in time: written once for each reply that was owed."""

from datetime import datetime

from sqlalchemy import Select, bindparam, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.conversations import ConversationRecord
from domain.targets import Breach
from storage.database import Database
from storage.pages import Page, cursor_time, from_cursor, to_cursor
from storage.tables import UtcDateTime, breaches, conversations, inboxes, managers

LONGEST_PAGE = 200

_B = breaches.c
_ADD = insert(breaches).on_conflict_do_nothing()
_ANSWERED = (
    update(breaches).where(_B.conversation_id == bindparam("conversation"), _B.answered_at.is_(None)).values(answered_at=bindparam("at"))
)
_LISTED: Select[*tuple[object, ...]] = (
    select(breaches, conversations.c.inbox_id, inboxes.c.name.label("inbox_name"), managers.c.name.label("manager_name"))
    .join(conversations, conversations.c.id == _B.conversation_id)
    .join(inboxes, inboxes.c.id == conversations.c.inbox_id)
    .outerjoin(managers, managers.c.id == _B.manager_id)
    .order_by(_B.due_at.desc(), _B.conversation_id.desc())
)


async def note(connection: AsyncConnection, record: ConversationRecord) -> None:
    """A reply that is overdue in the record; a repeat changes nothing."""
    if record.overdue is None:
        return
    target = record.overdue
    values = {"kind": target.kind.value, "since": target.since, "due_at": target.due_at}
    who = record.assignee_id or record.offered_to
    await connection.execute(_ADD, {"conversation_id": record.conversation_id, "manager_id": who, "answered_at": None, **values})


async def answered(connection: AsyncConnection, conversation_id: str, at: datetime) -> None:
    await connection.execute(_ANSWERED, {"conversation": conversation_id, "at": at})


async def breaches_of(db: Database, *, inbox: str | None, unanswered: bool, cursor: str | None, limit: int) -> Page[Breach]:
    """Latest due first, at most 200. Raises InvalidInput if the cursor is none of this list."""
    size = max(1, min(limit, LONGEST_PAGE))
    query = _LISTED
    if inbox is not None:
        query = query.where(conversations.c.inbox_id == inbox)
    if unanswered:
        query = query.where(_B.answered_at.is_(None))
    if cursor is not None:
        at, last_id = from_cursor(cursor, "breaches", (str, str))
        query = query.where(tuple_(_B.due_at, _B.conversation_id) < tuple_(literal(cursor_time(at), UtcDateTime), literal(last_id)))
    async with db.read() as connection:
        rows = (await connection.execute(query.limit(size + 1))).all()
    items = tuple(Breach.model_validate(row._mapping) for row in rows[:size])  # noqa: SLF001 # SQLAlchemy's public name for a row as a mapping
    last = items[-1] if len(rows) > size else None
    return Page(items=items, next_cursor=None if last is None else to_cursor("breaches", last.due_at.isoformat(), last.conversation_id))
