"""Whom a rung of the ladder tells: who may answer, can be reached, and wants to be."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ladder import Medium, Rung
from domain.managers import Role
from domain.notices import Debt, NoticePreferences, Scope
from domain.turns import Notice
from storage.mapping import AnyRow
from storage.tables import conversations, managers, messages, notice_preferences

_PEOPLE = (
    select(managers.c.id, managers.c.email, managers.c.phone, notice_preferences.c.preferences)
    .select_from(managers.outerjoin(notice_preferences, notice_preferences.c.manager_id == managers.c.id))
    .where(managers.c.role != Role.VIEWER.value)
    .order_by(managers.c.created_at, managers.c.id)
)
_contact = select(conversations.c.contact_id).where(conversations.c.id == bindparam("conversation_id")).scalar_subquery()
_KNOWS_THE_CUSTOMER = (
    select(messages.c.author_id)
    .distinct()
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .where(conversations.c.contact_id == _contact, messages.c.author_id.is_not(None))
)


async def audience(connection: AsyncConnection, notice: Notice, media: Collection[Medium], *, now: datetime) -> Sequence[Debt]:
    """One entry for each person and medium; in quiet hours it is due when they end.

    Whoever only wants their own conversations is left out of others', unless that would leave nobody.
    """
    used = [medium for medium in media if notice.rung is Rung.LEAD or medium.value == notice.rung.value]
    if not used:
        return ()
    people = (await connection.execute(_PEOPLE)).all()
    if notice.rung is Rung.LEAD:
        reached = [person for person in people if person.email == notice.lead]
        return [debt for person in reached for medium in used for debt in _debt(person, medium, now)]
    (medium,) = used
    reached = [person for person in people if any(_debt(person, medium, now))]
    known = set((await connection.execute(_KNOWS_THE_CUSTOMER, {"conversation_id": notice.conversation_id})).scalars())
    chosen = [person for person in reached if _preferences(person).scope is Scope.ALL or person.id in known]
    return [debt for person in chosen or reached for debt in _debt(person, medium, now)]


def _preferences(person: AnyRow) -> NoticePreferences:
    return NoticePreferences.model_validate_json(person.preferences) if person.preferences else NoticePreferences()


def _debt(person: AnyRow, medium: Medium, now: datetime) -> Sequence[Debt]:
    """Empty if the person can't be reached so, or doesn't want to be."""
    preferences = _preferences(person)
    if not preferences.wants(medium) or (medium is Medium.SMS and not person.phone):
        return ()
    return (Debt(manager_id=person.id, medium=medium, not_before=preferences.quiet_until(now) or now),)
