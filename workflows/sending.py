"""The outbox: what is put into it, and what follows from how an attempt to send ended."""

from collections.abc import Callable
from datetime import datetime, timedelta

from domain.channels import ChannelKind, SendResult
from domain.conversations import HandOffReason, Status
from domain.ids import part_id
from domain.knowledge import Citation
from domain.line_texts import LineKey
from domain.lines import line
from domain.messages import DeliveryReceipt, DeliveryState, MessageRef, OutboundMessage, Purpose, Sender
from domain.turns import DeliveryReport
from domain.waiting import holding_text
from domain.windows import Reach
from workflows.state import ConversationState, Outgoing, hand_off_for
from workflows.windows import reach_of

LONGEST_BACKOFF = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(hours=24)
"""A message that could not be sent for so long counts as failed and is shown to a manager."""


BOTS_OWN = frozenset({Purpose.ANSWER, Purpose.OFFER, Purpose.HOLDING})
"""By which the customer notices that the bot answers again."""
ANSWERS = frozenset({Purpose.ANSWER, Purpose.REPLY})
"""What may use up the single answer that a channel takes."""


def say(
    state: ConversationState,
    purpose: Purpose,
    text: str,
    *,
    now: datetime,
    new_id: Callable[[], str],
    in_reply_to: tuple[MessageRef, ...] = (),
    quick_replies: tuple[str, ...] = (),
    citations: tuple[Citation, ...] = (),
    confidence: float | None = None,
    sources: str = "",
    turn_id: str | None = None,
) -> None:
    """The bot's words go into the outbox, after the inbox's greeting if they are the episode's first.

    Where the channel takes a single answer, whatever is none is left unsaid.
    """
    if state.one_reply and purpose not in ANSWERS:
        return
    if state.owes_bot_back and purpose in BOTS_OWN:
        state.owes_bot_back = False
        back = line(LineKey.BOT_BACK, state.language, state.policy) if state.policy.announces_bot else ""
        if back:
            say(state, Purpose.BOT_BACK, back, now=now, new_id=new_id)
    if not state.greeted and purpose is not Purpose.TALKING_TO:
        state.greeted = True
        # The chat page greets before anybody has written.
        greeting = line(LineKey.GREETING, state.language, state.policy)
        if greeting and state.start.channel is not ChannelKind.WEBCHAT:
            say(state, Purpose.GREETING, greeting, now=now, new_id=new_id)
    message = OutboundMessage(
        id=new_id(),
        conversation_id=state.conversation_id,
        inbox_id=state.start.inbox_id,
        contact_id=state.start.contact_id,
        sender=Sender.BOT,
        purpose=purpose,
        text=text,
        quick_replies=quick_replies,
        in_reply_to=in_reply_to,
        citations=citations,
        confidence=confidence,
        sources=sources,
        whole=state.one_reply,
        epoch=state.epoch,
        created_at=now,
    )
    state.outbox.append(Outgoing(message=message, turn_id=turn_id))
    state.note_recent(message.id)


def say_holding_line(state: ConversationState, now: datetime, new_id: Callable[[], str], turn_id: str | None = None) -> None:
    """Once for each time the conversation is flagged. It carries the turn, so that its evidence is found after the flag is gone."""
    text = holding_text(state.policy, state.language, now, state.usual_wait_minutes)
    if text and not state.holding_sent and reach_of(state, now) is Reach.FREE:
        state.holding_sent = True
        say(state, Purpose.HOLDING, text, now=now, new_id=new_id, turn_id=turn_id)


