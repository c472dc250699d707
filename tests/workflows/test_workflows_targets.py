"""Reply targets over days: due in business hours, missed once, paused while the customer is to write."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.conversations import Status
from domain.targets import Breach, ReplyKind
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

UNKNOWN = "Can I pay with bitcoin?"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def desk(skipping_time: WorkflowEnvironment, database_url: str) -> AsyncIterator[Desk]:
    policy = {"first_reply_minutes": 20, "next_reply_minutes": 10, "reply_timeout_minutes": 24 * 60}
    async with open_desk(skipping_time.client, database_url, **policy) as desk, desk.worker():
        yield desk


async def flagged(desk: Desk) -> str:
    received = await desk.says(UNKNOWN)
    await desk.until_sent(1)
    return str(received.conversation_id)


async def breaches(desk: Desk) -> list[Breach]:
    return list((await desk.stores.conversations.breaches()).items)


async def until_breaches(desk: Desk, count: int) -> list[Breach]:
    async def there() -> bool:
        return len(await breaches(desk)) == count

    await until(there, f"{count} breaches are recorded")
    return await breaches(desk)


async def due(desk: Desk, conversation_id: str) -> datetime | None:
    return (await desk.view(conversation_id)).due.target_at


async def test_a_first_reply_that_does_not_come_is_missed_once(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    conversation_id = await flagged(desk)
    view = await desk.view(conversation_id)
    assert view.waiting_since is not None
    assert view.due.target_at == view.waiting_since + 20 * MINUTE
    await desk.takes(desk.ana, conversation_id)
    await skipping_time.sleep(18 * MINUTE)
    assert await breaches(desk) == []
    await skipping_time.sleep(3 * MINUTE)
    (breach,) = await until_breaches(desk, 1)
    assert (breach.kind, breach.due_at, breach.manager_name, breach.answered_at) == (ReplyKind.FIRST, view.due.target_at, "Ana", None)
    await desk.says("hello?")
    await skipping_time.sleep(timedelta(hours=2))
    assert len(await breaches(desk)) == 1
    await desk.replies(desk.ana, conversation_id, "Only cards.", keep=True)
    (breach,) = await breaches(desk)
    assert breach.answered_at is not None
    assert await due(desk, conversation_id) is None


async def test_a_reply_in_time_costs_nothing_and_the_clock_waits_for_the_customer(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    conversation_id = await flagged(desk)
    await desk.replies(desk.ana, conversation_id, "Only cards. Shall I send you a link?", keep=True)
    await desk.until_sent(2)
    await skipping_time.sleep(timedelta(hours=5))
    assert await due(desk, conversation_id) is None, "the customer is to write"
    await desk.says("Yes please")

    async def counts() -> bool:
        return await due(desk, conversation_id) is not None

    await until(counts, "the next reply is due")
    view = await desk.view(conversation_id)
    assert view.waiting_since is not None
    assert view.due.target_at == view.waiting_since + 10 * MINUTE
    assert await breaches(desk) == []
    await skipping_time.sleep(11 * MINUTE)
    (breach,) = await until_breaches(desk, 1)
    assert breach.kind is ReplyKind.NEXT


async def test_the_clock_goes_on_when_nobody_came(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    await desk.sets(reply_timeout_minutes=10)
    conversation_id = await flagged(desk)
    at = await due(desk, conversation_id)
    await skipping_time.sleep(11 * MINUTE)
    view = await desk.until_status(conversation_id, Status.BOT)
    assert (view.unanswered, view.due.target_at) == (True, at)
    await skipping_time.sleep(10 * MINUTE)
    (breach,) = await until_breaches(desk, 1)
    assert breach.manager_id is None


async def test_outside_of_business_hours_the_clock_stands(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    now = await skipping_time.get_current_time()
    opens = (now + timedelta(hours=30)).replace(minute=0, second=0, microsecond=0)
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[opens.weekday()]
    await desk.sets(business_hours=f"UTC; {day} {opens:%H}:00-{opens:%H}:59", idle_timeout_minutes=3 * 24 * 60)
    conversation_id = await flagged(desk)
    assert await due(desk, conversation_id) == opens + 20 * MINUTE
    await skipping_time.sleep(opens - now)
    assert await breaches(desk) == []
    await skipping_time.sleep(25 * MINUTE)
    await until_breaches(desk, 1)
