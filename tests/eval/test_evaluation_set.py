"""The evaluation set is what it says it is, and the shipped model keeps its promise on it."""

import re
from collections import Counter
from pathlib import Path

import pytest

from domain.knowledge import ChunkKind
from domain.policy import DEFAULT_THRESHOLD
from knowledge.chunk import split
from knowledge.importing import units_of
from knowledge.load import read_pdf
from knowledge.scoring import GoldQuestion, Outcome, auroc, is_right, score
from tests.eval.build_documents import FOLDER, HELD_OUT, build
from tests.eval.evaluation import held_out

SOURCES = sorted([*FOLDER.glob("*.md"), *HELD_OUT.glob("*.md")])

BEGINS_A_QUESTION = {
    "marked": r"^Q: ",
    "marked_pt": r"^P: ",
    "numbered": r"^\d+\. .*\?$",
    "two_columns": r"^\d+\. .*\?$",
    "bold": r"^[^|#\n]*\?$",
    "headed": r"^## .*\?$",
    "faq_table": r"^\| (?!Pergunta)[^|]+ \| ",
    "topics": r"^$.^",
    "text": r"^$.^",
}
"""How the source of each layout begins a question; the last two have none."""


def questions(source: Path) -> list[GoldQuestion]:
    lines = source.with_suffix(".questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [GoldQuestion.model_validate_json(line) for line in lines]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_document_is_its_source(source: Path) -> None:
    assert source.with_suffix(".pdf").read_bytes() == build(source.read_text(encoding="utf-8"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_third_can_not_be_answered_and_half_of_that_is_near(source: Path) -> None:
    kinds = Counter(question.kind for question in questions(source))
    assert sum(kinds.values()) >= 60
    assert kinds["near_miss"] + kinds["elsewhere"] >= sum(kinds.values()) * 0.29
    assert kinds["near_miss"] >= (kinds["near_miss"] + kinds["elsewhere"]) * 0.45


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_gold_answers_are_the_documents_words(source: Path) -> None:
    texts = [f"{unit.question or ''} {unit.text}" for unit in split(read_pdf(source.with_suffix(".pdf").read_bytes())[1])]
    for question in questions(source):
        assert question.answerable == bool(question.gold_answers)
        assert all(any(is_right(question, text) for text in texts) for _ in question.gold_answers), question.question


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_layout_is_read_as_it_was_meant(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    layout = text.partition("layout: ")[2].partition("\n")[0]
    pairs = [unit for unit in units_of(read_pdf(source.with_suffix(".pdf").read_bytes())[1]) if unit.kind is ChunkKind.QUESTION_ANSWER]
    assert len(pairs) == len(re.findall(BEGINS_A_QUESTION[layout], text, re.MULTILINE))


def test_what_is_documented_of_documents_that_no_model_was_fitted_on_still_holds(tmp_path: Path) -> None:
    """A little below the figures of docs/answers.md, so that two questions more or less don't fail it."""
    reached = score("held out", held_out(tmp_path, DEFAULT_THRESHOLD))
    assert reached.precision is not None
    assert reached.precision >= 0.93
    assert reached.false_answers is not None
    assert reached.false_answers <= 0.055
    assert reached.answered_right is not None
    assert reached.answered_right >= 0.48
    assert reached.auroc_answerable is not None
    assert reached.auroc_answerable >= 0.87
    assert reached.hit_1 is not None
    assert reached.hit_1 >= 0.82
    assert reached.hit_3 is not None
    assert reached.hit_3 >= 0.92


def _outcome(confidence: float, *, answerable: bool, right: bool, answered: bool) -> Outcome:
    question = GoldQuestion(id="q", lang="en", question="?", answerable=answerable)
    return Outcome(question=question, answered=answered, confidence=confidence, right=right)


def test_scores_by_hand() -> None:
    found = [
        _outcome(0.9, answerable=True, right=True, answered=True),
        _outcome(0.8, answerable=True, right=False, answered=True),
        _outcome(0.3, answerable=True, right=True, answered=False),
        _outcome(0.7, answerable=False, right=False, answered=True),
        _outcome(0.1, answerable=False, right=False, answered=False),
    ]
    reached = score("x", found)
    assert (reached.coverage, reached.precision, reached.answered_right, reached.false_answers) == (3 / 5, 1 / 3, 1 / 3, 1 / 2)
    assert (reached.hit_1, reached.right_at_95) == (2 / 3, 1 / 3)
    assert reached.auroc_answerable == pytest.approx(5 / 6)
    assert auroc([1.0], [1.0]) == 0.5