def after_send(state: ConversationState, report: DeliveryReport, now: datetime) -> bool:
    """Takes the outbox's first message out, or puts it back for another attempt. Returns whether SQL must be told."""
    item = state.outbox.pop(0)
    message = item.message
    if report.result == SendResult.RETRY:
        state.outbox.insert(0, _again(state, item, report, now))
        return False
    if item.part < report.parts and report.result != "superseded":
        # The next part's row; or, after one that did not arrive for sure, that of all which is left unsaid.
        state.note_recent(part_id(message.id, item.part + 1), message.author_id)
    if report.result == SendResult.SENT and item.part < report.parts:
        state.outbox.insert(0, item.model_copy(update={"part": item.part + 1, "attempt": 1, "not_before": None}))
        return False
    # What was answered stands in the first part: later ones have nothing to hand over.
    answered = message.in_reply_to if item.part == 1 else ()
    returns = message.id == state.returns_after
    if returns:
        state.returns_after = None
    match report.result:
        # What the customer wrote since the reply was composed is the person's to answer: the bot would not.
        case SendResult.SENT if returns and state.status is Status.HUMAN and not state.unreplied:
            state.give_to_bot()
            return True
        case SendResult.FAILED | SendResult.UNKNOWN:
            _ask_for_person(state, message, report, now)
            if report.result == SendResult.FAILED:
                state.forget_told(message.id)
                _hand_over(state, answered)
                _list_lost_reply(state, message, report, now)
            if state.unreplied:
                state.waiting_since = state.waiting_since or now
            return True
        case "superseded":
            _hand_over(state, answered)
    return False


def fail_late(state: ConversationState, receipt: DeliveryReceipt, now: datetime) -> bool:
    """A channel took the bot's message and says now that it did not arrive: a person is needed. Returns whether SQL must be told."""
    if receipt.state is not DeliveryState.FAILED or state.status is not Status.BOT:
        return False
    reason = HandOffReason.WINDOW_EXPIRED if receipt.window_closed else HandOffReason.ASSISTANT_FAILED
    state.flag(hand_off_for(reason, f"The bot's message could not be delivered: {receipt.error or 'no reason given'}", now))
    state.holding_sent = True
    return True


def _again(state: ConversationState, item: Outgoing, report: DeliveryReport, now: datetime) -> Outgoing:
    # Bounded before it is a time: a message that waits for days would be due after the end of the calendar.
    doubled = min(timedelta(seconds=2 ** min(item.attempt - 1, 12)), LONGEST_BACKOFF)
    wait = max(timedelta(seconds=report.retry_after or 0), doubled)
    # A person took over during the attempt: the next one, at once, lets the ledger refuse the message.
    overtaken = item.message.sender is Sender.BOT and item.message.epoch < state.epoch
    if report.held:
        return item.model_copy(update={"not_before": None if overtaken else now + timedelta(seconds=report.retry_after or 0)})
    return item.model_copy(update={"attempt": item.attempt + 1, "not_before": None if overtaken else now + wait})


def _ask_for_person(state: ConversationState, message: OutboundMessage, report: DeliveryReport, now: datetime) -> None:
    """What the bot could not say, a person must; what a person could not say, stays with that person."""
    if message.sender is not Sender.BOT or state.status is not Status.BOT:
        return
    happened = "may not have reached the customer" if report.result == SendResult.UNKNOWN else "could not be delivered"
    reason = HandOffReason.WINDOW_EXPIRED if report.window_closed else HandOffReason.ASSISTANT_FAILED
    state.flag(hand_off_for(reason, f"The bot's message {happened}: {report.error}", now))
    # The channel just refused us: another line to the same customer would fare no better.
    state.holding_sent = True


def _list_lost_reply(state: ConversationState, message: OutboundMessage, report: DeliveryReport, now: datetime) -> None:
    """A person's reply that failed after the person had let the conversation go: its questions must stand in somebody's list again."""
    if message.sender is not Sender.MANAGER or not state.unreplied:
        return
    if state.status is Status.BOT:
        state.flag(hand_off_for(HandOffReason.MANUAL, f"A person's reply could not be delivered: {report.error}", now))
        state.holding_sent = True
    elif state.status is Status.CLOSED:
        state.unanswered = True


def _hand_over(state: ConversationState, refs: tuple[MessageRef, ...]) -> None:
    """A reply was stopped, or failed for good: what it would have answered stands in a person's next reply instead."""
    for position, item in enumerate(state.outbox):
        if item.message.sender is Sender.MANAGER:
            joined = item.message.model_copy(update={"in_reply_to": (*refs, *item.message.in_reply_to)})
            state.outbox[position] = item.model_copy(update={"message": joined})
            return
    state.unreplied = [*refs, *state.unreplied]
