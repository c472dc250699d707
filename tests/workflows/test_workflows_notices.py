"""The notification ladder over hours, on a server that skips them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.conversations import Status
from domain.errors import NotTold
from domain.ladder import Medium, NoticeState, Rung
from domain.notices import Digest, NoticeLine, NoticePreferences
from storage.notices import Notices
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

UNKNOWN = "Can I pay with bitcoin?"


@pytest.fixture
async def desk(skipping_time: WorkflowEnvironment, database_url: str) -> AsyncIterator[Desk]:
    policy = {"reply_timeout_minutes": 60 * 24, "idle_timeout_minutes": 60 * 48, "holding_line": "", "team_lead": "ana@shop.example"}
    async with open_desk(skipping_time.client, database_url, **policy) as desk, desk.worker():
        yield desk


async def flagged(desk: Desk, contact: str = "customer-7") -> str:
    received = await desk.says(UNKNOWN, contact=contact)
    assert received.conversation_id is not None
    await desk.until_status(received.conversation_id, Status.FLAGGED)
    return received.conversation_id


async def lines(desk: Desk, conversation_id: str) -> list[NoticeLine]:
    return list(await desk.stores.notices.lines(conversation_id))


async def until_settled(desk: Desk, conversation_id: str, count: int) -> None:
    async def settled() -> bool:
        shown = await lines(desk, conversation_id)
        return sum(line.state not in (NoticeState.OWED, NoticeState.SENDING) for line in shown) >= count

    await until(settled, f"{count} notices are settled")


async def test_the_ladder_goes_by_mail_then_sms_then_to_the_team_lead_and_tells_each_once(
    desk: Desk, skipping_time: WorkflowEnvironment
) -> None:
    conversation_id = await flagged(desk)
    await skipping_time.sleep(timedelta(minutes=3))
    await until_settled(desk, conversation_id, 2)
    assert sorted(desk.post.told) == [("email", "Ana", conversation_id), ("email", "Ben", conversation_id)]
    await skipping_time.sleep(timedelta(minutes=8))
    await until_settled(desk, conversation_id, 3)
    assert desk.post.told[2:] == [("sms", "Ana", conversation_id)]
    await skipping_time.sleep(timedelta(minutes=15))
    await until_settled(desk, conversation_id, 5)
    assert desk.post.told[3:] == [("lead", "Ana", conversation_id)] * 2
    assert [message.medium for message in desk.post.messages[3:]] in ([Medium.EMAIL, Medium.SMS], [Medium.SMS, Medium.EMAIL])
    await skipping_time.sleep(timedelta(hours=8))
    assert len(desk.post.told) == 5


async def test_a_take_between_two_rungs_stops_the_rest(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    conversation_id = await flagged(desk)
    await skipping_time.sleep(timedelta(minutes=3))
    await until_settled(desk, conversation_id, 2)
    await desk.takes(desk.ben, conversation_id)
    await skipping_time.sleep(timedelta(hours=3))
    assert {rung for rung, *_ in desk.post.told} == {"email"}


async def test_in_quiet_hours_the_others_are_told_and_the_person_when_they_end(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    now = await skipping_time.get_current_time()
    begins, ends = (now - timedelta(hours=1)).astimezone(UTC), (now + timedelta(hours=6)).astimezone(UTC)
    quiet = NoticePreferences(quiet_from=time(begins.hour, begins.minute), quiet_to=time(ends.hour, ends.minute))
    await desk.stores.preferences.set(desk.ana.id, quiet)
    conversation_id = await flagged(desk)
    await skipping_time.sleep(timedelta(hours=5))
    await until_settled(desk, conversation_id, 1)
    assert desk.post.told == [("email", "Ben", conversation_id)]
    await skipping_time.sleep(timedelta(hours=2))
    await until_settled(desk, conversation_id, 5)
    told = [message for message in desk.post.messages if message.person.name == "Ana"]
    assert {message.medium for message in told} == {Medium.EMAIL, Medium.SMS}
    assert all(message.at >= datetime.combine(ends.date(), quiet.quiet_to or time(), UTC) for message in told)
    mails = [message for message in told if message.medium is Medium.EMAIL]
    assert {customer.rung for mail in mails for customer in mail.waiting} == {Rung.EMAIL, Rung.LEAD}
    assert len(mails) == 1, "what came up in the night is one message"


async def test_a_relay_that_is_busy_is_tried_again_and_the_customer_is_served_meanwhile(
    desk: Desk, skipping_time: WorkflowEnvironment
) -> None:
    desk.post.faults = [NotTold("The mail relay refused the message (451), for now", retryable=True)] * 4
    conversation_id = await flagged(desk)
    await skipping_time.sleep(timedelta(minutes=3))

    async def shown() -> bool:
        return any(line.error and "451" in line.error for line in await lines(desk, conversation_id))

    await until(shown, "the failure is shown")
    await skipping_time.sleep(timedelta(minutes=6))
    await until_settled(desk, conversation_id, 2)
    assert sorted(desk.post.told) == [("email", "Ana", conversation_id), ("email", "Ben", conversation_id)]
    assert all(line.error is None for line in await lines(desk, conversation_id))


class DiesBetween(Notices):
    """A ledger whose worker is gone in the moment between telling and recording, as often as `deaths` says."""

    deaths = 2

    async def settle(self, digest: Digest, *, now: datetime, error: str | None = None) -> None:
        if self.deaths:
            self.deaths -= 1
            raise OSError("the worker is gone")
        await super().settle(digest, now=now, error=error)


async def test_an_attempt_that_dies_between_sending_and_recording_tells_nobody_twice(
    desk: Desk, skipping_time: WorkflowEnvironment
) -> None:
    desk.notices.ledger = DiesBetween(desk.stores.db)
    conversation_id = await flagged(desk)
    await skipping_time.sleep(timedelta(minutes=3))
    await skipping_time.sleep(timedelta(minutes=3))
    await until_settled(desk, conversation_id, 2)
    assert sorted(desk.post.told) == [("email", "Ana", conversation_id), ("email", "Ben", conversation_id)]
    assert {line.state for line in await lines(desk, conversation_id)} == {NoticeState.UNKNOWN}
    await skipping_time.sleep(timedelta(hours=1))
    await until_settled(desk, conversation_id, 5)
    assert {(rung, name) for rung, name, _ in desk.post.told} >= {("sms", "Ana"), ("lead", "Ana")}, "the next rungs are told"


async def test_many_flags_at_once_are_one_mail_for_each_person(desk: Desk, skipping_time: WorkflowEnvironment) -> None:
    ids = {await flagged(desk, f"customer-{number}") for number in range(20)}
    await skipping_time.sleep(timedelta(minutes=4))
    for conversation_id in ids:
        await until_settled(desk, conversation_id, 2)
    for person in ("Ana", "Ben"):
        mails = sorted((mail for mail in desk.post.messages if mail.person.name == person), key=lambda mail: mail.at)
        assert {customer.conversation_id for mail in mails for customer in mail.waiting} == ids
        assert sum(len(mail.waiting) for mail in mails) == 20
        assert all(later.at - earlier.at >= timedelta(minutes=1) for earlier, later in pairwise(mails))
        assert len(mails) <= 2
