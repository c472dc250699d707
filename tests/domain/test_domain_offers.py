"""Near questions: how they are put, and how a customer picks one."""

import pytest

from domain.offers import chosen_offer, offer_text

OFFERED = ("How long is the warranty?", "Do you ship to Chile?", "Can I pay in instalments?")


@pytest.mark.parametrize(
    ("answer", "picked"),
    [
        ("1", 0),
        (" 2. ", 1),
        ("#3", 2),
        ("2️⃣", 1),
        ("n° 2", 1),
        ("opción 2 por favor", 1),
        ("the first one please", 0),
        ("One", 0),
        ("2nd", 1),
        ("the last", 2),
        ("la segunda", 1),
        ("la última por favor", 2),
        ("el primero", 0),
        ("a terceira", 2),
        ("2ª", 1),
        ("dois", 1),
        ("la deuxième s'il vous plaît", 1),
        ("la dernière", 2),
        ("die dritte bitte", 2),
        ("zwei", 1),
        ("il primo", 0),
        ("la terza", 2),
        ("how long is the WARRANTY", 0),
        ("the warranty one", 0),
        ("to chile", 1),
    ],
)
def test_an_offer_is_picked_by_number_place_or_words(answer: str, picked: int) -> None:
    assert chosen_offer(answer, OFFERED) == OFFERED[picked]


@pytest.mark.parametrize(
    "answer",
    [
        "4",
        "12",
        "0",
        "",
        "👍",
        "yes",
        "no",
        "none of these",
        "one moment",
        "wait a second",
        "do you ship to Peru?",
        "Chile or warranty",
        "1 or 2",
    ],
)
def test_what_picks_none_is_a_question_of_its_own(answer: str) -> None:
    assert chosen_offer(answer, OFFERED) is None


@pytest.mark.parametrize("answer", ["yes", "Sí!", "sim", "oui", "ja genau", "1", "the first"])
def test_where_only_one_is_offered_a_yes_will_do(answer: str) -> None:
    assert chosen_offer(answer, OFFERED[:1]) == OFFERED[0]


def test_nothing_is_picked_where_nothing_was_offered() -> None:
    assert chosen_offer("1", ()) is None


def test_an_offer_can_be_read_without_buttons() -> None:
    assert offer_text("Which one?", OFFERED[:2]) == "Which one?\n1. How long is the warranty?\n2. Do you ship to Chile?"
