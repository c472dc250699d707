"""Lines -> pieces that can be found and answered from: question-and-answer pairs, table rows, running text. Pages are kept."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from llama_index.core.node_parser import SentenceSplitter

from domain.knowledge import ChunkKind
from knowledge.layout import Line, join_lines
from knowledge.questions import ANSWER_MARK, Questions, without_number
from knowledge.words import sentences

CHUNK_TOKENS = 120
"""Of running text. Larger pieces hold the answer more often but make worse replies; 192 to 256 was best on question sets."""
CHUNK_OVERLAP = 0
LONGEST_ANSWER = 1_500
"""Characters. What follows is running text that no heading separated from the last answer."""
LONGEST_HEADING = 110
ROW_DASH = " – "
"""Between what a table's row is about and its other cells."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_ENDS = (".", "!", ":", ";", ",")


@dataclass(slots=True)
class Unit:
    """A piece of a document before it is embedded."""

    kind: ChunkKind
    page: int
    text: str
    heading: str = ""
    question: str | None = None


@dataclass(slots=True)
class _Block:
    """A question with the lines of its answer, or running text under a heading."""

    heading: str
    question: str | None = None
    question_page: int = 0
    lines: list[Line] = field(default_factory=list)


def split(lines: Sequence[Line]) -> list[Unit]:
    """The units of a document in reading order."""
    body = _body_size(lines)
    asked = Questions(lines)
    bold_body = sum(len(line.text) for line in lines if line.bold) * 2 > sum(len(line.text) for line in lines)
    units: list[Unit] = []
    for block in _blocks(lines, body, asked, bold_body=bold_body):
        units.extend(_units(block))
    return units


