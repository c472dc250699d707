"""Business hours: what a person types, and what the clock makes of it in the place's own time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.hours import ALWAYS, EXAMPLE, parse_hours
from domain.policy import Policy
from storage.inbox_settings import changed_policy

SHOP = parse_hours(EXAMPLE)
"""Santiago is UTC-3 in December."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "is_open", "opens"),
    [
        ("2026-12-23 11:59", False, "2026-12-23 12:00"),  # Wednesday, a minute before nine
        ("2026-12-23 12:00", True, "2026-12-23 12:00"),
        ("2026-12-23 20:59", True, "2026-12-23 20:59"),
        ("2026-12-23 21:00", False, "2026-12-24 12:00"),
        ("2026-12-24 21:00", False, "2026-12-26 13:00"),  # Friday is Christmas; Saturday opens at ten
        ("2026-12-26 17:00", False, "2026-12-28 12:00"),  # Saturday afternoon
    ],
)
def test_it_is_open_in_its_hours_and_says_when_it_opens_next(now: str, is_open: bool, opens: str) -> None:
    assert SHOP.open_at(utc(now)) is is_open
    assert SHOP.next_opening(utc(now)) == utc(opens)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-12-23 13:00", 60, "2026-12-23 14:00"),
        ("2026-12-23 20:30", 60, "2026-12-24 12:30"),  # half an hour today, half an hour tomorrow
        ("2026-12-24 20:30", 60, "2026-12-26 13:30"),  # over Christmas
        ("2026-12-26 20:00", 30, "2026-12-28 12:30"),  # flagged on a weekend
        ("2026-12-23 12:00", 9 * 60, "2026-12-23 21:00"),  # to the last minute of the day
    ],
)
def test_minutes_count_only_while_it_is_open(start: str, minutes: float, due: str) -> None:
    assert SHOP.add_open_minutes(utc(start), minutes) == utc(due)


def test_hours_follow_the_clocks_of_their_place() -> None:
    berlin = parse_hours("Europe/Berlin; sun 00:00-06:00")
    night = utc("2027-03-28 00:30")  # the clocks jump from two to three at 01:00 UTC
    assert berlin.add_open_minutes(night, 60) == utc("2027-03-28 01:30")
    assert not berlin.open_at(utc("2027-03-28 04:00")), "six o'clock there"
    assert parse_hours("Europe/Berlin; sun 02:30-06:00").next_opening(night) == utc("2027-03-28 01:30")


def test_without_hours_it_is_always_open() -> None:
    assert parse_hours("") is parse_hours(" ; ") is ALWAYS
    assert ALWAYS.open_at(utc("2026-12-25 03:00"))
    assert ALWAYS.add_open_minutes(utc("2026-12-25 03:00"), 2_000) == utc("2026-12-25 03:00") + timedelta(minutes=2_000)


def test_days_and_times_can_be_listed_and_wrap_around_the_week() -> None:
    hours = parse_hours("UTC; fri-mon, wed 09:00-12:00, 13:00-24:00; closed 2026-11-27, 2026-11-28")
    assert {span.weekday for span in hours.week} == {4, 5, 6, 0, 2}
    assert hours.open_at(utc("2026-11-29 23:59"))
    assert not hours.open_at(utc("2026-11-29 12:30"))
    assert not hours.open_at(utc("2026-11-27 10:00"))


def test_what_never_opens_again_says_so() -> None:
    ends = parse_hours("UTC; mon 09:00-09:30")
    assert ends.add_open_minutes(utc("2026-11-25 00:00"), 365 * 24 * 60.0) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Mars/Olympus; mon 09:00-18:00", "no time zone"),
        ("mon-fri 09:00-18:00", "no time zone"),
        ("../etc/passwd; mon 09:00-18:00", "no time zone"),
        ("UTC", "no opening times"),
        ("UTC; closed 2026-12-25", "no opening times"),
        ("UTC; weekdays 9-18", "can't be read"),
        ("UTC; mon-fry 09:00-18:00", "the days are mon, tue"),
        ("UTC; mon 9-18", "write it as 09:00-18:00"),
        ("UTC; mon 09:00-24:30", "00:00 to 24:00"),
        ("UTC; mon 09:75-18:00", "00:00 to 24:00"),
        ("UTC; fri 22:00-02:00", "write a night as two"),
        ("UTC; mon 09:00-18:00; mon 17:00-19:00", "overlap"),
        ("UTC; mon 09:00-18:00; closed 25.12.2026", "YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_read_says_how_to_write_it(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_hours(text)
    with pytest.raises(InvalidInput, match=says):
        changed_policy(Policy(), {"business_hours": text})


@given(
    start=st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 # hypothesis adds the zone itself
    one=st.floats(0.01, 3_000),
    more=st.floats(0.01, 3_000),
)
def test_open_time_adds_up(start: datetime, one: float, more: float) -> None:
    first = SHOP.add_open_minutes(start, one)
    whole = SHOP.add_open_minutes(start, one + more)
    assert first is not None
    assert whole is not None
    step = SHOP.add_open_minutes(first, more)
    assert step is not None
    assert abs(step - whole) < timedelta(milliseconds=1), "in two steps as in one"
    assert whole - start >= timedelta(minutes=one + more) - timedelta(milliseconds=1), "never faster than the clock"
