"""What a message sounds like, as a logistic model over its sentence vector and a few signals of its words."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.model import Model

Floats = NDArray[np.float32]


class LinearEar(Model):
    """Weights as scripts/fit_mood.py and scripts/fit_asking.py write them."""

    name: str
    embedding_model: str
    vector: tuple[float, ...]
    signals: tuple[float, ...]
    bias: float
    provenance: dict[str, str]

    def probability(self, vector: Floats, signals: Sequence[float]) -> float:
        """0 to 1. The vector is the message's own."""
        score = float(np.asarray(self.vector, np.float32) @ vector) + self.bias
        score += sum(weight * value for weight, value in zip(self.signals, signals, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
