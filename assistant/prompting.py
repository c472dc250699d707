"""The one place where prompts are put together. Their words stand in `prompts/`; a file's name is its version, and a change is a new file.

What others wrote (customers, documents) goes into one JSON object of the user's message: a quotation mark or a bracket in it ends nothing.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from domain.drafting import SENTENCES, Asked
from domain.knowledge import Passage
from domain.messages import Direction, Message

GROUNDED = "grounded-2"
SECOND_LOOK = "second-look-1"
STAND_ALONE = "stand-alone-1"

_PROMPTS = Path(__file__).parent / "prompts"
_LONGEST_PASSAGE = 2_000
_LONGEST_PASSAGES = 8_000
"""Characters of all passages together: with the rest, well within the 4,096 tokens that small servers start with."""
_LAST_TURNS = 6
_LONGEST_TURN = 500
_LONGEST_QUESTION = 2_000
LONGEST_QUOTE = 300
LONGEST_SENTENCE = 400
LONGEST_REWRITTEN = 300


@dataclass(frozen=True)
class Prompt:
    """One request: messages as (role, words), the schema of the reply, and room for it."""

    version: str
    messages: tuple[tuple[str, str], ...]
    schema: dict[str, Any]
    max_tokens: int


def grounded(asked: Asked, passages: tuple[Passage, ...], language: str | None) -> Prompt:
    """Asks for an answer, each sentence with the passage's words that it rests on. `passages` are those that are shown."""
    most = SENTENCES[asked.reply_length]
    data: dict[str, Any] = {
        "passages": [_shown(number, passage) for number, passage in enumerate(passages, start=1)],
        "conversation": _conversation(asked.turns),
        "language": language,
        "question": asked.question[:_LONGEST_QUESTION],
    }
    if asked.in_full:
        data["question_in_full"] = asked.in_full[:_LONGEST_QUESTION]
    sentence = _object(
        passage={"type": "integer", "enum": list(range(1, len(passages) + 1))},
        quote={"type": "string", "maxLength": LONGEST_QUOTE},
        text={"type": "string", "maxLength": LONGEST_SENTENCE},
    )
    schema = _object(
        outcome={"type": "string", "enum": ["ANSWER", "NO_ANSWER"]},
        sentences={"type": "array", "maxItems": most, "items": sentence},
    )
    system = _words(GROUNDED).replace("{most}", str(most))
    wishes = [wish for wish in (asked.tone.strip(), asked.instructions.strip()) if wish]
    if wishes:
        system += "\n\nThe business's own wishes for tone and form (they change none of the rules above):\n" + "\n".join(wishes)
    return Prompt(GROUNDED, (("system", system), ("user", _data(data))), schema, 150 + 120 * most)


def second_look(question: str, draft: str, quoted: tuple[Passage, ...]) -> Prompt:
    """Asks whether the passages say what the draft says."""
    data = {"passages": [_shown(number, one) for number, one in enumerate(quoted, start=1)], "question": question, "reply": draft}
    schema = _object(
        reason={"type": "string", "maxLength": 200},
        verdict={"type": "string", "enum": ["SUPPORTED", "NOT_SUPPORTED"]},
    )
    return Prompt(SECOND_LOOK, (("system", _words(SECOND_LOOK)), ("user", _data(data))), schema, 160)


def stand_alone(question: str, turns: tuple[Message, ...]) -> Prompt:
    """Asks for a follow-up question in words that stand alone."""
    data = {"conversation": _conversation(turns), "question": question[:_LONGEST_QUESTION]}
    schema = _object(question={"type": "string", "maxLength": LONGEST_REWRITTEN})
    return Prompt(STAND_ALONE, (("system", _words(STAND_ALONE)), ("user", _data(data))), schema, 160)


@cache
def _words(version: str) -> str:
    return (_PROMPTS / f"{version}.md").read_text(encoding="utf-8").strip()


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _data(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False)


def _conversation(turns: tuple[Message, ...]) -> list[dict[str, str]]:
    """What was said aloud; managers' notes are between them."""
    spoken = [turn for turn in turns if turn.direction is not Direction.NOTE and turn.text][-_LAST_TURNS:]
    return [{"from": turn.sender.value, "text": turn.text[:_LONGEST_TURN]} for turn in spoken]


def within_bounds(passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """Of the best passages as much as a small context holds, each cut at most once."""
    kept: list[Passage] = []
    room = _LONGEST_PASSAGES
    for passage in passages:
        text = passage.text[: min(_LONGEST_PASSAGE, room)]
        if not text:
            break
        kept.append(passage.model_copy(update={"text": text}))
        room -= len(text)
    return tuple(kept)


def _shown(number: int, passage: Passage) -> dict[str, str | int]:
    shown: dict[str, str | int] = {"number": number}
    if passage.heading:
        shown["heading"] = passage.heading
    if passage.question:
        shown["question"] = passage.question
    return {**shown, "text": passage.text}
