"""What a visitor sends, from the page's form or from a program's JSON, and how it goes into the conversation."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import Request
from pydantic import ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from channels.webchat import MAX_TEXT, arrival
from domain.errors import InvalidInput
from domain.managers import Inbox
from domain.messages import Attachment
from domain.model import Model
from web.chat.texts import preferred
from web.chat.uploads import MAX_FILES, Upload, read_uploads
from web.services import Receipt, Services

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


class TooLong(InvalidInput):
    """More than `MAX_TEXT` characters."""


class NothingWritten(InvalidInput):
    """Neither text nor file."""


class MessageBody(Model):
    """The JSON of `POST /chat/{inbox_id}/messages`."""

    model_config = ConfigDict(frozen=True, strict=True)

    id: Annotated[str, Field(max_length=36)]
    """A UUID drawn by the sender; the same id again is the same message."""
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    client_id: str
    text: str
    uploads: tuple[Upload, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(upload.content) for upload in self.uploads)


def is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


async def read_written(request: Request) -> Written:
    """Raises InvalidInput, its kinds above and those of `uploads`."""
    if is_json(request):
        try:
            body = MessageBody.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            raise InvalidInput(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from error
        return _checked(body.id, body.text, ())
    try:
        form = await request.form(max_files=2 * MAX_FILES, max_fields=10)
    except HTTPException as error:
        raise InvalidInput(f"The form can't be read: {error.detail}") from error
    async with request.form(max_files=2 * MAX_FILES, max_fields=10):
        uploads = await read_uploads([file for file in form.getlist("files") if isinstance(file, UploadFile)])
        return _checked(_field(form.get("id")) or str(uuid4()), _field(form.get("text")), uploads)


def _field(value: object) -> str:
    return value if isinstance(value, str) else ""


def _checked(client_id: str, text: str, uploads: tuple[Upload, ...]) -> Written:
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not _UUID.fullmatch(client_id):
        raise InvalidInput("id: must be a UUID, drawn anew for each message")
    if len(text) > MAX_TEXT:
        raise TooLong(f"text: {len(text):,} characters; at most {MAX_TEXT:,} at once")
    if not text and not uploads:
        raise NothingWritten("text: is empty and there is no file")
    return Written(client_id.lower(), text, uploads)


async def deliver(services: Services, inbox: Inbox, visitor_id: str, written: Written, *, accept_language: str) -> Receipt:
    """Returns once the message is durable. Raises Conflict, EngineUnavailable."""
    attachments = [
        Attachment(
            type=upload.kind,
            url=f"/files/{await services.files.put(upload.content, name=upload.name, mime_type=upload.mime_type)}",
            mime_type=upload.mime_type,
            name=upload.name,
            size=len(upload.content),
        )
        for upload in written.uploads
    ]
    sent = arrival(
        inbox,
        visitor_id,
        written.client_id,
        text=written.text,
        attachments=tuple(attachments),
        fingerprints=tuple(upload.fingerprint for upload in written.uploads),
        language=next(iter(preferred(accept_language)), None),
        at=datetime.now(UTC),
    )
    return await services.gateway.receive(inbox, sent)
