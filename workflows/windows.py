"""The channel's reply window in a conversation: what may still go out, and when managers are told that it closes. Pure."""

from datetime import datetime, timedelta

from domain.conversations import Status
from domain.messages import OutboundMessage, Sender
from domain.windows import Reach, closed_words, free_until, person_until, reach
from workflows.state import ConversationState


def window_at(state: ConversationState) -> datetime | None:
    return free_until(state.start.channel, state.last_written_at)


def person_window_at(state: ConversationState) -> datetime | None:
    return person_until(state.start.channel, state.last_written_at, tag_granted=state.policy.human_agent_tag)


def reach_of(state: ConversationState, now: datetime) -> Reach:
    return reach(window_at(state), person_window_at(state), now)


def refusal_of(state: ConversationState, message: OutboundMessage, now: datetime) -> str | None:
    """Why this message may not go out now, for managers; None if it may."""
    if message.template is not None:
        return None
    reached = reach_of(state, now)
    if reached is Reach.FREE or (reached is Reach.PERSON and message.sender is Sender.MANAGER):
        return None
    return closed_words(state.start.channel)


def needs_tag(state: ConversationState, message: OutboundMessage, now: datetime) -> bool:
    return message.sender is Sender.MANAGER and reach_of(state, now) is Reach.PERSON


def _waits(state: ConversationState) -> bool:
    """Whether the customer waits for a person's answer."""
    return state.status in (Status.FLAGGED, Status.HUMAN, Status.SNOOZED) and state.waiting_since is not None


def reminder_at(state: ConversationState) -> datetime | None:
    """When managers are to be told that the window closes; None when they need not be, or were."""
    closes, before = window_at(state), state.policy.window_reminder_minutes
    if closes is None or before is None or state.reminded_of == state.last_written_at or not _waits(state):
        return None
    return closes - timedelta(minutes=before)


def closing_at(state: ConversationState) -> datetime | None:
    """When the dashboard must learn that the window has closed; None once it knows."""
    closes = window_at(state)
    return None if closes is None or state.closed_for == state.last_written_at else closes


def window_deadlines(state: ConversationState) -> list[datetime]:
    return [at for at in (reminder_at(state), closing_at(state)) if at is not None]


def reminder_due(state: ConversationState, now: datetime) -> bool:
    """Whether managers are told now; true once for each window."""
    at, closes = reminder_at(state), window_at(state)
    if at is None or closes is None or at > now:
        return False
    state.reminded_of = state.last_written_at
    return closes > now


def closed_now(state: ConversationState, now: datetime) -> bool:
    """Whether the window has closed since the last look; true once for each window."""
    at = closing_at(state)
    if at is None or at > now:
        return False
    state.closed_for = state.last_written_at
    return True
