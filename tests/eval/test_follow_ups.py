"""The rule for follow-ups does good where one is asked, and no harm where none is."""

from domain.follow_up import stand_alone
from domain.policy import DEFAULT_THRESHOLD
from knowledge.scoring import score
from tests.eval.follow_ups import asked, follow_ups, others, retrievers


async def test_more_follow_ups_are_answered_right_and_no_more_wrong() -> None:
    chosen = [question for question in follow_ups() if question.doc in ("pedal_en", "cesta_es")]
    known = retrievers(["pedal_en", "cesta_es"])
    with_rule = score("rule", [(await asked(known, one, with_rule=True, threshold=DEFAULT_THRESHOLD))[0] for one in chosen])
    alone = score("alone", [(await asked(known, one, with_rule=False, threshold=DEFAULT_THRESHOLD))[0] for one in chosen])
    assert (with_rule.answered_right or 0) > (alone.answered_right or 0) + 0.1
    assert (with_rule.false_answers or 0) <= (alone.false_answers or 0)


def test_questions_that_refer_to_nothing_are_left_alone() -> None:
    taken = [question.question for question in others() if stand_alone(question.question, question.before)]
    assert len(taken) <= 0.005 * len(others()), taken
