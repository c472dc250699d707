"""A page of a document, with the passage that a reply rests on marked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import RedirectResponse, Response

from domain.errors import NotFound
from domain.knowledge import Document
from web.evidence import page_url
from web.page_images import LONGEST_QUOTE, NoSuchPage, NotRendered, PageImage
from web.pages import page
from web.shell import Desk

router = APIRouter(prefix="/knowledge/{document_id}/pages", include_in_schema=False)

AtDesk = Annotated[Desk, Depends()]
Quote = Annotated[str, Query(max_length=2 * LONGEST_QUOTE)]
LAST_PAGE = 100_000


async def _image(desk: Desk, document: Document, number: int, quote: str) -> PageImage:
    """Raises NotFound and NotRendered."""

    async def content() -> bytes:
        return await desk.services.documents.content(document.id)

    try:
        return await desk.services.page_images.page(document.sha256, content, number, quote)
    except NoSuchPage as error:
        raise NotFound(f"“{document.name}” has no page {number}") from error


@router.get("")
async def first(desk: AtDesk, document_id: str) -> Response:
    return RedirectResponse(page_url(document_id, 1), 303)


@router.get("/{number}")
async def show(desk: AtDesk, document_id: str, number: int, quote: Quote = "") -> Response:
    """Without the picture, where it can't be drawn, the passage and the way to the file are still there."""
    document = await desk.services.documents.get(document_id)
    if not 1 <= number <= LAST_PAGE:
        raise NotFound(f"“{document.name}” has no page {number}")
    problem, image = "", None
    try:
        image = await _image(desk, document, number, quote)
    except NotRendered as error:
        problem = str(error)
    query = page_url(document_id, number, quote).partition("?")[2]
    context = await desk.context(
        "knowledge",
        document=document,
        number=number,
        quote=quote,
        image=image,
        problem=problem,
        image_url=f"/knowledge/{document_id}/pages/{number}/image" + (f"?{query}" if query else ""),
        before=page_url(document_id, number - 1) if number > 1 else "",
        after=page_url(document_id, number + 1) if image is not None and number < image.pages else "",
        file_url=f"/knowledge/{document_id}/file#page={number}",
    )
    return page("document_page.html", context)


@router.get("/{number}/image")
async def picture(desk: AtDesk, document_id: str, number: int, quote: Quote = "") -> Response:
    document = await desk.services.documents.get(document_id)
    try:
        image = await _image(desk, document, number, quote)
    except NotRendered as error:
        raise NotFound(f"Page {number} of “{document.name}” can't be shown: {error}. Open the file instead.") from error
    headers = {"cache-control": "private, max-age=3600", "cross-origin-resource-policy": "same-origin"}
    return Response(image.png, media_type="image/png", headers=headers)
