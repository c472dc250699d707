"""Messages of which nobody knows whether they were sent, for channels that can be asked."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from domain.messages import OutboundMessage, Recipient
from storage.database import Database
from storage.mapping import outbound_from
from storage.tables import IS_UNKNOWN_SEND, addresses, conversations, messages

MOST = 50
"""In one look; what is left is found by the next."""

_UNKNOWN = (
    select(messages, conversations.c.channel, conversations.c.contact_id, addresses.c.address)
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


class UnknownSends:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def unknown(self, inbox_id: str, *, since: datetime) -> Sequence[tuple[OutboundMessage, Recipient]]:
        """Oldest first, with where they were to go."""
        async with self._db.read() as connection:
            rows = (await connection.execute(_UNKNOWN, {"inbox": inbox_id, "since": since})).all()
        return [(outbound_from(row), Recipient(channel=row.channel, inbox_id=inbox_id, address=row.address)) for row in rows]
