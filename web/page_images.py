"""Pages of documents as pictures, with the passage marked. Rendered by a child process with limits; the last ones are kept."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

RENDERER = Path(__file__).with_name("page_renderer.py")
WIDTH = 1_240
"""Pixels across; 150 to the inch on a sheet of A4."""
MOST_PIXELS = 4_000_000
SECONDS = 10
MEMORY = 1_500_000_000
"""Bytes of address space, where the system knows such a limit."""
AT_ONCE = 2
KEPT_BYTES = 48_000_000
LONGEST_QUOTE = 600
NO_PAGE = 3

Content = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class PageImage:
    png: bytes
    found: bool
    """Whether the passage was found and is marked."""
    pages: int
    width: int
    height: int


class NoSuchPage(Exception):
    """The document has fewer pages."""


class NotRendered(Exception):
    """The page could not be made a picture within the limits."""


class PageImages:
    """One per process. `python` runs the renderer."""

    def __init__(self, *, python: str = sys.executable, seconds: float = SECONDS, kept_bytes: int = KEPT_BYTES) -> None:
        self._python = python
        self._seconds = seconds
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[tuple[str, int, str], PageImage] = OrderedDict()
        self._size = 0
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def page(self, document: str, content: Content, page: int, quote: str = "") -> PageImage:
        """The page with `quote` marked, if it is found there. `document` names the bytes. Raises NoSuchPage and NotRendered."""
        key = (document, page, quote[:LONGEST_QUOTE])
        async with self._gate:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
            image = await self._render(await content(), page, key[2])
        if key not in self._kept:
            self._keep(key, image)
        return image

    def _keep(self, key: tuple[str, int, str], image: PageImage) -> None:
        self._kept[key] = image
        self._size += len(image.png)
        while self._size > self._kept_bytes and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped.png)

    async def _render(self, content: bytes, page: int, quote: str) -> PageImage:
        order = {"page": page, "quote": quote, "width": WIDTH, "pixels": MOST_PIXELS, "seconds": SECONDS, "memory": MEMORY}
        child = await asyncio.create_subprocess_exec(self._python, "-P", str(RENDERER), stdin=PIPE, stdout=PIPE, stderr=PIPE)
        try:
            async with asyncio.timeout(self._seconds):
                answer, _ = await child.communicate(json.dumps(order).encode() + b"\n" + content)
        except TimeoutError as error:
            raise NotRendered("the page takes too long to draw") from error
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode == NO_PAGE:
            raise NoSuchPage(f"There is no page {page}")
        if child.returncode != 0:
            raise NotRendered("the document can't be drawn")
        told, _, png = answer.partition(b"\n")
        facts = json.loads(told)
        return PageImage(png=png, found=facts["found"], pages=facts["pages"], width=facts["width"], height=facts["height"])
