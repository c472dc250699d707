"""The closed loop: each of N customers writes, waits for the reply, writes again in another of his conversations."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench.machine import Load, cpu_seconds, load, rss_mb
from domain.errors import FrontdeskError
from domain.model import Model, UtcDatetime

REPLY_SECONDS = 30.0
"""A message without a reply by then counts as unanswered."""
WARM_UP = 20


class NotMeasured(FrontdeskError):
    """There is nothing to report."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Seconds from the beginning of the request; `reply` is None where none came."""

    ack: float
    reply: float | None


Ask = Callable[[str], Awaitable[Asked]]
"""Writes one message in a conversation and waits for its reply."""


class Latency(Model):
    """Milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Latency":
        """Raises NotMeasured if there is nothing to order."""
        ordered = sorted(seconds)
        if not ordered:
            raise NotMeasured("Not one message was answered, so there are no latencies")
        at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.50, 0.95, 0.99)]
        return cls(p50=round(at[0] * 1000, 1), p95=round(at[1] * 1000, 1), p99=round(at[2] * 1000, 1))


class Level(Model):
    """One subject at one concurrency."""

    subject: str
    concurrency: int
    began_at: UtcDatetime
    """After the warm-up: its conversations are older."""
    messages: int
    unanswered: int
    seconds: float
    per_second: float
    ack: Latency
    reply: Latency
    cpu_ms: dict[str, float]
    """CPU milliseconds per message, of each process."""
    cpu_ms_total: float
    """Without the driver's, where it is a process of its own."""
    rss_mb: dict[str, float]
    events: float = 0.0
    """Temporal history events per message, the conversations' own starts included."""
    history_bytes: float = 0.0
    """Per message."""
    before: Load
    after: Load


@dataclass
class _Taken:
    acks: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    asked: int = 0
    last_reply: float = 0.0


async def measure(
    subject: str,
    ask: Ask,
    *,
    concurrency: int,
    messages: int,
    conversations: int,
    seconds: float,
    processes: Mapping[str, int],
    not_counted: str,
) -> Level:
    """`processes` are watched by pid; the one named `not_counted` is the driver. Raises NotMeasured if nothing was answered."""
    before = load()
    prefix = f"{subject}-{time.time_ns()}"
    await _run(ask, f"{prefix}-warm", min(concurrency, WARM_UP), WARM_UP, WARM_UP, REPLY_SECONDS)
    cpu = {name: cpu_seconds(pid) for name, pid in processes.items()}
    began_at, began = datetime.now(UTC), time.monotonic()
    taken = await _run(ask, prefix, concurrency, messages, conversations, seconds)
    used = {name: cpu_seconds(pid) - cpu[name] for name, pid in processes.items()}
    replied = len(taken.replies)
    latency = Latency.of(taken.replies)
    took = taken.last_reply - began
    per_message = {name: round(1000 * value / replied, 2) for name, value in used.items()}
    return Level(
        subject=subject,
        concurrency=concurrency,
        began_at=began_at,
        messages=taken.asked,
        unanswered=taken.asked - replied,
        seconds=round(took, 2),
        per_second=round(replied / took, 1),
        ack=Latency.of(taken.acks),
        reply=latency,
        cpu_ms=per_message,
        cpu_ms_total=round(sum(value for name, value in per_message.items() if name != not_counted), 2),
        rss_mb={name: rss_mb(pid) for name, pid in processes.items()},
        before=before,
        after=load(),
    )


async def _run(ask: Ask, prefix: str, concurrency: int, messages: int, conversations: int, seconds: float) -> _Taken:
    """Each worker has conversations of his own, so that nobody writes before he was answered."""
    taken = _Taken()
    until = time.monotonic() + seconds

    async def worker(number: int) -> None:
        own = range(number, max(conversations, concurrency), concurrency)
        turn = 0
        while taken.asked < messages and time.monotonic() < until:
            taken.asked += 1
            asked = await ask(f"{prefix}-{own[turn % len(own)]}")
            turn += 1
            taken.acks.append(asked.ack)
            if asked.reply is not None:
                taken.replies.append(asked.reply)
                taken.last_reply = time.monotonic()

    async with asyncio.TaskGroup() as workers:
        for number in range(concurrency):
            workers.create_task(worker(number))
    return taken
