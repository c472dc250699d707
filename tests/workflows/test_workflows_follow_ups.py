"""Follow-up questions without a language model: the rule understands the plain ones, and leaves the rest to a person."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from domain.conversations import Status
from tests.workflows.desk import Desk, open_desk
from tests.workflows.facts import BRAZIL, CHILE, Facts

pytestmark = pytest.mark.engine


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk:
        desk.documents = Facts()
        async with desk.worker():
            yield desk


async def test_a_follow_up_is_looked_up_in_words_that_stand_alone(desk: Desk) -> None:
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    await desk.says("and to Brazil?")
    await desk.until_sent(2)
    assert desk.vendor.texts == [CHILE, BRAZIL]
    last = [one for one in await desk.messages(str(received.conversation_id)) if one.turn_id][-1]
    evidence = await desk.stores.conversations.evidence(str(last.turn_id))
    assert evidence is not None
    assert evidence.looked_up == "Do you ship to Brazil?"


async def test_a_follow_up_to_a_follow_up_keeps_the_topic(desk: Desk) -> None:
    for count, question in enumerate(("Do you ship to Chile?", "and to Brazil?", "ok, and to Chile?"), start=1):
        await desk.says(question)
        await desk.until_sent(count)
    assert desk.vendor.texts == [CHILE, BRAZIL, CHILE]


async def test_a_follow_up_about_what_is_not_known_gets_no_answer_to_the_question_before(desk: Desk) -> None:
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    await desk.says("and to Peru?")
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert CHILE not in desk.vendor.texts[1:]


async def test_nothing_is_carried_over_to_another_customer(desk: Desk) -> None:
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    received = await desk.says("and to Brazil?", contact="customer-8")
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)
