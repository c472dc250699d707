"""One conversation, as a durable workflow. Handlers only append to the queue; `run` alone decides.

The story of a message: `receive_message` queues it -> a turn closes after the quiet window -> `retrieve_passages` (and
`draft_answer`, with a language model) -> answer, offer or flag -> `deliver_message`. A person's verb is judged between two events,
so that bot and person never decide at the same time; the epoch it raises stops whatever the bot had decided before.
"""

import asyncio
from datetime import timedelta
from typing import assert_never

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.commands import (
        Assign,
        HandOffToPerson,
        OfferAgain,
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
    from domain.conversations import ClosedReason, RecordedMessages, Status
    from domain.decisions import asks_for_nothing, words_for
    from domain.ids import echo_id
    from domain.ladder import Rung
    from domain.line_texts import LineKey
    from domain.lines import line
    from domain.media import is_elsewhere
    from domain.messages import InboundMessage, Purpose, Sender
    from domain.model import Model
    from domain.policy import Policy
    from domain.turns import Delivery, DeliveryReport, NoteVerdict, Notice, Turn
    from domain.windows import REMINDER, Reach
    from workflows import calls, offering
    from workflows.alarm import Alarm
    from workflows.answering import TurnEnded, conclude, question_of, read
    from workflows.handing_back import announce, may_announce, return_if_idle, say_bot_is_back
    from workflows.sending import GIVE_UP_AFTER, after_send, fail_late, say, say_holding_line
    from workflows.state import ConversationInput, ConversationState, DueNotice, NextEpisode, Outgoing, Signal
    from workflows.verbs import judge
    from workflows.visible import show
    from workflows.windows import closed_now, needs_tag, reach_of, refusal_of, reminder_due, window_deadlines

HISTORY_LIMIT = 500
"""Events after which the run continues as new: a cold replay of this many costs about 0.1 s of CPU."""

WINDOW_NOTICE = "window"
"""Names the reminder of a closing window among the notices that are on their way."""


class SendEnded(Model):
    report: DeliveryReport


Event = ReceiveMessage | RecordDelivery | OfferAgain | PersonVerb | TurnEnded | SendEnded


def _new_id() -> str:
    return str(workflow.uuid4())


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
        self._telling: dict[str, workflow.ActivityHandle[None]] = {}
        self._alarm = Alarm()
        self._shown = workflow.info().typed_search_attributes

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

    @workflow.signal
    def offer_again(self, signal: OfferAgain) -> None:
        self._state.queue.append(signal)

    @workflow.query
    def snapshot(self) -> Snapshot:
        state = self._state
        offer = state.standing
        due = {"idle": state.idle_at, "reply": state.reply_at, "snooze": state.snooze_until, "turn": state.turn_due()}
        due["target"] = state.target.due_at if state.target else None
        due["offer"] = offer.expires_at if offer else None
        due["returns"] = state.returns_at
        return Snapshot(
            conversation_id=state.conversation_id,
            status=state.status,
            epoch=state.epoch,
            version=state.version,
            assignee_id=state.assignee_id,
            offered_to=offer.manager_id if offer else None,
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
                await calls.close_conversation(self._state.next_record(workflow.now()))
                if not self._has_event():
                    return self._end(given)
                continue
            if self._winding_down() and self._idle():
                self._take_notices_along()
                workflow.continue_as_new(ConversationInput(start=given.start, state=self._state))
            self._start_work()
            self._shown = show(self._state, self._shown)
            self._set_alarm()
            await workflow.wait_condition(lambda: self._has_event() or self._may_close() or self._alarm.rang)
            self._alarm.rang = False

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
            case OfferAgain():
                if offering.call(self._state, event, workflow.now()):
                    await self._record()
            case PostReply() | Take() | Release() | HandOffToPerson() | Assign() | Snooze() | Resolve():
                await self._on_verb(event)
            case _:
                assert_never(event)

    # Events

    async def _on_message(self, arrived: InboundMessage) -> None:
        state, now = self._state, workflow.now()
        if (message := state.take_in(arrived, now)) is None:
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
        if any(map(is_elsewhere, message.attachments)):
            await calls.fetch_media(message.id)

    async def _on_verb(self, verb: PersonVerb) -> None:
        state = self._state
        name = await calls.first_name(verb.manager_id) if may_announce(state, verb) else ""
        verdict = judge(state, verb, workflow.now())
        announced = announce(state, name, verdict.message_id, workflow.now(), _new_id) if name and verdict.accepted else None
        if isinstance(verb, HandOffToPerson) and verdict.accepted:
            say_holding_line(state, workflow.now(), _new_id)
        if isinstance(verb, Release) and verdict.accepted:
            say_bot_is_back(state, workflow.now(), _new_id)
        queued = next((item.message for item in state.outbox if item.message.id == verdict.message_id), None)
        record = state.next_record(workflow.now())
        note = NoteVerdict(record=record, messages=self._take_unrecorded(), announced=announced, queued=queued, verdict=verdict)
        await calls.record_verdict(note)

    async def _on_turn(self, ended: TurnEnded) -> None:
        self._turn = None
        if ended.recorded is not None:
            self._take_policy(ended.recorded.policy)
            self._state.usual_wait_minutes = ended.usual_wait_minutes
        before = self._state.status
        conclude(self._state, ended, workflow.now(), _new_id)
        if self._state.status is not before:
            # Flagged: written before the holding line is sent, which may have to wait its turn. Managers are told at once.
            await self._record()

    async def _on_send(self, report: DeliveryReport) -> None:
        self._sending = None
        if after_send(self._state, report, workflow.now()):
            await self._record()

    async def _on_delivery(self, signal: RecordDelivery) -> None:
        if signal.receipt is not None and fail_late(self._state, signal.receipt, workflow.now()):
            await self._record()
        if signal.echo is not None and self._state.status is not Status.CLOSED:
            # Somebody answered in the channel's own app, nobody knows who: whoever has it keeps it.
            self._state.give_to(self._state.assignee_id, workflow.now())
            self._state.note_replied()
            self._state.note_recent(echo_id(self._state.start.inbox_id, signal.echo.provider_id))
            await self._record()

    # SQL

    def _take_unrecorded(self) -> tuple[InboundMessage, ...]:
        messages, self._state.unrecorded = tuple(self._state.unrecorded), []
        return messages

    async def _record(self) -> None:
        """Writes the conversation and what came in to SQL; brings the inbox's current policy back, and who a flagged one is offered to."""
        asked = offering.wanted(self._state, workflow.now())
        record = self._state.next_record(workflow.now())
        recorded = await calls.record_messages(RecordedMessages(record=record, messages=self._take_unrecorded(), offer=asked))
        if asked is not None:
            offering.settle(self._state, asked, recorded)
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

    # Work beside the queue: one turn, one send, notices

    def _start_work(self) -> None:
        state, now = self._state, workflow.now()
        if self._winding_down():
            return
        turn_due = state.turn_due()
        if self._turn is None and turn_due is not None and turn_due <= now:
            self._turn = asyncio.create_task(self._read())
        if self._sending is None and state.outbox and (state.outbox[0].not_before or now) <= now:
            self._sending = asyncio.create_task(self._deliver(state.outbox[0]))

    async def _read(self) -> None:
        state = self._state
        batch = tuple(state.pending if state.policy.quiet_window_seconds > 0 else state.pending[:1])
        state.unrecorded = [message for message in state.unrecorded if message not in batch]
        record = state.next_record(workflow.now())
        turn = Turn(
            documents=state.policy.documents,
            id=_new_id(),
            record=record,
            messages=batch,
            question=question_of(state, batch),
            topic=state.topic,
            earlier=state.earlier,
            told=state.told,
        )
        self._internal.append(await read(state, turn, state.epoch))

    async def _deliver(self, item: Outgoing) -> None:
        now = workflow.now()
        message = item.message
        refused = refusal_of(self._state, message, now)
        if refused is None and needs_tag(self._state, message, now):
            message = message.model_copy(update={"human_tag": True})
        delivery = Delivery(
            message=message,
            record=self._state.next_record(now),
            turn_id=item.turn_id,
            part=item.part,
            attempt=item.attempt,
            last=now - item.message.created_at >= GIVE_UP_AFTER,
            refused=refused,
        )
        self._internal.append(SendEnded(report=await calls.deliver_message(delivery)))

    def _notify(self, rung: Rung) -> None:
        state = self._state
        if state.hand_off is None or state.status is not Status.FLAGGED:
            return
        notice = Notice(
            conversation_id=state.conversation_id,
            inbox_id=state.start.inbox_id,
            rung=rung,
            reason=words_for(state.hand_off.reason),
            flagged_at=state.hand_off.at.isoformat(),
            lead=state.policy.team_lead,
        )
        self._telling[rung] = calls.notify_managers(notice)

    def _remind_of_window(self) -> None:
        """By e-mail: the dashboard shows the time by itself."""
        state, written = self._state, self._state.last_written_at
        if written is None:
            return
        notice = Notice(
            conversation_id=state.conversation_id,
            inbox_id=state.start.inbox_id,
            rung=Rung.EMAIL,
            reason=REMINDER,
            flagged_at=written.isoformat(),
        )
        self._telling[WINDOW_NOTICE] = calls.notify_managers(notice)

    # Time

    def _set_alarm(self) -> None:
        state = self._state
        due = [*state.deadlines(), *window_deadlines(state)]
        if not self._winding_down():
            if self._turn is None and (turn_due := state.turn_due()) is not None:
                due.append(turn_due)
            if self._sending is None and state.outbox and (not_before := state.outbox[0].not_before) is not None:
                due.append(not_before)
        self._alarm.set(due)

    async def _ring_what_is_due(self) -> None:
        state, now = self._state, workflow.now()
        for notice in [notice for notice in state.notices if notice.at <= now]:
            state.notices.remove(notice)
            self._notify(notice.rung)
        if state.reply_at is not None and state.reply_at <= now and state.status is Status.FLAGGED:
            state.give_up_waiting()
            apology = line(LineKey.APOLOGY, state.language, state.policy)
            if apology and reach_of(state, now) is Reach.FREE:
                say(state, Purpose.APOLOGY, apology, now=now, new_id=_new_id)
            await self._record()
        if state.snooze_until is not None and state.snooze_until <= now and state.status is Status.SNOOZED:
            state.wake(now)
            await self._record()
        if reminder_due(state, now):
            self._remind_of_window()
        if closed_now(state, now) and state.status is not Status.CLOSED:
            await self._record()
        if return_if_idle(state, now, _new_id):
            await self._record()
        if (target := state.target) is not None and target.due_at <= now and state.breached != target.since:
            state.breached = target.since
            await self._record()
        offering.expire(state, now)
        if offering.is_asking(state):
            await self._record()
        if state.idle_at <= now and state.closing is None:
            self._on_silence()

    def _on_silence(self) -> None:
        state = self._state
        if state.status is Status.SNOOZED or state.outbox or state.pending:
            state.idle_at = workflow.now() + timedelta(minutes=state.policy.idle_timeout_minutes)
            return
        # A reset never loses a waiting question.
        state.unanswered = state.unanswered or bool(state.unreplied) or state.waiting_since is not None
        state.closing = ClosedReason.IDLE
        state.status = Status.CLOSED

    # The end of a run

    def _idle(self) -> bool:
        return self._turn is None and self._sending is None

    def _winding_down(self) -> bool:
        return workflow.info().get_current_history_length() > HISTORY_LIMIT or workflow.info().is_continue_as_new_suggested()

    def _take_notices_along(self) -> None:
        """A notice still on its way is told by the next run; the ledger knows whom it has reached."""
        now = workflow.now()
        open_rungs = [rung for rung, telling in self._telling.items() if not telling.done()]
        if WINDOW_NOTICE in open_rungs:
            self._state.reminded_of = None
        self._state.notices += [DueNotice(rung=Rung(rung), at=now) for rung in open_rungs if rung != WINDOW_NOTICE]

    def _may_close(self) -> bool:
        """With the outbox empty, or at once when the next episode is waiting: it takes a person's replies over.

        What the bot had not said when a person closed the conversation is refused by the ledger first: in the next episode, whose epochs
        begin anew, it would be sent.
        """
        state = self._state
        bots = any(item.message.sender is Sender.BOT for item in state.outbox)
        return state.closing is not None and self._idle() and (not state.outbox or (bool(state.queue) and not bots))

    def _end(self, given: ConversationInput) -> str:
        """Why it closed; or the next episode, if something for it has arrived."""
        state = self._state
        if state.queue or state.outbox:
            episode = NextEpisode(queue=tuple(state.queue), outbox=tuple(state.outbox), seen=tuple(state.seen))
            start = given.start.model_copy(update={"policy": state.policy, "last_written_at": state.last_written_at})
            workflow.continue_as_new(ConversationInput(start=start, episode=episode))
        self._shown = show(state, self._shown)
        return str(state.closing)
