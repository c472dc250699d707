"""Slows down who guesses passwords: by e-mail address, whoever tries, and by source, whatever address it tries."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import TooManyAttempts
from storage.database import Database
from storage.secrets import hashed
from storage.tables import sign_in_attempts

WINDOW = timedelta(minutes=15)
MOST_PER_EMAIL = 5
MOST_PER_SOURCE = 20
FIRST_WAIT_SECONDS = 30.0
"""After the last allowed failure; it doubles with each further one, up to the window's length."""

_A = sign_in_attempts.c
_FAILED = select(func.count(), func.max(_A.at)).where(_A.at > bindparam("since"))
_OF_EMAIL = _FAILED.where(_A.email_hash == bindparam("email"))
_OF_SOURCE = _FAILED.where(_A.source == bindparam("source"))


async def begin(db: Database, connection: AsyncConnection, email: str, source: str) -> str:
    """Writes the attempt down as failed before the password is looked at, so that many at once can't slip through; returns its id.

    Raises TooManyAttempts; such an attempt is not counted.
    """
    await db.lock(connection, "sign-in")
    now = datetime.now(UTC)
    await connection.execute(delete(sign_in_attempts).where(_A.at <= now - WINDOW))
    wait = 0.0
    for query, names, most in (
        (_OF_EMAIL, {"email": hashed(email)}, MOST_PER_EMAIL),
        (_OF_SOURCE, {"source": source}, MOST_PER_SOURCE),
    ):
        count, last = (await connection.execute(query, {**names, "since": now - WINDOW})).one()
        if count >= most:
            pause = min(FIRST_WAIT_SECONDS * 2 ** (count - most), WINDOW.total_seconds())
            wait = max(wait, pause - (now - last).total_seconds())
    if wait > 0:
        raise TooManyAttempts("Too many attempts to sign in; wait a little and try again", retry_after=wait)
    attempt = str(uuid4())
    await connection.execute(insert(sign_in_attempts), {"id": attempt, "email_hash": hashed(email), "source": source, "at": now})
    return attempt


async def succeed(connection: AsyncConnection, attempt: str, email: str) -> None:
    """Forgets the failures of an address whose owner came in; those of the source stay, this attempt apart."""
    await connection.execute(delete(sign_in_attempts).where((_A.id == attempt) | (_A.email_hash == hashed(email))))
