"""What people are told outside the page they are looking at, and what each of them wants to be told."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from domain.ladder import Medium, NoticeState, Rung
from domain.managers import Manager
from domain.model import Model, UtcDatetime


class Scope(StrEnum):
    ALL = "all"
    MINE = "mine"
    """Conversations offered to the person, and customers whom the person has answered before."""


class NoticePreferences(Model):
    """What one person wants. Quiet hours are in the person's own time zone; `22:00` to `07:00` spans midnight."""

    push: bool = True
    email: bool = True
    sms: bool = True
    scope: Scope = Scope.ALL
    quiet_from: time | None = None
    quiet_to: time | None = None
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("this is no time zone; write one like America/Montevideo or Europe/Madrid") from error
        return value

    @model_validator(mode="after")
    def _both_ends(self) -> "NoticePreferences":
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet hours need both a beginning and an end")
        return self

    def wants(self, medium: Medium) -> bool:
        return {Medium.PUSH: self.push, Medium.EMAIL: self.email, Medium.SMS: self.sms}[medium]

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours that `now` lies in end; None outside of them. The same time twice means no quiet hours."""
        if self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return None
        zone = ZoneInfo(self.time_zone)
        local = now.astimezone(zone)
        for days in (-1, 0):
            day = local.date() + timedelta(days=days)
            begins = datetime.combine(day, self.quiet_from, zone)
            last = day if self.quiet_from < self.quiet_to else day + timedelta(days=1)
            ends = datetime.combine(last, self.quiet_to, zone)
            # Compared as points in time: on the days when clocks change, wall times would be an hour off.
            if begins.astimezone(UTC) <= now.astimezone(UTC) < ends.astimezone(UTC):
                return ends.astimezone(UTC)
        return None


class WaitingCustomer(Model):
    """One flagged conversation, as a notice tells of it."""

    conversation_id: str
    inbox_id: str
    inbox_name: str
    rung: Rung
    reason: str
    flagged_at: UtcDatetime
    reply_to: str | None = None
    """The address under which a mail answers the customer."""
    words: tuple[str, ...] = ()
    """The customer's last words; only where the person may answer by mail."""


class Digest(Model):
    """One message to one person, about everybody who waits."""

    id: str
    """The same for every repeat of this message."""
    medium: Medium
    person: Manager
    waiting: tuple[WaitingCustomer, ...] = Field(min_length=1)
    at: UtcDatetime


class Debt(Model):
    """Whom one rung of one conversation has not told yet, by what, and the earliest time that it may."""

    manager_id: str
    medium: Medium
    not_before: UtcDatetime


class NoticeLine(Model):
    """One row of a conversation's notices, as panel and API show it."""

    flagged_at: UtcDatetime
    rung: Rung
    medium: Medium
    manager_id: str
    manager_name: str
    state: NoticeState
    due_at: UtcDatetime
    settled_at: UtcDatetime | None = None
    error: str | None = None


class PushSubscription(Model):
    """A browser that takes push messages. The endpoint is an address that only the browser's vendor and we know."""

    id: str
    endpoint: str
    p256dh: str
    auth: str


class PushKeys(Model):
    """By which push services know this installation (VAPID, RFC 8292). Both as unpadded URL-safe base64: the uncompressed point, and the
    private key in DER."""

    public: str
    private: str


class PushDevice(Model):
    """A subscription as its owner sees it."""

    id: str
    label: str
    created_at: UtcDatetime
    here: bool
    """It belongs to the session that asks."""
