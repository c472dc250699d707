"""Asks every question of the evaluation set and says how good the answers are: `python -m tests.eval.evaluation [--out DIR]`.

Prints scores per document, language and kind of question, and writes predictions, scores, a reliability plot and a risk-coverage
curve to DIR. The shipped model was fitted on these documents: what it reaches on documents left out of the fit is printed by
scripts/fit_confidence.py, and stands in knowledge/confidence.json.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from domain.policy import DEFAULT_THRESHOLD
from knowledge.confidence import confidence_model
from knowledge.evaluate import evaluate
from knowledge.scoring import GoldQuestion, Outcome, Score, by, is_right, reliability, risk_coverage, score

DOCUMENTS = Path(__file__).with_name("documents")
SIZE, MARGIN = 420, 48


def outcomes(pdf: Path, out: Path, threshold: float) -> list[Outcome]:
    """One document's questions, answered as `./frontdesk eval` does."""
    questions = pdf.with_suffix(".questions.jsonl")
    gold = [GoldQuestion.model_validate_json(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    found = evaluate(pdf, questions, out / f"{pdf.stem}.jsonl", threshold=threshold)
    return [
        Outcome(question=asked, answered=one.answered, confidence=one.confidence, right=is_right(asked, one.text))
        for asked, one in zip(gold, found, strict=True)
    ]


def table(scores: Sequence[Score]) -> str:
    head = f"{'':12} {'asked':>6}  cover  right  precis  false  AUROC  AUROCr  r@P95  hit@1"
    return "\n".join([head, *(_row(one) for one in scores)])


def _row(one: Score) -> str:
    values = (one.coverage, one.answered_right, one.precision, one.false_answers, one.auroc_answerable, one.auroc_right)
    shown = [f"{value:6.3f}" if value is not None else "     -" for value in (*values, one.right_at_95, one.hit_1)]
    return f"{one.name:12} {one.questions:6}  " + " ".join(shown)


def plot(title: str, points: Sequence[tuple[float, float]], *, x_label: str, y_label: str, diagonal: bool) -> str:
    """A curve over the unit square as SVG."""

    def place(x: float, y: float) -> str:
        return f"{MARGIN + x * SIZE:.1f},{MARGIN + (1 - y) * SIZE:.1f}"

    ticks = "".join(
        f'<text x="{MARGIN + tick * SIZE:.0f}" y="{MARGIN + SIZE + 18}" text-anchor="middle">{tick}</text>'
        f'<text x="{MARGIN - 8}" y="{MARGIN + (1 - tick) * SIZE + 4:.0f}" text-anchor="end">{tick}</text>'
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    guide = f'<polyline points="{place(0, 0)} {place(1, 1)}" fill="none" stroke="#bbb"/>' if diagonal else ""
    width = SIZE + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{width}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#fff"/><text x="{MARGIN}" y="24" font-size="14">{title}</text>'
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#888"/>{ticks}{guide}'
        f'<polyline points="{" ".join(place(x, y) for x, y in points)}" fill="none" stroke="#a8442a" stroke-width="2"/>'
        f'<text x="{MARGIN + SIZE / 2}" y="{width - 10}" text-anchor="middle">{x_label}</text>'
        f'<text transform="translate(14 {MARGIN + SIZE / 2}) rotate(-90)" text-anchor="middle">{y_label}</text></svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/eval"))
    parser.add_argument("--threshold", type=float, default=DEFAULT_THRESHOLD)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found = [one for pdf in sorted(DOCUMENTS.glob("*.pdf")) for one in outcomes(pdf, options.out, options.threshold)]
    scores = {
        "document": by(found, lambda question: question.doc),
        "language": by(found, lambda question: question.lang),
        "kind": by(found, lambda question: question.kind),
        "all": [score("all", found)],
    }
    print(f"confidence model {confidence_model().name}, threshold {options.threshold}")
    print("\n\n".join(table(some) for some in scores.values()))
    calibration = reliability(found)
    print("\nconfidence  right  questions\n" + "\n".join(f"{said:10.2f}  {right:5.2f}  {count:9}" for said, right, count in calibration))
    summary = {name: [one.model_dump() for one in some] for name, some in scores.items()}
    (options.out / "scores.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    curve = [(float(covered), float(precision)) for covered, precision in risk_coverage(found)]
    (options.out / "risk_coverage.svg").write_text(
        plot("Precision as more is answered", curve, x_label="share of questions answered", y_label="precision", diagonal=False)
    )
    points = [(said, right) for said, right, _ in calibration]
    (options.out / "reliability.svg").write_text(
        plot("Is the confidence right?", points, x_label="confidence", y_label="share that was right", diagonal=True)
    )
    print(f"\npredictions, scores and plots: {options.out}")


if __name__ == "__main__":
    main()
