"""Quiet hours, and the order of the ladder."""

from datetime import UTC, datetime, time

import pytest
from pydantic import ValidationError

from domain.ladder import Rung
from domain.notices import NoticePreferences
from domain.policy import Policy


def quiet(begins: int, ends: int, zone: str = "UTC") -> NoticePreferences:
    return NoticePreferences(quiet_from=time(begins), quiet_to=time(ends), time_zone=zone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("preferences", "now", "until"),
    [
        (NoticePreferences(), "2026-11-22T03:00", None),
        (quiet(22, 7), "2026-11-22T21:59", None),
        (quiet(22, 7), "2026-11-22T22:00", "2026-11-23T07:00"),
        (quiet(22, 7), "2026-11-23T06:59", "2026-11-23T07:00"),
        (quiet(22, 7), "2026-11-23T07:00", None),
        (quiet(13, 15), "2026-11-22T14:00", "2026-11-22T15:00"),
        (quiet(13, 15), "2026-11-22T12:00", None),
        (quiet(9, 9), "2026-11-22T09:00", None),
        (quiet(22, 7, "America/Montevideo"), "2026-11-22T01:30", "2026-11-22T10:00"),
        (quiet(22, 7, "Asia/Tokyo"), "2026-11-22T14:00", "2026-11-22T22:00"),
        # The night of 25 October 2026 has an hour more in Madrid.
        (quiet(22, 7, "Europe/Madrid"), "2026-10-24T20:30", "2026-10-25T06:00"),
    ],
)
def test_quiet_hours_end_when_the_persons_own_clock_says_so(preferences: NoticePreferences, now: str, until: str | None) -> None:
    assert preferences.quiet_until(at(now)) == (None if until is None else at(until))


def test_a_time_zone_that_does_not_exist_and_half_quiet_hours_are_refused() -> None:
    with pytest.raises(ValidationError, match="no time zone"):
        NoticePreferences(time_zone="Mars/Olympus")
    with pytest.raises(ValidationError, match="both a beginning and an end"):
        NoticePreferences(quiet_from=time(22))


def test_the_ladder_has_a_lead_only_where_one_is_named() -> None:
    assert [rung for rung, _ in Policy().ladder()] == [Rung.PUSH, Rung.EMAIL, Rung.SMS]
    named = Policy(team_lead="Lead@shop.example", notify_email_after_minutes=None)
    assert named.ladder() == ((Rung.PUSH, 0.0), (Rung.SMS, 10.0), (Rung.LEAD, 20.0))
    assert named.team_lead == "lead@shop.example"
