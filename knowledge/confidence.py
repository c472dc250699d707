"""How sure to be that the best unit answers the question: a logistic model over raw signals, fitted by scripts/fit_confidence.py."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pydantic import Field

from domain.model import Model
from knowledge.signals import Candidate

MODEL_FILE = Path(__file__).with_name("confidence.json")


class ConfidenceModel(Model):
    """Weights per standardised signal. `provenance` says what it was fitted on, when, and how well it did."""

    name: str
    embedding_model: str
    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    provenance: dict[str, str] = Field(default_factory=dict)

    def probability(self, signals: Mapping[str, float]) -> float:
        score = self.bias + sum(
            weight * (signals[name] - mean) / scale
            for name, mean, scale, weight in zip(self.features, self.mean, self.scale, self.weights, strict=True)
        )
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


@cache
def confidence_model() -> ConfidenceModel:
    return ConfidenceModel.model_validate_json(MODEL_FILE.read_text())


def signals_of(found: Sequence[Candidate], *, known: float, words: int) -> dict[str, float]:
    """The raw figures of one question, from its candidates, best first."""
    best = found[0]
    others = found[1:]
    return {
        "cosine": best.cosine,
        "title": best.title,
        "sentence": best.sentence,
        "coverage": best.coverage,
        "title_coverage": best.title_coverage,
        "words": best.words,
        "spelling": best.spelling,
        "same": best.same,
        "pair": best.pair,
        "cosine_margin": best.cosine - max((other.cosine for other in others), default=0.0),
        "title_margin": best.title - max((other.title for other in others), default=0.0),
        "words_margin": best.words - max((other.words for other in others), default=0.0),
        "known": known,
        "length": math.log1p(words),
    }
