"""Fits knowledge/mood.json on tests/eval/messages/upset.txt and shops' questions: `python -m scripts.fit_mood [--write]`.

A ridge logistic model over the sentence vector and the signals of knowledge/mood.py. Fitted on the parts `fit` and on the questions of
half of the evaluation documents; what is printed and recorded was predicted for the parts `held` and the other half.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.policy import DEFAULT_UPSET
from knowledge.embed import sentence_encoder
from knowledge.linear_ear import LinearEar
from knowledge.mood import MODEL_FILE, signals
from tests.eval.labelled import labelled

DOCUMENTS = Path(__file__).resolve().parent.parent / "tests" / "eval" / "documents"
RIDGE = 0.3
DIMENSIONS = 512
"""Of a sentence vector."""
QUESTION_WEIGHT = 0.3
"""Of one shop's question among the labelled messages: there are many, and all are calm."""

Array = NDArray[np.float64]


def questions() -> list[list[str]]:
    """By document."""
    files = sorted(DOCUMENTS.glob("*.questions.jsonl"))
    return [[json.loads(line)["question"] for line in file.read_text(encoding="utf-8").splitlines()] for file in files]


def design(texts: Sequence[str], signals: Callable[[str], Sequence[float]]) -> Array:
    return np.column_stack([sentence_encoder().encode(texts), np.array([signals(text) for text in texts]), np.ones(len(texts))])


def ear(found: Array, provenance: dict[str, str]) -> LinearEar:
    def rounded(weights: Array) -> tuple[float, ...]:
        return tuple(round(float(weight), 4) for weight in weights)

    return LinearEar(
        name=f"fitted-{datetime.now(UTC):%Y-%m-%d}",
        embedding_model=sentence_encoder().model_name,
        vector=rounded(found[:DIMENSIONS]),
        signals=rounded(found[DIMENSIONS:-1]),
        bias=round(float(found[-1]), 4),
        provenance=provenance,
    )


def fit(rows: Array, labels: Array, weights: Array, *, ridge_of: float = RIDGE) -> Array:
    found = np.zeros(rows.shape[1])
    ridge = np.append(np.full(rows.shape[1] - 1, ridge_of), 1e-6)
    for _ in range(30):  # Newton
        odds = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weights * (odds - labels)) + ridge * found
        curve = (rows * (weights * odds * (1 - odds))[:, None]).T @ rows + np.diag(ridge)
        found -= np.linalg.solve(curve, slope)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write knowledge/mood.json")
    options = parser.parse_args()
    taught, held = labelled("upset.txt", "fit"), labelled("upset.txt", "held")
    by_document = questions()
    calm = [question for document in by_document[::2] for question in document]
    unseen = [question for document in by_document[1::2] for question in document]
    rows = design([*(one.text for one in taught), *calm], signals)
    labels = np.array([float(one.is_so) for one in taught] + [0.0] * len(calm))
    found = fit(rows, labels, np.array([1.0] * len(taught) + [QUESTION_WEIGHT] * len(calm)))
    upset = 1 / (1 + np.exp(-design([one.text for one in held], signals) @ found))
    alarms = 1 / (1 + np.exp(-design(unseen, signals) @ found))
    truth = np.array([one.is_so for one in held])
    print(f"fitted on {len(taught)} messages and {len(calm)} questions; held out: {len(held)} messages, {len(unseen)} questions")
    measured = ""
    for threshold in (0.3, DEFAULT_UPSET, 0.5, 0.6):
        right, wrong = int((upset[truth] >= threshold).sum()), int((upset[~truth] >= threshold).sum())
        line = f"{right} of {truth.sum()} upset, {wrong} of {(~truth).sum()} calm, {(alarms >= threshold).sum()} of {len(unseen)} questions"
        print(f"from {threshold}: {line}")
        measured = line if threshold == DEFAULT_UPSET else measured
    if options.write:
        model = ear(found, {"fitted_on": "tests/eval/messages/upset.txt", f"held_out_from_{DEFAULT_UPSET}": measured})
        MODEL_FILE.write_text(model.model_dump_json(indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
