"""PDF bytes -> lines of text with their pages, or a reason in words why not."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

from domain.errors import UnreadableDocument
from knowledge.layout import Fragments, Line, rows_of, with_paragraphs, without_running_lines

MAX_BYTES = 50 * 1024 * 1024
MAX_PAGES = 2_000

_DAMAGE = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pypdf was seen to raise on files whose objects are broken."""


def read_pdf(content: bytes, *, progress: Callable[[float], None] | None = None) -> tuple[int, list[Line]]:
    """The number of pages, and the lines of the text in reading order.

    `progress` is called with the share of pages read. Raises UnreadableDocument whose message says what to do about it.
    """
    reader = _open(content)
    try:
        total = len(reader.pages)
    except _DAMAGE as error:
        raise UnreadableDocument(_damaged()) from error
    if total == 0:
        raise UnreadableDocument("This PDF has no pages. Export it again from where it was made, and upload the new file.")
    if total > MAX_PAGES:
        raise UnreadableDocument(f"This PDF has {total:,} pages; {MAX_PAGES:,} can be read at most. Split it and upload the parts.")
    pages: list[list[Line]] = []
    images = 0
    for number in range(1, total + 1):
        try:
            page = reader.pages[number - 1]
            lines = _page_lines(page, number)
            if not lines:
                images += _has_image(page)
        except _DAMAGE as error:
            raise UnreadableDocument(_damaged(number)) from error
        pages.append(lines)
        if progress is not None:
            progress(number / total)
    pages = without_running_lines(pages)
    if not any(pages):
        if images:
            raise UnreadableDocument(
                "This PDF holds pictures of pages and no text (a scan). Run text recognition (OCR) on it, or export it from the "
                "program it was written in, and upload the new file."
            )
        raise UnreadableDocument("This PDF holds no text. Write something in it, or upload another file.")
    return total, list(with_paragraphs(pages))


def _open(content: bytes) -> PdfReader:
    if len(content) > MAX_BYTES:
        raise UnreadableDocument(
            f"This file has {len(content) / 1_048_576:.0f} MB; {MAX_BYTES // 1_048_576} MB is the most that can be read. "
            "Make its pictures smaller, or split it."
        )
    if not content:
        raise UnreadableDocument("This file is empty (0 bytes). Upload it again; if that fails, export it again from where it was made.")
    if b"%PDF-" not in content[:1024]:
        raise UnreadableDocument("This is not a PDF file. Export the document as PDF and upload that.")
    try:
        reader = PdfReader(BytesIO(content))
        locked = reader.is_encrypted and not reader.decrypt("")
    except DependencyError as error:
        raise UnreadableDocument(_locked()) from error
    except _DAMAGE as error:
        raise UnreadableDocument(_damaged()) from error
    if locked:
        raise UnreadableDocument(_locked())
    return reader


def _locked() -> str:
    return "This PDF is protected by a password. Save a copy without the password and upload that."


def _damaged(page: int | None = None) -> str:
    where = f" (page {page} can't be read)" if page else ""
    return f"This PDF is damaged or incomplete{where}. Open it in a PDF reader, save it as a new PDF, and upload that."


def _page_lines(page: PageObject, number: int) -> list[Line]:
    fragments = Fragments(number)
    try:
        page.extract_text(visitor_text=fragments.add)
    except FileNotDecryptedError as error:
        raise UnreadableDocument(_locked()) from error
    fragments.close()
    return rows_of(fragments.lines)


def _has_image(page: PageObject) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    if objects is None:
        return False
    return any(item.get_object().get("/Subtype") in ("/Image", "/Form") for item in objects.get_object().values())
