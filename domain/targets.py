"""How soon a person shall answer: the targets of an inbox, counted in its business hours."""

from datetime import datetime
from enum import StrEnum

from domain.model import Model, UtcDatetime
from domain.policy import Policy


class ReplyKind(StrEnum):
    FIRST = "first"
    """The first reply of a person after the bot stopped."""
    NEXT = "next"
    """Every later one, while a person has the conversation."""


class ReplyTarget(Model):
    """A reply that is owed. There is none while the customer is to write: that pauses the clock."""

    kind: ReplyKind
    since: UtcDatetime
    """Of the first message that waits."""
    due_at: UtcDatetime


class Breach(Model):
    """A reply that did not come in time."""

    conversation_id: str
    inbox_id: str
    inbox_name: str
    kind: ReplyKind
    since: UtcDatetime
    due_at: UtcDatetime
    manager_id: str | None
    """Who had it, or was offered it, when it was due; None: nobody."""
    manager_name: str | None
    answered_at: UtcDatetime | None
    """None: still nobody."""


def target_of(policy: Policy, since: datetime | None, *, replied: bool) -> ReplyTarget | None:
    """None where nobody waits, or the inbox has no such target. `replied`: a person has answered since the bot stopped."""
    kind = ReplyKind.NEXT if replied else ReplyKind.FIRST
    minutes = policy.next_reply_minutes if replied else policy.first_reply_minutes
    if since is None or minutes is None:
        return None
    due_at = policy.hours.add_open_minutes(since, minutes)
    return None if due_at is None else ReplyTarget(kind=kind, since=since, due_at=due_at)
