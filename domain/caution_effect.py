"""What each of the owner's three choices would have done with an inbox's last questions."""

from collections.abc import Mapping, Sequence

from domain.caution import THRESHOLDS, Caution
from domain.decisions import Outcome, after_hearing, decide
from domain.model import Model
from domain.policy import Policy
from domain.rule_trial import PastTurn

MOST_QUESTIONS = 500
"""The newest; more would make the owner wait."""


class Effect(Model):
    """Questions, by what becomes of them."""

    answered: int = 0
    offered: int = 0
    handed_over: int = 0


def effects(past: Sequence[Sequence[PastTurn]], policy: Policy) -> Mapping[Caution, Effect]:
    """`past` holds the turns of each conversation, oldest first. What is decided before the documents are asked is no question here."""
    return {
        caution: _effect(past, policy.model_copy(update={"answer_threshold": level.threshold})) for caution, level in THRESHOLDS.items()
    }


def chosen(threshold: float) -> Caution | None:
    """The choice that a threshold is; None for a figure of the owner's own."""
    return next((caution for caution, level in THRESHOLDS.items() if level.threshold == threshold), None)


def _effect(past: Sequence[Sequence[PastTurn]], policy: Policy) -> Effect:
    counts = dict.fromkeys((Outcome.ANSWER, Outcome.OFFER, Outcome.FLAG), 0)
    for conversation in past:
        offered = False
        for turn in conversation:
            if after_hearing(turn.heard, policy, person_was_offered=False) is not None:
                offered = False
                continue
            outcome = decide(turn, policy, offered_before=offered).outcome
            offered = outcome is Outcome.OFFER
            counts[outcome] = counts.get(outcome, 0) + 1
    return Effect(answered=counts[Outcome.ANSWER], offered=counts[Outcome.OFFER], handed_over=counts[Outcome.FLAG])
