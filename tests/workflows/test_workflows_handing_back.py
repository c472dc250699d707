"""Who answers now is said to the customer, and what a manager keeps finds its way back to the bot."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from domain.conversations import Status
from domain.line_texts import TEXTS, LineKey
from domain.messages import DeliveryState, Purpose
from domain.waiting import LEAST_WAITS
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

UNKNOWN = "Can I pay with bitcoin?"
TALKING_TO_ANA = "You are talking to Ana now."
BACK = TEXTS[LineKey.BOT_BACK]["en"]


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk, desk.worker():
        await desk.sets(announces_person=True, announces_bot=True)
        yield desk


async def flagged(desk: Desk) -> str:
    conversation_id = str((await desk.says(UNKNOWN)).conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)
    await desk.until_sent(1)
    return conversation_id


async def test_a_take_is_announced_once_and_a_reply_after_it_is_not_announced_again(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.takes(desk.ana, conversation_id)
    await desk.until_sent(2)
    assert desk.vendor.texts[1] == TALKING_TO_ANA
    seen = desk.vendor.sent[0].message.id
    verdict = await desk.replies(desk.ana, conversation_id, "Only cards.", keep=True, seen=seen)
    assert verdict.accepted, "the line about herself is nothing that she has not seen"
    await desk.takes(desk.ana, conversation_id)
    await desk.replies(desk.ana, conversation_id, "And cash.", keep=True)
    await desk.until_sent(4)
    assert desk.vendor.texts[1:] == [TALKING_TO_ANA, "Only cards.", "And cash."]


async def test_a_reply_without_a_take_is_preceded_by_the_line_and_answers_what_was_asked(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.replies(desk.ana, conversation_id, "Only cards.")
    await desk.until_sent(3)
    line, reply = (sent.message for sent in desk.vendor.sent[1:])
    assert (line.text, line.purpose, line.in_reply_to) == (TALKING_TO_ANA, Purpose.TALKING_TO, ())
    assert line.epoch == reply.epoch
    assert (reply.text, len(reply.in_reply_to)) == ("Only cards.", 1)
    shown = [message.text for message in await desk.messages(conversation_id)]
    assert shown[-2:] == [TALKING_TO_ANA, "Only cards."], "in the same order as the customer got them"


async def test_after_a_reply_the_bot_says_that_it_is_back_before_its_next_words(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.replies(desk.ana, conversation_id, "Only cards.")
    await desk.until_status(conversation_id, Status.BOT)
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(5)
    assert desk.vendor.texts[3:] == [BACK, "Yes, in 5 to 8 days."]
    assert len(await desk.replies_to(conversation_id, received.message_id)) == 1
    await desk.says("How long is the warranty?")
    await desk.until_sent(6)
    assert desk.vendor.texts[5] == "Two years.", "said once"


async def test_a_release_says_at_once_that_the_bot_is_back(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.takes(desk.ana, conversation_id)
    await desk.releases(desk.ana, conversation_id)
    await desk.until_sent(3)
    assert desk.vendor.texts[1:] == [TALKING_TO_ANA, BACK]


async def test_a_line_about_somebody_who_lost_the_conversation_is_never_sent(desk: Desk) -> None:
    desk.vendor.gate = asyncio.Event()
    conversation_id = str((await desk.says(UNKNOWN)).conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)

    async def holding_line_is_under_way() -> bool:
        return len(desk.vendor.attempts) == 1

    await until(holding_line_is_under_way, "the holding line is under way")
    await desk.takes(desk.ana, conversation_id)
    await desk.takes(desk.ben, conversation_id, force=True)
    desk.vendor.gate.set()
    await desk.replies(desk.ben, conversation_id, "Hello from Ben.", keep=True)
    await desk.until_sent(3)
    assert desk.vendor.texts[1:] == ["You are talking to Ben now.", "Hello from Ben."]


async def test_where_the_inbox_does_not_want_it_nothing_is_said(desk: Desk) -> None:
    await desk.sets(announces_person=False, announces_bot=False)
    conversation_id = await flagged(desk)
    await desk.takes(desk.ana, conversation_id)
    await desk.replies(desk.ana, conversation_id, "Only cards.", keep=True)
    await desk.releases(desk.ana, conversation_id)
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(3)
    assert desk.vendor.texts[1:] == ["Only cards.", "Yes, in 5 to 8 days."]


async def test_the_holding_line_says_how_long_others_have_waited(temporal: Client, database_url: str) -> None:
    async def earlier(desk: Desk, number: int) -> None:
        conversation_id = str((await desk.says(UNKNOWN, contact=f"earlier-{number}")).conversation_id)

        async def told_to_wait() -> bool:
            said = await desk.messages(conversation_id)
            return any(one.purpose is Purpose.HOLDING and one.delivery is DeliveryState.SENT for one in said)

        await until(told_to_wait, "the holding line is out")
        await desk.replies(desk.ana, conversation_id, "Only cards.")
        await desk.until_status(conversation_id, Status.BOT)

    async with open_desk(temporal, database_url) as desk:
        async with desk.worker():
            await asyncio.gather(*(earlier(desk, number) for number in range(LEAST_WAITS)))
        waits = await desk.stores.conversations.waits("shop", datetime.now(UTC) - timedelta(days=1))
        assert len(waits) == LEAST_WAITS
        assert all(minutes is not None and minutes < 5 for _, minutes in waits)
        async with desk.worker():
            received = await desk.says(UNKNOWN, contact="the next one")
            await desk.until_status(str(received.conversation_id), Status.FLAGGED)
            await desk.until_sent(2 * LEAST_WAITS + 1)
    assert desk.vendor.texts[-1].endswith("Most customers get their answer within 5 min.")


async def test_what_the_customer_wrote_to_a_person_is_not_answered_by_the_bot_afterwards(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    stale = [await desk.says("Do you ship to Chile?")]
    await desk.takes(desk.ana, conversation_id)
    stale.append(await desk.says("Do you ship to Peru?"))
    await desk.releases(desk.ana, conversation_id)
    assert (await desk.view(conversation_id)).unanswered, "it stays listed"
    fresh = await desk.says("How long is the warranty?")

    async def answered() -> bool:
        return len(await desk.replies_to(conversation_id, fresh.message_id)) == 1

    await until(answered, "the new question is answered")
    assert [await desk.replies_to(conversation_id, one.message_id) for one in stale] == [[], []]
    assert desk.vendor.texts[-1] == "Two years."
    assert not {"Yes, in 5 to 8 days.", "Yes, in 6 to 9 days."} & set(desk.vendor.texts)
