"""When an inbox, or a person, is at work: weekly hours in a place's own time, with holidays."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, StringConstraints

from domain.model import Model

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
A_DAY_MINUTES = 24 * 60
LONGEST_TEXT = 2_000
LONGEST_SEARCH = 800
"""Days looked ahead for an opening: two years of closed days in a row count as closed for good."""

EXAMPLE = "America/Santiago; mon-fri 09:00-18:00; sat 10:00-14:00; closed 2026-12-25"

_DAYS = re.compile(r"(?P<days>[a-z]{3}(?:-[a-z]{3})?(?:\s*,\s*[a-z]{3}(?:-[a-z]{3})?)*)\s+(?P<times>\d.*)")
_TIMES = re.compile(r"(?P<from_hour>\d{1,2}):(?P<from_minute>\d\d)\s*-\s*(?P<to_hour>\d{1,2}):(?P<to_minute>\d\d)")


class OpenRange(Model):
    """Minutes of the local day; `closes` is not open any more."""

    weekday: int
    """0 is Monday."""
    opens: int
    closes: int


class BusinessHours(Model):
    """Weekly hours in one time zone, and days on which it is closed all the same."""

    timezone: str
    week: tuple[OpenRange, ...]
    """In order; ranges of one day do not overlap."""
    closed: frozenset[date] = frozenset()
    """Local days."""

    def open_at(self, now: datetime) -> bool:
        return self._from(now)[0] <= now

    def next_opening(self, now: datetime) -> datetime | None:
        """The first moment after `now` at which it opens; `now` itself while it is open. None if it never opens again."""
        begins, _ = self._from(now)
        return None if begins == _NEVER else max(begins, now)

    def add_open_minutes(self, start: datetime, minutes: float) -> datetime | None:
        """When so many minutes of open time have passed since `start`. None if it never opens for so long."""
        left, at = timedelta(minutes=minutes), start
        for begins, ends in self._spans(start):
            at = max(begins, start)
            if at + left <= ends:
                return at + left
            left -= ends - at
        return None

    def _from(self, now: datetime) -> tuple[datetime, datetime]:
        return next(self._spans(now), (_NEVER, _NEVER))

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spans that end after `start`, in UTC and in order; those that touch are given one by one."""
        zone = zone_named(self.timezone)
        first = start.astimezone(zone).date()
        for ahead in range(LONGEST_SEARCH):
            day = first + timedelta(days=ahead)
            if day in self.closed:
                continue
            for span in self.week:
                if span.weekday == day.weekday():
                    begins, ends = _moment(day, span.opens, zone), _moment(day, span.closes, zone)
                    if ends > start and ends > begins:
                        yield begins, ends


_NEVER = datetime(9999, 12, 31, tzinfo=UTC)

ALWAYS = BusinessHours(timezone="UTC", week=tuple(OpenRange(weekday=day, opens=0, closes=A_DAY_MINUTES) for day in range(7)))


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A time that the clocks skip counts as so much later as they skip; of a time that comes twice, the first."""
    if minute == A_DAY_MINUTES:
        day, minute = day + timedelta(days=1), 0
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo:
    """Raises ValueError for what is no IANA time zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; use an IANA name such as America/Santiago, Europe/Madrid or UTC") from error


@lru_cache(maxsize=256)
def parse_hours(text: str) -> BusinessHours:
    """From what a person types: a time zone, then days with their times, then closed days, between semicolons. Empty: always open.

    Raises ValueError saying which part can't be read and how to write it.
    """
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        return ALWAYS
    zone_named(parts[0])
    week: list[OpenRange] = []
    closed: set[date] = set()
    for part in parts[1:]:
        words = " ".join(part.lower().split())
        if words.startswith("closed "):
            closed |= {_date(word) for word in re.split(r"[ ,]+", words.removeprefix("closed ")) if word}
        else:
            week += _ranges(part, words)
    if not week:
        raise ValueError(f"There are no opening times after the time zone; write for example: {EXAMPLE}")
    week.sort(key=lambda span: (span.weekday, span.opens))
    for one, following in pairwise(week):
        if one.weekday == following.weekday and following.opens < one.closes:
            raise ValueError(f"Two ranges of {DAYS[one.weekday]} overlap; write each hour once")
    return BusinessHours(timezone=parts[0], week=tuple(week), closed=frozenset(closed))


def _date(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise ValueError(f"{word!r} is no day; write closed days as YYYY-MM-DD, such as closed 2026-12-25") from error


def _ranges(part: str, words: str) -> list[OpenRange]:
    found = _DAYS.fullmatch(words)
    if found is None:
        raise ValueError(f"{part!r} can't be read; write days and times such as mon-fri 09:00-18:00, or closed 2026-12-25")
    spans = [_span(piece.strip(), part) for piece in found["times"].split(",")]
    days = [day for piece in found["days"].split(",") for day in _days(piece.strip(), part)]
    return [OpenRange(weekday=day, opens=opens, closes=closes) for day in days for opens, closes in spans]


def _days(piece: str, part: str) -> list[int]:
    first, _, last = piece.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(f"{part!r} names a day that is none; the days are {', '.join(DAYS)}")
    begins, ends = DAYS.index(first), DAYS.index(last or first)
    return [(begins + ahead) % 7 for ahead in range((ends - begins) % 7 + 1)]


def _span(piece: str, part: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(piece)
    if found is None:
        raise ValueError(f"{piece!r} in {part!r} is no range of times; write it as 09:00-18:00")
    opens, closes = (int(found[f"{edge}_hour"]) * 60 + int(found[f"{edge}_minute"]) for edge in ("from", "to"))
    if int(found["from_minute"]) > 59 or int(found["to_minute"]) > 59 or closes > A_DAY_MINUTES:
        raise ValueError(f"{piece!r} in {part!r} is no range of times; a day goes from 00:00 to 24:00")
    if closes <= opens:
        raise ValueError(f"{piece!r} in {part!r} ends before it begins; write a night as two: fri 22:00-24:00; sat 00:00-02:00")
    return opens, closes


def _readable(text: str) -> str:
    parse_hours(text)
    return text


Hours = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, strip_whitespace=True), AfterValidator(_readable)]
"""Hours as a person types them; see `parse_hours`."""
