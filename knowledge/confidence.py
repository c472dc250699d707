"""Which unit answers best and how sure to be of it: two linear models over raw signals, fitted by scripts/fit_confidence.py."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from pydantic import Field

from domain.errors import InvalidInput
from domain.model import Model
from knowledge.signals import Candidate

MODEL_FILE = Path(__file__).with_name("confidence.json")
CERTAIN = 0.99
"""For the very words of a stored question."""
_WIDEST_LEAD = 6.0
_NEAREST = 4
"""Candidates among which a stored answer is looked for in the place of a row."""
_OF_PAIRS = (
    "title_cosine",
    "sentence_cosine",
    "concepts_agree",
    "explained",
    "least_explained",
    "title_explained",
    "coverage",
    "title_coverage",
    "lead",
    "alone",
    "known",
)
"""Signals that weigh otherwise for a question-and-answer pair than for running text."""
_OF_FOREIGN = ("explained", "coverage", "known", "title_cosine", "sentence_cosine", "lead")
"""Signals that weigh otherwise for a question in another language than the unit's."""


class Linear(Model):
    """A weighted sum of standardised signals."""

    signals: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float = 0.0

    def score(self, signals: Mapping[str, float]) -> float:
        return self.bias + sum(
            weight * (signals[name] - mean) / scale
            for name, mean, scale, weight in zip(self.signals, self.means, self.scales, self.weights, strict=True)
        )


class ConfidenceModel(Model):
    """`provenance` says what it was fitted on, when, and how well it did."""

    name: str
    embedding_model: str
    ranking: Linear
    """Orders the candidates."""
    confidence: Linear
    """The logit of the probability that the first one answers the question."""
    provenance: dict[str, str] = Field(default_factory=dict)

    def fitted_for(self, embedding_model: str) -> "ConfidenceModel":
        """Itself. Raises InvalidInput where the vectors come from another model: cosines of one mean nothing to the other."""
        if self.embedding_model != embedding_model:
            raise InvalidInput(
                f"The confidence model {self.name} was fitted for the embedding model {self.embedding_model}, "
                f"and this is {embedding_model}. "
                "Fit it anew: python -m scripts.fit_confidence --write"
            )
        return self

    def order(self, found: Sequence[Candidate]) -> list[Candidate]:
        """Best first. Of a table's row and a stored answer that say the same, the answer comes first: it is a sentence."""
        placed = [replace(one, place=self.ranking.score(one.signals)) for one in found]
        ordered = sorted(placed, key=lambda one: (-one.signals["same"], -one.place))
        if ordered and ordered[0].signals["table"]:
            answers = (one for one in ordered[1:_NEAREST] if one.signals["pair"] and one.agrees_with(ordered[0]))
            if (answer := next(answers, None)) is not None:
                ordered.remove(answer)
                ordered.insert(0, replace(answer, place=ordered[0].place))
        return ordered

    def probability(self, signals: Mapping[str, float]) -> float:
        if signals["same"]:
            return CERTAIN
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.confidence.score(signals)))))


@cache
def confidence_model() -> ConfidenceModel:
    """The model that comes with the release."""
    return ConfidenceModel.model_validate_json(MODEL_FILE.read_text(encoding="utf-8"))


def question_signals(found: Sequence[Candidate], *, known: float, words: int) -> dict[str, float]:
    """The raw figures of one question from its ordered candidates: the best one's, its lead, and how much of the question is known."""
    best = dict(found[0].signals)
    others = [one for one in found[1:] if not one.agrees_with(found[0])]
    weights = [math.exp(one.place - found[0].place) for one in (found[0], *others)]
    signals = {
        **best,
        "title_lead": best["title_cosine"] - max((one.signals["title_cosine"] for one in others), default=0.0),
        "words_lead": best["words"] - max((one.signals["words"] for one in others), default=0.0),
        "place": found[0].place,
        "lead": min(found[0].place - others[0].place, _WIDEST_LEAD) if others else _WIDEST_LEAD,
        "alone": 1 / sum(weights),
        "known": known,
        "length": math.log1p(words),
        "empty": float(words == 0),
        "meaning": max(best["title_cosine"] * best["pair"], best["sentence_cosine"], best["cosine"]),
        "coverage_known": best["coverage"] * known,
    }
    pairs = {f"pair_{name}": best["pair"] * signals[name] for name in _OF_PAIRS}
    return signals | pairs | {f"foreign_{name}": best["foreign"] * signals[name] for name in _OF_FOREIGN}
