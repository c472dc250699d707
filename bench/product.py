"""The product as a user runs it: `./frontdesk up` on a fresh data directory, one REST inbox, one PDF."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bench.loop import NotMeasured
from bench.machine import children
from supervisor import ROOT, engine_ports

INBOX = "bench"
DOCUMENT = ROOT / "examples" / "shop.pdf"
READY_SECONDS = 150.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Product:
    host: str
    port: int
    engine_address: str
    processes: dict[str, int]
    """Pids of temporal, worker, api and their supervisor."""

    @property
    def webhook_path(self) -> str:
        return f"/webhooks/rest/{INBOX}"


@contextlib.asynccontextmanager
async def running_product(data_dir: Path, *, callback_url: str, secret: str) -> AsyncIterator[Product]:
    """Raises NotMeasured, with the end of its output, if it does not come up."""
    secret_file = _new_directory(data_dir, secret)
    await _command(data_dir, "knowledge", "import", str(DOCUMENT))
    # Every message is a turn of its own, and every turn is answered: what is measured is the way, not the policy.
    settings = (
        f"callback_url={callback_url}",
        f"secret=@{secret_file}",
        "quiet_window_seconds=0",
        "answer_threshold=0",
        "person_requests=false",
        "upset_threshold=1",
        "repeats_before_offer=0",
    )
    await _command(
        data_dir, "inbox", "add", "rest", "--name", "Bench", "--id", INBOX, *(part for one in settings for part in ("--set", one))
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = data_dir / "up.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "cli.py"),
            "up",
            "--port",
            str(port),
            "--data",
            str(data_dir),
            cwd=data_dir,
            env=environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
        )
    try:
        await _until_ready(process, log)
        yield Product(host="127.0.0.1", port=port, engine_address=engine_ports(data_dir).address, processes=_roles(process.pid))
    finally:
        await stop(process)


def _new_directory(data_dir: Path, secret: str) -> Path:
    """Returns the file that holds the secret: arguments stand in the process list."""
    data_dir.mkdir(parents=True)
    file = data_dir / "bench.secret"
    file.write_text(secret)
    return file


async def stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def environment() -> dict[str, str]:
    """This process's, without settings of an installation that happens to live here; with compiled modules kept, as they are by default."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_") and name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "FRONTDESK_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"}


async def _command(data_dir: Path, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "cli.py"),
        *arguments,
        "--data",
        str(data_dir),
        cwd=data_dir,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise NotMeasured(f"frontdesk {' '.join(arguments[:2])} failed: {said.decode()[-500:]}")


async def _until_ready(process: asyncio.subprocess.Process, log: Path) -> None:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            async for line in process.stdout:
                if line.startswith(b"ready "):
                    return
    except TimeoutError:
        pass
    raise NotMeasured(f"frontdesk up did not become ready: {end_of(log)}")


def end_of(log: Path) -> str:
    return log.read_text()[-500:]


def _roles(supervisor: int) -> dict[str, int]:
    roles = {"supervisor": supervisor}
    for pid, command in children(supervisor).items():
        if "start-dev" in command:
            roles["temporal"] = pid
        elif command and command[-1] in ("worker", "api"):
            roles[command[-1]] = pid
    missing = {"temporal", "worker", "api"} - set(roles)
    if missing:
        raise NotMeasured(f"No process found for {', '.join(sorted(missing))}")
    return {name: roles[name] for name in ("temporal", "worker", "api", "supervisor")}
