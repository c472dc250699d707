"""Whatever people do in whatever order, the lines about who answers stay true. Decisions alone, without a server."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.channels import ChannelKind, SendResult
from domain.commands import PostReply, Release, StartConversation, Take
from domain.conversations import HandOffReason, Status
from domain.messages import InboundMessage, MessageRef, OutboundMessage, Purpose, Sender
from domain.policy import Policy
from domain.turns import DeliveryReport
from workflows.handing_back import announce, may_announce, return_if_idle, say_bot_is_back
from workflows.sending import after_send, say, say_holding_line
from workflows.state import ConversationState, hand_off_for
from workflows.verbs import judge

PEOPLE = ("ana", "ben")
POLICY = Policy(announces_person=True, announces_bot=True, keep_idle_minutes=30, quiet_window_seconds=0)
MINUTE = timedelta(minutes=1)


class Talk(RuleBasedStateMachine):
    """One conversation; sends happen one by one, and the ledger refuses the bot's words of an older epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
        numbers = count(1)
        self.new_id: Callable[[], str] = lambda: f"id-{next(numbers)}"
        start = StartConversation(inbox_id="shop", channel=ChannelKind.REST, contact_id="c", policy=POLICY)
        self.state = ConversationState.opened(start, conversation_id="talk", workflow_id="w", now=self.now)
        self.sent: list[OutboundMessage] = []
        self.written: list[str] = []

    def tick(self) -> None:
        self.now += MINUTE

    @rule()
    def customer_writes(self) -> None:
        self.tick()
        message_id = self.new_id()
        self.written.append(message_id)
        taken_in = self.state.take_in(InboundMessage(id=message_id, provider_id=message_id, text="hello", received_at=self.now), self.now)
        assert taken_in is not None
        if self.state.status is Status.BOT:
            self.state.queue_for_bot(taken_in, self.now)
        else:
            self.state.wait_for_person([taken_in], self.now)

    @rule(flags=st.booleans())
    def bot_reads(self, flags: bool) -> None:
        self.tick()
        state = self.state
        if state.status is not Status.BOT or not state.pending:
            return
        if flags:
            state.flag(hand_off_for(HandOffReason.MISSING_KNOWLEDGE, "", self.now))
            say_holding_line(state, self.now, self.new_id)
            return
        refs = tuple(MessageRef(id=message.id) for message in state.pending)
        state.pending = []
        say(state, Purpose.ANSWER, "Yes.", now=self.now, new_id=self.new_id, in_reply_to=refs)

    @rule(who=st.sampled_from(PEOPLE), force=st.booleans())
    def takes(self, who: str, force: bool) -> None:
        self.tick()
        self.act(Take(action_id=self.new_id(), conversation_id="talk", manager_id=who, force=force))

    @rule(who=st.sampled_from(PEOPLE), keep=st.booleans())
    def replies(self, who: str, keep: bool) -> None:
        self.tick()
        self.act(PostReply(action_id=self.new_id(), conversation_id="talk", manager_id=who, text=f"This is {who}.", keep=keep))

    @rule(who=st.sampled_from(PEOPLE))
    def releases(self, who: str) -> None:
        self.tick()
        self.act(Release(action_id=self.new_id(), conversation_id="talk", manager_id=who))

    def act(self, verb: Take | PostReply | Release) -> None:
        tells = may_announce(self.state, verb)
        verdict = judge(self.state, verb, self.now)
        if not verdict.accepted:
            return
        if isinstance(verb, Release):
            say_bot_is_back(self.state, self.now, self.new_id)
        elif tells:
            announce(self.state, str(self.state.assignee_id), verdict.message_id, self.now, self.new_id)

    @rule(result=st.sampled_from([SendResult.SENT, SendResult.SENT, SendResult.SENT, SendResult.FAILED]))
    def one_is_sent(self, result: SendResult) -> None:
        self.tick()
        if not self.state.outbox:
            return
        message = self.state.outbox[0].message
        refused = message.sender is Sender.BOT and message.epoch < self.state.epoch
        if not refused and result is SendResult.SENT:
            self.check(message)
            self.sent.append(message)
        after_send(self.state, DeliveryReport(message_id=message.id, result="superseded" if refused else result), self.now)

    @rule()
    def everything_is_sent(self) -> None:
        while self.state.outbox:
            self.one_is_sent(SendResult.SENT)

    @rule(flags=st.booleans())
    def customer_asks_the_bot(self, flags: bool) -> None:
        self.customer_writes()
        self.bot_reads(flags)
        self.everything_is_sent()

    @rule(minutes=st.integers(1, 50))
    def nothing_is_said(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        return_if_idle(self.state, self.now, self.new_id)

    def check(self, message: OutboundMessage) -> None:
        """What goes out now is true now."""
        lines = [sent for sent in self.sent if sent.purpose in (Purpose.TALKING_TO, Purpose.BOT_BACK)]
        if message.purpose is Purpose.TALKING_TO:
            assert message.epoch == self.state.epoch, "nobody has taken it from them"
            assert message.in_reply_to == ()
            if self.state.status is Status.HUMAN and self.state.assignee_id is not None:
                assert self.state.assignee_id in message.text
        if message.purpose in (Purpose.ANSWER, Purpose.HOLDING) and lines:
            assert lines[-1].purpose is Purpose.BOT_BACK, "the customer knows that the bot answers"

    @invariant()
    def everything_is_answered_at_most_once(self) -> None:
        answered = [ref.id for message in self.sent for ref in message.in_reply_to]
        assert len(answered) == len(set(answered))
        assert set(answered) <= set(self.written)

    @invariant()
    def a_line_about_a_person_says_something_new(self) -> None:
        lines = [sent for sent in self.sent if sent.purpose in (Purpose.TALKING_TO, Purpose.BOT_BACK)]
        for one, other in pairwise(lines):
            if one.purpose is other.purpose is Purpose.TALKING_TO:
                assert one.epoch < other.epoch

    @invariant()
    def nothing_that_waits_goes_back_by_silence(self) -> None:
        due = self.state.returns_at
        assert due is None or (self.state.status is Status.HUMAN and not self.state.unreplied)


Talk.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestTalk = Talk.TestCase
