"""What a reply looks like on a telephone: plain lines, bullets and emphasis, out of a document's or a language model's text."""

import re
from collections.abc import Iterator, Sequence

from domain.model import Model


class Emphasis(Model):
    """A stretch that stands out, in characters of the text."""

    start: int
    length: int


class RichText(Model):
    text: str
    emphasis: tuple[Emphasis, ...] = ()


BULLET = "•"
_BULLET = re.compile(r"^\s*[-*•·▪◦●‣–]\s+(?=\S)")
_HEADING = re.compile(r"^\s*#{1,6}\s+(?P<words>.+?)\s*#*$")
_LINK = re.compile(r"!?\[(?P<words>[^\]\n]*)\]\((?P<url>[^()\s]+)\)")
_STRONG = re.compile(r"\*\*(?=\S)(?P<words>[^*\n]+?)(?<=\S)\*\*")
_CELLS = re.compile(r"^\s*\|(?P<cells>.+)\|\s*$")
_RULE = re.compile(r"^\s*\|(?:\s*:?-{2,}:?\s*\|)+\s*$")
_ROW = re.compile(r"^(?P<name>[^\n:;–]{1,80}) – (?P<pairs>[^;:\n]{1,60}: [^;\n]+(?:; [^;:\n]{1,60}: [^;\n]+)+)\.?$")
"""How a row of a document's table is stored: its first cell, then the others under their heads."""
_INLINE_BULLETS = re.compile(r"\s+(?=[•▪●‣]\s)")


def readable(text: str) -> RichText:
    """Bullets and the cells of tables on lines of their own; headings and `**words**` emphasised; links written out."""
    lines = [line for part in _rows_written_out(text.replace("\r\n", "\n").split("\n")) for line in _lines(part)]
    tidy = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return _emphasised(_LINK.sub(_written_out, tidy))


def plain(text: str) -> RichText:
    """A person's own words, as they are."""
    return RichText(text=text)


def within(rich: RichText, start: int, end: int) -> RichText:
    """A piece of it, with what is emphasised in there."""
    kept = []
    for one in rich.emphasis:
        first, last = max(one.start, start), min(one.start + one.length, end)
        if first < last:
            kept.append(Emphasis(start=first - start, length=last - first))
    return RichText(text=rich.text[start:end], emphasis=tuple(kept))


def _rows_written_out(lines: Sequence[str]) -> Iterator[str]:
    """A Markdown table becomes rows as documents' tables are stored: `first cell – head: cell; head: cell`."""
    position = 0
    while position < len(lines):
        if position + 1 < len(lines) and _CELLS.match(lines[position]) and _RULE.match(lines[position + 1]):
            head = _cells(lines[position])
            position += 2
            while position < len(lines) and _CELLS.match(lines[position]):
                first, *others = _cells(lines[position])
                yield f"{first} – {'; '.join(f'{name}: {cell}' for name, cell in zip(head[1:], others, strict=False) if cell)}"
                position += 1
        else:
            yield lines[position]
            position += 1


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _lines(line: str) -> Iterator[str]:
    """One line of the source as the lines that are shown; emphasis still between asterisks."""
    line = line.rstrip()
    if heading := _HEADING.match(line):
        yield f"**{heading['words'].replace('**', '')}**"
    elif row := _ROW.match(line):
        yield f"**{row['name'].strip()}**"
        yield from (f"{BULLET} {pair}" for pair in row["pairs"].split("; "))
    elif line.count(BULLET) > 1:
        yield from (_BULLET.sub(f"{BULLET} ", part) for part in _INLINE_BULLETS.split(line) if part.strip())
    else:
        yield _BULLET.sub(f"{BULLET} ", line)


def _written_out(link: re.Match[str]) -> str:
    words, url = link["words"].strip(), link["url"]
    return url if not words or words == url else f"{words}: {url}"


def _emphasised(text: str) -> RichText:
    found: list[Emphasis] = []
    parts: list[str] = []
    position = length = 0
    for match in _STRONG.finditer(text):
        before, words = text[position : match.start()], match["words"]
        found.append(Emphasis(start=length + len(before), length=len(words)))
        parts += [before, words]
        length += len(before) + len(words)
        position = match.end()
    return RichText(text="".join([*parts, text[position:]]), emphasis=tuple(found))
