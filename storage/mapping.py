"""Rows <-> domain models. Nested values stand in the tables as JSON text, written and read by pydantic."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Row

from domain.commands import Verdict
from domain.conversations import Conversation, ConversationRecord, Due, HandOff
from domain.knowledge import Chunk, Citation, Document, Evidence, Reading
from domain.managers import ApiKey, Inbox, Manager
from domain.messages import Attachment, DeliveryState, Direction, InboundMessage, Message, OutboundMessage, Sender
from domain.policy import Policy
from domain.templates import TemplateUse

T = TypeVar("T")
Values = dict[str, Any]
AnyRow = Row[*tuple[Any, ...]]

_ATTACHMENTS = TypeAdapter(tuple[Attachment, ...])
_CITATIONS = TypeAdapter(tuple[Citation, ...])
_TEXTS = TypeAdapter(tuple[str, ...])
_SETTINGS = TypeAdapter(dict[str, str])
_NOT_DUE = Due()
_NOT_DUE_JSON = _NOT_DUE.model_dump_json()

PREVIEW_LENGTH = 200
"""Characters of a message that a list shows."""


def _packed(adapter: TypeAdapter[T], value: T) -> str | None:
    """Empty is stored as NULL: most messages have no attachment, citation or button."""
    return adapter.dump_json(value).decode() if value else None


def _unpacked(adapter: TypeAdapter[tuple[T, ...]], stored: str | None) -> tuple[T, ...]:
    return adapter.validate_json(stored) if stored else ()


def settings_json(settings: dict[str, str]) -> str:
    return _SETTINGS.dump_json(settings).decode()


def settings_from(stored: str) -> dict[str, str]:
    return _SETTINGS.validate_json(stored)


def policy_from(stored: str) -> Policy:
    return Policy.model_validate_json(stored)


def inbox_from(row: AnyRow) -> Inbox:
    return Inbox(
        id=row.id,
        channel=row.channel,
        name=row.name,
        policy=policy_from(row.policy),
        policy_version=row.policy_version,
        public_settings=settings_from(row.public_settings),
        created_at=row.created_at,
        last_message_at=row.last_message_at,
    )


def record_values(record: ConversationRecord) -> Values:
    """The columns that a record decides; those that also depend on the stored row are the caller's."""
    return {
        "workflow_id": record.workflow_id,
        "inbox_id": record.inbox_id,
        "channel": record.channel.value,
        "contact_id": record.contact_id,
        "version": record.version,
        "epoch": record.epoch,
        "status": record.status.value,
        "closed_reason": record.closed_reason.value if record.closed_reason else None,
        "assignee_id": record.assignee_id,
        "hand_off": record.hand_off.model_dump_json() if record.hand_off else None,
        "waiting_since": record.waiting_since,
        "due": _NOT_DUE_JSON if record.due == _NOT_DUE else record.due.model_dump_json(),
        "language": record.language,
        "said_unanswered": record.unanswered,
        "offered_to": record.offered_to,
        "in_line_since": record.in_line_since,
        "assigned_at": record.assigned_at,
        "opened_at": record.opened_at,
        "closed_at": record.closed_at,
    }


def conversation_from(row: AnyRow) -> Conversation:
    return Conversation(
        id=row.id,
        workflow_id=row.workflow_id,
        inbox_id=row.inbox_id,
        inbox_name=row.inbox_name,
        channel=row.channel,
        contact_id=row.contact_id,
        contact_address=row.contact_address or "",
        contact_name=row.contact_name,
        status=row.status,
        closed_reason=row.closed_reason,
        assignee_id=row.assignee_id,
        assignee_name=row.assignee_name,
        hand_off=HandOff.model_validate_json(row.hand_off) if row.hand_off else None,
        offered_to=row.offered_to,
        offered_name=row.offered_name,
        in_line_since=row.in_line_since,
        last_manager_id=row.last_manager_id,
        last_manager_name=row.last_manager_name,
        waiting_since=row.waiting_since,
        due=_NOT_DUE if row.due == _NOT_DUE_JSON else Due.model_validate_json(row.due),
        language=row.language,
        summary=row.summary,
        previous_id=row.previous_id,
        unanswered=row.unanswered,
        unread=row.unread,
        last_message_at=row.last_message_at,
        last_message_text=row.last_message_text,
        last_message_sender=row.last_message_sender,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        epoch=row.epoch,
    )


