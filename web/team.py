"""The team: who answers, with which role, and how a new person gets in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

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
    answering = {one.manager.id: one for one in await desk.services.attendance.team()}
    people = [(person, answering.get(person.id)) for person in await desk.services.people.list()]
    may_change = desk.manager.may(MAY_CHANGE)
    context = await desk.context("team", people=people, may_change=may_change, new_link=new_link, error=error)
    return page("team.html", context, status=status)


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


@router.get("/{manager_id}")
async def show_person(desk: AtDesk, manager_id: str, saved: bool = False) -> Response:
    return await _person(desk, manager_id, saved=saved)


@router.post("/{manager_id}", dependencies=[Depends(require(MAY_CHANGE))])
async def change_person(request: Request, desk: AtDesk, manager_id: str) -> Response:
    """What this person is offered. No inbox chosen: conversations of every inbox."""
    async with request.form(max_fields=200) as form:
        given = {name: value for name, value in form.items() if isinstance(value, str)}
        inbox_ids = [value for value in form.getlist("inbox") if isinstance(value, str)]
    try:
        await desk.services.attendance.change(
            manager_id,
            languages=given.get("languages", "").split(","),
            inbox_ids=inbox_ids,
            capacity=_number(given.get("capacity", "")),
            hours=given.get("hours", ""),
        )
    except InvalidInput as error:
        return await _person(desk, manager_id, error=str(error), given=given, status=422)
    return RedirectResponse(f"/team/{manager_id}?saved=1", 303)


def _number(text: str) -> int:
    if not text.strip().isdecimal():
        raise InvalidInput("The capacity is a number of conversations from 0 to 1000")
    return int(text[:9])


async def _person(
    desk: Desk, manager_id: str, *, saved: bool = False, error: str = "", given: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    person = await desk.services.people.get(manager_id)
    shown = {"languages": ", ".join(person.languages), "capacity": str(person.capacity), "hours": person.hours, **(given or {})}
    attending = next((one for one in await desk.services.attendance.team() if one.manager.id == manager_id), None)
    context = await desk.context(
        "team",
        person=person,
        attending=attending,
        shown=shown,
        inboxes=await desk.services.inboxes.list(),
        may_change=desk.manager.may(MAY_CHANGE),
        phone=await desk.services.telling.verified.phone(manager_id),
        is_owner=desk.manager.may(Role.OWNER),
        saved=saved,
        error=error,
    )
    return page("person.html", context, status=status)


@router.post("/{manager_id}/link", dependencies=[Depends(require(MAY_CHANGE))])
async def new_link(desk: AtDesk, manager_id: str) -> Response:
    """A sign-in link is as good as the account: only for people whose role is not above one's own."""
    person = await desk.services.people.get(manager_id)
    if not desk.manager.may(person.role):
        return await _page(desk, error=f"Only an owner makes a link for {person.name}", status=403)
    phone = await desk.services.telling.verified.phone(person.id)
    if phone is not None and phone.second_factor and not desk.manager.may(Role.OWNER):
        return await _page(desk, error=f"{person.name} signs in with a second factor: only an owner makes a link past it", status=403)
    return await _page(desk, new_link=await _link(desk, person))


async def _link(desk: Desk, person: Manager) -> NewLink:
    token = await desk.services.people.new_sign_in_link(person.id)
    return NewLink(person.name, f"{desk.services.public_url}/sign-in/{token}")
