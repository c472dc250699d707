"""The owner's three words mean what was measured."""

from domain.caution import MEASURED_ON, THRESHOLDS, Caution
from domain.policy import DEFAULT_THRESHOLD


def test_the_more_careful_the_more_certain_and_the_less_is_answered() -> None:
    careful, balanced, eager = (THRESHOLDS[caution] for caution in (Caution.CAREFUL, Caution.BALANCED, Caution.EAGER))
    assert 1 > careful.threshold > balanced.threshold > eager.threshold > 0
    assert (careful.wrong_in, balanced.wrong_in, eager.wrong_in) == (20, 10, 7)
    assert careful.precision > balanced.precision > eager.precision
    assert careful.answered_right < balanced.answered_right < eager.answered_right
    assert careful.false_answers < balanced.false_answers < eager.false_answers


def test_the_promise_was_kept_when_it_was_measured() -> None:
    assert all(1 - level.precision <= 1 / level.wrong_in + 0.001 for level in THRESHOLDS.values())
    assert "left out" in MEASURED_ON
    assert THRESHOLDS[Caution.CAREFUL].threshold == DEFAULT_THRESHOLD
