"""How much a language model's draft counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.caution import THRESHOLDS, Caution
from domain.drafting import raised, wants_second_look, worth_reading

confidences = st.floats(min_value=0, max_value=1)
ratios = st.floats(min_value=1, max_value=1_000)


@given(confidence=confidences, ratio=ratios)
def test_a_draft_never_lowers_and_stays_a_probability(confidence: float, ratio: float) -> None:
    assert round(confidence, 4) - 0.0001 <= raised(confidence, ratio) <= 1


@given(confidence=confidences)
def test_a_ratio_of_one_says_nothing_new(confidence: float) -> None:
    assert raised(confidence, 1) == pytest.approx(confidence, abs=0.0001)


def test_it_is_bayes_rule() -> None:
    assert raised(0.5, 4) == 0.8
    assert raised(0.0, 1_000) == 0.0


@given(confidence=confidences, ratio=ratios)
def test_a_threshold_of_one_never_reads(confidence: float, ratio: float) -> None:
    assert not worth_reading(confidence, 1.0, ratio)


def test_the_model_is_asked_only_where_its_draft_could_be_sent() -> None:
    assert worth_reading(0.7, 0.9, 4)
    assert not worth_reading(0.6, 0.9, 4)


def test_careful_means_a_second_look() -> None:
    assert wants_second_look(THRESHOLDS[Caution.CAREFUL].threshold)
    assert not wants_second_look(THRESHOLDS[Caution.BALANCED].threshold)
