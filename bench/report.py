"""What a run of the benchmark found, as JSON and as a table."""

from bench.loop import Latency, Level
from bench.machine import Machine
from domain.model import Model, UtcDatetime


class Ratio(Model):
    """Of the product's rate to the bare workflow's at the same concurrency."""

    concurrency: int
    rate: float
    cpu: float
    """The product's CPU time per message over the bare workflow's: holds on a crowded machine."""


class KnowledgeResult(Model):
    import_pages: int
    import_seconds: float
    import_cpu_seconds: float
    pages: int
    units: int
    search: Latency
    rss_mb: float
    large_pages: int
    """Those above, many times over: stored, loaded and searched like any others."""
    large_units: int
    large_search: Latency
    large_rss_mb: float
    large_peak_mb: float
    empty_rss_mb: float
    """Of a worker without documents."""


class Result(Model):
    date: UtcDatetime
    machine: Machine
    levels: tuple[Level, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    knowledge: KnowledgeResult | None = None


def ratios(levels: list[Level]) -> tuple[Ratio, ...]:
    """Where both were measured."""
    found = []
    for product in (level for level in levels if level.subject == "product"):
        for bare in (level for level in levels if level.subject == "bare" and level.concurrency == product.concurrency):
            rate = round(product.per_second / bare.per_second, 2)
            found.append(Ratio(concurrency=product.concurrency, rate=rate, cpu=round(product.cpu_ms_total / bare.cpu_ms_total, 2)))
    return tuple(found)


def table(result: Result) -> str:
    machine = result.machine
    lines = [f"{machine.cores} cores, {machine.cpu}, {machine.memory_gb} GB, Python {machine.python}, {result.date:%Y-%m-%d}"]
    if result.levels:
        lines += ["", f"{'':10}{'at once':>8}{'msg/s':>8}{'ack p50/p95/p99 ms':>26}{'reply p50/p95/p99 ms':>29}{'CPU ms':>8}{'events':>8}"]
        lines[-1] += f"{'bytes':>8}{'lost':>6}{'crowding':>12}"
        lines += [_line(level) for level in result.levels]
        lines += ["", "CPU ms per message and RSS"]
        lines += [f"{level.subject:10}{level.concurrency:>8}  {_processes(level)}" for level in result.levels]
    if result.ratios:
        lines += ["", "Product over bare"]
        lines += [f"{'':10}{one.concurrency:>8}  rate {one.rate:.2f}, CPU {one.cpu:.2f}" for one in result.ratios]
    if result.knowledge is not None:
        lines += ["", *_knowledge(result.knowledge)]
    return "\n".join(lines)


def _line(level: Level) -> str:
    ack, reply = level.ack, level.reply
    return (
        f"{level.subject:10}{level.concurrency:>8}{level.per_second:>8.1f}"
        f"{f'{ack.p50:.1f} / {ack.p95:.1f} / {ack.p99:.1f}':>26}{f'{reply.p50:.1f} / {reply.p95:.1f} / {reply.p99:.1f}':>29}"
        f"{level.cpu_ms_total:>8.1f}{level.events:>8.1f}{level.history_bytes:>8.0f}{level.unanswered:>6}"
        f"{f'{level.before.crowding:.1f} - {level.after.crowding:.1f}':>12}"
    )


def _processes(level: Level) -> str:
    return ", ".join(f"{name} {ms:.1f} ms {level.rss_mb[name]:.0f} MB" for name, ms in level.cpu_ms.items())


def _knowledge(found: KnowledgeResult) -> list[str]:
    small, large = found.search, found.large_search
    return [
        f"Import     {found.import_pages} pages in {found.import_seconds:.1f} s, {found.import_cpu_seconds:.1f} s of CPU",
        f"Retrieval  {found.pages} pages, {found.units} units: p50 {small.p50:.1f} ms, p95 {small.p95:.1f} ms; {found.rss_mb:.0f} MB",
        f"           {found.large_pages} pages, {found.large_units} units: p50 {large.p50:.1f} ms, p95 {large.p95:.1f} ms",
        f"           {found.large_rss_mb:.0f} MB, {found.large_peak_mb:.0f} MB while loading; with none {found.empty_rss_mb:.0f} MB",
    ]
