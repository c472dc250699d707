"""What each person wants to be told, and when not."""

from collections.abc import Mapping

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses

from domain.notices import NoticePreferences
from storage.database import Database
from storage.tables import notice_preferences

_ONE = select(notice_preferences.c.preferences).where(notice_preferences.c.manager_id == bindparam("id"))
_ADD = insert(notice_preferences)
_PUT = _ADD.on_conflict_do_update(index_elements=["manager_id"], set_={"preferences": _ADD.excluded.preferences})


class Preferences:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, manager_id: str) -> NoticePreferences:
        """The defaults for whoever has set none."""
        async with self._db.read() as connection:
            stored = (await connection.execute(_ONE, {"id": manager_id})).scalar_one_or_none()
        return NoticePreferences() if stored is None else NoticePreferences.model_validate_json(stored)

    async def set(self, manager_id: str, preferences: NoticePreferences) -> None:
        async with self._db.write() as connection:
            await connection.execute(_PUT, {"manager_id": manager_id, "preferences": preferences.model_dump_json()})

    async def all(self) -> Mapping[str, NoticePreferences]:
        """Of everybody who has set some, by the manager's id."""
        async with self._db.read() as connection:
            rows = await connection.execute(select(notice_preferences))
            return {row.manager_id: NoticePreferences.model_validate_json(row.preferences) for row in rows}
