"""What other rules would have done with conversations that are past: a trial before a policy is saved."""

from collections.abc import Sequence
from datetime import timedelta

from domain.conversations import HandOffReason
from domain.decisions import Decision, Outcome, after_hearing, before_retrieval, decide
from domain.knowledge import Draft, Evidence, ReadingOutcome
from domain.messages import InboundMessage
from domain.model import Model, UtcDatetime
from domain.policy import Policy
from domain.turns import Heard

LOOKS_BACK = timedelta(days=30)
MOST_CONVERSATIONS = 500
"""The newest; more would make the person who tries wait."""


class PastTurn(Model):
    """What the documents said to a turn, and what was heard in it, when it was answered."""

    at: UtcDatetime
    found: bool
    confidence: float
    draft: Draft | None
    suggestions: tuple[str, ...]
    heard: Heard
    detail: str = ""


class PastConversation(Model):
    id: str
    name: str
    """The customer's, or their address."""
    at: UtcDatetime
    """Of the last message."""
    messages: tuple[InboundMessage, ...]
    turns: tuple[PastTurn, ...]


class HandedOver(Model):
    conversation_id: str
    name: str
    at: UtcDatetime
    reason: HandOffReason
    detail: str
    """Why, in words for managers."""


class RuleTrial(Model):
    """The same conversations under the rules as they are and under those that are tried."""

    conversations: int
    cut_off: bool
    """There were more than were looked at."""
    handed_over_now: int
    handed_over_then: int
    more: tuple[HandedOver, ...]
    """Handed over only by the rules that are tried, with their reason."""
    fewer: tuple[HandedOver, ...]
    """Handed over only by the rules as they are, with their reason."""


_REFUSED = frozenset({ReadingOutcome.NO_ANSWER, ReadingOutcome.UNSUPPORTED, ReadingOutcome.REFUTED})


def past_turn(at: UtcDatetime, evidence: Evidence) -> PastTurn:
    """Where a language model has read the passages, what it found or refused counts, at the confidence of the look-up."""
    reading = evidence.reading
    refused = reading is not None and reading.outcome in _REFUSED
    heard = Heard.model_validate(evidence.heard)
    return PastTurn(
        at=at,
        found=bool(evidence.passages),
        confidence=evidence.confidence,
        draft=None if refused else evidence.draft,
        suggestions=evidence.suggestions,
        heard=heard,
        detail=reading.detail if reading is not None and refused else "",
    )


def try_rules(past: Sequence[PastConversation], now: Policy, then: Policy, *, cut_off: bool = False) -> RuleTrial:
    by_now = {one.id: found for one in past if (found := _first_hand_over(one, now))}
    by_then = {one.id: found for one in past if (found := _first_hand_over(one, then))}
    return RuleTrial(
        conversations=len(past),
        cut_off=cut_off,
        handed_over_now=len(by_now),
        handed_over_then=len(by_then),
        more=tuple(found for key, found in by_then.items() if key not in by_now),
        fewer=tuple(found for key, found in by_now.items() if key not in by_then),
    )


def _first_hand_over(past: PastConversation, policy: Policy) -> HandedOver | None:
    """By the messages and the turns in the order in which they came; None if the bot would have kept the conversation."""
    offered, person_was_offered, person_offered = False, False, False
    steps: list[InboundMessage | PastTurn] = sorted([*past.messages, *past.turns], key=_at)
    for step in steps:
        if isinstance(step, InboundMessage):
            decision = before_retrieval((step,), policy, person_offered=person_offered)
            person_offered = False
        else:
            decision = after_hearing(step.heard, policy, person_was_offered=person_was_offered)
            decision = decision or decide(step, policy, offered_before=offered)
            offered = decision.outcome is Outcome.OFFER
            person_offered = decision.outcome is Outcome.OFFER_PERSON
            person_was_offered = person_was_offered or person_offered
        if decision is not None and decision.outcome is Outcome.FLAG:
            return _handed_over(past, decision)
    return None


def _at(step: InboundMessage | PastTurn) -> UtcDatetime:
    return step.received_at if isinstance(step, InboundMessage) else step.at


def _handed_over(past: PastConversation, decision: Decision) -> HandedOver:
    reason = decision.reason or HandOffReason.MISSING_KNOWLEDGE
    return HandedOver(conversation_id=past.id, name=past.name, at=past.at, reason=reason, detail=decision.detail)
