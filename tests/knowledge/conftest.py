"""A document store that lives in memory, and PDFs made on the spot."""

from collections.abc import Callable
from io import BytesIO

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate

from tests.knowledge.memory_documents import MemoryDocuments

STYLES = getSampleStyleSheet()


@pytest.fixture
def documents() -> MemoryDocuments:
    return MemoryDocuments()


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    """Makes a PDF of paragraphs ('# ' makes a heading, '**' around a line makes it bold) and flowables."""

    def make(*story: str | Flowable, **options: object) -> bytes:
        flowables = [_flowable(item) if isinstance(item, str) else item for item in story]
        target = BytesIO()
        SimpleDocTemplate(target, pagesize=A4, **options).build(flowables)
        return target.getvalue()

    return make


def _flowable(text: str) -> Flowable:
    if text.startswith("# "):
        return Paragraph(text[2:], STYLES["Heading1"])
    if text.startswith("**"):
        return Paragraph(f"<b>{text.strip('*')}</b>", STYLES["BodyText"])
    return Paragraph(text, STYLES["BodyText"])
