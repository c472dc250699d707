"""Asks every question of the evaluation set and says how good the answers are: `python -m tests.eval.evaluation [--out DIR]`.

Two sets, printed one after the other. `left out`: the documents that the shipped confidence model was fitted on, each one answered with
a model fitted without it. `held out`: documents that no model was ever fitted on, answered with the shipped model. Of both come scores per
document, language and kind of question, precision against coverage, and how far the confidence can be believed; predictions, scores
and plots are written to DIR.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from domain.caution import THRESHOLDS
from domain.policy import DEFAULT_THRESHOLD
from knowledge.confidence import ConfidenceModel, confidence_model
from knowledge.evaluate import Prediction, evaluate
from knowledge.scoring import GoldQuestion, Outcome, Score, by, is_right, place_of, reliability, risk_coverage, score
from scripts.fit_confidence import ask, fit, sources
from tests.eval.plots import plot

HELD_OUT = Path(__file__).with_name("held_out")


def outcomes(
    pdf: Path, out: Path, threshold: float, *, questions: Path | None = None, model: ConfidenceModel | None = None
) -> list[Outcome]:
    """One document's questions, answered as `./frontdesk eval` does."""
    questions = questions or pdf.with_suffix(".questions.jsonl")
    gold = [GoldQuestion.model_validate_json(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    found = evaluate(pdf, questions, out / f"{pdf.stem}.jsonl", threshold=threshold, model=model)
    return [_outcome(asked.model_copy(update={"doc": pdf.stem}), one) for asked, one in zip(gold, found, strict=True)]


def _outcome(asked: GoldQuestion, found: Prediction) -> Outcome:
    return Outcome(
        question=asked,
        answered=found.answered,
        confidence=found.confidence,
        right=is_right(asked, found.text),
        place=place_of(asked, [f"{passage.question or ''} {passage.text}" for passage in found.passages]),
    )


def left_out(out: Path, threshold: float) -> list[Outcome]:
    """Each document answered with a model that was fitted on the others."""
    documents = [(pdf, questions, ask(pdf, questions)) for pdf, questions in sources()]
    found = []
    for pdf, questions, asked in documents:
        model = fit([others for _, _, others in documents if others is not asked])
        found.extend(outcomes(pdf, out, threshold, questions=questions, model=model))
    return found


def held_out(out: Path, threshold: float) -> list[Outcome]:
    return [one for pdf in sorted(HELD_OUT.glob("*.pdf")) for one in outcomes(pdf, out, threshold)]


def table(scores: Sequence[Score]) -> str:
    head = f"{'':14} {'asked':>6}  cover  right  precis  false  AUROC  AUROCr  r@P95  hit@1  hit@3"
    return "\n".join([head, *(_row(one) for one in scores)])


def _row(one: Score) -> str:
    values = (one.coverage, one.answered_right, one.precision, one.false_answers, one.auroc_answerable, one.auroc_right)
    shown = [f"{value:6.3f}" if value is not None else "     -" for value in (*values, one.right_at_95, one.hit_1, one.hit_3)]
    return f"{one.name:14} {one.questions:6}  " + " ".join(shown)


def cautions(found: Sequence[Outcome]) -> str:
    """What the owner's three words would do."""
    scores = [
        score(f"{caution} {level.threshold:.2f}", [one.model_copy(update={"answered": one.confidence >= level.threshold}) for one in found])
        for caution, level in THRESHOLDS.items()
    ]
    return table(scores)


def report(name: str, found: Sequence[Outcome], out: Path) -> dict[str, list[Score]]:
    scores = {
        "document": by(found, lambda question: question.doc),
        "language": by(found, lambda question: question.lang),
        "kind": by(found, lambda question: question.kind),
        "all": [score("all", found)],
    }
    print(f"\n== {name}: {len(scores['document'])} documents, {len(found)} questions")
    print("\n\n".join(table(some) for some in scores.values()))
    print(f"\n{cautions(found)}")
    curve = [(float(covered), float(precision)) for covered, precision in risk_coverage(found)]
    steps = [curve[min(len(curve), max(1, round(share * len(curve)))) - 1] for share in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]
    print("\nanswered  precision\n" + "\n".join(f"{covered:8.2f}  {precision:9.3f}" for covered, precision in steps))
    calibration = reliability(found)
    print("\nconfidence  right  questions\n" + "\n".join(f"{said:10.2f}  {right:5.2f}  {count:9}" for said, right, count in calibration))
    plain = name.replace(" ", "_")
    (out / f"risk_coverage_{plain}.svg").write_text(
        plot(f"Precision as more is answered ({name})", curve, x_label="share of questions answered", y_label="precision", diagonal=False)
    )
    points = [(said, right) for said, right, _ in calibration]
    (out / f"reliability_{plain}.svg").write_text(
        plot(f"Is the confidence right? ({name})", points, x_label="confidence", y_label="share that was right", diagonal=True)
    )
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/eval"))
    parser.add_argument("--threshold", type=float, default=DEFAULT_THRESHOLD)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"confidence model {confidence_model().name}, threshold {options.threshold}")
    scores = {
        "left out": report("left out", left_out(options.out, options.threshold), options.out),
        "held out": report("held out", held_out(options.out, options.threshold), options.out),
    }
    summary = {name: {group: [one.model_dump() for one in some] for group, some in found.items()} for name, found in scores.items()}
    (options.out / "scores.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(f"\npredictions, scores and plots: {options.out}")


if __name__ == "__main__":
    main()
