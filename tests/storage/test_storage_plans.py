"""What is asked all the time is answered from an index, however much was written before."""

from datetime import UTC, datetime

from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from domain.channels import RateLimit
from storage.database import Database
from storage.pacing import Pacing
from storage.unknown_sends import UnknownSends

ONE_A_MINUTE = (RateLimit(count=1, seconds=60, per_receiver=True),)


class Plans:
    """How the database goes about each statement that begins so, as it is executed."""

    def __init__(self, db: Database, beginning: str) -> None:
        self.words: list[str] = []
        self._explain = "EXPLAIN QUERY PLAN" if db.on_sqlite else "EXPLAIN"
        self._on_sqlite = db.on_sqlite
        self._beginning = beginning
        self._within = False
        for engine in (db._writer, db._reader) if db.on_sqlite else (db._writer,):
            event.listen(engine.sync_engine, "before_cursor_execute", self._before)

    def _before(self, connection: Connection, _cursor: object, statement: str, parameters: object, _context: object, _many: bool) -> None:
        if self._within or not statement.startswith(self._beginning):
            return
        self._within = True
        if not self._on_sqlite:
            # With next to nothing in a table, PostgreSQL reads all of it, whatever indexes there are.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        rows = connection.exec_driver_sql(f"{self._explain} {statement}", parameters).fetchall()  # type: ignore[arg-type] # as the driver got them
        self.words.append(" ".join(str(row) for row in rows))
        self._within = False


async def test_unknown_messages_are_found_by_their_own_index(db: Database) -> None:
    plans = Plans(db, "SELECT messages.")
    assert await UnknownSends(db).unknown("inbox", since=datetime.now(UTC)) == []
    (plan,) = plans.words
    assert "ix_messages_unknown" in plan


async def test_forgotten_places_are_found_by_their_time(db: Database) -> None:
    plans = Plans(db, "DELETE")
    for place in ("first", "second"):
        await Pacing(db).wait(place, "inbox", "ema", ONE_A_MINUTE)
    assert "ix_send_places_at" in plans.words[-1]
