"""Whom a rung of the ladder tells: who may answer, can be reached, and wants to be."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.conversations import Status
from domain.ladder import TO_WHOM_IT_IS_OFFERED, Medium, Rung
from domain.managers import Role
from domain.notices import Debt, NoticePreferences, Scope
from domain.turns import Notice
from domain.windows import REMINDER
from storage.mapping import AnyRow
from storage.tables import conversations, managers, messages, notice_preferences, push_subscriptions, verified_phones

_PEOPLE = (
    select(
        managers.c.id,
        managers.c.email,
        managers.c.phone,
        managers.c.inboxes,
        notice_preferences.c.preferences,
        select(verified_phones.c.manager_id)
        .where(verified_phones.c.manager_id == managers.c.id, verified_phones.c.phone == managers.c.phone)
        .exists()
        .label("phone_proved"),
        select(push_subscriptions.c.id).where(push_subscriptions.c.manager_id == managers.c.id).exists().label("takes_push"),
    )
    .select_from(managers.outerjoin(notice_preferences, notice_preferences.c.manager_id == managers.c.id))
    .where(managers.c.role != Role.VIEWER.value)
    .order_by(managers.c.created_at, managers.c.id)
)
_CONVERSATION = select(
    conversations.c.status, conversations.c.waiting_since, conversations.c.offered_to, conversations.c.assignee_id
).where(conversations.c.id == bindparam("conversation_id"))
_contact = select(conversations.c.contact_id).where(conversations.c.id == bindparam("conversation_id")).scalar_subquery()
_KNOWS_THE_CUSTOMER = (
    select(messages.c.author_id)
    .distinct()
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .where(conversations.c.contact_id == _contact, messages.c.author_id.is_not(None))
)


async def audience(
    connection: AsyncConnection, notice: Notice, media: Collection[Medium], *, now: datetime, proved_only: bool = False
) -> Sequence[Debt]:
    """One entry for each person and medium; in quiet hours it is due when they end.

    The first rungs tell only the person to whom the conversation is offered, if that person can be reached by them; a reminder of the
    reply window tells the person who has it in the same way. Whoever only wants their own conversations is left out of others', unless
    that would leave nobody. `proved_only`: SMS go only to numbers that a code has proved.
    """
    used = [medium for medium in media if notice.rung is Rung.LEAD or medium.value == notice.rung.value]
    conversation = (await connection.execute(_CONVERSATION, {"conversation_id": notice.conversation_id})).first()
    media_of = partial(_debt, proved_only=proved_only)
    if not used or conversation is None or not is_to_be_told(conversation, notice.reason):
        return ()
    people = (await connection.execute(_PEOPLE)).all()
    if notice.rung is Rung.LEAD:
        reached = [person for person in people if person.email == notice.lead]
        return [debt for person in reached for medium in used for debt in media_of(person, medium, now)]
    (medium,) = used
    reachable = [person for person in people if any(media_of(person, medium, now))]
    reached = [person for person in reachable if _answers(person, notice.inbox_id)] or reachable
    having = [person for person in reachable if person.id == conversation.assignee_id]
    if having and notice.reason == REMINDER:
        return [debt for person in having for debt in media_of(person, medium, now)]
    offered = [person for person in reached if person.id == conversation.offered_to]
    if offered and notice.rung in TO_WHOM_IT_IS_OFFERED:
        return [debt for person in offered for debt in media_of(person, medium, now)]
    known = set((await connection.execute(_KNOWS_THE_CUSTOMER, {"conversation_id": notice.conversation_id})).scalars())
    chosen = [person for person in reached if _preferences(person).scope is Scope.ALL or person.id in {*known, conversation.offered_to}]
    return [debt for person in chosen or reached for debt in media_of(person, medium, now)]


def is_to_be_told(conversation: AnyRow, reason: str) -> bool:
    """Whether there is still something to tell: nobody has it, or, whoever has it, its customer waits while the reply window closes."""
    if reason == REMINDER:
        return conversation.status != Status.CLOSED.value and conversation.waiting_since is not None
    return bool(conversation.status == Status.FLAGGED.value)


def _preferences(person: AnyRow) -> NoticePreferences:
    return NoticePreferences.model_validate_json(person.preferences) if person.preferences else NoticePreferences()


def _answers(person: AnyRow, inbox_id: str) -> bool:
    """Whether the person answers in this inbox."""
    return not person.inboxes or inbox_id in json.loads(person.inboxes)


def _debt(person: AnyRow, medium: Medium, now: datetime, *, proved_only: bool) -> Sequence[Debt]:
    """Empty if the person can't be reached so, or doesn't want to be."""
    preferences = _preferences(person)
    reachable = {
        Medium.EMAIL: True,
        Medium.SMS: person.phone_proved or (bool(person.phone) and not proved_only),
        Medium.PUSH: person.takes_push,
    }[medium]
    if not reachable or not preferences.wants(medium):
        return ()
    return (Debt(manager_id=person.id, medium=medium, not_before=preferences.quiet_until(now) or now),)
