"""What a conversation remembers: one serialisable object, changed by `run` alone and handed to continue-as-new whole."""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from domain.commands import OfferAgain, PersonVerb, ReceiveMessage, RecordDelivery, StartConversation, Verdict
from domain.conversations import ClosedReason, ConversationRecord, Due, HandOff, HandOffReason, StandingOffer, Status
from domain.ladder import TO_WHOM_IT_IS_OFFERED, Rung
from domain.messages import InboundMessage, MessageRef, OutboundMessage, Sender
from domain.model import Model, UtcDatetime
from domain.policy import Policy
from domain.targets import ReplyTarget, target_of
from domain.turns import Told
from domain.windows import free_until, person_until, written_at

SEEN_LIMIT = 500
"""Message ids kept for dropping repeats; the door's unique key catches what is older."""
RECENT_LIMIT = 100
EARLIER_LIMIT = 6
"""Turns whose questions are compared with a new one."""
TOLD_LIMIT = 8
SHORT_TEXT = 500
"""Characters kept of what is compared later."""
VERDICT_LIMIT = 50

Signal = ReceiveMessage | RecordDelivery | OfferAgain | PersonVerb


class Outgoing(Model):
    """A message in the outbox, oldest first; one is sent at a time."""

    message: OutboundMessage
    turn_id: str | None = None
    part: int = 1
    """The next to be sent of those that the channel's length makes of it."""
    attempt: int = 1
    not_before: UtcDatetime | None = None


class RecentMessage(Model):
    id: str
    author_id: str | None = None


class DueNotice(Model):
    rung: Rung
    at: UtcDatetime


