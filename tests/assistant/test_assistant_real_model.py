"""The real protocol and a real, very small model: the shape of what comes back, not its worth."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from assistant.chain import ModelChain
from assistant.endpoint import Endpoint, ModelAddress
from assistant.grounded import GroundedAssistant
from assistant.prompting import GROUNDED
from assistant.support import is_quoted
from domain.errors import AssistantFailed
from domain.knowledge import ReadingOutcome
from domain.policy import ReplyLength
from tests.assistant.shop import PASSAGES, asked

pytestmark = pytest.mark.llm


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """One server for the session: llama.cpp in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("model_server.py"))], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    assert url, "the model server did not start"
    yield url
    server.terminate()
    server.wait(timeout=20)


@pytest.fixture
async def model(model_url: str) -> AsyncIterator[GroundedAssistant]:
    endpoint = Endpoint(ModelAddress(model_url, "", "smollm2"), timeout_seconds=110)
    made = GroundedAssistant(ModelChain([endpoint]), budget_seconds=110)
    yield made
    await made.close()


async def test_a_real_model_answers_in_the_asked_form_and_what_it_took_is_recorded(model: GroundedAssistant) -> None:
    reading = await model.read(asked("Do you ship to Chile?", PASSAGES[:1], reply_length=ReplyLength.SHORT))
    assert reading.outcome is not ReadingOutcome.FAILED
    assert (reading.use.model, reading.prompt_version) == ("smollm2", GROUNDED)
    assert (reading.use.input_tokens or 0) > 100
    assert (reading.use.output_tokens or 0) > 5
    if reading.draft is not None:
        assert all(is_quoted(citation.quote or "", PASSAGES[0]) for citation in reading.draft.citations)


async def test_more_than_the_model_can_hold_fails_for_good(model: GroundedAssistant) -> None:
    with pytest.raises(AssistantFailed) as caught:
        await model.read(asked("Do you ship?", instructions="Be brief. " * 6_000))
    assert not caught.value.retryable
