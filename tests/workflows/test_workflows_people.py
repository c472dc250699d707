"""What happens between bot, manager and customer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.channels import SendOutcome, SendResult
from domain.commands import Assign, HandOffToPerson, PostReply, RefusedBecause, Resolve, Snooze, Take
from domain.conversations import ClosedReason, Status
from domain.errors import Conflict, NotFound
from domain.messages import DeliveryState, Direction, Purpose, Sender
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

UNKNOWN = "Can I pay with bitcoin?"


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(temporal, database_url) as desk, desk.worker():
        yield desk


async def flagged(desk: Desk) -> str:
    received = await desk.says(UNKNOWN)
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    await desk.until_sent(1)
    return str(received.conversation_id)


async def test_the_managers_reply_reaches_the_customer_and_the_bot_has_it_again(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.says("hello?")
    await desk.says("anybody there?")

    async def three_shown() -> bool:
        return sum(message.direction is Direction.INBOUND for message in await desk.messages(conversation_id)) == 3

    await until(three_shown, "what the customer wrote meanwhile is shown")
    verdict = await desk.replies(desk.ana, conversation_id, "Not yet, only cards.")
    assert verdict.accepted
    view = await desk.until_status(conversation_id, Status.BOT)
    assert (view.assignee_id, view.waiting_since, view.hand_off) == (None, None, None)
    reply = desk.vendor.sent[-1].message
    assert (reply.sender, reply.author_id, reply.text) == (Sender.MANAGER, desk.ana.id, "Not yet, only cards.")
    assert len(reply.in_reply_to) == 3
    await desk.says("Do you ship to Chile?")
    await desk.until_sent(3)
    assert desk.vendor.texts[-1] == "Yes, in 5 to 8 days."
    assert sum(sent.message.purpose is Purpose.HOLDING for sent in desk.vendor.sent) == 1


async def test_what_is_sent_again_answers_what_it_answered_and_nothing_else(desk: Desk) -> None:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.UNKNOWN, error="no answer")]
    first = await desk.says("Do you ship to Chile?")
    conversation_id = str(first.conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)
    second = await desk.says("And can I pay with bitcoin?")

    async def shown() -> bool:
        return (await desk.messages(conversation_id))[-1].id == second.message_id

    await until(shown, "the second question is shown")
    (lost,) = await desk.replies_to(conversation_id, first.message_id)
    answers, _ = await desk.stores.ledger.answered_by(lost.id)
    again = PostReply(
        action_id="again", conversation_id=conversation_id, manager_id=desk.ana.id, text=lost.text, resends=lost.id, answers=answers
    )
    assert (await desk.act(again)).accepted
    assert (await desk.stores.conversations.message(lost.id)).delivery is DeliveryState.FAILED, "settled with the verdict"
    await desk.until_sent(1)
    assert [ref.provider_id for ref in desk.vendor.sent[0].message.in_reply_to] == [answers[0].provider_id]

    async def settled() -> bool:
        return (await desk.messages(conversation_id))[-1].delivery is DeliveryState.SENT

    await until(settled, "it counts as sent")
    view = await desk.view(conversation_id)
    assert (view.status, view.assignee_id) == (Status.HUMAN, desk.ana.id)
    assert view.waiting_since is not None, "the second question still waits"
    assert (await desk.replies(desk.ana, conversation_id, "Only cards.")).accepted
    await desk.until_status(conversation_id, Status.BOT)
    assert [message.text for message in await desk.replies_to(conversation_id, second.message_id)] == ["Only cards."]


async def test_an_unanswered_question_stays_listed_when_something_else_is_sent_again(desk: Desk) -> None:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.UNKNOWN, error="no answer")]
    first = await desk.says("Do you ship to Chile?")
    conversation_id = str(first.conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)
    # The next message brings the new limit, and the time is over.
    await desk.sets(reply_timeout_minutes=0.001, apology_line="")
    await desk.says(UNKNOWN)

    async def unanswered() -> bool:
        view = await desk.view(conversation_id)
        return view.status is Status.BOT and view.unanswered

    await until(unanswered, "nobody answered in time")
    (lost,) = await desk.replies_to(conversation_id, first.message_id)
    answers, _ = await desk.stores.ledger.answered_by(lost.id)
    again = PostReply(
        action_id="again", conversation_id=conversation_id, manager_id=desk.ana.id, text=lost.text, resends=lost.id, answers=answers
    )
    assert (await desk.act(again)).accepted
    assert (await desk.view(conversation_id)).unanswered
    assert (await desk.replies(desk.ana, conversation_id, "Only cards.")).accepted
    assert not (await desk.view(conversation_id)).unanswered


async def test_a_kept_conversation_stays_with_the_manager(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.replies(desk.ana, conversation_id, "Let me check.", keep=True)
    await desk.until_sent(2)
    await desk.says("Do you ship to Chile?")

    async def shown() -> bool:
        return (await desk.messages(conversation_id))[-1].text == "Do you ship to Chile?"

    await until(shown, "the customer's message is shown")
    view = await desk.view(conversation_id)
    assert (view.status, view.assignee_id) == (Status.HUMAN, desk.ana.id)
    await desk.releases(desk.ana, conversation_id)
    await desk.says("How long is the warranty?")
    await desk.until_sent(3)
    assert desk.vendor.texts[-1] == "Two years.", "what was asked while a person had it is not answered out of turn"


async def test_two_managers_taking_at_once_one_wins_and_the_other_is_told_who(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    verdicts = await asyncio.gather(desk.takes(desk.ana, conversation_id), desk.takes(desk.ben, conversation_id))
    (won,) = [verdict for verdict in verdicts if verdict.accepted]
    (lost,) = [verdict for verdict in verdicts if not verdict.accepted]
    assert lost.reason == RefusedBecause.OWNED
    assert lost.owner_id == won.owner_id == (await desk.view(conversation_id)).assignee_id
    forced = await desk.takes(desk.ben if won.owner_id == desk.ana.id else desk.ana, conversation_id, force=True)
    assert forced.accepted


async def test_the_same_action_again_gets_the_same_verdict_and_sends_once(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    verb = Take(action_id="once", conversation_id=conversation_id, manager_id=desk.ana.id)
    assert await desk.act(verb) == await desk.act(verb)


async def test_a_reply_that_has_not_seen_everything_is_refused_with_what_is_new(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    seen = (await desk.messages(conversation_id))[-1].id
    new = await desk.says("never mind, I found it")

    async def shown() -> bool:
        return (await desk.messages(conversation_id))[-1].id == new.message_id

    await until(shown, "the new message is shown")
    refused = await desk.replies(desk.ana, conversation_id, "Only cards.", seen=seen)
    assert (refused.accepted, refused.reason, refused.unseen) == (False, RefusedBecause.UNSEEN, (new.message_id,))
    accepted = await desk.replies(desk.ana, conversation_id, "Only cards.", seen=new.message_id)
    assert accepted.accepted


async def test_replying_where_the_bot_answers_takes_over_in_the_same_step(desk: Desk) -> None:
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    verdict = await desk.replies(desk.ana, str(received.conversation_id), "And today it is free!", keep=True)
    assert verdict.accepted
    view = await desk.view(str(received.conversation_id))
    assert (view.status, view.assignee_id) == (Status.HUMAN, desk.ana.id)


async def test_a_resolved_conversation_is_closed_and_the_next_message_opens_a_linked_one(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.resolves(desk.ana, conversation_id)
    closed = await desk.until_status(conversation_id, Status.CLOSED)
    assert closed.closed_reason is ClosedReason.RESOLVED

    async def summarised() -> bool:
        return bool((await desk.view(conversation_id)).summary)

    await until(summarised, "the summary is written")
    assert UNKNOWN in str((await desk.view(conversation_id)).summary)
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(2)
    following = next(view for view in await desk.conversations() if view.id != conversation_id)
    assert following.previous_id == conversation_id
    assert received.conversation_id in (following.id, None), "None while the episode's id is not known"
    refused = await desk.takes(desk.ana, conversation_id)
    assert (refused.accepted, refused.reason) == (False, RefusedBecause.STALE)


async def test_replying_to_a_closed_conversation_opens_the_next_one_with_the_manager(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.resolves(desk.ana, conversation_id)
    await desk.until_status(conversation_id, Status.CLOSED)

    async def run_ended() -> bool:
        handle = desk.client.get_workflow_handle((await desk.view(conversation_id)).workflow_id, run_id=conversation_id)
        return (await handle.describe()).close_time is not None

    await until(run_ended, "the run has ended")
    verdict = await desk.replies(desk.ana, conversation_id, "One more thing: it arrives on Monday.", keep=True)
    assert verdict.accepted
    assert verdict.conversation_id != conversation_id
    view = await desk.view(verdict.conversation_id)
    assert (view.status, view.assignee_id, view.previous_id) == (Status.HUMAN, desk.ana.id, conversation_id)


async def test_a_manager_can_be_assigned_and_a_person_asked_for(desk: Desk) -> None:
    received = await desk.says("Do you ship to Chile?")
    await desk.until_sent(1)
    conversation_id = str(received.conversation_id)
    await desk.act(HandOffToPerson(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=desk.ana.id))
    await desk.until_status(conversation_id, Status.FLAGGED)
    await desk.until_sent(2)
    assert desk.vendor.sent[1].message.purpose is Purpose.HOLDING
    await desk.act(Assign(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=desk.ana.id, assignee_id=desk.ben.id))
    view = await desk.view(conversation_id)
    assert (view.status, view.assignee_id) == (Status.HUMAN, desk.ben.id)


async def test_a_snoozed_conversation_wakes_with_the_customers_next_message(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    until_at = datetime.now(UTC) + timedelta(hours=1)
    await desk.act(Snooze(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=desk.ana.id, until=until_at))
    assert (await desk.view(conversation_id)).status is Status.SNOOZED
    await desk.says("any news?")
    await desk.until_status(conversation_id, Status.FLAGGED)


async def test_a_take_stops_the_answer_that_was_being_prepared(desk: Desk) -> None:
    await desk.says("How long is the warranty?")
    await desk.until_sent(1)
    desk.documents.gate = asyncio.Event()
    received = await desk.says("Do you ship to Chile?")

    async def reading() -> bool:
        return len(desk.documents.asked) == 2

    await until(reading, "the bot reads")
    taken = await desk.takes(desk.ana, str(received.conversation_id))
    assert taken.accepted
    desk.documents.gate.set()
    await desk.replies(desk.ana, str(received.conversation_id), "Yes!", keep=True)
    await desk.until_sent(2)
    assert desk.vendor.texts == ["Two years.", "Yes!"]
    assert [ref.id for ref in desk.vendor.sent[1].message.in_reply_to] == [received.message_id]


async def test_a_take_stops_a_reply_that_waits_for_its_next_attempt(desk: Desk) -> None:
    desk.vendor.outcomes = [SendOutcome(result=SendResult.RETRY, retry_after=3600, error="busy")]
    received = await desk.says("Do you ship to Chile?")

    async def tried() -> bool:
        shown = await desk.messages(str(received.conversation_id))
        return bool(shown) and shown[-1].delivery is DeliveryState.QUEUED

    await until(tried, "the first attempt has failed")
    await desk.replies(desk.ana, str(received.conversation_id), "Yes!", keep=True)
    await desk.until_sent(1)
    assert desk.vendor.texts == ["Yes!"]
    assert [ref.id for ref in desk.vendor.sent[0].message.in_reply_to] == [received.message_id]
    stopped = [message for message in await desk.messages(str(received.conversation_id)) if message.sender is Sender.BOT]
    assert [message.delivery for message in stopped] == [DeliveryState.FAILED]


async def test_a_managers_reply_that_fails_stays_with_the_manager(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    desk.vendor.outcomes = [SendOutcome(result=SendResult.FAILED, error="403")]
    await desk.replies(desk.ana, conversation_id, "Only cards.")

    async def failed() -> bool:
        return (await desk.messages(conversation_id))[-1].delivery is DeliveryState.FAILED

    await until(failed, "the failure is shown")
    view = await desk.view(conversation_id)
    assert (view.status, view.assignee_id) == (Status.HUMAN, desk.ana.id)


async def test_one_actions_id_never_passes_for_another_action(desk: Desk) -> None:
    """A program that reuses an Idempotency-Key is told so, instead of hearing that something was done."""
    one = await flagged(desk)
    other = str((await desk.says(UNKNOWN, contact="customer-8")).conversation_id)
    await desk.until_status(other, Status.FLAGGED)
    take = Take(action_id="key-1", conversation_id=one, manager_id=desk.ana.id)
    assert (await desk.act(take)).accepted
    assert (await desk.act(take)).accepted, "a repeat gets the same verdict"

    for reused in (
        take.model_copy(update={"conversation_id": other}),
        take.model_copy(update={"manager_id": desk.ben.id}),
        Resolve(action_id="key-1", conversation_id=one, manager_id=desk.ana.id),
    ):
        with pytest.raises(Conflict, match="Idempotency-Key"):
            await desk.act(reused)
    assert (await desk.view(other)).status is Status.FLAGGED
    assert (await desk.view(one)).assignee_id == desk.ana.id

    reply = PostReply(action_id="key-2", conversation_id=one, manager_id=desk.ana.id, text="Not yet, only cards.")
    assert (await desk.act(reply)).accepted
    assert (await desk.act(reply.model_copy(update={"last_seen_message_id": "newer", "keep": True}))).accepted, "a page sent it twice"
    with pytest.raises(Conflict):
        await desk.act(reply.model_copy(update={"text": "Yes, bitcoin too."}))


async def test_a_last_seen_message_that_nobody_knows_is_no_proof_of_having_seen_all(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    verdict = await desk.replies(desk.ana, conversation_id, "Not yet, only cards.", seen="no such message")
    assert (verdict.accepted, verdict.reason) == (False, RefusedBecause.UNSEEN)
    assert verdict.unseen


async def test_what_arrives_while_a_persons_reply_is_on_its_way_stays_with_that_person(desk: Desk) -> None:
    """The bot would have it back with that reply, and nobody would answer what came since."""
    conversation_id = await flagged(desk)
    desk.vendor.gate = asyncio.Event()
    sent_before = len(desk.vendor.attempts)
    assert (await desk.replies(desk.ana, conversation_id, "Not yet, only cards.")).accepted

    async def under_way() -> bool:
        return len(desk.vendor.attempts) > sent_before

    await until(under_way, "the reply is being sent")
    late = await desk.says("And by bank transfer?")

    async def shown() -> bool:
        return any(message.id == late.message_id for message in await desk.messages(conversation_id))

    await until(shown, "the late message is shown")
    desk.vendor.gate.set()
    workflow_id = (await desk.view(conversation_id)).workflow_id

    async def settled() -> bool:
        return not (await desk.gateway.snapshot(workflow_id)).outbox

    await until(settled, "the workflow knows that the reply was sent")
    snapshot = await desk.gateway.snapshot(workflow_id)
    assert (snapshot.status, snapshot.assignee_id) == (Status.HUMAN, desk.ana.id)
    assert (await desk.view(conversation_id)).waiting_since is not None

    assert (await desk.replies(desk.ana, conversation_id, "Yes, by transfer.")).accepted
    await desk.until_status(conversation_id, Status.BOT)
    assert [ref.id for ref in desk.vendor.sent[-1].message.in_reply_to] == [late.message_id]


async def test_an_accepted_reply_is_shown_before_it_is_sent(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    desk.vendor.gate = asyncio.Event()
    verdict = await desk.replies(desk.ana, conversation_id, "Only cards.")
    shown = {message.id: message for message in await desk.messages(conversation_id)}
    assert shown[str(verdict.message_id)].text == "Only cards."
    assert shown[str(verdict.message_id)].delivery in (DeliveryState.QUEUED, DeliveryState.SENDING)
    desk.vendor.gate.set()
    await desk.until_status(conversation_id, Status.BOT)
    sent = {message.id: message for message in await desk.messages(conversation_id)}[str(verdict.message_id)]
    assert (sent.delivery, sent.attempts) == (DeliveryState.SENT, 1)


async def test_asking_for_an_unknown_inbox_says_so_at_once(desk: Desk) -> None:
    with pytest.raises(NotFound, match="nope"):
        await desk.gateway.ask("Do you ship to Chile?", "nope")


async def test_what_a_failed_reply_would_have_answered_stands_in_the_next_one(desk: Desk) -> None:
    refused = SendOutcome(result=SendResult.FAILED, error="The receiver answered 400 Bad Request")
    desk.vendor.outcomes = [refused]
    asked = await desk.says("Do you ship to Chile?")
    conversation_id = str(asked.conversation_id)
    await desk.until_status(conversation_id, Status.FLAGGED)

    desk.vendor.outcomes = [refused]
    assert (await desk.replies(desk.ana, conversation_id, "Yes, in 5 to 8 days.")).accepted

    async def waits_again() -> bool:
        view = await desk.view(conversation_id)
        return view.status is Status.HUMAN and view.waiting_since is not None and not desk.vendor.outcomes

    await until(waits_again, "the customer is known to wait still")
    assert (await desk.replies(desk.ana, conversation_id, "Yes: 5 to 8 days.")).accepted
    await desk.until_status(conversation_id, Status.BOT)
    assert [ref.id for ref in desk.vendor.sent[-1].message.in_reply_to] == [asked.message_id]


async def test_handing_back_what_nobody_answered_lists_it_as_unanswered(desk: Desk) -> None:
    conversation_id = await flagged(desk)
    await desk.releases(desk.ana, conversation_id)
    view = await desk.until_status(conversation_id, Status.BOT)
    assert view.unanswered
    await desk.replies(desk.ana, conversation_id, "Only cards.")
    await desk.until_status(conversation_id, Status.BOT)
    assert not (await desk.view(conversation_id)).unanswered


async def test_a_reply_that_says_what_the_bot_had_drafted_judges_it_right(desk: Desk) -> None:
    await desk.sets(answer_threshold=0.95)
    received = await desk.says("Do you ship to Chile?")
    view = await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    assert view.hand_off is not None
    assert view.hand_off.turn_id is not None
    await desk.replies(desk.ana, view.id, "Yes, in 5 to 8 days!")
    await until(partial(_judged, desk, view.hand_off.turn_id, right=True), "the draft is judged right")


async def test_a_person_who_corrects_the_bot_at_once_judges_it_wrong_and_a_thank_you_does_not(desk: Desk) -> None:
    turns = []
    for contact, reply in (("a", "Sorry, that is wrong: nothing leaves for Chile before May."), ("b", "Have a nice day!")):
        received = await desk.says("Do you ship to Chile?", contact=contact)
        conversation_id = str(received.conversation_id)
        await until(partial(_answered, desk, conversation_id), "the bot has answered")
        turns.append((await desk.messages(conversation_id))[-1].turn_id)
        assert (await desk.replies(desk.ana, conversation_id, reply)).accepted
    await until(partial(_judged, desk, str(turns[0]), right=False), "the corrected answer is judged wrong")
    assert await desk.stores.judgements.of_turn(str(turns[1])) is None


async def _answered(desk: Desk, conversation_id: str) -> bool:
    return any(message.turn_id for message in await desk.messages(conversation_id))


async def _judged(desk: Desk, turn_id: str, *, right: bool) -> bool:
    return await desk.stores.judgements.of_turn(turn_id) is right
