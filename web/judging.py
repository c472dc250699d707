"""What managers judge of the bot's answers, and what the bot's confidence has learned from it."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form
from starlette.responses import RedirectResponse, Response

from domain.errors import NotFound
from domain.managers import Role
from domain.recalibration import JudgedBy, Judgement
from storage.judgements import Judgements
from web.security import require
from web.shell import AtDesk
from web.verbs import OneAct

router = APIRouter(include_in_schema=False)


@router.post("/conversations/{conversation_id}/judge", dependencies=[Depends(require(Role.MANAGER))])
async def judge(
    act: OneAct, turn_id: Annotated[str, Form(max_length=64)], answer: Annotated[Literal["right", "wrong"], Form()]
) -> Response:
    """Whether what the bot said, or had drafted, was right. The last word counts."""
    services = act.desk.services
    conversation = await services.conversations.get(act.conversation_id)
    messages = await services.conversations.messages(conversation.id, limit=200)
    turns = {message.turn_id for message in messages} | {conversation.hand_off.turn_id if conversation.hand_off else None}
    evidence = await services.conversations.evidence(turn_id)
    if turn_id not in turns or evidence is None:
        raise NotFound("This conversation has no such turn. Reload the page and judge again.")
    judgement = Judgement(
        turn_id=turn_id,
        conversation_id=conversation.id,
        confidence=evidence.fitted_confidence if evidence.fitted_confidence is not None else evidence.confidence,
        right=answer == "right",
        by=JudgedBy.PERSON,
        manager_id=act.manager_id,
        at=datetime.now(UTC),
    )
    await Judgements(services.db).add(judgement)
    return RedirectResponse(act.query.url(conversation.id, panel="evidence"), 303)


@router.post("/knowledge/judgements/forget", dependencies=[Depends(require(Role.ADMIN))])
async def forget(desk: AtDesk) -> Response:
    """The confidence is the release's again."""
    await Judgements(desk.services.db).forget()
    return RedirectResponse("/knowledge", 303)
