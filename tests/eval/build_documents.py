"""Sets the evaluation's texts (`documents/*.md`) as PDFs: `python -m tests.eval.build_documents`. The same text gives the same bytes.

A source has a head (`title:`, `running:`, `layout:`) and then `# chapter`, `## section`, paragraphs, pipe tables, and questions with
answers as the layout writes them: `marked` (Q: and A:), `marked_pt` (P: and R:), `numbered` (1. ...?), `bold` (...?), `headed` (each
question is a section), `topics` (a bold line that is no question), `faq_table` (question and answer are the cells of a row), `two_columns`
(numbered, on a page of two columns) or `text` (no questions at all).
"""

import io
import re
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph, Table, TableStyle

FOLDER = Path(__file__).with_name("documents")
"""What the confidence model is fitted on."""
HELD_OUT = Path(__file__).with_name("held_out")
"""What it is never fitted on: nothing was decided by these."""

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=11, leading=16, spaceAfter=7)
JUSTIFIED = ParagraphStyle("justified", BODY, fontName="Times-Roman", fontSize=12, leading=17, alignment=4)
QUESTION = ParagraphStyle("question", BODY, fontName="Helvetica-Bold", spaceAfter=1, keepWithNext=1)
CHAPTER = ParagraphStyle("chapter", fontName="Helvetica-Bold", fontSize=18, leading=24, spaceBefore=14, spaceAfter=8, keepWithNext=1)
SECTION = ParagraphStyle("section", fontName="Helvetica-Bold", fontSize=13, leading=18, spaceBefore=8, spaceAfter=4, keepWithNext=1)
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=26, leading=34, spaceAfter=14)
CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=9.5, leading=12)


def build(source: str) -> bytes:
    """The PDF of one source."""
    head_text, _, body = source.partition("\n\n")
    head = dict(line.split(": ", 1) for line in head_text.splitlines())
    story: list[Any] = [Paragraph(escape(head["title"]), TITLE)]
    for piece in re.split(r"\n\s*\n", body.strip()):
        story.extend(_flowables(piece, head["layout"]))
    target = io.BytesIO()
    document = BaseDocTemplate(target, pagesize=A4, invariant=1, title=head["title"])

    def frame(canvas: Canvas, _: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(26 * mm, A4[1] - 14 * mm, head["running"])
        canvas.drawCentredString(A4[0] / 2, 12 * mm, str(canvas.getPageNumber()))

    document.addPageTemplates(PageTemplate(frames=_frames(2 if head["layout"] == "two_columns" else 1), onPage=frame))
    document.build(story)
    return target.getvalue()


def _frames(columns: int) -> list[Frame]:
    margin, gap = (26 * mm, 0.0) if columns == 1 else (18 * mm, 8 * mm)
    width = (A4[0] - 2 * margin - (columns - 1) * gap) / columns
    height = A4[1] - 50 * mm
    return [Frame(margin + number * (width + gap), 24 * mm, width, height) for number in range(columns)]


def _flowables(piece: str, layout: str) -> list[Any]:
    lines = piece.splitlines()
    if piece.startswith("#"):
        marks, _, text = piece.partition(" ")
        return [Paragraph(escape(text), CHAPTER if marks == "#" else SECTION)]
    if piece.startswith("|"):
        return [_table([line for line in lines if not set(line) <= set("|- ")])]
    if len(lines) == 2 and layout != "text":
        question_style = BODY if layout == "marked_pt" else QUESTION
        return [Paragraph(escape(lines[0].strip("*")), question_style), Paragraph(escape(lines[1]), BODY)]
    return [Paragraph(escape(" ".join(lines)), JUSTIFIED if layout == "text" else BODY)]


def _table(lines: list[str]) -> Table:
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    table = Table(
        [[Paragraph(escape(cell), CELL) for cell in row] for row in rows], hAlign="LEFT", spaceBefore=4, spaceAfter=10, repeatRows=1
    )
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.4, "#999999"), ("BACKGROUND", (0, 0), (-1, 0), "#eeeeee")]))
    return table


def main() -> None:
    for source in sorted([*FOLDER.glob("*.md"), *HELD_OUT.glob("*.md")]):
        source.with_suffix(".pdf").write_bytes(build(source.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
