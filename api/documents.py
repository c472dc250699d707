"""Documents: handing one over to be read, and watching it."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from api.keys import Admin, Door, Reader
from api.openapi import PREFIX, problems
from domain.errors import EngineUnavailable, InvalidInput
from domain.knowledge import Document
from storage.pages import Page

router = APIRouter(prefix=f"{PREFIX}/documents", tags=["documents"])

_NOT_STARTED = "Reading could not be started: the Temporal service was not reachable. Upload the file again."
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Either a form with the file in the field `file`, or the file itself with its name in `?filename=`.",
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
            },
            "application/pdf": _BINARY,
            "application/octet-stream": _BINARY,
        },
    }
}


@router.get("", responses=problems(), summary="List documents")
async def list_documents(door: Door, caller: Reader) -> Page[Document]:
    return Page(items=await door.documents.list(), next_cursor=None)


@router.get("/{document_id}", responses=problems(404), summary="One document and how far it has been read")
async def get_document(door: Door, caller: Reader, document_id: str) -> Document:
    return await door.documents.get(document_id)


@router.post("", status_code=202, responses=problems(400, 403, 409, 413, 503), openapi_extra=_UPLOAD, summary="Upload a document")
async def add_document(
    request: Request,
    door: Door,
    caller: Admin,
    filename: Annotated[str | None, Query(max_length=255, description="The file's name, when the body is the file itself.")] = None,
) -> Document:
    """Answers as soon as the file is stored; follow `state` and `progress` at `GET /documents/{id}` until it is `ready` or `failed`.

    A document with the same content is refused (409) unless reading it failed.
    """
    name, content = await _uploaded(request, filename)
    document = await door.documents.add(name, content)
    try:
        await door.gateway.import_document(document.id)
    except EngineUnavailable:
        await door.documents.fail(document.id, _NOT_STARTED)
        raise
    return document


@router.delete("/{document_id}", status_code=204, responses=problems(403, 404), summary="Remove a document")
async def remove_document(door: Door, caller: Admin, document_id: str) -> Response:
    """The bot stops answering from it at once."""
    await door.documents.remove(document_id)
    return Response(status_code=204)


async def _uploaded(request: Request, filename: str | None) -> tuple[str, bytes]:
    """Name and bytes. Raises InvalidInput if either is missing."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=5) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise InvalidInput("file: the form has no file in its field `file`")
            name, content = filename or file.filename or "", await file.read()
    else:
        name, content = filename or "", await request.body()
    name = unquote(name).replace("\\", "/").rpartition("/")[2].strip()
    if not name or not name.isprintable():
        raise InvalidInput("filename: give the file's name, for example ?filename=shop.pdf")
    if not content:
        raise InvalidInput("file: it is empty")
    return name[:255], content