def preview(message: InboundMessage | OutboundMessage) -> str:
    """What a list shows: the text, or `[image]` and the like where there is none."""
    text = " ".join(message.text.split())[:PREVIEW_LENGTH]
    if text:
        return text
    if isinstance(message, InboundMessage):
        return f"[{message.type.value}]"
    return f"[{message.attachments[0].type.value}]" if message.attachments else ""


def inbound_values(message: InboundMessage, record: ConversationRecord) -> Values:
    return {
        "id": message.id,
        "conversation_id": record.conversation_id,
        "inbox_id": record.inbox_id,
        "direction": Direction.INBOUND.value,
        "sender": Sender.CUSTOMER.value,
        "kind": message.kind,
        "provider_id": message.provider_id,
        "type": message.type.value,
        "text": message.text,
        "attachments": _packed(_ATTACHMENTS, message.attachments),
        "language": message.language,
        "raw_kind": message.raw_kind,
        "context": message.context or None,
        "sent_at": message.sent_at,
        "created_at": message.received_at,
    }


def outbound_values(message: OutboundMessage, *, turn_id: str | None, delivery: DeliveryState, error: str | None, attempts: int) -> Values:
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "inbox_id": message.inbox_id,
        "direction": Direction.OUTBOUND.value,
        "sender": message.sender.value,
        "author_id": message.author_id,
        "type": "text",
        "text": message.text,
        "attachments": _packed(_ATTACHMENTS, message.attachments),
        "quick_replies": _packed(_TEXTS, message.quick_replies),
        "purpose": message.purpose.value,
        "delivery": delivery.value,
        "delivery_error": error,
        "attempts": attempts,
        "epoch": message.epoch,
        **answered_values(message),
        "citations": _packed(_CITATIONS, message.citations),
        "confidence": message.confidence,
        "turn_id": turn_id,
        "template": message.template.name if message.template else None,
        "template_use": message.template.model_dump_json() if message.template else None,
        "created_at": message.created_at,
    }


def outbound_from(row: AnyRow) -> OutboundMessage:
    """As it was to be sent, without what it answered; `contact_id` stands beside the message's own columns."""
    return OutboundMessage(
        id=row.id,
        conversation_id=row.conversation_id,
        inbox_id=row.inbox_id,
        contact_id=row.contact_id,
        sender=row.sender,
        author_id=row.author_id,
        purpose=row.purpose,
        text=row.text,
        attachments=_unpacked(_ATTACHMENTS, row.attachments),
        epoch=row.epoch or 0,
        created_at=row.created_at,
    )


def file_values(attachments: Sequence[Attachment]) -> Values:
    return {"attachments": _packed(_ATTACHMENTS, tuple(attachments))}


def answered_values(message: OutboundMessage) -> Values:
    """What a message answers."""
    return {"in_reply_to": _packed(_TEXTS, tuple(ref.id for ref in message.in_reply_to))}


def answered_from(row: AnyRow) -> tuple[str, ...]:
    return _unpacked(_TEXTS, row.in_reply_to)


def template_from(row: AnyRow) -> TemplateUse | None:
    return TemplateUse.model_validate_json(row.template_use) if row.template_use else None


def with_attachment(row: AnyRow, position: int, attachment: Attachment) -> str | None:
    """The row's attachments with one of them replaced, as they are stored."""
    found = list(_unpacked(_ATTACHMENTS, row.attachments))
    found[position] = attachment
    return _packed(_ATTACHMENTS, tuple(found))


