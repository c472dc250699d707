"""What managers judged of the bot's answers, for the confidence of this installation."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses

from domain.recalibration import MOST_JUDGEMENTS, Adjustment, JudgedBy, Judgement, fit
from storage.database import Database
from storage.tables import judgements

_NEWEST = select(judgements.c.confidence, judgements.c.right).order_by(judgements.c.at.desc()).limit(MOST_JUDGEMENTS)
_OF_TURN = select(judgements.c.right, judgements.c.judged_by).where(judgements.c.turn_id == bindparam("turn"))
_add = insert(judgements)
_GUESS = _add.on_conflict_do_nothing()
_SAY = _add.on_conflict_do_update(
    index_elements=["turn_id"], set_={name: _add.excluded[name] for name in ("right", "judged_by", "manager_id", "at")}
)


class Judgements:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, judgement: Judgement) -> None:
        """One for each turn: what a person says replaces what was there, what was only seen never does."""
        values = judgement.model_dump(exclude={"by"}) | {"judged_by": judgement.by.value}
        async with self._db.write() as connection:
            await connection.execute(_SAY if judgement.by is JudgedBy.PERSON else _GUESS, values)

    async def of_turn(self, turn_id: str) -> bool | None:
        """Whether the turn's answer was judged right; None if it was not judged."""
        async with self._db.read() as connection:
            row = (await connection.execute(_OF_TURN, {"turn": turn_id})).first()
        return None if row is None else bool(row.right)

    async def adjustment(self) -> Adjustment:
        async with self._db.read() as connection:
            rows: Sequence[tuple[float, bool]] = [(row.confidence, row.right) for row in await connection.execute(_NEWEST)]
        return fit(rows)

    async def forget(self) -> int:
        """All of them: the confidence is the release's again. Returns how many there were."""
        async with self._db.write() as connection:
            return int((await connection.execute(delete(judgements))).rowcount)
