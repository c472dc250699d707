"""Records the histories that later versions must be able to replay: `python -m tests.workflows.record_histories`.

A story is recorded once, with the release that first could tell it; a file that exists is left alone.
"""

import asyncio
import json
import sys
import sysconfig
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from domain.channels import SendOutcome, SendResult
from domain.conversations import Status
from storage.migrate import upgrade
from tests.workflows.desk import NEAR, Desk, open_desk, until
from workflows.visible import SEARCH_ATTRIBUTES

FOLDER = Path(__file__).parent / "histories"
Story = Callable[[Desk], Awaitable[str]]


async def answered(desk: Desk) -> str:
    received = await desk.says("Do you ship to Chile?")
    await desk.says("How long is the warranty?")
    await desk.until_sent(2)
    return str(received.conversation_id)


async def offered_and_tried_again(desk: Desk) -> str:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.RETRY, error="busy")]
    received = await desk.says(NEAR)
    await desk.until_sent(1)
    await desk.says("2")
    await desk.until_sent(2)
    return str(received.conversation_id)


async def flagged_and_answered_by_hand(desk: Desk) -> str:
    received = await desk.says("Can I pay with bitcoin?")
    conversation_id = str(received.conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)
    await desk.until_sent(1)
    await desk.says("hello?")
    await desk.replies(desk.ana, conversation_id, "Only cards.")
    await desk.until_status(conversation_id, Status.BOT)
    return conversation_id


async def taken_while_reading(desk: Desk) -> str:
    received = await desk.says("How long is the warranty?")
    await desk.until_sent(1)
    desk.documents.gate = asyncio.Event()
    await desk.says("Do you ship to Chile?")

    async def reading() -> bool:
        return len(desk.documents.asked) == 2

    await until(reading, "the bot reads")
    await desk.takes(desk.ana, str(received.conversation_id))
    desk.documents.gate.set()
    await desk.replies(desk.ana, str(received.conversation_id), "Yes.", keep=True)
    await desk.until_sent(2)
    await desk.releases(desk.ana, str(received.conversation_id))
    return str(received.conversation_id)


async def resolved_with_a_late_message(desk: Desk) -> str:
    received = await desk.says("Can I pay with bitcoin?")
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    await desk.until_sent(1)
    await desk.resolves(desk.ana, str(received.conversation_id))
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(2)
    return str(received.conversation_id)


STORIES: tuple[Story, ...] = (
    answered,
    offered_and_tried_again,
    flagged_and_answered_by_hand,
    taken_while_reading,
    resolved_with_a_late_message,
)


async def record() -> None:
    FOLDER.mkdir(exist_ok=True)
    binary = Path(sysconfig.get_path("scripts")) / "temporal"
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(binary), data_converter=pydantic_data_converter, search_attributes=list(SEARCH_ATTRIBUTES)
    ) as env:
        for story in STORIES:
            file = FOLDER / f"{story.__name__}.json"
            if file.exists():
                continue
            with tempfile.TemporaryDirectory() as folder:
                url = f"sqlite+aiosqlite:///{folder}/frontdesk.db"
                await asyncio.to_thread(upgrade, url)
                async with open_desk(env.client, url) as desk, desk.worker():
                    conversation_id = await story(desk)
                    workflow_id = (await desk.view(conversation_id)).workflow_id
                    history = await env.client.get_workflow_handle(workflow_id, run_id=conversation_id).fetch_history()
            file.write_text(json.dumps(json.loads(history.to_json()), indent=1) + "\n")
            sys.stderr.write(f"recorded {file.name}\n")


if __name__ == "__main__":
    asyncio.run(record())
