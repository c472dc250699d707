"""What is measured of the knowledge, each part in a process of its own: `python -m bench.knowledge_parts PART DIRECTORY`."""

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import worker
from bench.knowledge import COPIES, IMPORT_PAGES, SEARCH_PAGES, Imported, Searched
from bench.loop import Latency
from bench.machine import cpu_seconds, rss_mb
from bench.manual import manual, questions
from channels.registry import FEATURES
from domain.ids import derived_id
from domain.model import Model
from knowledge.importing import import_document
from knowledge.index import KnowledgeIndex
from storage.migrate import upgrade
from storage.stores import Stores, open_stores

SEARCHES = 300
WARM_UP = 20
SEED = 7


async def import_manual(stores: Stores) -> Imported:
    """The encoder's weights are loaded within it, as in a command that imports one file."""
    content = manual(IMPORT_PAGES, seed=SEED)
    began, cpu = time.monotonic(), cpu_seconds(os.getpid())
    document = await stores.documents.add("manual.pdf", content)
    await import_document(stores.documents, document.id)
    return Imported(seconds=round(time.monotonic() - began, 1), cpu_seconds=round(cpu_seconds(os.getpid()) - cpu, 1))


async def import_more(stores: Stores) -> Imported:
    """Up to `SEARCH_PAGES`."""
    document = await stores.documents.add("more.pdf", manual(SEARCH_PAGES - IMPORT_PAGES, seed=SEED + 1))
    await import_document(stores.documents, document.id)
    return Imported(seconds=0, cpu_seconds=0)


async def copy(stores: Stores) -> Imported:
    """`COPIES` more of what is there, words and vectors: neither memory nor the time of a search depends on what they say."""
    _, originals, _ = await stores.documents.published()
    for number in range(COPIES):
        document = await stores.documents.add(f"copy-{number}.pdf", str(number).encode())
        same = [
            chunk.model_copy(update={"id": derived_id(chunk.id, str(number)), "document_id": document.id, "position": position})
            for position, chunk in enumerate(originals)
        ]
        await stores.documents.publish(document.id, pages=SEARCH_PAGES, chunks=same)
    return Imported(seconds=0, cpu_seconds=0)


async def search(stores: Stores) -> Searched:
    index = KnowledgeIndex(stores.documents)
    empty = rss_mb(os.getpid())
    await index.refresh()
    asked = questions(seed=SEED)
    for _ in range(WARM_UP):
        await index.search(next(asked), threshold=0.0)
    took = []
    for _ in range(SEARCHES):
        question = next(asked)
        began = time.perf_counter()
        await index.search(question, threshold=0.0)
        took.append(time.perf_counter() - began)
    now, peak = rss_mb(os.getpid()), rss_mb(os.getpid(), peak=True)
    _, chunks, _ = await stores.documents.published()
    return Searched(units=len(chunks), empty_rss_mb=empty, rss_mb=now, peak_mb=peak, latency=Latency.of(took))


PARTS: dict[str, Callable[[Stores], Awaitable[Model]]] = {
    "import": import_manual,
    "more": import_more,
    "search": search,
    "copy": copy,
}


async def run(part: str, directory: Path) -> Model:
    url = f"sqlite+aiosqlite:///{directory / 'knowledge.db'}"
    async with open_stores(url, "the bench's own key, which guards nothing", FEATURES) as stores:
        return await PARTS[part](stores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    upgrade(f"sqlite+aiosqlite:///{arguments.directory / 'knowledge.db'}")
    worker.log.info("part_begins", part=arguments.part)
    print(asyncio.run(run(arguments.part, arguments.directory)).model_dump_json())


if __name__ == "__main__":
    main()
