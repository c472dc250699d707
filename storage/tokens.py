"""Access tokens, exchanged under a lock, and what is known of them.

A row says something about one token only, by its hash: whoever sets another token, by whatever way, starts anew without more ado.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.alarms import ChannelAlarm, is_alarming
from domain.fetching import Renewal, TokenState
from domain.ports import Credentials
from storage.database import Database
from storage.inboxes import Inboxes
from storage.mapping import AnyRow, Values
from storage.secrets import hashed
from storage.tables import inboxes, tokens

RENEWAL_SECONDS = 8.0
"""A vendor that takes longer is asked again later: on SQLite nobody writes meanwhile, and others wait ten seconds."""

Renew = Callable[[Credentials], Awaitable[Renewal]]

_ONE = select(tokens).where(tokens.c.inbox_id == bindparam("inbox"))
_WITH_PROBLEM = (
    select(tokens, inboxes.c.name, inboxes.c.channel)
    .join(inboxes, inboxes.c.id == tokens.c.inbox_id)
    .where(tokens.c.problem.is_not(None))
    .order_by(tokens.c.problem_since)
)
_ADD = insert(tokens).on_conflict_do_nothing()
_CHANGE = update(tokens).where(tokens.c.inbox_id == bindparam("inbox"))
_WARNED = update(tokens).where(tokens.c.inbox_id == bindparam("inbox"), tokens.c.problem.is_not(None))


class Tokens:
    def __init__(self, db: Database, inboxes: Inboxes) -> None:
        self._db = db
        self._inboxes = inboxes

    async def state(self, inbox_id: str) -> tuple[Credentials, TokenState]:
        """The inbox's settings, and what is known of the access token among them. Raises NotFound."""
        async with self._db.read() as connection:
            credentials = await self._inboxes.settings_in(connection, inbox_id)
            row = (await connection.execute(_ONE, {"inbox": inbox_id})).first()
        if row is not None and row.token_hash == _hash_of(credentials):
            return credentials, _state_from(row)
        async with self._db.write() as connection:
            credentials = await self._inboxes.settings_in(connection, inbox_id, lock=True)
            return credentials, await self._met(connection, inbox_id, credentials)

    async def alarms(self, *, now: datetime) -> Sequence[ChannelAlarm]:
        """Of every inbox whose present token needs a person; oldest problem first."""
        async with self._db.read() as connection:
            rows = (await connection.execute(_WITH_PROBLEM)).all()
            known = [(row, await self._inboxes.settings_in(connection, row.inbox_id)) for row in rows]
        found = ((row, _state_from(row)) for row, credentials in known if row.token_hash == _hash_of(credentials))
        return [_alarm_from(row, state) for row, state in found if is_alarming(state, now=now)]

    async def rotate(self, inbox_id: str, spent: str, renew: Renew) -> tuple[Credentials, TokenState]:
        """Exchanges the access token, unless it is `spent` no more: then somebody was faster, and theirs is given back.

        The exchange and the storing are one transaction under the inbox's row lock. Raises NotFound.
        """
        credentials, state = await self._rotated(inbox_id, spent, renew)
        if state.problem is None or credentials.get("access_token", "") != spent:
            return credentials, state
        # A person may have set new tokens while ours were refused: the row is read once more before anybody gives up.
        return await self.state(inbox_id)

    async def _rotated(self, inbox_id: str, spent: str, renew: Renew) -> tuple[Credentials, TokenState]:
        async with self._db.write() as connection:
            credentials = await self._inboxes.settings_in(connection, inbox_id, lock=True)
            known = await self._met(connection, inbox_id, credentials)
            if credentials.get("access_token", "") != spent:
                return credentials, known
            renewal = await _within_limit(renew, credentials)
            if renewal.problem is not None:
                return credentials, await self._failed(connection, inbox_id, known, renewal.problem, dead=renewal.final)
            renewed = {**credentials, **renewal.settings}
            await self._inboxes.replace_settings(connection, inbox_id, renewed)
            ends = None if renewal.expires_in is None else datetime.now(UTC) + timedelta(seconds=renewal.expires_in)
            return renewed, await self._begun(connection, inbox_id, renewed, ends)

    async def refused(self, inbox_id: str, spent: str, problem: str) -> None:
        """Nobody can renew it. Raises NotFound."""
        async with self._db.write() as connection:
            credentials = await self._inboxes.settings_in(connection, inbox_id, lock=True)
            known = await self._met(connection, inbox_id, credentials)
            if credentials.get("access_token", "") == spent:
                await self._failed(connection, inbox_id, known, problem, dead=True)

    async def warned(self, inbox_id: str) -> None:
        async with self._db.write() as connection:
            await connection.execute(_WARNED.values(warned_at=datetime.now(UTC)), {"inbox": inbox_id})

    async def _met(self, connection: AsyncConnection, inbox_id: str, credentials: Credentials) -> TokenState:
        """What is known of the present token; nothing but that it is here, if it is new."""
        row = (await connection.execute(_ONE, {"inbox": inbox_id})).first()
        if row is not None and row.token_hash == _hash_of(credentials):
            return _state_from(row)
        return await self._begun(connection, inbox_id, credentials, None)

    async def _begun(self, connection: AsyncConnection, inbox_id: str, credentials: Credentials, ends: datetime | None) -> TokenState:
        values: Values = {
            "token_hash": _hash_of(credentials),
            "seen_at": datetime.now(UTC),
            "expires_at": ends,
            "problem": None,
            "problem_since": None,
            "dead": False,
            "warned_at": None,
        }
        if (await connection.execute(_CHANGE.values(values), {"inbox": inbox_id})).rowcount == 0:
            await connection.execute(_ADD, {**values, "inbox_id": inbox_id})
        return TokenState(seen_at=values["seen_at"], expires_at=ends)

    async def _failed(self, connection: AsyncConnection, inbox_id: str, known: TokenState, problem: str, *, dead: bool) -> TokenState:
        since = known.problem_since or datetime.now(UTC)
        values: Values = {"problem": problem, "problem_since": since, "dead": dead}
        await connection.execute(_CHANGE.values(values), {"inbox": inbox_id})
        return known.model_copy(update=values)


async def _within_limit(renew: Renew, credentials: Credentials) -> Renewal:
    try:
        async with asyncio.timeout(RENEWAL_SECONDS):
            return await renew(credentials)
    except TimeoutError:
        return Renewal(problem="The access_token could not be renewed: no answer in time")


def _hash_of(credentials: Credentials) -> str:
    """A new refresh token starts anew too: it may mend what the old one could not."""
    return hashed(
        f"{credentials.get('access_token', '')}\x1f{credentials.get('refresh_token', '')}\x1f{credentials.get('client_secret', '')}"
    )


def _state_from(row: AnyRow) -> TokenState:
    return TokenState(
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        problem=row.problem,
        problem_since=row.problem_since,
        dead=row.dead,
        warned_at=row.warned_at,
    )


def _alarm_from(row: AnyRow, state: TokenState) -> ChannelAlarm:
    return ChannelAlarm(
        inbox_id=row.inbox_id,
        inbox_name=row.name,
        channel=row.channel,
        problem=row.problem,
        since=row.problem_since,
        ends_at=None if state.dead else state.expires_at,
        told=state.warned_at is not None,
    )
