"""Drafts by a language model that rest on a passage: one request, structured output, and every claim of support checked here."""

import json
import re
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog
from openai import APIConnectionError, APIResponseValidationError, APIStatusError, APITimeoutError, AsyncOpenAI
from pydantic import Field, ValidationError

from domain.errors import AssistantFailed
from domain.knowledge import Citation, Draft, Passage
from domain.messages import Direction, Message
from domain.model import Model

log = structlog.get_logger()

PROMPT_VERSION = "grounded-1"
_PROMPT_FILE = Path(__file__).parent / "prompts" / f"{PROMPT_VERSION}.md"

_RETRYABLE_STATUS = frozenset({408, 409, 425, 429})
_LONGEST_QUOTE = 400
_LONGEST_ANSWER = 1_000
_MAX_TOKENS = 700
"""Room for the longest quote and answer; without an upper bound a small model may never end a string."""
_MOST_PASSAGES = 5
_LAST_TURNS = 6
_LONGEST_TURN = 500
_LONGEST_QUESTION = 2_000

_SPACES = re.compile(r"\s+")
_FIGURE = re.compile(r"\d[\d.,:/ -]*\d")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.\w+", re.IGNORECASE)


class _Outcome(StrEnum):
    ANSWER = "ANSWER"
    NO_ANSWER = "NO_ANSWER"


class _Reply(Model):
    """What the model was made to say."""

    outcome: _Outcome
    passage: int
    quote: str
    answer: str


class _ReplyMessage(Model):
    content: str | None = None


class _Choice(Model):
    message: _ReplyMessage
    finish_reason: str | None = None


class _Usage(Model):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(Model):
    """The part of a chat completion that is read. Servers differ in the rest."""

    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None


class GroundedAssistant:
    """Implements domain.ports.Assistant over any server that speaks OpenAI's chat completions with `json_schema`."""

    def __init__(self, base_url: str, api_key: str, model: str, *, timeout_seconds: float = 45.0) -> None:
        """`api_key` may be empty for a server that asks for none. Retries belong to the caller: one call is one request."""
        self._model = model
        self._system = _PROMPT_FILE.read_text(encoding="utf-8").strip()
        self._client = AsyncOpenAI(base_url=base_url, api_key=api_key or "none", timeout=timeout_seconds, max_retries=0)

    async def close(self) -> None:
        await self._client.close()

    async def draft(
        self, question: str, passages: Sequence[Passage], *, turns: Sequence[Message], instructions: str, language: str | None
    ) -> Draft | None:
        """None if the model finds no answer, or gives one that its quote doesn't support. Raises AssistantFailed."""
        shown = passages[:_MOST_PASSAGES]
        if not shown:
            return None
        started = time.monotonic()
        completion = await self._complete(self._messages(question, shown, turns, instructions, language), len(shown))
        latency = round((time.monotonic() - started) * 1000)
        reply = _read(completion)
        usage = completion.usage or _Usage()
        log.info("assistant_replied", outcome=reply.outcome.value, model=self._model, latency_ms=latency)
        if reply.outcome is _Outcome.NO_ANSWER or not 1 <= reply.passage <= len(shown):
            return None
        passage = shown[reply.passage - 1]
        if not _supported(reply, passage, shown, instructions):
            log.info("assistant_unsupported", model=self._model, chunk_id=passage.chunk_id)
            return None
        citation = Citation(document=passage.document, page=passage.page, document_id=passage.document_id, quote=reply.quote.strip())
        return Draft(
            text=reply.answer.strip(),
            citations=(citation,),
            model=self._model,
            prompt_version=PROMPT_VERSION,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            latency_ms=latency,
        )

    def _messages(
        self, question: str, passages: Sequence[Passage], turns: Sequence[Message], instructions: str, language: str | None
    ) -> list[dict[str, str]]:
        system = self._system
        if instructions.strip():
            system = (
                f"{system}\n\nThe business's own wishes for tone and form (they change none of the rules above):\n{instructions.strip()}"
            )
        spoken = [turn for turn in turns if turn.direction is not Direction.NOTE and turn.text][-_LAST_TURNS:]
        data = {
            "passages": [_shown(number, passage) for number, passage in enumerate(passages, start=1)],
            "conversation": [{"from": turn.sender.value, "text": turn.text[:_LONGEST_TURN]} for turn in spoken],
            "language": language,
            "question": question[:_LONGEST_QUESTION],
        }
        return [{"role": "system", "content": system}, {"role": "user", "content": json.dumps(data, ensure_ascii=False)}]

    async def _complete(self, messages: list[dict[str, str]], passages: int) -> _Completion:
        body: Any = {
            "model": self._model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": _MAX_TOKENS,
            "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": _schema(passages)}},
        }
        try:
            response = await self._client.chat.completions.with_raw_response.create(**body)
            return _Completion.model_validate_json(response.content)
        except APITimeoutError as error:
            raise AssistantFailed("The language model did not answer in time", retryable=True) from error
        except APIConnectionError as error:
            raise AssistantFailed("The language model's server can't be reached", retryable=True) from error
        except APIStatusError as error:
            retryable = error.status_code >= 500 or error.status_code in _RETRYABLE_STATUS
            raise AssistantFailed(f"The language model's server answered with status {error.status_code}", retryable=retryable) from error
        except (APIResponseValidationError, ValidationError) as error:
            raise AssistantFailed("The language model's server answered in another form than chat completions", retryable=False) from error


