"""Files that leave the house only for signed-in people: documents, and what customers attached. Never run, never sniffed."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from storage.files import LINK_PURPOSE
from web.services import Services, services
from web.shell import Desk

router = APIRouter(include_in_schema=False)

AtDesk = Annotated[Desk, Depends()]
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""Kinds that a browser shows without running anything; all others are downloaded."""


def safe_file(content: bytes, name: str, mime_type: str) -> Response:
    """A PDF or a picture is shown, if its first bytes say so too; anything else is a download without a type."""
    is_pdf = content[:1024].lstrip().startswith(b"%PDF-")
    if is_pdf:
        media_type, how = "application/pdf", "inline"
    elif mime_type in SHOWN_INLINE:
        media_type, how = mime_type, "inline"
    else:
        media_type, how = "application/octet-stream", "attachment"
    headers = {
        "content-disposition": f"{how}; filename*=UTF-8''{quote(name, safe='')}",
        "cache-control": "private, max-age=300",
        "cross-origin-resource-policy": "same-origin",
        # A browser's own PDF viewer is an object to it; nothing else may load.
        "content-security-policy": "default-src 'none'; object-src 'self'; img-src 'self'; frame-ancestors 'none'"
        if is_pdf
        else "default-src 'none'; sandbox; frame-ancestors 'none'",
    }
    return Response(content, media_type=media_type, headers=headers)


@router.get("/knowledge/{document_id}/file")
async def document_file(desk: AtDesk, document_id: str) -> Response:
    """`#page=N` after the address opens the page, in every browser's own viewer."""
    document = await desk.services.documents.get(document_id)
    return safe_file(await desk.services.documents.content(document_id), document.name, "application/pdf")


@router.get("/media/{token}")
async def shared(house: Annotated[Services, Depends(services)], token: str) -> Response:
    """For vendors and receivers, who can't sign in: the address carries its permission, and ends after a day."""
    stored = await house.files.get(house.vault.verify(LINK_PURPOSE, token))
    return safe_file(stored.content, stored.name, stored.mime_type)


@router.get("/files/{file_id}")
async def attachment(desk: AtDesk, file_id: str) -> Response:
    stored = await desk.services.files.get(file_id)
    return safe_file(stored.content, stored.name, stored.mime_type)
