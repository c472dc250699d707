"""Fits knowledge/confidence.json on the evaluation documents of this repository: `python -m scripts.fit_confidence [--write]`.

Two steps: the weights that order a question's candidates (softmax over the candidates whose reply is right), then the logistic
model of whether the first one is right. Every document weighs the same. What is printed and recorded was predicted for each document
by a model that was fitted without it.
"""

import argparse
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.caution import Caution, CautionLevel
from knowledge.compose import extractive_draft
from knowledge.confidence import MODEL_FILE, ConfidenceModel, Linear, question_signals
from knowledge.embed import sentence_encoder
from knowledge.evaluate import corpus_of
from knowledge.retrieve import rank
from knowledge.scoring import GoldQuestion, Outcome, Score, is_right, score
from knowledge.signals import RANKING, Candidate, candidates

ROOT = Path(__file__).resolve().parent.parent
Array = NDArray[np.float64]

CONFIDENCE = (
    "cosine",
    "title_cosine",
    "sentence_cosine",
    "words",
    "coverage",
    "title_coverage",
    "pair",
    "table",
    "known",
    "length",
    "empty",
    "title_lead",
    "words_lead",
    "place",
    "lead",
    "alone",
    "concepts_text",
    "concepts_agree",
    "concepts_asked",
    "explained",
    "least_explained",
    "title_explained",
    "title_least_explained",
    "meaning",
    "coverage_known",
    "pair_title_cosine",
    "pair_sentence_cosine",
    "pair_concepts_agree",
    "pair_explained",
    "pair_least_explained",
    "pair_title_explained",
    "pair_coverage",
    "pair_title_coverage",
    "pair_lead",
    "pair_alone",
    "pair_known",
    "kind_held",
    "kind_missing",
    "sentence_kind",
    "unexplained",
    "strange",
    "foreign",
    "foreign_explained",
    "foreign_coverage",
    "foreign_known",
    "foreign_title_cosine",
    "foreign_sentence_cosine",
    "foreign_lead",
)
RIDGE_RANKING = 0.002
RIDGE_CONFIDENCE = 5.0
FOLDS = 4
LEVELS = {Caution.CAREFUL: 20, Caution.BALANCED: 10, Caution.EAGER: 7}
"""At most one wrong answer in how many."""
MOST_FALSE = {Caution.CAREFUL: 0.02}
"""Of the questions without an answer in the documents, the share that may get one."""
CAUTION_FILE = ROOT / "domain" / "caution.py"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the set, its candidates, and whether each one's reply would be right."""

    question: GoldQuestion
    found: tuple[Candidate, ...]
    right: tuple[bool, ...]
    known: float
    words: int


def sources() -> list[tuple[Path, Path]]:
    """PDFs of this repository with their questions."""
    documents = sorted((ROOT / "tests" / "eval" / "documents").glob("*.pdf"))
    return [
        *((pdf, pdf.with_suffix(".questions.jsonl")) for pdf in documents),
        (ROOT / "examples/shop.pdf", ROOT / "examples/questions.jsonl"),
    ]


def ask(pdf: Path, questions: Path) -> list[Asked]:
    encoder = sentence_encoder()
    corpus = corpus_of(pdf)
    asked = []
    for line in questions.read_text(encoding="utf-8").splitlines():
        question = GoldQuestion.model_validate_json(line)
        text = corpus.speller.corrected(question.question)
        ranking = rank(corpus, text, encoder.encode)
        found = tuple(candidates(corpus, text, ranking))
        right = tuple(is_right(question, extractive_draft(corpus, one.row, ranking).text) for one in found)
        asked.append(Asked(question, found, right, ranking.words.known, len(ranking.words.words)))
    return asked


