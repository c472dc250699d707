"""A channel that does not work any more until somebody does something."""

from datetime import datetime, timedelta

from domain.channels import ChannelKind
from domain.fetching import TokenState
from domain.model import Model, UtcDatetime

LASTING = timedelta(hours=6)
"""A problem that mends itself, mostly does so sooner."""
NEAR_END = timedelta(days=7)


class ChannelAlarm(Model):
    """An inbox whose access token does not work, or is about to end and can't be renewed."""

    inbox_id: str
    inbox_name: str
    channel: ChannelKind
    problem: str
    """In words for managers; holds no secret."""
    since: UtcDatetime
    ends_at: UtcDatetime | None = None
    """When the token ends; None if that is not known, or it does not work now."""
    told: bool = False
    """Whether managers were told outside the dashboard."""


def is_alarming(state: TokenState, *, now: datetime) -> bool:
    """Whether people must act; a vendor that is down for a moment is no matter of theirs."""
    if state.problem is None or state.problem_since is None:
        return False
    ends_soon = state.expires_at is not None and state.expires_at - now < NEAR_END and now - state.problem_since >= LASTING / 6
    return state.dead or ends_soon or now - state.problem_since >= LASTING
