"""The whole product as a person runs it: `./frontdesk up` in processes of its own, on its own data directory and ports."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from tests.vendors.signing import signed_headers

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
LAUNCHER = ROOT / "frontdesk"
SHOP_PDF = ROOT / "examples" / "shop.pdf"
START_SECONDS = 90.0
"""What a start may take on a machine where other tests run beside it."""
STOP_SECONDS = 40.0
POLL_SECONDS = 0.02
_ROLES = {"temporal": "start-dev", "worker": "cli.py worker", "api": "cli.py api", "customers": "examples.customers"}
"""Role -> what stands in its command line."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What `--json` printed; fails if standard output holds anything else."""
        return json.loads(self.out)


async def until(look: Callable[[], Awaitable[T | None]], what: str, *, seconds: float = 30.0) -> T:
    """What `look` finds, once it finds something. Fails with `what` was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        if found := await look():
            return found
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s until {what}"
        await asyncio.sleep(POLL_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(data_dir: Path) -> dict[int, str]:
    """Every living process that was told of this data directory, by arguments or environment: pid -> command line."""
    mark, found = os.fsencode(data_dir), {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            # A zombie has no command line any more.
            if command and (mark in command or mark in (entry / "environ").read_bytes()):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


class Product:
    """One data directory, and what runs on it. `running(...)` makes sure that nothing outlives a test."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        """Where commands are run: not the repository, so that a developer's `.env` is not read."""
        home.mkdir(parents=True, exist_ok=True)
        self.data_dir = home / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = {"FRONTDESK_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8", "FRONTDESK_LOG_FORMAT": "json", **settings}
        self._parent: asyncio.subprocess.Process | None = None
        self._starts = 0
        self.http = httpx2.AsyncClient(base_url=self.url, timeout=20)

    @property
    def env(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
        own = {"FRONTDESK_DATA_DIR": str(self.data_dir), "FRONTDESK_PORT": str(self.port)}
        return {**inherited, **own, **self._settings}

    # Commands

    async def cli(self, *arguments: str, stdin: str = "") -> Ran:
        """`./frontdesk ARGUMENTS`, to its end."""
        process = await asyncio.create_subprocess_exec(
            str(LAUNCHER),
            *arguments,
            cwd=self.home,
            env=self.env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(stdin.encode()), START_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def done(self, *arguments: str, stdin: str = "") -> Any:
        """A command that must succeed, with `--json`; what it printed."""
        ran = await self.cli(*arguments, "--json", stdin=stdin)
        assert ran.code == 0, f"frontdesk {' '.join(arguments)}: {ran.err}{ran.out}"
        return ran.data

    # Up and down

    async def start(self, command: str = "up") -> float:
        """Starts everything; returns the seconds until `ready` was printed."""
        started = time.monotonic()
        await self.launch(command)
        await until(self._said_ready, f"`{command}` printed ready; it said: {self.said()}", seconds=START_SECONDS)
        return time.monotonic() - started

    async def launch(self, command: str = "up") -> None:
        """Starts everything and waits for nothing."""
        self._starts += 1
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._parent = await asyncio.create_subprocess_exec(
                str(LAUNCHER), command, cwd=self.home, env=self.env, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=err
            )

    @property
    def _out(self) -> Path:
        return self.home / f"out-{self._starts}.txt"

    @property
    def _err(self) -> Path:
        return self.home / f"err-{self._starts}.txt"

    def said(self) -> str:
        """What the running command has printed so far."""
        return self._out.read_text()

    def complained(self) -> str:
        return self._err.read_text()

    async def _said_ready(self) -> bool:
        assert self._parent is not None
        if self._parent.returncode is not None:
            raise AssertionError(f"it ended with {self._parent.returncode}: {self.complained()}\n{self.logs()}")
        return "ready http" in self.said()

    def logs(self) -> str:
        """The ends of the children's logs."""
        files = sorted((self.data_dir / "logs").glob("*.log"))
        parts = [f"--- {file.name}\n{file.read_text(errors='replace')[-1500:]}" for file in files]
        return "\n".join(parts)

    @property
    def pid(self) -> int:
        assert self._parent is not None
        return self._parent.pid

    def send(self, number: signal.Signals) -> None:
        assert self._parent is not None
        self._parent.send_signal(number)

    async def ended(self) -> int:
        """The exit status, once the parent has ended; negative for a signal."""
        assert self._parent is not None
        return await asyncio.wait_for(self._parent.wait(), STOP_SECONDS)

    async def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.send(number)
        return await self.ended()

    # The children

    def pids(self) -> dict[str, int]:
        """The children that live, by role."""
        living = processes_of(self.data_dir)
        return {role: pid for role, words in _ROLES.items() for pid, command in living.items() if words in command}

    async def kill(self, role: str) -> int:
        """kill -9; returns once the process is gone, with the pid that it had."""
        pid = self.pids()[role]
        os.kill(pid, signal.SIGKILL)

        async def gone() -> bool:
            return pid not in processes_of(self.data_dir)

        await until(gone, f"{role} is dead", seconds=10)
        return pid

    async def healed(self, role: str, old: int, *, seconds: float = START_SECONDS) -> int:
        """The pid of the process that took the killed one's place, once the product is ready again."""

        async def other() -> int | None:
            new = self.pids().get(role)
            return new if new != old else None

        pid = await until(other, f"{role} runs again", seconds=seconds)
        await self.until_ready(seconds=seconds)
        return pid

    async def until_ready(self, *, seconds: float = START_SECONDS) -> None:
        async def ready() -> bool:
            with suppress(httpx2.TransportError):
                return (await self.http.get("/readyz")).status_code == 200
            return False

        await until(ready, "/readyz says yes", seconds=seconds)

    def worker_starts(self) -> list[float]:
        """When workers said that they were ready; unix seconds."""
        lines = (self.data_dir / "logs" / "worker.log").read_text(errors="replace").splitlines()
        ready = (json.loads(line) for line in lines if '"worker_ready"' in line)
        return [datetime.fromisoformat(line["timestamp"]).timestamp() for line in ready]

    # Programs and customers

    async def api(self, method: str, path: str, key: str, *, json: object = None, action_id: str | None = None) -> httpx2.Response:
        """The JSON API with a key; `action_id` is the Idempotency-Key."""
        headers = {"Authorization": f"Bearer {key}"} | ({"Idempotency-Key": action_id} if action_id else {})
        return await self.http.request(method, f"/api/v1{path}", json=json, headers=headers)

    async def post_message(self, inbox_id: str, secret: str, message_id: str, contact: str, text: str) -> httpx2.Response:
        """A seller's system delivers a customer's message to a REST inbox. Raises httpx2.TransportError while nobody listens."""
        message = {"type": "message", "id": message_id, "contact": {"id": contact, "name": contact.title()}, "text": text}
        body = json.dumps(message).encode()
        return await self.http.post(f"/webhooks/rest/{inbox_id}", content=body, headers=signed_headers(secret, body, webhook_id=message_id))

    async def close(self) -> None:
        """Ends whatever is left, without asking."""
        await self.http.aclose()
        if self._parent is not None and self._parent.returncode is None:
            self._parent.kill()
            await self._parent.wait()
        for pid in processes_of(self.data_dir):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def product_in(home: Path, **settings: str) -> AsyncIterator[Product]:
    """A product that is not started yet; whatever it starts is surely ended."""
    assert sys.platform == "linux", "these tests look into /proc"
    product = Product(home, **settings)
    try:
        yield product
    finally:
        await product.close()
