"""Import, retrieval and memory on documents of hundreds and thousands of pages, each in a process of its own."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from bench.loop import Latency, NotMeasured
from bench.product import environment
from bench.report import KnowledgeResult
from domain.model import Model
from supervisor import ROOT

IMPORT_PAGES = 200
SEARCH_PAGES = 300
COPIES = 16


class Imported(Model):
    seconds: float
    cpu_seconds: float


class Searched(Model):
    units: int
    empty_rss_mb: float
    """With everything that a worker loads but the documents."""
    rss_mb: float
    peak_mb: float
    latency: Latency


async def measure_knowledge(directory: Path, say: Callable[[str], None]) -> KnowledgeResult:
    """Raises NotMeasured if a part fails."""
    large_pages = SEARCH_PAGES * (COPIES + 1)
    say(f"Importing {SEARCH_PAGES} pages")
    imported = Imported.model_validate_json(await _part("import", directory))
    await _part("more", directory)
    say(f"Searching {SEARCH_PAGES} pages")
    searched = Searched.model_validate_json(await _part("search", directory))
    say(f"Searching {large_pages:,} pages")
    await _part("copy", directory)
    large = Searched.model_validate_json(await _part("search", directory))
    return KnowledgeResult(
        import_pages=IMPORT_PAGES,
        import_seconds=imported.seconds,
        import_cpu_seconds=imported.cpu_seconds,
        pages=SEARCH_PAGES,
        units=searched.units,
        search=searched.latency,
        rss_mb=searched.rss_mb,
        large_pages=large_pages,
        large_units=large.units,
        large_search=large.latency,
        large_rss_mb=large.rss_mb,
        large_peak_mb=large.peak_mb,
        empty_rss_mb=large.empty_rss_mb,
    )


async def _part(name: str, directory: Path) -> str:
    """The last line that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.knowledge_parts",
        name,
        str(directory),
        cwd=ROOT,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode != 0:
        raise NotMeasured(f"bench.knowledge_parts {name} failed: {complained.decode()[-800:]}")
    return said.decode().splitlines()[-1]
