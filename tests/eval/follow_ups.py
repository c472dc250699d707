"""What the rule for follow-up questions brings without a language model, and what it costs: `python -m tests.eval.follow_ups`.

Each follow-up of follow_ups.jsonl is asked after the question before it, with the rule and without. Then every question of the evaluation
set is asked after another one of its document, chosen at random: none of them refers back, so whatever the rule changes there is harm.
"""

import argparse
import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from activities.turns import look_up
from domain.knowledge import Evidence
from domain.policy import DEFAULT_THRESHOLD
from knowledge.confidence import confidence_model
from knowledge.corpus import Corpus
from knowledge.embed import sentence_encoder
from knowledge.evaluate import corpus_of
from knowledge.evidence import find_evidence
from knowledge.scoring import GoldQuestion, Outcome, is_right, score
from tests.eval.evaluation import table

DOCUMENTS = Path(__file__).with_name("documents")
FOLLOW_UPS = Path(__file__).with_name("follow_ups.jsonl")


class FollowUp(GoldQuestion):
    before: str


class OneDocument:
    """A retriever over one corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._model, self._encoder = confidence_model(), sentence_encoder()

    async def search(self, question: str, *, threshold: float, documents: tuple[str, ...] = ()) -> Evidence:
        return find_evidence(self._corpus, question, self._model, self._encoder.encode)


def retrievers(names: Sequence[str]) -> dict[str, OneDocument]:
    return {name: OneDocument(corpus_of(DOCUMENTS / f"{name}.pdf")) for name in names}


def follow_ups() -> list[FollowUp]:
    return [FollowUp.model_validate_json(line) for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]


def others(seed: int = 7) -> list[FollowUp]:
    """Every question of the set, after another one of its document."""
    chooser = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    found = []
    for file in sorted(DOCUMENTS.glob("*.questions.jsonl")):
        questions = [GoldQuestion.model_validate_json(line) for line in file.read_text(encoding="utf-8").splitlines()]
        found += [FollowUp(**dict(question), before=chooser.choice(questions).question) for question in questions]
    return found


async def asked(known: dict[str, OneDocument], question: FollowUp, *, with_rule: bool, threshold: float) -> tuple[Outcome, Evidence]:
    evidence = await look_up(known[question.doc], question.question, question.before if with_rule else None)
    text = evidence.draft.text if evidence.draft else ""
    answered = bool(evidence.passages) and evidence.confidence >= threshold
    return Outcome(question=question, answered=answered, confidence=evidence.confidence, right=is_right(question, text)), evidence


async def report(threshold: float) -> str:
    lines = [f"threshold {threshold}"]
    questions = follow_ups()
    known = retrievers(sorted({question.doc for question in (*questions, *others())}))
    with_rule = [await asked(known, question, with_rule=True, threshold=threshold) for question in questions]
    without = [(await asked(known, question, with_rule=False, threshold=threshold))[0] for question in questions]
    lines.append(table([score("alone", without), score("with rule", [one for one, _ in with_rule])]))
    for one, evidence in with_rule:
        verdict = ("right" if one.right else "WRONG") if one.answered else "flagged"
        lines.append(f"  {one.confidence:.2f} {verdict:8} {one.question.question:32} {evidence.looked_up}")
    unrelated = others()
    changed = 0
    for question in unrelated:
        _, evidence = await asked(known, question, with_rule=True, threshold=threshold)
        if evidence.looked_up:
            changed += 1
            lines.append(f"  HARM? {question.question} -> {evidence.looked_up}")
    lines.append(f"{len(unrelated)} questions that refer to nothing: {changed} looked up in other words")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threshold", type=float, default=DEFAULT_THRESHOLD)
    print(asyncio.run(report(parser.parse_args().threshold)))


if __name__ == "__main__":
    main()
