"""What the owner decides for each inbox."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from domain.caution import THRESHOLDS, Caution
from domain.hours import LONGEST_TEXT, BusinessHours, parse_hours
from domain.model import Model

A_YEAR_MINUTES = 365 * 24 * 60.0
"""The longest time that a policy may name. What the calendar can't hold would fail every turn of the inbox."""

Seconds = Annotated[float, Field(ge=0, le=24 * 3_600)]
Minutes = Annotated[float, Field(gt=0, le=A_YEAR_MINUTES)]
NoticeMinutes = Annotated[float, Field(ge=0, le=A_YEAR_MINUTES)]
Line = Annotated[str, StringConstraints(max_length=1_000, strip_whitespace=True)]


def _readable(text: str) -> str:
    parse_hours(text)
    return text


Hours = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, strip_whitespace=True), AfterValidator(_readable)]
"""Business hours as a person types them; see `domain.hours.parse_hours`."""

DEFAULT_THRESHOLD = THRESHOLDS[Caution.CAREFUL].threshold
"""Calibrated confidence from which the bot answers, unless the owner says otherwise."""

LONGEST_TURN_SECONDS = 10.0
"""However often a customer adds a message, a turn is closed this long after its first one."""


class Policy(Model):
    """What the owner decides per inbox. Every field is a `--set` name; durations accept fractions."""

    quiet_window_seconds: Seconds = 2.0
    """Several messages within it become one turn; 0 answers each message by itself, in order."""
    answer_threshold: float = Field(default=DEFAULT_THRESHOLD, ge=0, le=1)
    """The bot answers iff there is a passage, this is below 1 and the confidence reaches it."""
    reply_timeout_minutes: Minutes = 30.0
    idle_timeout_minutes: Minutes = 24 * 60.0
    greeting: Line = ""
    holding_line: Line = "Thank you for your message. A colleague will answer you here shortly."
    apology_line: Line = "We are sorry that nobody could answer you yet. Your question stays on our list."
    offer_line: Line = "Did you mean one of these?"
    instructions: Annotated[str, StringConstraints(max_length=8_000)] = ""
    keywords: tuple[Line, ...] = ()
    """A message that holds one of these words goes to a person."""
    notify_email_after_minutes: NoticeMinutes | None = 2.0
    notify_sms_after_minutes: NoticeMinutes | None = 10.0
    business_hours: Hours = ""
    """Empty: always open."""
    show_sources: bool = True
    """Whether the customer sees document and page."""

    @property
    def hours(self) -> BusinessHours:
        return parse_hours(self.business_hours)

    def turn_closes_at(self, first: datetime, last: datetime) -> datetime:
        """When a turn whose first and last message came at these times is closed."""
        return min(last + timedelta(seconds=self.quiet_window_seconds), first + timedelta(seconds=LONGEST_TURN_SECONDS))
