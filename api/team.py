"""The team: who is there, and what each is offered."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from api.keys import Admin, Door, Reader, Writer
from api.openapi import PREFIX, problems
from domain.managers import Attending, Availability, Manager, Role
from domain.model import Model
from storage.pages import Page
from web.services import Services

router = APIRouter(prefix=f"{PREFIX}/team", tags=["team"])


class TeamMember(Model):
    id: str
    name: str
    email: str
    role: Role
    languages: tuple[str, ...]
    inboxes: tuple[str, ...]
    capacity: int
    hours: str
    availability: Availability = Field(description="As the person set it.")
    present: Availability = Field(description="What counts: `away` without a sign of life from a dashboard tab.")
    load: int = Field(description="Conversations that the person has taken or is offered.")


class AvailabilityBody(Model):
    model_config = ConfigDict(extra="forbid", frozen=True)

    availability: Availability


class PersonBody(Model):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: Annotated[tuple[str, ...], Field(max_length=50, description="Codes such as `es`; empty: any.")] | None = None
    inboxes: Annotated[tuple[str, ...], Field(max_length=500, description="Inbox ids; empty: every one.")] | None = None
    capacity: Annotated[int, Field(ge=0, le=1_000)] | None = None
    hours: Annotated[str, Field(max_length=2_000, description="As business hours are written; empty: always.")] | None = None


_OF_MANAGER = tuple(name for name in TeamMember.model_fields if name not in ("present", "load"))


@router.get("", responses=problems(), summary="Who answers customers")
async def list_team(door: Door, caller: Reader) -> Page[TeamMember]:
    """By name, with whether they are there and how many conversations they have or are offered."""
    return Page(items=tuple(_member(one) for one in await door.attendance.team()), next_cursor=None)


@router.put("/me/availability", responses=problems(400, 403), summary="Say whether you are there")
async def say(door: Door, caller: Writer, body: AvailabilityBody) -> TeamMember:
    """Of the key's person, and a sign of life: who gives none for a while counts as away, so repeat it while you are available."""
    return await _as_it_is(door, await door.attendance.say(caller.id, body.availability))


@router.patch("/{manager_id}", responses=problems(400, 403, 404), summary="Set what a person is offered")
async def change(door: Door, caller: Admin, manager_id: str, body: PersonBody) -> TeamMember:
    changed = await door.attendance.change(
        manager_id, languages=body.languages, inbox_ids=body.inboxes, capacity=body.capacity, hours=body.hours
    )
    return await _as_it_is(door, changed)


async def _as_it_is(door: Services, manager: Manager) -> TeamMember:
    team = {one.manager.id: one for one in await door.attendance.team()}
    return _member(team.get(manager.id) or Attending(manager=manager, present=door.attendance.present(manager), load=0))


def _member(one: Attending) -> TeamMember:
    return TeamMember(**{name: getattr(one.manager, name) for name in _OF_MANAGER}, present=one.present, load=one.load)