class ConversationState(BaseModel):
    start: StartConversation
    conversation_id: str
    workflow_id: str
    policy: Policy
    opened_at: UtcDatetime
    status: Status = Status.BOT
    snoozed_status: Status | None = None
    """What a snoozed conversation wakes up to."""
    assignee_id: str | None = None
    assigned_at: UtcDatetime | None = None
    offer: StandingOffer | None = None
    """Of a flagged conversation whose inbox offers them; see `workflows.offering`."""
    epoch: int = 0
    """Raised whenever a person gets the conversation; a bot's message of an older epoch is never sent."""
    version: int = 0
    """Raised with every record written, so that SQL keeps the newest."""
    hand_off: HandOff | None = None
    waiting_since: UtcDatetime | None = None
    unanswered: bool = False
    closing: ClosedReason | None = None
    language: str | None = None
    greeted: bool = False
    holding_sent: bool = False
    one_reply: bool = False
    """The channel takes a single answer here: nothing else is said."""

    pending: list[InboundMessage] = Field(default_factory=list)
    """What the bot's next turns answer, in order."""
    pending_first_at: UtcDatetime | None = None
    pending_last_at: UtcDatetime | None = None
    unrecorded: list[InboundMessage] = Field(default_factory=list)
    """Taken in, and not yet written to SQL."""
    unreplied: list[MessageRef] = Field(default_factory=list)
    """What the customer wrote to a person: stands in the person's next reply."""
    offered: tuple[str, ...] = ()
    person_offered: bool = False
    """Whether a person was offered in this conversation: it is done once."""
    person_offer_open: bool = False
    """Whether the bot's last message asked so."""
    earlier: tuple[str, ...] = ()
    """The questions of the last turns, oldest first."""
    asked_person: tuple[str, ...] = ()
    """The words of `unreplied`."""
    told: tuple[Told, ...] = ()
    """What managers have answered, newest last: the bot says nothing else to the same question."""
    announced_id: str | None = None
    """The manager of whom the customer was told."""
    owes_bot_back: bool = False
    """The customer was told of a manager, and not yet that the bot has it again: said before the bot's next words."""
    last_said_at: UtcDatetime | None = None
    """When a person got the conversation, or customer or manager last wrote in it."""
    usual_wait_minutes: float | None = None
    """What customers of the inbox waited lately, as the last turn's reading knew it."""
    topic: str | None = None
    """The last question that the documents had something on, in words that stand alone: what a follow-up refers to."""
    outbox: list[Outgoing] = Field(default_factory=list)
    returns_after: str | None = None
    """The manager's reply after whose delivery the bot has the conversation again."""

    last_written_at: UtcDatetime | None = None
    """When the customer last wrote: the channel's reply window is counted from it."""
    reminded_of: UtcDatetime | None = None
    """The `last_written_at` of the window that managers were reminded of."""
    closed_for: UtcDatetime | None = None
    """The `last_written_at` of the window whose end was recorded."""
    idle_at: UtcDatetime
    reply_at: UtcDatetime | None = None
    snooze_until: UtcDatetime | None = None
    notices: list[DueNotice] = Field(default_factory=list)

    seen: list[str] = Field(default_factory=list)
    recent: list[RecentMessage] = Field(default_factory=list)
    replied: bool = False
    """A person has answered since the bot stopped: the next reply's target counts."""
    owed_since: UtcDatetime | None = None
    """Since when an answer is owed that nobody gave in time: the clock goes on although the bot has the conversation."""
    breached: UtcDatetime | None = None
    """The `since` of the target that was last missed, so that it is told once."""

    verdicts: list[Verdict] = Field(default_factory=list)
    queue: list[Signal] = Field(default_factory=list)
    """Signals that arrived and are not handled yet."""

    @classmethod
    def opened(cls, start: StartConversation, *, conversation_id: str, workflow_id: str, now: datetime) -> "ConversationState":
        return cls(
            start=start,
            conversation_id=conversation_id,
            workflow_id=workflow_id,
            policy=start.policy,
            opened_at=now,
            last_written_at=start.last_written_at,
            idle_at=now + timedelta(minutes=start.policy.idle_timeout_minutes),
        )

    # What happens to it

    def take_in(self, message: InboundMessage, now: datetime) -> InboundMessage | None:
        """Notes a customer's message, and gives it back with its language; None for one that was seen before.

        The language is what the text shows. A text too short to tell keeps the conversation's; a channel's hint only begins it.
        """
        if message.id in self.seen:
            return None
        self.seen = [*self.seen, message.id][-SEEN_LIMIT:]
        self.language = message.shown_language or self.language or message.language
        message = message.model_copy(update={"language": self.language})
        self.unrecorded.append(message)
        self.note_recent(message.id)
        self.one_reply = self.one_reply or message.one_reply
        if (written := written_at(message)) is not None:
            self.last_written_at = max(written, self.last_written_at or written)
        self.idle_at = now + timedelta(minutes=self.policy.idle_timeout_minutes)
        self.last_said_at = now
        return message

    def note_recent(self, message_id: str, author_id: str | None = None) -> None:
        self.recent = [*self.recent, RecentMessage(id=message_id, author_id=author_id)][-RECENT_LIMIT:]

    def wait_for_person(self, messages: list[InboundMessage], now: datetime) -> None:
        """The customer's messages wait for a person; the clock runs from the first one and is not moved by later ones."""
        if messages:
            self.asked_person = (*self.asked_person, *(_short(message.text) for message in messages if message.text.strip()))[-TOLD_LIMIT:]
            self.unreplied = [*self.unreplied, *(MessageRef(id=message.id, provider_id=message.provider_id) for message in messages)]
            self.waiting_since = self.waiting_since or now

    def note_turn(self, question: str) -> None:
        if question.strip():
            self.earlier = (*self.earlier, _short(question))[-EARLIER_LIMIT:]

    def note_told(self, message_id: str, manager_id: str, reply: str) -> None:
        """A manager answers what waits. What is too long to be said again, or is a file, is not kept."""
        asked, self.asked_person = self.asked_person, ()
        if reply.strip() and len(reply) <= SHORT_TEXT:
            some = (Told(message_id=message_id, manager_id=manager_id, question=question, reply=reply) for question in asked)
            self.told = (*self.told, *some)[-TOLD_LIMIT:]

    def forget_told(self, message_id: str) -> None:
        """It did not reach the customer."""
        self.told = tuple(one for one in self.told if one.message_id != message_id)

    def queue_for_bot(self, message: InboundMessage, now: datetime) -> None:
        self.pending_first_at = self.pending_first_at if self.pending and self.pending_first_at else now
        self.pending_last_at = now
        self.pending.append(message)

    def give_pending_to_person(self, now: datetime) -> None:
        self.wait_for_person(self.pending, now)
        self.pending = []

    def flag(self, hand_off: HandOff) -> None:
        self.status = Status.FLAGGED
        self.assignee_id = None
        self.hand_off = hand_off
        self.offered = ()
        self.person_offer_open = False
        self.reply_at = hand_off.at + timedelta(minutes=self.policy.reply_timeout_minutes)
        self.give_pending_to_person(hand_off.at)
        self.waiting_since = self.waiting_since or hand_off.at
        self.replied = False
        self._climb(hand_off.at)

    def tell_anew(self, now: datetime) -> None:
        """Rungs that told only the person it was offered to are climbed again for the next one; the ledger knows who was told."""
        if self.hand_off is None:
            return
        waiting = {notice.rung for notice in self.notices}
        for rung, after in self.policy.ladder():
            if rung in TO_WHOM_IT_IS_OFFERED and rung not in waiting and self.hand_off.at + timedelta(minutes=after) <= now:
                self.notices.append(DueNotice(rung=rung, at=now))

    def give_to(self, manager_id: str | None, now: datetime) -> None:
        """A person has it from here on: the epoch rises, so that nothing the bot had decided is sent any more."""
        self.epoch += 1
        self.status = Status.HUMAN
        self.last_said_at = now
        self.owes_bot_back = False
        if manager_id != self.assignee_id:
            self.assigned_at = now
        self.assignee_id = manager_id
        self.snooze_until = self.snoozed_status = None
        self.reply_at = None
        self.notices = []
        self.offered = ()
        self.person_offer_open = False
        self.returns_after = None
        self.give_pending_to_person(now)
        # A bot's message in back-off would hold up the person's reply; let the ledger refuse it now.
        self.outbox = [item.model_copy(update={"not_before": None}) if item.message.sender is Sender.BOT else item for item in self.outbox]

    def note_replied(self) -> None:
        """A person answered what waits: the clock stands until the customer writes again."""
        self.unreplied = []
        self.waiting_since = self.owed_since = None
        self.unanswered = False
        self.replied = True

    def give_to_bot(self) -> None:
        self.status = Status.BOT
        self.owes_bot_back = self.announced_id is not None
        self.announced_id = None
        self.assignee_id = None
        self.hand_off = None
        self.waiting_since = self.owed_since = None
        self.unreplied = []
        self.asked_person = ()
        self.reply_at = self.snooze_until = self.snoozed_status = None
        self.notices = []
        self.holding_sent = False
        self.returns_after = None

    def give_up_waiting(self) -> None:
        """Nobody came in time: the bot has it again, and what was asked stays listed until a person dismisses it."""
        unreplied, owed_since = self.unreplied, self.owed_since or self.waiting_since
        self.give_to_bot()
        self.unreplied, self.owed_since = unreplied, owed_since
        self.unanswered = True

    def snooze(self, until: datetime, owner_id: str, now: datetime) -> None:
        back_to = Status.FLAGGED if self.status is Status.FLAGGED else Status.HUMAN
        owner = self.assignee_id or owner_id
        hand_off = self.hand_off
        self.give_to(owner, now)
        self.hand_off = hand_off
        self.status = Status.SNOOZED
        self.snoozed_status = back_to
        self.snooze_until = until

    def wake(self, now: datetime) -> None:
        self.status = self.snoozed_status or Status.HUMAN
        self.snooze_until = self.snoozed_status = None
        if self.status is Status.FLAGGED:
            self.assignee_id = None
            self.offer = None
            self.reply_at = now + timedelta(minutes=self.policy.reply_timeout_minutes)
            if self.hand_off is not None:
                self.hand_off = self.hand_off.model_copy(update={"at": now})
                self._climb(now)

    def _climb(self, start: datetime) -> None:
        """The notification ladder, from its first rung."""
        self.notices = [DueNotice(rung=rung, at=start + timedelta(minutes=after)) for rung, after in self.policy.ladder()]

    # What it says of itself

    def turn_due(self) -> datetime | None:
        """When the bot's next turn closes; None when there is nothing for it to answer."""
        if self.status is not Status.BOT or not self.pending or self.pending_first_at is None or self.pending_last_at is None:
            return None
        return self.policy.turn_closes_at(self.pending_first_at, self.pending_last_at)

    @property
    def returns_at(self) -> datetime | None:
        """When a kept conversation goes back to the bot by itself: never while the customer waits for an answer."""
        after = self.policy.keep_idle_minutes
        waits = bool(self.unreplied) or self.waiting_since is not None
        if self.status is not Status.HUMAN or waits or self.returns_after or after is None or self.last_said_at is None:
            return None
        return self.last_said_at + timedelta(minutes=after)

    @property
    def standing(self) -> StandingOffer | None:
        """The offer, while it counts."""
        return self.offer if self.status is Status.FLAGGED else None

    @property
    def target(self) -> ReplyTarget | None:
        """The reply that a person owes now."""
        return None if self.closing else target_of(self.policy, self.owed_since or self.waiting_since, replied=self.replied)

    @property
    def overdue(self) -> ReplyTarget | None:
        """The target that was missed, until somebody answers."""
        target = self.target
        return target if target is not None and target.since == self.breached else None

    def deadlines(self) -> list[datetime]:
        """What the clock alone brings about, turns and sends apart."""
        idle_at = self.idle_at if self.closing is None else None
        target = self.target
        due = [
            target.due_at if target is not None and self.breached != target.since else None,
            idle_at,
            self.reply_at,
            self.snooze_until,
            self.returns_at,
            self.standing.expires_at if self.standing else None,
            *(notice.at for notice in self.notices),
        ]
        return [at for at in due if at is not None]

    def unseen_after(self, message_id: str | None, manager_id: str) -> tuple[str, ...]:
        """Public messages newer than the last one the person saw, their own apart. Whoever names none has not asked for the check;
        one that is not known here is older than all that are."""
        if message_id is None:
            return ()
        ids = [recent.id for recent in self.recent]
        first = ids.index(message_id) + 1 if message_id in ids else 0
        return tuple(recent.id for recent in self.recent[first:] if recent.author_id != manager_id)

    def next_record(self, now: datetime) -> ConversationRecord:
        """What SQL is told; every call is a newer version."""
        self.version += 1
        offer, target = self.standing, self.target
        return ConversationRecord(
            conversation_id=self.conversation_id,
            workflow_id=self.workflow_id,
            inbox_id=self.start.inbox_id,
            channel=self.start.channel,
            contact_id=self.start.contact_id,
            version=self.version,
            epoch=self.epoch,
            status=self.status,
            closed_reason=self.closing if self.status is Status.CLOSED else None,
            assignee_id=self.assignee_id,
            hand_off=self.hand_off,
            waiting_since=self.waiting_since,
            due=Due(
                idle_at=self.idle_at,
                reply_at=self.reply_at,
                snooze_until=self.snooze_until,
                offer_at=offer.expires_at if offer else None,
                returns_at=self.returns_at,
                target_at=target.due_at if target else None,
                window_at=free_until(self.start.channel, self.last_written_at),
                person_window_at=person_until(self.start.channel, self.last_written_at, tag_granted=self.policy.human_agent_tag),
            ),
            language=self.language,
            opened_at=self.opened_at,
            closed_at=now if self.status is Status.CLOSED else None,
            unanswered=self.unanswered,
            offered_to=offer.manager_id if offer else None,
            in_line_since=offer.since if offer and offer.manager_id is None else None,
            assigned_at=self.assigned_at,
            overdue=self.overdue,
        )


def _short(text: str) -> str:
    return text.strip()[:SHORT_TEXT]


class NextEpisode(Model):
    """What a closed episode leaves to the one that follows at once: what came in while it closed, and what is still to be sent."""

    queue: tuple[Signal, ...]
    outbox: tuple[Outgoing, ...]
    seen: tuple[str, ...]


class ConversationInput(Model):
    """The one argument of a run: how it was started, and what the run before it hands over."""

    start: StartConversation
    state: ConversationState | None = None
    """Of the same episode."""
    episode: NextEpisode | None = None


def hand_off_for(reason: HandOffReason, detail: str, now: datetime) -> HandOff:
    return HandOff(reason=reason, detail=detail, at=now)
