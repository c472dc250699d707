"""Who was told about a flagged conversation, per step of the ladder, so that nobody is told twice."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses

from domain.managers import Manager, Role
from domain.turns import Notice
from storage.database import Database
from storage.mapping import Values, manager_from
from storage.tables import managers, notices

SMS = "sms"

_told = select(notices.c.manager_id).where(
    notices.c.conversation_id == bindparam("conversation_id"),
    notices.c.rung == bindparam("rung"),
    notices.c.flagged_at == bindparam("flagged_at"),
)
_OPEN = (
    select(managers).where(managers.c.role != Role.VIEWER.value, managers.c.id.not_in(_told)).order_by(managers.c.created_at, managers.c.id)
)
_OPEN_BY_PHONE = _OPEN.where(managers.c.phone.is_not(None))
_ADD = insert(notices).on_conflict_do_nothing()


class Notices:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, notice: Notice) -> Sequence[Manager]:
        """Who may answer, can be reached on this rung, and was not told of it yet."""
        query = _OPEN_BY_PHONE if notice.rung == SMS else _OPEN
        async with self._db.read() as connection:
            return [manager_from(row) for row in await connection.execute(query, _names(notice))]

    async def told(self, notice: Notice, manager_id: str, *, error: str | None = None) -> None:
        """Also with an error, which is for good: who can't be reached is not tried again on this rung."""
        async with self._db.write() as connection:
            await connection.execute(_ADD, {**_names(notice), "manager_id": manager_id, "error": error, "told_at": datetime.now(UTC)})


def _names(notice: Notice) -> Values:
    return {"conversation_id": notice.conversation_id, "rung": notice.rung, "flagged_at": notice.flagged_at}
