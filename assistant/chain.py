"""The configured models in their order: the second is asked where the first fails, and one that keeps failing is left alone a while."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from assistant.endpoint import Endpoint
from assistant.prompting import Prompt
from assistant.replies import read_as
from domain.errors import AssistantFailed
from domain.knowledge import ModelUse
from domain.model import Model

log = structlog.get_logger()

Said = TypeVar("Said", bound=Model)
Clock = Callable[[], float]
"""Seconds that only ever rise."""

FAILURES = 3
"""In a row; after them an endpoint rests."""
REST_SECONDS = 30.0
SHORT_REST_SECONDS = 5.0
"""A rest that ends within this is worth waiting for; a longer one means a person at once."""


class _Guarded:
    """An endpoint with a circuit breaker: nobody waits for a server that has just failed others."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.failures = 0
        self.rests_until = float("-inf")

    def note(self, failure: AssistantFailed | None, now: float) -> None:
        if failure is None or not failure.retryable:
            self.failures = 0
            return
        self.failures += 1
        if failure.retry_after is not None:
            self.rests_until = now + failure.retry_after
        elif self.failures >= FAILURES:
            self.rests_until = now + REST_SECONDS


class ModelChain:
    def __init__(self, endpoints: Sequence[Endpoint], *, clock: Clock = time.monotonic) -> None:
        self._guarded = [_Guarded(endpoint) for endpoint in endpoints]
        self._clock = clock

    async def close(self) -> None:
        for one in self._guarded:
            await one.endpoint.close()

    async def complete(self, prompt: Prompt, kind: type[Said], *, seconds: float) -> tuple[Said, ModelUse]:
        """The first usable answer that comes, within `seconds`. Raises AssistantFailed: the last failure, or that all of them rest."""
        ends = self._clock() + seconds
        failures: list[AssistantFailed] = []
        for one in self._guarded:
            now = self._clock()
            if now < one.rests_until or now >= ends:
                continue
            try:
                content, use = await one.endpoint.complete(prompt, seconds=ends - now)
                answer = read_as(kind, content)
            except AssistantFailed as failure:
                log.warning("assistant_endpoint_failed", model=one.endpoint.model, error=str(failure), retryable=failure.retryable)
                one.note(failure, self._clock())
                failures.append(failure)
            else:
                one.note(None, self._clock())
                return answer, use
        raise self._all_failed(failures)

    def _all_failed(self, failures: Sequence[AssistantFailed]) -> AssistantFailed:
        rest = max(0.0, min(one.rests_until for one in self._guarded) - self._clock())
        if failures and not any(failure.retryable for failure in failures):
            return failures[-1]
        words = str(failures[-1]) if failures else "The language model has failed several times in a row and is left alone for a moment"
        return AssistantFailed(words, retryable=rest <= SHORT_REST_SECONDS, retry_after=rest or None)
