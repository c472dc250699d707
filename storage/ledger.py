"""The send ledger: every outbound message is a row whose state says whether it may be sent, was sent, or may have been."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.channels import SendOutcome, SendResult
from domain.conversations import ConversationRecord
from domain.errors import Conflict, NotFound
from domain.messages import (
    DELIVERY_RANK,
    DeliveryReceipt,
    DeliveryState,
    Direction,
    MessageRef,
    OutboundMessage,
    Recipient,
    Sender,
)
from domain.ports import Claim
from domain.templates import TemplateUse
from storage import events
from storage.database import Database
from storage.mapping import AnyRow, Values, answered_from, answered_values, file_values, outbound_values, template_from
from storage.recording import Stored, look_before_send, recipient_of, write_record
from storage.tables import IS_SENT_ROW, addresses, aliases, conversations, messages

SUPERSEDED_ERROR = "a person took over before this was sent"
INTERRUPTED_ERROR = "the attempt to send was interrupted; the message may have been sent"

_STATE_OF = {
    SendResult.SENT: DeliveryState.SENT,
    SendResult.RETRY: DeliveryState.QUEUED,
    SendResult.FAILED: DeliveryState.FAILED,
    SendResult.UNKNOWN: DeliveryState.UNKNOWN,
}
_RESULT_OF = {
    DeliveryState.QUEUED: SendResult.RETRY,
    DeliveryState.SENDING: SendResult.UNKNOWN,
    DeliveryState.UNKNOWN: SendResult.UNKNOWN,
    DeliveryState.FAILED: SendResult.FAILED,
    DeliveryState.SENT: SendResult.SENT,
    DeliveryState.DELIVERED: SendResult.SENT,
    DeliveryState.READ: SendResult.SENT,
}
_REACHED = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ})

_ADD = insert(messages).inline()
_ADD_UNSAID = insert(messages).on_conflict_do_nothing()
_CHANGE = update(messages).where(messages.c.id == bindparam("message"))
_M = messages.c
_FOUND = select(_M.id, _M.conversation_id, _M.inbox_id, _M.delivery, _M.provider_id)
_BY_ID = _FOUND.where(_M.id == bindparam("message"), _M.direction == Direction.OUTBOUND.value)
_OUTCOME = select(_M.delivery, _M.provider_id, _M.delivery_error).where(
    _M.id == bindparam("message"), _M.direction == Direction.OUTBOUND.value
)
_WHAT_IT_IS = select(_M.in_reply_to, _M.template_use).where(_M.id == bindparam("message"))
_NAMES = select(_M.id, _M.provider_id).where(_M.id.in_(bindparam("ids", expanding=True)))
_BY_PROVIDER_ID = _FOUND.where(IS_SENT_ROW, _M.inbox_id == bindparam("inbox"), _M.provider_id == bindparam("provider"))
_IS_ALIAS = (
    select(aliases.c.address)
    .where(
        aliases.c.inbox_id == addresses.c.inbox_id,
        aliases.c.of_address == addresses.c.address,
        aliases.c.address == bindparam("address"),
    )
    .exists()
)
_TO_ADDRESS = _M.conversation_id.in_(
    select(conversations.c.id)
    .join(addresses, (addresses.c.inbox_id == conversations.c.inbox_id) & (addresses.c.contact_id == conversations.c.contact_id))
    .where(conversations.c.inbox_id == bindparam("inbox"), or_(addresses.c.address == bindparam("address"), _IS_ALIAS))
)
_REACHED_BY = _FOUND.where(
    IS_SENT_ROW,
    _TO_ADDRESS,
    _M.delivery.in_([DeliveryState.SENT.value, DeliveryState.DELIVERED.value]),
    _M.created_at <= bindparam("at"),
).with_for_update()
_BEING_SENT = (
    select(_M.id, _M.text)
    .where(
        _M.direction == Direction.OUTBOUND.value,
        _TO_ADDRESS,
        _M.provider_id.is_(None),
        _M.delivery.in_([DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value]),
        _M.created_at >= bindparam("since"),
    )
    .order_by(_M.created_at)
)

ECHO_FRESH = timedelta(hours=1)
"""An older message is not taken for the one that an echo tells of: a person may write the same words another day."""


def _replaces(new: DeliveryState, old: DeliveryState, *, channel_had_it: bool) -> bool:
    """Whether a report changes a message's state.

    Two cases go beyond the rank. A channel that took a message may fail to deliver it afterwards, and says so only in a report: that
    failure replaces `sent`. And it stays: a late `sent` of the same message is older news.
    """
    if new is DeliveryState.FAILED and old is DeliveryState.SENT:
        return True
    if new is DeliveryState.SENT and old is DeliveryState.FAILED and channel_had_it:
        return False
    return DELIVERY_RANK[new] > DELIVERY_RANK[old]


class Ledger:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def claim(
        self, message: OutboundMessage, record: ConversationRecord, *, turn_id: str | None, idempotent: bool
    ) -> tuple[Claim, Recipient]:
        """Marks the message's row `sending`, in one transaction with the epoch check, before anything is sent.

        Raises NotFound if the inbox is gone or the contact has no address on it.
        """
        async with self._db.write() as connection:
            stored = await look_before_send(self._db, connection, record, message.id)
            claim = _decide(message, record, stored, idempotent=idempotent)
            is_new = stored.delivery is None and claim is Claim.GRANTED
            await write_record(connection, record, stored, sent=message if is_new else None)
            if claim is not Claim.SETTLED:
                await self._mark(connection, message, stored, claim, turn_id)
            await events.append(self._db, connection, "message", "conversation", conversation_id=record.conversation_id)
        return claim, Recipient(channel=stored.inbox_channel, inbox_id=record.inbox_id, address=stored.address)

    async def recipient(self, record: ConversationRecord) -> Recipient:
        """Where a reply in this conversation goes now. Raises NotFound."""
        async with self._db.read() as connection:
            return await recipient_of(connection, record)

    async def _mark(self, connection: AsyncConnection, message: OutboundMessage, stored: Stored, claim: Claim, turn_id: str | None) -> None:
        state, error = _MARKS[claim]
        attempts = (stored.attempts or 0) + int(claim is Claim.GRANTED)
        if stored.delivery is None:
            await connection.execute(_ADD, outbound_values(message, turn_id=turn_id, delivery=state, error=error, attempts=attempts))
        else:
            # A queued reply may have been given more messages to answer since it was written.
            # And its first part may be shorter than what was written.
            changes = {
                "delivery": state.value,
                "delivery_error": error,
                "attempts": attempts,
                "text": message.text,
                **file_values(message.attachments),
                **answered_values(message),
            }
            await connection.execute(_CHANGE, {**changes, "message": message.id})

    async def settle(self, message_id: str, outcome: SendOutcome) -> None:
        """Writes how the attempt ended; RETRY puts the row back to `queued`. What a report said meanwhile is never lowered.

        Raises NotFound.
        """
        new = _STATE_OF[outcome.result]
        async with self._db.write() as connection:
            row = await self._find(connection, message_id)
            changes: Values = {}
            if outcome.provider_id is not None:
                changes["provider_id"] = outcome.provider_id
            old = DeliveryState(row.delivery)
            ours = old in (DeliveryState.QUEUED, DeliveryState.SENDING)
            if ours or _replaces(new, old, channel_had_it=row.provider_id is not None):
                changes |= {"delivery": new.value, "delivery_error": outcome.error}
            if changes:
                await connection.execute(_CHANGE, {**changes, "message": message_id})
            await events.append(self._db, connection, "message", conversation_id=row.conversation_id)

    async def settle_by_hand(self, message_id: str) -> None:
        """A person knows that an unknown message arrived. Raises NotFound, and Conflict if it is unknown no more."""
        async with self._db.write() as connection:
            row = await self._find(connection, message_id)
            if DeliveryState(row.delivery) is not DeliveryState.UNKNOWN:
                raise Conflict("It is known by now what became of this message; look at it again")
            await connection.execute(_CHANGE, {"delivery": DeliveryState.SENT.value, "delivery_error": None, "message": message_id})
            await events.append(self._db, connection, "message", conversation_id=row.conversation_id)

    async def keep_unsaid(self, message: OutboundMessage, error: str) -> None:
        """A row of its own, failed, for the parts that can't follow the one before any more. Safe to repeat."""
        values = outbound_values(message, turn_id=None, delivery=DeliveryState.FAILED, error=error, attempts=0)
        async with self._db.write() as connection:
            await connection.execute(_ADD_UNSAID, values)
            await events.append(self._db, connection, "message", conversation_id=message.conversation_id)

    async def answered_by(self, message_id: str) -> tuple[tuple[MessageRef, ...], TemplateUse | None]:
        """What a message answers, named as the channel names it, and the template that it is. Raises NotFound."""
        async with self._db.read() as connection:
            row = (await connection.execute(_WHAT_IT_IS, {"message": message_id})).first()
            if row is None:
                raise NotFound(f"There is no message {message_id}")
            ids = answered_from(row)
            names = {one.id: one.provider_id for one in (await connection.execute(_NAMES, {"ids": ids})).all()} if ids else {}
        return tuple(MessageRef(id=each, provider_id=names.get(each)) for each in ids), template_from(row)

    async def outcome(self, message_id: str) -> SendOutcome:
        """How a settled message ended: SENT (delivered and read, too), FAILED or UNKNOWN. Raises NotFound."""
        async with self._db.read() as connection:
            row = (await connection.execute(_OUTCOME, {"message": message_id})).first()
        if row is None:
            raise NotFound(f"No message {message_id} was ever claimed")
        return SendOutcome(result=_RESULT_OF[DeliveryState(row.delivery)], provider_id=row.provider_id, error=row.delivery_error)

    async def record_receipt(self, inbox_id: str, receipt: DeliveryReceipt) -> str | None:
        """What the channel reports about a message of ours.

        Returns the conversation's id if its workflow must know: a failure, or evidence that an `unknown` message was sent. A report
        about a message that is not ours, or that says nothing new, changes nothing.
        """
        if receipt.message_id is None and receipt.provider_id is None and receipt.address is not None:
            await self._mark_up_to(inbox_id, receipt)
            return None
        async with self._db.write() as connection:
            row = await self._reported(connection, inbox_id, receipt)
            if row is None:
                return None
            old = DeliveryState(row.delivery)
            if not _replaces(receipt.state, old, channel_had_it=row.provider_id is not None):
                return None
            changes: Values = {"delivery": receipt.state.value, "delivery_error": receipt.error}
            if row.provider_id is None and receipt.provider_id is not None:
                changes["provider_id"] = receipt.provider_id
            await connection.execute(_CHANGE, {**changes, "message": row.id})
            await events.append(self._db, connection, "message", conversation_id=row.conversation_id)
        matters = receipt.state is DeliveryState.FAILED or (old is DeliveryState.UNKNOWN and receipt.state in _REACHED)
        return str(row.conversation_id) if matters else None

    async def _mark_up_to(self, inbox_id: str, receipt: DeliveryReceipt) -> None:
        """What reached an address up to a time got as far as the report says."""
        names = {"inbox": inbox_id, "address": receipt.address, "at": receipt.at}
        async with self._db.write() as connection:
            for row in (await connection.execute(_REACHED_BY, names)).all():
                if _replaces(receipt.state, DeliveryState(row.delivery), channel_had_it=True):
                    await connection.execute(_CHANGE, {"delivery": receipt.state.value, "message": row.id})
                    await events.append(self._db, connection, "message", conversation_id=row.conversation_id)

    async def being_sent(self, inbox_id: str, address: str, text: str, *, at: datetime) -> str | None:
        """The message to this address with this text that is being sent, or may have been, and has no name of the channel's yet."""
        names = {"inbox": inbox_id, "address": address, "since": at - ECHO_FRESH}
        async with self._db.read() as connection:
            rows = (await connection.execute(_BEING_SENT, names)).all()
        return next((str(row.id) for row in rows if _gist(row.text) == _gist(text)), None)

    async def is_ours(self, inbox_id: str, provider_id: str) -> bool:
        """Whether we sent the message that the channel names so."""
        async with self._db.read() as connection:
            return (await connection.execute(_BY_PROVIDER_ID, {"inbox": inbox_id, "provider": provider_id})).first() is not None

    async def _find(self, connection: AsyncConnection, message_id: str) -> AnyRow:
        row = (await connection.execute(_BY_ID.with_for_update(), {"message": message_id})).first()
        if row is None:
            raise NotFound(f"No message {message_id} was ever claimed")
        return row

    async def _reported(self, connection: AsyncConnection, inbox_id: str, receipt: DeliveryReceipt) -> AnyRow | None:
        row: AnyRow | None = None
        if receipt.message_id is not None:
            row = (await connection.execute(_BY_ID.with_for_update(), {"message": receipt.message_id})).first()
        if row is None and receipt.provider_id is not None:
            names = {"inbox": inbox_id, "provider": receipt.provider_id}
            row = (await connection.execute(_BY_PROVIDER_ID.with_for_update(), names)).first()
        return row if row is not None and row.inbox_id == inbox_id else None


