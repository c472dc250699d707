"""How sure the bot has to be: the owner's three words, and the confidence that each one asks for.

The figures are data: `python -m scripts.fit_confidence --write` measures them and writes the lines between the two marks. Each threshold
is the lowest one at which no more than the promised share of the answers was wrong on documents that the model had not been fitted on.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from domain.model import Model


class Caution(StrEnum):
    CAREFUL = "careful"
    BALANCED = "balanced"
    EAGER = "eager"


class CautionLevel(Model):
    """A threshold with what it was measured to do. Shares run from 0 to 1."""

    threshold: float
    """Confidence from which the bot answers."""
    wrong_in: int
    """At most about one answer in this many is wrong."""
    precision: float
    """Right, of the answers sent."""
    answered_right: float
    """Answered right, of the questions whose answer stands in the documents."""
    false_answers: float
    """Answered all the same, of the questions whose answer does not."""


# measured: begin
MEASURED_ON = "13 documents, 1336 questions, each document left out of the fit; 2026-11-25"
_CAREFUL = CautionLevel(threshold=0.89, wrong_in=20, precision=0.978, answered_right=0.452, false_answers=0.016)
_BALANCED = CautionLevel(threshold=0.75, wrong_in=10, precision=0.917, answered_right=0.613, false_answers=0.082)
_EAGER = CautionLevel(threshold=0.64, wrong_in=7, precision=0.871, answered_right=0.673, false_answers=0.13)
# measured: end

THRESHOLDS: Mapping[Caution, CautionLevel] = MappingProxyType(
    {Caution.CAREFUL: _CAREFUL, Caution.BALANCED: _BALANCED, Caution.EAGER: _EAGER}
)
