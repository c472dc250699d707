"""Asks a sample of the evaluation set with the language model of the settings: `FRONTDESK_LLM_BASE_URL=... make eval-llm`.

Prints, beside retrieval alone, what would be answered, how much of it is right, and how many questions that the documents don't answer
get an answer all the same: near misses, whose words stand in the documents, apart from others. Every question is read by the model, also
below the floor, so that the odds ratio (FRONTDESK_LLM_ODDS_RATIO) can be measured; the floor is applied when counting.

Each reading is appended to OUT/readings.jsonl; a run that was stopped goes on from there. Opt-in: no test and no CI run it.
"""

import argparse
import asyncio
import random
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from assistant.grounded import GroundedAssistant
from domain.drafting import Asked, wants_second_look, worth_reading
from domain.errors import AssistantFailed
from domain.folded_words import fold
from domain.knowledge import Evidence, Reading, ReadingOutcome
from domain.model import Model
from domain.policy import DEFAULT_THRESHOLD
from knowledge.confidence import confidence_model
from knowledge.embed import sentence_encoder
from knowledge.evaluate import corpus_of
from knowledge.evidence import find_evidence
from knowledge.scoring import GoldQuestion, is_right
from settings import Settings
from worker import build_assistant

DOCUMENTS = Path(__file__).with_name("documents")
PATIENCE_SECONDS = 300.0
"""For one request: nobody waits for an answer here, and the largest model that fits may be slow."""
GOLD_SHARE = 0.6
"""Of the gold answer's words, that a reply in other words must have, itself or in its quotes, to count as right."""
_WORD = re.compile(r"\w+")


class Sampled(Model):
    """One question, what retrieval made of it, and what the model made of that."""

    question: GoldQuestion
    confidence: float
    right_alone: bool
    reading: Reading
    seconds: float


class Share(Model):
    """Some of all."""

    some: int
    all: int

    def __str__(self) -> str:
        return f"{self.some:3}/{self.all:<3} {self.some / self.all:6.1%}" if self.all else "  -          "


def sample(questions: Sequence[GoldQuestion], per_kind: int, seed: int) -> list[GoldQuestion]:
    """As many of each kind, the same ones every time."""
    kinds = sorted({question.kind for question in questions})
    chooser = random.Random(seed)  # noqa: S311 - a repeatable sample, no secret
    found: list[GoldQuestion] = []
    for kind in kinds:
        some = [question for question in questions if question.kind == kind]
        found += chooser.sample(some, min(per_kind, len(some)))
    chooser.shuffle(found)
    return found


def is_right_by_model(question: GoldQuestion, reading: Reading) -> bool:
    """Whether the draft or its quotes hold a gold answer, or most of its words: a model says it in its own."""
    if reading.draft is None or not question.answerable:
        return False
    said = " ".join([reading.draft.text, *(citation.quote or "" for citation in reading.draft.citations)])
    if is_right(question, said):
        return True
    words = set(_WORD.findall(fold(said)))
    return any(
        len(gold & words) >= GOLD_SHARE * len(gold) for answer in question.gold_answers if (gold := set(_WORD.findall(fold(answer))))
    )


def quote_of_gold(question: GoldQuestion, evidence: Evidence) -> bool:
    return bool(evidence.draft) and is_right(question, evidence.draft.text if evidence.draft else "")


async def read(assistant: GroundedAssistant, question: GoldQuestion, evidence: Evidence, *, second_look: bool) -> Sampled:
    started = time.monotonic()
    asked = Asked(question=question.question, passages=evidence.passages, language=question.lang, second_look=second_look)
    try:
        reading = await assistant.read(asked)
    except AssistantFailed as failure:
        reading = Reading(outcome=ReadingOutcome.FAILED, detail=str(failure))
    return Sampled(
        question=question,
        confidence=evidence.confidence,
        right_alone=quote_of_gold(question, evidence),
        reading=reading,
        seconds=round(time.monotonic() - started, 1),
    )


def share(chosen: Iterable[bool]) -> Share:
    values = list(chosen)
    return Share(some=sum(values), all=len(values))