def _body_size(lines: Sequence[Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _blocks(lines: Sequence[Line], body: float, asked: Questions, *, bold_body: bool) -> Iterator[_Block]:
    headings: list[tuple[float, str]] = []
    block = _Block("")
    position = 0
    while position < len(lines):
        line = lines[position]
        found = asked.at(position)
        if found is not None:
            question, answer, position = found
            yield block
            block = _Block(_path(headings), question, line.page)
            if answer:
                block.lines.append(Line(line.page, answer, starts_paragraph=True))
            continue
        if _is_heading(line, body, bold_body=bold_body) and not _is_answer_start(block, line, marked=asked.marked):
            yield block
            parts = [line.text]
            while position + 1 < len(lines) and _continues_heading(line, lines[position + 1], body):
                position += 1
                parts.append(lines[position].text)
            rank = line.size + (0.4 if line.bold else 0.0)
            headings = [(size, text) for size, text in headings if size > rank]
            headings.append((rank, without_number(join_lines(parts))))
            block = _Block(_path(headings))
        else:
            answer_mark = ANSWER_MARK.match(line.text) if asked.marked and block.question is not None and not block.lines else None
            if answer_mark:
                line = Line(line.page, answer_mark["text"], line.x, line.y, line.size, line.bold, line.starts_paragraph)
            block.lines.append(line)
        position += 1
    yield block


def _path(headings: Sequence[tuple[float, str]]) -> str:
    return " > ".join(text for _, text in headings[-2:])


def _is_heading(line: Line, body: float, *, bold_body: bool) -> bool:
    if line.cells or len(line.text) > LONGEST_HEADING or not any(char.isalpha() for char in line.text):
        return False
    larger = line.size > body * 1.12
    heavier = line.bold and not bold_body and line.size >= body * 0.95
    return (larger or heavier) and not line.text.endswith((".", ",", ";")) and line.starts_paragraph


def _continues_heading(first: Line, line: Line, body: float) -> bool:
    return (
        not line.cells
        and not line.starts_paragraph
        and line.bold == first.bold
        and abs(line.size - first.size) < 0.5
        and (first.size > body * 1.12 or first.bold)
        and len(line.text) < LONGEST_HEADING
    )


def _is_answer_start(block: _Block, line: Line, *, marked: bool) -> bool:
    return marked and block.question is not None and not block.lines and ANSWER_MARK.match(line.text) is not None


def _units(block: _Block) -> Iterator[Unit]:
    if block.question is not None:
        yield from _answered(block)
        return
    run: list[Line] = []
    rows: list[Line] = []
    for line in block.lines:
        if line.cells:
            yield from _text_units(block.heading, run)
            run = []
            rows.append(line)
        else:
            yield from _table_units(block.heading, rows)
            rows = []
            run.append(line)
    yield from _text_units(block.heading, run)
    yield from _table_units(block.heading, rows)


def _answered(block: _Block) -> Iterator[Unit]:
    answer: list[str] = []
    length = 0
    used = 0
    for paragraph in _paragraph_texts(block.lines):
        if length and length + len(paragraph.text) > LONGEST_ANSWER:
            break
        answer.append(paragraph.text)
        length += len(paragraph.text)
        used += paragraph.lines
    question = (block.question or "").strip()
    if answer:
        yield Unit(ChunkKind.QUESTION_ANSWER, block.question_page, "\n".join(answer), block.heading, question)
    elif question:
        yield Unit(ChunkKind.TEXT, block.question_page, question, block.heading)
    if used < len(block.lines):
        yield from _text_units(block.heading, block.lines[used:])


@dataclass(slots=True)
class _Paragraph:
    page: int
    text: str
    lines: int


def _paragraph_texts(lines: Sequence[Line]) -> Iterator[_Paragraph]:
    group: list[Line] = []
    for line in lines:
        if group and (line.starts_paragraph or line.cells):
            yield _Paragraph(group[0].page, join_lines([one.text for one in group]), len(group))
            group = []
        group.append(line)
    if group:
        yield _Paragraph(group[0].page, join_lines([one.text for one in group]), len(group))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


_SPLITTER = SentenceSplitter(
    chunk_size=CHUNK_TOKENS,
    chunk_overlap=CHUNK_OVERLAP,
    tokenizer=_tokens,
    chunking_tokenizer_fn=lambda text: [f"{sentence} " for sentence in sentences(text)],
    paragraph_separator="\n",
)


def _text_units(heading: str, lines: Sequence[Line]) -> Iterator[Unit]:
    paragraphs = list(_paragraph_texts(lines))
    if not paragraphs:
        return
    whole = "\n".join(paragraph.text for paragraph in paragraphs)
    starts: list[tuple[int, int]] = []
    offset = 0
    for paragraph in paragraphs:
        starts.append((offset, paragraph.page))
        offset += len(paragraph.text) + 1
    searched = 0
    for piece in _SPLITTER.split_text(whole):
        text = piece.strip()
        if not text:
            continue
        found = whole.find(text[:60], searched)
        searched = found if found >= 0 else searched
        page = next(page for start, page in reversed(starts) if start <= max(searched, 0))
        yield Unit(ChunkKind.TEXT, page, text, heading)


def _table_units(heading: str, rows: Sequence[Line]) -> Iterator[Unit]:
    """Each row by itself, its cells named by the table's head where it has one."""
    if not rows:
        return
    head = rows[0].cells if _has_head(rows) else ()
    for row in rows[1:] if head else rows:
        first, *others = row.cells
        if len(row.cells) == len(head):
            others = [f"{name}: {cell}" for name, cell in zip(head[1:], others, strict=True) if cell]
        yield Unit(ChunkKind.TABLE, row.page, f"{first}{ROW_DASH}{'; '.join(others)}", heading)


def _has_head(rows: Sequence[Line]) -> bool:
    if len(rows) < 2 or len(rows[0].cells) != len(rows[1].cells):
        return False
    digits = [sum(any(char.isdigit() for char in cell) for cell in row.cells) for row in rows]
    return digits[0] == 0 and ((rows[0].bold and not rows[1].bold) or any(digits[1:]))