def _gist(text: str) -> str:
    """What a text says, whatever the channel did to its marks and emoji on the way."""
    return "".join(sign for sign in text.casefold() if sign.isalnum()) or text.strip()


_MARKS = {
    Claim.GRANTED: (DeliveryState.SENDING, None),
    Claim.SUPERSEDED: (DeliveryState.FAILED, SUPERSEDED_ERROR),
    Claim.INTERRUPTED: (DeliveryState.UNKNOWN, INTERRUPTED_ERROR),
}


def _decide(message: OutboundMessage, record: ConversationRecord, stored: Stored, *, idempotent: bool) -> Claim:
    epoch = max(record.epoch, stored.epoch or 0)
    superseded = message.sender is Sender.BOT and epoch > message.epoch
    match stored.delivery:
        case None | DeliveryState.QUEUED:
            return Claim.SUPERSEDED if superseded else Claim.GRANTED
        case DeliveryState.SENDING:
            # An attempt died in mid-send. Superseded would mean "never sent", which nobody knows any more.
            return Claim.GRANTED if idempotent and not superseded else Claim.INTERRUPTED
        case DeliveryState.FAILED if stored.delivery_error == SUPERSEDED_ERROR:
            return Claim.SUPERSEDED
        case _:
            return Claim.SETTLED
