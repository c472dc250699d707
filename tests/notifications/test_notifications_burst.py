"""Five hundred flags at once, five managers, a real relay: everything is told, and nobody gets two mails within a minute."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.notifications.mailbox import Mailbox, PlainServer

with workflow.unsafe.imports_passed_through():
    from activities.notices import NoticeActivities
    from channels.registry import FEATURES
    from domain.channels import ChannelKind
    from domain.conversations import ConversationRecord, HandOff, HandOffReason, RecordedMessages, Status
    from domain.ladder import Medium, NoticeState, Rung
    from domain.managers import Role
    from domain.turns import Notice
    from notifications.mail import MailNotifier
    from storage.stores import open_stores
    from workflows import calls

pytestmark = pytest.mark.engine

FLAGS, MANAGERS = 500, 5


@workflow.defn(name="Burst")
class Burst:
    """As many conversations, each with its own notice, started as a conversation starts it."""

    @workflow.run
    async def run(self, notices: list[Notice]) -> None:
        telling = []
        for number, notice in enumerate(notices):
            telling.append(calls.notify_managers(notice))
            if number % 50 == 49:
                await workflow.sleep(timedelta(seconds=8))
        await asyncio.gather(*telling)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    handler = Mailbox()
    server = PlainServer(handler, hostname="127.0.0.1", port=0)
    server.start()
    handler.port = server.port
    yield handler
    server.stop()


@pytest.mark.timeout(300)
async def test_everything_is_told_and_nobody_gets_two_mails_within_a_minute(
    skipping_time: WorkflowEnvironment, database_url: str, mailbox: Mailbox
) -> None:
    mailbox.refuse_data = ["451 4.7.1 Greylisted", "451 4.7.1 Greylisted", "421 4.3.2 Shutting down"]
    now = await skipping_time.get_current_time()
    async with open_stores(database_url, "a key for tests", FEATURES) as stores:
        inbox = await stores.inboxes.add(ChannelKind.REST, "Shop", inbox_id="shop", settings={"secret": "s" * 24})
        people = [await stores.people.add(f"m{number}@shop.example", f"Manager {number}", Role.MANAGER) for number in range(MANAGERS)]
        notices = []
        for number in range(FLAGS):
            contact_id, workflow_id = await stores.arrivals.contact_for(inbox.id, f"customer-{number}", None)
            record = ConversationRecord(
                conversation_id=f"c-{number}",
                workflow_id=workflow_id,
                inbox_id=inbox.id,
                channel=ChannelKind.REST,
                contact_id=contact_id,
                version=1,
                epoch=0,
                status=Status.FLAGGED,
                hand_off=HandOff(reason=HandOffReason.KEYWORD, detail="", at=now),
                opened_at=now,
            )
            await stores.conversations.record(RecordedMessages(record=record))
            notices.append(
                Notice(conversation_id=f"c-{number}", inbox_id=inbox.id, rung=Rung.EMAIL, reason="x", flagged_at=now.isoformat())
            )
        mail = MailNotifier(f"smtp://127.0.0.1:{mailbox.port}", "desk@shop.example", base_url="https://desk.example")
        queue = f"burst-{uuid4()}"
        activities = NoticeActivities(stores.notices, {Medium.EMAIL: mail})
        async with Worker(skipping_time.client, task_queue=queue, workflows=[Burst], activities=[activities.notify_managers]):
            await skipping_time.client.execute_workflow(Burst.run, notices, id=queue, task_queue=queue)
        states = {line.state for number in range(FLAGS) for line in await stores.notices.lines(f"c-{number}")}
        lines = sum([len(await stores.notices.lines(f"c-{number}")) for number in range(FLAGS)])
    assert states == {NoticeState.TOLD}
    assert lines == FLAGS * MANAGERS
    sent = defaultdict(list)
    for received in mailbox.received:
        sent[received["To"].addresses[0].addr_spec].append(parsedate_to_datetime(received["Date"]))
    assert set(sent) == {person.email for person in people}
    for times in sent.values():
        gaps = [later - earlier for earlier, later in pairwise(sorted(times))]
        assert all(gap >= timedelta(seconds=60) for gap in gaps), gaps
        assert len(times) <= 6, "gathered, not one for each customer"
