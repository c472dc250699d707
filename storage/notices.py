"""The notice ledger: whom a flagged conversation owes a notice, by which medium, and how often a person is told.

A row is one rung of one flag for one person by one medium. It is owed; claimed, together with everything else that is owed to the same
person by the same medium, before anything is sent; and settled. A gate for each person and medium opens some time after the last
message: what comes up before stands in the next one.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.conversations import HandOff
from domain.ids import derived_id
from domain.ladder import PACES, Medium, NoticeState, Rung
from domain.notices import Debt, Digest, NoticeLine, WaitingCustomer
from domain.turns import Notice
from domain.windows import REMINDER
from storage import events
from storage.audience import audience, is_to_be_told
from storage.database import Database
from storage.mapping import AnyRow, Values, manager_from
from storage.tables import IS_UNSETTLED, conversations, inboxes, managers, notice_gates, notices

LOST_AFTER = timedelta(seconds=90)
"""A claim that was neither settled nor given back for so long: its worker has stopped. An attempt to tell lasts 60 s at most."""

LOST = "The worker stopped while it told; it may have arrived"

_N = notices.c
_KEY = ("conversation_id", "flagged_at", "rung", "manager_id", "medium")
_OF_NOTICE = and_(
    _N.conversation_id == bindparam("conversation_id"), _N.flagged_at == bindparam("flagged_at"), _N.rung == bindparam("rung")
)
_KNOWN = select(_N.manager_id, _N.medium).where(_OF_NOTICE)
_gate = and_(notice_gates.c.manager_id == _N.manager_id, notice_gates.c.medium == _N.medium)
_DEBTS = (
    select(_N.manager_id, _N.medium, _N.state, _N.due_at, _N.claimed_at, notice_gates.c.opens_at)
    .select_from(notices.outerjoin(notice_gates, _gate))
    .where(_OF_NOTICE, IS_UNSETTLED)
)
_OF_PERSON = and_(_N.manager_id == bindparam("manager"), _N.medium == bindparam("by"))
_OPENS = select(notice_gates.c.opens_at).where(notice_gates.c.manager_id == bindparam("manager"), notice_gates.c.medium == bindparam("by"))
_OWED_TO = (
    select(
        *(_N[name] for name in _KEY),
        _N.inbox_id,
        _N.reason,
        conversations.c.status,
        conversations.c.hand_off,
        conversations.c.waiting_since,
        inboxes.c.name.label("inbox_name"),
    )
    .select_from(notices.outerjoin(conversations, conversations.c.id == _N.conversation_id).outerjoin(inboxes, inboxes.c.id == _N.inbox_id))
    .where(_OF_PERSON, _N.state == NoticeState.OWED.value, _N.due_at <= bindparam("now"))
    .order_by(_N.flagged_at, _N.conversation_id)
)
_ANY_DUE = select(_N.conversation_id).where(_OF_PERSON, _N.state == NoticeState.OWED.value, _N.due_at <= bindparam("now")).limit(1)
_LOSE = (
    update(notices)
    .where(_OF_PERSON, _N.state == NoticeState.SENDING.value, _N.claimed_at <= bindparam("before"))
    .values(state=NoticeState.UNKNOWN.value, error=LOST, settled_at=bindparam("now"))
)
_SET = update(notices).where(*(_N[name] == bindparam(f"the_{name}") for name in _KEY))
_LINES = (
    select(notices, managers.c.name.label("manager_name"), conversations.c.status, conversations.c.waiting_since)
    .join(managers, managers.c.id == _N.manager_id)
    .outerjoin(conversations, conversations.c.id == _N.conversation_id)
    .where(_N.conversation_id == bindparam("conversation_id"))
    .order_by(_N.flagged_at, _N.owed_at, managers.c.name)
)
_PERSON = select(managers).where(managers.c.id == bindparam("manager"))
_ADD = insert(notices).on_conflict_do_nothing()
_GATE = insert(notice_gates)
_SET_GATE = _GATE.on_conflict_do_update(index_elements=["manager_id", "medium"], set_={"opens_at": _GATE.excluded.opens_at})


class Notices:
    """`proved_only`: SMS go only to numbers that a code has proved; for where codes can be sent."""

    def __init__(self, db: Database, *, proved_only: bool = False) -> None:
        self._db = db
        self._proved_only = proved_only

    async def owe(self, notice: Notice, media: Collection[Medium], *, now: datetime) -> None:
        """Writes down whom this rung tells, by those of the media that are set up. Who stands there already is not told again; who comes
        to be told later, because the conversation is offered to the next person, is added."""
        async with self._db.read() as connection:
            if not await self._missing(connection, notice, media, now):
                return
        async with self._db.write() as connection:
            await self._db.lock(connection, "notices")
            for debt in await self._missing(connection, notice, media, now):
                await self._gather(connection, debt, now)
                values = {
                    **_names(notice),
                    "manager_id": debt.manager_id,
                    "medium": debt.medium.value,
                    "inbox_id": notice.inbox_id,
                    "reason": notice.reason,
                    "state": NoticeState.OWED.value,
                    "owed_at": now,
                    "due_at": debt.not_before,
                }
                await connection.execute(_ADD, values)

    async def _missing(self, connection: AsyncConnection, notice: Notice, media: Collection[Medium], now: datetime) -> Sequence[Debt]:
        told = await audience(connection, notice, media, now=now, proved_only=self._proved_only)
        known = {(row.manager_id, row.medium) for row in await connection.execute(_KNOWN, _names(notice))}
        return [debt for debt in told if (debt.manager_id, debt.medium.value) not in known]

    async def _gather(self, connection: AsyncConnection, debt: Debt, now: datetime) -> None:
        """The first of many waits for the others; what waits already is not put off by one more."""
        who = {"manager": debt.manager_id, "by": debt.medium.value}
        opens_at = (await connection.execute(_OPENS, who)).scalar_one_or_none()
        if opens_at is not None and opens_at > now:
            return
        if (await connection.execute(_ANY_DUE, {**who, "now": now})).first() is None:
            await self._open_gate(connection, debt.manager_id, debt.medium, debt.not_before + PACES[debt.medium].gather)

    async def _open_gate(self, connection: AsyncConnection, manager_id: str, medium: Medium, at: datetime) -> None:
        await connection.execute(_SET_GATE, {"manager_id": manager_id, "medium": medium.value, "opens_at": at})

    async def debts(self, notice: Notice) -> Sequence[Debt]:
        """Whom this rung still has to tell, and when each may be told."""
        async with self._db.read() as connection:
            rows = await connection.execute(_DEBTS, _names(notice))
            return [Debt(manager_id=row.manager_id, medium=row.medium, not_before=_not_before(row)) for row in rows]

    async def claim(self, debt: Debt, *, now: datetime) -> Digest | None:
        """Everything that this person may be told now by this medium, in one message; None while the gate is shut, or nothing is left.

        From its commit on the rows count as being told: whoever dies before settling them has told for the last time. Rows of
        conversations that somebody has taken are passed over.
        """
        who = {"manager": debt.manager_id, "by": debt.medium.value}
        async with self._db.write() as connection:
            await self._db.lock(connection, "notices")
            await connection.execute(_LOSE, {**who, "before": now - LOST_AFTER, "now": now})
            opens_at = (await connection.execute(_OPENS, who)).scalar_one_or_none()
            if opens_at is not None and opens_at > now:
                return None
            rows = (await connection.execute(_OWED_TO, {**who, "now": now})).all()
            waits = [row for row in rows if _still_waits(row)]
            await _change(connection, [row for row in rows if row not in waits], state=NoticeState.PASSED, settled_at=now)
            if not waits:
                return None
            person = manager_from((await connection.execute(_PERSON, who)).one())
            # Made of what the message tells, so that the same message, tried again, has the same id.
            digest_id = derived_id(
                "digest", debt.manager_id, debt.medium, *(f"{row.conversation_id}/{row.flagged_at}/{row.rung}" for row in waits)
            )
            await _change(connection, waits, state=NoticeState.SENDING, claimed_at=now, digest_id=digest_id)
            await self._open_gate(connection, debt.manager_id, debt.medium, now + PACES[debt.medium].pause)
        return Digest(id=digest_id, medium=debt.medium, person=person, waiting=tuple(map(_waiting, waits)), at=now)

    async def settle(self, digest: Digest, *, now: datetime, error: str | None = None) -> None:
        """Told; or, with an error, given up for good. The next message to this person comes no sooner than the pause after now."""
        state = NoticeState.TOLD if error is None else NoticeState.FAILED
        await self._end(digest, now, state=state, settled_at=now, error=error)

    async def put_back(self, digest: Digest, *, now: datetime, error: str, retry_after: timedelta) -> None:
        """Owed again after an attempt that told nothing; the error is shown until it is told."""
        await self._end(digest, now, state=NoticeState.OWED, due_at=now + retry_after, error=error, claimed_at=None)

    async def _end(self, digest: Digest, now: datetime, *, error: str | None, **changes: object) -> None:
        async with self._db.write() as connection:
            await self._db.lock(connection, "notices")
            rows = await connection.execute(
                select(*(_N[name] for name in _KEY)).where(
                    _N.digest_id == digest.id, _N.manager_id == digest.person.id, _N.state == NoticeState.SENDING.value
                )
            )
            await _change(connection, rows.all(), error=error, **changes)
            await self._open_gate(connection, digest.person.id, digest.medium, now + PACES[digest.medium].pause)
            if error is not None:
                for customer in digest.waiting:
                    await events.append(self._db, connection, "conversation", conversation_id=customer.conversation_id)

    async def lines(self, conversation_id: str) -> Sequence[NoticeLine]:
        """What was told, to whom, and what is still owed, in the order of the ladder. Nothing is owed once nobody waits any more."""
        async with self._db.read() as connection:
            rows = await connection.execute(_LINES, {"conversation_id": conversation_id})
            return [
                NoticeLine(
                    flagged_at=datetime.fromisoformat(row.flagged_at),
                    rung=row.rung,
                    medium=row.medium,
                    manager_id=row.manager_id,
                    manager_name=row.manager_name,
                    state=NoticeState.PASSED if row.state == NoticeState.OWED.value and not is_to_be_told(row, row.reason) else row.state,
                    due_at=row.due_at,
                    settled_at=row.settled_at,
                    error=row.error,
                )
                for row in rows
            ]


def _names(notice: Notice) -> Values:
    return {"conversation_id": notice.conversation_id, "rung": notice.rung.value, "flagged_at": notice.flagged_at}


def _not_before(row: AnyRow) -> datetime:
    if row.state == NoticeState.SENDING.value:
        lost_at: datetime = row.claimed_at + LOST_AFTER
        return lost_at
    due: datetime = row.due_at
    return due if row.opens_at is None else max(due, row.opens_at)


def _still_waits(row: AnyRow) -> bool:
    """The conversation is flagged, and it is the same flag; or the customer waits while the reply window closes, whoever has it."""
    if not is_to_be_told(row, row.reason):
        return False
    if row.reason == REMINDER:
        return True
    return bool(row.hand_off) and HandOff.model_validate_json(row.hand_off).at == datetime.fromisoformat(row.flagged_at)


def _waiting(row: AnyRow) -> WaitingCustomer:
    return WaitingCustomer(
        conversation_id=row.conversation_id,
        inbox_id=row.inbox_id,
        inbox_name=row.inbox_name or row.inbox_id,
        rung=Rung(row.rung),
        reason=row.reason,
        flagged_at=datetime.fromisoformat(row.flagged_at),
    )


async def _change(connection: AsyncConnection, rows: Sequence[AnyRow], **changes: object) -> None:
    if rows:
        values = {name: value.value if isinstance(value, NoticeState) else value for name, value in changes.items()}
        await connection.execute(_SET.values(**values), [{f"the_{name}": getattr(row, name) for name in _KEY} for row in rows])
