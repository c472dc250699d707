"""What stands above the composer and is asked for apart: who else has the conversation open, and whether the vendor still takes a reply."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from domain.conversations import Status
from domain.managers import Role
from domain.ports import Closable
from web.pages import page
from web.shell import AtDesk, Desk

router = APIRouter(prefix="/conversations/{conversation_id}", include_in_schema=False)


@router.post("/presence")
async def give_sign(desk: AtDesk, conversation_id: str, typing: Annotated[str, Form(max_length=1)] = "") -> Response:
    """A viewer looks on without being counted."""
    if desk.manager.may(Role.MANAGER):
        await desk.services.teamwork.here(conversation_id, desk.manager.id, typing=typing == "1")
        if typing == "1" and desk.services.later is not None:
            conversation = await desk.services.conversations.get(conversation_id)
            if conversation.status is not Status.BOT and conversation.assignee_id in (None, desk.manager.id):
                desk.services.later.show(conversation_id, typing=True)
    return await _line(desk, conversation_id)


@router.get("/presence")
async def show(desk: AtDesk, conversation_id: str) -> Response:
    return await _line(desk, conversation_id)


async def _line(desk: Desk, conversation_id: str) -> Response:
    others = await desk.services.teamwork.others(conversation_id, desk.manager.id)
    return page("parts/presence.html", desk.part(others=others, conversation_id=conversation_id))


@router.get("/reach")
async def reach(desk: AtDesk, conversation_id: str) -> Response:
    """Asks the vendor, which may take its time: the page does not wait for it."""
    conversation = await desk.services.conversations.get(conversation_id)
    channel = desk.services.channels.get(conversation.channel)
    why = None
    if isinstance(channel, Closable):
        why = await channel.closed_for(conversation.contact_address, await desk.services.inboxes.credentials(conversation.inbox_id))
    return page("parts/reach.html", desk.part(why=why))
