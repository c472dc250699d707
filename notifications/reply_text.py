"""What a person wrote in an answering mail: without what was quoted below, and without a signature. Pure."""

import re
from html.parser import HTMLParser

MARK = "Write above this line to answer the customer"
"""Stands in our own mails, above everything that an answer quotes."""

_WROTE = re.compile(
    r"^\W*(On\b.{4,200}\bwrote|El\b.{4,200}\bescribi[óo]|Em\b.{4,200}\bescreveu|Le\b.{4,200}\ba écrit|Am\b.{4,200}\bschrieb.{0,120}"
    r"|Il\b.{4,200}\bha scritto)\s*:\s*$",
    re.IGNORECASE | re.DOTALL,
)
"""What mail programs put above a quotation, in one line or broken over up to three."""
_ORIGINAL = re.compile(
    r"^[\s>*]*[-_]{2,}\s*(original message|forwarded message|mensaje original|mensagem original|message d['’]origine|message original"
    r"|ursprüngliche nachricht|messaggio originale)\s*[-_]{2,}",
    re.IGNORECASE,
)
_HEADER = re.compile(r"^[\s*]*(From|De|Von|Da|Desde|Expéditeur)\s*:\*?\s*\S", re.IGNORECASE)
_HEADER_NEXT = re.compile(
    r"^[\s*]*(Sent|Date|To|Subject|Enviado( el| em)?|Fecha|Para|Asunto|Data|Assunto|Envoyé|À|Objet|Gesendet|Datum|An|Betreff|Inviato|A"
    r"|Oggetto)\s*:",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*_{10,}\s*$")
_SIGNATURE = re.compile(r"^-- ?$")
_MOBILE = re.compile(
    r"^\s*(Sent from my|Get Outlook for|Enviado desde mi|Enviado do meu|Envoyé de mon|Von meinem .{2,40} gesendet|Gesendet von|Inviato da"
    r"|Inviato dal mio)\b.{0,60}$",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """Empty if nothing of it is new."""
    lines = text.replace("\r\n", "\n").replace("\xa0", " ").split("\n")
    kept = lines[: _quoted_from(lines)]
    kept = [line for line in kept if not line.lstrip().startswith(">")]
    while kept and (not kept[-1].strip() or _MOBILE.match(kept[-1])):
        kept.pop()
    return "\n".join(kept).strip()


def _quoted_from(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if MARK in line or _SIGNATURE.match(line) or _ORIGINAL.match(line) or _RULE.match(line):
            return number
        if _HEADER.match(line) and any(_HEADER_NEXT.match(next_one) for next_one in lines[number + 1 : number + 4]):
            return number
        # The longest first: a line that only begins so may be the person's own.
        for count in (1, 2, 3):
            if _WROTE.match(" ".join(part.strip() for part in lines[number : number + count])):
                return number
    return len(lines)


class _Words(HTMLParser):
    """The text of an HTML mail; quotations are left out."""

    _BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "blockquote"})
    _SILENT = frozenset({"style", "script", "head", "title", "blockquote"})
    _EMPTY = frozenset({"br", "img", "hr", "meta", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._BREAKS:
            self.parts.append("\n")
        classes = dict(attrs).get("class") or ""
        quotes = tag in self._SILENT or "gmail_quote" in classes or "moz-cite" in classes or "yahoo_quoted" in classes
        if tag not in self._EMPTY and (quotes or self._silent):
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent and self._silent.pop() != tag:
                pass
        if tag in self._BREAKS and not self._silent:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def words_of_html(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    lines = (line.strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
