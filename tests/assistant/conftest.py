from collections.abc import AsyncIterator

import pytest

from assistant.grounded import GroundedAssistant
from domain.knowledge import ChunkKind, Passage
from tests.assistant.chat_server import ChatServer, running


@pytest.fixture
async def chat() -> AsyncIterator[ChatServer]:
    async with running() as server:
        yield server


@pytest.fixture
async def assistant(chat: ChatServer) -> AsyncIterator[GroundedAssistant]:
    made = GroundedAssistant(chat.base_url, "key-1", "small-model", timeout_seconds=5)
    yield made
    await made.close()


@pytest.fixture
def passages() -> tuple[Passage, ...]:
    texts = (
        ("Do you ship to Chile?", "Yes. Parcels to Chile take 5 to 8 working days and cost 18 dollars."),
        (None, "Write to hello@faro.example or call +598 4522 0147. Our page is https://faro.example/help."),
    )
    return tuple(
        Passage(
            chunk_id=f"c{number}",
            document_id="d1",
            document="shop.pdf",
            page=number + 2,
            kind=ChunkKind.QUESTION_ANSWER if question else ChunkKind.TEXT,
            question=question,
            text=text,
            score=0.8,
        )
        for number, (question, text) in enumerate(texts)
    )
