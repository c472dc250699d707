"""A model's server that fails has a name for what it did; the second one answers, or a person is asked soon."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from assistant.chain import FAILURES, REST_SECONDS, ModelChain
from assistant.endpoint import Endpoint, ModelAddress
from assistant.grounded import GroundedAssistant
from domain.errors import AssistantFailed
from domain.knowledge import ReadingOutcome
from tests.assistant.chat_server import ChatServer, running
from tests.assistant.shop import GOOD, asked

NOBODY = "http://127.0.0.1:9/v1"


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def models(
    *urls: str, timeout_seconds: float = 5, clock: Clock | None = None, budget: float = 60
) -> AsyncIterator[GroundedAssistant]:
    endpoints = [Endpoint(ModelAddress(url, "k", f"model-{at}"), timeout_seconds=timeout_seconds) for at, url in enumerate(urls, start=1)]
    made = GroundedAssistant(ModelChain(endpoints, clock=clock) if clock else ModelChain(endpoints), budget_seconds=budget)
    yield made
    await made.close()


@pytest.fixture
async def second() -> AsyncIterator[ChatServer]:
    async with running() as server:
        server.says(GOOD)
        yield server


async def failure(assistant: GroundedAssistant) -> AssistantFailed:
    with pytest.raises(AssistantFailed) as caught:
        await assistant.read(asked())
    return caught.value


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(500, True), (502, True), (503, True), (429, True), (408, True), (400, False), (401, False), (404, False), (422, False)],
)
async def test_an_error_says_whether_to_try_again(chat: ChatServer, assistant: GroundedAssistant, status: int, retryable: bool) -> None:
    chat.fails(status)
    failed = await failure(assistant)
    assert str(status) in str(failed)
    assert failed.retryable is retryable
    assert len(chat.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": 3}]}'])
async def test_an_answer_in_another_form_is_not_tried_again(chat: ChatServer, assistant: GroundedAssistant, body: bytes) -> None:
    chat.body = body
    failed = await failure(assistant)
    assert "another form" in str(failed)
    assert not failed.retryable


async def test_a_cut_off_answer_is_not_used(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.says(GOOD, finish_reason="length")
    assert "cut off" in str(await failure(assistant))


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    async with models(NOBODY) as assistant:
        failed = await failure(assistant)
    assert "can't be reached" in str(failed)
    assert failed.retryable


async def test_a_server_that_is_too_slow_is_tried_again(chat: ChatServer) -> None:
    chat.delay = 3
    async with models(chat.base_url, timeout_seconds=0.2) as assistant:
        failed = await failure(assistant)
    assert "in time" in str(failed)
    assert failed.retryable


async def test_a_turn_takes_no_longer_than_its_budget(chat: ChatServer, second: ChatServer) -> None:
    chat.delay = second.delay = 3
    async with models(chat.base_url, second.base_url, timeout_seconds=5, budget=0.3) as assistant:
        await failure(assistant)
    assert second.requests == [], "nothing was left for it"


async def test_a_wait_that_the_server_asks_for_is_passed_on(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.fails(429, retry_after="3")
    failed = await failure(assistant)
    assert failed.retryable
    assert failed.retry_after == pytest.approx(3, abs=0.5)


async def test_a_wait_too_long_for_a_customer_is_for_a_person_at_once(chat: ChatServer, assistant: GroundedAssistant) -> None:
    chat.fails(429, retry_after="120")
    assert not (await failure(assistant)).retryable
    assert not (await failure(assistant)).retryable
    assert len(chat.requests) == 1, "it is left alone for so long"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_where_the_first_model_fails_the_second_answers(chat: ChatServer, second: ChatServer, status: int) -> None:
    chat.fails(status)
    async with models(chat.base_url, second.base_url) as assistant:
        reading = await assistant.read(asked())
    assert reading.outcome is ReadingOutcome.ANSWERED
    assert reading.draft is not None
    assert reading.draft.model == reading.use.model == "model-2"
    assert second.requests[0]["model"] == "model-2"


@pytest.mark.parametrize("words", ["Yes, we do!", '{"outcome": "PERHAPS"}', ""])
async def test_where_the_first_model_does_not_keep_to_the_form_the_second_answers(chat: ChatServer, second: ChatServer, words: str) -> None:
    chat.says(words)
    async with models(chat.base_url, second.base_url) as assistant:
        assert (await assistant.read(asked())).outcome is ReadingOutcome.ANSWERED


async def test_a_server_that_keeps_failing_is_left_alone_and_tried_again_later(chat: ChatServer, second: ChatServer) -> None:
    chat.status = 503
    clock = Clock()
    async with models(chat.base_url, second.base_url, clock=clock) as assistant:
        for _ in range(FAILURES + 3):
            assert (await assistant.read(asked())).use.model == "model-2"
        assert len(chat.requests) == FAILURES
        clock.now += REST_SECONDS
        chat.status = 200
        chat.says(GOOD)
        assert (await assistant.read(asked())).use.model == "model-1"


async def test_with_all_of_them_at_rest_nobody_waits(chat: ChatServer) -> None:
    chat.status = 503
    clock = Clock()
    async with models(chat.base_url, clock=clock) as assistant:
        kinds = [(await failure(assistant)).retryable for _ in range(FAILURES + 1)]
    assert kinds == [True] * (FAILURES - 1) + [False, False]
    assert len(chat.requests) == FAILURES


@pytest.mark.parametrize("message", [b'{"error": "response_format json_schema is not supported"}', b'{"error": "grammar failed to parse"}'])
async def test_a_server_without_schemas_is_asked_more_simply_and_remembered(
    chat: ChatServer, assistant: GroundedAssistant, message: bytes
) -> None:
    chat.fails(400, message, times=2)
    chat.says(GOOD)
    assert (await assistant.read(asked())).outcome is ReadingOutcome.ANSWERED
    assert (await assistant.read(asked())).outcome is ReadingOutcome.ANSWERED
    forms = [request.get("response_format", {}).get("type") for request in chat.requests]
    assert forms == ["json_schema", "json_object", None, None]


WRAPPED = [
    "```json\n{}\n```",
    "Here is the JSON:\n{}\nI hope this helps!",
    "<think>The customer asks {{about}} Chile.</think>{}",
    '{{"thought": 1}} {}',
]


@pytest.mark.parametrize("wrapping", WRAPPED)
async def test_json_is_found_in_whatever_stands_around_it(chat: ChatServer, assistant: GroundedAssistant, wrapping: str) -> None:
    chat.says(wrapping.format(json.dumps(GOOD)))
    assert (await assistant.read(asked())).outcome is ReadingOutcome.ANSWERED


@pytest.mark.parametrize("content", ["", "Yes, we do!", '{"outcome": "ANSWER"', '{"outcome": "PERHAPS", "sentences": []}', None])
async def test_words_that_are_not_the_asked_json_are_not_tried_again(
    chat: ChatServer, assistant: GroundedAssistant, content: str | None
) -> None:
    chat.says(content)
    assert not (await failure(assistant)).retryable
