"""The schema: the one second shape of the domain's models. `storage/mapping.py` goes between them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from domain.managers import DEFAULT_CAPACITY, Availability


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in Python; UTC without a zone in SQLite, `timestamptz` in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None or not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_Counter = BigInteger().with_variant(Integer, "sqlite")

installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("identity_key", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

inboxes = Table(
    "inboxes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("public_settings", Text, nullable=False),
    Column("credentials", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_message_at", UtcDateTime),
)

tokens = Table(
    "tokens",
    metadata,
    Column("inbox_id", Text, ForeignKey("inboxes.id"), primary_key=True),
    Column("token_hash", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("problem", Text),
    Column("problem_since", UtcDateTime),
    Column("dead", Boolean, nullable=False),
    Column("warned_at", UtcDateTime),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("language", Text),
    Column("created_at", UtcDateTime, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    Column("inbox_id", Text, ForeignKey("inboxes.id"), primary_key=True),
    Column("address", Text, primary_key=True),
    Column("contact_id", Text, ForeignKey("contacts.id"), nullable=False),
    Column("workflow_id", Text, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "contact_id"),
)

aliases = Table(
    "aliases",
    metadata,
    Column("inbox_id", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("of_address", Text, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["inbox_id", "of_address"], ["addresses.inbox_id", "addresses.address"]),
    Index(None, "inbox_id", "of_address"),
)

merges = Table(
    "merges",
    metadata,
    Column("contact_id", Text, ForeignKey("contacts.id"), primary_key=True),
    Column("into_id", Text, ForeignKey("contacts.id"), nullable=False),
    Column("manager_id", Text),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "into_id"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("inbox_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("body_hash", Text, nullable=False),
    Column("contact_id", Text, nullable=False),
    Column("workflow_id", Text, nullable=False),
    Column("conversation_id", Text),
    Column("received_at", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime),
    UniqueConstraint("inbox_id", "kind", "provider_id"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workflow_id", Text, nullable=False),
    Column("inbox_id", Text, ForeignKey("inboxes.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("contact_id", Text, ForeignKey("contacts.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("first_version", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("closed_reason", Text),
    Column("assignee_id", Text),
    Column("hand_off", Text),
    Column("waiting_since", UtcDateTime),
    Column("due", Text, nullable=False),
    Column("language", Text),
    Column("summary", Text),
    Column("previous_id", Text),
    Column("unanswered", Boolean, nullable=False),
    Column("said_unanswered", Boolean, nullable=False),
    Column("unread", Integer, nullable=False),
    Column("last_message_at", UtcDateTime, nullable=False),
    Column("last_message_text", Text, nullable=False),
    Column("last_message_sender", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("offered_to", Text),
    Column("in_line_since", UtcDateTime),
    Column("assigned_at", UtcDateTime),
    Column("last_manager_id", Text),
)
IS_OPEN = conversations.c.status != literal_column("'closed'")
"""Conditions of partial indexes; a query must name them in the same words, with literals, for SQLite to use the index."""
IS_WITH_PEOPLE = conversations.c.status.in_([literal_column("'flagged'"), literal_column("'human'"), literal_column("'snoozed'")])
IS_UNANSWERED = conversations.c.unanswered.is_(true())
IS_OFFERED = conversations.c.offered_to.is_not(None)
IS_IN_LINE = conversations.c.in_line_since.is_not(None)
Index("ix_conversations_newest", conversations.c.last_message_at, conversations.c.id)
Index("ix_conversations_status_newest", conversations.c.status, conversations.c.last_message_at, conversations.c.id)
Index("ix_conversations_inbox_newest", conversations.c.inbox_id, conversations.c.last_message_at, conversations.c.id)
Index("ix_conversations_contact_newest", conversations.c.contact_id, conversations.c.last_message_at, conversations.c.id)
Index("ix_conversations_open", conversations.c.workflow_id, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
Index(
    "ix_conversations_waiting",
    conversations.c.status,
    conversations.c.assignee_id,
    conversations.c.waiting_since,
    conversations.c.id,
    sqlite_where=IS_WITH_PEOPLE,
    postgresql_where=IS_WITH_PEOPLE,
)

Index("ix_conversations_unanswered", conversations.c.last_message_at, sqlite_where=IS_UNANSWERED, postgresql_where=IS_UNANSWERED)
Index("ix_conversations_offered", conversations.c.offered_to, sqlite_where=IS_OFFERED, postgresql_where=IS_OFFERED)
Index("ix_conversations_line", conversations.c.in_line_since, conversations.c.id, sqlite_where=IS_IN_LINE, postgresql_where=IS_IN_LINE)

messages = Table(
    "messages",
    metadata,
    Column("position", _Counter, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("conversation_id", Text, ForeignKey("conversations.id", deferrable=True, initially="DEFERRED"), nullable=False),
    Column("inbox_id", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("author_id", Text),
    Column("kind", Text),
    Column("provider_id", Text),
    Column("type", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("attachments", Text),
    Column("quick_replies", Text),
    Column("purpose", Text),
    Column("delivery", Text),
    Column("delivery_error", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("epoch", Integer),
    Column("in_reply_to", Text),
    Column("citations", Text),
    Column("confidence", Float),
    Column("turn_id", Text),
    Column("template", Text),
    Column("template_use", Text),
    Column("language", Text),
    Column("raw_kind", Text),
    Column("context", Text),
    Column("sent_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "conversation_id", "position"),
    sqlite_autoincrement=True,
)
_inbound = messages.c.direction == literal_column("'inbound'")
IS_UNKNOWN_SEND = (messages.c.direction == literal_column("'outbound'")) & (messages.c.delivery == literal_column("'unknown'"))
IS_SENT_ROW = (messages.c.direction == literal_column("'outbound'")) & messages.c.provider_id.is_not(None)
Index(
    "uq_messages_inbound",
    messages.c.inbox_id,
    messages.c.kind,
    messages.c.provider_id,
    unique=True,
    sqlite_where=_inbound,
    postgresql_where=_inbound,
)
Index("ix_messages_sent", messages.c.inbox_id, messages.c.provider_id, sqlite_where=IS_SENT_ROW, postgresql_where=IS_SENT_ROW)
Index("ix_messages_unknown", messages.c.inbox_id, messages.c.created_at, sqlite_where=IS_UNKNOWN_SEND, postgresql_where=IS_UNKNOWN_SEND)

turns = Table(
    "turns",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("knowledge_version", Integer, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "conversation_id"),
)

readings = Table(
    "readings",
    metadata,
    Column("turn_id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt_version", Text, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("latency_ms", Integer, nullable=False),
    Column("cost", Float),
    Column("reading", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "conversation_id"),
    Index(None, "created_at"),
)

breaches = Table(
    "breaches",
    metadata,
    Column("conversation_id", Text, ForeignKey("conversations.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("manager_id", Text),
    Column("answered_at", UtcDateTime),
    Index(None, "due_at", "conversation_id"),
)

judgements = Table(
    "judgements",
    metadata,
    Column("turn_id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("right", Boolean, nullable=False),
    Column("judged_by", Text, nullable=False),
    Column("manager_id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "at"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("action_id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", _Counter, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("conversation_id", Text),
    Column("at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

managers = Table(
    "managers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("phone", Text),
    Column("password_hash", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("languages", Text),
    Column("inboxes", Text),
    Column("capacity", Integer, nullable=False, server_default=text(str(DEFAULT_CAPACITY))),
    Column("hours", Text, nullable=False, server_default=""),
    Column("availability", Text, nullable=False, server_default=Availability.AVAILABLE.value),
    Column("availability_at", UtcDateTime),
    Column("seen_at", UtcDateTime),
    Column("offered_at", UtcDateTime),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("manager_id", Text, ForeignKey("managers.id"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("manager_id", Text, ForeignKey("managers.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("manager_id", Text, ForeignKey("managers.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email_hash", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "email_hash", "at"),
    Index(None, "source", "at"),
    Index(None, "at"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("pages", Integer),
    Column("chunks", Integer),
    Column("state", Text, nullable=False),
    Column("progress", Float, nullable=False),
    Column("step", Text, nullable=False),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ready_at", UtcDateTime),
    Column("content", LargeBinary, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("document_id", Text, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("page", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("heading", Text, nullable=False),
    Column("question", Text),
    Column("text", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("embedding_model", Text, nullable=False),
)

knowledge_versions = Table(
    "knowledge_versions",
    metadata,
    Column("version", _Counter, primary_key=True),
    Column("change", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

files = Table(
    "files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("flagged_at", Text, primary_key=True),
    Column("rung", Text, primary_key=True),
    Column("manager_id", Text, primary_key=True),
    Column("medium", Text, primary_key=True),
    Column("inbox_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("error", Text),
    Column("digest_id", Text),
    Column("owed_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
)
IS_UNSETTLED = notices.c.state.in_([literal_column("'owed'"), literal_column("'sending'")])
Index("ix_notices_unsettled", notices.c.manager_id, notices.c.medium, sqlite_where=IS_UNSETTLED, postgresql_where=IS_UNSETTLED)

notice_gates = Table(
    "notice_gates",
    metadata,
    Column("manager_id", Text, primary_key=True),
    Column("medium", Text, primary_key=True),
    Column("opens_at", UtcDateTime, nullable=False),
)

reply_addresses = Table(
    "reply_addresses",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("manager_id", Text, nullable=False),
    Column("seen_message_id", Text),
    Column("expires_at", UtcDateTime, nullable=False),
)

mail_arrivals = Table(
    "mail_arrivals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("form", Text, nullable=False),
    Column("sealed", Text),
    Column("message_id", Text, unique=True),
    Column("outcome", Text),
    Column("detail", Text),
    Column("received_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
)

mailbox_positions = Table(
    "mailbox_positions",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
)

verified_phones = Table(
    "verified_phones",
    metadata,
    Column("manager_id", Text, ForeignKey("managers.id"), primary_key=True),
    Column("phone", Text, nullable=False),
    Column("verified_at", UtcDateTime, nullable=False),
    Column("second_factor", Boolean, nullable=False),
)

identity_checks = Table(
    "identity_checks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Index(None, "conversation_id"),
)

notice_preferences = Table(
    "notice_preferences",
    metadata,
    Column("manager_id", Text, ForeignKey("managers.id"), primary_key=True),
    Column("preferences", Text, nullable=False),
)

watchers = Table(
    "watchers",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("manager_id", Text, ForeignKey("managers.id"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "manager_id", "conversation_id"),
)

mentions = Table(
    "mentions",
    metadata,
    Column("note_id", Text, primary_key=True),
    Column("manager_id", Text, ForeignKey("managers.id"), primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),
    Index(None, "manager_id", "conversation_id"),
)

presence = Table(
    "presence",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("manager_id", Text, ForeignKey("managers.id"), primary_key=True),
    Column("typing_at", UtcDateTime),
    Column("at", UtcDateTime, nullable=False),
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("manager_id", Text, ForeignKey("managers.id"), nullable=False),
    Column("session_hash", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "manager_id"),
    Index(None, "session_hash"),
)

key_pairs = Table(
    "key_pairs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("public", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

send_rates = Table(
    "send_rates",
    metadata,
    Column("key", Text, primary_key=True),
    Column("next_at", UtcDateTime, nullable=False),
)

send_places = Table(
    "send_places",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "at"),
)
