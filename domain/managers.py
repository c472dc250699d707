"""The people who answer, their roles and their keys."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.channels import ChannelKind
from domain.hours import Hours, parse_hours
from domain.model import Model, UtcDatetime
from domain.policy import Policy


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    VIEWER = "viewer"


_RANK = {Role.VIEWER: 0, Role.MANAGER: 1, Role.ADMIN: 2, Role.OWNER: 3}


class Availability(StrEnum):
    """What a person says of themselves, or what their silence says."""

    AVAILABLE = "available"
    BUSY = "busy"
    """Keeps what they have and is offered nothing new."""
    AWAY = "away"
    """Not there: offers move on, and what waits with them goes back in line after the policy's time."""


AWAY_AFTER = timedelta(minutes=3)
"""Without a sign of life from any of their dashboard tabs for so long, a person counts as away."""
DEFAULT_CAPACITY = 10
Capacity = Annotated[int, Field(ge=0, le=1_000)]


class Manager(Model):
    """A person who answers in the dashboard."""

    id: str
    email: str
    name: str
    role: Role
    phone: str | None = None
    created_at: UtcDatetime
    languages: tuple[str, ...] = ()
    """Primary subtags, such as `es`; empty: any."""
    inboxes: tuple[str, ...] = ()
    """Of which inboxes they are offered conversations; empty: of every one."""
    capacity: Capacity = DEFAULT_CAPACITY
    """Conversations they have and are offered at once; beyond it nothing is offered."""
    hours: Hours = ""
    """When they work; empty: always."""
    availability: Availability = Availability.AVAILABLE
    """As they set it; `present` is what counts."""
    availability_at: UtcDatetime | None = None
    seen_at: UtcDatetime | None = None
    """The last sign of life of a dashboard tab."""

    def away_since(self, now: datetime, away_after: timedelta) -> datetime | None:
        """None while they are there."""
        if self.availability is Availability.AWAY:
            return self.availability_at or self.created_at
        silent_from = (self.seen_at or self.created_at) + (away_after if self.seen_at else timedelta(0))
        return silent_from if silent_from <= now else None

    def present(self, now: datetime, away_after: timedelta) -> Availability:
        return Availability.AWAY if self.away_since(now, away_after) is not None else self.availability

    def takes_offers(self, now: datetime, away_after: timedelta) -> bool:
        available = self.may(Role.MANAGER) and self.present(now, away_after) is Availability.AVAILABLE
        return available and parse_hours(self.hours).open_at(now)

    def may(self, least: Role) -> bool:
        return _RANK[self.role] >= _RANK[least]


class Attending(Model):
    """A manager as the team sees them."""

    manager: Manager
    present: Availability
    load: int
    """Conversations they have taken or are offered."""


class ApiKey(Model):
    id: str
    name: str
    manager_id: str
    created_at: UtcDatetime
    revoked_at: UtcDatetime | None = None
    last_used_at: UtcDatetime | None = None


class Inbox(Model):
    """A configured place where messages arrive. Credentials are apart: see `storage.inboxes.Inboxes.credentials`."""

    id: str
    channel: ChannelKind
    name: str
    policy: Policy
    policy_version: int
    public_settings: dict[str, str]
    """The channel's settings that are no secrets (a callback URL, a colour)."""
    created_at: UtcDatetime
    last_message_at: UtcDatetime | None = None
