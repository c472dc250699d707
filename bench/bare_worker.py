"""The bare workflow's worker, set up as the product's: `python -m bench.bare_worker ADDRESS SOCKET`.

It tells the driver of a delivery through a datagram socket.
"""

import argparse
import asyncio
import signal
import socket

import uvloop
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.bare_workflow import QUEUE, BareActivities, BareConversation
from gateway import open_client
from worker import BUILD_ID, CACHED_CONVERSATIONS, STICKY_TIMEOUT, settle_memory


async def work(address: str, told_at: str) -> None:
    """Until SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.connect(told_at)
        activities = BareActivities(told)
        async with Worker(
            await open_client(address, "default"),
            task_queue=QUEUE,
            workflows=[BareConversation],
            activities=[activities.find, activities.deliver],
            workflow_runner=UnsandboxedWorkflowRunner(),
            build_id=BUILD_ID,
            max_cached_workflows=CACHED_CONVERSATIONS,
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        ):
            settle_memory()
            await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="The bare workflow's worker.")
    parser.add_argument("address")
    parser.add_argument("told_at")
    arguments = parser.parse_args()
    uvloop.run(work(arguments.address, arguments.told_at))


if __name__ == "__main__":
    main()