def report(found: Sequence[Sampled], threshold: float, ratio: float) -> str:
    """Both ways of answering, side by side."""

    def alone(one: Sampled) -> bool:
        return one.confidence >= threshold

    def with_model(one: Sampled) -> bool:
        return one.reading.draft is not None and worth_reading(one.confidence, threshold, ratio)

    answerable = [one for one in found if one.question.answerable]
    lines = [f"threshold {threshold}, odds ratio {ratio}, {len(found)} questions", f"{'':44}retrieval alone  with the model"]

    def row(name: str, first: Share, second: Share) -> None:
        lines.append(f"{name:44}{first!s:17}{second!s}")

    row(
        "answered right, of the answerable",
        share(alone(one) and one.right_alone for one in answerable),
        share(with_model(one) and is_right_by_model(one.question, one.reading) for one in answerable),
    )
    row(
        "right, of the answered",
        share(one.right_alone for one in found if alone(one)),
        share(is_right_by_model(one.question, one.reading) for one in found if with_model(one)),
    )
    for kind in sorted({one.question.kind for one in found if not one.question.answerable}):
        some = [one for one in found if one.question.kind == kind]
        row(f"false answers: {kind}", share(alone(one) for one in some), share(with_model(one) for one in some))
    drafts = (
        [one.reading.draft is not None for one in answerable],
        [one.reading.draft is not None for one in found if not one.question.answerable],
    )
    lines.append(f"a checked draft came for {share(drafts[0])} of the answerable and {share(drafts[1])} of the others (floor aside)")
    lines.append(f"odds ratio measured here: {measured_ratio(*drafts):.1f}")
    outcomes = {outcome: sum(one.reading.outcome is outcome for one in found) for outcome in ReadingOutcome}
    lines.append("readings: " + ", ".join(f"{outcome.value} {count}" for outcome, count in outcomes.items() if count))
    refused = sorted({one.reading.detail for one in found if one.reading.outcome is ReadingOutcome.UNSUPPORTED})
    lines += [f"  {sum(one.reading.detail == why for one in found):3} {why}" for why in refused]
    tokens = [one.reading.use for one in found]
    lines.append(
        f"tokens in {sum(use.input_tokens or 0 for use in tokens)}, out {sum(use.output_tokens or 0 for use in tokens)}, calls "
        f"{sum(use.calls for use in tokens)}, cost {sum(use.cost or 0 for use in tokens):.4f}, median seconds a question "
        f"{sorted(one.seconds for one in found)[len(found) // 2]}"
    )
    return "\n".join(lines)


def measured_ratio(answerable: Sequence[bool], others: Sequence[bool]) -> float:
    """How much likelier a checked draft is where there is an answer; half a draft is added to both, for small samples."""
    return ((sum(answerable) + 0.5) / (len(answerable) + 1)) / ((sum(others) + 0.5) / (len(others) + 1))


async def measure(assistant: GroundedAssistant, options: argparse.Namespace) -> list[Sampled]:
    store = options.out / "readings.jsonl"
    known = [Sampled.model_validate_json(line) for line in store.read_text().splitlines()] if store.exists() else []
    done = {one.question.id for one in known}
    encoder, model = sentence_encoder(), confidence_model()
    corpora = {pdf.stem: corpus_of(pdf, encoder=encoder) for pdf in sorted(options.documents.glob("*.pdf"))}
    questions = [
        GoldQuestion.model_validate_json(line)
        for name in corpora
        for line in (options.documents / f"{name}.questions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    searched = {question.id: find_evidence(corpora[question.doc], question.question, model, encoder.encode) for question in questions}
    chosen = sample(questions, options.per_kind, options.seed)
    if options.hardest:
        others = [question for question in questions if not question.answerable]
        chosen = sorted(others, key=lambda question: -searched[question.id].confidence)[: options.hardest]
    with store.open("a", encoding="utf-8") as file:
        for question in chosen:
            if question.id in done:
                continue
            found = await read(assistant, question, searched[question.id], second_look=wants_second_look(options.threshold))
            file.write(found.model_dump_json() + "\n")
            file.flush()
            known.append(found)
            print(f"{len(known):4}/{len(chosen)} {found.seconds:6.1f} s  {question.kind:12} {found.reading.outcome}", flush=True)
    wanted = {question.id for question in chosen}
    return [one for one in known if one.question.id in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/eval-llm"))
    parser.add_argument("--documents", type=Path, default=DOCUMENTS, help="a folder of NAME.pdf with NAME.questions.jsonl")
    parser.add_argument("--per-kind", type=int, default=30, help="questions of each kind")
    parser.add_argument("--hardest", type=int, default=0, help="instead: so many unanswerable questions, those that retrieval is surest of")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threshold", type=float, default=DEFAULT_THRESHOLD)
    options = parser.parse_args()
    settings = Settings()
    assistant = build_assistant(settings.model_copy(update={"llm_timeout_seconds": PATIENCE_SECONDS}), budget_seconds=2 * PATIENCE_SECONDS)
    if assistant is None:
        parser.error("no language model is configured: set FRONTDESK_LLM_BASE_URL and FRONTDESK_LLM_MODEL")
    options.out.mkdir(parents=True, exist_ok=True)
    found = asyncio.run(measure(assistant, options))
    words = report(found, options.threshold, settings.llm_odds_ratio)
    (options.out / "report.txt").write_text(words + "\n", encoding="utf-8")
    print(f"\n{words}")


if __name__ == "__main__":
    main()
