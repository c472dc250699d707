"""Keyset pages: a cursor names the last row of a page, so that rows arriving meanwhile neither repeat nor hide one."""

import base64
import binascii
import json
from datetime import datetime
from typing import Generic, TypeVar

from domain.errors import InvalidInput
from domain.model import Model

T = TypeVar("T")


class Page(Model, Generic[T]):
    items: tuple[T, ...]
    next_cursor: str | None
    """None on the last page."""


def to_cursor(order: str, *key: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, *key], separators=(",", ":")).encode()).rstrip(b"=").decode()


def from_cursor(cursor: str, order: str, kinds: tuple[type, ...]) -> tuple[str | int, ...]:
    """The key in the cursor. Raises InvalidInput unless it was made for this order."""
    try:
        made_for, *key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, TypeError) as error:
        raise InvalidInput("The cursor can't be read; use `next_cursor` of the page before, unchanged") from error
    if made_for != order or len(key) != len(kinds) or not all(type(part) is kind for part, kind in zip(key, kinds, strict=True)):
        raise InvalidInput("The cursor belongs to another list; start again without one")
    return tuple(key)


def cursor_time(value: str | int) -> datetime:
    """Raises InvalidInput."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput("The cursor can't be read; use `next_cursor` of the page before, unchanged") from error
    if moment.tzinfo is None:
        raise InvalidInput("The cursor can't be read; use `next_cursor` of the page before, unchanged")
    return moment
