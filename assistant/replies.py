"""Reads what a model said as the JSON it was asked for, also where its server could not hold it to a form."""

import json
import re
from enum import StrEnum
from typing import TypeVar

from pydantic import Field, ValidationError

from domain.errors import AssistantFailed
from domain.model import Model

T = TypeVar("T", bound=Model)

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)


class Verdict(StrEnum):
    SUPPORTED = "SUPPORTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"


class Outcome(StrEnum):
    ANSWER = "ANSWER"
    NO_ANSWER = "NO_ANSWER"


class Sentence(Model):
    """One sentence of a reply, and what it is said to rest on."""

    passage: int
    quote: str
    text: str


class GroundedReply(Model):
    outcome: Outcome
    sentences: tuple[Sentence, ...] = Field(default=(), max_length=20)


class SecondLook(Model):
    verdict: Verdict
    reason: str = ""


class StandAlone(Model):
    question: str


def read_as(kind: type[T], content: str) -> T:
    """The first JSON object in the words that fits. Raises AssistantFailed, without the words: they may hold a customer's."""
    for found in _objects(_THOUGHTS.sub("", content)):
        try:
            return kind.model_validate(found)
        except ValidationError:
            continue
    raise AssistantFailed("The language model's answer is not the JSON that was asked for", retryable=False)


def _objects(text: str) -> list[object]:
    """Every JSON object that begins in the text: fences and chatter around them don't matter."""
    decoder = json.JSONDecoder()
    found: list[object] = []
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            found.append(value)
        at = text.find("{", end)
    return found
