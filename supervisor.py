"""Runs the whole product on one machine: the Temporal development server, worker and API as children of one process.

A child that dies is started again with back-off; the children die with their parent, even when that is killed.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import httpx2
import structlog

from domain.errors import Conflict, FrontdeskError, InvalidInput
from domain.model import Model

log = structlog.get_logger()

ROOT = Path(__file__).parent
FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 10.0
CALM_SECONDS = 30.0
"""A child that ran so long starts its back-off anew."""
STOP_SECONDS = 10.0
LOG_LIMIT = 10_000_000
PR_SET_PDEATHSIG = 1
"""From Linux' prctl.h."""


class ChildFailed(FrontdeskError):
    """The product can't come up; the message names the child and where its log lies."""


class EnginePorts(Model):
    """Where this data directory's Temporal server listens. Kept, so that bookmarks and open conversations survive a restart."""

    grpc: int
    ui: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.grpc}"

    @property
    def ui_url(self) -> str:
        return f"http://127.0.0.1:{self.ui}"


def engine_ports(data_dir: Path) -> EnginePorts:
    """The ports of this directory's server, chosen once among the free ones."""
    file = data_dir / "ports.json"
    if file.exists():
        return EnginePorts.model_validate_json(file.read_text())
    with socket.socket() as first, socket.socket() as second:
        for taken in (first, second):
            taken.bind(("127.0.0.1", 0))
        ports = EnginePorts(grpc=first.getsockname()[1], ui=second.getsockname()[1])
    file.write_text(ports.model_dump_json())
    return ports


def free_engine_ports(data_dir: Path) -> EnginePorts:
    """The same, before the server starts: others are chosen if a program has taken one of them meanwhile."""
    ports = engine_ports(data_dir)
    if is_free("127.0.0.1", ports.grpc) and is_free("127.0.0.1", ports.ui):
        return ports
    (data_dir / "ports.json").unlink()
    return engine_ports(data_dir)


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    try:
        # What the port's last server left in TIME_WAIT is no hindrance: `create_server` reuses the address.
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def only_instance(data_dir: Path) -> Iterator[None]:
    """Raises Conflict while another process runs on the same data directory."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"Frontdesk is already running on {data_dir}. Stop it first, or name another directory by --data DIR.") from None
        yield


def is_running(data_dir: Path) -> bool:
    """Whether an `up` holds this data directory."""
    if not (data_dir / "lock").exists():
        return False
    try:
        with only_instance(data_dir):
            return False
    except Conflict:
        return True


def temporal_command(data_dir: Path, ports: EnginePorts, search_attributes: Mapping[str, str]) -> list[str]:
    """The development server on a file, with the settings that were measured to matter.

    WAL with synchronous FULL keeps an acknowledged message through a power cut. The transfer queue's default limit of 20 loads a
    second and shard, with the one shard this server has, would hold each message up by 50 ms.
    """
    binary = Path(sysconfig.get_path("scripts")) / "temporal"
    if not binary.exists():
        raise InvalidInput(
            "There is no Temporal development server for this platform. Start a Temporal service and set FRONTDESK_TEMPORAL_ADDRESS."
        )
    command = [str(binary), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(ports.grpc), "--ui-port", str(ports.ui)]
    command += ["--db-filename", str(data_dir / "temporal.db"), "--log-level", "error", "--ui-disable-news-fetch"]
    command += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=2"]
    command += ["--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"]
    for name, kind in search_attributes.items():
        command += ["--search-attribute", f"{name}={kind}"]
    return command


TEMPORAL_ENV = {"GOGC": "400"}
"""The server collects its garbage less often: a fifth to a quarter less CPU per message, for about 140 MB of memory."""


def check_journal(data_dir: Path) -> None:
    """The server starts silently when a pragma's name is wrong, so the file is asked. Raises ChildFailed."""
    with contextlib.closing(sqlite3.connect(data_dir / "temporal.db")) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        raise ChildFailed(f"The Temporal server's database is in journal mode {mode} instead of wal; its messages would be slow")


class Child:
    """One process that is kept alive."""

    def __init__(self, name: str, command: Sequence[str], *, log_dir: Path, env: Mapping[str, str], once: bool = False) -> None:
        self.name = name
        self._command = list(command)
        self._env = {**os.environ, **env}
        self._log_file = log_dir / f"{name}.log"
        self._once = once
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def keep_alive(self) -> None:
        """Until cancelled; a child meant to run `once` is let go when it ends."""
        backoff = FIRST_BACKOFF
        while True:
            started = time.monotonic()
            code: int | str
            try:
                code = await self._run()
            except OSError as error:
                # No process, no memory, no room for the log: that may pass, and giving up would leave a part missing in silence.
                code = str(error)
            if self._once:
                return
            backoff = FIRST_BACKOFF if time.monotonic() - started > CALM_SECONDS else min(backoff * 2, LONGEST_BACKOFF)
            log.warning("child_died", child=self.name, code=code, again_in_seconds=backoff, log=str(self._log_file))
            await asyncio.sleep(backoff)

    async def _run(self) -> int:
        with self._open_log() as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Of its own group, so that Ctrl-C reaches only the parent, which stops them in order.
                process_group=0,
                preexec_fn=partial(_die_with, os.getpid()) if sys.platform == "linux" else None,
            )
        return await self._process.wait()

    def _open_log(self) -> IO[bytes]:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        if self._log_file.exists() and self._log_file.stat().st_size > LOG_LIMIT:
            self._log_file.replace(self._log_file.with_suffix(".log.1"))
        return self._log_file.open("ab")

    async def stop(self) -> None:
        """Asks it to end, and ends it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with(parent: int) -> None:
    """In the child, before it becomes its program."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before it was asked to take this one along.
    if os.getppid() != parent:
        os._exit(1)


class Supervisor:
    """Starts children in order, keeps them alive, stops them in the opposite order."""

    def __init__(self) -> None:
        self._kept: list[tuple[Child, asyncio.Task[None]]] = []

    def start(self, child: Child) -> None:
        self._kept.append((child, asyncio.create_task(child.keep_alive())))

    async def stop(self) -> None:
        for child, keeping in reversed(self._kept):
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await child.stop()


async def wait_until_ready(url: str, *, seconds: float, log_dir: Path) -> None:
    """Until `/readyz` says yes. Raises ChildFailed with what is still missing."""
    until = time.monotonic() + seconds
    missing = "no answer yet"
    async with httpx2.AsyncClient(timeout=5) as http:
        while time.monotonic() < until:
            with contextlib.suppress(httpx2.HTTPError, json.JSONDecodeError):
                response = await http.get(f"{url}/readyz")
                if response.status_code == 200:
                    return
                missing = response.text
            await asyncio.sleep(0.05)
    raise ChildFailed(f"Not ready after {seconds:.0f} s ({missing}). The logs in {log_dir} tell why.")
