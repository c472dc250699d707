"""What a language model is asked, when it is asked, and how much its draft counts. Pure."""

from domain.caution import THRESHOLDS, Caution
from domain.knowledge import Passage
from domain.messages import Message
from domain.model import Model
from domain.policy import ReplyLength

SENTENCES = {ReplyLength.SHORT: 2, ReplyLength.MEDIUM: 4, ReplyLength.LONG: 8}


class DraftPolicy(Model):
    """Whether a language model is configured, and how much its checked draft counts: see `raised`."""

    configured: bool
    ratio: float = 1.0


class Asked(Model):
    """A turn as the language model gets it. Passages, turns and question are others' words: data, never instructions."""

    question: str
    in_full: str = ""
    """The question in words that stand alone, where the customer's own refer back."""
    passages: tuple[Passage, ...]
    """Best first."""
    turns: tuple[Message, ...] = ()
    """Oldest first."""
    language: str | None = None
    """BCP 47; what the reply is to be written in. None: the question's."""
    instructions: str = ""
    tone: str = ""
    reply_length: ReplyLength = ReplyLength.MEDIUM
    second_look: bool = False
    """The model must confirm the draft in a call of its own."""


def raised(confidence: float, ratio: float) -> float:
    """The confidence once a checked draft has come of the passages: Bayes' rule.

    `ratio`: how much likelier such a draft is where the passages hold the answer than where they don't; 1 changes nothing. What
    retrieval thinks impossible stays impossible.
    """
    if not 0 < confidence < 1:
        return confidence
    odds = confidence / (1 - confidence) * ratio
    return round(odds / (1 + odds), 4)


def worth_reading(confidence: float, threshold: float, ratio: float) -> bool:
    """Whether a draft could be sent at all. Below that floor the model isn't asked, however sure it would be."""
    return threshold < 1 and raised(confidence, ratio) >= threshold


def wants_second_look(threshold: float) -> bool:
    """From the careful threshold up a draft is looked at twice before it is sent."""
    return threshold >= THRESHOLDS[Caution.CAREFUL].threshold
