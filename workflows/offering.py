"""Who gets a flagged conversation: offers that run out, the line, and what lies with somebody who is away.

A manager is chosen where all conversations meet: in the SQL transaction of the record that asks (`storage.line`). What stands here is
what one conversation makes of it: the offer's durable timer, and who let it pass. Anybody may take an offered conversation.
"""

from datetime import datetime, timedelta

from domain.commands import OfferAgain
from domain.conversations import HandOffReason, OfferWanted, StandingOffer, Status
from domain.dealing import Strategy
from domain.turns import Recorded
from workflows.state import ConversationState, hand_off_for


def wanted(state: ConversationState, now: datetime) -> OfferWanted | None:
    """What the next record has to ask; keeps the offer in step with what has become of the conversation."""
    if state.status is not Status.FLAGGED or state.policy.assignment is Strategy.NOBODY:
        state.offer = None
        return None
    if state.offer is None:
        state.offer = StandingOffer(since=state.waiting_since or now)
    return OfferWanted(at=now, passed=state.offer.passed) if state.offer.asking else None


def settle(state: ConversationState, asked: OfferWanted, recorded: Recorded) -> None:
    """Takes in who it is offered to."""
    if state.offer is None:
        return
    manager_id = recorded.offered_to
    until = asked.at + timedelta(minutes=recorded.policy.offer_minutes) if manager_id is not None else None
    state.offer = state.offer.model_copy(update={"manager_id": manager_id, "expires_at": until, "asking": False})
    if manager_id is not None or state.offer.passed:
        state.tell_anew(asked.at)


def is_asking(state: ConversationState) -> bool:
    if state.status is not Status.FLAGGED or state.policy.assignment is Strategy.NOBODY:
        return False
    return state.offer is None or state.offer.asking


def expire(state: ConversationState, now: datetime) -> None:
    """The offer goes to the next when its time is over."""
    offer = state.offer
    if offer is not None and offer.expires_at is not None and offer.expires_at <= now:
        _withdraw(state, offer)


def call(state: ConversationState, signal: OfferAgain, now: datetime) -> bool:
    """Somebody is free, or the manager is away. Whether anything is to be recorded: a call that is overtaken changes nothing."""
    if signal.conversation_id != state.conversation_id:
        return False
    offer, away = state.offer, signal.away_manager_id
    if state.status is Status.FLAGGED and offer is not None:
        if away is None and offer.manager_id is None:
            state.offer = offer.model_copy(update={"asking": True})
            return True
        if away is not None and offer.manager_id == away:
            _withdraw(state, offer)
            return True
    if state.status is Status.HUMAN and away is not None and state.assignee_id == away and state.waiting_since is not None:
        _back_in_line(state, now)
        return True
    return False


def _withdraw(state: ConversationState, offer: StandingOffer) -> None:
    passed = tuple(each for each in offer.passed if each != offer.manager_id)
    if offer.manager_id is not None:
        passed = (*passed, offer.manager_id)
    state.offer = offer.model_copy(update={"manager_id": None, "expires_at": None, "passed": passed, "asking": True})


def _back_in_line(state: ConversationState, now: datetime) -> None:
    """Flagged anew, with the ladder from its first rung; the customer was told to wait already and keeps their place."""
    old = state.hand_off or hand_off_for(HandOffReason.MANUAL, "", now)
    away = state.assignee_id
    state.flag(old.model_copy(update={"detail": "The manager who had it is away", "at": now}))
    if away is not None and state.waiting_since is not None:
        state.offer = StandingOffer(since=state.waiting_since, passed=(away,))
