"""The customer as a person: the addresses in the panel, and saying that two contacts are one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import RedirectResponse, Response

from domain.contacts import Contact, LikelySame
from domain.errors import Conflict, NotFound
from domain.managers import Role
from web.listing import query_of_address
from web.security import require
from web.services import Services
from web.shell import AtDesk

router = APIRouter(prefix="/contacts/{contact_id}", include_in_schema=False, dependencies=[Depends(require(Role.MANAGER))])

Back = Annotated[str, Form(max_length=2_000)]
Id = Annotated[str, Form(max_length=100)]
LONGEST_SEARCH = 100


@dataclass(frozen=True)
class Person:
    """Who writes. `likely` are contacts that may be the same person, or those that were searched for."""

    contact: Contact
    likely: Sequence[LikelySame]
    searched: str = ""


async def load_person(services: Services, contact_id: str, searched: str = "") -> Person:
    """Raises NotFound."""
    contact = await services.contacts.get(contact_id)
    words = searched.strip()[:LONGEST_SEARCH]
    likely = await services.contacts.search(contact.id, words) if words else await services.contacts.likely_same(contact.id)
    return Person(contact, likely, words)


@router.post("/merge")
async def merge(desk: AtDesk, contact_id: str, conversation: Id, other: Id, back: Back = "") -> Response:
    try:
        await desk.services.contacts.merge(contact_id, other, manager_id=desk.manager.id)
    except (NotFound, Conflict) as error:
        raise type(error)(f"{error}. Go back and choose again.") from error
    return RedirectResponse(query_of_address(back).url(conversation, panel="customer"), 303)


@router.post("/split")
async def split(desk: AtDesk, contact_id: str, conversation: Id, back: Back = "") -> Response:
    await desk.services.contacts.split(contact_id)
    return RedirectResponse(query_of_address(back).url(conversation, panel="customer"), 303)
