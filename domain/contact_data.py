"""Contact data and outside links in a text: found, for a warning, or taken out, for channels whose platform sanctions them."""

import re
from collections.abc import Iterator
from enum import StrEnum

from phonenumbers import Leniency, PhoneNumberMatcher

from domain.model import Model


class ContactKind(StrEnum):
    PHONE = "a telephone number"
    EMAIL = "an e-mail address"
    LINK = "a link"
    HANDLE = "a name in a social network"


class ContactData(Model):
    kind: ContactKind
    text: str
    start: int
    end: int


REGIONS = ("AR", "BR", "MX", "CL", "CO", "UY", "PE", "EC", "VE", "ES", "US")
"""Countries whose way of writing numbers is known without a `+`."""

_EMAIL = re.compile(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\]|\(arroba\)|\[arroba\]|\sarroba\s)\s?[\w-]+(?:\s?(?:\.|\(dot\)|\(punto\)|\(ponto\)|\spunto\s|\sponto\s|\sdot\s)\s?[a-z]{2,})+",
    re.IGNORECASE,
)
_LINK = re.compile(r"\bhttps?://\S+|\bwww\.\S+|\b(?:wa|t|bit|m)\.(?:me|ly)/\S+", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?<![\w@./-])(?:[a-z0-9][a-z0-9-]*\.)*[a-z0-9][a-z0-9-]{2,}\.(?:com|net|org|info|biz|shop|store|online|site|app|io|me|link|ly|ar|br|mx|cl|co|uy|pe|ec|ve|es|pt|fr|de|it|eu)"
    r"(?:/\S*)?(?![\w-])",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z0-9_][A-Za-z0-9_.]{2,29}")
_NETWORKS = r"(?:whats\s?app|whats|wpp|wsp|zap|instagram|insta|ig|facebook|fb|messenger|telegram|tik\s?tok|twitter|linkedin|youtube)"
_BY_NETWORK = re.compile(
    rf"\b(?:por|v[ií]a|al|en|no|na|pelo|nosso|nuestro|by|on|through|our|using)\s+(?:el\s|o\s|la\s)?{_NETWORKS}\b|\b{_NETWORKS}\s*[:@/]\s*\S+",
    re.IGNORECASE,
)
_OWN = re.compile(r"(?:^|[/.])(?:mercadoli[bv]re|mercadopago|mercadoshops|mlstatic)\.[a-z.]{2,6}(?:$|[/?#])", re.IGNORECASE)
"""The platform's own addresses are no outside links."""
_CALLED = re.compile(
    r"\b(?:tel|tel[eé]fono|telefone|phone|call|cel|celular|m[oó]vil|fono|whats\w*|wpp|wsp)\b\W{0,3}(?P<number>\+?[\d(][\d\s().-]{5,18}\d)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d?[./-]\d\d?[./-]\d{4}")
_SENTENCE = re.compile(r"[^\n]*?(?:[.!?…]+[\"”»')\]]*(?=\s|$)|(?=\n)|$)")
_LED_TO = re.compile(r"\s*[:(–—-]\s*[^:(–—]*$")
"""What leads to contact data at a sentence's end: a colon, a dash, a bracket."""
_MARKDOWN_LINK = re.compile(r"!?\[(?P<words>[^\]\n]*)\]\([^()\s]+\)")
_LEAST_LEFT = 3
"""Words that make what is left of a sentence worth saying."""


def contact_data(text: str) -> tuple[ContactData, ...]:
    """What a platform could take for contact data, in the order of the text, without overlaps."""
    found: list[ContactData] = []
    for one in sorted(_all(text), key=lambda each: (each.start, -each.end)):
        if not found or one.start >= found[-1].end:
            found.append(one)
    return tuple(found)


def without_contact_data(text: str) -> str:
    """The text without the sentences that hold contact data; of a sentence that only ends in it, the beginning is kept.

    Empty where nothing is left that could be said.
    """
    words_only = _MARKDOWN_LINK.sub(lambda link: link["words"], text)
    if not contact_data(words_only):
        return words_only
    lines = (" ".join(part for part in _kept(line) if part) for line in words_only.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _all(text: str) -> Iterator[ContactData]:
    for kind, pattern in (
        (ContactKind.EMAIL, _EMAIL),
        (ContactKind.LINK, _LINK),
        (ContactKind.LINK, _DOMAIN),
        (ContactKind.HANDLE, _HANDLE),
        (ContactKind.HANDLE, _BY_NETWORK),
    ):
        for match in pattern.finditer(text):
            if not (kind is ContactKind.LINK and _OWN.search(match[0].split("//")[-1])):
                yield ContactData(kind=kind, text=match[0], start=match.start(), end=match.end())
    for match in _CALLED.finditer(text):
        yield ContactData(kind=ContactKind.PHONE, text=match["number"], start=match.start("number"), end=match.end("number"))
    for region in REGIONS:
        for number in PhoneNumberMatcher(text, region, Leniency.VALID):
            if not _DATE.fullmatch(number.raw_string):
                yield ContactData(kind=ContactKind.PHONE, text=number.raw_string, start=number.start, end=number.end)


def _kept(line: str) -> Iterator[str]:
    for match in _SENTENCE.finditer(line):
        sentence = match[0].strip()
        found = contact_data(sentence)
        if not found:
            yield sentence
            continue
        before = sentence[: found[0].start]
        only_ends_in_it = not re.search(r"\w", sentence[found[-1].end :])
        led = _LED_TO.search(before)
        if only_ends_in_it and led and len(re.findall(r"\w+", before[: led.start()])) >= _LEAST_LEFT:
            yield before[: led.start()].rstrip(" ,;") + "."
