"""Trying the documents out: what would the bot answer?"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field, StringConstraints

from api.keys import Door, Reader
from api.openapi import PREFIX, problems
from domain.knowledge import Answer
from domain.model import Model

router = APIRouter(prefix=f"{PREFIX}/ask", tags=["ask"])


class AskBody(Model):
    model_config = ConfigDict(extra="forbid", frozen=True)

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)] = Field(
        examples=["Do you ship to Chile?"]
    )
    inbox: str | None = Field(default=None, max_length=64, description="Whose threshold and instructions count; the defaults if left out.")


@router.post("", responses=problems(400, 404, 502, 503), summary="Ask the documents")
async def ask(door: Door, caller: Reader, body: AskBody) -> Answer:
    """No conversation is opened and nothing is sent. `answered` is what the bot would decide at the inbox's threshold."""
    return await door.gateway.ask(body.question, body.inbox)
