"""The one way in which a conversation's row is written: by `record`, by `close` and before every send."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.commands import Verdict
from domain.conversations import ConversationRecord, Status
from domain.errors import NotFound
from domain.messages import InboundMessage, OutboundMessage, Purpose, Recipient, Sender
from storage import breaches
from storage.addressing import REPLY_ADDRESS
from storage.database import Database
from storage.mapping import AnyRow, Values, preview, record_values
from storage.tables import addresses, contacts, conversations, inboxes, messages

PROMISES = frozenset({Purpose.HOLDING, Purpose.APOLOGY, Purpose.TALKING_TO, Purpose.BOT_BACK})
"""What tells a customer only to wait: the lists go on showing the question."""

MOST_UNREAD = 10
"""Where counting unread messages stops."""

ANSWERING_VERBS = frozenset({"post_reply", "resolve"})
"""Verbs by which a person settles what was asked: once one is accepted, the conversation is no longer listed as unanswered."""

INBOX_SEEN_EVERY = timedelta(seconds=1)
"""An inbox's `last_message_at` may lag this much, so that a burst does not write that row with every message."""

_STORED = (
    conversations.c.id.label("stored_id"),
    conversations.c.version,
    conversations.c.first_version,
    conversations.c.epoch,
    conversations.c.status,
    conversations.c.unread,
    conversations.c.said_unanswered,
    conversations.c.previous_id,
    conversations.c.offered_to,
    conversations.c.last_message_at,
    contacts.c.language.label("contact_language"),
    inboxes.c.policy,
    inboxes.c.policy_version,
    inboxes.c.channel.label("inbox_channel"),
    inboxes.c.last_message_at.label("inbox_seen_at"),
)
_FROM = inboxes.outerjoin(conversations, conversations.c.id == bindparam("conversation_id")).outerjoin(
    contacts, contacts.c.id == bindparam("contact_id")
)
_LOOK = select(*_STORED).select_from(_FROM).where(inboxes.c.id == bindparam("inbox_id"))
_ADDRESS = (
    select(REPLY_ADDRESS)
    .where(addresses.c.inbox_id == bindparam("inbox_id"), addresses.c.contact_id == bindparam("contact_id"))
    .order_by((addresses.c.workflow_id == bindparam("workflow_id")).desc(), addresses.c.created_at)
    .limit(1)
    .scalar_subquery()
)
_LOOK_BEFORE_SEND = (
    select(*_STORED, messages.c.delivery, messages.c.delivery_error, messages.c.attempts, _ADDRESS.label("address"))
    .select_from(_FROM.outerjoin(messages, messages.c.id == bindparam("message_id")))
    .where(inboxes.c.id == bindparam("inbox_id"))
)
_RECIPIENT = select(inboxes.c.channel, _ADDRESS.label("address")).where(inboxes.c.id == bindparam("inbox_id"))
_SUMMARY = select(conversations.c.id, conversations.c.summary).where(conversations.c.id == bindparam("previous"))
_PREVIOUS = (
    select(conversations.c.id, conversations.c.summary)
    .where(
        conversations.c.contact_id == bindparam("contact_id"),
        conversations.c.inbox_id == bindparam("inbox_id"),
        conversations.c.status == Status.CLOSED.value,
        conversations.c.id != bindparam("conversation_id"),
    )
    .order_by(conversations.c.closed_at.desc())
    .limit(1)
)
_ADD = insert(conversations)
_CHANGE = update(conversations).where(conversations.c.id == bindparam("conversation_id"))
_SAY_LANGUAGE = update(contacts).where(contacts.c.id == bindparam("contact")).values(language=bindparam("said"))
_SEEN = update(inboxes).where(inboxes.c.id == bindparam("inbox")).values(last_message_at=bindparam("at"))


Stored = AnyRow
"""What is stored before the write; nothing of it can change before the transaction ends. `stored_id` is None for a new conversation."""


async def look(db: Database, connection: AsyncConnection, record: ConversationRecord) -> Stored:
    """Raises NotFound if the inbox is gone."""
    await db.lock(connection, record.conversation_id)
    return _found((await connection.execute(_LOOK, _names(record))).first(), record)


async def look_before_send(db: Database, connection: AsyncConnection, record: ConversationRecord, message_id: str) -> Stored:
    """As `look`, with the ledger row of a message and where it goes. Raises NotFound if the inbox or the address is gone."""
    await db.lock(connection, record.conversation_id)
    names = {**_names(record), "message_id": message_id, "workflow_id": record.workflow_id}
    return _reachable((await connection.execute(_LOOK_BEFORE_SEND, names)).first(), record)


async def recipient_of(connection: AsyncConnection, record: ConversationRecord) -> Recipient:
    """Where a reply goes now. Raises NotFound if the inbox or the address is gone."""
    names = {"inbox_id": record.inbox_id, "contact_id": record.contact_id, "workflow_id": record.workflow_id}
    found = _reachable((await connection.execute(_RECIPIENT, names)).first(), record)
    return Recipient(channel=found.channel, inbox_id=record.inbox_id, address=found.address)


def _names(record: ConversationRecord) -> Values:
    return {"conversation_id": record.conversation_id, "contact_id": record.contact_id, "inbox_id": record.inbox_id}


def _found(row: Stored | None, record: ConversationRecord) -> Stored:
    if row is None:
        raise NotFound(f"There is no inbox {record.inbox_id}")
    return row


