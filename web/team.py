"""The team: who answers, with which role, and how a new person gets in."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from domain.conversations import Section, Status
from domain.errors import Conflict, InvalidInput
from domain.managers import Manager, Role
from web.pages import page
from web.security import require
from web.shell import Desk

router = APIRouter(prefix="/team", include_in_schema=False)

AtDesk = Annotated[Desk, Depends()]
MAY_CHANGE = Role.ADMIN
GIVEN = frozenset({Role.VIEWER, Role.MANAGER, Role.ADMIN})
"""Roles that the page gives; an owner is made on the command line."""


@dataclass(frozen=True)
class NewLink:
    name: str
    url: str


async def _page(desk: Desk, *, new_link: NewLink | None = None, error: str = "", status: int = 200) -> Response:
    people = [(person, await _open(desk, person)) for person in await desk.services.people.list()]
    may_change = desk.manager.may(MAY_CHANGE)
    context = await desk.context("team", people=people, may_change=may_change, new_link=new_link, error=error)
    return page("team.html", context, status=status)


async def _open(desk: Desk, person: Manager) -> str:
    """How many conversations the person has now; cut at 200."""
    shown = await desk.services.conversations.page(Section.MINE, manager_id=person.id, status=Status.HUMAN, limit=200)
    return f"{len(shown.items)}+" if shown.next_cursor else str(len(shown.items))


@router.get("")
async def show(desk: AtDesk) -> Response:
    return await _page(desk)


@router.post("", dependencies=[Depends(require(MAY_CHANGE))])
async def add(
    desk: AtDesk,
    name: Annotated[str, Form(min_length=1, max_length=120)],
    email: Annotated[str, Form(min_length=3, max_length=254)],
    role: Annotated[Role, Form()],
) -> Response:
    """Adds a person and shows their sign-in link once. Nobody gives a role above their own."""
    if role not in GIVEN or not desk.manager.may(role):
        return await _page(desk, error="This role is given on the command line only: frontdesk manager add", status=403)
    try:
        person = await desk.services.people.add(email.strip(), name.strip(), role)
    except (Conflict, InvalidInput) as error:
        return await _page(desk, error=str(error), status=409 if isinstance(error, Conflict) else 422)
    return await _page(desk, new_link=await _link(desk, person))


@router.post("/{manager_id}/link", dependencies=[Depends(require(MAY_CHANGE))])
async def new_link(desk: AtDesk, manager_id: str) -> Response:
    """A sign-in link is as good as the account: only for people whose role is not above one's own."""
    person = await desk.services.people.get(manager_id)
    if not desk.manager.may(person.role):
        return await _page(desk, error=f"Only an owner makes a link for {person.name}", status=403)
    return await _page(desk, new_link=await _link(desk, person))


async def _link(desk: Desk, person: Manager) -> NewLink:
    token = await desk.services.people.new_sign_in_link(person.id)
    return NewLink(person.name, f"{desk.services.public_url}/sign-in/{token}")
