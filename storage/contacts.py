"""Contacts as persons: their addresses, who is the same person, and who may be."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Text, bindparam, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.channels import ChannelKind
from domain.contacts import Contact, ContactAddress, LikelySame, MergedContact
from domain.errors import Conflict, NotFound
from storage import events
from storage.addressing import REPLY_ADDRESS
from storage.database import Database
from storage.listing import same_person
from storage.mapping import AnyRow
from storage.tables import addresses, aliases, contacts, conversations, inboxes, managers, merges

LONGEST_LIST = 20
_BY_NUMBER = (ChannelKind.WHATSAPP, ChannelKind.WHATSAPP_TWILIO, ChannelKind.SMS)
"""Channels whose addresses may be telephone numbers."""

_ONE = select(contacts).where(contacts.c.id == bindparam("contact"))
_INTO = select(merges.c.into_id).where(merges.c.contact_id == bindparam("contact"))
_MERGED = (
    select(merges.c.contact_id, merges.c.at, contacts.c.name, managers.c.name.label("merged_by"))
    .join(contacts, contacts.c.id == merges.c.contact_id)
    .outerjoin(managers, managers.c.id == merges.c.manager_id)
    .where(merges.c.into_id == bindparam("contact"))
    .order_by(merges.c.at)
)
_ADDRESSES = (
    select(
        addresses.c.contact_id,
        addresses.c.inbox_id,
        addresses.c.address.label("first_address"),
        REPLY_ADDRESS.label("address"),
        inboxes.c.name.label("inbox_name"),
        inboxes.c.channel,
    )
    .join(inboxes, inboxes.c.id == addresses.c.inbox_id)
    .where(addresses.c.contact_id.in_(same_person(bindparam("contact", type_=Text()))))
    .order_by(addresses.c.created_at)
)
_ALIASES = select(aliases.c.inbox_id, aliases.c.of_address, aliases.c.address).where(
    aliases.c.of_address.in_(select(addresses.c.address).where(addresses.c.contact_id.in_(same_person(bindparam("contact", type_=Text())))))
)
_ADD_MERGE = insert(merges).on_conflict_do_nothing()
_MOVE = update(merges).where(merges.c.into_id == bindparam("old")).values(into_id=bindparam("new"))
_SPLIT = delete(merges).where(merges.c.contact_id == bindparam("contact"))
_FOUND = (
    select(contacts.c.id, contacts.c.name, addresses.c.address, inboxes.c.name.label("inbox_name"))
    .join(addresses, addresses.c.contact_id == contacts.c.id)
    .join(inboxes, inboxes.c.id == addresses.c.inbox_id)
    .where(contacts.c.id.not_in(same_person(bindparam("contact", type_=Text()))))
    .order_by(contacts.c.created_at.desc())
    .limit(LONGEST_LIST)
)


_UNNAMED = (
    select(contacts.c.id, REPLY_ADDRESS.label("address"))
    .join(addresses, addresses.c.contact_id == contacts.c.id)
    .where(
        addresses.c.inbox_id == bindparam("inbox"),
        contacts.c.name.is_(None),
        select(conversations.c.id)
        .where(conversations.c.contact_id == contacts.c.id, conversations.c.last_message_at > bindparam("since"))
        .exists(),
    )
    .order_by(contacts.c.created_at.desc())
    .limit(bindparam("most"))
)
_NAME = update(contacts).where(contacts.c.id == bindparam("contact"), contacts.c.name.is_(None)).values(name=bindparam("told"))
_has_numbers = inboxes.c.channel.in_([kind.value for kind in _BY_NUMBER])


class Contacts:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, contact_id: str) -> Contact:
        """The whole person: of a merged contact, the one it was merged into. Raises NotFound."""
        async with self._db.read() as connection:
            person = await self._person(connection, contact_id)
            row = (await connection.execute(_ONE, {"contact": person})).one()
            merged = (await connection.execute(_MERGED, {"contact": person})).all()
            reached = (await connection.execute(_ADDRESSES, {"contact": person})).all()
            others = (await connection.execute(_ALIASES, {"contact": person})).all()
        return Contact(
            id=row.id,
            name=row.name or next((one.name for one in merged if one.name), None),
            language=row.language,
            addresses=tuple(_address(one, others) for one in reached),
            merged=tuple(MergedContact(id=one.contact_id, name=one.name, merged_by=one.merged_by, at=one.at) for one in merged),
            created_at=row.created_at,
        )

    async def merge(self, contact_id: str, other_id: str, *, manager_id: str) -> Contact:
        """Both are one person from now on. Safe to repeat. Raises NotFound, and Conflict for a contact with itself."""
        async with self._db.write() as connection:
            await self._db.lock(connection, "merges")
            person, other = await self._person(connection, contact_id), await self._person(connection, other_id)
            if contact_id == other_id:
                raise Conflict("A contact can't be merged with itself; choose another one")
            if person != other:
                await connection.execute(_MOVE, {"old": other, "new": person})
                values = {"contact_id": other, "into_id": person, "manager_id": manager_id, "at": datetime.now(UTC)}
                await connection.execute(_ADD_MERGE, values)
                await events.append(self._db, connection, "contact", conversation_id=None)
        return await self.get(person)

    async def split(self, contact_id: str) -> None:
        """Takes a merge back: the merged contact is a person of its own again. Raises NotFound if it is not merged."""
        async with self._db.write() as connection:
            await self._db.lock(connection, "merges")
            if (await connection.execute(_SPLIT, {"contact": contact_id})).rowcount == 0:
                raise NotFound(f"The contact {contact_id} is not merged into another one")
            await events.append(self._db, connection, "contact", conversation_id=None)

    async def likely_same(self, contact_id: str) -> Sequence[LikelySame]:
        """Contacts on any inbox with the same telephone number in an address, or with exactly the same name of two words or more."""
        contact = await self.get(contact_id)
        reached = (one for one in contact.addresses if one.channel in _BY_NUMBER)
        numbers = {digits for one in reached for name in (one.address, *one.also) if (digits := _number(name))}
        found: dict[str, LikelySame] = {}
        async with self._db.read() as connection:
            for digits in sorted(numbers):
                query = _FOUND.where(addresses.c.address.in_([digits, f"+{digits}"]), _has_numbers)
                for row in await connection.execute(query, {"contact": contact.id}):
                    found.setdefault(row.id, _likely(row, "the same telephone number"))
            if contact.name is not None and len(contact.name.split()) >= 2:
                query = _FOUND.where(contacts.c.name == literal(contact.name))
                for row in await connection.execute(query, {"contact": contact.id}):
                    found.setdefault(row.id, _likely(row, "the same name"))
        return list(found.values())[:LONGEST_LIST]

    async def search(self, contact_id: str, words: str) -> Sequence[LikelySame]:
        """Other people by a part of their name or address."""
        query = _FOUND.where(contacts.c.name.icontains(words, autoescape=True) | addresses.c.address.icontains(words, autoescape=True))
        async with self._db.read() as connection:
            return [_likely(row, "") for row in await connection.execute(query, {"contact": contact_id})]

    async def unnamed(self, inbox_id: str, *, since: datetime, limit: int) -> Sequence[tuple[str, str]]:
        """Contact and address of who has a conversation with a message since then, the newest first."""
        async with self._db.read() as connection:
            rows = await connection.execute(_UNNAMED, {"inbox": inbox_id, "since": since, "most": limit})
            return [(row.id, row.address) for row in rows]

    async def name(self, contact_id: str, name: str) -> None:
        """A name that came with a message meanwhile stays."""
        async with self._db.write() as connection:
            await connection.execute(_NAME, {"contact": contact_id, "told": name})
            await events.append(self._db, connection, "contact")

    async def _person(self, connection: AsyncConnection, contact_id: str) -> str:
        if (await connection.execute(_ONE, {"contact": contact_id})).first() is None:
            raise NotFound(f"There is no contact {contact_id}")
        into: str | None = (await connection.execute(_INTO, {"contact": contact_id})).scalar_one_or_none()
        return into or contact_id


def _address(row: AnyRow, others: Sequence[AnyRow]) -> ContactAddress:
    names = [row.first_address, *(one.address for one in others if one.inbox_id == row.inbox_id and one.of_address == row.first_address)]
    return ContactAddress(
        contact_id=row.contact_id,
        inbox_id=row.inbox_id,
        inbox_name=row.inbox_name,
        channel=ChannelKind(row.channel),
        address=row.address,
        also=tuple(name for name in names if name != row.address),
    )


def _number(address: str) -> str:
    """The digits, if the address is a telephone number."""
    plain = address.removeprefix("+")
    return plain if plain.isascii() and plain.isdecimal() and 7 <= len(plain) <= 15 else ""


def _likely(row: AnyRow, because: str) -> LikelySame:
    return LikelySame(id=row.id, name=row.name, address=row.address, inbox_name=row.inbox_name, because=because)
