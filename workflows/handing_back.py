"""What the customer is told about who answers, and the way of a conversation that a manager keeps back to the bot."""

from collections.abc import Callable
from datetime import datetime

from domain.commands import PersonVerb, PostReply, Take
from domain.conversations import Status
from domain.line_texts import LineKey
from domain.lines import line
from domain.messages import OutboundMessage, Purpose
from domain.windows import Reach
from workflows.sending import say
from workflows.state import ConversationState, RecentMessage
from workflows.windows import reach_of


def may_announce(state: ConversationState, verb: PersonVerb) -> bool:
    """Whether the customer would have to be told of whoever acts, if the verb is accepted."""
    return state.policy.announces_person and isinstance(verb, Take | PostReply) and state.announced_id != verb.manager_id


def announce(state: ConversationState, name: str, reply_id: str | None, now: datetime, new_id: Callable[[], str]) -> OutboundMessage | None:
    """ "You are talking to Ana now", once while she has it: before her own reply, if there is one, and with her epoch.

    Whoever takes it from her raises the epoch, so that the ledger refuses the line if it has not been sent by then.
    """
    manager_id = state.assignee_id
    text = line(LineKey.TALKING_TO, state.language, state.policy, name=name)
    has_it = state.status is Status.HUMAN and manager_id is not None and state.announced_id != manager_id
    if not text or not has_it or state.one_reply or reach_of(state, now) is not Reach.FREE:
        return None
    state.announced_id = manager_id
    say(state, Purpose.TALKING_TO, text, now=now, new_id=new_id)
    # The manager's own doing: it must not count as something that she has not seen.
    state.recent[-1] = RecentMessage(id=state.recent[-1].id, author_id=manager_id)
    said = state.outbox[-1]
    place = next((place for place, item in enumerate(state.outbox) if item.message.id == reply_id), None)
    if place is not None:
        state.outbox.insert(place, state.outbox.pop())
    return said.message


def say_bot_is_back(state: ConversationState, now: datetime, new_id: Callable[[], str]) -> None:
    """At once, after a person has let it go by hand or by silence."""
    state.owes_bot_back = False
    text = line(LineKey.BOT_BACK, state.language, state.policy)
    if state.policy.announces_bot and text and reach_of(state, now) is Reach.FREE:
        say(state, Purpose.BOT_BACK, text, now=now, new_id=new_id)


def return_if_idle(state: ConversationState, now: datetime, new_id: Callable[[], str]) -> bool:
    """Gives it back if nothing was said for so long. Returns whether SQL must be told."""
    due = state.returns_at
    if due is None or due > now:
        return False
    if state.outbox:
        state.last_said_at = now
        return False
    state.give_to_bot()
    say_bot_is_back(state, now, new_id)
    return True
