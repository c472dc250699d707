"""The door: every message that comes in is written down once, before anything else happens to it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses

from domain.errors import Conflict, NotFound
from domain.ids import echo_id
from domain.managers import Inbox
from domain.messages import Arrival, Echo
from domain.model import Model
from storage.addressing import addressee, known_addressee
from storage.database import Database
from storage.tables import receipts

_ADD_RECEIPT = insert(receipts).on_conflict_do_nothing().returning(receipts.c.message_id)
_RECEIPT = select(receipts).where(
    receipts.c.inbox_id == bindparam("inbox_id"),
    receipts.c.kind == bindparam("kind"),
    receipts.c.provider_id == bindparam("provider_id"),
)
_ACCEPT = (
    update(receipts)
    .where(receipts.c.message_id == bindparam("id"))
    .values(accepted_at=bindparam("at"), conversation_id=bindparam("conversation"))
)


class Admission(Model):
    message_id: str
    contact_id: str
    workflow_id: str
    duplicate: bool
    """The same message was here before."""
    accepted: bool
    """Its workflow has it: a duplicate that is not accepted must be signalled again."""
    conversation_id: str | None
    """Of the contact's open conversation; None while there is none."""


class Arrivals:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def admit(self, inbox: Inbox, arrival: Arrival) -> Admission:
        """Writes the receipt and, when he is new, the contact; one transaction.

        Raises Conflict if the same provider id was received with another content.
        """
        message = arrival.message
        async with self._db.write() as connection:
            contact_id, workflow, conversation_id = await addressee(
                self._db, connection, inbox.id, arrival.address, also=arrival.aliases, name=arrival.name
            )
            receipt = {
                "message_id": message.id,
                "inbox_id": inbox.id,
                "kind": message.kind,
                "provider_id": message.provider_id,
                "body_hash": arrival.body_hash,
                "contact_id": contact_id,
                "workflow_id": workflow,
                "received_at": message.received_at,
            }
            if (await connection.execute(_ADD_RECEIPT, receipt)).first() is not None:
                return Admission(
                    message_id=message.id,
                    contact_id=contact_id,
                    workflow_id=workflow,
                    duplicate=False,
                    accepted=False,
                    conversation_id=conversation_id,
                )
            key = {"inbox_id": inbox.id, "kind": message.kind, "provider_id": message.provider_id}
            known = (await connection.execute(_RECEIPT, key)).one()
        if known.body_hash != arrival.body_hash:
            raise Conflict(f"A message with the id {message.provider_id!r} was received before with another content; give each its own id")
        return Admission(
            message_id=known.message_id,
            contact_id=known.contact_id,
            workflow_id=known.workflow_id,
            duplicate=True,
            accepted=known.accepted_at is not None,
            conversation_id=known.conversation_id,
        )

    async def admit_echo(self, inbox_id: str, echo: Echo) -> Admission:
        """As `admit`, for what a person wrote in the channel's own app: told twice, it is one takeover."""
        message_id = echo_id(inbox_id, echo.provider_id)
        async with self._db.write() as connection:
            contact_id, workflow, conversation_id = await addressee(self._db, connection, inbox_id, echo.address)
            receipt = {
                "message_id": message_id,
                "inbox_id": inbox_id,
                "kind": "echo",
                "provider_id": echo.provider_id,
                "body_hash": "",
                "contact_id": contact_id,
                "workflow_id": workflow,
                "received_at": datetime.now(UTC),
            }
            is_new = (await connection.execute(_ADD_RECEIPT, receipt)).first() is not None
            key = {"inbox_id": inbox_id, "kind": "echo", "provider_id": echo.provider_id}
            known = (await connection.execute(_RECEIPT, key)).one()
        return Admission(
            message_id=message_id,
            contact_id=contact_id,
            workflow_id=workflow,
            duplicate=not is_new,
            accepted=known.accepted_at is not None,
            conversation_id=conversation_id,
        )

    async def accept(self, message_id: str, conversation_id: str | None) -> None:
        """The workflow has the message: a repeat is never signalled again. Raises NotFound."""
        async with self._db.write() as connection:
            values = {"id": message_id, "at": datetime.now(UTC), "conversation": conversation_id}
            if (await connection.execute(_ACCEPT, values)).rowcount == 0:
                raise NotFound(f"No message {message_id} was received")

    async def accept_all(self, accepted: Sequence[tuple[str, str | None]]) -> None:
        """`accept` for many messages, each with its conversation, in one transaction."""
        now = datetime.now(UTC)
        rows = [{"id": message_id, "at": now, "conversation": conversation_id} for message_id, conversation_id in accepted]
        async with self._db.write() as connection:
            await connection.execute(_ACCEPT, rows)

    async def contact_for(self, inbox_id: str, address: str, name: str | None) -> tuple[str, str]:
        """Contact and workflow id of who writes from this address; a new contact when nobody has yet."""
        async with self._db.write() as connection:
            found = await addressee(self._db, connection, inbox_id, address, name=name)
        return found.contact_id, found.workflow_id

    async def known_contact(self, inbox_id: str, address: str) -> tuple[str, str] | None:
        """Contact and workflow id of who has written from this address; None when nobody has. Writes nothing."""
        async with self._db.read() as connection:
            found = await known_addressee(connection, inbox_id, address)
        return None if found is None else (found.contact_id, found.workflow_id)
