"""Who else has a conversation open: a sign every ten seconds, and the line above the composer that says so."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from domain.conversations import Status
from domain.managers import Role
from web.pages import page
from web.shell import AtDesk, Desk

router = APIRouter(prefix="/conversations/{conversation_id}/presence", include_in_schema=False)


@router.post("")
async def give_sign(desk: AtDesk, conversation_id: str, typing: Annotated[str, Form(max_length=1)] = "") -> Response:
    """A viewer looks on without being counted."""
    if desk.manager.may(Role.MANAGER):
        await desk.services.teamwork.here(conversation_id, desk.manager.id, typing=typing == "1")
        if typing == "1" and desk.services.later is not None:
            conversation = await desk.services.conversations.get(conversation_id)
            if conversation.status is not Status.BOT and conversation.assignee_id in (None, desk.manager.id):
                desk.services.later.show(conversation_id, typing=True)
    return await _line(desk, conversation_id)


@router.get("")
async def show(desk: AtDesk, conversation_id: str) -> Response:
    return await _line(desk, conversation_id)


async def _line(desk: Desk, conversation_id: str) -> Response:
    others = await desk.services.teamwork.others(conversation_id, desk.manager.id)
    return page("parts/presence.html", desk.part(others=others, conversation_id=conversation_id))
