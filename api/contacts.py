"""Contacts as persons: reading one, and saying that two are the same."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from api.keys import Door, Reader, Writer
from api.openapi import PREFIX, problems
from domain.contacts import Contact, LikelySame
from domain.model import Model
from storage.pages import Page

router = APIRouter(prefix=f"{PREFIX}/contacts", tags=["contacts"])


class MergeBody(Model):
    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: Annotated[str, Field(max_length=100, description="The id of the contact that is the same person.")]


@router.get("/{contact_id}", responses=problems(404), summary="Read a contact")
async def read_contact(door: Door, caller: Reader, contact_id: str) -> Contact:
    """Of a merged contact, the whole person."""
    return await door.contacts.get(contact_id)


@router.get("/{contact_id}/likely-same", responses=problems(404), summary="Who may be the same person")
async def likely_same(door: Door, caller: Reader, contact_id: str) -> Page[LikelySame]:
    return Page(items=tuple(await door.contacts.likely_same(contact_id)), next_cursor=None)


@router.post("/{contact_id}/merge", responses=problems(403, 404, 409), summary="Merge another contact into this one")
async def merge(door: Door, caller: Writer, contact_id: str, body: MergeBody) -> Contact:
    """Changes no conversation; may be taken back. Safe to repeat."""
    return await door.contacts.merge(contact_id, body.contact, manager_id=caller.id)


@router.post("/{contact_id}/unmerge", responses=problems(403, 404), summary="Take a merge back")
async def unmerge(door: Door, caller: Writer, contact_id: str) -> Contact:
    """`contact_id` is the contact that was merged into another one. Returns it as a person of its own."""
    await door.contacts.split(contact_id)
    return await door.contacts.get(contact_id)
