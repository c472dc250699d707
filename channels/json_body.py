"""JSON bodies of webhooks and of vendors' answers: read as a whole, then field by field without ever failing."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Never

from domain.errors import InvalidInput

LARGEST = 2**53
"""Ids of vendors have up to 52 significant bits; what is larger is no id."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and halves of a cut emoji: databases and UTF-8 take neither."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that is the body, with what can't be stored replaced. Raises InvalidInput saying what was wrong."""
    try:
        document = json.loads(body, parse_constant=_no_constant)
        if not isinstance(document, dict):
            raise InvalidInput("The body must be a JSON object")
        # Half an emoji comes escaped, or in bytes that begin with 0xED.
        if b"\\u" in body or b"\xed" in body or b"\x00" in body:
            document = _storable(document)
    except RecursionError as error:
        raise InvalidInput("The body is nested too deeply") from error
    except ValueError as error:
        raise InvalidInput(f"The body is no JSON: {_reason(error)}") from error
    return document  # type: ignore[no-any-return] # json's own type


def storable(text: str) -> str:
    """The text with what can't be stored replaced."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON number")


def _reason(error: ValueError) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg} at line {error.lineno}, column {error.colno}"
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case _:
            return str(error)[:100]


def _storable(value: Any) -> Any:  # any JSON
    match value:
        case str():
            return storable(value)
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case list():
            return [_storable(item) for item in value]
        case _:
            return value


class Fields:
    """A JSON object of a vendor, read leniently: a field that is missing, or is something else than expected, reads as empty.

    One odd field must not lose the message around it, and a vendor delivers for days what is answered with an error.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: object) -> None:
        self._raw: dict[str, Any] = raw if isinstance(raw, dict) else {}

    def __bool__(self) -> bool:
        return bool(self._raw)

    def __contains__(self, name: str) -> bool:
        return self._raw.get(name) is not None

    def names(self) -> Iterable[str]:
        """Of what is there and is not null."""
        return (name for name, value in self._raw.items() if value is not None)

    def raw(self, name: str) -> object:
        return self._raw.get(name)

    def text(self, name: str) -> str:
        value = self._raw.get(name)
        return value if isinstance(value, str) else ""

    def whole(self, name: str) -> int | None:
        """A whole number of at most 53 bits."""
        value = self._raw.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST else None

    def number(self, name: str) -> float | None:
        value = self._raw.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST:
            return None
        return float(value) if math.isfinite(value) else None

    def flag(self, name: str) -> bool:
        return self._raw.get(name) is True

    def inner(self, name: str) -> "Fields":
        return Fields(self._raw.get(name))

    def items(self, name: str) -> "tuple[Fields, ...]":
        """The objects of a list; a list's other elements are passed over."""
        value = self._raw.get(name)
        return tuple(Fields(item) for item in value if isinstance(item, dict)) if isinstance(value, list) else ()

    def lists(self, name: str) -> "tuple[tuple[Fields, ...], ...]":
        """The objects of each list in a list."""
        value = self._raw.get(name)
        rows = [row for row in value if isinstance(row, list)] if isinstance(value, list) else []
        return tuple(tuple(Fields(item) for item in row if isinstance(item, dict)) for row in rows)

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of a list."""
        value = self._raw.get(name)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()

    def wholes(self, name: str) -> tuple[int, ...]:
        """The whole numbers of a list."""
        value = self._raw.get(name)
        found = [item for item in value if isinstance(item, int) and not isinstance(item, bool)] if isinstance(value, list) else []
        return tuple(item for item in found if abs(item) < LARGEST)
