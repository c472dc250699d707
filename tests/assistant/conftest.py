from collections.abc import AsyncIterator

import pytest

from assistant.chain import ModelChain
from assistant.endpoint import Endpoint, ModelAddress
from assistant.grounded import GroundedAssistant
from domain.knowledge import Passage
from tests.assistant.chat_server import ChatServer, running
from tests.assistant.shop import PASSAGES


@pytest.fixture
async def chat() -> AsyncIterator[ChatServer]:
    async with running() as server:
        yield server


@pytest.fixture
async def assistant(chat: ChatServer) -> AsyncIterator[GroundedAssistant]:
    at = ModelAddress(chat.base_url, "key-1", "small-model", price_input=2.0, price_output=10.0)
    made = GroundedAssistant(ModelChain([Endpoint(at, timeout_seconds=5)]))
    yield made
    await made.close()


@pytest.fixture
def passages() -> tuple[Passage, ...]:
    return PASSAGES
