"""How fast messages leave: one allowance for each inbox and each receiver, shared by all workers.

A limit of `count` in `seconds` lets that many through at once and then one at a time, evenly. Whoever has to wait gets a place, which is
kept: coming back for it takes no second one, and whoever came later stands behind.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.channels import RateLimit
from storage.database import Database
from storage.tables import send_places, send_rates

AT_ONCE = timedelta(milliseconds=20)
"""A place so near is now: a timer would take longer."""

FORGOTTEN_AFTER = timedelta(days=1)
"""A place that nobody came back for: its message was overtaken."""

_PLACE = select(send_places.c.at).where(send_places.c.id == bindparam("place"))
_LEAVE = delete(send_places).where(send_places.c.id == bindparam("place"))
_FORGET = delete(send_places).where(send_places.c.at < bindparam("before"))
_NEXT = select(send_rates.c.next_at).where(send_rates.c.key == bindparam("rate"))
_ADD_PLACE = insert(send_places).on_conflict_do_nothing()
_rate = insert(send_rates)
_SET_NEXT = _rate.on_conflict_do_update(index_elements=["key"], set_={"next_at": _rate.excluded.next_at})


class Pacing:
    """Implements the port of the same name."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def wait(self, place: str, inbox_id: str, receiver: str, limits: Sequence[RateLimit]) -> float:
        """Seconds until the message at this place may leave; 0 = now. The same place again changes nothing.

        First the receiver's turn, then the inbox's: a customer to whom much is written holds nobody else up.
        """
        own = [limit for limit in limits if limit.per_receiver]
        shared = [limit for limit in limits if not limit.per_receiver]
        stages = ((f"{place}/receiver", f"{inbox_id}/{receiver}", own), (f"{place}/inbox", inbox_id, shared))
        async with self._db.write() as connection:
            await self._db.lock(connection, f"pacing/{inbox_id}")
            now = datetime.now(UTC)
            for name, key, counted in stages:
                kept: datetime | None = (await connection.execute(_PLACE, {"place": name})).scalar_one_or_none()
                at = kept or await self._take(connection, key, counted, now)
                if kept is None:
                    await connection.execute(_ADD_PLACE, {"id": name, "at": at})
                if at > now + AT_ONCE:
                    await connection.execute(_FORGET, {"before": now - FORGOTTEN_AFTER})
                    return (at - now).total_seconds()
            for name, *_ in stages:
                await connection.execute(_LEAVE, {"place": name})
        return 0.0

    async def _take(self, connection: AsyncConnection, key: str, limits: Sequence[RateLimit], now: datetime) -> datetime:
        """The earliest time that every limit allows, which counts from now on."""
        nexts: list[tuple[str, timedelta, datetime]] = []
        at = now
        for number, limit in enumerate(limits):
            rate = f"{key}/{number}"
            next_at = (await connection.execute(_NEXT, {"rate": rate})).scalar_one_or_none() or now
            step = timedelta(seconds=limit.seconds / limit.count)
            nexts.append((rate, step, next_at))
            at = max(at, next_at - timedelta(seconds=limit.seconds) + step)
        for rate, step, next_at in nexts:
            await connection.execute(_SET_NEXT, {"key": rate, "next_at": max(next_at, at) + step})
        return at
