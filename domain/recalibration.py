"""How sure the bot may be in this installation: what managers judged moves the confidence that the release was fitted with.

A straight line over the logit, with a slope above 0: which of two answers is surer never changes, only how sure. It is held near "no
change" by a penalty and by the number of judgements, and with too few of them nothing is changed at all.
"""

import math
from collections.abc import Sequence
from enum import StrEnum

from domain.model import Model, UtcDatetime

LEAST_JUDGEMENTS = 40
LEAST_OF_A_KIND = 8
"""Right ones, and wrong ones."""
PULL = 4.0
"""Strength of the penalty on both figures, in judgements."""
HALF_AT = 40
"""Judgements at which half of what they say is believed."""
MOST_JUDGEMENTS = 2_000
"""The newest count."""
_SLOPES = (0.25, 4.0)
_SHIFTS = (-3.0, 3.0)
_STEPS = 25
_EDGE = 0.01


class JudgedBy(StrEnum):
    PERSON = "person"
    """A manager pressed right or wrong."""
    SAME_REPLY = "same_reply"
    """The bot handed over, and the manager said what the bot had drafted."""
    CORRECTION = "correction"
    """A manager corrected the bot's answer soon after."""


class Judgement(Model):
    """Whether one answer, sent or only drafted, was right. One for each turn."""

    turn_id: str
    conversation_id: str
    confidence: float
    """As the release's model gave it, before any adjustment."""
    right: bool
    by: JudgedBy
    manager_id: str
    at: UtcDatetime


class Adjustment(Model):
    """`shift` and `slope` of the logit; the default changes nothing."""

    shift: float = 0.0
    slope: float = 1.0
    judgements: int = 0
    wrong: int = 0

    @property
    def changes(self) -> bool:
        return (self.shift, self.slope) != (0.0, 1.0)

    def adjusted(self, confidence: float) -> float:
        if not self.changes or confidence <= 0:
            return confidence
        return round(_share(self.shift + self.slope * _logit(confidence)), 4)


def fit(judged: Sequence[tuple[float, bool]]) -> Adjustment:
    """From confidences and whether each was right. Changes nothing with fewer than `LEAST_JUDGEMENTS`, `LEAST_OF_A_KIND` of either."""
    right = sum(was_right for _, was_right in judged)
    counts = {"judgements": len(judged), "wrong": len(judged) - right}
    if len(judged) < LEAST_JUDGEMENTS or min(right, len(judged) - right) < LEAST_OF_A_KIND:
        return Adjustment.model_validate(counts)
    points = [(_logit(confidence), float(was_right)) for confidence, was_right in judged]
    shift, slope = 0.0, 1.0
    for _ in range(_STEPS):
        shift, slope = _newton_step(points, shift, slope)
    believed = len(judged) / (len(judged) + HALF_AT)
    shift, slope = believed * shift, 1.0 + believed * (slope - 1.0)
    return Adjustment.model_validate({"shift": round(shift, 4), "slope": round(slope, 4), **counts})


def _newton_step(points: Sequence[tuple[float, float]], shift: float, slope: float) -> tuple[float, float]:
    """One step of penalised logistic regression towards the likeliest line."""
    by_shift, by_slope = PULL * shift, PULL * (slope - 1.0)
    shifts, slopes, both = PULL, PULL, 0.0
    for logit, right in points:
        share = _share(shift + slope * logit)
        weight = share * (1.0 - share)
        by_shift += share - right
        by_slope += (share - right) * logit
        shifts += weight
        slopes += weight * logit * logit
        both += weight * logit
    spread = shifts * slopes - both * both
    shift -= (slopes * by_shift - both * by_slope) / spread
    slope -= (shifts * by_slope - both * by_shift) / spread
    return _within(shift, _SHIFTS), _within(slope, _SLOPES)


def _within(value: float, limits: tuple[float, float]) -> float:
    return max(limits[0], min(limits[1], value))


def _logit(share: float) -> float:
    share = _within(share, (_EDGE, 1.0 - _EDGE))
    return math.log(share / (1.0 - share))


def _share(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))


_SAME_WORDS = 0.8
_OTHER_WORDS = 0.4
_LEAST_WORDS = 5


def likeness(one: str, other: str) -> float:
    """0 to 1: the share of both texts' words that they have in common."""
    mine, theirs = _words(one), _words(other)
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


def is_same_reply(reply: str, draft: str) -> bool:
    return likeness(reply, draft) >= _SAME_WORDS


def is_correction(reply: str, answer: str) -> bool:
    """Whether a person's words soon after the bot's say something else about the same; thanks and greetings are too short to tell."""
    return len(_words(reply)) > _LEAST_WORDS and likeness(reply, answer) < _OTHER_WORDS


def _words(text: str) -> set[str]:
    return {word.strip(".,;:!?¡¿()\"'").casefold() for word in text.split()} - {""}
