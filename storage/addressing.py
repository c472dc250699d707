"""Who writes from an address: its contact and its conversation, also when the address is a new one of somebody known."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ids import conversation_key, derived_id, workflow_id
from storage.database import Database
from storage.mapping import AnyRow
from storage.tables import IS_OPEN, addresses, aliases, contacts, conversations, installation, merges

_OPEN_CONVERSATION = (
    select(conversations.c.id).where(conversations.c.workflow_id == addresses.c.workflow_id, IS_OPEN).limit(1).scalar_subquery()
)
_current = aliases.alias("current_alias")
_CURRENT = (
    select(_current.c.address)
    .where(_current.c.inbox_id == addresses.c.inbox_id, _current.c.of_address == addresses.c.address, _current.c.current.is_(True))
    .limit(1)
    .correlate(addresses)
    .scalar_subquery()
)
REPLY_ADDRESS = func.coalesce(_CURRENT, addresses.c.address)
"""Where a reply goes: the address that the customer wrote from last."""
_CHAIN = select(
    addresses.c.address,
    addresses.c.contact_id,
    addresses.c.workflow_id,
    contacts.c.name,
    REPLY_ADDRESS.label("reply_address"),
    _OPEN_CONVERSATION.label("conversation_id"),
).join(contacts, contacts.c.id == addresses.c.contact_id)
_BY_ADDRESS = _CHAIN.where(addresses.c.inbox_id == bindparam("inbox_id"), addresses.c.address == bindparam("address"))
_BY_ALIAS = _CHAIN.join(aliases, (aliases.c.inbox_id == addresses.c.inbox_id) & (aliases.c.of_address == addresses.c.address)).where(
    aliases.c.inbox_id == bindparam("inbox_id"), aliases.c.address == bindparam("address")
)
_KNOWN_ALIASES = select(aliases.c.address).where(
    aliases.c.inbox_id == bindparam("inbox_id"), aliases.c.of_address == bindparam("of_address")
)
_ADD_CONTACT = insert(contacts).on_conflict_do_nothing()
_ADD_ADDRESS = insert(addresses).on_conflict_do_nothing()
_ADD_ALIAS = insert(aliases).on_conflict_do_nothing()
_ADD_MERGE = insert(merges).on_conflict_do_nothing()
_NONE_CURRENT = (
    update(aliases).where(aliases.c.inbox_id == bindparam("of_inbox"), aliases.c.of_address == bindparam("of_chain")).values(current=False)
)
_ONE_CURRENT = (
    update(aliases).where(aliases.c.inbox_id == bindparam("of_inbox"), aliases.c.address == bindparam("now")).values(current=True)
)
_RENAME = update(contacts).where(contacts.c.id == bindparam("contact")).values(name=bindparam("new_name"))
_IDENTITY_KEY = select(installation.c.identity_key)
_ADD_IDENTITY_KEY = insert(installation).on_conflict_do_nothing()


class Addressee(NamedTuple):
    contact_id: str
    workflow_id: str
    conversation_id: str | None
    """Of the open conversation; None while there is none."""


async def addressee(
    db: Database, connection: AsyncConnection, inbox_id: str, address: str, *, also: Sequence[str] = (), name: str | None = None
) -> Addressee:
    """Who writes from `address`; a new contact if nobody has written from it or from one of `also`, which are the same person's.

    What is new among them is written down; replies go to `address` from now on.
    """
    chain = await _chain_of(connection, inbox_id, address)
    if chain is None:
        await db.lock(connection, f"addresses/{inbox_id}")
        chain = await _first_chain(connection, inbox_id, (address, *also))
    if chain is None:
        await _add(connection, inbox_id, address, name)
        chain = (await connection.execute(_BY_ADDRESS, {"inbox_id": inbox_id, "address": address})).one()
    elif name and name != chain.name:
        await connection.execute(_RENAME, {"contact": chain.contact_id, "new_name": name})
    if also or chain.reply_address != address:
        await _keep_names(connection, inbox_id, chain, (address, *also))
    if chain.reply_address != address:
        await connection.execute(_NONE_CURRENT, {"of_inbox": inbox_id, "of_chain": chain.address})
        await connection.execute(_ONE_CURRENT, {"of_inbox": inbox_id, "now": address})
    return Addressee(chain.contact_id, chain.workflow_id, chain.conversation_id)


async def known_addressee(connection: AsyncConnection, inbox_id: str, address: str) -> Addressee | None:
    """Writes nothing."""
    chain = await _chain_of(connection, inbox_id, address)
    return None if chain is None else Addressee(chain.contact_id, chain.workflow_id, chain.conversation_id)


async def _chain_of(connection: AsyncConnection, inbox_id: str, address: str) -> AnyRow | None:
    for query in (_BY_ADDRESS, _BY_ALIAS):
        chain = (await connection.execute(query, {"inbox_id": inbox_id, "address": address})).first()
        if chain is not None:
            return chain
    return None


async def _first_chain(connection: AsyncConnection, inbox_id: str, names: Sequence[str]) -> AnyRow | None:
    for name in names:
        if (chain := await _chain_of(connection, inbox_id, name)) is not None:
            return chain
    return None


async def _keep_names(connection: AsyncConnection, inbox_id: str, chain: AnyRow, names: Sequence[str]) -> None:
    """A name that has a conversation of its own keeps it: the two contacts are then one person, because the channel says so."""
    known = set((await connection.execute(_KNOWN_ALIASES, {"inbox_id": inbox_id, "of_address": chain.address})).scalars())
    now = datetime.now(UTC)
    for name in dict.fromkeys(names):
        if name in known or name == chain.address:
            continue
        own = (await connection.execute(_BY_ADDRESS, {"inbox_id": inbox_id, "address": name})).first()
        if own is None:
            values = {"inbox_id": inbox_id, "address": name, "of_address": chain.address, "current": False, "created_at": now}
            await connection.execute(_ADD_ALIAS, values)
        elif own.contact_id != chain.contact_id:
            values = {"contact_id": own.contact_id, "into_id": chain.contact_id, "manager_id": None, "at": now}
            await connection.execute(_ADD_MERGE, values)


async def _add(connection: AsyncConnection, inbox_id: str, address: str, name: str | None) -> None:
    key = conversation_key(await _identity_key(connection), address)
    contact_id, workflow, at = derived_id("contact", inbox_id, key), workflow_id(inbox_id, key), datetime.now(UTC)
    await connection.execute(_ADD_CONTACT, {"id": contact_id, "name": name or None, "created_at": at})
    values = {"inbox_id": inbox_id, "address": address, "contact_id": contact_id, "workflow_id": workflow, "created_at": at}
    await connection.execute(_ADD_ADDRESS, values)


async def _identity_key(connection: AsyncConnection) -> bytes:
    """The installation's identity key. Whoever comes first draws it; it never changes."""
    stored = (await connection.execute(_IDENTITY_KEY)).scalar_one_or_none()
    if stored is None:
        drawn = {"id": 1, "identity_key": secrets.token_bytes(32), "created_at": datetime.now(UTC)}
        await connection.execute(_ADD_IDENTITY_KEY, drawn)
        stored = (await connection.execute(_IDENTITY_KEY)).scalar_one()
    return bytes(stored)
