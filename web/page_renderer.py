"""One page of a PDF as a picture with a passage marked: a program of its own, so that a document that hangs or eats memory harms none.

Reads a line of JSON (`page`, `quote`, `width`, `pixels`, `seconds`, `memory`) and the document from standard input; writes a line of JSON
(`found`, `pages`, `width`, `height`) and a PNG. Exits with 3 where there is no such page and with 4 where the document can't be read.
"""

import json
import math
import resource
import struct
import sys
import unicodedata
import zlib
from bisect import bisect_left
from collections.abc import Iterator

import pypdfium2
from pypdfium2 import raw

NO_PAGE, UNREADABLE = 3, 4
MARK = (255, 236, 130)
"""Red, green, blue: what is marked is multiplied with it, so that dark text stays dark."""
LEAST_FOUND = 20
"""Letters and digits of a quote that must be found in one piece to be marked."""

Span = tuple[int, int]


def folded(text: str) -> Iterator[str]:
    """Letters and digits only, in lower case without accents: readers of PDFs differ in spaces, hyphens and ligatures."""
    return (one for one in unicodedata.normalize("NFKD", text).casefold() if one.isalnum())


def spans_of(quote: str, characters: list[str]) -> list[Span]:
    """Where the quote stands among a page's characters: whole, else as much of its beginning or end as stands here, else its sentences."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(characters):
        for letter in folded(character):
            letters.append(letter)
            places.append(place)
    page = "".join(letters)
    wanted = "".join(folded(quote))

    def place_of(part: str) -> Span | None:
        start = page.find(part) if part else -1
        return None if start < 0 else (places[start], places[start + len(part) - 1] + 1)

    if (whole := place_of(wanted)) is not None:
        return [whole]
    lengths = range(LEAST_FOUND, len(wanted))
    begins = bisect_left(lengths, 1, key=lambda length: wanted[:length] not in page)
    ends = bisect_left(lengths, 1, key=lambda length: wanted[-length:] not in page)
    if max(begins, ends):
        length = lengths[max(begins, ends) - 1]
        found = place_of(wanted[:length] if begins >= ends else wanted[-length:])
        return [found] if found is not None else []
    if (row := _row(page, places, quote)) is not None:
        return [row]
    sentences = ("".join(folded(sentence)) for sentence in quote.replace("\n", ". ").split(". "))
    return [found for sentence in sentences if len(sentence) >= LEAST_FOUND and (found := place_of(sentence)) is not None]


def _row(page: str, places: list[int], quote: str) -> Span | None:
    """Where a table's row stands that is quoted as `first cell – head: cell; head: cell`: its cells follow one another on the page."""
    first, dash, others = quote.partition(" – ")
    cells = ["".join(folded(cell)) for cell in (first, *(part.rpartition(": ")[2] for part in others.split("; ")))]
    start = page.find(cells[0]) if dash and cells[0] else -1
    while start >= 0:
        end = start
        for cell in cells:
            here = page.find(cell, end, end + len(cell) + LEAST_FOUND)
            if here < 0:
                break
            end = here + len(cell)
        else:
            return places[start], places[end - 1] + 1
        start = page.find(cells[0], start + 1)
    return None


def _characters(text: pypdfium2.PdfTextPage) -> list[str]:
    found = (raw.FPDFText_GetUnicode(text, place) for place in range(text.count_chars()))
    return [chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in found]


def _mark(bitmap: pypdfium2.PdfBitmap, page: pypdfium2.PdfPage, pixels: bytearray, quote: str) -> bool:
    text = page.get_textpage()
    spans = spans_of(quote, _characters(text))
    position = bitmap.get_posconv(page)
    tables = [bytes(value * share // 255 for value in range(256)) for share in reversed(MARK)]
    for start, end in spans:
        for number in range(text.count_rects(start, end - start)):
            left, bottom, right, top = text.get_rect(number)
            (x0, y0), (x1, y1) = position.to_bitmap(left, top), position.to_bitmap(right, bottom)
            x0, x1 = max(0, min(x0, x1) - 1), min(bitmap.width, max(x0, x1) + 1)
            y0, y1 = max(0, min(y0, y1) - 1), min(bitmap.height, max(y0, y1) + 1)
            for row in range(y0, y1):
                for channel, table in enumerate(tables):
                    stretch = slice(row * bitmap.stride + 3 * x0 + channel, row * bitmap.stride + 3 * x1 + channel, 3)
                    pixels[stretch] = pixels[stretch].translate(table)
    return bool(spans)


def _png(width: int, height: int, stride: int, pixels: bytearray) -> bytes:
    """From rows of blue, green, red."""
    pixels[0::3], pixels[2::3] = pixels[2::3], pixels[0::3]
    rows = b"".join(b"\0" + pixels[row * stride : row * stride + 3 * width] for row in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


def main() -> int:
    order = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_CPU, (order["seconds"], order["seconds"]))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
    try:
        document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
        if not 1 <= order["page"] <= len(document):
            return NO_PAGE
        page = document[order["page"] - 1]
        width, height = page.get_size()
        scale = min(order["width"] / width, math.sqrt(order["pixels"] / (width * height)))
        bitmap = page.render(scale=scale, force_bitmap_format=raw.FPDFBitmap_BGR, no_smoothtext=False)
    except (pypdfium2.PdfiumError, ZeroDivisionError):
        return UNREADABLE
    # A packed copy: the library pads rows, and three bytes a pixel are swapped below as one stretch.
    source, stride = bytes(bitmap.buffer), bitmap.stride
    packed = bytearray(b"".join(source[row * stride : row * stride + 3 * bitmap.width] for row in range(bitmap.height)))
    bitmap.stride = 3 * bitmap.width
    found = bool(order["quote"]) and _mark(bitmap, page, packed, order["quote"])
    told = {"found": found, "pages": len(document), "width": bitmap.width, "height": bitmap.height}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + _png(bitmap.width, bitmap.height, bitmap.stride, packed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
