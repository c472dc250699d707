"""Measures the product beside a bare workflow on the same engine, and its knowledge; prints a table and writes JSON.

A slow number is a number: the exit status says only whether it could be measured.
"""

import argparse
import contextlib
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench.bare import BareBench, bare_bench
from bench.knowledge import measure_knowledge
from bench.loop import Level
from bench.machine import Machine, machine
from bench.messages import ProductBench, product_bench
from bench.report import Result, ratios, table
from domain.errors import FrontdeskError

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    arguments = _arguments()
    try:
        result = uvloop.run(_measure(arguments))
    except FrontdeskError as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    file = arguments.out or RESULTS / f"{result.date:%Y-%m-%d}-{_slug(result.machine)}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(result.model_dump_json(indent=2) + "\n")
    print(table(result))
    _progress(f"Written to {file}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000, help="messages per level (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 10, 50], help="customers at once (default: 1 10 50)")
    parser.add_argument("--seconds", type=float, default=30.0, help="no level asks for longer than this (default: %(default)s)")
    parser.add_argument("--only", choices=("messages", "bare", "knowledge"), help="one part; default: all")
    parser.add_argument("--out", type=Path, help="the JSON file (default: bench/results/DATE-MACHINE.json)")
    return parser.parse_args()


async def _measure(arguments: argparse.Namespace) -> Result:
    """Raises NotMeasured."""
    date, levels, only = datetime.now(UTC), list[Level](), arguments.only
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as made:
        directory = Path(made)
        knowledge = await measure_knowledge(directory / "knowledge", _progress) if only in (None, "knowledge") else None
        async with contextlib.AsyncExitStack() as stack:
            subjects = list[ProductBench | BareBench]()
            if only in (None, "messages"):
                _progress("Starting the product")
                subjects.append(await stack.enter_async_context(product_bench(directory / "product")))
            if only in (None, "bare"):
                _progress("Starting the bare workflow")
                subjects.append(await stack.enter_async_context(bare_bench(directory / "bare")))
            # In turn, so that what else the machine does falls on both alike.
            for concurrency in arguments.concurrency if subjects else ():
                for subject in subjects:
                    level = await subject.level(concurrency, messages=arguments.messages, seconds=arguments.seconds)
                    _progress(f"{level.subject}, {concurrency} at once: {level.per_second:.1f}/s, {level.cpu_ms_total:.1f} ms of CPU each")
                    levels.append(level)
    return Result(date=date, machine=machine(), levels=tuple(levels), ratios=ratios(levels), knowledge=knowledge)


def _slug(found: Machine) -> str:
    cpu = re.sub(r"\W+", "-", re.sub(r"\((?:R|TM)\)|CPU|@.*", "", found.cpu)).strip("-").lower()
    return f"{found.cores}-cores-{cpu}"


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
