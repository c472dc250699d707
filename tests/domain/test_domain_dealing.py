"""Who is offered what: free, there, at work, of the inbox, speaking the language; the fewest first, or in turn."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.dealing import Place, Strategy, Waiting, deal
from domain.managers import Availability, Manager, Role

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
AWAY_AFTER = timedelta(minutes=3)


def place(name: str, *, load: int = 0, offered: int | None = None, **more: Any) -> Place[Manager]:
    """Somebody whose dashboard is open. `offered`: minutes ago."""
    given = {"role": Role.MANAGER, "created_at": NOON - timedelta(days=9), "seen_at": NOON, **more}
    person = Manager(id=name, email=f"{name}@shop.example", name=name, **given)
    return Place(person, load, None if offered is None else NOON - timedelta(minutes=offered))


def one(team: list[Place[Manager]], **more: Any) -> str | None:
    """Who is offered a single conversation."""
    waiting = Waiting(**{"conversation_id": "c", "inbox_id": "shop", "language": None, **more})
    return deal([waiting], team, NOON, AWAY_AFTER).get("c")


@pytest.mark.parametrize(
    ("facts", "gets_it"),
    [
        ({}, True),
        ({"role": Role.VIEWER}, False),
        ({"availability": Availability.BUSY}, False),
        ({"availability": Availability.AWAY}, False),
        ({"seen_at": NOON - timedelta(minutes=2)}, True),
        ({"seen_at": NOON - timedelta(minutes=3)}, False),
        ({"seen_at": None}, False),
        ({"inboxes": ("shop", "brazil")}, True),
        ({"inboxes": ("brazil",)}, False),
        ({"hours": "UTC; wed 09:00-17:00"}, True),
        ({"hours": "UTC; wed 13:00-17:00"}, False),
        ({"capacity": 2, "load": 1}, True),
        ({"capacity": 2, "load": 2}, False),
        ({"capacity": 0}, False),
    ],
)
def test_an_offer_goes_only_to_somebody_who_can_take_it(facts: dict[str, Any], gets_it: bool) -> None:
    assert one([place("ana", **facts)]) == ("ana" if gets_it else None)


def test_the_fewest_conversations_come_first_and_turns_break_the_tie() -> None:
    assert one([place("ana", load=3), place("ben", load=2)]) == "ben"
    assert one([place("ana", load=2, offered=1), place("ben", load=2, offered=5)]) == "ben"
    assert one([place("ana", load=2, offered=1), place("ben", load=2)]) == "ben"


def test_in_turn_nobody_counts() -> None:
    team = [place("ana", load=0, offered=1), place("ben", load=7, offered=5), place("cho", load=1, offered=3)]
    line = [Waiting(name, "shop", None, Strategy.ROUND_ROBIN) for name in "abcd"]
    assert deal(line, team, NOON, AWAY_AFTER) == {"a": "ben", "b": "cho", "c": "ana", "d": "ben"}


def test_a_language_is_a_condition_where_somebody_speaks_it() -> None:
    team = [place("ana", languages=("es",)), place("ben", load=5, languages=("pt", "en"))]
    assert one(team, language="pt-BR") == "ben"
    assert one(team, language="de") == "ana", "nobody here does"
    assert one([team[0], place("ben", languages=("pt",), seen_at=None)], language="pt") is None, "ben does, and comes back"
    assert one([place("ana"), place("ben", load=1, languages=("pt",))], language="pt") == "ana", "no languages: any"


def test_a_returning_customer_goes_to_whom_they_know() -> None:
    assert one([place("ana"), place("ben", load=4)], known="ben") == "ben"
    assert one([place("ana"), place("ben", seen_at=None)], known="ben") == "ana"


def test_who_let_it_pass_comes_last() -> None:
    team = [place("ana"), place("ben", load=4), place("cho", load=5)]
    assert one(team, passed=("ana",)) == "ben"
    assert one(team, passed=("ana", "ben")) == "cho"
    assert one(team, passed=("ana", "ben", "cho")) == "ana", "all have had their chance: it goes round again"
    assert one(team[:1], passed=("ana",), known="ana") == "ana"


def test_a_line_is_dealt_oldest_first_until_all_are_full() -> None:
    team = [place("ana", capacity=2), place("ben", capacity=1), place("cho", capacity=0)]
    line = [Waiting(str(number), "shop", None) for number in range(5)]
    assert list(deal(line, team, NOON, AWAY_AFTER)) == ["0", "1", "2"]


def test_who_waits_for_somebody_special_holds_nobody_up() -> None:
    team = [place("ana", languages=("es",)), place("ben", languages=("pt",), capacity=0)]
    line = [Waiting("first", "shop", "pt"), Waiting("second", "shop", "es")]
    assert deal(line, team, NOON, AWAY_AFTER) == {"second": "ana"}
