"""Replies of persons that did not come in time."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.conversations import Limit
from api.keys import Door, Reader
from api.openapi import PREFIX, problems
from domain.targets import Breach
from storage.pages import Page

router = APIRouter(prefix=f"{PREFIX}/breaches", tags=["conversations"])


@router.get("", responses=problems(403), summary="Replies that did not come in time")
async def list_breaches(
    door: Door,
    caller: Reader,
    inbox: Annotated[str | None, Query(description="An inbox's id.")] = None,
    unanswered: Annotated[bool, Query(description="Only those that still have not come.")] = False,
    cursor: Annotated[str | None, Query(max_length=500, description="The previous page's `next_cursor`.")] = None,
    limit: Limit = 50,
) -> Page[Breach]:
    """Measured against the inbox's `first_reply_minutes` and `next_reply_minutes` in its business hours; latest due first."""
    return await door.conversations.breaches(inbox=inbox, unanswered=unanswered, cursor=cursor, limit=limit)
