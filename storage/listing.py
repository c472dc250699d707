"""The queries behind the dashboard's lists and counters."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, or_, select, tuple_
from sqlalchemy.sql.selectable import ScalarSelect

from domain.channels import ChannelKind
from domain.conversations import Conversation, Section, Status
from storage.addressing import REPLY_ADDRESS
from storage.mapping import AnyRow, conversation_from
from storage.pages import Page, cursor_time, from_cursor, to_cursor
from storage.tables import (
    IS_OFFERED,
    IS_OPEN,
    IS_UNANSWERED,
    IS_WITH_PEOPLE,
    UtcDateTime,
    addresses,
    contacts,
    conversations,
    inboxes,
    managers,
    merges,
    messages,
    watchers,
)

AnySelect = Select[*tuple[Any, ...]]
Order = Literal["newest", "oldest", "waiting"]

MOST_COUNTED = 1_000
LONGEST_PAGE = 200

_C = conversations.c
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Sorts conversations in which nobody waits behind the others."""

_address = func.coalesce(
    select(REPLY_ADDRESS).where(addresses.c.workflow_id == _C.workflow_id).scalar_subquery(),
    select(func.min(addresses.c.address))
    .where(addresses.c.inbox_id == _C.inbox_id, addresses.c.contact_id == _C.contact_id)
    .scalar_subquery(),
)
_offered = managers.alias("offered")
_last = managers.alias("last_manager")


def same_person(contact: ColumnElement[str]) -> AnySelect:
    """Every contact that is one person with this one, itself among them."""
    into = func.coalesce(select(merges.c.into_id).where(merges.c.contact_id == contact).scalar_subquery(), contact)
    joined = select(merges.c.contact_id.label("id")).where(merges.c.into_id == into)
    return select(contacts.c.id).where(or_(contacts.c.id == into, contacts.c.id.in_(joined)))


LISTED = (
    select(
        conversations,
        inboxes.c.name.label("inbox_name"),
        contacts.c.name.label("contact_name"),
        managers.c.name.label("assignee_name"),
        _offered.c.name.label("offered_name"),
        _last.c.name.label("last_manager_name"),
        _address.label("contact_address"),
    )
    .join(inboxes, inboxes.c.id == _C.inbox_id)
    .outerjoin(contacts, contacts.c.id == _C.contact_id)
    .outerjoin(managers, managers.c.id == _C.assignee_id)
    .outerjoin(_offered, _offered.c.id == _C.offered_to)
    .outerjoin(_last, _last.c.id == _C.last_manager_id)
)
MESSAGES = select(messages, managers.c.name.label("author_name")).outerjoin(managers, managers.c.id == messages.c.author_id)

_flagged_first = case((_C.status == Status.FLAGGED.value, 0), else_=1)
_waits_from = func.coalesce(_C.waiting_since, literal(_NEVER, UtcDateTime))


def _in_section(section: Section, manager_id: str | None) -> ColumnElement[bool] | None:
    match section:
        case Section.ALL:
            return None
        case Section.BOT:
            return _C.status == Status.BOT.value
        case Section.MINE:
            flagged = _C.status == Status.FLAGGED.value
            if manager_id is None:
                return and_(IS_WITH_PEOPLE, flagged)
            # Who answered in the channel's own app is not known: what comes then is everybody's.
            mine = or_(_C.assignee_id == manager_id, _C.assignee_id.is_(None))
            taken = _C.status.in_([Status.HUMAN.value, Status.SNOOZED.value])
            return and_(IS_WITH_PEOPLE, or_(and_(flagged, or_(_C.offered_to.is_(None), _C.offered_to == manager_id)), and_(taken, mine)))


def _mentions(q: str) -> ColumnElement[bool]:
    said = select(messages.c.id).where(messages.c.conversation_id == _C.id, messages.c.text.icontains(q, autoescape=True))
    reached = select(addresses.c.address).where(
        addresses.c.contact_id == _C.contact_id, addresses.c.inbox_id == _C.inbox_id, addresses.c.address.icontains(q, autoescape=True)
    )
    return or_(contacts.c.name.icontains(q, autoescape=True), reached.exists(), said.exists())


