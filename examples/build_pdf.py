"""Sets `shop.md` as the A4 handbook `shop.pdf`: `python -m examples.build_pdf`. The same text gives the same bytes.

The source is a small part of Markdown: `# chapter`, `## section`, paragraphs, pipe tables, `Q:` and `A:`, and a head of
`title:`, `subtitle:` and `edition:`.
"""

import argparse
import io
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Frame, KeepTogether, PageTemplate, Paragraph, Spacer, Table, TableStyle

SOURCE = Path(__file__).with_name("shop.md")
TARGET = Path(__file__).with_name("shop.pdf")

INK, QUIET, ACCENT, LINE, TINT = HexColor("#1d2326"), HexColor("#5b6468"), HexColor("#a8442a"), HexColor("#d9d4cc"), HexColor("#f6f3ee")
MARGIN = 24 * mm
WIDTH = A4[0] - 2 * MARGIN
PLAIN, BOLD = "Helvetica", "Helvetica-Bold"

BODY = ParagraphStyle("body", fontName=PLAIN, fontSize=9.8, leading=14.6, textColor=INK, spaceAfter=7, alignment=TA_LEFT)
QUESTION = ParagraphStyle("question", BODY, fontName=BOLD, spaceBefore=4, spaceAfter=1.5)
ANSWER = ParagraphStyle("answer", BODY, spaceAfter=7)
CHAPTER = ParagraphStyle("chapter", fontName="Times-Bold", fontSize=21, leading=25, textColor=ACCENT, spaceBefore=16, spaceAfter=9)
SECTION = ParagraphStyle("section", fontName="Times-Bold", fontSize=14, leading=18, textColor=INK, spaceBefore=9, spaceAfter=5)
TITLE = ParagraphStyle("title", fontName="Times-Bold", fontSize=40, leading=46, textColor=ACCENT, spaceAfter=8)
SUBTITLE = ParagraphStyle("subtitle", fontName="Times-Roman", fontSize=16, leading=22, textColor=INK, spaceAfter=4)


class RowCanvas(Canvas):  # type: ignore[misc] # ReportLab carries no types
    """Ends a string without a line feed, so that text extraction reads a table's row as one line."""

    def drawString(self, x: float, y: float, text: str, *_: object, **__: object) -> None:  # noqa: N802 (ReportLab's name)
        words = self.beginText(x, y)
        words.textOut(text)
        self.drawText(words)


class Block(NamedTuple):
    kind: str
    """`chapter`, `section`, `text`, `table`, `question` or `answer`."""
    text: str
    rows: tuple[tuple[str, ...], ...] = ()


def blocks(body: str) -> Iterator[Block]:
    """The source's blocks, in order. Raises ValueError for a table whose rows differ in length."""
    for piece in re.split(r"\n\s*\n", body.strip()):
        if piece.startswith("Q:"):
            question, _, answer = piece.partition("\nA:")
            yield Block("question", _one_line(question))
            yield Block("answer", _one_line(f"A:{answer}"))
        elif piece.startswith("|"):
            yield Block("table", "", _rows(piece))
        elif piece.startswith("#"):
            marks, _, words = piece.partition(" ")
            yield Block("chapter" if marks == "#" else "section", words.strip())
        else:
            yield Block("text", _one_line(piece))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _rows(piece: str) -> tuple[tuple[str, ...], ...]:
    lines = [line for line in piece.splitlines() if not re.fullmatch(r"[|\- ]+", line)]
    rows = tuple(tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines)
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"The rows of the table that begins with {lines[0]!r} differ in length")
    return rows


def _table(rows: Sequence[Sequence[str]]) -> Table:
    """Cells are plain strings, not paragraphs, so that `RowCanvas` sets them."""
    natural = [max(stringWidth(row[column], BOLD, 9) for row in rows) + 11 for column in range(len(rows[0]))]
    widths = _fitted(natural, WIDTH)
    cells = [
        ["\n".join(simpleSplit(cell, BOLD if number == 0 else PLAIN, 9, width - 10)) for cell, width in zip(row, widths, strict=True)]
        for number, row in enumerate(rows)
    ]
    style = [
        ("FONT", (0, 0), (-1, 0), BOLD, 9, 12),
        ("FONT", (0, 1), (-1, -1), PLAIN, 9, 12),
        ("TEXTCOLOR", (0, 0), (-1, 0), QUIET),
        ("TEXTCOLOR", (0, 1), (-1, -1), INK),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, ACCENT),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [None, TINT]),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 6),
    ]
    return Table(cells, colWidths=widths, repeatRows=1, style=TableStyle(style), spaceBefore=3, spaceAfter=11)


def _fitted(natural: Sequence[float], room: float) -> list[float]:
    """Column widths that fill `room`: what is missing is taken from the widest column, what is over is spread evenly."""
    widths = list(natural)
    spare = room - sum(widths)
    if spare < 0:
        widths[widths.index(max(widths))] += spare
        return widths
    return [width + spare / len(widths) for width in widths]


def _story(head: dict[str, str], body: str) -> list[Any]:
    story: list[Any] = [
        Spacer(1, 20 * mm),
        Paragraph(escape(head["title"]), TITLE),
        Paragraph(escape(head["subtitle"]), SUBTITLE),
        Paragraph(escape(head["edition"]), ParagraphStyle("edition", SUBTITLE, fontSize=11, textColor=QUIET)),
        Spacer(1, 16 * mm),
    ]
    styles = {"text": BODY, "section": SECTION, "chapter": CHAPTER, "answer": ANSWER, "question": QUESTION}
    question: Paragraph | None = None
    for block in blocks(body):
        match block.kind:
            case "table":
                story.append(KeepTogether([_table(block.rows)]))
            case "question":
                question = Paragraph(escape(block.text), QUESTION)
            case "answer":
                story.append(KeepTogether([question, Paragraph(escape(block.text), ANSWER)]))
            case _:
                if block.kind in ("chapter", "section"):
                    story.append(CondPageBreak(42 * mm if block.kind == "chapter" else 30 * mm))
                story.append(Paragraph(escape(block.text), styles[block.kind]))
    return story


def build(source: str) -> bytes:
    """The PDF's bytes, the same for the same source."""
    front, _, body = source.partition("\n\n")
    head = dict(line.split(": ", 1) for line in front.splitlines())

    def furniture(canvas: Canvas, template: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.4)
        canvas.line(MARGIN, 17 * mm, A4[0] - MARGIN, 17 * mm)
        canvas.setFillColor(QUIET)
        canvas.setFont(PLAIN, 8)
        canvas.drawString(MARGIN, 12.5 * mm, f"{head['title']} · {head['edition']}")
        canvas.drawRightString(A4[0] - MARGIN, 12.5 * mm, f"page {template.page}")
        canvas.restoreState()

    target = io.BytesIO()
    template = BaseDocTemplate(
        target, pagesize=A4, title=f"{head['title']}: {head['edition']}", author=head["title"], lang="en", invariant=1, pageCompression=1
    )
    frame = Frame(MARGIN, 22 * mm, WIDTH, A4[1] - 44 * mm, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    template.addPageTemplates(PageTemplate(frames=[frame], onPageEnd=furniture))
    template.build(_story(head, body), canvasmaker=RowCanvas)
    return target.getvalue()


def main() -> None:
    arguments = argparse.ArgumentParser(description="Sets the example shop's handbook.")
    arguments.add_argument("--out", type=Path, default=TARGET)
    arguments.parse_args().out.write_bytes(build(SOURCE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
