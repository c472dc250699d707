"""What is read at a vendor later than it was told: notifications that only point somewhere, and tokens that end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.messages import InboundEvent, ResourceChanged
from domain.model import Model, UtcDatetime

MISSING_FOR = timedelta(hours=1)
"""A vendor may tell of something before it can be read; what can't be read for so long does not exist."""


class FetchRequest(Model):
    """Read what changed, and take in what it says."""

    inbox_id: str
    changed: ResourceChanged


class Fetched(Model):
    """What reading at the vendor brought. With `again`, nothing, and why; it is read once more."""

    events: tuple[InboundEvent, ...] = ()
    again: str | None = None
    retry_after: float | None = None
    missing: bool = False
    """With `again`: the vendor does not know it (yet)."""
    token_refused: bool = False
    """With `again`: the access token is not taken."""


class FetchReport(Model):
    """How one reading ended, for the workflow that repeats it."""

    again: str | None = None
    retry_after: float | None = None
    missing: bool = False
    taken: int = 0
    """How many events were taken in."""


class Swept(Model):
    """What a look at the vendor found that nobody may have told of."""

    changed: tuple[ResourceChanged, ...] = ()
    problem: str | None = None
    token_refused: bool = False


@dataclass(frozen=True, slots=True)
class Renewal:
    """A new access token, or why there is none. Never in a payload: it holds secrets."""

    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The inbox's settings that change, by name."""
    expires_in: float | None = None
    problem: str | None = None
    final: bool = False
    """With a problem: another attempt can't help, a person must set a new token."""


class TokenState(Model):
    """What is known of an inbox's present access token."""

    seen_at: UtcDatetime
    """When it was first met here, or made."""
    expires_at: UtcDatetime | None = None
    problem: str | None = None
    """Why it does not work, in words for managers."""
    problem_since: UtcDatetime | None = None
    dead: bool = False
    """Only a person can mend it, by a new token."""
    warned_at: UtcDatetime | None = None
    """When managers were told of it."""
