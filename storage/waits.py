"""What customers waited for a person: from being told to wait to the person's first words."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.conversations import Status
from domain.messages import DeliveryState, Direction, Purpose, Sender
from storage.tables import conversations, messages

MOST_CONVERSATIONS = 500
"""The newest, so that a busy inbox is looked up as fast as a quiet one."""

_WENT_OUT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.UNKNOWN)
_NEWEST = (
    select(conversations.c.id, conversations.c.status)
    .where(conversations.c.inbox_id == bindparam("inbox"), conversations.c.last_message_at >= bindparam("since"))
    .order_by(conversations.c.last_message_at.desc(), conversations.c.id.desc())
    .limit(MOST_CONVERSATIONS)
    .subquery()
)
_SAID = (
    select(messages.c.conversation_id, messages.c.created_at, messages.c.purpose, _NEWEST.c.status)
    .join(_NEWEST, _NEWEST.c.id == messages.c.conversation_id)
    .where(
        messages.c.direction == Direction.OUTBOUND.value,
        or_(messages.c.purpose == Purpose.HOLDING.value, messages.c.sender == Sender.MANAGER.value),
    )
    .where(messages.c.delivery.in_([state.value for state in _WENT_OUT]))
    .order_by(messages.c.conversation_id, messages.c.created_at, messages.c.position)
)
_WITH_PEOPLE = frozenset({Status.FLAGGED.value, Status.HUMAN.value, Status.SNOOZED.value})


async def waits_of(connection: AsyncConnection, inbox_id: str, since: datetime) -> Sequence[tuple[datetime, float | None]]:
    """Begin and minutes of each wait since then; None for one that nobody ended. What still lasts is left out."""
    found: list[tuple[datetime, float | None]] = []
    told: tuple[str, datetime, bool] | None = None
    for row in await connection.execute(_SAID, {"inbox": inbox_id, "since": since}):
        if told is not None and (row.conversation_id != told[0] or row.purpose == Purpose.HOLDING.value):
            found += [] if told[2] and row.conversation_id != told[0] else [(told[1], None)]
            told = None
        if row.purpose == Purpose.HOLDING.value:
            told = (row.conversation_id, row.created_at, row.status in _WITH_PEOPLE)
        elif told is not None:
            found.append((told[1], (row.created_at - told[1]).total_seconds() / 60))
            told = None
    if told is not None and not told[2]:
        found.append((told[1], None))
    return [wait for wait in found if wait[0] >= since]
