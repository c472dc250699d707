"""Times as a manager reads them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from web.clock import Clock

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)  # a Sunday
SANTIAGO = ZoneInfo("America/Santiago")  # UTC-3


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 11, 22, 9, 5, tzinfo=UTC), "06:05"),
        (datetime(2026, 11, 22, 2, 59, tzinfo=UTC), "Yesterday"),
        (datetime(2026, 11, 12, 12, 0, tzinfo=UTC), "12 Nov"),
        (datetime(2025, 1, 3, 12, 0, tzinfo=UTC), "3 Jan 2025"),
    ],
)
def test_stamps_are_in_the_readers_own_zone(moment: datetime, shown: str) -> None:
    assert Clock(NOW, SANTIAGO).stamp(moment) == shown


@pytest.mark.parametrize(
    ("minutes", "short", "words"),
    [(0, "now", "less than a minute"), (6, "6m", "6 min"), (125, "2h", "2 h 5 min"), (120, "2h", "2 h"), (72 * 60, "3d", "3 days")],
)
def test_waiting_is_told_in_minutes_hours_and_days(minutes: int, short: str, words: str) -> None:
    since = NOW - timedelta(minutes=minutes)
    assert (Clock(NOW).waited(since), Clock(NOW).waited_words(since)) == (short, words)


@pytest.mark.parametrize(
    ("ahead", "shown"),
    [
        (timedelta(minutes=36), "15:06"),
        (timedelta(hours=20), "tomorrow 10:30"),
        (timedelta(days=4), "Thursday 14:30"),
        (timedelta(days=20), "12 Dec 14:30"),
        (-timedelta(hours=3), "11:30"),
        (-timedelta(days=1), "yesterday 14:30"),
        (-timedelta(days=3), "19 Nov 14:30"),
    ],
)
def test_due_times_are_told_by_how_near_they_are(ahead: timedelta, shown: str) -> None:
    assert Clock(NOW).due(NOW + ahead) == shown


def test_snoozing_ends_at_nine_where_the_manager_is() -> None:
    clock = Clock(NOW, SANTIAGO)
    assert clock.at_nine(monday=False) == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert clock.at_nine(monday=True) == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    monday = Clock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), SANTIAGO)
    assert monday.at_nine(monday=True) == datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
