"""A turn's reading, and what follows from it: an answer, an offer or a person."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from temporalio.exceptions import ActivityError, ApplicationError

from domain.conversations import HandOffReason, Status
from domain.decisions import Decision, Outcome, after_hearing, before_retrieval, decide
from domain.follow_up import LONGEST_TOPIC
from domain.line_texts import LineKey
from domain.lines import line, sources_line
from domain.messages import InboundMessage, MessageRef, Purpose
from domain.model import Model
from domain.offers import MAX_OFFERED, chosen_offer, offer_text
from domain.policy import Policy
from domain.topics import with_topic_lines
from domain.turns import DraftRequest, Finding, Recorded, Turn
from workflows.calls import draft_answer, retrieve_passages
from workflows.sending import say, say_holding_line
from workflows.state import ConversationState, hand_off_for


class TurnEnded(Model):
    """A turn's reading is done; `failed` says why there is no finding."""

    batch: tuple[InboundMessage, ...]
    epoch: int
    turn_id: str
    question: str = ""
    recorded: Recorded | None = None
    usual_wait_minutes: float | None = None
    finding: Finding | None = None
    failed: str | None = None


def question_of(state: ConversationState, batch: tuple[InboundMessage, ...]) -> str:
    """What is looked up: the customer's words, or the offered question that they pick."""
    return question_of_texts(batch, state.offered)


def question_of_texts(batch: tuple[InboundMessage, ...], offered: tuple[str, ...]) -> str:
    texts = [message.text.strip() for message in batch if message.text.strip()]
    return "\n".join(chosen_offer(text, offered) or text for text in texts)


async def read(state: ConversationState, turn: Turn, epoch: int) -> TurnEnded:
    """Looks a turn up. Always ends: a turn that fails is flagged, never silent."""
    ended = TurnEnded(batch=turn.messages, epoch=epoch, turn_id=turn.id, question=turn.question)
    try:
        retrieved = await retrieve_passages(turn)
        read_of_it = {"recorded": retrieved.recorded, "finding": retrieved.finding, "usual_wait_minutes": retrieved.usual_wait_minutes}
        ended = ended.model_copy(update=read_of_it)
        if retrieved.finding.wants_draft and _early(state, turn.messages, retrieved.finding, retrieved.recorded.policy) is None:
            request = DraftRequest(
                turn_id=turn.id,
                conversation_id=state.conversation_id,
                inbox_id=state.start.inbox_id,
                question=turn.question,
                about=next((message.context for message in reversed(turn.messages) if message.context), ""),
                language=state.language,
            )
            drafted = await draft_answer(request)
            ended = ended.model_copy(update={"finding": retrieved.finding.model_copy(update=dict(drafted))})
    except ActivityError as error:
        why = error.cause.message if isinstance(error.cause, ApplicationError) else "The answer was not ready in time"
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
    early = _early(state, ended.batch, ended.finding, state.policy)
    state.offered, offered = (), state.offered
    state.person_offer_open = False
    if early is None and ended.finding is None:
        detail = ended.failed or "The answer could not be prepared"
        early = Decision(outcome=Outcome.FLAG, reason=HandOffReason.ASSISTANT_FAILED, detail=detail)
    asked = question_of_texts(ended.batch, offered)
    if ended.finding is not None:
        state.note_turn(asked)
        if ended.finding.found:
            state.topic = (ended.finding.looked_up or ended.question)[:LONGEST_TOPIC]
        early = early or decide(ended.finding, state.policy, offered_before=bool(offered))
    if early is not None:
        _act(state, ended, early, asked, now, new_id)


def _early(state: ConversationState, batch: tuple[InboundMessage, ...], finding: Finding | None, policy: Policy) -> Decision | None:
    """What is decided without the documents."""
    early = before_retrieval(batch, policy, person_offered=state.person_offer_open)
    if early is None and finding is not None:
        early = after_hearing(finding.heard, policy, person_was_offered=state.person_offered)
    return early


def _act(state: ConversationState, ended: TurnEnded, decision: Decision, asked: str, now: datetime, new_id: Callable[[], str]) -> None:
    finding = ended.finding or Finding(turn_id=ended.turn_id)
    refs = tuple(MessageRef(id=message.id, provider_id=message.provider_id) for message in ended.batch)
    reply = partial(say, state, now=now, new_id=new_id, in_reply_to=refs, turn_id=ended.turn_id if ended.finding else None)
    match decision.outcome:
        case Outcome.OFFER | Outcome.OFFER_PERSON | Outcome.ASK_FOR_WORDS if state.one_reply:
            detail = "The customer gets a single answer here, so that nothing can be offered or asked back"
            _flag(state, ended, decision.reason or HandOffReason.LOW_CONFIDENCE, detail, now, new_id)
        case Outcome.ANSWER if finding.draft is not None:
            text = with_topic_lines(finding.draft.text, asked, state.policy.topics)
            sources = sources_line(finding.draft.citations, state.language, state.policy)
            reply(Purpose.ANSWER, text, citations=finding.draft.citations, confidence=finding.confidence, sources=sources)
        case Outcome.OFFER:
            state.offered = finding.suggestions[:MAX_OFFERED]
            text = offer_text(line(LineKey.OFFER, state.language, state.policy), state.offered)
            reply(Purpose.OFFER, text, quick_replies=state.offered, confidence=finding.confidence)
        case Outcome.OFFER_PERSON:
            state.person_offered = state.person_offer_open = True
            button = line(LineKey.PERSON_BUTTON, state.language, state.policy)
            reply(Purpose.OFFER, line(LineKey.PERSON_OFFER, state.language, state.policy), quick_replies=(button,))
        case Outcome.SAY_AGAIN if (told := _told(state, finding)) is not None:
            reply(Purpose.ANSWER, line(LineKey.SAID_BEFORE, state.language, state.policy, text=told))
        case Outcome.ASK_FOR_WORDS:
            reply(Purpose.ANSWER, line(LineKey.UNREADABLE, state.language, state.policy))
        case _:
            _flag(state, ended, decision.reason or HandOffReason.MISSING_KNOWLEDGE, decision.detail, now, new_id)


def _told(state: ConversationState, finding: Finding) -> str | None:
    return next((one.reply for one in reversed(state.told) if one.message_id == finding.heard.said_by_person), None)


def _flag(state: ConversationState, ended: TurnEnded, reason: HandOffReason, detail: str, now: datetime, new_id: Callable[[], str]) -> None:
    finding = ended.finding
    turn_id = ended.turn_id if finding else None
    looked_at = {"confidence": finding.confidence if finding else None, "threshold": state.policy.answer_threshold, "turn_id": turn_id}
    state.pending = [*ended.batch, *state.pending]
    state.flag(hand_off_for(reason, detail, now).model_copy(update=looked_at))
    say_holding_line(state, now, new_id, turn_id)
