"""Runs: long conversations, restarted workers, and the histories of earlier versions."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from domain.conversations import Status
from tests.workflows.desk import Desk, open_desk, until
from workflows.conversation import HISTORY_LIMIT, Conversation

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk:
        yield desk


@pytest.mark.engine
async def test_a_long_conversation_continues_in_new_runs_and_loses_nothing(desk: Desk) -> None:
    async with desk.worker():
        received = [await desk.says("Do you ship to Chile?") for _ in range(70)]
        await desk.until_sent(70)
    answered = [ref.id for sent in desk.vendor.sent for ref in sent.message.in_reply_to]
    assert answered == [one.message_id for one in received]
    (view,) = await desk.conversations()
    assert {one.conversation_id for one in received} == {view.id}
    snapshot = await desk.client.get_workflow_handle(view.workflow_id).describe()
    assert snapshot.run_id != view.id, "the run was continued as new, the conversation is the same"
    assert snapshot.history_length < HISTORY_LIMIT + 100


@pytest.mark.engine
async def test_another_worker_goes_on_where_the_first_one_stopped(desk: Desk) -> None:
    async with desk.worker():
        received = await desk.says("Can I pay with bitcoin?")
        await desk.until_status(str(received.conversation_id), Status.FLAGGED)
        await desk.until_sent(1)
    waiting = await desk.says("hello?")
    async with desk.worker():
        assert (await desk.replies(desk.ana, str(received.conversation_id), "Only cards.")).accepted
        await desk.until_status(str(received.conversation_id), Status.BOT)
    assert {ref.id for ref in desk.vendor.sent[-1].message.in_reply_to} == {received.message_id, waiting.message_id}


@pytest.mark.engine
async def test_messages_during_a_closing_are_all_kept_and_what_follows_is_answered_once(desk: Desk) -> None:
    written: list[str] = []

    async def with_status(status: Status) -> str | None:
        return next((view.id for view in await desk.conversations() if view.status is status), None)

    async def flagged() -> bool:
        return await with_status(Status.FLAGGED) is not None

    async def all_shown() -> bool:
        shown = [message.id for view in await desk.conversations() for message in await desk.messages(view.id)]
        return all(shown.count(message_id) == 1 for message_id in written)

    async with desk.worker():
        for _ in range(5):
            written.append((await desk.says("Can I pay with bitcoin?")).message_id)
            await until(flagged, "the question is flagged")
            resolving = asyncio.create_task(desk.resolves(desk.ana, str(await with_status(Status.FLAGGED))))
            written += [(await desk.says("Do you ship to Chile?")).message_id for _ in range(3)]
            assert (await resolving).accepted
            await until(all_shown, "every message is shown once")
    answered = [ref.id for sent in desk.vendor.sent for ref in sent.message.in_reply_to]
    assert len(answered) == len(set(answered))
    assert len(await desk.conversations()) >= 5, "nothing was reopened"


def test_there_are_recorded_histories() -> None:
    assert {history.stem for history in HISTORIES} >= {
        "answered",
        "flagged_and_answered_by_hand",
        "taken_while_reading",
        "resolved_with_a_late_message",
    }


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_conversation_that_was_open_before_this_version_can_go_on(file: Path) -> None:
    """Recorded by `python -m tests.workflows.record_histories`; never recorded anew to make this pass: use workflow.patched."""
    history = WorkflowHistory.from_json(file.stem, await asyncio.to_thread(file.read_text))
    result = await Replayer(workflows=[Conversation], data_converter=pydantic_data_converter).replay_workflow(
        history, raise_on_replay_failure=False
    )
    assert result.replay_failure is None
