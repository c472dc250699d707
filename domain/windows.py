"""Customer-service windows: how long after a customer's last message a channel lets answers through, and whose."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from domain.channels import ChannelKind
from domain.messages import InboundMessage, MessageType

WINDOW_HOURS: Mapping[ChannelKind, int] = {
    ChannelKind.WHATSAPP: 24,
    ChannelKind.WHATSAPP_TWILIO: 24,
    ChannelKind.INSTAGRAM: 24,
    ChannelKind.MESSENGER: 24,
}
"""A free text may go out for so long, by bot or person. A channel that is not named here has no window."""

PERSON_DAYS: Mapping[ChannelKind, int] = {ChannelKind.INSTAGRAM: 7, ChannelKind.MESSENGER: 7}
"""A person's reply, under the human-agent tag, where Meta has granted the app that feature."""

TEMPLATE_CHANNELS = frozenset({ChannelKind.WHATSAPP, ChannelKind.WHATSAPP_TWILIO})
"""Approved templates may go out at any time."""

REMINDER = "the channel's reply window closes soon"
"""A notice's reason, in a manager's words."""

_NO_ANSWERS = frozenset({MessageType.EDITED, MessageType.DELETED})
"""What changes an earlier message opens no window."""


class Reach(StrEnum):
    """What may be sent to a customer at a moment."""

    FREE = "free"
    PERSON = "person"
    """A person's reply under the human-agent tag."""
    CLOSED = "closed"
    """Nothing but an approved template, where the channel has them."""


def written_at(message: InboundMessage) -> datetime | None:
    """When the message opened the window: when it was written, not when a late delivery brought it. None for what opens none."""
    if message.type in _NO_ANSWERS:
        return None
    return min(message.sent_at or message.received_at, message.received_at)


def free_until(channel: ChannelKind, last_written: datetime | None) -> datetime | None:
    """None: there is no window, or nothing is known of one."""
    hours = WINDOW_HOURS.get(channel)
    return None if hours is None or last_written is None else last_written + timedelta(hours=hours)


def last_written(channel: ChannelKind, window_at: datetime | None) -> datetime | None:
    """When the customer last wrote, from when the window closes: the inverse of `free_until`."""
    hours = WINDOW_HOURS.get(channel)
    return None if hours is None or window_at is None else window_at - timedelta(hours=hours)


def person_until(channel: ChannelKind, last_written: datetime | None, *, tag_granted: bool) -> datetime | None:
    """Until when a person's reply may follow after the window; None where none may."""
    days = PERSON_DAYS.get(channel)
    return None if days is None or last_written is None or not tag_granted else last_written + timedelta(days=days)


def reach(free: datetime | None, person: datetime | None, now: datetime) -> Reach:
    """A channel without a window, or with an unknown one, is judged by its vendor alone."""
    if free is None or now < free:
        return Reach.FREE
    return Reach.PERSON if person is not None and now < person else Reach.CLOSED


def closed_words(channel: ChannelKind) -> str:
    """Why nothing but a template goes out, and what to do, for a manager."""
    hours = WINDOW_HOURS.get(channel, 24)
    if channel in TEMPLATE_CHANNELS:
        return f"More than {hours} hours have passed since the customer last wrote: send a template, or wait until they write again"
    return f"More than {hours} hours have passed since the customer last wrote: the channel lets no answer through until they write again"
