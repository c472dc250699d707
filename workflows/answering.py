"""A turn's reading, and what follows from it: an answer, an offer or a person."""

from collections.abc import Callable
from datetime import datetime

from temporalio.exceptions import ActivityError, ApplicationError

from domain.conversations import HandOffReason, Status
from domain.decisions import Outcome, before_retrieval, chosen_offer, decide, offer_text
from domain.line_texts import LineKey
from domain.lines import line
from domain.messages import InboundMessage, MessageRef, Purpose
from domain.model import Model
from domain.turns import DraftRequest, Finding, Recorded, Turn
from workflows.calls import draft_answer, retrieve_passages
from workflows.sending import say, say_holding_line
from workflows.state import ConversationState, hand_off_for


class TurnEnded(Model):
    """A turn's reading is done; `failed` says why there is no finding."""

    batch: tuple[InboundMessage, ...]
    epoch: int
    turn_id: str
    recorded: Recorded | None = None
    finding: Finding | None = None
    failed: str | None = None


def question_of(state: ConversationState, batch: tuple[InboundMessage, ...]) -> str:
    """What is looked up: the customer's words, or the offered question that they pick."""
    texts = [message.text.strip() for message in batch if message.text.strip()]
    return "\n".join(chosen_offer(text, state.offered) or text for text in texts)


async def read(state: ConversationState, turn: Turn, epoch: int) -> TurnEnded:
    """Looks a turn up. Always ends: a turn that fails is flagged, never silent."""
    ended = TurnEnded(batch=turn.messages, epoch=epoch, turn_id=turn.id)
    try:
        retrieved = await retrieve_passages(turn)
        ended = ended.model_copy(update={"recorded": retrieved.recorded, "finding": retrieved.finding})
        if retrieved.finding.wants_draft and before_retrieval(turn.messages, retrieved.recorded.policy) is None:
            request = DraftRequest(
                turn_id=turn.id,
                conversation_id=state.conversation_id,
                inbox_id=state.start.inbox_id,
                question=turn.question,
                language=state.language,
            )
            drafted = await draft_answer(request)
            ended = ended.model_copy(update={"finding": retrieved.finding.model_copy(update={"draft": drafted.draft})})
    except ActivityError as error:
        why = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
        ended = ended.model_copy(update={"finding": None, "failed": why})
    return ended


def conclude(state: ConversationState, ended: TurnEnded, now: datetime, new_id: Callable[[], str]) -> None:
    """Decides what a finished turn leads to, unless somebody or something was faster.

    A person who took it meanwhile answers it; a message that joined the turn meanwhile has it read again.
    """
    if state.status is not Status.BOT or ended.epoch != state.epoch:
        return
    if state.policy.quiet_window_seconds > 0 and len(state.pending) > len(ended.batch):
        return
    answered = {message.id for message in ended.batch}
    state.pending = [message for message in state.pending if message.id not in answered]
    state.pending_first_at = now
    early = before_retrieval(ended.batch, state.policy)
    if early is not None:
        _flag(state, ended, early.reason or HandOffReason.MANUAL, early.detail, now, new_id)
    elif ended.finding is None:
        _flag(state, ended, HandOffReason.ASSISTANT_FAILED, ended.failed or "The answer could not be prepared", now, new_id)
    else:
        _decide(state, ended, ended.finding, now, new_id)


def _decide(state: ConversationState, ended: TurnEnded, finding: Finding, now: datetime, new_id: Callable[[], str]) -> None:
    decision = decide(finding, state.policy, offered_before=bool(state.offered))
    state.offered = ()
    refs = tuple(MessageRef(id=message.id, provider_id=message.provider_id) for message in ended.batch)
    if decision.outcome is Outcome.ANSWER and finding.draft is not None:
        say(
            state,
            Purpose.ANSWER,
            finding.draft.text,
            now,
            new_id,
            in_reply_to=refs,
            citations=finding.draft.citations,
            confidence=finding.confidence,
            turn_id=ended.turn_id,
        )
    elif decision.outcome is Outcome.OFFER:
        state.offered = finding.suggestions
        text = offer_text(line(LineKey.OFFER, state.language, state.policy), state.offered)
        say(
            state,
            Purpose.OFFER,
            text,
            now,
            new_id,
            in_reply_to=refs,
            quick_replies=state.offered,
            confidence=finding.confidence,
            turn_id=ended.turn_id,
        )
    else:
        _flag(state, ended, decision.reason or HandOffReason.MISSING_KNOWLEDGE, decision.detail, now, new_id)


def _flag(state: ConversationState, ended: TurnEnded, reason: HandOffReason, detail: str, now: datetime, new_id: Callable[[], str]) -> None:
    finding = ended.finding
    turn_id = ended.turn_id if finding else None
    looked_at = {"confidence": finding.confidence if finding else None, "threshold": state.policy.answer_threshold, "turn_id": turn_id}
    state.pending = [*ended.batch, *state.pending]
    state.flag(hand_off_for(reason, detail, now).model_copy(update=looked_at))
    say_holding_line(state, now, new_id, turn_id)
