"""Messages of which nobody knows whether they were sent: for channels that can be asked, and for a person who sends one again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import DeliveryState, OutboundMessage, Recipient
from storage import events
from storage.addressing import REPLY_ADDRESS
from storage.database import Database
from storage.mapping import outbound_from
from storage.tables import IS_UNKNOWN_SEND, addresses, conversations, messages

MOST = 50
"""In one look; what is left is found by the next."""
SENT_AGAIN_ERROR = "it did not arrive, says a manager; sent again below"

_UNKNOWN = (
    select(messages, conversations.c.channel, conversations.c.contact_id, REPLY_ADDRESS.label("address"))
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .join(addresses, addresses.c.workflow_id == conversations.c.workflow_id)
    .where(
        messages.c.inbox_id == bindparam("inbox"),
        IS_UNKNOWN_SEND,
        messages.c.created_at >= bindparam("since"),
    )
    .order_by(messages.c.position)
    .limit(MOST)
)
_SENT_AGAIN = (
    update(messages)
    .where(messages.c.id == bindparam("message"), IS_UNKNOWN_SEND)
    .values(delivery=DeliveryState.FAILED.value, delivery_error=SENT_AGAIN_ERROR)
    .returning(messages.c.conversation_id)
)


async def note_sent_again(db: Database, connection: AsyncConnection, message_id: str) -> None:
    """In the transaction that accepts the new one: no evidence found later is taken for the old one's."""
    conversation_id = (await connection.execute(_SENT_AGAIN, {"message": message_id})).scalar()
    if conversation_id is not None:
        await events.append(db, connection, "message", conversation_id=conversation_id)


class UnknownSends:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def unknown(self, inbox_id: str, *, since: datetime) -> Sequence[tuple[OutboundMessage, Recipient]]:
        """Oldest first, with where they were to go."""
        async with self._db.read() as connection:
            rows = (await connection.execute(_UNKNOWN, {"inbox": inbox_id, "since": since})).all()
        return [(outbound_from(row), Recipient(channel=row.channel, inbox_id=inbox_id, address=row.address)) for row in rows]
