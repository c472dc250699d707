"""Who gets a flagged conversation, over hours and days: offers that run out, the line, and managers who go away."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.commands import RefusedBecause
from domain.conversations import Conversation, Section, Status
from domain.managers import Availability, Manager
from domain.messages import Purpose
from tests.workflows.desk import Desk, open_desk, until
from workflows.visible import OFFERED_TO

pytestmark = pytest.mark.engine

UNKNOWN = "Can I pay with bitcoin?"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def desk(skipping_time: WorkflowEnvironment, database_url: str) -> AsyncIterator[Desk]:
    """Offers last three minutes."""
    async with open_desk(skipping_time.client, database_url, assignment="fewest") as desk, desk.worker():
        yield desk


async def now_at(env: WorkflowEnvironment) -> datetime:
    return await env.get_current_time()


async def flagged(desk: Desk, contact: str = "customer-7") -> Conversation:
    """The customer is told to wait."""
    received = await desk.says(UNKNOWN, contact=contact)

    async def told() -> bool:
        return any(sent.message.conversation_id == received.conversation_id for sent in desk.vendor.sent)

    await until(told, "the holding line is sent")
    return await desk.view(str(received.conversation_id))


async def until_offered(desk: Desk, conversation_id: str, to: Manager | None) -> Conversation:
    wanted = to.id if to is not None else None

    async def offered() -> bool:
        return (await desk.view(conversation_id)).offered_to == wanted

    await until(offered, f"it is offered to {to.name if to else 'nobody'}")
    return await desk.view(conversation_id)


async def mine(desk: Desk, who: Manager) -> list[str]:
    return [each.id for each in (await desk.stores.conversations.page(Section.MINE, manager_id=who.id)).items]


async def test_an_offer_goes_round_until_the_reply_timeout(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    start = await now_at(skipping_time)
    for who in (desk.ana, desk.ben):
        await desk.there(who, start + timedelta(days=1))
    view = await flagged(desk)
    first, second = (desk.ana, desk.ben) if view.offered_to == desk.ana.id else (desk.ben, desk.ana)
    assert view.due.offer_at is not None
    assert timedelta(0) < view.due.offer_at - await now_at(skipping_time) <= 3 * MINUTE
    for turn in range(6):
        who, other = (first, second) if turn % 2 == 0 else (second, first)
        await until_offered(desk, view.id, who)
        assert (await mine(desk, who), await mine(desk, other)) == ([view.id], [])
        await skipping_time.sleep(3 * MINUTE)
    await skipping_time.sleep(13 * MINUTE)
    over = await desk.until_status(view.id, Status.BOT)
    assert (over.unanswered, over.offered_to, over.in_line_since) == (True, None, None)


async def test_the_temporal_ui_shows_to_whom_it_is_offered(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await desk.there(desk.ana, await now_at(skipping_time) + timedelta(days=1))
    view = await flagged(desk)
    handle = skipping_time.client.get_workflow_handle(view.workflow_id)

    async def shown() -> bool:
        return (await handle.describe()).typed_search_attributes.get(OFFERED_TO) == desk.ana.id

    await until(shown, "the search attribute says so")
    snapshot = await desk.gateway.snapshot(view.workflow_id)
    assert (snapshot.offered_to, "offer" in snapshot.due) == (desk.ana.id, True)
    await desk.takes(desk.ana, view.id)

    async def gone() -> bool:
        return (await handle.describe()).typed_search_attributes.get(OFFERED_TO) is None

    await until(gone, "taken, it is offered to nobody")


async def test_anybody_may_take_what_is_offered_and_the_next_is_told_who(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await desk.there(desk.ana, await now_at(skipping_time) + timedelta(days=1))
    view = await flagged(desk)
    assert view.offered_to == desk.ana.id
    assert (await desk.takes(desk.ben, view.id)).accepted
    refused = await desk.takes(desk.ana, view.id)
    assert (refused.accepted, refused.reason, refused.owner_id) == (False, RefusedBecause.OWNED, desk.ben.id)
    await skipping_time.sleep(timedelta(hours=1))
    taken = await desk.view(view.id)
    assert (taken.status, taken.assignee_id, taken.offered_to, taken.due.offer_at) == (Status.HUMAN, desk.ben.id, None, None)


async def test_with_nobody_there_it_waits_in_line_and_is_offered_when_somebody_comes(
    desk: Desk, skipping_time: WorkflowEnvironment
) -> None:
    first, second = await flagged(desk, "one"), await flagged(desk, "two")
    assert (first.offered_to, second.offered_to) == (None, None)
    assert first.in_line_since is not None
    assert second.in_line_since is not None
    assert first.in_line_since < second.in_line_since
    assert await mine(desk, desk.ben) == [second.id, first.id], "in line, it is in everybody's list"
    watch = desk.watch()
    assert await watch.look(await now_at(skipping_time)) == 0
    await desk.stores.attendance.change(desk.ana.id, capacity=1)
    now = await now_at(skipping_time)
    await desk.there(desk.ana, now + timedelta(hours=1))
    assert await watch.look(now) == 1
    await until_offered(desk, first.id, desk.ana)
    assert (await desk.view(second.id)).offered_to is None
    # What is answered makes room for the next.
    await desk.replies(desk.ana, first.id, "Only cards.")
    await desk.until_status(first.id, Status.BOT)
    assert await watch.look(await now_at(skipping_time)) == 1
    await until_offered(desk, second.id, desk.ana)


async def test_who_goes_away_is_passed_over_at_once(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    now = await now_at(skipping_time)
    await desk.there(desk.ana, now + timedelta(hours=1))
    view = await flagged(desk)
    await desk.there(desk.ben, now + timedelta(hours=1))
    await desk.says_of_self(desk.ana, Availability.AWAY, now)
    assert await desk.watch().look(now) == 1
    await until_offered(desk, view.id, desk.ben)


async def test_what_waits_with_a_manager_who_is_away_goes_back_in_line(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    now = await now_at(skipping_time)
    await desk.there(desk.ana, now)
    view = await flagged(desk)
    await desk.takes(desk.ana, view.id)
    watch = desk.watch()
    await skipping_time.sleep(25 * MINUTE)
    assert await watch.look(await now_at(skipping_time)) == 0, "half an hour of patience"
    await skipping_time.sleep(10 * MINUTE)
    now = await now_at(skipping_time)
    await desk.there(desk.ben, now + timedelta(hours=1))
    assert await watch.look(now) == 1
    offered = await until_offered(desk, view.id, desk.ben)
    assert (offered.status, offered.assignee_id) == (Status.FLAGGED, None)
    assert offered.hand_off is not None
    assert "away" in offered.hand_off.detail
    assert [sent.message.purpose for sent in desk.vendor.sent] == [Purpose.HOLDING], "the customer is told once"
    await desk.replies(desk.ben, view.id, "Only cards.")
    await desk.until_sent(2)


async def test_what_is_answered_stays_with_whoever_has_it(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await desk.there(desk.ana, await now_at(skipping_time))
    view = await flagged(desk)
    await desk.replies(desk.ana, view.id, "Only cards. Anything else?", keep=True)
    await desk.until_sent(2)
    await skipping_time.sleep(timedelta(hours=2))
    assert await desk.watch().look(await now_at(skipping_time)) == 0
    assert (await desk.view(view.id)).assignee_id == desk.ana.id


async def test_a_whole_night_in_line_ends_with_whoever_works_first(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await desk.sets(reply_timeout_minutes=24 * 60)
    start = await now_at(skipping_time)
    morning = (start + timedelta(hours=10)).replace(minute=0, second=0, microsecond=0)
    hours = f"UTC; mon-sun {morning:%H}:00-{morning:%H}:59"
    await desk.stores.attendance.change(desk.ana.id, hours=hours)
    for who in (desk.ana,):
        await desk.there(who, start + timedelta(days=2))
    view = await flagged(desk)
    watch, looked = desk.watch(), 0
    while (await now_at(skipping_time)) < morning:
        looked += await watch.look(await now_at(skipping_time))
        assert (await desk.view(view.id)).offered_to is None
        await skipping_time.sleep(min(timedelta(hours=1), morning - await now_at(skipping_time)) + timedelta(seconds=1))
    assert looked == 0
    assert await watch.look(await now_at(skipping_time)) == 1
    await until_offered(desk, view.id, desk.ana)


async def test_nobody_until_taken_is_what_an_inbox_does_by_itself(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await desk.sets(assignment="nobody")
    await desk.there(desk.ana, await now_at(skipping_time) + timedelta(days=1))
    view = await flagged(desk)
    assert (view.offered_to, view.in_line_since, view.due.offer_at) == (None, None, None)
    assert await mine(desk, desk.ana) == await mine(desk, desk.ben) == [view.id]
