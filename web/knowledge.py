"""The knowledge page: documents with the state of their import, and a box to try a question."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from domain.errors import Conflict, EngineUnavailable, InvalidInput
from domain.managers import Role
from domain.recalibration import LEAST_JUDGEMENTS
from storage.judgements import Judgements
from web.evidence import sources_of
from web.middleware import DOCUMENT_LIMIT
from web.pages import page, wants_part
from web.security import require
from web.shell import Desk

router = APIRouter(prefix="/knowledge", include_in_schema=False)

AtDesk = Annotated[Desk, Depends()]
MAY_CHANGE = Role.ADMIN
NOT_STARTED = "Reading could not be started: the Temporal service was not reachable. Upload the file again."
LONGEST_QUESTION = 2_000


async def _documents(desk: Desk, error: str = "") -> dict[str, Any]:
    return {
        "documents": await desk.services.documents.list(),
        "may_change": desk.manager.may(MAY_CHANGE),
        "limit": DOCUMENT_LIMIT,
        "error": error,
    }


async def _page(desk: Desk, *, error: str = "", status: int = 200, **asked: Any) -> Response:
    inboxes = await desk.services.inboxes.list()
    adjustment = await Judgements(desk.services.db).adjustment()
    fresh: dict[str, Any] = {
        "question": "",
        "answer": None,
        "found": [],
        "inbox_id": "",
        "inboxes": inboxes,
        "adjustment": adjustment,
        "least": LEAST_JUDGEMENTS,
    }
    context = await desk.context("knowledge", **{**fresh, **await _documents(desk, error), **asked})
    return page("knowledge.html", context, status=status)


@router.get("")
async def show(request: Request, desk: AtDesk) -> Response:
    if wants_part(request):
        return page("parts/documents.html", desk.part(**await _documents(desk)))
    return await _page(desk)


@router.post("", dependencies=[Depends(require(MAY_CHANGE))])
async def upload(request: Request, desk: AtDesk, file: Annotated[UploadFile, File()]) -> Response:
    """Stores the file and begins to read it. What was wrong is shown on the page; nothing is lost silently."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2].strip()[:255]
    content = await file.read()
    if not name or not content:
        return await _uploaded(request, desk, error="Choose a file that is not empty", status=422)
    try:
        document = await desk.services.documents.add(name, content)
    except (InvalidInput, Conflict) as error:
        status = 409 if isinstance(error, Conflict) else 422
        return await _uploaded(request, desk, error=str(error), status=status)
    try:
        await desk.services.gateway.import_document(document.id)
    except EngineUnavailable:
        await desk.services.documents.fail(document.id, NOT_STARTED)
        return await _uploaded(request, desk, error=NOT_STARTED, status=503)
    return await _uploaded(request, desk)


async def _uploaded(request: Request, desk: Desk, *, error: str = "", status: int = 200) -> Response:
    if "hx-request" in request.headers:
        return page("parts/upload.html", desk.part(**await _documents(desk, error)), status=status)
    if error:
        return await _page(desk, error=error, status=status)
    return RedirectResponse("/knowledge", 303)


@router.post("/ask")
async def ask(
    request: Request,
    desk: AtDesk,
    question: Annotated[str, Form(min_length=1, max_length=LONGEST_QUESTION)],
    inbox: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """What the bot would do with a question. Nothing is sent to anybody."""
    answer = await desk.services.gateway.ask(question.strip(), inbox or None)
    found = sources_of(answer.passages, answer.citations, question)
    if wants_part(request):
        return page("parts/answer.html", desk.part(answer=answer, found=found))
    return await _page(desk, question=question, answer=answer, found=found, inbox_id=inbox)


@router.post("/{document_id}/remove", dependencies=[Depends(require(MAY_CHANGE))])
async def remove(request: Request, desk: AtDesk, document_id: str) -> Response:
    await desk.services.documents.remove(document_id)
    if wants_part(request):
        return page("parts/documents.html", desk.part(**await _documents(desk)))
    return RedirectResponse("/knowledge", 303)