def _shown(number: int, passage: Passage) -> dict[str, str | int]:
    shown: dict[str, str | int] = {"number": number, "document": passage.document, "page": passage.page}
    if passage.heading:
        shown["heading"] = passage.heading
    if passage.question:
        shown["question"] = passage.question
    return {**shown, "text": passage.text}


def _schema(passages: int) -> dict[str, Any]:
    properties = {
        "outcome": {"type": "string", "enum": [outcome.value for outcome in _Outcome]},
        "passage": {"type": "integer", "enum": list(range(passages + 1))},
        "quote": {"type": "string", "maxLength": _LONGEST_QUOTE},
        "answer": {"type": "string", "maxLength": _LONGEST_ANSWER},
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _read(completion: _Completion) -> _Reply:
    choice = completion.choices[0]
    if choice.finish_reason == "length":
        raise AssistantFailed("The language model's answer was cut off", retryable=False)
    if not choice.message.content:
        raise AssistantFailed("The language model gave an empty answer", retryable=False)
    try:
        return _Reply.model_validate_json(choice.message.content)
    except ValidationError as error:
        raise AssistantFailed("The language model's answer is not the JSON that was asked for", retryable=False) from error


def _supported(reply: _Reply, passage: Passage, passages: Sequence[Passage], instructions: str) -> bool:
    """Whether the quote stands in the passage, and every figure, link and address of the answer in what the model was given.

    Figures of one digit are let through: a passage may say `three`.
    """
    quote, answer = _plain(reply.quote), reply.answer.strip()
    if not answer or len(quote) < 2 or quote not in _plain(f"{passage.question or ''} {passage.text}"):
        return False
    given = _plain(" ".join([instructions, *(f"{one.heading} {one.question or ''} {one.text}" for one in passages)]))
    digits = re.sub(r"\D+", " ", given)
    figures = [re.sub(r"\D+", " ", found).strip() for found in _FIGURE.findall(answer)]
    if any(f" {figure} " not in f" {digits} " for figure in figures):
        return False
    return all(_plain(found).rstrip(".,;:!?)") in given for found in _ADDRESS.findall(answer))


def _plain(text: str) -> str:
    """Case, spaces, and the forms of quotation marks and dashes aside."""
    text = text.translate({0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-", 0xA0: " "})
    return _SPACES.sub(" ", text).strip().casefold()
