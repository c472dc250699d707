"""Codes by SMS that prove who holds a telephone number."""

import re
from typing import Protocol

from domain.errors import InvalidInput
from domain.model import Model, UtcDatetime

_NUMBER = re.compile(r"\+[1-9]\d{7,14}")
_CODE = re.compile(r"\d{4,10}")


def number_in(text: str) -> str:
    """E.164, without what people put between the digits. Raises InvalidInput."""
    number = re.sub(r"[\s().\-/]", "", text)
    number = f"+{number[2:]}" if number.startswith("00") else number
    if not _NUMBER.fullmatch(number):
        raise InvalidInput("Write the telephone number with its country, like +34 600 123 456")
    return number


def code_in(text: str) -> str:
    """The digits of a code, however they were typed. Raises InvalidInput."""
    code = re.sub(r"[\s\-]", "", text)
    if not _CODE.fullmatch(code):
        raise InvalidInput("A code has 4 to 10 digits; write it as it stands in the SMS")
    return code


def hidden(number: str) -> str:
    """Enough of a number to recognise it by."""
    return f"{number[:3]}…{number[-3:]}"


class VerifiedPhone(Model):
    phone: str
    verified_at: UtcDatetime
    second_factor: bool
    """A code by SMS is asked for at sign-in, after the password."""


class IdentityCheck(Model):
    """One code that was sent to a customer on a manager's request."""

    id: str
    conversation_id: str
    phone: str
    started_at: UtcDatetime
    confirmed_at: UtcDatetime | None = None


class Verifier(Protocol):
    """Sends codes and checks them. Neither is ever repeated by itself."""

    async def start(self, phone: str, *, language: str | None = None) -> None:
        """Raises InvalidInput for a number that takes no SMS, TooManyAttempts, NotTold when the service can't be reached."""
        ...

    async def check(self, phone: str, code: str) -> bool:
        """False for a wrong code. Raises NotFound if the code is expired, spent, or was never sent; TooManyAttempts, NotTold."""
        ...
