"""Times in words, as one person reads them: in their own time zone, seen from one moment."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Request

ZONE_COOKIE = "zone"
"""Set by the page's script to the browser's IANA time zone; without it times are UTC."""


class Clock:
    def __init__(self, now: datetime, zone: ZoneInfo | None = None) -> None:
        self.now = now
        self.zone = zone or UTC

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def time(self, moment: datetime) -> str:
        return f"{self.local(moment):%H:%M}"

    def full(self, moment: datetime) -> str:
        return f"{self.local(moment):%A %d %B %Y, %H:%M}"

    def _days_ago(self, moment: datetime) -> int:
        return (self.local(self.now).date() - self.local(moment).date()).days

    def day(self, moment: datetime) -> str:
        """As a divider between messages says it."""
        ago = self._days_ago(moment)
        if ago == 0:
            return "Today"
        if ago == 1:
            return "Yesterday"
        there = self.local(moment)
        return f"{there:%A} {there.day} {there:%B}" + ("" if there.year == self.local(self.now).year else f" {there.year}")

    def stamp(self, moment: datetime) -> str:
        """As short as a list wants it."""
        ago = self._days_ago(moment)
        if ago == 0:
            return self.time(moment)
        if ago == 1:
            return "Yesterday"
        there = self.local(moment)
        return f"{there.day} {there:%b}" + ("" if there.year == self.local(self.now).year else f" {there.year}")

    def waited(self, since: datetime) -> str:
        """`6m`, `2h`, `3d`; under a minute it is `now`."""
        minutes = max(0, int((self.now - since).total_seconds() // 60))
        if minutes < 1:
            return "now"
        if minutes < 60:
            return f"{minutes}m"
        return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // (24 * 60)}d"

    def waited_words(self, since: datetime) -> str:
        """`6 min`, `2 h 5 min`, `3 days`."""
        minutes = max(0, int((self.now - since).total_seconds() // 60))
        if minutes < 1:
            return "less than a minute"
        if minutes < 60:
            return f"{minutes} min"
        if minutes < 48 * 60:
            return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
        return f"{minutes // (24 * 60)} days"

    def between(self, start: datetime, end: datetime) -> str:
        return Clock(end).waited_words(start)

    def due(self, moment: datetime) -> str:
        """`14:36`, `tomorrow 09:00`, `Monday 14:06`, `12 Dec 14:06`; of what is past `yesterday 14:06`, `12 Nov 14:06`."""
        ahead = -self._days_ago(moment)
        there = self.local(moment)
        if ahead == 0:
            return f"{there:%H:%M}"
        if abs(ahead) == 1:
            return f"{'tomorrow' if ahead == 1 else 'yesterday'} {there:%H:%M}"
        return f"{there:%A %H:%M}" if 0 < ahead < 7 else f"{there.day} {there:%b %H:%M}"

    def in_an_hour(self) -> datetime:
        return self.now + timedelta(hours=1)

    def at_nine(self, *, monday: bool) -> datetime:
        """Nine o'clock tomorrow, or on the next Monday after today; in UTC."""
        here = self.local(self.now)
        days = (7 - here.weekday()) if monday else 1
        return datetime.combine(here.date() + timedelta(days=days), time(9), tzinfo=here.tzinfo).astimezone(UTC)


def clock_for(request: Request) -> Clock:
    """A FastAPI dependency: the clock of whoever asks, stopped at this moment."""
    try:
        zone = ZoneInfo(request.cookies.get(ZONE_COOKIE, "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = None
    return Clock(datetime.now(UTC), zone)
