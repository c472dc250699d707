"""Managers and how they prove who they are: passwords, sign-in links, sessions and API keys."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from domain.managers import ApiKey, Manager, Role
from storage import throttle
from storage.database import Database
from storage.mapping import AnyRow, api_key_from, manager_from
from storage.secrets import hashed
from storage.tables import api_keys, managers, push_subscriptions, sessions, sign_in_links

SHORTEST_PASSWORD = 8
LINK_LIFETIME = timedelta(hours=24)
SESSION_LIFETIME = timedelta(days=30)
KEY_USE_WRITTEN_EVERY = timedelta(minutes=1)
"""An API key's `last_used_at` may lag this much, so that reading through the API does not write."""

_WRONG = "The e-mail address or the password is wrong"
_ONE = select(managers).where(managers.c.id == bindparam("id"))
_BY_EMAIL = select(managers).where(managers.c.email == bindparam("email"))
_FIRST_OWNER = select(managers).where(managers.c.role == Role.OWNER.value).order_by(managers.c.created_at, managers.c.id).limit(1)
_ADD = insert(managers).on_conflict_do_nothing().returning(managers.c.id)
_LINK = (
    select(managers)
    .join(sign_in_links, sign_in_links.c.manager_id == managers.c.id)
    .where(
        sign_in_links.c.token_hash == bindparam("token"),
        sign_in_links.c.used_at.is_(None),
        sign_in_links.c.expires_at > bindparam("now"),
    )
)
_USE_LINK = (
    update(sign_in_links)
    .where(
        sign_in_links.c.token_hash == bindparam("token"),
        sign_in_links.c.used_at.is_(None),
        sign_in_links.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(sign_in_links.c.manager_id)
)
_SESSION = (
    select(managers)
    .join(sessions, sessions.c.manager_id == managers.c.id)
    .where(sessions.c.token_hash == bindparam("token"), sessions.c.expires_at > bindparam("now"))
)
_KEY = (
    select(managers, api_keys.c.id.label("key_id"), api_keys.c.last_used_at)
    .join(api_keys, api_keys.c.manager_id == managers.c.id)
    .where(api_keys.c.key_hash == bindparam("key"), api_keys.c.revoked_at.is_(None))
)
_USE_KEY = update(api_keys).where(api_keys.c.id == bindparam("key")).values(last_used_at=bindparam("now"))


def _normal(email: str) -> str:
    normal = email.strip().lower()
    name, _, host = normal.rpartition("@")
    if not name or not host or any(character.isspace() for character in normal):
        raise InvalidInput("This is not an e-mail address")
    return normal


def _found(row: AnyRow | None) -> Manager | None:
    return None if row is None else manager_from(row)


class People:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._hasher = PasswordHasher()
        self._nobodys_hash: str | None = None

    async def add(self, email: str, name: str, role: Role, *, phone: str | None = None, password: str | None = None) -> Manager:
        """Raises InvalidInput for a bad address, name or password, Conflict if the address is known already."""
        normal = _normal(email)
        if not name.strip():
            raise InvalidInput("A manager needs a name")
        manager_id = str(uuid4())
        values = {
            "id": manager_id,
            "email": normal,
            "name": name.strip(),
            "role": role.value,
            "phone": phone or None,
            "password_hash": None if password is None else await self._hash(password),
            "created_at": datetime.now(UTC),
        }
        async with self._db.write() as connection:
            if (await connection.execute(_ADD, values)).first() is None:
                raise Conflict("There is a manager with this e-mail address already")
            return await self._get(connection, manager_id)

    async def list(self) -> tuple[Manager, ...]:
        """By name."""
        async with self._db.read() as connection:
            return tuple(manager_from(row) for row in await connection.execute(select(managers).order_by(managers.c.name, managers.c.id)))

    async def get(self, manager_id: str) -> Manager:
        """Raises NotFound."""
        async with self._db.read() as connection:
            return await self._get(connection, manager_id)

    async def by_email(self, email: str) -> Manager | None:
        async with self._db.read() as connection:
            return _found((await connection.execute(_BY_EMAIL, {"email": email.strip().lower()})).first())

    async def first_owner(self) -> Manager | None:
        async with self._db.read() as connection:
            return _found((await connection.execute(_FIRST_OWNER)).first())

    async def set_password(self, manager_id: str, password: str) -> None:
        """Raises InvalidInput if it is too short, NotFound."""
        stored = await self._hash(password)
        async with self._db.write() as connection:
            await self._get(connection, manager_id)
            await connection.execute(update(managers).where(managers.c.id == manager_id).values(password_hash=stored))

    async def check_password(self, email: str, password: str, *, source: str) -> Manager:
        """`source` is the address that the attempt came from.

        Raises PermissionDenied, in the same words and time whichever was wrong, and TooManyAttempts after several failures.
        """
        normal = email.strip().lower()
        async with self._db.write() as connection:
            attempt = await throttle.begin(self._db, connection, normal, source)
            row = (await connection.execute(_BY_EMAIL, {"email": normal})).first()
        if not await self._matches(row.password_hash if row is not None else None, password) or row is None:
            raise PermissionDenied(_WRONG)
        async with self._db.write() as connection:
            await throttle.succeed(connection, attempt, normal)
        return manager_from(row)

    async def new_sign_in_link(self, manager_id: str) -> str:
        """A token that signs in once, within 24 hours. Raises NotFound."""
        token = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        async with self._db.write() as connection:
            await self._get(connection, manager_id)
            await connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_at < now))
            values = {"token_hash": hashed(token), "manager_id": manager_id, "expires_at": now + LINK_LIFETIME}
            await connection.execute(insert(sign_in_links), values)
        return token

    async def peek_sign_in_link(self, token: str) -> Manager | None:
        """Whose link it is, without using it up."""
        async with self._db.read() as connection:
            return _found((await connection.execute(_LINK, {"token": hashed(token), "now": datetime.now(UTC)})).first())

    async def consume_sign_in_link(self, token: str) -> Manager:
        """Raises PermissionDenied if it was used, has expired or never existed."""
        async with self._db.write() as connection:
            used = (await connection.execute(_USE_LINK, {"token": hashed(token), "now": datetime.now(UTC)})).scalar_one_or_none()
            if used is None:
                raise PermissionDenied("This sign-in link was used or has expired; ask for a new one")
            return await self._get(connection, used)

    async def open_session(self, manager_id: str) -> str:
        """A token for a cookie; good for 30 days. Raises NotFound."""
        token = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        async with self._db.write() as connection:
            await self._get(connection, manager_id)
            await connection.execute(delete(sessions).where(sessions.c.expires_at < now))
            values = {"token_hash": hashed(token), "manager_id": manager_id, "created_at": now, "expires_at": now + SESSION_LIFETIME}
            await connection.execute(insert(sessions), values)
        return token

    async def session(self, token: str) -> Manager | None:
        async with self._db.read() as connection:
            return _found((await connection.execute(_SESSION, {"token": hashed(token), "now": datetime.now(UTC)})).first())

    async def close_session(self, token: str) -> None:
        """The browser is told nothing any more."""
        async with self._db.write() as connection:
            await connection.execute(delete(push_subscriptions).where(push_subscriptions.c.session_hash == hashed(token)))
            await connection.execute(delete(sessions).where(sessions.c.token_hash == hashed(token)))

    async def create_api_key(self, name: str, manager_id: str) -> tuple[ApiKey, str]:
        """The key and its secret, which is stored hashed and never shown again. Raises NotFound."""
        secret = f"fd_{secrets.token_urlsafe(32)}"
        values = {"id": str(uuid4()), "name": name, "key_hash": hashed(secret), "manager_id": manager_id, "created_at": datetime.now(UTC)}
        async with self._db.write() as connection:
            await self._get(connection, manager_id)
            await connection.execute(insert(api_keys), values)
            row = (await connection.execute(select(api_keys).where(api_keys.c.id == values["id"]))).one()
        return api_key_from(row), secret

    async def api_key(self, secret: str) -> Manager | None:
        """As whom a bearer of this secret acts; None if it was revoked or never existed."""
        now = datetime.now(UTC)
        async with self._db.read() as connection:
            row = (await connection.execute(_KEY, {"key": hashed(secret)})).first()
        if row is None:
            return None
        if row.last_used_at is None or now - row.last_used_at >= KEY_USE_WRITTEN_EVERY:
            async with self._db.write() as connection:
                await connection.execute(_USE_KEY, {"key": row.key_id, "now": now})
        return manager_from(row)

    async def revoke_api_key(self, key_id: str) -> None:
        """Raises NotFound."""
        async with self._db.write() as connection:
            if (await connection.execute(select(api_keys.c.id).where(api_keys.c.id == key_id))).first() is None:
                raise NotFound(f"There is no API key {key_id}")
            await connection.execute(
                update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=datetime.now(UTC))
            )

    async def api_keys(self) -> tuple[ApiKey, ...]:
        """Revoked ones included, oldest first."""
        async with self._db.read() as connection:
            rows = await connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
            return tuple(api_key_from(row) for row in rows)

    async def _get(self, connection: AsyncConnection, manager_id: str) -> Manager:
        row = (await connection.execute(_ONE, {"id": manager_id})).first()
        if row is None:
            raise NotFound(f"There is no manager {manager_id}")
        return manager_from(row)

    async def _hash(self, password: str) -> str:
        if len(password) < SHORTEST_PASSWORD:
            raise InvalidInput(f"A password has at least {SHORTEST_PASSWORD} characters")
        return await asyncio.to_thread(self._hasher.hash, password)

    async def _matches(self, stored: str | None, password: str) -> bool:
        """An unknown address is compared with nobody's hash, so that it takes as long as a wrong password."""
        if stored is None and self._nobodys_hash is None:
            self._nobodys_hash = await asyncio.to_thread(self._hasher.hash, secrets.token_urlsafe(32))
        against = stored or self._nobodys_hash
        assert against is not None
        try:
            return await asyncio.to_thread(self._hasher.verify, against, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
