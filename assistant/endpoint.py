"""One OpenAI-compatible server: one request, its errors by name, and what it took. No tool calling, no streaming, no retries.

Servers differ in how they hold a model to a form: `json_schema` (vLLM, llama.cpp, Ollama, most hosts), `json_object`, or not at all.
The strictest comes first; one that the server refuses is not asked for again.
"""

import time
from dataclasses import dataclass
from typing import Any

import structlog
from openai import APIConnectionError, APIResponseValidationError, APIStatusError, APITimeoutError, AsyncOpenAI
from pydantic import Field, ValidationError

from assistant.prompting import Prompt
from domain.errors import AssistantFailed
from domain.knowledge import ModelUse
from domain.model import Model

log = structlog.get_logger()

MILLION = 1_000_000
_RETRYABLE_STATUS = frozenset({408, 409, 425, 429})
_FORM_REFUSED = frozenset({400, 415, 422, 501})
_FORM_WORDS = ("response_format", "json_schema", "json_object", "schema", "grammar", "guided", "structured")
_LONGEST_WAIT_SECONDS = 3_600.0


@dataclass(frozen=True)
class ModelAddress:
    """Where a model is served, and what a million of its tokens costs. `api_key` may be empty for a server that asks for none."""

    base_url: str
    api_key: str
    model: str
    price_input: float | None = None
    price_output: float | None = None


class _Said(Model):
    content: str | None = None


class _Choice(Model):
    message: _Said
    finish_reason: str | None = None


class _Usage(Model):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(Model):
    """The part of a chat completion that is read. Servers differ in the rest."""

    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None


class Endpoint:
    def __init__(self, at: ModelAddress, *, timeout_seconds: float) -> None:
        self.model = at.model
        self._at = at
        self._timeout_seconds = timeout_seconds
        self._forms: list[str] = ["json_schema", "json_object", "none"]
        self._client = AsyncOpenAI(base_url=at.base_url, api_key=at.api_key or "none", max_retries=0)

    async def close(self) -> None:
        await self._client.close()

    async def complete(self, prompt: Prompt, *, seconds: float) -> tuple[str, ModelUse]:
        """What the model said, and what it took. At most `seconds` long, or the endpoint's own limit. Raises AssistantFailed."""
        started = time.monotonic()
        ends = started + min(seconds, self._timeout_seconds)
        while True:
            try:
                completion = await self._request(prompt, ends - time.monotonic())
                break
            except APIStatusError as error:
                if not self._form_refused(error):
                    raise _failure(error) from error
                log.info("assistant_form_refused", model=self.model, form=self._forms.pop(0), next=self._forms[0])
        latency = round((time.monotonic() - started) * 1000)
        return _content(completion), self._use(completion.usage or _Usage(), latency)

    async def _request(self, prompt: Prompt, seconds: float) -> _Completion:
        body: Any = {
            "model": self.model,
            "messages": [{"role": role, "content": content} for role, content in prompt.messages],
            "temperature": 0,
            "max_tokens": prompt.max_tokens,
        }
        form = self._forms[0]
        if form == "json_schema":
            schema = {"name": prompt.version.rpartition("-")[0].replace("-", "_"), "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": form, "json_schema": schema}
        elif form == "json_object":
            body["response_format"] = {"type": form}
        try:
            response = await self._client.chat.completions.with_raw_response.create(**body, timeout=max(seconds, 0.01))
            return _Completion.model_validate_json(response.content)
        except APITimeoutError as error:
            raise AssistantFailed("The language model did not answer in time", retryable=True) from error
        except APIConnectionError as error:
            raise AssistantFailed("The language model's server can't be reached", retryable=True) from error
        except (APIResponseValidationError, ValidationError) as error:
            raise AssistantFailed("The language model's server answered in another form than chat completions", retryable=False) from error

    def _form_refused(self, error: APIStatusError) -> bool:
        """Whether the server takes everything but this way of asking for JSON."""
        if len(self._forms) == 1 or error.status_code not in _FORM_REFUSED:
            return False
        said = error.response.text.casefold()
        return any(word in said for word in _FORM_WORDS)

    def _use(self, usage: _Usage, latency_ms: int) -> ModelUse:
        priced = ((usage.prompt_tokens, self._at.price_input), (usage.completion_tokens, self._at.price_output))
        costs = [tokens * price / MILLION for tokens, price in priced if tokens is not None and price is not None]
        return ModelUse(
            model=self.model,
            calls=1,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            latency_ms=latency_ms,
            cost=sum(costs) if costs else None,
        )


def _failure(error: APIStatusError) -> AssistantFailed:
    retryable = error.status_code >= 500 or error.status_code in _RETRYABLE_STATUS
    after = _retry_after(error.response.headers.get("retry-after")) if retryable else None
    return AssistantFailed(f"The language model's server answered with status {error.status_code}", retryable=retryable, retry_after=after)


def _retry_after(header: str | None) -> float | None:
    """Seconds. A date in its place is left alone: the usual back-off serves."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return min(seconds, _LONGEST_WAIT_SECONDS) if seconds >= 0 else None


def _content(completion: _Completion) -> str:
    choice = completion.choices[0]
    if choice.finish_reason == "length":
        raise AssistantFailed("The language model's answer was cut off", retryable=False)
    if not choice.message.content:
        raise AssistantFailed("The language model gave an empty answer", retryable=False)
    return choice.message.content