def _size(limit: int) -> int:
    return max(1, min(limit, LONGEST_PAGE))


def page_query(
    section: Section,
    *,
    manager_id: str | None,
    status: Status | None,
    inbox: str | None,
    channel: ChannelKind | None,
    contact: str | None,
    q: str | None,
    unanswered: bool,
    watched_by: str | None,
    order: Order,
    cursor: str | None,
    limit: int,
) -> AnySelect:
    """One row more than the page holds, so that its end is known."""
    query = LISTED
    if (in_section := _in_section(section, manager_id)) is not None:
        query = query.where(in_section)
    if status is not None:
        query = query.where(_C.status == status.value)
    if inbox is not None:
        query = query.where(_C.inbox_id == inbox)
    if channel is not None:
        query = query.where(_C.channel == channel.value)
    if contact is not None:
        query = query.where(_C.contact_id.in_(same_person(literal(contact))))
    if watched_by is not None:
        query = query.where(_C.id.in_(select(watchers.c.conversation_id).where(watchers.c.manager_id == watched_by)))
    if unanswered:
        query = query.where(IS_UNANSWERED)
    if q is not None and q.strip():
        query = query.where(_mentions(q.strip()))
    return _ordered(query, order, cursor).limit(_size(limit) + 1)


def _ordered(query: AnySelect, order: Order, cursor: str | None) -> AnySelect:
    if order == "waiting":
        query = query.order_by(_flagged_first, _waits_from, _C.id)
        if cursor is None:
            return query
        rank, since, last_id = from_cursor(cursor, order, (int, str, str))
        after = tuple_(literal(rank), literal(cursor_time(since), UtcDateTime), literal(last_id))
        return query.where(tuple_(_flagged_first, _waits_from, _C.id) > after)
    newest = order == "newest"
    key = (_C.last_message_at, _C.id)
    query = query.order_by(*(column.desc() if newest else column.asc() for column in key))
    if cursor is None:
        return query
    at, last_id = from_cursor(cursor, order, (str, str))
    after = tuple_(literal(cursor_time(at), UtcDateTime), literal(last_id))
    return query.where(tuple_(*key) < after if newest else tuple_(*key) > after)


def to_page(rows: Sequence[AnyRow], order: Order, limit: int) -> Page[Conversation]:
    size = _size(limit)
    items = tuple(conversation_from(row) for row in rows[:size])
    return Page(items=items, next_cursor=_cursor_after(items[-1], order) if len(rows) > size else None)


def _cursor_after(last: Conversation, order: Order) -> str:
    if order == "waiting":
        return to_cursor(order, 0 if last.status is Status.FLAGGED else 1, (last.waiting_since or _NEVER).isoformat(), last.id)
    return to_cursor(order, last.last_message_at.isoformat(), last.id)


def _capped(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    """Reads at most a thousand entries of an index, however many there are."""
    some = select(literal(1)).select_from(conversations).where(*where).limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _counts(*, for_nobody: bool) -> AnySelect:
    flagged = _C.status == Status.FLAGGED.value
    unowned = _capped(IS_WITH_PEOPLE, flagged, _C.offered_to.is_(None))
    offered = _capped(IS_OFFERED, flagged, _C.offered_to == bindparam("me"))
    taken = _capped(IS_WITH_PEOPLE, _C.status.in_([Status.HUMAN.value, Status.SNOOZED.value]), _C.assignee_id == bindparam("me"))
    nobodys = _capped(IS_WITH_PEOPLE, _C.status == Status.HUMAN.value, _C.assignee_id.is_(None))
    every = _capped(IS_WITH_PEOPLE, flagged)
    return select(
        _capped(IS_OPEN).label("all"),
        _capped(_C.status == Status.BOT.value).label("bot"),
        every.label("flagged"),
        _capped(IS_UNANSWERED).label("unanswered"),
        (every if for_nobody else unowned).label("mine_flagged"),
        (literal(0) if for_nobody else offered + taken + nobodys).label("mine_taken"),
    )


COUNTS = {for_nobody: _counts(for_nobody=for_nobody) for for_nobody in (True, False)}
"""By whether nobody asks."""