def fit(documents: Sequence[Sequence[Asked]]) -> ConfidenceModel:
    """Every document weighs the same. The second step learns from orders that were made without the document at hand: those of a model
    that knows the right answers look surer than strangers' documents ever will."""
    ranking = _fit_ranking(documents)
    model = ConfidenceModel(
        name=f"fitted-{datetime.now(UTC):%Y-%m-%d}", embedding_model=sentence_encoder().model_name, ranking=ranking, confidence=ranking
    )
    rows, labels, weights = [], [], []
    for fold in range(FOLDS):
        held = documents[fold::FOLDS]
        others = [document for number, document in enumerate(documents) if number % FOLDS != fold]
        orders = model.model_copy(update={"ranking": _fit_ranking(others)})
        for document in held:
            for asked in document:
                signals, right = _first(orders, asked)
                rows.append([signals[name] for name in CONFIDENCE])
                labels.append(float(right))
                weights.append(1 / len(document))
    return model.model_copy(update={"confidence": _logistic(np.array(rows), np.array(labels), np.array(weights))})


def _first(model: ConfidenceModel, asked: Asked) -> tuple[dict[str, float], bool]:
    right = {one.row: right for one, right in zip(asked.found, asked.right, strict=True)}
    ordered = model.order(asked.found)
    return question_signals(ordered, known=asked.known, words=asked.words), right[ordered[0].row]


def _fit_ranking(documents: Sequence[Sequence[Asked]], steps: int = 200, rate: float = 0.08) -> Linear:
    taught = [(asked, 1 / len(document)) for document in documents for asked in document if any(asked.right)]
    values = [np.array([[one.signals[name] for name in RANKING] for one in asked.found]) for asked, _ in taught]
    flat = np.concatenate(values)
    means, scales = flat.mean(0), flat.std(0) + 1e-6
    width = max(len(some) for some in values)
    cube = np.zeros((len(values), width, len(RANKING)))
    there, right = np.zeros((len(values), width)), np.zeros((len(values), width))
    for number, (some, (asked, _)) in enumerate(zip(values, taught, strict=True)):
        cube[number, : len(some)] = (some - means) / scales
        there[number, : len(some)] = 1
        right[number, : len(some)] = asked.right
    share = np.array([weight for _, weight in taught])
    share /= share.sum()
    weights, first, second = np.zeros(len(RANKING)), np.zeros(len(RANKING)), np.zeros(len(RANKING))
    for step in range(1, steps + 1):  # Adam
        scores = np.where(there > 0, cube @ weights, -1e9)
        odds = np.exp(scores - scores.max(1, keepdims=True)) * there
        wanted = odds * right / (odds * right).sum(1, keepdims=True)
        slope = (((odds / odds.sum(1, keepdims=True) - wanted)[:, :, None] * cube).sum(1) * share[:, None]).sum(0) + RIDGE_RANKING * weights
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        weights = weights - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return _linear(RANKING, means, scales, weights, 0.0)


def _logistic(rows: Array, labels: Array, weights: Array) -> Linear:
    weights = weights * len(rows) / weights.sum()
    means, scales = rows.mean(0), rows.std(0) + 1e-6
    design = np.column_stack([(rows - means) / scales, np.ones(len(rows))])
    ridge = np.append(np.full(rows.shape[1], RIDGE_CONFIDENCE), 1e-6)
    found = np.zeros(design.shape[1])
    for _ in range(30):  # Newton
        odds = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (weights * (odds - labels)) + ridge * found
        curve = (design * (weights * odds * (1 - odds))[:, None]).T @ design + np.diag(ridge)
        found -= np.linalg.solve(curve, slope)
    return _linear(CONFIDENCE, means, scales, found[:-1], float(found[-1]))


def _linear(names: tuple[str, ...], means: Array, scales: Array, weights: Array, bias: float) -> Linear:
    def rounded(values: Array) -> tuple[float, ...]:
        return tuple(round(float(value), 5) for value in values)

    return Linear(signals=names, means=rounded(means), scales=rounded(scales), weights=rounded(weights), bias=round(bias, 5))


def outcomes(model: ConfidenceModel, document: Sequence[Asked], threshold: float) -> list[Outcome]:
    found = []
    for asked in document:
        signals, right = _first(model, asked)
        confidence = model.probability(signals)
        found.append(Outcome(question=asked.question, answered=confidence >= threshold, confidence=confidence, right=right))
    return found


