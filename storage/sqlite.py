"""SQLite for several processes: SQLAlchemy's aiosqlite dialect with one hop to the driver's thread for each statement.

The stock adapter makes four hops (cursor, execute, fetch, close), and BEGIN is a fifth; at 300 transactions a second the hops cost
more than SQLite itself. Here a statement is one hop and BEGIN travels with the first one.
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

_Outcome = tuple[Any, int, int | None, list[Any]]


def _run(connection: sqlite3.Connection, begin: str | None, operation: str, parameters: Any, many: bool) -> _Outcome:
    """On the driver's thread."""
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


class OneHopCursor(AsyncAdapt_dbapi_cursor):
    """Has no cursor of the driver: `_run` opens and closes one around each statement."""

    __slots__ = ("_outcome",)

    def __init__(self, adapt_connection: "OneHopConnection") -> None:
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
        self._hop(operation, parameters, many=False)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        self._hop(operation, seq_of_parameters, many=True)

    def _hop(self, operation: str, parameters: Any, *, many: bool) -> None:
        adapted = self._adapt_connection
        assert isinstance(adapted, OneHopConnection)
        begin, adapted.pending_begin = adapted.pending_begin, None
        driver: Any = self._connection
        try:
            *head, rows = await_(driver._execute(_run, driver._conn, begin, operation, parameters, many))  # noqa: SLF001 one call on the driver's own thread
        except Exception as error:
            adapted._handle_exception(error)  # noqa: SLF001 as the stock cursor does
        self._outcome = (head[0], head[1], head[2])
        self._rows = collections.deque(rows)


class OneHopConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("pending_begin",)

    _cursor_cls = OneHopCursor  # type: ignore[assignment] # duck-typed by SQLAlchemy

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.pending_begin: str | None = None

    def commit(self) -> None:
        if self.pending_begin is None:
            super().commit()
        self.pending_begin = None

    def rollback(self) -> None:
        if self.pending_begin is None:
            super().rollback()
        self.pending_begin = None


class OneHopDriver(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *arg: Any, **kw: Any) -> OneHopConnection:
        return OneHopConnection(self, super().connect(*arg, **kw)._connection)  # noqa: SLF001 the same connection under our adapter


class OneHopDialect(SQLiteDialect_aiosqlite):
    """`create_engine(begin="BEGIN IMMEDIATE")` says how transactions begin."""

    driver = "onehop"
    supports_statement_cache = True

    def __init__(self, begin: str = "BEGIN", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._begin = begin

    @classmethod
    def import_dbapi(cls) -> OneHopDriver:
        stock = super().import_dbapi()
        return OneHopDriver(stock.aiosqlite, stock.sqlite)

    def do_begin(self, dbapi_connection: Any) -> None:
        """Without this, the driver would begin a deferred transaction by itself and a writer could lose another's update."""
        dbapi_connection.dbapi_connection.pending_begin = self._begin  # the pool's proxy would keep the attribute to itself
