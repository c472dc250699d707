"""One action for several conversations."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from api.actions import ActionId
from api.keys import Door, Writer
from api.openapi import PREFIX, problems
from domain.model import Model, UtcDatetime
from web.bulk import MOST, BulkVerb, Done, do_to_all

router = APIRouter(prefix=f"{PREFIX}/conversations", tags=["actions"])


class BulkBody(Model):
    model_config = ConfigDict(extra="forbid", frozen=True)

    action: BulkVerb
    conversations: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST)]
    seen_at: UtcDatetime | None = Field(
        default=None, description="When you looked: a conversation whose customer wrote later is not resolved."
    )


class BulkOutcome(Model):
    items: tuple[Done, ...]


@router.post("/bulk", responses=problems(403, 503), summary="Resolve, take or dismiss several")
async def bulk(door: Door, caller: Writer, body: BulkBody, key: ActionId = None) -> BulkOutcome:
    """Each conversation has its own outcome: `accepted`, `pending` (send the same again) or `refused` with the reason."""
    done = await do_to_all(door, caller, body.action, body.conversations, action_id=key or str(uuid4()), seen_at=body.seen_at)
    return BulkOutcome(items=done)
