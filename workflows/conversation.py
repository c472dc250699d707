"""One conversation, as a durable workflow. Handlers only append to the queue; `run` alone decides.

The story of a message: `receive_message` queues it -> a turn closes after the quiet window -> `retrieve_passages` (and
`draft_answer`, with a language model) -> answer, offer or flag -> `deliver_message`. A person's verb is judged between two events,
so that bot and person never decide at the same time; the epoch it raises stops whatever the bot had decided before.
"""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, assert_never

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.assistant import AssistantActivities
    from activities.delivery import DeliveryActivities
    from activities.notices import NoticeActivities
    from activities.records import RecordActivities
    from activities.turns import TurnActivities
    from domain.channels import ChannelKind, SendResult
    from domain.commands import (
        Assign,
        HandOffToPerson,
        PersonVerb,
        PostReply,
        ReceiveMessage,
        RecordDelivery,
        Release,
        Resolve,
        Snapshot,
        Snooze,
        Take,
    )
    from domain.conversations import ClosedReason, HandOffReason, RecordedMessages, Status
    from domain.ids import derived_id
    from domain.knowledge import Draft
    from domain.messages import InboundMessage, MessageRef, OutboundMessage, Purpose, Sender
    from domain.model import Model
    from domain.policy import (
        Outcome,
        Policy,
        asks_for_nothing,
        before_retrieval,
        chosen_offer,
        decide,
        offer_text,
        words_for,
    )
    from domain.turns import Delivery, DeliveryReport, DraftRequest, Finding, NoteVerdict, Notice, Recorded, Turn
    from workflows.state import ConversationInput, ConversationState, DueNotice, NextEpisode, Outgoing, Signal, hand_off_for
    from workflows.verbs import judge

STATUS = SearchAttributeKey.for_keyword("FrontdeskStatus")
CHANNEL = SearchAttributeKey.for_keyword("FrontdeskChannel")
INBOX = SearchAttributeKey.for_keyword("FrontdeskInbox")
ASSIGNEE = SearchAttributeKey.for_keyword("FrontdeskAssignee")
WAITING_SINCE = SearchAttributeKey.for_datetime("FrontdeskWaitingSince")
SEARCH_ATTRIBUTES = (STATUS, CHANNEL, INBOX, ASSIGNEE, WAITING_SINCE)

HISTORY_LIMIT = 500
"""Events after which the run continues as new: a cold replay of this many costs about 0.1 s of CPU."""

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
"""Our own storage comes back; what can't be mended by waiting is raised as non-retryable."""
ASSISTANT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
HEARTBEAT = timedelta(seconds=2)
"""Activities beat every half second, so that a dead worker's work is given to another after two."""
LONGEST_BACKOFF = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(hours=24)
"""A message that could not be sent for so long counts as failed and is shown to a manager."""


class TurnEnded(Model):
    """A turn's reading is done; `failed` says why there is no finding."""

    batch: tuple[InboundMessage, ...]
    epoch: int
    turn_id: str
    recorded: Recorded | None = None
    finding: Finding | None = None
    failed: str | None = None


class SendEnded(Model):
    report: DeliveryReport


Event = ReceiveMessage | RecordDelivery | PersonVerb | TurnEnded | SendEnded


def _opened(given: ConversationInput) -> ConversationState:
    """A new episode. Its id is the run's own, which the runs that continue it keep."""
    info = workflow.info()
    conversation_id = info.run_id if given.episode else info.first_execution_run_id
    state = ConversationState.opened(given.start, conversation_id=conversation_id, workflow_id=info.workflow_id, now=workflow.now())
    if given.episode is not None:
        state.queue, state.outbox, state.seen = list(given.episode.queue), list(given.episode.outbox), list(given.episode.seen)
    return state


