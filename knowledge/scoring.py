"""How good predictions are: coverage, precision, false answers, AUROC, risk against coverage, calibration."""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.folded_words import fold
from domain.model import Model

LONGEST_REPLY = 1_500
"""Characters; a longer text is no reply, whatever it holds."""
_LONGEST_ROW = 300
"""Characters of a table's row."""
_WORD = re.compile(r"\w+")


class GoldQuestion(Model):
    """A question of an evaluation set. `gold_answers` are words that a right reply must hold, one of them is enough."""

    id: str
    doc: str = ""
    lang: str
    question: str
    answerable: bool
    gold_answers: tuple[str, ...] = ()
    kind: str = ""


class Outcome(Model):
    """One question with what became of it."""

    question: GoldQuestion
    answered: bool
    confidence: float
    right: bool
    """Whether the best reply answers the question, sent or not."""
    place: int | None = None
    """Of the first passage that holds a gold answer, from 0; None where none does."""


class Score(Model):
    """Shares from 0 to 1; None where there is nothing to count."""

    name: str
    questions: int
    coverage: float
    """Answered, of all."""
    answered_right: float | None
    """Of the answerable."""
    precision: float | None
    """Right, of the answered."""
    false_answers: float | None
    """Answered, of the unanswerable."""
    auroc_answerable: float | None
    """How well confidence tells answerable questions from others."""
    auroc_right: float | None
    right_at_95: float | None
    """Of the answerable, answered right at the lowest threshold with a precision of 95 percent."""
    hit_1: float | None
    """Of the answerable, where the best reply is right."""
    hit_3: float | None = None
    """Of the answerable, where one of the first three passages holds a gold answer."""


def is_right(question: GoldQuestion, text: str) -> bool:
    """Whether the text holds one of the gold answers; case, accents, punctuation, and a table's column names between its cells aside."""
    if not question.answerable or not text or len(text) > LONGEST_REPLY:
        return False
    words = _plain(text)
    return any(_plain(answer) in words or (len(text) <= _LONGEST_ROW and _in_order(answer, words)) for answer in question.gold_answers)


def place_of(question: GoldQuestion, texts: Sequence[str]) -> int | None:
    """Which of the texts is the first to hold a gold answer."""
    return next((number for number, text in enumerate(texts) if is_right(question, text)), None)


def score(name: str, outcomes: Sequence[Outcome]) -> Score:
    answerable = [one for one in outcomes if one.question.answerable]
    others = [one for one in outcomes if not one.question.answerable]
    answered = [one for one in outcomes if one.answered]
    right = sum(one.right for one in answered)
    return Score(
        name=name,
        questions=len(outcomes),
        coverage=len(answered) / len(outcomes),
        answered_right=_share(right, len(answerable)),
        precision=_share(right, len(answered)),
        false_answers=_share(sum(one.answered for one in others), len(others)),
        auroc_answerable=auroc([one.confidence for one in answerable], [one.confidence for one in others]),
        auroc_right=auroc([one.confidence for one in outcomes if one.right], [one.confidence for one in outcomes if not one.right]),
        right_at_95=_right_at(outcomes, 0.95, len(answerable)),
        hit_1=_share(sum(one.right for one in answerable), len(answerable)),
        hit_3=_share(sum(one.right or (one.place is not None and one.place < 3) for one in answerable), len(answerable)),
    )


def by(outcomes: Sequence[Outcome], key: Callable[[GoldQuestion], str]) -> list[Score]:
    """A score for each group, and for all."""
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault(key(one.question), []).append(one)
    return [score(name, some) for name, some in sorted(groups.items())]


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """The chance that a positive has the higher value; ties count half."""
    if not positives or not negatives:
        return None
    high, low = np.asarray(positives)[:, None], np.asarray(negatives)[None, :]
    return float(np.mean((high > low) + 0.5 * (high == low)))


def risk_coverage(outcomes: Sequence[Outcome]) -> NDArray[np.float64]:
    """Rows of (share of all questions answered, precision) as the threshold falls."""
    ordered = sorted(outcomes, key=lambda one: -one.confidence)
    right = np.cumsum([one.right for one in ordered])
    count = np.arange(1, len(ordered) + 1)
    return np.column_stack([count / max(1, len(ordered)), right / count])


def reliability(outcomes: Sequence[Outcome], bins: int = 10) -> list[tuple[float, float, int]]:
    """For each bin of confidence that holds any: its mean confidence, the share that was right, how many."""
    groups: dict[int, list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault(min(bins - 1, int(one.confidence * bins)), []).append(one)
    return [
        (sum(one.confidence for one in some) / len(some), sum(one.right for one in some) / len(some), len(some))
        for _, some in sorted(groups.items())
    ]


def _plain(text: str) -> str:
    return f" {' '.join(_WORD.findall(fold(text)))} "


def _in_order(answer: str, words: str) -> bool:
    there = iter(words.split())
    return all(word in there for word in _plain(answer).split())


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _right_at(outcomes: Sequence[Outcome], precision: float, answerable: int) -> float | None:
    if not answerable:
        return None
    ordered = sorted(outcomes, key=lambda one: -one.confidence)
    best, right = 0, 0
    for count, one in enumerate(ordered, start=1):
        right += one.right
        tied = count < len(ordered) and ordered[count].confidence == one.confidence
        if not tied and right / count >= precision:
            best = right
    return best / answerable