def _reachable(row: AnyRow | None, record: ConversationRecord) -> AnyRow:
    found = _found(row, record)
    if found.address is None:
        raise NotFound(f"Contact {record.contact_id} has no address on inbox {record.inbox_id}")
    return found


async def write_record(
    connection: AsyncConnection,
    record: ConversationRecord,
    stored: Stored,
    *,
    arrived: Sequence[InboundMessage] = (),
    sent: OutboundMessage | None = None,
    verdict: Verdict | None = None,
) -> str | None:
    """Writes what the record, new messages and a person's accepted answer change.

    Returns the summary of the contact's last closed conversation when this is the conversation's first record, or a repeat of that.
    """
    previous_id, summary = await _previous(connection, record, stored)
    changes = _changes(record, stored, arrived, sent, verdict)
    if stored.stored_id is None:
        values = {**_nothing_said(record), **changes, "id": record.conversation_id, "first_version": record.version}
        await connection.execute(_ADD, {**values, "previous_id": previous_id})
    elif changes:
        await connection.execute(_CHANGE, {**changes, "conversation_id": record.conversation_id})
    if stored.stored_id is None or record.version > stored.version:
        await breaches.note(connection, record)
    if (settled_at := _settled_at(verdict, record)) is not None:
        await breaches.answered(connection, record.conversation_id, settled_at)
    await _note_language(connection, record, stored, arrived)
    await _note_traffic(connection, record, stored, arrived, sent)
    return summary


async def _previous(connection: AsyncConnection, record: ConversationRecord, stored: Stored) -> tuple[str | None, str | None]:
    if stored.stored_id is None:
        row = (await connection.execute(_PREVIOUS, _names(record))).first()
    elif stored.previous_id is not None and record.version <= stored.first_version:
        row = (await connection.execute(_SUMMARY, {"previous": stored.previous_id})).first()
    else:
        return stored.previous_id, None
    return (row.id, row.summary) if row is not None else (None, None)


def _nothing_said(record: ConversationRecord) -> Values:
    return {
        "unread": 0,
        "unanswered": False,
        "last_message_at": record.opened_at,
        "last_message_text": "",
        "last_message_sender": Sender.CUSTOMER.value,
    }


def _changes(
    record: ConversationRecord, stored: Stored, arrived: Sequence[InboundMessage], sent: OutboundMessage | None, verdict: Verdict | None
) -> Values:
    changes: Values = {}
    is_new = stored.stored_id is None
    if is_new or record.version > stored.version:
        changes |= record_values(record)
        if record.assignee_id is not None:
            changes["last_manager_id"] = record.assignee_id
        if not is_new:
            changes["epoch"] = max(record.epoch, stored.epoch)
        if record.unanswered and (is_new or _begins_unanswered(record, stored, verdict)):
            changes["unanswered"] = True
    if _settled_at(verdict, record) is not None:
        changes["unanswered"] = False
    if arrived:
        changes["unread"] = min((0 if is_new else stored.unread) + len(arrived), MOST_UNREAD)
    changes |= _last_message(stored, arrived, sent)
    return changes


def _settled_at(verdict: Verdict | None, record: ConversationRecord) -> datetime | None:
    """When a person answered all that was asked. A message that is sent again leaves what else waits."""
    if verdict is None or not verdict.accepted or verdict.verb not in ANSWERING_VERBS:
        return None
    return None if record.unanswered or record.waiting_since is not None else verdict.at


def _begins_unanswered(record: ConversationRecord, stored: Stored, verdict: Verdict | None) -> bool:
    """Whether nobody answered just now. A record goes on saying `unanswered` from before, which must not undo a person's dismissal;
    but another time-out does count: the conversation stops being flagged without anybody's verb."""
    timed_out_again = verdict is None and stored.status == Status.FLAGGED and record.status in (Status.BOT, Status.CLOSED)
    return timed_out_again or not stored.said_unanswered


def _last_message(stored: Stored, arrived: Sequence[InboundMessage], sent: OutboundMessage | None) -> Values:
    at: datetime
    message: InboundMessage | OutboundMessage
    if sent is not None and sent.purpose not in PROMISES:
        at, message, sender = sent.created_at, sent, sent.sender
    elif arrived:
        message = max(arrived, key=lambda each: each.received_at)
        at, sender = message.received_at, Sender.CUSTOMER
    else:
        return {}
    if stored.last_message_at is not None and at < stored.last_message_at:
        return {}
    return {"last_message_at": at, "last_message_text": preview(message), "last_message_sender": sender.value}


async def _note_language(
    connection: AsyncConnection, record: ConversationRecord, stored: Stored, arrived: Sequence[InboundMessage]
) -> None:
    said = record.language or next((message.language for message in reversed(arrived) if message.language), None)
    if said and said != stored.contact_language:
        await connection.execute(_SAY_LANGUAGE, {"contact": record.contact_id, "said": said})


async def _note_traffic(
    connection: AsyncConnection,
    record: ConversationRecord,
    stored: Stored,
    arrived: Sequence[InboundMessage],
    sent: OutboundMessage | None,
) -> None:
    times = [message.received_at for message in arrived] + ([sent.created_at] if sent else [])
    if times and (stored.inbox_seen_at is None or max(times) - stored.inbox_seen_at >= INBOX_SEEN_EVERY):
        await connection.execute(_SEEN, {"inbox": record.inbox_id, "at": max(times)})
