"""A page of a document with the passage marked, as a signed-in person sees it."""

import asyncio
import sys
import zlib
from pathlib import Path

import pytest

from domain.knowledge import Citation
from tests.web.conftest import Browser
from tests.web.shop import Shop
from web.evidence import page_url
from web.page_images import NotRendered, PageImages
from web.page_renderer import MARK, spans_of

HANDBOOK = next((Path(__file__).parents[2] / "examples").glob("*.pdf"))
QUOTE = "We stamp up to three initials into the leather handle of a Rambla, Estancia or Muelle for USD 12."


def pixels(png: bytes) -> bytes:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    start = png.index(b"IDAT")
    length = int.from_bytes(png[start - 4 : start], "big")
    return zlib.decompress(png[start + 4 : start + 4 + length])


def marked(png: bytes) -> int:
    return pixels(png).count(bytes(MARK))


async def test_the_page_opens_with_the_passage_marked_and_needs_no_script(browser: Browser, shop: Shop) -> None:
    document = await shop.services.documents.add("Handbook.pdf", HANDBOOK.read_bytes())
    client = await browser("luis")
    shown = await client.get(page_url(document.id, 2, QUOTE))
    assert shown.status_code == 200
    assert "Marked below" in shown.text
    assert f"/knowledge/{document.id}/file#page=2" in shown.text
    assert "style=" not in shown.text
    picture = await client.get(f"/knowledge/{document.id}/pages/2/image", params={"quote": QUOTE})
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/png", "private, max-age=3600")
    plain = await client.get(f"/knowledge/{document.id}/pages/2/image")
    assert marked(picture.content) > 1_000
    assert marked(plain.content) == 0


async def test_what_is_not_on_the_page_is_said_and_the_page_is_shown_all_the_same(browser: Browser, shop: Shop) -> None:
    document = await shop.services.documents.add("Handbook.pdf", HANDBOOK.read_bytes())
    shown = await (await browser("luis")).get(page_url(document.id, 2, "Nothing like this stands anywhere in the whole handbook."))
    assert "were not found on this page" in shown.text
    assert "<img" in shown.text


async def test_a_page_that_does_not_exist_and_a_file_that_cannot_be_drawn_are_told(browser: Browser, shop: Shop) -> None:
    client = await browser("luis")
    document = await shop.services.documents.add("Handbook.pdf", HANDBOOK.read_bytes())
    for number in (0, 999, 10**9):
        assert (await client.get(f"/knowledge/{document.id}/pages/{number}")).status_code == 404
    broken = await shop.services.documents.add("Broken.pdf", b"%PDF-1.7\nnot much of one")
    shown = await client.get(page_url(broken.id, 1, "the words"))
    assert shown.status_code == 200
    assert "the words" in shown.text
    assert "Open the PDF" in shown.text
    assert (await client.get(f"/knowledge/{broken.id}/pages/1/image")).status_code == 404


async def test_only_people_of_the_house_see_a_page(browser: Browser, shop: Shop) -> None:
    document = await shop.services.documents.add("Handbook.pdf", HANDBOOK.read_bytes())
    client = await browser(None)
    for path in (f"/knowledge/{document.id}/pages/2", f"/knowledge/{document.id}/pages/2/image"):
        assert (await client.get(path)).status_code in (303, 401)


async def test_the_panel_leads_to_the_marked_words() -> None:
    citation = Citation(document="a.pdf", page=3, document_id="d 1", quote="two & three")
    assert page_url(citation.document_id, citation.page, citation.quote or "") == "/knowledge/d 1/pages/3?quote=two+%26+three"
    assert page_url(None, 3) == ""


async def test_a_page_is_drawn_once_and_a_drawing_that_takes_too_long_is_ended() -> None:
    asked = 0

    async def content() -> bytes:
        nonlocal asked
        asked += 1
        return HANDBOOK.read_bytes()

    images = PageImages()
    first, second = await asyncio.gather(images.page("h", content, 2, QUOTE), images.page("h", content, 3, QUOTE))
    assert (first.found, second.found, first.pages) == (True, False, second.pages)
    assert await images.page("h", content, 2, QUOTE) == first
    assert asked == 2
    with pytest.raises(NotRendered, match="too long"):
        await PageImages(seconds=0.001).page("h", content, 2, QUOTE)


async def test_the_oldest_pictures_make_room() -> None:
    async def content() -> bytes:
        return HANDBOOK.read_bytes()

    images = PageImages(python=sys.executable, kept_bytes=1)
    for number in (1, 2):
        await images.page("h", content, number)
    assert len(images._kept) == 1


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("ships to\nChile in 5 days", ["ships to Chile in 5 days"]),
        ("SHIPS TO CHILE", ["ships to Chile"]),
        ("ofﬁce hours", ["office hours"]),
        ("It ships to Chile in 5 days and then this sentence goes on somewhere else", ["ships to Chile in 5 days"]),
        ("Bag M – Size: 40 litres; Price: USD 12", ["Bag M 40 litres USD 12"]),
        ("nothing of it", []),
        ("", []),
    ],
)
def test_a_quote_is_found_whatever_its_spaces_and_ligatures(quote: str, found: list[str]) -> None:
    page = "Before it all, it ships to Chile in 5 days. See our office hours. Bag M 40 litres USD 12 USD 13"
    spans = [page[start:end] for start, end in spans_of(quote, list(page))]
    assert len(spans) == len(found)
    assert all(words in span for words, span in zip(found, spans, strict=True))
