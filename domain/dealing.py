"""Who is offered which waiting conversation. Pure: the same line and team give the same deal, whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar


class Strategy(StrEnum):
    NOBODY = "nobody"
    """Flagged conversations stand in everybody's list until somebody takes one."""
    FEWEST = "fewest"
    """Offered to whoever has the fewest."""
    ROUND_ROBIN = "round_robin"
    """Offered in turn: to whoever was last offered one the longest ago."""


class Person(Protocol):
    """What a deal asks of a manager; `domain.managers.Manager`."""

    @property
    def id(self) -> str: ...
    @property
    def languages(self) -> tuple[str, ...]: ...
    @property
    def inboxes(self) -> tuple[str, ...]: ...
    @property
    def capacity(self) -> int: ...
    def takes_offers(self, now: datetime, away_after: timedelta) -> bool: ...


@dataclass(frozen=True)
class Waiting:
    """A flagged conversation that is offered to nobody."""

    conversation_id: str
    inbox_id: str
    language: str | None
    strategy: Strategy = Strategy.FEWEST
    known: str | None = None
    """The manager who had this customer last."""
    passed: tuple[str, ...] = ()
    """Who let an offer of it expire, latest last: they come after everybody else, latest last."""


AnyPerson = TypeVar("AnyPerson", bound=Person)


@dataclass
class Place(Generic[AnyPerson]):
    """A manager with what they have: taken and offered conversations."""

    person: AnyPerson
    load: int = 0
    offered_at: datetime | None = None


_NEVER = datetime.min.replace(tzinfo=UTC)


def deal(line: Sequence[Waiting], team: Sequence[Place[AnyPerson]], now: datetime, away_after: timedelta) -> dict[str, str]:
    """Manager ids by conversation, for those of the line (oldest first) that somebody is free for. Raises the places' loads.

    A language that nobody of the inbox speaks is no reason to wait: then everybody of the inbox counts.
    """
    free = [place for place in team if place.load < place.person.capacity and place.person.takes_offers(now, away_after)]
    dealt: dict[str, str] = {}
    for waiting in line:
        if not free:
            break
        speakers = {place.person.id for place in team if _serves(place.person, waiting) and _speaks(place.person, waiting)}
        fit = [place for place in free if _serves(place.person, waiting) and (not speakers or place.person.id in speakers)]
        if not fit:
            continue
        chosen = min(fit, key=lambda place: _rank(place, waiting))
        dealt[waiting.conversation_id] = chosen.person.id
        chosen.load += 1
        # Each later than the one before, so that turns are kept within one deal.
        chosen.offered_at = now + timedelta(microseconds=len(dealt))
        if chosen.load >= chosen.person.capacity:
            free.remove(chosen)
    return dealt


def _serves(person: Person, waiting: Waiting) -> bool:
    return not person.inboxes or waiting.inbox_id in person.inboxes


def _speaks(person: Person, waiting: Waiting) -> bool:
    return not person.languages or waiting.language is None or primary(waiting.language) in person.languages


def primary(language: str) -> str:
    """`pt` of `pt-BR`."""
    return language.replace("_", "-").split("-", maxsplit=1)[0].lower()


def _rank(place: Place[AnyPerson], waiting: Waiting) -> tuple[int, bool, int, datetime, int, str]:
    person = place.person
    passed = waiting.passed.index(person.id) + 1 if person.id in waiting.passed else 0
    counted = place.load if waiting.strategy is Strategy.FEWEST else 0
    return passed, person.id != waiting.known, counted, place.offered_at or _NEVER, place.load, person.id
