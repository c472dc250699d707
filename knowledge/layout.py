"""Where text stands on a page -> lines, rows of tables, paragraphs; running headers, footers and page numbers are left out."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200b]+")
_PAGE_NUMBER = re.compile(
    r"^\W*(?:page|página|pagina|pág\.?|pag\.?|p\.|seite)?\s*\d{1,4}(?:\s*(?:/|of|de|von|di|sur)\s*\d{1,4})?\W*$", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
_CHARACTER_WIDTH = 0.5
"""Of an average letter, as a share of the font size."""
_TALLEST_CELL = 5
"""Lines of the tallest first cell that is recognised."""
_TALLEST_ANSWER = 10
"""Font sizes by which a cell may begin above its neighbour, where both stand in the columns of a table."""
_SAME_BASELINE = 2.0
"""Points by which the baselines of one row may differ."""


@dataclass(slots=True)
class Line:
    """One line of a page, or one row of a table (`cells` then holds more than one). `x`, `y` and `size` are in points, y upwards."""

    page: int
    text: str
    x: float = 0.0
    y: float = 0.0
    size: float = 0.0
    bold: bool = False
    starts_paragraph: bool = False
    cells: tuple[str, ...] = ()


@dataclass(slots=True)
class _Row:
    page: int
    cells: list[list[str]]
    xs: list[float]
    top: float
    bottom: float
    size: float
    bold: bool
    last: float
    """Baseline of the line that came last."""


@dataclass(slots=True)
class Fragments:
    """Collects what pypdf reports piece by piece, and cuts it into lines."""

    page: int
    lines: list[Line] = field(default_factory=list)
    _parts: list[tuple[str, float, float, float, bool]] = field(default_factory=list)
    _columns: list[float] = field(default_factory=list)
    """Where the cells of the last row began, its first one left out."""

    def add(self, text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        if not text:
            return
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        scale = abs(tm[3] * cm[3]) or abs(tm[1] * cm[2]) or 1.0
        name = str(font.get("/BaseFont", "")).lower() if font else ""
        bold = any(word in name for word in ("bold", "black", "heavy", "semibold", "demi"))
        first, *others = text.split("\n")
        self._put(first, x, y, size * scale, bold)
        for other in others:
            self.close()
            self._put(other, x, y, size * scale, bold)

    def _put(self, text: str, x: float, y: float, size: float, bold: bool) -> None:
        if text.strip() or self._parts:
            self._parts.append((text, x, y, size, bold))

    def close(self) -> None:
        """Ends the line. What stands clearly apart on it becomes a line of its own: `rows_of` makes cells of them."""
        cell: list[tuple[str, float, float, float, bool]] = []
        end = float("inf")
        before = len(self.lines)
        for part in self._parts:
            text, x, _, size, _ = part
            width = _CHARACTER_WIDTH * size * len(text)
            if x > end or (cell and any(abs(x - column) < 1 for column in self._columns)):
                self._emit(cell)
                cell = []
            if text.strip():
                end = x + width + max(size, 0.12 * width) if not cell or x > cell[-1][1] else end + width
            cell.append(part)
        self._emit(cell)
        starts = [line.x for line in self.lines[before:]]
        if len(starts) > 1:
            self._columns = starts[1:]
        self._parts.clear()

    def _emit(self, parts: Sequence[tuple[str, float, float, float, bool]]) -> None:
        solid = [part for part in parts if part[0].strip()]
        if not solid:
            return
        text = _SPACES.sub(" ", "".join(part[0] for part in parts)).replace("\x7f", "•").strip()
        heavy = sum(len(part[0]) for part in solid if part[4])
        size = round(max(part[3] for part in solid), 1)
        bold = heavy * 2 > sum(len(part[0]) for part in solid)
        self.lines.append(Line(page=self.page, text=text, x=solid[0][1], y=solid[0][2], size=size, bold=bold))


def join_lines(texts: Sequence[str]) -> str:
    """Lines as running text; a word that was broken at a line's end is put together again."""
    joined = ""
    for text in texts:
        if joined.endswith(("-", "\u00ad")) and len(joined) > 1 and joined[-2].isalpha() and text[:1].islower():
            joined = joined[:-1] + text
        else:
            joined = f"{joined} {text}" if joined else text
    return joined


def rows_of(lines: Sequence[Line]) -> list[Line]:
    """Puts the cells of a table's row together: they arrive one after another, each right of the last, at about the same height.

    Two columns of a page are left alone: the second begins far above where the first has ended.
    """
    rows: list[_Row] = []
    for line in lines:
        last = rows[-1] if rows else None
        if last is None:
            rows.append(_row(line))
        elif _is_next_cell(last, line, rows[-2] if len(rows) > 1 else None):
            if len(last.cells) == 1:
                _take_lines_above(rows)
            last.cells.append([line.text])
            last.xs.append(line.x)
            last.top, last.bottom, last.last = max(last.top, line.y), min(last.bottom, line.y), line.y
        elif len(last.cells) > 1 and abs(line.x - last.xs[-1]) < 1 and 0 < last.last - line.y < 1.6 * line.size:
            last.cells[-1].append(line.text)
            last.bottom, last.last = min(last.bottom, line.y), line.y
        elif (first := _first_of_cell(rows, line)) is not None:
            merged = rows[first]
            merged.cells = [[text for row in rows[first:] for text in row.cells[0]], [line.text]]
            merged.xs.append(line.x)
            merged.top, merged.bottom, merged.last = max(merged.top, line.y), rows[-1].bottom, line.y
            del rows[first + 1 :]
        else:
            rows.append(_row(line))
    return [_as_line(row) for row in rows]