@workflow.defn(name="Conversation")
class Conversation:
    @workflow.init
    def __init__(self, given: ConversationInput) -> None:
        self._state = given.state or _opened(given)
        self._internal: list[TurnEnded | SendEnded] = []
        self._turn: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at: datetime | None = None
        self._rang = False
        self._telling: dict[str, workflow.ActivityHandle[None]] = {}
        self._shown: TypedSearchAttributes | None = None

    # The signals. None of them decides anything.

    @workflow.signal
    def receive_message(self, signal: ReceiveMessage) -> None:
        self._state.queue.append(signal)

    @workflow.signal
    def post_reply(self, verb: PostReply) -> None:
        self._state.queue.append(verb)

    @workflow.signal
    def take(self, verb: Take) -> None:
        self._state.queue.append(verb)

    @workflow.signal
    def release(self, verb: Release) -> None:
        self._state.queue.append(verb)

    @workflow.signal
    def hand_off(self, verb: HandOffToPerson) -> None:
        self._state.queue.append(verb)

    @workflow.signal
    def assign(self, verb: Assign) -> None:
        self._state.queue.append(verb)

    @workflow.signal
    def snooze(self, verb: Snooze) -> None:
        self._state.queue.append(verb)

    @workflow.signal
    def resolve(self, verb: Resolve) -> None:
        self._state.queue.append(verb)

    @workflow.signal
    def record_delivery(self, signal: RecordDelivery) -> None:
        self._state.queue.append(signal)

    @workflow.query
    def snapshot(self) -> Snapshot:
        state = self._state
        due = {"idle": state.idle_at, "reply": state.reply_at, "snooze": state.snooze_until, "turn": state.turn_due()}
        return Snapshot(
            conversation_id=state.conversation_id,
            status=state.status,
            epoch=state.epoch,
            version=state.version,
            assignee_id=state.assignee_id,
            pending=tuple(message.id for message in state.pending),
            outbox=tuple(item.message.id for item in state.outbox),
            due={name: at.isoformat() for name, at in due.items() if at is not None},
            history_length=workflow.info().get_current_history_length(),
        )

    @workflow.run
    async def run(self, given: ConversationInput) -> str:
        """Until the conversation closes. Returns why it closed."""
        while True:
            while (event := self._next_event()) is not None:
                await self._handle(event)
            await self._ring_what_is_due()
            if self._has_event():
                continue
            if self._may_close():
                await self._close()
                if not self._has_event():
                    return self._end(given)
                continue
            if self._winding_down() and self._idle():
                self._take_notices_along()
                workflow.continue_as_new(ConversationInput(start=given.start, state=self._state))
            self._start_work()
            self._show()
            self._set_alarm()
            await workflow.wait_condition(lambda: self._has_event() or self._may_close() or self._rang)
            self._rang = False

    def _has_event(self) -> bool:
        return bool(self._internal) or any(not self._is_for_next_episode(signal) for signal in self._state.queue)

    def _next_event(self) -> Event | None:
        """Own results first: they were decided before what waits in the queue arrived."""
        if self._internal:
            return self._internal.pop(0)
        for position, signal in enumerate(self._state.queue):
            if not self._is_for_next_episode(signal):
                return self._state.queue.pop(position)
        return None

    def _is_for_next_episode(self, signal: Signal) -> bool:
        """Once closed, nothing is reopened: what opens an episode waits for the one that follows."""
        opens = isinstance(signal, ReceiveMessage) or (isinstance(signal, PostReply | Take) and signal.opens_episode)
        return opens and self._state.closing is not None

    async def _handle(self, event: Event) -> None:
        match event:
            case ReceiveMessage():
                await self._on_message(event.message)
            case TurnEnded():
                await self._on_turn(event)
            case SendEnded():
                await self._on_send(event.report)
            case RecordDelivery():
                await self._on_delivery(event)
            case PostReply() | Take() | Release() | HandOffToPerson() | Assign() | Snooze() | Resolve():
                await self._on_verb(event)
            case _:
                assert_never(event)

    # Events

    async def _on_message(self, message: InboundMessage) -> None:
        state, now = self._state, workflow.now()
        if not state.take_in(message, now):
            return
        if state.status is Status.SNOOZED:
            state.wake(now)
        if asks_for_nothing((message,)):
            await self._record()
        elif state.status is Status.BOT:
            state.queue_for_bot(message, now)
            # With no window and no turn under way the turn begins at once and records it itself: one activity less.
            if state.policy.quiet_window_seconds > 0 or self._turn is not None:
                await self._record()
        else:
            state.wait_for_person([message], now)
            await self._record()

    async def _on_verb(self, verb: PersonVerb) -> None:
        state = self._state
        verdict = judge(state, verb, workflow.now())
        if isinstance(verb, HandOffToPerson) and verdict.accepted:
            self._say_holding_line()
        note = NoteVerdict(record=state.next_record(workflow.now()), messages=self._take_unrecorded(), verdict=verdict)
        await workflow.execute_activity_method(
            RecordActivities.record_verdict,
            note,
            start_to_close_timeout=timedelta(seconds=20),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
            summary=f"{verdict.verb}: {'accepted' if verdict.accepted else verdict.reason}",
        )

    async def _on_turn(self, ended: TurnEnded) -> None:
        self._turn = None
        state, now = self._state, workflow.now()
        if ended.recorded is not None:
            self._take_policy(ended.recorded.policy)
        if state.status is not Status.BOT or ended.epoch != state.epoch:
            return
        joins_turn = state.policy.quiet_window_seconds > 0
        if joins_turn and len(state.pending) > len(ended.batch):
            return
        state.pending = state.pending[len(ended.batch) :]
        answered = {message.id for message in ended.batch}
        state.pending = [message for message in state.pending if message.id not in answered]
        early = before_retrieval(ended.batch, state.policy)
        if early is not None:
            await self._flag(ended, early.reason or HandOffReason.MANUAL, early.detail)
            return
        if ended.finding is None:
            await self._flag(ended, HandOffReason.ASSISTANT_FAILED, ended.failed or "The answer could not be prepared")
            return
        decision = decide(ended.finding, state.policy, offered_before=bool(state.offered))
        state.offered = ()
        match decision.outcome:
            case Outcome.ANSWER if ended.finding.draft is not None:
                self._say(Purpose.ANSWER, ended.finding.draft.text, ended, draft=ended.finding.draft)
            case Outcome.OFFER:
                state.offered = ended.finding.suggestions
                self._say(Purpose.OFFER, offer_text(state.policy, state.offered), ended, quick_replies=state.offered)
            case _:
                await self._flag(ended, decision.reason or HandOffReason.MISSING_KNOWLEDGE, decision.detail)
        if state.pending:
            state.pending_first_at = now

    async def _flag(self, ended: TurnEnded, reason: HandOffReason, detail: str) -> None:
        state, now = self._state, workflow.now()
        finding = ended.finding
        hand_off = hand_off_for(reason, detail, now).model_copy(
            update={
                "confidence": finding.confidence if finding else None,
                "threshold": state.policy.answer_threshold,
                "turn_id": ended.turn_id if finding else None,
            }
        )
        state.pending = [*ended.batch, *state.pending]
        state.flag(hand_off)
        # Recorded before the holding line, which may have to wait behind an earlier message: managers are told at once.
        await self._record()
        self._say_holding_line()

    def _say_holding_line(self) -> None:
        if self._state.policy.holding_line and not self._state.holding_sent:
            self._state.holding_sent = True
            self._say(Purpose.HOLDING, self._state.policy.holding_line)

    async def _on_send(self, report: DeliveryReport) -> None:
        self._sending = None
        state, now = self._state, workflow.now()
        item = state.outbox.pop(0)
        message = item.message
        if report.result == SendResult.RETRY:
            wait = max(timedelta(seconds=report.retry_after or 0), min(timedelta(seconds=2 ** (item.attempt - 1)), LONGEST_BACKOFF))
            # A take that came during the attempt: the next one, at once, lets the ledger refuse the message.
            overtaken = message.sender is Sender.BOT and message.epoch < state.epoch
            again = {"attempt": item.attempt + 1, "not_before": None if overtaken else now + wait}
            state.outbox.insert(0, item.model_copy(update=again))
        elif report.result == "superseded":
            self._hand_refs_over(message.in_reply_to)
        elif report.result in (SendResult.FAILED, SendResult.UNKNOWN):
            await self._on_undelivered(message, report, now)
        if message.id == state.returns_after and report.result != SendResult.RETRY:
            await self._return_to_bot(report)

    async def _return_to_bot(self, report: DeliveryReport) -> None:
        """After the manager's reply is out, the bot has the conversation again; if it isn't out, the manager keeps it."""
        self._state.returns_after = None
        if report.result == SendResult.SENT and self._state.status is Status.HUMAN:
            self._state.give_to_bot()
            await self._record()

    async def _on_undelivered(self, message: OutboundMessage, report: DeliveryReport, now: datetime) -> None:
        if message.sender is not Sender.BOT or self._state.status is not Status.BOT:
            await self._record()
            return
        happened = "may not have reached the customer" if report.result == SendResult.UNKNOWN else "could not be delivered"
        self._state.flag(hand_off_for(HandOffReason.ASSISTANT_FAILED, f"The bot's message {happened}: {report.error}", now))
        self._state.holding_sent = True
        await self._record()

    def _hand_refs_over(self, refs: tuple[MessageRef, ...]) -> None:
        """A bot's reply was stopped: what it would have answered stands in the person's reply instead."""
        for index, item in enumerate(self._state.outbox):
            if item.message.sender is Sender.MANAGER:
                joined = item.message.model_copy(update={"in_reply_to": (*refs, *item.message.in_reply_to)})
                self._state.outbox[index] = item.model_copy(update={"message": joined})
                return
        self._state.unreplied = [*refs, *self._state.unreplied]

    async def _on_delivery(self, signal: RecordDelivery) -> None:
        if signal.echo is not None and self._state.status is not Status.CLOSED:
            self._state.give_to(None, workflow.now())
            self._state.note_recent(derived_id(self._state.start.inbox_id, "echo", signal.echo.provider_id))
            await self._record()

    # What the bot says and reads

    def _say(
        self,
        purpose: Purpose,
        text: str,
        ended: TurnEnded | None = None,
        *,
        draft: Draft | None = None,
        quick_replies: tuple[str, ...] = (),
    ) -> None:
        state = self._state
        if purpose is not Purpose.GREETING and not state.greeted:
            state.greeted = True
            if state.policy.greeting and state.start.channel is not ChannelKind.WEBCHAT:
                self._say(Purpose.GREETING, state.policy.greeting)
        message = OutboundMessage(
            id=str(workflow.uuid4()),
            conversation_id=state.conversation_id,
            inbox_id=state.start.inbox_id,
            contact_id=state.start.contact_id,
            sender=Sender.BOT,
            purpose=purpose,
            text=text,
            quick_replies=quick_replies,
            in_reply_to=tuple(MessageRef(id=message.id, provider_id=message.provider_id) for message in ended.batch) if ended else (),
            citations=draft.citations if draft else (),
            confidence=ended.finding.confidence if ended and ended.finding else None,
            epoch=state.epoch,
            created_at=workflow.now(),
        )
        state.outbox.append(Outgoing(message=message, turn_id=ended.turn_id if ended else None))
        state.note_recent(message.id)

    async def _read(self, batch: tuple[InboundMessage, ...], turn_id: str, epoch: int) -> None:
        """Looks a turn up. Ends in the queue, whatever happens: a turn that fails is flagged, never silent."""
        state = self._state
        texts = [message.text.strip() for message in batch if message.text.strip()]
        question = "\n".join(chosen_offer(text, state.offered) or text for text in texts)
        state.unrecorded = [message for message in state.unrecorded if message not in batch]
        turn = Turn(id=turn_id, record=state.next_record(workflow.now()), messages=batch, question=question)
        ended = TurnEnded(batch=batch, epoch=epoch, turn_id=turn_id)
        try:
            retrieved = await workflow.execute_activity_method(
                TurnActivities.retrieve_passages,
                turn,
                start_to_close_timeout=timedelta(seconds=30),
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RETRY,
            )
            ended = ended.model_copy(update={"recorded": retrieved.recorded, "finding": retrieved.finding})
            if retrieved.finding.wants_draft and before_retrieval(batch, retrieved.recorded.policy) is None:
                request = DraftRequest(
                    turn_id=turn_id,
                    conversation_id=state.conversation_id,
                    inbox_id=state.start.inbox_id,
                    question=question,
                    language=state.language,
                )
                drafted = await workflow.execute_activity_method(
                    AssistantActivities.draft_answer,
                    request,
                    start_to_close_timeout=timedelta(seconds=90),
                    heartbeat_timeout=HEARTBEAT,
                    retry_policy=ASSISTANT_RETRY,
                )
                ended = ended.model_copy(update={"finding": retrieved.finding.model_copy(update={"draft": drafted.draft})})
        except ActivityError as error:
            cause = error.cause
            ended = ended.model_copy(
                update={"finding": None, "failed": cause.message if isinstance(cause, ApplicationError) else str(cause)}
            )
        self._internal.append(ended)

    async def _deliver(self, item: Outgoing, *, last: bool) -> None:
        delivery = Delivery(
            message=item.message,
            record=self._state.next_record(workflow.now()),
            turn_id=item.turn_id,
            attempt=item.attempt,
            last=last,
        )
        report = await workflow.execute_activity_method(
            DeliveryActivities.deliver_message,
            delivery,
            start_to_close_timeout=timedelta(seconds=60),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
            summary=f"{item.message.sender} {item.message.purpose}, attempt {item.attempt}",
        )
        self._internal.append(SendEnded(report=report))

    def _take_unrecorded(self) -> tuple[InboundMessage, ...]:
        messages, self._state.unrecorded = tuple(self._state.unrecorded), []
        return messages

    async def _record(self) -> None:
        """Writes the conversation and what came in to SQL, and brings the inbox's current policy back."""
        recorded = await workflow.execute_activity_method(
            RecordActivities.record_messages,
            RecordedMessages(record=self._state.next_record(workflow.now()), messages=self._take_unrecorded()),
            start_to_close_timeout=timedelta(seconds=20),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
        )
        self._take_policy(recorded.policy)

    def _take_policy(self, policy: Policy) -> None:
        """Timers follow the policy as it is now."""
        state = self._state
        if policy == state.policy:
            return
        state.idle_at += timedelta(minutes=policy.idle_timeout_minutes - state.policy.idle_timeout_minutes)
        if state.reply_at is not None:
            state.reply_at += timedelta(minutes=policy.reply_timeout_minutes - state.policy.reply_timeout_minutes)
        state.policy = policy

    # Work beside the queue: one turn, one send, one alarm

    def _start_work(self) -> None:
        state, now = self._state, workflow.now()
        if self._winding_down():
            return
        turn_due = state.turn_due()
        if self._turn is None and turn_due is not None and turn_due <= now:
            batch = tuple(state.pending if state.policy.quiet_window_seconds > 0 else state.pending[:1])
            self._turn = self._begin(self._read(batch, str(workflow.uuid4()), state.epoch))
        if self._sending is None and state.outbox and (state.outbox[0].not_before or now) <= now:
            item = state.outbox[0]
            self._sending = self._begin(self._deliver(item, last=now - item.message.created_at >= GIVE_UP_AFTER))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    def _set_alarm(self) -> None:
        """One timer for all deadlines. A deadline that moves away costs nothing: the alarm rings early and is set again."""
        state = self._state
        due = state.deadlines()
        if not self._winding_down():
            if self._turn is None and (turn_due := state.turn_due()) is not None:
                due.append(turn_due)
            if self._sending is None and state.outbox and (not_before := state.outbox[0].not_before) is not None:
                due.append(not_before)
        if not due:
            return
        next_at = min(due)
        if self._alarm_at is not None and self._alarm_at <= next_at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = next_at
        self._alarm = asyncio.create_task(self._ring_at(next_at))

    async def _ring_at(self, at: datetime) -> None:
        wait = at - workflow.now()
        if wait > timedelta(0):
            await workflow.sleep(wait, summary=f"until {at.isoformat(timespec='seconds')}")
        self._alarm = self._alarm_at = None
        self._rang = True

    async def _ring_what_is_due(self) -> None:
        state, now = self._state, workflow.now()
        for notice in [notice for notice in state.notices if notice.at <= now]:
            state.notices.remove(notice)
            self._notify(notice.rung)
        if state.reply_at is not None and state.reply_at <= now and state.status is Status.FLAGGED:
            await self._on_reply_timeout()
        if state.snooze_until is not None and state.snooze_until <= now and state.status is Status.SNOOZED:
            state.wake(now)
            await self._record()
        if state.idle_at <= now and state.closing is None:
            if state.status is Status.SNOOZED or state.outbox or state.pending:
                state.idle_at = now + timedelta(minutes=state.policy.idle_timeout_minutes)
            else:
                state.unanswered = state.unanswered or bool(state.unreplied)
                state.closing = ClosedReason.IDLE
                state.status = Status.CLOSED

    async def _on_reply_timeout(self) -> None:
        """Nobody came: the bot has it again, the customer hears so once, and the question stays listed."""
        state = self._state
        unreplied = tuple(state.unreplied)
        state.give_to_bot()
        state.unanswered = True
        if state.policy.apology_line:
            self._say(Purpose.APOLOGY, state.policy.apology_line)
        state.unreplied = list(unreplied)
        await self._record()

    def _notify(self, rung: str) -> None:
        hand_off = self._state.hand_off
        if hand_off is None or self._state.status is not Status.FLAGGED:
            return
        notice = Notice(
            conversation_id=self._state.conversation_id,
            inbox_id=self._state.start.inbox_id,
            rung=rung,
            reason=words_for(hand_off.reason),
            flagged_at=hand_off.at.isoformat(),
        )
        # Beside everything else: a mail relay that is down never holds a conversation up.
        self._telling[rung] = workflow.start_activity_method(
            NoticeActivities.notify_managers,
            notice,
            start_to_close_timeout=timedelta(seconds=60),
            schedule_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=5)),
            summary=rung,
        )

    def _take_notices_along(self) -> None:
        """A notice still on its way is told by the next run; the ledger knows whom it has reached."""
        now = workflow.now()
        self._state.notices += [DueNotice(rung=rung, at=now) for rung, telling in self._telling.items() if not telling.done()]

    # The end of a run

    def _idle(self) -> bool:
        return self._turn is None and self._sending is None

    def _winding_down(self) -> bool:
        return workflow.info().get_current_history_length() > HISTORY_LIMIT or workflow.info().is_continue_as_new_suggested()

    def _may_close(self) -> bool:
        """With the outbox empty, or at once when the next episode is waiting: it takes the outbox over."""
        return self._state.closing is not None and self._idle() and (not self._state.outbox or bool(self._state.queue))

    async def _close(self) -> None:
        await workflow.execute_activity_method(
            RecordActivities.close_conversation,
            self._state.next_record(workflow.now()),
            start_to_close_timeout=timedelta(seconds=20),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
        )

    def _end(self, given: ConversationInput) -> str:
        """Why it closed; or the next episode, if something for it has arrived."""
        state = self._state
        if state.queue or state.outbox:
            episode = NextEpisode(queue=tuple(state.queue), outbox=tuple(state.outbox), seen=tuple(state.seen))
            start = given.start.model_copy(update={"policy": state.policy})
            workflow.continue_as_new(ConversationInput(start=start, episode=episode))
        self._show()
        return str(state.closing)

    def _show(self) -> None:
        """Keeps the Temporal UI's list and page readable."""
        state = self._state
        pairs: list[SearchAttributePair[Any]] = [
            SearchAttributePair(STATUS, state.status.value),
            SearchAttributePair(CHANNEL, state.start.channel.value),
            SearchAttributePair(INBOX, state.start.inbox_id),
        ]
        if state.assignee_id is not None:
            pairs.append(SearchAttributePair(ASSIGNEE, state.assignee_id))
        if state.waiting_since is not None:
            pairs.append(SearchAttributePair(WAITING_SINCE, state.waiting_since))
        shown = TypedSearchAttributes(pairs)
        if self._shown is None:
            self._shown = workflow.info().typed_search_attributes
        if shown != self._shown:
            gone = [key.value_unset() for key in (ASSIGNEE, WAITING_SINCE) if self._shown.get(key) is not None and shown.get(key) is None]
            changed = [pair.key.value_set(pair.value) for pair in pairs if self._shown.get(pair.key) != pair.value]
            workflow.upsert_search_attributes([*changed, *gone])
            self._shown = shown
        workflow.set_current_details(self._details())

    def _details(self) -> str:
        state = self._state
        lines = [f"**{state.status}** on {state.start.channel} inbox `{state.start.inbox_id}`, epoch {state.epoch}"]
        if state.hand_off is not None:
            lines.append(f"Stopped because {words_for(state.hand_off.reason)}: {state.hand_off.detail}")
        if state.assignee_id is not None:
            lines.append(f"Manager `{state.assignee_id}` has it")
        lines.append(f"{len(state.pending)} to answer, {len(state.unreplied)} waiting for a person, {len(state.outbox)} to send")
        names = (("idle reset", state.idle_at), ("back to the bot", state.reply_at), ("wakes", state.snooze_until))
        lines += [f"- {name}: {at.isoformat(timespec='seconds')}" for name, at in names if at is not None]
        return "\n\n".join(lines)