def note_values(note_id: str, conversation_id: str, inbox_id: str, author_id: str, text: str, at: datetime) -> Values:
    return {
        "id": note_id,
        "conversation_id": conversation_id,
        "inbox_id": inbox_id,
        "direction": Direction.NOTE.value,
        "sender": Sender.MANAGER.value,
        "author_id": author_id,
        "type": "text",
        "text": text,
        "created_at": at,
    }


def attachments_from(stored: str | None) -> tuple[Attachment, ...]:
    return _unpacked(_ATTACHMENTS, stored)


def message_from(row: AnyRow) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        direction=row.direction,
        sender=row.sender,
        author_id=row.author_id,
        author_name=row.author_name,
        type=row.type,
        raw_kind=row.raw_kind,
        context=row.context or "",
        text=row.text,
        attachments=_unpacked(_ATTACHMENTS, row.attachments),
        quick_replies=_unpacked(_TEXTS, row.quick_replies),
        provider_id=row.provider_id,
        purpose=row.purpose,
        delivery=row.delivery,
        delivery_error=row.delivery_error,
        attempts=row.attempts,
        in_reply_to=answered_from(row),
        citations=_unpacked(_CITATIONS, row.citations),
        confidence=row.confidence,
        turn_id=row.turn_id,
        language=row.language,
        template=row.template,
        created_at=row.created_at,
    )


def verdict_from(stored: str) -> Verdict:
    return Verdict.model_validate_json(stored)


def evidence_from(row: AnyRow) -> Evidence:
    evidence = Evidence.model_validate_json(row.evidence)
    return evidence if row.reading is None else evidence.model_copy(update={"reading": Reading.model_validate_json(row.reading)})


def reading_values(conversation_id: str, turn_id: str, reading: Reading, at: datetime) -> Values:
    return {
        "turn_id": turn_id,
        "conversation_id": conversation_id,
        "outcome": reading.outcome.value,
        "model": reading.use.model,
        "prompt_version": reading.prompt_version,
        "calls": reading.use.calls,
        "input_tokens": reading.use.input_tokens,
        "output_tokens": reading.use.output_tokens,
        "latency_ms": reading.use.latency_ms,
        "cost": reading.use.cost,
        "reading": reading.model_dump_json(),
        "created_at": at,
    }


def manager_from(row: AnyRow) -> Manager:
    return Manager(
        id=row.id,
        email=row.email,
        name=row.name,
        role=row.role,
        phone=row.phone,
        created_at=row.created_at,
        languages=_unpacked(_TEXTS, row.languages),
        inboxes=_unpacked(_TEXTS, row.inboxes),
        capacity=row.capacity,
        hours=row.hours,
        availability=row.availability,
        availability_at=row.availability_at,
        seen_at=row.seen_at,
    )


def texts_json(texts: tuple[str, ...]) -> str | None:
    return _packed(_TEXTS, texts)


def api_key_from(row: AnyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        manager_id=row.manager_id,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def document_from(row: AnyRow) -> Document:
    return Document(
        id=row.id,
        name=row.name,
        sha256=row.sha256,
        size=row.size,
        pages=row.pages,
        chunks=row.chunks,
        state=row.state,
        progress=row.progress,
        step=row.step,
        error=row.error,
        created_at=row.created_at,
        ready_at=row.ready_at,
    )


def chunk_values(document_id: str, chunk_list: Sequence[Chunk]) -> list[Values]:
    return [
        {
            "document_id": document_id,
            "position": chunk.position,
            "id": chunk.id,
            "page": chunk.page,
            "kind": chunk.kind.value,
            "heading": chunk.heading,
            "question": chunk.question,
            "text": chunk.text,
            "vector": chunk.vector,
            "embedding_model": chunk.embedding_model,
        }
        for chunk in chunk_list
    ]


def chunk_from(row: AnyRow) -> Chunk:
    return Chunk(
        id=row.id,
        document_id=row.document_id,
        position=row.position,
        page=row.page,
        kind=row.kind,
        heading=row.heading,
        question=row.question,
        text=row.text,
        vector=bytes(row.vector),
        embedding_model=row.embedding_model,
    )
