"""What hours and days bring about, on a server that skips them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.commands import Snooze
from domain.conversations import ClosedReason, Status
from domain.messages import Purpose
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

UNKNOWN = "Can I pay with bitcoin?"


@pytest.fixture
async def desk(skipping_time: WorkflowEnvironment, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(skipping_time.client, database_url) as desk, desk.worker():
        yield desk


async def flagged(desk: Desk) -> str:
    await desk.says(UNKNOWN)
    await desk.until_sent(1)
    (view,) = await desk.conversations()
    assert view.status is Status.FLAGGED
    return view.id


async def test_nobody_answers_in_time_and_the_question_stays_listed(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    conversation_id = await flagged(desk)
    await skipping_time.sleep(timedelta(minutes=29))
    assert (await desk.view(conversation_id)).status is Status.FLAGGED
    await skipping_time.sleep(timedelta(minutes=2))
    view = await desk.until_status(conversation_id, Status.BOT)
    assert view.unanswered
    await desk.until_sent(2)
    assert desk.vendor.sent[1].message.purpose is Purpose.APOLOGY
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(3)
    assert desk.vendor.texts[-1] == "Yes, in 5 to 8 days."
    assert (await desk.view(conversation_id)).unanswered, "only a person dismisses it"


async def test_a_manager_is_told_by_mail_and_then_by_sms_once_each(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await flagged(desk)
    await skipping_time.sleep(timedelta(minutes=1))
    assert desk.post.told == []
    await skipping_time.sleep(timedelta(minutes=2))
    assert {rung for rung, *_ in desk.post.told} == {"email"}
    await skipping_time.sleep(timedelta(minutes=10))

    async def texted() -> bool:
        return any(rung == "sms" for rung, *_ in desk.post.told)

    await until(texted, "the SMS rung is told")
    await skipping_time.sleep(timedelta(minutes=10))
    assert len(desk.post.told) == len(set(desk.post.told))


async def test_a_take_stops_the_ladder(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    conversation_id = await flagged(desk)
    await desk.takes(desk.ana, conversation_id)
    await skipping_time.sleep(timedelta(hours=1))
    assert desk.post.told == []
    assert (await desk.view(conversation_id)).status is Status.HUMAN


async def test_a_silent_contact_closes_the_conversation_after_a_day(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    (view,) = await desk.conversations()
    await skipping_time.sleep(timedelta(hours=23))
    await desk.says("How long is the warranty?")
    await desk.until_sent(2)
    await skipping_time.sleep(timedelta(hours=23))
    assert (await desk.view(view.id)).status is Status.BOT, "every message moves the deadline"
    await skipping_time.sleep(timedelta(hours=2))
    closed = await desk.until_status(view.id, Status.CLOSED)
    assert closed.closed_reason is ClosedReason.IDLE
    assert not closed.unanswered


async def test_closing_with_a_question_that_waits_lists_it_as_unanswered(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    conversation_id = await flagged(desk)
    await desk.takes(desk.ana, conversation_id)
    await skipping_time.sleep(timedelta(hours=25))
    closed = await desk.until_status(conversation_id, Status.CLOSED)
    assert closed.unanswered


async def test_a_snooze_ends_at_its_time(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    conversation_id = await flagged(desk)
    await desk.takes(desk.ana, conversation_id)
    until_at = await skipping_time.get_current_time() + timedelta(hours=8)
    await desk.act(Snooze(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=desk.ana.id, until=until_at))
    await skipping_time.sleep(timedelta(hours=7))
    assert (await desk.view(conversation_id)).status is Status.SNOOZED
    await skipping_time.sleep(timedelta(hours=2))
    view = await desk.until_status(conversation_id, Status.HUMAN)
    assert view.assignee_id == desk.ana.id


async def test_a_changed_policy_moves_the_running_timers(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    (view,) = await desk.conversations()
    await desk.sets(idle_timeout_minutes=30)
    await desk.says("How long is the warranty?")
    await desk.until_sent(2)
    await skipping_time.sleep(timedelta(minutes=31))
    await desk.until_status(view.id, Status.CLOSED)


async def test_a_kept_conversation_goes_back_to_the_bot_after_silence_and_not_while_the_customer_waits(
    desk: Desk, skipping_time: WorkflowEnvironment
) -> None:
    await desk.sets(keep_idle_minutes=45, reply_timeout_minutes=500)
    conversation_id = await flagged(desk)
    await desk.takes(desk.ana, conversation_id)
    await skipping_time.sleep(timedelta(minutes=60))
    view = await desk.view(conversation_id)
    assert view.status is Status.HUMAN, "the question waits for her"
    assert view.due.returns_at is None
    await desk.replies(desk.ana, conversation_id, "Only cards.", keep=True)
    view = await desk.view(conversation_id)
    assert view.due.returns_at is not None
    assert abs(view.due.returns_at - await skipping_time.get_current_time() - timedelta(minutes=45)) < timedelta(minutes=1)
    await skipping_time.sleep(timedelta(minutes=30))
    await desk.replies(desk.ana, conversation_id, "And cash.", keep=True)
    await skipping_time.sleep(timedelta(minutes=30))
    assert (await desk.view(conversation_id)).status is Status.HUMAN, "every word moves it"
    await skipping_time.sleep(timedelta(minutes=20))
    view = await desk.until_status(conversation_id, Status.BOT)
    assert not view.unanswered
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(4)
    assert desk.vendor.texts[-1] == "Yes, in 5 to 8 days."


async def test_without_such_a_time_a_kept_conversation_stays(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    conversation_id = await flagged(desk)
    await desk.replies(desk.ana, conversation_id, "Only cards.", keep=True)
    await skipping_time.sleep(timedelta(hours=20))
    assert (await desk.view(conversation_id)).status is Status.HUMAN
