"""A customer is spoken to in the language they write in."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from domain.conversations import Status
from domain.line_texts import TEXTS, LineKey
from domain.messages import Direction
from tests.workflows.desk import Desk, open_desk

pytestmark = pytest.mark.engine


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk, desk.worker():
        yield desk


async def test_the_holding_line_is_said_in_the_language_of_the_question_and_kept_with_it(desk: Desk) -> None:
    received = await desk.says("¿Puedo pagar con bitcoin?")
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    await desk.until_sent(1)
    assert desk.vendor.texts == [TEXTS[LineKey.HOLDING]["es"]]
    assert view.language == "es"
    assert [message.language for message in await desk.messages(view.id) if message.direction is Direction.INBOUND] == ["es"]


async def test_a_short_message_keeps_the_conversations_language_whatever_the_channel_says(desk: Desk) -> None:
    received = await desk.says("Do you ship to Chile?", language="pt")
    await desk.until_sent(1)
    await desk.says("btc?", language="pt")
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    await desk.until_sent(2)
    assert (view.language, desk.vendor.texts[-1]) == ("en", TEXTS[LineKey.HOLDING]["en"])


async def test_the_channels_hint_begins_a_conversation_and_a_change_of_language_is_followed(desk: Desk) -> None:
    received = await desk.says("btc?", language="pt-BR")
    conversation_id = str(received.conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)
    await desk.until_sent(1)
    assert desk.vendor.texts == [TEXTS[LineKey.HOLDING]["pt"]]
    await desk.says("Wo ist meine Bestellung geblieben?", language="pt-BR")
    await desk.releases(desk.ana, conversation_id)
    await desk.says("Kann ich mit Bitcoin bezahlen?")
    await desk.until_sent(2)
    assert desk.vendor.texts[-1] == TEXTS[LineKey.HOLDING]["de"]
    languages = [message.language for message in await desk.messages(conversation_id) if message.direction is Direction.INBOUND]
    assert languages == ["pt-BR", "de", "de"]


async def test_the_inboxes_own_line_wins(desk: Desk) -> None:
    await desk.sets(holding_line="One moment.", holding_line_es="Un momento.")
    await desk.says("¿Puedo pagar con bitcoin?")
    await desk.says("Can I pay with bitcoin?", contact="customer-8")
    await desk.until_sent(2)
    assert sorted(desk.vendor.texts) == ["One moment.", "Un momento."]
    await desk.sets(holding_line_es="")
    await desk.says("¿Se puede pagar con bitcoin?", contact="customer-9")
    await desk.until_sent(3)
    assert desk.vendor.texts[-1] == "One moment."


async def test_an_inbox_answers_from_its_own_documents_from_the_next_turn_on(desk: Desk) -> None:
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    await desk.sets(documents="returns.pdf")
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(2)
    assert desk.documents.documents_asked[0] == ()
    assert desk.documents.documents_asked[-1] == ("returns.pdf",)
