"""Telephone numbers that were proved by a code, second factors, and customers' identity checks."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses

from domain.errors import InvalidInput
from domain.verification import IdentityCheck, VerifiedPhone
from storage import throttle
from storage.database import Database
from storage.mapping import AnyRow
from storage.secrets import Vault
from storage.tables import identity_checks, managers, verified_phones

_V = verified_phones.c
_OF = (
    select(verified_phones)
    .join(managers, managers.c.id == _V.manager_id)
    .where(_V.manager_id == bindparam("who"), managers.c.phone == _V.phone)
)
"""A number that was changed since is not verified."""
_ADD = insert(verified_phones)
_PUT = _ADD.on_conflict_do_update(
    index_elements=["manager_id"], set_={name: _ADD.excluded[name] for name in ("phone", "verified_at", "second_factor")}
)
_I = identity_checks.c
_LAST = select(identity_checks).where(_I.conversation_id == bindparam("conversation")).order_by(_I.started_at.desc(), _I.id).limit(1)


class Verified:
    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    # Managers

    async def phone(self, manager_id: str) -> VerifiedPhone | None:
        async with self._db.read() as connection:
            row = (await connection.execute(_OF, {"who": manager_id})).first()
        return None if row is None else VerifiedPhone(phone=row.phone, verified_at=row.verified_at, second_factor=row.second_factor)

    async def confirm(self, manager_id: str, phone: str) -> None:
        """The number is the manager's from now on. A second factor goes on with it."""
        before = await self.phone(manager_id)
        values = {
            "manager_id": manager_id,
            "phone": phone,
            "verified_at": datetime.now(UTC),
            "second_factor": before is not None and before.second_factor,
        }
        async with self._db.write() as connection:
            await connection.execute(update(managers).where(managers.c.id == manager_id).values(phone=phone))
            await connection.execute(_PUT, values)

    async def set_second_factor(self, manager_id: str, on: bool) -> None:
        """Raises InvalidInput without a verified number."""
        if await self.phone(manager_id) is None:
            raise InvalidInput("Verify your telephone number first")
        async with self._db.write() as connection:
            await connection.execute(update(verified_phones).where(_V.manager_id == manager_id).values(second_factor=on))

    async def drop_second_factor(self, manager_id: str) -> None:
        """For an owner, when somebody has lost the telephone."""
        async with self._db.write() as connection:
            await connection.execute(update(verified_phones).where(_V.manager_id == manager_id).values(second_factor=False))

    async def attempt(self, what: str, source: str) -> str:
        """Counts one attempt; the id is for `succeed`. Raises TooManyAttempts."""
        async with self._db.write() as connection:
            return await throttle.begin(self._db, connection, what, source)

    async def succeed(self, attempt: str, what: str) -> None:
        async with self._db.write() as connection:
            await throttle.succeed(connection, attempt, what)

    # Customers

    async def start_check(self, conversation_id: str, phone: str, manager_id: str) -> None:
        values = {
            "id": str(uuid4()),
            "conversation_id": conversation_id,
            "sealed": self._vault.encrypt(phone),
            "started_by": manager_id,
            "started_at": datetime.now(UTC),
        }
        async with self._db.write() as connection:
            await connection.execute(insert(identity_checks), values)

    async def last_check(self, conversation_id: str) -> IdentityCheck | None:
        async with self._db.read() as connection:
            row = (await connection.execute(_LAST, {"conversation": conversation_id})).first()
        return None if row is None else self._check(row)

    async def confirm_check(self, check_id: str) -> None:
        async with self._db.write() as connection:
            await connection.execute(update(identity_checks).where(_I.id == check_id).values(confirmed_at=datetime.now(UTC)))

    def _check(self, row: AnyRow) -> IdentityCheck:
        return IdentityCheck(
            id=row.id,
            conversation_id=row.conversation_id,
            phone=self._vault.decrypt(row.sealed),
            started_at=row.started_at,
            confirmed_at=row.confirmed_at,
        )
