"""Other rules, tried on conversations that are past."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.conversations import HandOffReason
from domain.knowledge import Draft
from domain.messages import InboundMessage
from domain.policy import Policy
from domain.rule_trial import PastConversation, PastTurn, try_rules
from domain.turns import Heard

START = datetime(2026, 11, 1, tzinfo=UTC)
DRAFT = Draft(text="Yes.", citations=(), model="extractive")


def past(name: str, *texts: str, upset: float = 0.0, confidence: float = 0.95, repeats: tuple[int, ...] = ()) -> PastConversation:
    """Each text is one turn."""
    messages = tuple(
        InboundMessage(id=f"{name}{number}", provider_id="p", text=text, received_at=START + timedelta(minutes=number))
        for number, text in enumerate(texts)
    )
    turns = tuple(
        PastTurn(
            at=START + timedelta(minutes=number, seconds=2),
            found=True,
            confidence=confidence,
            draft=DRAFT,
            suggestions=(),
            heard=Heard(upset=upset, repeats=repeats[number] if repeats else 0),
        )
        for number in range(len(texts))
    )
    return PastConversation(id=name, name=name, at=START, messages=messages, turns=turns)


CALM = past("calm", "Do you ship to Chile?")
ANGRY = past("angry", "Where is my order", upset=0.5)
UNSURE = past("unsure", "Do you ship to Mars?", confidence=0.7)
ASKS = past("asks", "Do you ship to Chile?", "I want to talk to a person")
AGAIN = past("again", "Where is it?", "Where is it?", "Where is it?", "yes", repeats=(0, 1, 2, 0))
ALL = (CALM, ANGRY, UNSURE, ASKS, AGAIN)


def test_each_rule_shows_what_it_adds_and_what_it_leaves_to_the_bot() -> None:
    now = Policy(answer_threshold=0.6)
    stricter = try_rules(ALL, now, Policy(answer_threshold=0.8, upset_threshold=1))
    assert (stricter.conversations, stricter.handed_over_now, stricter.handed_over_then) == (5, 3, 3)
    assert [(one.conversation_id, one.reason) for one in stricter.more] == [("unsure", HandOffReason.LOW_CONFIDENCE)]
    assert [(one.conversation_id, one.reason) for one in stricter.fewer] == [("angry", HandOffReason.NEGATIVE_SENTIMENT)]

    looser = try_rules(ALL, now, Policy(answer_threshold=0.6, person_requests=False, repeats_before_offer=0, keywords=("chile",)))
    assert {one.conversation_id: one.reason for one in looser.more} == {"calm": HandOffReason.KEYWORD}
    assert {one.conversation_id: one.reason for one in looser.fewer} == {"again": HandOffReason.REPEATED_QUESTION}


def test_the_reason_is_that_of_the_first_turn_that_is_handed_over() -> None:
    both = past("both", "Do you ship to Chile?", "I want to talk to a person", upset=0.5)
    (found,) = try_rules([both], Policy(upset_threshold=1, person_requests=False), Policy()).more
    assert found.reason is HandOffReason.NEGATIVE_SENTIMENT


@given(
    one=st.builds(Policy, answer_threshold=st.floats(0, 1), upset_threshold=st.floats(0, 1), repeats_before_offer=st.integers(0, 4)),
    other=st.builds(Policy, answer_threshold=st.floats(0, 1), upset_threshold=st.floats(0, 1), person_requests=st.booleans()),
)
def test_the_two_sides_add_up(one: Policy, other: Policy) -> None:
    there, back = try_rules(ALL, one, other), try_rules(ALL, other, one)
    assert there.handed_over_then - there.handed_over_now == len(there.more) - len(there.fewer)
    assert [found.conversation_id for found in there.more] == [found.conversation_id for found in back.fewer]
    same = try_rules(ALL, one, one)
    assert (same.more, same.fewer) == ((), ())
