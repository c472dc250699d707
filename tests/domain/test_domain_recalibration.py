"""The confidence follows what managers judge, when there is enough of it, and never loses its order."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.recalibration import LEAST_JUDGEMENTS, LEAST_OF_A_KIND, Adjustment, fit, is_correction, is_same_reply


def shop(count: int, truth: float, *, seed: int) -> list[tuple[float, bool]]:
    """Judged answers of a shop where the logit of being right is `truth` below the model's."""
    draw = random.Random(seed)  # noqa: S311 # a test's data, drawn the same way each time
    found = []
    for _ in range(count):
        confidence = draw.uniform(0.3, 0.98)
        share = 1 / (1 + math.exp(-(math.log(confidence / (1 - confidence)) - truth)))
        found.append((confidence, draw.random() < share))
    return found


def loss(judged: list[tuple[float, bool]], adjustment: Adjustment) -> float:
    """Mean negative log-likelihood."""
    shares = [(max(1e-6, min(1 - 1e-6, adjustment.adjusted(confidence))), right) for confidence, right in judged]
    return -sum(math.log(share if right else 1 - share) for share, right in shares) / len(shares)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("truth", [1.5, -1.0])
def test_where_the_shop_differs_it_is_nearer_to_the_truth_on_answers_it_has_not_seen(truth: float, seed: int) -> None:
    adjustment = fit(shop(150, truth, seed=seed))
    unseen = shop(2_000, truth, seed=seed + 100)
    assert adjustment.changes
    assert loss(unseen, adjustment) < loss(unseen, Adjustment())


@pytest.mark.parametrize("seed", range(5))
def test_where_the_shop_does_not_differ_little_is_lost(seed: int) -> None:
    unseen = shop(2_000, 0.0, seed=seed + 100)
    assert loss(unseen, fit(shop(150, 0.0, seed=seed))) < loss(unseen, Adjustment()) + 0.02


def test_with_too_little_nothing_changes() -> None:
    few = shop(LEAST_JUDGEMENTS - 1, 2.0, seed=1)
    one_sided = [(0.9, True)] * 200 + [(0.9, False)] * (LEAST_OF_A_KIND - 1)
    for judged in (few, one_sided, []):
        adjustment = fit(judged)
        assert not adjustment.changes
        assert adjustment.judgements == len(judged)
        assert adjustment.adjusted(0.83) == 0.83


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=40, max_size=120), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_the_surer_answer_stays_the_surer_one(judged: list[tuple[float, bool]], one: float, other: float) -> None:
    adjustment = fit(judged)
    assert 0 <= adjustment.adjusted(one) <= 1
    if one < other:
        assert adjustment.adjusted(one) <= adjustment.adjusted(other)


def test_more_judgements_are_followed_further() -> None:
    half, whole = ([(0.9, index % 2 == 0) for index in range(count)] for count in (40, 400))
    assert 0.5 < fit(whole).adjusted(0.9) < fit(half).adjusted(0.9) < 0.9


def test_what_a_reply_says_about_the_bot() -> None:
    draft = "Yes, we ship to Chile in 5 to 8 days."
    assert is_same_reply("yes we ship to Chile, in 5 to 8 days!", draft)
    assert not is_same_reply("No, only to Peru.", draft)
    assert is_correction("Sorry, that was wrong: nothing leaves for Chile before May.", draft)
    assert not is_correction("Yes, we ship to Chile in 5 to 8 days, promised.", draft)
    assert not is_correction("Thanks a lot!", draft)
