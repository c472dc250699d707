"""SQLite for several processes: SQLAlchemy's aiosqlite dialect with few hops to the driver's thread.

The stock adapter makes four hops for a statement (cursor, execute, fetch, close); at 300 transactions a second they cost far more than
SQLite itself. Here a hop is made for what may wait or work long, and only for that:

- the first statement, which takes BEGIN along: BEGIN IMMEDIATE waits while another process writes;
- COMMIT of a writer, which waits for the disk, and ROLLBACK, which must queue up behind a hop whose caller was cancelled;
- every statement of a reader, and a writer's with many or large parameters.

What remains runs where it is: single rows found and changed by their keys inside a writer's transaction, tens of microseconds each.
"""

import collections
import sqlite3
from typing import Any

from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_cursor
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util.concurrency import await_

LARGE = 64 * 1024
"""Bytes or characters of one parameter from which a writer's statement is given to the thread."""

MANY = 8
"""Rows of one `executemany` from which it is."""

_Outcome = tuple[Any, int, int | None, list[Any]]


def _run(connection: sqlite3.Connection, begin: str | None, operation: str, parameters: Any, many: bool) -> _Outcome:
    if begin is not None:
        connection.execute(begin)
    cursor = connection.cursor()
    if many:
        cursor.executemany(operation, parameters)
    else:
        cursor.execute(operation, parameters or ())
    rows = cursor.fetchall() if cursor.description else []
    outcome = (cursor.description, cursor.rowcount, cursor.lastrowid, rows)
    cursor.close()
    return outcome


async def _run_here(connection: sqlite3.Connection, operation: str, parameters: Any, many: bool) -> _Outcome:
    """A coroutine because SQLAlchemy insists that an asynchronous driver awaits something."""
    return _run(connection, None, operation, parameters, many)


def _is_small(parameters: Any, *, many: bool) -> bool:
    if many and len(parameters) >= MANY:
        return False
    rows = parameters if many else (parameters or (),)
    return not any(isinstance(value, str | bytes) and len(value) >= LARGE for row in rows for value in row)


class FewHopsCursor(AsyncAdapt_dbapi_cursor):
    """Has no cursor of the driver: `_run` opens and closes one around each statement."""

    __slots__ = ("_outcome",)

    def __init__(self, adapt_connection: "FewHopsConnection") -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection  # noqa: SLF001 as the stock cursor does
        self._rows = collections.deque()
        self._outcome: tuple[Any, int, int | None] = (None, -1, None)

    @property
    def description(self) -> Any:
        return self._outcome[0]

    @property
    def rowcount(self) -> int:
        return self._outcome[1]

    @property
    def lastrowid(self) -> Any:
        return self._outcome[2]

    @property
    def arraysize(self) -> int:
        return 1

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        """All rows are fetched at once."""

    async def _async_soft_close(self) -> None:
        """There is nothing open."""

    def close(self) -> None:
        self._rows.clear()

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        self._execute(operation, parameters, many=False)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        self._execute(operation, seq_of_parameters, many=True)

    def _execute(self, operation: str, parameters: Any, *, many: bool) -> None:
        adapted = self._adapt_connection
        assert isinstance(adapted, FewHopsConnection)
        try:
            description, rowcount, lastrowid, rows = adapted.run(operation, parameters, many=many)
        except sqlite3.Error as error:
            adapted._handle_exception(error)  # noqa: SLF001 as the stock cursor does
        self._outcome = (description, rowcount, lastrowid)
        self._rows = collections.deque(rows)


class FewHopsConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("_pending_begin", "_writes")

    _cursor_cls = FewHopsCursor  # type: ignore[assignment] # duck-typed by SQLAlchemy

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._pending_begin: str | None = None
        self._writes: bool | None = None

    def begin(self, statement: str, *, writes: bool) -> None:
        """The next statement takes it along."""
        self._pending_begin, self._writes = statement, writes

    def run(self, operation: str, parameters: Any, *, many: bool) -> _Outcome:
        begin, self._pending_begin = self._pending_begin, None
        driver: Any = self._connection
        connection: sqlite3.Connection = driver._conn  # noqa: SLF001 as the stock adapter does
        if self._writes and begin is None and _is_small(parameters, many=many):
            return await_(_run_here(connection, operation, parameters, many))
        hop = driver._execute(_run, connection, begin, operation, parameters, many)  # noqa: SLF001 one call on the driver's own thread
        outcome: _Outcome = await_(hop)
        return outcome

    def commit(self) -> None:
        begun, reads = self._pending_begin is None, self._writes is False
        self._pending_begin = self._writes = None
        driver: Any = self._connection
        if begun and reads:
            driver._conn.commit()  # noqa: SLF001 a reader has nothing to wait for
        elif begun:
            super().commit()

    def rollback(self) -> None:
        begun = self._pending_begin is None
        self._pending_begin = self._writes = None
        if begun:
            super().rollback()


class FewHopsDriver(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *arg: Any, **kw: Any) -> FewHopsConnection:
        return FewHopsConnection(self, super().connect(*arg, **kw)._connection)  # noqa: SLF001 the same connection under our adapter


class FewHopsDialect(SQLiteDialect_aiosqlite):
    """`create_engine(writes=True)`: transactions begin with BEGIN IMMEDIATE, so that what one reads can't change before it commits."""

    driver = "fewhops"
    supports_statement_cache = True

    def __init__(self, writes: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._writes = writes

    @classmethod
    def import_dbapi(cls) -> FewHopsDriver:
        stock = super().import_dbapi()
        return FewHopsDriver(stock.aiosqlite, stock.sqlite)

    def do_begin(self, dbapi_connection: Any) -> None:
        """The driver, left alone, would begin a deferred transaction, in which a writer can lose another's update."""
        begin = "BEGIN IMMEDIATE" if self._writes else "BEGIN"
        dbapi_connection.dbapi_connection.begin(begin, writes=self._writes)
