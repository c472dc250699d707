"""The notification ladder: its steps, the ways to reach a person, and how often one may be used."""

from datetime import timedelta
from enum import StrEnum

from domain.model import Model


class Rung(StrEnum):
    """The ladder's steps; the dashboard itself comes before them."""

    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"
    LEAD = "lead"
    """The team lead, by whatever reaches that person."""


TO_WHOM_IT_IS_OFFERED = frozenset({Rung.PUSH, Rung.EMAIL})
"""Rungs that tell only the person to whom the conversation is offered, as long as it is; the later ones tell everybody."""


class Medium(StrEnum):
    """How a person is reached."""

    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"


class NoticeState(StrEnum):
    OWED = "owed"
    """To be told, when the person's quiet hours, or the pause after the last notice, are over."""
    SENDING = "sending"
    TOLD = "told"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The worker stopped while it told: it may have been told, and is not told again."""
    PASSED = "passed"
    """Somebody had taken the conversation before this person was told."""


class Pace(Model):
    """How often one person is told by one medium."""

    gather: timedelta
    """The first notice after a pause waits so long for others, which stand in the same message."""
    pause: timedelta
    """Between two messages; what comes up meanwhile stands in the next."""


PACES = {
    Medium.PUSH: Pace(gather=timedelta(seconds=2), pause=timedelta(seconds=15)),
    Medium.EMAIL: Pace(gather=timedelta(seconds=5), pause=timedelta(seconds=60)),
    Medium.SMS: Pace(gather=timedelta(seconds=5), pause=timedelta(minutes=5)),
}
