"""However customers' messages, takes, replies, slow reads and failing sends fall together: nobody talks over anybody, nothing is lost."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import Client

from domain.channels import SendOutcome, SendResult
from domain.conversations import Status
from domain.errors import NotFound
from domain.knowledge import Evidence
from domain.messages import DeliveryState, Direction, OutboundMessage, Recipient, Sender
from domain.ports import Credentials
from tests.workflows.desk import Desk, Documents, Vendor, open_desk, until

pytestmark = pytest.mark.engine

QUESTIONS = ("Do you ship to Chile?", "Do you ship to Peru?", "How long is the warranty?")
STARTED = {DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.UNKNOWN}
contacts = itertools.count(1)


class SlowDocuments(Documents):
    """Each look-up takes the next of the drawn times."""

    def __init__(self) -> None:
        super().__init__()
        self.delays: list[float] = []

    async def search(self, question: str, *, threshold: float, documents: tuple[str, ...] = ()) -> Evidence:
        await asyncio.sleep(self.delays.pop(0) if self.delays else 0)
        return await super().search(question, threshold=threshold, documents=documents)


@dataclass
class SlowVendor(Vendor):
    """Each send takes the next of the drawn times; some are refused for now."""

    delays: list[float] | None = None

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        await asyncio.sleep(self.delays.pop(0) if self.delays else 0)
        return await super().send(message, recipient, credentials)


@dataclass(frozen=True)
class Play:
    window: float
    before: list[tuple[str, float]]
    """Questions, each with the pause after it, seconds."""
    meanwhile: list[str]
    reads: list[float]
    sends: list[float]
    refused: list[bool]
    replies_at_once: bool


pauses = st.floats(0, 0.04)
plays = st.builds(
    Play,
    window=st.sampled_from([0.0, 0.0, 0.05]),
    before=st.lists(st.tuples(st.sampled_from(QUESTIONS), pauses), min_size=1, max_size=4),
    meanwhile=st.lists(st.sampled_from(QUESTIONS), max_size=2),
    reads=st.lists(pauses, max_size=4),
    sends=st.lists(pauses, max_size=4),
    refused=st.lists(st.booleans(), max_size=3),
    replies_at_once=st.booleans(),
)


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk:
        desk.documents = SlowDocuments()
        desk.vendor = SlowVendor()
        async with desk.worker():
            yield desk


@pytest.mark.timeout(300)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(play=plays)
async def test_bot_and_person_never_talk_over_each_other(desk: Desk, play: Play) -> None:
    assert isinstance(desk.documents, SlowDocuments)
    assert isinstance(desk.vendor, SlowVendor)
    contact = f"customer-{next(contacts)}"
    if (await desk.stores.inboxes.get("shop")).policy.quiet_window_seconds != play.window:
        await desk.sets(quiet_window_seconds=play.window)
    desk.documents.delays, desk.vendor.delays = list(play.reads), list(play.sends)
    again = SendOutcome(result=SendResult.RETRY, error="busy")
    sent_well = SendOutcome(result=SendResult.SENT, provider_id=None)
    desk.vendor.outcomes = [again if refused else sent_well for refused in play.refused]

    written = []
    for question, pause in play.before:
        written.append(await desk.says(question, contact=contact))
        await asyncio.sleep(pause)
    conversation_id = str(written[0].conversation_id)

    async def known() -> bool:
        try:
            await desk.view(conversation_id)
        except NotFound:
            return False
        return True

    await until(known, "the conversation is shown")

    assert (await desk.takes(desk.ana, conversation_id)).accepted
    started = {
        message.id for message in await desk.messages(conversation_id) if message.sender is Sender.BOT and message.delivery in STARTED
    }
    if play.replies_at_once:
        assert (await desk.replies(desk.ana, conversation_id, "I am here.", keep=True)).accepted
    written += [await desk.says(question, contact=contact) for question in play.meanwhile]
    assert (await desk.replies(desk.ana, conversation_id, "That is all.")).accepted
    await desk.until_status(conversation_id, Status.BOT)

    shown = await desk.messages(conversation_id)
    went_out = {message.id for message in shown if message.sender is Sender.BOT and message.delivery is DeliveryState.SENT}
    assert went_out <= started, "no send of the bot starts after an accepted take"
    ours = [sent.message for sent in desk.vendor.sent if sent.message.conversation_id == conversation_id]
    assert len({message.id for message in ours}) == len(ours), "nothing is said twice"

    last = await desk.says("How long is the warranty?", contact=contact)

    async def answered() -> bool:
        return len(await desk.replies_to(conversation_id, last.message_id)) == 1

    await until(answered, "the bot has it again")
    shown = await desk.messages(conversation_id)
    inbound = [message.id for message in shown if message.direction is Direction.INBOUND]
    assert sorted(inbound) == sorted(received.message_id for received in [*written, last]), "nothing is lost"
    counts = {received.message_id: 0 for received in written}
    for message in shown:
        if message.direction is Direction.OUTBOUND and message.delivery is DeliveryState.SENT:
            for answered_id in message.in_reply_to:
                if answered_id in counts:
                    counts[answered_id] += 1
    assert all(count == 1 for count in counts.values()), counts
