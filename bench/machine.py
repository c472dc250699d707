"""What the numbers depend on: the machine, how crowded it is, and what each process has used. Linux: read from /proc."""

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path

from domain.model import Model

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
SPIN_SECONDS = 0.2


class Machine(Model):
    cores: int
    cpu: str
    memory_gb: float
    python: str
    system: str


class Load(Model):
    """How much else was running. A crowding of 1.0 is an idle core; 3.0: the spin had a third of one."""

    load_average: float
    """Of the last minute."""
    crowding: float


def machine() -> Machine:
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        cpu=_first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        memory_gb=round(int((_first("/proc/meminfo", "MemTotal") or "0").split()[0]) / 1024**2, 1),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )


def load() -> Load:
    """Takes `SPIN_SECONDS` of CPU: wall time over CPU time of a spin."""
    wall, cpu = time.monotonic(), time.process_time()
    while time.process_time() - cpu < SPIN_SECONDS:
        pass
    return Load(load_average=round(os.getloadavg()[0], 2), crowding=round((time.monotonic() - wall) / (time.process_time() - cpu), 2))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads. Raises OSError if it is gone."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS_PER_SECOND


def rss_mb(pid: int, *, peak: bool = False) -> float:
    """Resident memory, now or at its highest. Raises OSError if the process is gone."""
    value = _first(f"/proc/{pid}/status", "VmHWM" if peak else "VmRSS") or "0"
    return round(int(value.split()[0]) / 1024, 1)


def children(pid: int) -> dict[int, list[str]]:
    """Command lines of the direct children."""
    found = {}
    for child in _children(pid):
        try:
            found[child] = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")[:-1]
        except OSError:
            continue  # it ended since
    return found


def _children(pid: int) -> Iterable[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def _first(file: str, name: str) -> str | None:
    """The value of the first `name: value` line."""
    with Path(file).open() as lines:
        return next((value.strip() for key, _, value in (line.partition(":") for line in lines) if key.strip() == name), None)
