"""Where a document asks a question that it answers: marked by letters, numbered, set bold or as a heading, or in the cells of a table."""

import re
from collections.abc import Sequence

from knowledge.layout import Line, join_lines

LONGEST_QUESTION = 240

_QUESTION_MARK = re.compile(
    r"^(?:Q|P|F|D|Question|Pregunta|Pergunta|Frage|Domanda|Duda|Dúvida)\s*\d{0,3}\s*[:.)\]–—-]\s*(?=\S)(?P<text>.+)$", re.IGNORECASE
)
ANSWER_MARK = re.compile(
    r"^(?:A|R|Answer|Ans|Respuesta|Resposta|Réponse|Antwort|Risposta)\s*\d{0,3}\s*[:.)\]–—-]\s*(?=\S)(?P<text>.+)$", re.IGNORECASE
)
_INLINE_ANSWER = re.compile(r"\s(?:A|R|Answer|Respuesta|Resposta)\s*[:.]\s+(?=\S)")
_NUMBER = re.compile(r"^(?:\d{1,3}(?:\.\d{1,3})*\s*[.):–-]|\d{1,3}(?:\.\d{1,3})+|[•●▪■◦▸►▶❯»+*–—-])\s+(?=\S)")


def without_number(text: str) -> str:
    return _NUMBER.sub("", text)


class Questions:
    """The questions of one document."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self.marked = _is_marked(lines)
        """Whether the document marks its questions and answers with letters or words."""
        self._rows, self._heads = _faq_rows(lines)

    def at(self, position: int) -> tuple[str, str, int] | None:
        """The question that begins on this line, what of its answer stands on the same line, and where the next line is."""
        lines = self._lines
        if position in self._heads and position + 1 in self._rows:
            position += 1
        line = lines[position]
        if position in self._rows or (len(line.cells) == 2 and line.cells[0].rstrip().endswith("?")):
            return without_number(line.cells[0]), line.cells[1], position + 1
        if line.cells:
            return None
        mark = _QUESTION_MARK.match(line.text)
        if self.marked and mark:
            return _marked_question(lines, position, mark["text"])
        if self.marked or not line.starts_paragraph:
            return None
        return _plain_question(lines, position)


def _faq_rows(lines: Sequence[Line]) -> tuple[set[int], set[int]]:
    """Rows of tables of questions and answers, and the heads of these tables."""
    rows: set[int] = set()
    heads: set[int] = set()
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and len(lines[end].cells) == 2:
            end += 1
        asking = sum("?" in line.cells[0] for line in lines[start:end])
        if asking >= 2 and asking * 2 > end - start:
            has_head = "?" not in lines[start].text and all(len(cell.split()) <= 3 for cell in lines[start].cells)
            heads |= {start} if has_head else set()
            rows |= set(range(start + has_head, end))
        start = max(end, start + 1)
    return rows, heads


def _is_marked(lines: Sequence[Line]) -> bool:
    """Whether the document marks its questions and answers with letters or words."""
    questions = [line.text for line in lines if _QUESTION_MARK.match(line.text)]
    answers = sum(ANSWER_MARK.match(line.text) is not None for line in lines) + sum(bool(_INLINE_ANSWER.search(text)) for text in questions)
    return bool(questions) and answers >= len(questions) * 0.5 and answers > 0


def _marked_question(lines: Sequence[Line], position: int, text: str) -> tuple[str, str, int]:
    inline = _INLINE_ANSWER.search(text)
    if inline:
        return text[: inline.start()].strip(), text[inline.end() :].strip(), position + 1
    parts = [text]
    position += 1
    while position < len(lines) and len(parts) < 4 and not parts[-1].endswith("?"):
        following = lines[position]
        if following.cells or ANSWER_MARK.match(following.text) or _QUESTION_MARK.match(following.text):
            break
        if following.bold != lines[position - 1].bold or following.size != lines[position - 1].size:
            break
        parts.append(following.text)
        position += 1
    return join_lines(parts), "", position


def _plain_question(lines: Sequence[Line], position: int) -> tuple[str, str, int] | None:
    """A question without a marker: it begins a paragraph, ends in a question mark within three lines, and something follows it."""
    first = lines[position]
    parts: list[str] = []
    end = position
    while end < len(lines) and end - position < 3:
        line = lines[end]
        if line.cells or line.bold != first.bold or abs(line.size - first.size) > 0.5:
            return None
        if end > position and line.starts_paragraph and not first.bold:
            return None
        parts.append(line.text)
        end += 1
        if line.text.endswith("?"):
            break
    text = without_number(join_lines(parts))
    if not text.endswith("?") or len(text) > LONGEST_QUESTION:
        return None
    if not first.bold and any(mark in text for mark in (". ", "! ")):
        return None
    if end >= len(lines) or lines[end].text.endswith("?"):
        return None
    return text, "", end
