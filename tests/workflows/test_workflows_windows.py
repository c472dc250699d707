"""A channel's reply window over hours and days, on a server that skips them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.commands import PostReply, RefusedBecause
from domain.conversations import HandOffReason, Status
from domain.ladder import Rung
from domain.messages import DeliveryState, Direction, Message
from domain.templates import TemplateUse
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

UNKNOWN = "Can I pay with bitcoin?"
Opened = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def opened(skipping_time: WorkflowEnvironment, database_url: str) -> Opened:
    @asynccontextmanager
    async def desk_on(kind: ChannelKind, **policy: object) -> AsyncIterator[Desk]:
        calm = {"reply_timeout_minutes": 14_400, "idle_timeout_minutes": 20_160, **policy}
        calm |= {f"notify_{rung.value}_after_minutes": "none" for rung in Rung}
        async with open_desk(skipping_time.client, database_url, kind, **calm) as desk, desk.worker():
            yield desk

    return desk_on


async def flagged(desk: Desk) -> str:
    await desk.says(UNKNOWN)
    await desk.until_sent(1)
    (view,) = await desk.conversations()
    assert view.status is Status.FLAGGED
    return view.id


async def outbound(desk: Desk, conversation_id: str) -> list[Message]:
    return [message for message in await desk.messages(conversation_id) if message.direction is Direction.OUTBOUND]


async def test_the_window_is_shown_and_managers_are_told_once_before_it_closes(opened: Opened, skipping_time: WorkflowEnvironment) -> None:
    async with opened(ChannelKind.WHATSAPP, window_reminder_minutes=90) as desk:
        conversation_id = await flagged(desk)
        view = await desk.view(conversation_id)
        (said,) = [message for message in await desk.messages(conversation_id) if message.direction is Direction.INBOUND]
        assert view.due.window_at == said.created_at + timedelta(hours=24)
        await skipping_time.sleep(timedelta(hours=22, minutes=29))
        assert desk.post.told == []
        await skipping_time.sleep(timedelta(minutes=2))

        async def both_are_told() -> bool:
            return sorted(name for rung, name, _ in desk.post.told if rung == "email") == ["Ana", "Ben"]

        await until(both_are_told, "both managers are told")
        await skipping_time.sleep(timedelta(hours=3))
        assert len(desk.post.told) == 2


async def test_whoever_has_the_conversation_is_told_before_its_window_closes(opened: Opened, skipping_time: WorkflowEnvironment) -> None:
    async with opened(ChannelKind.WHATSAPP, window_reminder_minutes=60) as desk:
        conversation_id = await flagged(desk)
        assert (await desk.takes(desk.ana, conversation_id)).accepted
        await desk.until_status(conversation_id, Status.HUMAN)
        await skipping_time.sleep(timedelta(hours=23, minutes=1))

        async def ana_is_told() -> bool:
            return [(rung, name) for rung, name, _ in desk.post.told] == [("email", "Ana")]

        await until(ana_is_told, "Ana, who has it, is told, and nobody else")


async def test_nobody_is_told_when_nobody_waits(opened: Opened, skipping_time: WorkflowEnvironment) -> None:
    async with opened(ChannelKind.WHATSAPP) as desk:
        await desk.says("Do you ship to Chile?")
        await desk.until_sent(1)
        await skipping_time.sleep(timedelta(hours=25))
        assert desk.post.told == []


async def test_after_the_window_a_free_reply_is_refused_and_a_template_goes_out(opened: Opened, skipping_time: WorkflowEnvironment) -> None:
    async with opened(ChannelKind.WHATSAPP) as desk:
        conversation_id = await flagged(desk)
        await skipping_time.sleep(timedelta(hours=24, minutes=1))
        refused = await desk.replies(desk.ana, conversation_id, "Only cards.")
        assert (refused.accepted, refused.reason) == (False, RefusedBecause.WINDOW_CLOSED)
        assert "send a template" in refused.detail
        assert (await desk.view(conversation_id)).status is Status.FLAGGED
        template = TemplateUse(name="still_there", language="es")
        verb = PostReply(
            action_id=str(uuid4()), conversation_id=conversation_id, manager_id=desk.ana.id, text="¿Seguís ahí?", template=template
        )
        assert (await desk.act(verb)).accepted
        await desk.until_sent(2)
        assert (desk.vendor.sent[1].message.template, desk.vendor.texts[1]) == (template, "¿Seguís ahí?")
        assert (await outbound(desk, conversation_id))[-1].template == "still_there"


async def test_a_reply_to_a_closed_conversation_is_judged_by_its_window_too(opened: Opened, skipping_time: WorkflowEnvironment) -> None:
    async with opened(ChannelKind.WHATSAPP) as desk:
        conversation_id = await flagged(desk)
        assert (await desk.resolves(desk.ana, conversation_id)).accepted
        await desk.until_status(conversation_id, Status.CLOSED)
        assert (await desk.replies(desk.ana, conversation_id, "One more thing")).accepted
        await skipping_time.sleep(timedelta(hours=25))
        (newest, *_) = await desk.conversations()
        assert (await desk.resolves(desk.ana, newest.id)).accepted
        await desk.until_status(newest.id, Status.CLOSED)
        refused = await desk.replies(desk.ana, newest.id, "And another")
        assert refused.reason == RefusedBecause.WINDOW_CLOSED


@pytest.mark.parametrize("granted", [True, False])
async def test_a_persons_reply_follows_for_seven_days_where_the_tag_is_granted(
    granted: bool, opened: Opened, skipping_time: WorkflowEnvironment
) -> None:
    async with opened(ChannelKind.MESSENGER, human_agent_tag=granted) as desk:
        conversation_id = await flagged(desk)
        await skipping_time.sleep(timedelta(hours=25))
        verdict = await desk.replies(desk.ana, conversation_id, "Only cards.", keep=True)
        assert verdict.accepted is granted
        if granted:
            await desk.until_sent(2)
            assert [sent.message.human_tag for sent in desk.vendor.sent] == [False, True]
            await skipping_time.sleep(timedelta(days=6))
            verdict = await desk.replies(desk.ana, conversation_id, "Still there?", keep=True)
        assert verdict.reason == RefusedBecause.WINDOW_CLOSED


async def test_a_bots_message_that_waited_past_the_window_is_not_tried_again_and_a_person_is_asked(
    opened: Opened, skipping_time: WorkflowEnvironment
) -> None:
    async with opened(ChannelKind.WHATSAPP) as desk:
        desk.vendor.outcomes = [SendOutcome(result=SendResult.RETRY, error="busy", retry_after=20)]
        late = datetime.now(UTC) - timedelta(hours=24) + timedelta(seconds=10)
        received = await desk.says("Do you ship to Chile?", sent_at=late)

        async def was_tried() -> bool:
            return len(desk.vendor.attempts) == 1

        await until(was_tried, "it was tried once")
        await skipping_time.sleep(timedelta(seconds=30))
        view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
        assert view.hand_off is not None
        assert view.hand_off.reason is HandOffReason.WINDOW_EXPIRED
        (answer,) = await outbound(desk, view.id)
        assert (answer.delivery, len(desk.vendor.attempts)) == (DeliveryState.FAILED, 1)
        assert "More than 24 hours" in str(answer.delivery_error)


async def test_without_a_window_nothing_of_it_is_shown(opened: Opened, skipping_time: WorkflowEnvironment) -> None:
    async with opened(ChannelKind.TELEGRAM) as desk:
        conversation_id = await flagged(desk)
        assert (await desk.view(conversation_id)).due.window_at is None
        await skipping_time.sleep(timedelta(days=3))
        assert (await desk.replies(desk.ana, conversation_id, "Only cards.")).accepted
