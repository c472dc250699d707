"""The least that a message can cost on this engine: a workflow with two regular activities that do nothing.

The same server settings, the same worker settings, the same door (signal-with-start), payloads of the product's sizes.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from temporalio.client import Client

from bench.bare_workflow import MESSAGE_BYTES, QUEUE, BareConversation
from bench.history import with_history
from bench.loop import REPLY_SECONDS, Asked, Level, NotMeasured, measure
from bench.product import end_of, stop
from gateway import TASK_TIMEOUT, open_client
from supervisor import ROOT, TEMPORAL_ENV, EnginePorts, engine_ports, temporal_command

SUBJECT = "bare"
CONVERSATIONS = 100
READY_SECONDS = 60.0


class BareBench:
    def __init__(self, engine: Client, inbound: socket.socket, processes: dict[str, int]) -> None:
        self._engine = engine
        self._inbound = inbound
        self._processes = processes
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._number = 0

    def listen(self) -> None:
        asyncio.get_running_loop().add_reader(self._inbound, self._read)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                replied = self._waiting.get(self._inbound.recv(1024).decode())
                if replied is not None and not replied.done():
                    replied.set_result(time.monotonic())

    async def ask(self, conversation: str) -> Asked:
        self._number += 1
        message_id = f"{conversation}-{self._number}"
        replied: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = replied
        began = time.monotonic()
        await self._engine.start_workflow(
            BareConversation.run,
            id=conversation,
            task_queue=QUEUE,
            task_timeout=TASK_TIMEOUT,
            start_signal="receive",
            start_signal_args=[f"{message_id} ".ljust(MESSAGE_BYTES, ".")],
        )
        acked = time.monotonic()
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                return Asked(ack=acked - began, reply=await replied - began)
        except TimeoutError:
            return Asked(ack=acked - began, reply=None)
        finally:
            del self._waiting[message_id]

    async def level(self, concurrency: int, *, messages: int, seconds: float) -> Level:
        """Raises NotMeasured. The door is in this process: its CPU counts, with the driver's own share of it."""
        level = await measure(
            SUBJECT,
            self.ask,
            concurrency=concurrency,
            messages=messages,
            conversations=CONVERSATIONS,
            seconds=seconds,
            processes={**self._processes, "door": os.getpid()},
            not_counted="",
        )
        return await with_history(self._engine, level, "BareConversation")


@contextlib.asynccontextmanager
async def bare_bench(directory: Path) -> AsyncIterator[BareBench]:
    """A Temporal server and a worker of their own. Raises NotMeasured if they do not come up."""
    await asyncio.to_thread(directory.mkdir, parents=True)
    ports = engine_ports(directory)
    async with contextlib.AsyncExitStack() as stack:
        inbound = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        inbound.setblocking(False)
        inbound.bind(str(directory / "told"))
        log = stack.enter_context((directory / "bare.log").open("wb"))

        async def start(*command: str) -> asyncio.subprocess.Process:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env={**os.environ, **TEMPORAL_ENV}, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
            stack.push_async_callback(stop, process)
            return process

        server = await start(*temporal_command(directory, ports, {}))
        engine = await _connected(ports, directory)
        worker = await start(sys.executable, "-m", "bench.bare_worker", ports.address, str(directory / "told"))
        bench = BareBench(engine, inbound, {"temporal": server.pid, "worker": worker.pid})
        bench.listen()
        stack.callback(asyncio.get_running_loop().remove_reader, inbound)
        if (await bench.ask("first")).reply is None:
            raise NotMeasured(f"The bare worker does not answer: {end_of(directory / 'bare.log')}")
        yield bench


async def _connected(ports: EnginePorts, directory: Path) -> Client:
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            return await open_client(ports.address, "default")
        except RuntimeError as error:
            if time.monotonic() > until:
                raise NotMeasured(f"The Temporal server does not answer: {end_of(directory / 'bare.log')}") from error
        await asyncio.sleep(0.1)