def _row(line: Line) -> _Row:
    return _Row(line.page, [[line.text]], [line.x], line.y, line.y, line.size, line.bold, line.y)


def _is_next_cell(row: _Row, line: Line, above: _Row | None) -> bool:
    """A cell may begin a few lines above or below its neighbour, as it holds more lines and is set at the top, middle or bottom."""
    right = line.x > row.xs[-1] + line.size
    slack = _SAME_BASELINE if len(row.cells) == 1 else 4 * line.size
    if above is not None and _continues_table(above, row, line):
        slack = _TALLEST_ANSWER * line.size
    return right and row.bottom - _SAME_BASELINE <= line.y <= row.top + max(slack, 1.5 * line.size)


def _continues_table(above: _Row, row: _Row, line: Line) -> bool:
    """Whether two pieces stand in the columns of the row above them, and below it."""
    columns = len(above.cells) > 1 and abs(row.xs[0] - above.xs[0]) < 1 and any(abs(line.x - x) < 1 for x in above.xs[1:])
    return columns and line.y < above.bottom


def _take_lines_above(rows: list[_Row]) -> None:
    """Inside a table, the last row's only cell may have begun on lines above the one that its neighbours stand on."""
    last = rows[-1]
    first = len(rows) - 1
    while first > 0 and len(rows) - first < _TALLEST_CELL and _same_cell(rows[first - 1], rows[first]):
        first -= 1
    above = rows[first - 1] if first > 0 else None
    if above is not None and len(above.cells) > 1 and abs(above.xs[0] - last.xs[0]) < 1:
        last.cells[0] = [text for row in rows[first:] for text in row.cells[0]]
        last.top = rows[first].top
        del rows[first:-1]


def _first_of_cell(rows: Sequence[_Row], line: Line) -> int | None:
    """Where a first cell of several lines begins, if `line` stands right of it and no lower than its top."""
    if line.x <= rows[-1].xs[0] + 2 * line.size or line.y < rows[-1].bottom:
        return None
    first = len(rows) - 1
    while first > 0 and len(rows) - first < _TALLEST_CELL and _same_cell(rows[first - 1], rows[first]):
        first -= 1
    return first if first < len(rows) - 1 and line.y <= rows[first].top + 1.5 * line.size else None


def _same_cell(above: _Row, below: _Row) -> bool:
    single = len(above.cells) == len(below.cells) == 1
    return single and abs(above.xs[0] - below.xs[0]) < 1 and 0 < above.bottom - below.top < 1.45 * below.size


def _as_line(row: _Row) -> Line:
    cells = tuple(join_lines(cell) for cell in row.cells)
    text = " | ".join(cells) if len(cells) > 1 else cells[0]
    return Line(row.page, text, row.xs[0], row.top, row.size, row.bold, cells=cells if len(cells) > 1 else ())


def without_running_lines(pages: list[list[Line]]) -> list[list[Line]]:
    """Drops page numbers, and what stands at the same edge of most pages."""
    edges = [_edges(page) for page in pages]
    seen = Counter(key for keys in edges for key in set(keys.values()))
    least = max(2, round(sum(bool(page) for page in pages) * 0.6))
    return [
        [line for number, line in enumerate(page) if seen[keys.get(number, ("", ""))] < least and not _is_page_number(line, number in keys)]
        for page, keys in zip(pages, edges, strict=True)
    ]


def _edges(page: Sequence[Line]) -> dict[int, tuple[str, str]]:
    """The lines at the top and bottom edge of a page by number, each with what it has in common with other pages' lines.

    Of lines that a gap sets apart from the text, numbers don't count; of an outermost line without a gap, they do.
    """
    found: dict[int, tuple[str, str]] = {}
    by_height = sorted(range(len(page)), key=lambda number: -page[number].y)
    usual = median([page[one].y - page[two].y for one, two in pairwise(by_height)] or [0.0])
    for edge, order in (("top", by_height), ("bottom", by_height[::-1])):
        apart = next((count for count in (1, 2, 3) if count < len(order) and _gap(page, order, count) > 1.4 * usual), 0)
        for number in order[:apart]:
            found[number] = (edge, _DIGITS.sub("#", page[number].text.casefold()))
        if not apart and order:
            found[order[0]] = (edge, page[order[0]].text.casefold())
    return found


def _gap(page: Sequence[Line], order: Sequence[int], count: int) -> float:
    return abs(page[order[count - 1]].y - page[order[count]].y)


def _is_page_number(line: Line, at_edge: bool) -> bool:
    return at_edge and _PAGE_NUMBER.match(line.text) is not None


def with_paragraphs(pages: Sequence[Sequence[Line]]) -> Iterator[Line]:
    """Marks the lines that begin a paragraph: after a wider gap than usual, another size or weight, a row, or a short last line."""
    flat = [line for page in pages for line in page]
    gaps: dict[float, list[float]] = {}
    for before, line in pairwise(flat):
        if before.page == line.page and before.size == line.size and 0 < before.y - line.y < 4 * line.size:
            gaps.setdefault(line.size, []).append(before.y - line.y)
    usual = {size: sorted(found)[len(found) // 5] for size, found in gaps.items()}
    previous: Line | None = None
    for line in flat:
        line.starts_paragraph = previous is None or _breaks(previous, line, usual.get(line.size, line.size * 1.2))
        previous = line
        yield line


def _breaks(before: Line, line: Line, usual: float) -> bool:
    if before.cells or line.cells or before.bold != line.bold or abs(before.size - line.size) > 0.5:
        return True
    if before.page != line.page or line.y > before.y:
        return before.text.endswith((".", "!", "?", ":", ";")) and not line.text[:1].islower()
    return before.y - line.y > usual * 1.25
