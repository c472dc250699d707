"""One verb for several conversations, chosen in the list."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Form
from pydantic import AwareDatetime
from starlette.responses import RedirectResponse, Response

from domain.commands import Resolve, Take
from domain.errors import InvalidInput, NotFound
from domain.ids import derived_id
from domain.managers import Manager, Role
from domain.messages import Direction
from domain.model import Model
from web.listing import query_of_address
from web.pages import error_page
from web.security import require
from web.services import Services
from web.shell import AtDesk
from web.thread import last_public

router = APIRouter(include_in_schema=False, dependencies=[Depends(require(Role.MANAGER))])

BulkVerb = Literal["resolve", "take", "dismiss"]
MOST = 100
AT_ONCE = 10
"""Verbs that are under way at the same time."""


class Done(Model):
    """What became of one conversation."""

    conversation_id: str
    status: Literal["accepted", "pending", "refused"]
    detail: str = ""
    """Why it was refused, in words."""


async def do_to_all(
    door: Services, manager: Manager, verb: BulkVerb, conversation_ids: Sequence[str], *, action_id: str, seen_at: datetime | None
) -> tuple[Done, ...]:
    """In the order given. A customer's message that came after `seen_at` keeps a conversation from being resolved."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(conversation_id: str) -> Done:
        async with turns:
            return await _do(door, manager, verb, conversation_id, derived_id("bulk", action_id, conversation_id), seen_at)

    return tuple(await asyncio.gather(*(one(each) for each in dict.fromkeys(conversation_ids))))


async def _do(door: Services, manager: Manager, verb: BulkVerb, conversation_id: str, action_id: str, seen_at: datetime | None) -> Done:
    try:
        if verb == "dismiss":
            await door.conversations.dismiss_unanswered(conversation_id)
            return Done(conversation_id=conversation_id, status="accepted")
        if verb == "take":
            verdict = await door.gateway.act(Take(action_id=action_id, conversation_id=conversation_id, manager_id=manager.id))
        else:
            recent = await door.conversations.messages(conversation_id, limit=10)
            if seen_at is not None and any(each.direction is Direction.INBOUND and each.created_at > seen_at for each in recent):
                return Done(conversation_id=conversation_id, status="refused", detail="The customer wrote since you looked at the list")
            resolve = Resolve(
                action_id=action_id,
                conversation_id=conversation_id,
                manager_id=manager.id,
                last_seen_message_id=last_public(recent) or None,
            )
            verdict = await door.gateway.act(resolve)
    except NotFound as error:
        return Done(conversation_id=conversation_id, status="refused", detail=str(error))
    if verdict is None:
        return Done(conversation_id=conversation_id, status="pending")
    if verdict.accepted:
        return Done(conversation_id=conversation_id, status="accepted")
    return Done(conversation_id=conversation_id, status="refused", detail=verdict.detail)


@router.post("/inbox/bulk")
async def bulk(
    desk: AtDesk,
    verb: Annotated[BulkVerb, Form()],
    conversation: Annotated[list[str] | None, Form(max_length=MOST)] = None,
    back: Annotated[str, Form(max_length=2_000)] = "",
    action_id: Annotated[str, Form(max_length=64)] = "",
    seen_at: Annotated[AwareDatetime | None, Form()] = None,
) -> Response:
    """Back to the list; a page that says what was refused and why, if anything was."""
    if not conversation:
        raise InvalidInput("Choose at least one conversation in the list")
    done = await do_to_all(desk.services, desk.manager, verb, conversation, action_id=action_id or str(uuid4()), seen_at=seen_at)
    refused = [each for each in done if each.status == "refused"]
    if not refused:
        return RedirectResponse(query_of_address(back).url(), 303)
    words = "; ".join(f"#{each.conversation_id[:6]}: {each.detail}" for each in refused)
    return error_page(desk.request, 409, f"{len(done) - len(refused)} of {len(done)} done", f"Not done: {words}")
