"""What the conversation makes of a person's verb. Pure: judges, and changes the state if the verb is accepted."""

from datetime import datetime
from typing import assert_never

from domain.commands import (
    Assign,
    HandOffToPerson,
    PersonVerb,
    PostReply,
    RefusedBecause,
    Release,
    Resolve,
    Snooze,
    Take,
    Verdict,
    fingerprint,
)
from domain.conversations import ClosedReason, Status
from domain.ids import derived_id
from domain.messages import MessageRef, OutboundMessage, Purpose, Sender
from domain.windows import TEMPLATE_CHANNELS, Reach, closed_words
from workflows.state import VERDICT_LIMIT, ConversationState, Outgoing, hand_off_for
from workflows.windows import reach_of


class _Refused(Exception):
    def __init__(self, reason: str, detail: str, *, owner_id: str | None = None, unseen: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.owner_id, self.unseen = reason, detail, owner_id, unseen


def judge(state: ConversationState, verb: PersonVerb, now: datetime) -> Verdict:
    """The verdict on a verb, and its effect on the state. The same action id always gets the verdict it got first."""
    known = next((verdict for verdict in state.verdicts if verdict.action_id == verb.action_id), None)
    if known is not None:
        return known
    message_id = None
    try:
        _check_episode(state, verb)
        message_id = _apply(state, verb, now)
    except _Refused as refused:
        verdict = Verdict(
            action_id=verb.action_id,
            conversation_id=state.conversation_id,
            verb=name_of(verb),
            accepted=False,
            reason=refused.reason,
            detail=refused.detail,
            owner_id=refused.owner_id,
            unseen=refused.unseen,
            fingerprint=fingerprint(verb),
            at=now,
        )
    else:
        verdict = Verdict(
            action_id=verb.action_id,
            conversation_id=state.conversation_id,
            verb=name_of(verb),
            accepted=True,
            owner_id=state.assignee_id,
            message_id=message_id,
            resends=verb.resends if isinstance(verb, PostReply) else None,
            fingerprint=fingerprint(verb),
            at=now,
        )
    state.verdicts = [*state.verdicts, verdict][-VERDICT_LIMIT:]
    return verdict


def name_of(verb: PersonVerb) -> str:
    """The verb as signals and the API name it."""
    match verb:
        case PostReply():
            return "post_reply"
        case Take():
            return "take"
        case Release():
            return "release"
        case HandOffToPerson():
            return "hand_off"
        case Assign():
            return "assign"
        case Snooze():
            return "snooze"
        case Resolve():
            return "resolve"
        case _:
            assert_never(verb)


def _check_episode(state: ConversationState, verb: PersonVerb) -> None:
    opens = isinstance(verb, PostReply | Take) and verb.opens_episode
    fresh = not state.recent and not state.verdicts
    if verb.conversation_id != state.conversation_id and not (opens and fresh):
        raise _Refused(RefusedBecause.STALE, "The customer has started a new conversation since; open that one")
    if state.status is Status.CLOSED:
        raise _Refused(RefusedBecause.CLOSED, "This conversation is closed")


def _check_owner(state: ConversationState, manager_id: str, *, force: bool = False) -> None:
    if state.assignee_id not in (None, manager_id) and not force:
        raise _Refused(RefusedBecause.OWNED, "Another manager has this conversation", owner_id=state.assignee_id)


def _check_seen(state: ConversationState, last_seen: str | None, manager_id: str) -> None:
    if unseen := state.unseen_after(last_seen, manager_id):
        raise _Refused(RefusedBecause.UNSEEN, "Somebody wrote since you last looked", owner_id=state.assignee_id, unseen=unseen)


def _check_window(state: ConversationState, verb: PostReply, now: datetime) -> None:
    """A closed window is said before anything is written; one that closes while the reply waits, by the reply's failure."""
    if verb.template is not None and state.start.channel not in TEMPLATE_CHANNELS:
        raise _Refused(RefusedBecause.NOT_POSSIBLE, "This channel has no templates; write the reply instead")
    if verb.template is None and reach_of(state, now) is Reach.CLOSED:
        raise _Refused(RefusedBecause.WINDOW_CLOSED, closed_words(state.start.channel))


def _apply(state: ConversationState, verb: PersonVerb, now: datetime) -> str | None:
    match verb:
        case PostReply():
            return _post_reply(state, verb, now)
        case Take():
            _check_owner(state, verb.manager_id, force=verb.force)
            state.give_to(verb.manager_id, now)
        case Release():
            if state.status is Status.BOT:
                raise _Refused(RefusedBecause.NOT_POSSIBLE, "The bot has this conversation already")
            # What nobody answered stays listed: a reset never loses a waiting question.
            state.unanswered = state.unanswered or bool(state.unreplied)
            state.give_to_bot()
        case HandOffToPerson():
            if state.status is not Status.BOT:
                raise _Refused(RefusedBecause.NOT_POSSIBLE, "A person has this conversation already", owner_id=state.assignee_id)
            state.epoch += 1
            state.flag(hand_off_for(verb.reason, "A manager asked for a person", now))
        case Assign():
            state.give_to(verb.assignee_id, now)
        case Snooze():
            if verb.until <= now:
                raise _Refused(RefusedBecause.NOT_POSSIBLE, "The time to wake it up lies in the past")
            state.snooze(verb.until, verb.manager_id, now)
        case Resolve():
            _check_seen(state, verb.last_seen_message_id, verb.manager_id)
            state.give_to(verb.manager_id, now)
            state.note_replied()
            state.status = Status.CLOSED
            state.closing = ClosedReason.RESOLVED
        case _:
            assert_never(verb)
    return None


def _post_reply(state: ConversationState, verb: PostReply, now: datetime) -> str:
    _check_owner(state, verb.manager_id)
    _check_seen(state, verb.last_seen_message_id, verb.manager_id)
    _check_window(state, verb, now)
    if state.status is not Status.HUMAN or state.assignee_id != verb.manager_id:
        state.give_to(verb.manager_id, now)
    message = OutboundMessage(
        id=derived_id(state.conversation_id, "reply", verb.action_id),
        conversation_id=state.conversation_id,
        inbox_id=state.start.inbox_id,
        contact_id=state.start.contact_id,
        sender=Sender.MANAGER,
        author_id=verb.manager_id,
        purpose=Purpose.REPLY,
        text=verb.text,
        template=verb.template,
        attachments=verb.attachments,
        whole=state.one_reply,
        in_reply_to=tuple(state.unreplied) if verb.answers is None else verb.answers,
        epoch=state.epoch,
        created_at=now,
    )
    if verb.answers is None:
        state.note_told(message.id, verb.manager_id, verb.text if not verb.attachments else "")
    if waits := _waits_still(state, verb.answers):
        state.unreplied = waits
    else:
        state.note_replied()
    state.last_said_at = now
    state.returns_after = None if verb.keep else message.id
    state.outbox.append(Outgoing(message=message))
    state.note_recent(message.id, author_id=verb.manager_id)
    return message.id


def _waits_still(state: ConversationState, answers: tuple[MessageRef, ...] | None) -> list[MessageRef]:
    """What words of before, sent again, do not answer."""
    if answers is None:
        return []
    answered = {ref.id for ref in answers}
    return [ref for ref in state.unreplied if ref.id not in answered]
