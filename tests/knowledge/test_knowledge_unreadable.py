"""What can't be read is refused in words that say what to do."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from domain.errors import UnreadableDocument
from knowledge.load import MAX_BYTES, MAX_PAGES, read_pdf


def _written(writer: PdfWriter) -> bytes:
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def _encrypted(content: bytes, password: str, owner: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(content)))
    writer.encrypt(user_password=password, owner_password=owner, algorithm="AES-256")
    return _written(writer)


def _scan() -> bytes:
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4)
    for _ in range(2):
        canvas.drawImage(_picture(), 0, 0, width=500, height=700)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _picture() -> ImageReader:
    return ImageReader(Image.new("RGB", (60, 80), "#dddddd"))


def _blank(pages: int) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    return _written(writer)


def test_a_password_is_asked_to_be_removed(pdf: Callable[..., bytes]) -> None:
    with pytest.raises(UnreadableDocument, match=r"protected by a password\. Save a copy without"):
        read_pdf(_encrypted(pdf("Some text."), "secret", "owner"))


def test_a_file_that_only_forbids_printing_is_read(pdf: Callable[..., bytes]) -> None:
    assert read_pdf(_encrypted(pdf("Some text."), "", "owner"))[1][0].text == "Some text."


def test_an_empty_file() -> None:
    with pytest.raises(UnreadableDocument, match="empty"):
        read_pdf(b"")


def test_no_pages() -> None:
    with pytest.raises(UnreadableDocument, match="no pages"):
        read_pdf(_blank(0))


def test_blank_pages() -> None:
    with pytest.raises(UnreadableDocument, match="holds no text"):
        read_pdf(_blank(3))


def test_a_scan_is_told_to_be_recognised_first() -> None:
    with pytest.raises(UnreadableDocument, match=r"scan\). Run text recognition"):
        read_pdf(_scan())


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_damaged(pdf: Callable[..., bytes], share: float) -> None:
    content = pdf(*["A line of text that goes on for a while." for _ in range(200)])
    with pytest.raises(UnreadableDocument, match=r"damaged|no text|no pages"):
        read_pdf(content[: int(len(content) * share)])


def test_rubbish_with_a_header_is_damaged() -> None:
    with pytest.raises(UnreadableDocument, match="damaged or incomplete"):
        read_pdf(b"%PDF-1.7\n" + bytes(range(256)) * 40)


@pytest.mark.parametrize("content", [b"PK\x03\x04 a word document", b"<html></html>", b"\xff\xd8\xff\xe0 a picture"])
def test_another_kind_of_file(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"not a PDF file\. Export the document as PDF"):
        read_pdf(content)


def test_too_many_bytes() -> None:
    with pytest.raises(UnreadableDocument, match="50 MB is the most"):
        read_pdf(b"%PDF-" + bytes(MAX_BYTES))


def test_too_many_pages() -> None:
    with pytest.raises(UnreadableDocument, match="2,001 pages; 2,000 can be read at most"):
        read_pdf(_blank(MAX_PAGES + 1))
