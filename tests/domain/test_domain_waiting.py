"""What a waiting customer is told is true."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hours import ALWAYS, parse_hours
from domain.line_texts import LANGUAGES, TODAY, WEEKDAYS
from domain.policy import Policy
from domain.waiting import LEAST_WAITS, SHARE, holding_text, usual_wait_minutes

MADRID = "Europe/Madrid; mon-fri 09:00-18:00; closed 2026-12-24, 2026-12-25"
SATURDAY = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
HOLDING = Policy().holding_line


def waits(*minutes: float | None) -> list[tuple[datetime, float | None]]:
    return [(SATURDAY + timedelta(minutes=number), wait) for number, wait in enumerate(minutes)]


@pytest.mark.parametrize(
    ("language", "now", "says"),
    [
        ("en", SATURDAY, "We are closed right now and back Monday 9:00."),
        ("es", SATURDAY, "volvemos el lunes 9:00"),
        ("de", datetime(2026, 11, 26, 5, 0, tzinfo=UTC), "heute 9:00"),
        ("fr", datetime(2026, 12, 23, 20, 0, tzinfo=UTC), "lundi 9:00"),
        ("pt-BR", datetime(2026, 11, 26, 20, 0, tzinfo=UTC), "sexta-feira 9:00"),
        ("ja", SATURDAY, "Monday 9:00"),
    ],
)
def test_outside_business_hours_it_says_when_the_inbox_opens_in_its_own_time(language: str, now: datetime, says: str) -> None:
    assert says in holding_text(Policy(business_hours=MADRID), language, now, 5)


def test_an_opening_in_more_than_a_week_has_its_date() -> None:
    closed = ", ".join(f"2026-11-{day}" for day in range(28, 31)) + ", " + ", ".join(f"2026-12-{day:02}" for day in range(1, 12))
    text = holding_text(Policy(business_hours=f"UTC; mon-fri 09:00-18:00; closed {closed}"), "en", SATURDAY, None)
    assert text.endswith("back Monday 2026-12-14 9:00.")


@pytest.mark.parametrize(("minutes", "says"), [(0.2, "5 min"), (5, "5 min"), (11, "15 min"), (60, "60 min"), (61, "2 h"), (185, "4 h")])
def test_how_long_it_usually_takes_is_rounded_up(minutes: float, says: str) -> None:
    assert holding_text(Policy(), "en", SATURDAY, minutes) == f"{HOLDING} Most customers get their answer within {says}."


def test_nothing_is_added_where_nothing_is_known_or_wanted() -> None:
    assert holding_text(Policy(), "en", SATURDAY, None) == HOLDING
    assert holding_text(Policy(announces_waits=False, business_hours=MADRID), "en", SATURDAY, 5) == HOLDING
    assert holding_text(Policy(holding_line="", business_hours=MADRID), "en", SATURDAY, 5) == ""


def test_too_few_waits_say_nothing_and_unanswered_ones_count_as_endless() -> None:
    assert usual_wait_minutes(waits(*[3.0] * (LEAST_WAITS - 1)), ALWAYS) is None
    assert usual_wait_minutes(waits(*[3.0] * 16, *[None] * 4), ALWAYS) == 3.0
    assert usual_wait_minutes(waits(*[3.0] * 15, *[None] * 5), ALWAYS) is None
    assert usual_wait_minutes(waits(*[50 * 60.0] * 30), ALWAYS) is None, "two days are no promise"
    assert usual_wait_minutes(waits(*[3.0] * 30), parse_hours(MADRID)) is None, "it was closed"


@given(st.lists(st.floats(0, 2_000) | st.none(), max_size=80))
def test_what_is_promised_was_kept_for_the_share_that_is_claimed(minutes: list[float | None]) -> None:
    found = usual_wait_minutes(waits(*minutes), ALWAYS)
    if found is not None:
        assert len(minutes) >= LEAST_WAITS
        assert sum(wait is not None and wait <= found for wait in minutes) >= SHARE * len(minutes)


def test_every_language_has_its_days() -> None:
    assert set(WEEKDAYS) == set(TODAY) == set(LANGUAGES)
    assert all(len(days) == len(set(days)) == 7 for days in WEEKDAYS.values())
