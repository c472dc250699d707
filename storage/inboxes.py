"""Inboxes: where messages arrive, with their policy and their channel's settings."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.channels import ChannelFeatures, ChannelKind
from domain.errors import Conflict, InvalidInput, NotFound
from domain.managers import Inbox
from domain.policy import Policy
from storage.database import Database
from storage.inbox_settings import changed_policy, complete, split
from storage.mapping import AnyRow, Values, inbox_from, policy_from, settings_from, settings_json
from storage.secrets import Vault
from storage.tables import inboxes

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
LONGEST_SLUG = 40

_ONE = select(inboxes).where(inboxes.c.id == bindparam("inbox"))
_ONE_LOCKED = _ONE.with_for_update(key_share=True)
"""Keys may be referred to meanwhile: a new customer of this inbox does not wait."""
_ALL = select(inboxes).order_by(inboxes.c.created_at, inboxes.c.id)
_ADD = insert(inboxes).on_conflict_do_nothing().returning(inboxes.c.id)
_CHANGE = update(inboxes).where(inboxes.c.id == bindparam("inbox"))


def slug(name: str) -> str:
    """The name in lower-case ASCII letters, digits and hyphens; `inbox` if none of it can be kept."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or "inbox"


class Inboxes:
    """`features` says, per channel kind, which settings there are and which of them are secrets."""

    def __init__(self, db: Database, vault: Vault, features: Mapping[ChannelKind, ChannelFeatures]) -> None:
        self._db = db
        self._vault = vault
        self._features = features

    async def add(self, channel: ChannelKind, name: str, *, inbox_id: str | None, settings: Mapping[str, str]) -> Inbox:
        """Without an id, one is made from the name. Raises InvalidInput for a bad name, id or setting, Conflict if the id is taken."""
        if not name.strip():
            raise InvalidInput("An inbox needs a name")
        if inbox_id is not None and not _SLUG.fullmatch(inbox_id):
            raise InvalidInput("An inbox's id is made of lower-case letters, digits and hyphens, 63 at most")
        features = self._features_of(channel)
        own, for_policy = split(settings, features)
        values = {
            "channel": channel.value,
            "name": name.strip(),
            "policy": changed_policy(Policy(), for_policy).model_dump_json(),
            "policy_version": 1,
            "created_at": datetime.now(UTC),
            **self._stored(complete(own, features), features),
        }
        async with self._db.write() as connection:
            taken = await self._insert(connection, inbox_id, slug(name), values)
            return inbox_from(await self._row(connection, taken))

    async def _insert(self, connection: AsyncConnection, inbox_id: str | None, base: str, values: Values) -> str:
        """The id it was stored under."""
        if inbox_id is not None:
            if (await connection.execute(_ADD, {**values, "id": inbox_id})).first() is None:
                raise Conflict(f"There is an inbox {inbox_id} already; choose another id")
            return inbox_id
        number = 1
        while True:
            candidate = base if number == 1 else f"{base}-{number}"
            if (await connection.execute(_ADD, {**values, "id": candidate})).first() is not None:
                return candidate
            number += 1

    async def set(self, inbox_id: str, settings: Mapping[str, str]) -> Inbox:
        """Changes what is named and nothing else; an empty value takes a channel's setting away. The policy's version goes up.

        Raises NotFound and InvalidInput.
        """
        async with self._db.write() as connection:
            await self._db.lock(connection, f"inbox/{inbox_id}")
            row = await self._row(connection, inbox_id)
            features = self._features_of(ChannelKind(row.channel))
            own, for_policy = split(settings, features)
            changes: Values = {
                "policy": changed_policy(policy_from(row.policy), for_policy).model_dump_json(),
                "policy_version": row.policy_version + 1,
            }
            if own:
                changes |= self._stored(complete({**self._settings(row), **own}, features), features)
            await connection.execute(_CHANGE, {**changes, "inbox": inbox_id})
            return inbox_from(await self._row(connection, inbox_id))

    async def list(self) -> tuple[Inbox, ...]:
        """Oldest first."""
        async with self._db.read() as connection:
            return tuple(inbox_from(row) for row in await connection.execute(_ALL))

    async def get(self, inbox_id: str) -> Inbox:
        """Raises NotFound."""
        async with self._db.read() as connection:
            return inbox_from(await self._row(connection, inbox_id))

    async def credentials(self, inbox_id: str) -> dict[str, str]:
        """All of the channel's settings, the secret ones decrypted. Raises NotFound."""
        async with self._db.read() as connection:
            row = await self._row(connection, inbox_id)
        return self._settings(row)

    async def opened(self, inbox_id: str) -> tuple[Inbox, dict[str, str]]:
        """The inbox and its `credentials` in one read: every webhook asks for both. Raises NotFound."""
        async with self._db.read() as connection:
            row = await self._row(connection, inbox_id)
        return inbox_from(row), self._settings(row)

    async def settings_in(self, connection: AsyncConnection, inbox_id: str, *, lock: bool = False) -> dict[str, str]:
        """`credentials` inside a transaction; with `lock`, nobody else changes them until it ends. Raises NotFound."""
        if lock:
            await self._db.lock(connection, f"inbox/{inbox_id}")
        found = (await connection.execute(_ONE_LOCKED if lock else _ONE, {"inbox": inbox_id})).first()
        if found is None:
            raise NotFound(f"There is no inbox {inbox_id}")
        return self._settings(found)

    async def replace_settings(self, connection: AsyncConnection, inbox_id: str, settings: Mapping[str, str]) -> None:
        """The channel's own, all of them. Raises NotFound."""
        row = await self._row(connection, inbox_id)
        stored = self._stored(settings, self._features_of(ChannelKind(row.channel)))
        await connection.execute(_CHANGE, {**stored, "inbox": inbox_id})

    async def _row(self, connection: AsyncConnection, inbox_id: str) -> AnyRow:
        row = (await connection.execute(_ONE, {"inbox": inbox_id})).first()
        if row is None:
            raise NotFound(f"There is no inbox {inbox_id}")
        return row

    def _features_of(self, channel: ChannelKind) -> ChannelFeatures:
        if channel not in self._features:
            raise InvalidInput(f"The channel {channel.value} is not available; there are: {', '.join(sorted(self._features))}")
        return self._features[channel]

    def _settings(self, row: AnyRow) -> dict[str, str]:
        return {**settings_from(row.public_settings), **settings_from(self._vault.decrypt(row.credentials))}

    def _stored(self, own: Mapping[str, str], features: ChannelFeatures) -> Values:
        public = {name: value for name, value in own.items() if name not in features.secret_settings}
        secret = {name: value for name, value in own.items() if name in features.secret_settings}
        return {"public_settings": settings_json(public), "credentials": self._vault.encrypt(settings_json(secret))}
