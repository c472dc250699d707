"""What follows from how an attempt to send ended, for as long as it takes."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.channels import ChannelKind, SendResult
from domain.commands import StartConversation
from domain.messages import InboundMessage, Purpose
from domain.policy import Policy
from domain.turns import DeliveryReport
from workflows.sending import LONGEST_BACKOFF, after_send, say, say_holding_line
from workflows.state import ConversationState

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def state_of(channel: ChannelKind = ChannelKind.REST, **policy: object) -> ConversationState:
    start = StartConversation(inbox_id="shop", channel=channel, contact_id="c", policy=Policy.model_validate(policy))
    return ConversationState.opened(start, conversation_id="1", workflow_id="w", now=NOW)


def spoken(state: ConversationState) -> list[Purpose]:
    return [item.message.purpose for item in state.outbox]


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (9, 256), (10, 300), (60, 300), (5_000, 300)])
def test_a_message_may_wait_for_days(attempt: int, seconds: float) -> None:
    """As one does while the inbox's access token is dead."""
    state = state_of()
    say(state, Purpose.ANSWER, "Yes", now=NOW, new_id=lambda: "m")
    state.outbox[0] = state.outbox[0].model_copy(update={"attempt": attempt})
    after_send(state, DeliveryReport(message_id="m", result=SendResult.RETRY), NOW)
    assert state.outbox[0].not_before == NOW + timedelta(seconds=seconds)
    assert timedelta(minutes=5) >= LONGEST_BACKOFF, "a new token is noticed within minutes"


def test_where_the_customer_gets_one_answer_nothing_else_is_said() -> None:
    """A question under a listing: a greeting or a holding line would be its public answer."""
    state = state_of(ChannelKind.MERCADOLIBRE, greeting="Hello!", holding_line="A person is coming.")
    message = InboundMessage(id="1", provider_id="1", text="Is there one in green?", received_at=NOW, one_reply=True)
    state.take_in(message, NOW)
    say_holding_line(state, NOW, lambda: "h")
    say(state, Purpose.OFFER, "Do you mean?", now=NOW, new_id=lambda: "o")
    say(state, Purpose.APOLOGY, "Sorry", now=NOW, new_id=lambda: "a")
    assert spoken(state) == []
    say(state, Purpose.ANSWER, "Yes", now=NOW, new_id=lambda: "m")
    assert spoken(state) == [Purpose.ANSWER]
    assert state.outbox[0].message.whole, "one answer is never split"
