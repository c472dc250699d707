"""Who is there, whom conversations may be offered to, and how much each has."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, or_, select, update

from domain.dealing import primary
from domain.errors import InvalidInput, NotFound
from domain.hours import parse_hours
from domain.managers import AWAY_AFTER, Attending, Availability, Manager
from storage import events
from storage.database import Database
from storage.line import team_of
from storage.mapping import Values, manager_from, texts_json
from storage.tables import inboxes, managers

SEEN_WRITTEN_EVERY = timedelta(seconds=30)
"""A sign of life may be written this much late, so that reading pages does not write each time."""

_M = managers.c
_SEEN = (
    update(managers)
    .where(_M.id == bindparam("manager"), or_(_M.seen_at.is_(None), _M.seen_at < bindparam("stale")))
    .values(seen_at=bindparam("at"))
)
_CHANGE = update(managers).where(_M.id == bindparam("manager"))
_ONE = select(managers).where(_M.id == bindparam("manager"))


class Attendance:
    def __init__(self, db: Database, *, away_after: timedelta = AWAY_AFTER) -> None:
        self._db = db
        self._away_after = away_after
        self._seen: dict[str, datetime] = {}

    async def seen(self, manager_id: str, at: datetime | None = None) -> None:
        """A sign of life. Cheap to call often: written every half minute at most."""
        now = at or datetime.now(UTC)
        last = self._seen.get(manager_id)
        if last is not None and last <= now < last + SEEN_WRITTEN_EVERY:
            return
        self._seen[manager_id] = now
        async with self._db.write() as connection:
            await connection.execute(_SEEN, {"manager": manager_id, "at": now, "stale": now - SEEN_WRITTEN_EVERY})

    async def say(self, manager_id: str, availability: Availability, at: datetime | None = None, *, alive: bool = True) -> Manager:
        """What a person says of themselves; a sign of life as well, unless somebody else says it. Raises NotFound."""
        now = at or datetime.now(UTC)
        said: Values = {"availability": availability.value, "availability_at": now}
        if alive:
            self._seen[manager_id] = now
            said["seen_at"] = now
        return await self._write(manager_id, said)

    async def change(
        self,
        manager_id: str,
        *,
        languages: Sequence[str] | None = None,
        inbox_ids: Sequence[str] | None = None,
        capacity: int | None = None,
        hours: str | None = None,
    ) -> Manager:
        """What is not None. Raises NotFound, and InvalidInput saying what can't be used."""
        changes: Values = {}
        if languages is not None:
            changes["languages"] = texts_json(_languages(languages))
        if inbox_ids is not None:
            changes["inboxes"] = texts_json(await self._inboxes(inbox_ids))
        if capacity is not None:
            if not 0 <= capacity <= 1_000:
                raise InvalidInput("The capacity is a number of conversations from 0 to 1000")
            changes["capacity"] = capacity
        if hours is not None:
            try:
                parse_hours(hours)
            except ValueError as error:
                raise InvalidInput(f"The working hours can't be read: {error}") from error
            changes["hours"] = hours.strip()
        return await self._write(manager_id, changes)

    async def _inboxes(self, named: Sequence[str]) -> tuple[str, ...]:
        async with self._db.read() as connection:
            known = set((await connection.execute(select(inboxes.c.id))).scalars())
        wanted = tuple(dict.fromkeys(name.strip() for name in named if name.strip()))
        if unknown := [name for name in wanted if name not in known]:
            raise InvalidInput(f"There is no inbox {', '.join(unknown)}; there are: {', '.join(sorted(known)) or 'none yet'}")
        return wanted

    async def _write(self, manager_id: str, changes: Values) -> Manager:
        async with self._db.write() as connection:
            if changes:
                await connection.execute(_CHANGE, {"manager": manager_id, **changes})
            row = (await connection.execute(_ONE, {"manager": manager_id})).first()
            if row is None:
                raise NotFound(f"There is no manager {manager_id}")
            await events.append(self._db, connection, "people")
        return manager_from(row)

    async def team(self, now: datetime | None = None) -> tuple[Attending, ...]:
        """Everybody who answers customers, by name, with whether they are there and how much they have."""
        at = now or datetime.now(UTC)
        async with self._db.read() as connection:
            places = await team_of(connection)
        found = [Attending(manager=place.person, present=place.person.present(at, self._away_after), load=place.load) for place in places]
        return tuple(sorted(found, key=lambda one: (one.manager.name, one.manager.id)))

    def present(self, manager: Manager, now: datetime | None = None) -> Availability:
        return manager.present(now or datetime.now(UTC), self._away_after)


def _languages(named: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(primary(name.strip()) for name in named if name.strip()))
    if bad := [name for name in wanted if not (name.isascii() and name.isalpha() and 2 <= len(name) <= 3)]:
        raise InvalidInput(f"{', '.join(bad)} is no language; use codes such as en, es, pt")
    return wanted
