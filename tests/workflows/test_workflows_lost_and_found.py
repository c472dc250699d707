"""Where two things meet: nothing of an earlier episode is said in the next, and no question falls out of every list."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.commands import StartConversation
from domain.conversations import HandOffReason, Section, Status
from domain.messages import Echo
from domain.policy import Policy
from tests.workflows.desk import Desk, open_desk, until
from workflows.state import ConversationState, hand_off_for

pytestmark = pytest.mark.engine

UNKNOWN = "Can I pay with bitcoin?"
FAILED = SendOutcome(result=SendResult.FAILED, error="403")


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk, desk.worker():
        yield desk


async def flagged(desk: Desk) -> str:
    received = await desk.says(UNKNOWN)
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    await desk.until_sent(1)
    return str(received.conversation_id)


async def test_what_the_bot_had_not_said_when_it_was_resolved_is_not_said_in_the_next_episode(desk: Desk) -> None:
    desk.vendor.gate = asyncio.Event()
    desk.vendor.outcomes = [SendOutcome(result=SendResult.RETRY, error="busy")]
    received = await desk.says("Do you ship to Chile?")
    conversation_id = str(received.conversation_id)

    async def trying() -> bool:
        return len(desk.vendor.attempts) == 1

    await until(trying, "the bot's answer is being sent")
    assert (await desk.resolves(desk.ana, conversation_id)).accepted
    await desk.says("How long is the warranty?")
    desk.vendor.gate.set()
    await desk.until_sent(1)
    assert desk.vendor.texts == ["Two years."]


async def test_a_reply_that_failed_after_it_was_resolved_is_listed_as_unanswered(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    desk.vendor.gate = asyncio.Event()
    desk.vendor.outcomes = [FAILED]
    assert (await desk.replies(desk.ana, conversation_id, "Only cards.", keep=True)).accepted
    assert (await desk.resolves(desk.ana, conversation_id)).accepted
    desk.vendor.gate.set()

    async def listed() -> bool:
        view = await desk.view(conversation_id)
        return view.status is Status.CLOSED and view.unanswered

    await until(listed, "the closed conversation is listed")


async def test_a_reply_that_failed_after_it_was_handed_back_calls_a_person(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    desk.vendor.gate = asyncio.Event()
    desk.vendor.outcomes = [FAILED]
    assert (await desk.replies(desk.ana, conversation_id, "Only cards.", keep=True)).accepted
    assert (await desk.releases(desk.ana, conversation_id)).accepted
    desk.vendor.gate.set()
    view = await desk.until_status(conversation_id, Status.FLAGGED)
    assert view.hand_off is not None
    assert "could not be delivered" in view.hand_off.detail


async def test_an_answer_in_the_channels_own_app_stops_the_clock_and_what_follows_is_everybodys(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    echo = Echo(address="customer-7", provider_id="by-hand", text="Only cards", at=datetime.now(UTC))
    await desk.gateway.deliver_event(desk.inbox, echo)
    view = await desk.until_status(conversation_id, Status.HUMAN)
    assert (view.waiting_since, view.assignee_id) == (None, None)
    await desk.says("and cheques?")

    async def mine() -> bool:
        found = await desk.stores.conversations.page(Section.MINE, manager_id=desk.ben.id)
        return [one.id for one in found.items] == [conversation_id]

    await until(mine, "it stands in everybody's list")
    assert (await desk.stores.conversations.counts(desk.ben.id)).mine == 1


async def test_whoever_has_it_keeps_it_when_the_channels_own_app_answers(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.takes(desk.ana, conversation_id)
    echo = Echo(address="customer-7", provider_id="by-hand", text="Only cards", at=datetime.now(UTC))
    await desk.gateway.deliver_event(desk.inbox, echo)

    async def answered() -> bool:
        return (await desk.view(conversation_id)).waiting_since is None

    await until(answered, "the clock stands")
    assert (await desk.view(conversation_id)).assignee_id == desk.ana.id


def test_a_flagged_conversation_that_wakes_climbs_the_ladder_again() -> None:
    now = datetime(2026, 11, 25, 9, tzinfo=UTC)
    start = StartConversation(inbox_id="shop", channel=ChannelKind.REST, contact_id="c", policy=Policy())
    state = ConversationState.opened(start, conversation_id="run", workflow_id="conversation/shop/c", now=now)
    state.flag(hand_off_for(HandOffReason.LOW_CONFIDENCE, "", now))
    state.snooze(now + timedelta(hours=1), "ana", now)
    assert state.notices == []
    later = now + timedelta(hours=1)
    state.wake(later)
    assert state.status is Status.FLAGGED
    assert [notice.at - later for notice in state.notices] == [timedelta(minutes=after) for _, after in Policy().ladder()]
    assert state.hand_off is not None
    assert state.hand_off.at == later, "who was told of the first time is told of this one"
