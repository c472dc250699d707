"""The JSON body of the REST inbox, read strictly: what can't be understood is refused with the field's name, nothing is dropped."""

import hashlib
import json
import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from channels.json_body import read_object
from domain.errors import InvalidInput
from domain.ids import inbound_message_id
from domain.messages import Arrival, Attachment, InboundMessage, MessageType
from domain.model import Model, UtcDatetime

MAX_TEXT = 16_000
"""Characters."""

_KNOWN_ATTACHMENTS = frozenset(
    {MessageType.IMAGE, MessageType.AUDIO, MessageType.VIDEO, MessageType.DOCUMENT, MessageType.LOCATION, MessageType.CONTACT_CARD}
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


def _web_address(value: str) -> str:
    if not value.lower().startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return value


Identifier = Annotated[str, Field(max_length=200), AfterValidator(_not_blank)]


class _Strict(Model):
    model_config = ConfigDict(frozen=True, strict=True)


class _Contact(_Strict):
    id: Identifier
    name: Annotated[str, Field(max_length=200)] | None = None
    language: Annotated[str, Field(max_length=100)] | None = None


class _AttachmentBody(_Strict):
    type: Annotated[str, Field(max_length=100)]
    url: Annotated[str, Field(max_length=2_000), AfterValidator(_web_address)]
    mime_type: Annotated[str, Field(max_length=200)] | None = None
    name: Annotated[str, Field(max_length=255)] | None = None
    size: Annotated[int, Field(ge=0, le=2**53)] | None = None


class _Body(_Strict):
    type: Annotated[str, Field(max_length=100), AfterValidator(_not_blank)]
    id: Identifier
    contact: _Contact
    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    attachments: Annotated[list[_AttachmentBody], Field(max_length=10)] | None = None
    sent_at: Annotated[UtcDatetime, Field(strict=False)] | None = None


def read_arrival(body: bytes, inbox_id: str, *, received_at: datetime) -> Arrival:
    """Raises InvalidInput naming the first field that is wrong."""
    try:
        document = read_object(body)
        parsed = _Body.model_validate(document)
        body_hash = _body_hash(document)
    except RecursionError as error:
        raise InvalidInput("The body is nested too deeply") from error
    except ValidationError as error:
        raise InvalidInput(_words(error)) from error
    except OverflowError as error:
        raise InvalidInput("sent_at: lies outside of the calendar") from error
    return _arrival(parsed, inbox_id, body_hash, received_at)


def _arrival(body: _Body, inbox_id: str, body_hash: str, received_at: datetime) -> Arrival:
    attachments = tuple(_attachment(attachment) for attachment in body.attachments or ())
    text = body.text or ""
    kind, raw_kind = _kind(body, text, attachments)
    language = body.contact.language
    message = InboundMessage(
        id=inbound_message_id(inbox_id, "message", body.id),
        provider_id=body.id,
        type=kind,
        text=text,
        attachments=attachments,
        language=language if language and _LANGUAGE.fullmatch(language) else None,
        sent_at=body.sent_at,
        received_at=received_at,
        raw_kind=raw_kind,
    )
    return Arrival(address=body.contact.id, name=body.contact.name, message=message, body_hash=body_hash)


def _kind(body: _Body, text: str, attachments: tuple[Attachment, ...]) -> tuple[MessageType, str | None]:
    """Our word for the message and, where we have none, the sender's. A text with attachments is a text."""
    if body.type != "message":
        return MessageType.UNSUPPORTED, body.type
    raw = next((given.type for given in body.attachments or () if given.type not in _KNOWN_ATTACHMENTS), None)
    if text.strip():
        return MessageType.TEXT, raw
    if attachments:
        return attachments[0].type, raw
    raise InvalidInput("text: is empty and there are no attachments")


def _attachment(given: _AttachmentBody) -> Attachment:
    known = given.type in _KNOWN_ATTACHMENTS
    return Attachment(
        type=MessageType(given.type) if known else MessageType.UNSUPPORTED,
        url=given.url,
        mime_type=given.mime_type,
        name=given.name,
        size=given.size,
    )


def _body_hash(document: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON without `sent_at`, which may differ between two deliveries of one message."""
    content = {key: value for key, value in document.items() if key != "sent_at"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _words(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field}: {first['msg'].removeprefix('Value error, ')}"
