"""How sure the bot must be, as three choices in words, each with its effect."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.caution import THRESHOLDS, Caution, CautionLevel
from domain.caution_effect import Effect, chosen, effects
from domain.policy import Policy
from domain.rule_trial import PastTurn

_WORDS = {
    Caution.CAREFUL: "Answers only what it is very sure of; everything else is offered or goes to a person.",
    Caution.BALANCED: "Answers more by itself, and is wrong more often.",
    Caution.EAGER: "Answers whenever there is a good guess. Best where a wrong answer does little harm.",
}


@dataclass(frozen=True)
class Choice:
    caution: Caution
    words: str
    level: CautionLevel
    effect: Effect
    questions: int
    """Of the last weeks, that the effect counts."""
    chosen: bool


def caution_choices(past: Sequence[Sequence[PastTurn]], policy: Policy) -> list[Choice]:
    found, now = effects(past, policy), chosen(policy.answer_threshold)
    return [
        Choice(caution, _WORDS[caution], level, one, one.answered + one.offered + one.handed_over, caution is now)
        for caution, level in THRESHOLDS.items()
        for one in (found[caution],)
    ]