def lowest_threshold(some: Sequence[Outcome], precision: float, most_false: float = 1.0) -> float:
    """From which confidence up `precision` of the answers were right, and no more than `most_false` of the unanswerable got one.

    One standard error of the precision is left as a margin: other documents are not these.
    """
    ordered = sorted(some, key=lambda one: -one.confidence)
    unanswerable = max(1, sum(not one.question.answerable for one in some))
    right, false, best = 0, 0, 1.0
    for count, one in enumerate(ordered, start=1):
        right += one.right
        false += not one.question.answerable
        share = right / count
        if share - math.sqrt(share * (1 - share) / count) >= precision and false / unanswerable <= most_false:
            best = one.confidence
    return best


def levels(held: Sequence[Outcome]) -> dict[Caution, CautionLevel]:
    """What each degree of caution asks for and does, by predictions for documents that were left out of the fit."""
    found = {}
    for caution, wrong_in in LEVELS.items():
        threshold = math.ceil(lowest_threshold(held, 1 - 1 / wrong_in, MOST_FALSE.get(caution, 1.0)) * 100) / 100
        reached = score(caution, at(held, threshold))
        found[caution] = CautionLevel(
            threshold=threshold,
            wrong_in=wrong_in,
            precision=round(reached.precision or 0.0, 3),
            answered_right=round(reached.answered_right or 0.0, 3),
            false_answers=round(reached.false_answers or 0.0, 3),
        )
    return found


def at(some: Sequence[Outcome], threshold: float) -> list[Outcome]:
    return [one.model_copy(update={"answered": one.confidence >= threshold}) for one in some]


def write_levels(found: dict[Caution, CautionLevel], measured_on: str) -> None:
    lines = [f'MEASURED_ON = "{measured_on}"']
    for caution, level in found.items():
        values = ", ".join(f"{name}={value}" for name, value in level.model_dump().items())
        lines.append(f"_{caution.name} = CautionLevel({values})")
    block = "\n".join(["# measured: begin", *lines, "# measured: end"])
    text = CAUTION_FILE.read_text(encoding="utf-8")
    CAUTION_FILE.write_text(re.sub(r"# measured: begin\n.*# measured: end", lambda _: block, text, flags=re.DOTALL), encoding="utf-8")


def line(found: Score) -> str:
    def shown(value: float | None) -> str:
        return "    -" if value is None else f"{value:5.3f}"

    values = (found.hit_1, found.coverage, found.answered_right, found.precision, found.false_answers, found.auroc_answerable)
    return f"{found.name:14} {found.questions:5}  " + "  ".join(shown(value) for value in (*values, found.auroc_right, found.right_at_95))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write knowledge/confidence.json")
    options = parser.parse_args()
    names = [pdf.stem for pdf, _ in sources()]
    documents = [ask(pdf, questions) for pdf, questions in sources()]
    held = [outcomes(fit([other for other in documents if other is not document]), document, 1.1) for document in documents]
    everything = [one for some in held for one in some]
    found = levels(everything)
    for caution, level in found.items():
        print(f"{caution:9}", level)
    threshold = found[Caution.CAREFUL].threshold
    print("document       asked  hit@1  cover  right  prec.  false  AUROC  AUROCr r@95")
    for name, some in zip([*names, "all"], [*held, everything], strict=True):
        print(line(score(name, at(some, threshold))))
    if options.write:
        total = score("all", at(everything, threshold))
        now = datetime.now(UTC)
        provenance = {
            "fitted_on": ", ".join(names),
            "questions": str(len(everything)),
            "fitted_at": now.isoformat(timespec="seconds"),
            "threshold_for_precision_0.95_left_out": f"{threshold:.2f}",
            "auroc_answerable_left_out": f"{total.auroc_answerable:.3f}",
            "hit_1_left_out": f"{total.hit_1:.3f}",
        }
        model = fit(documents).model_copy(update={"provenance": provenance})
        MODEL_FILE.write_text(model.model_dump_json(indent=1) + "\n", encoding="utf-8")
        measured_on = f"{len(names)} documents, {len(everything)} questions, each document left out of the fit; {now:%Y-%m-%d}"
        write_levels(found, measured_on)


if __name__ == "__main__":
    main()
