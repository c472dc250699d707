"""What a customer who waits for a person is told: the holding line, with how long it takes by what is known."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.hours import BusinessHours, zone_named
from domain.line_texts import TODAY, WEEKDAYS, LineKey
from domain.lines import line, spoken_in
from domain.policy import Policy

LEAST_WAITS = 20
"""Fewer say nothing about the next one."""
SHARE = 0.8
"""Of the waits that were no longer than what is promised."""
LONGEST_PROMISE_MINUTES = 48 * 60.0
"""What usually takes longer is not promised at all."""
LOOKS_BACK = timedelta(days=28)


def usual_wait_minutes(waits: Sequence[tuple[datetime, float | None]], hours: BusinessHours) -> float | None:
    """Within how many minutes `SHARE` of those were answered who were told to wait while the inbox was open.

    Each wait has its begin and its minutes, None if nobody answered. None where too few are known, or where they say nothing good.
    """
    minutes = sorted(math.inf if wait is None else wait for begun, wait in waits if hours.open_at(begun))
    if len(minutes) < LEAST_WAITS:
        return None
    found = minutes[math.ceil(SHARE * len(minutes)) - 1]
    return found if found <= LONGEST_PROMISE_MINUTES else None


def holding_text(policy: Policy, language: str | None, now: datetime, usual_wait: float | None) -> str:
    """The holding line, then when the inbox opens again, or how long it usually takes. Empty where the inbox wants nothing said."""
    text = line(LineKey.HOLDING, language, policy)
    if not text or not policy.announces_waits:
        return text
    expectation = _expectation(policy, language, now, usual_wait)
    return f"{text} {expectation}" if expectation else text


def _expectation(policy: Policy, language: str | None, now: datetime, usual_wait: float | None) -> str:
    hours = policy.hours
    if not hours.open_at(now):
        opens = hours.next_opening(now)
        return line(LineKey.CLOSED, language, policy, when=_when(opens, now, hours, policy, language)) if opens else ""
    return "" if usual_wait is None else line(LineKey.WAIT, language, policy, time=_rounded(usual_wait))


def _when(opens: datetime, now: datetime, hours: BusinessHours, policy: Policy, language: str | None) -> str:
    """ "Monday 9:00", in the inbox's own time; with the date where the weekday alone could mean another one."""
    zone = zone_named(hours.timezone)
    there, here = opens.astimezone(zone), now.astimezone(zone)
    spoken = spoken_in(language, policy)
    spoken = spoken if spoken in WEEKDAYS else "en"
    at = f"{there.hour}:{there.minute:02}"
    days = (there.date() - here.date()).days
    if days == 0:
        return f"{TODAY[spoken]} {at}"
    day = WEEKDAYS[spoken][there.weekday()]
    return f"{day} {at}" if days < 7 else f"{day} {there:%Y-%m-%d} {at}"


def _rounded(minutes: float) -> str:
    """Up, never down: 5, 10, 15 ... 60 min, then whole hours."""
    if minutes <= 60:
        return f"{max(5, math.ceil(minutes / 5) * 5)} min"
    return f"{math.ceil(minutes / 60)} h"
