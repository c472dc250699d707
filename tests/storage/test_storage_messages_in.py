"""From the door to the read model: what arrives is admitted once and shown once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.channels import ChannelKind
from domain.conversations import ConversationRecord, RecordedMessages, Section, Status
from domain.errors import Conflict, NotFound
from domain.ids import inbound_message_id
from domain.managers import Inbox
from domain.messages import Arrival, InboundMessage, MessageType
from storage.arrivals import Arrivals
from storage.conversations import Conversations
from storage.database import Database
from storage.inboxes import Inboxes

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def arrival(provider_id: str, text: str = "Do you ship to Chile?", *, address: str = "ana", body_hash: str = "h1") -> Arrival:
    message = InboundMessage(id=inbound_message_id("shop", "message", provider_id), provider_id=provider_id, text=text, received_at=NOON)
    return Arrival(address=address, name="Ana", message=message, body_hash=body_hash)


async def test_a_message_is_admitted_once(arrivals: Arrivals, inbox: Inbox) -> None:
    first = await arrivals.admit(inbox, arrival("m-1"))
    again = await arrivals.admit(inbox, arrival("m-1"))
    assert (first.duplicate, again.duplicate, again.accepted) == (False, True, False)
    assert (first.contact_id, first.workflow_id) == (again.contact_id, again.workflow_id)
    assert first.workflow_id.startswith("conversation/shop/")
    assert "ana" not in first.workflow_id


async def test_a_repeat_after_acceptance_names_its_conversation(arrivals: Arrivals, inbox: Inbox) -> None:
    admitted = await arrivals.admit(inbox, arrival("m-1"))
    await arrivals.accept(admitted.message_id, "c-1")
    again = await arrivals.admit(inbox, arrival("m-1"))
    assert (again.duplicate, again.accepted, again.conversation_id) == (True, True, "c-1")


async def test_the_same_id_with_another_body_is_a_conflict(arrivals: Arrivals, inbox: Inbox) -> None:
    await arrivals.admit(inbox, arrival("m-1"))
    with pytest.raises(Conflict, match="m-1"):
        await arrivals.admit(inbox, arrival("m-1", body_hash="h2"))


async def test_an_open_conversation_is_known_at_the_door(arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> None:
    first = await arrivals.admit(inbox, arrival("m-1"))
    assert first.conversation_id is None
    record = record_of(first.contact_id, first.workflow_id)
    await conversations.record(RecordedMessages(record=record))
    assert (await arrivals.admit(inbox, arrival("m-2"))).conversation_id == "c-1"
    await conversations.close(record.model_copy(update={"version": 2, "status": Status.CLOSED, "closed_at": NOON}), "done")
    assert (await arrivals.admit(inbox, arrival("m-3"))).conversation_id is None


async def test_looking_for_a_contact_makes_none(arrivals: Arrivals, inbox: Inbox) -> None:
    assert await arrivals.known_contact("shop", "ana") is None
    contact = await arrivals.contact_for("shop", "ana", None)
    assert await arrivals.known_contact("shop", "ana") == contact


async def test_accepting_what_never_came_is_not_found(arrivals: Arrivals) -> None:
    with pytest.raises(NotFound):
        await arrivals.accept("nothing", None)


async def test_two_deliveries_at_once_admit_one(arrivals: Arrivals, inbox: Inbox) -> None:
    admitted = await asyncio.gather(*(arrivals.admit(inbox, arrival("m-1")) for _ in range(6)))
    assert sorted(each.duplicate for each in admitted) == [False, True, True, True, True, True]
    assert len({each.contact_id for each in admitted}) == 1


async def test_one_address_is_one_contact_and_takes_the_newest_name(arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> None:
    admitted = await arrivals.admit(inbox, arrival("m-1"))
    assert await arrivals.contact_for("shop", "ana", "Ana Diaz") == (admitted.contact_id, admitted.workflow_id)
    assert await arrivals.contact_for("shop", "ben", None) != (admitted.contact_id, admitted.workflow_id)
    await conversations.record(RecordedMessages(record=record_of(admitted.contact_id, admitted.workflow_id)))
    assert (await conversations.get("c-1")).contact_name == "Ana Diaz"


async def test_another_process_gives_the_same_workflow_id(url: str, arrivals: Arrivals, inbox: Inbox) -> None:
    other = Database(url)
    try:
        both = await asyncio.gather(arrivals.contact_for("shop", "ana", None), Arrivals(other).contact_for("shop", "ana", None))
    finally:
        await other.close()
    assert both[0] == both[1]


def record_of(contact_id: str, workflow_id: str, *, version: int = 1, status: Status = Status.BOT, **more: object) -> ConversationRecord:
    values = {"conversation_id": "c-1", "epoch": 0, "opened_at": NOON, **more}
    return ConversationRecord.model_validate(
        {
            "workflow_id": workflow_id,
            "inbox_id": "shop",
            "channel": ChannelKind.REST,
            "contact_id": contact_id,
            "version": version,
            "status": status,
            **values,
        }
    )


async def test_what_was_recorded_is_shown(arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> None:
    came = arrival("m-1")
    admitted = await arrivals.admit(inbox, came)
    recorded = RecordedMessages(record=record_of(admitted.contact_id, admitted.workflow_id, language="es"), messages=(came.message,))
    answer = await conversations.record(recorded)
    assert (answer.policy, answer.policy_version, answer.previous_summary) == (inbox.policy, 1, None)
    shown = await conversations.get("c-1")
    assert (shown.contact_address, shown.contact_name, shown.inbox_name, shown.language) == ("ana", "Ana", "Shop", "es")
    assert (shown.unread, shown.last_message_text, shown.last_message_sender) == (1, "Do you ship to Chile?", "customer")
    page = await conversations.page(Section.ALL, manager_id=None)
    assert page.items == (shown,)
    messages = await conversations.messages("c-1")
    assert [(message.text, message.provider_id, message.delivery, message.created_at) for message in messages] == [
        ("Do you ship to Chile?", "m-1", None, NOON)
    ]


async def test_a_repeat_changes_nothing_but_adds_what_is_missing(arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> None:
    first, second = arrival("m-1"), arrival("m-2", "And to Peru?")
    admitted = await arrivals.admit(inbox, first)
    newer = record_of(admitted.contact_id, admitted.workflow_id, version=3, status=Status.FLAGGED)
    older = record_of(admitted.contact_id, admitted.workflow_id, version=2)
    await conversations.record(RecordedMessages(record=newer, messages=(first.message,)))
    await conversations.record(RecordedMessages(record=older, messages=(first.message, second.message)))
    shown = await conversations.get("c-1")
    assert (shown.status, shown.unread, shown.last_message_text) == (Status.FLAGGED, 2, "And to Peru?")
    assert [message.provider_id for message in await conversations.messages("c-1")] == ["m-1", "m-2"]


async def test_unread_stops_at_ten_until_somebody_looks(arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> None:
    contact_id, workflow_id = await arrivals.contact_for("shop", "ana", None)
    many = tuple(arrival(f"m-{number}").message for number in range(12))
    await conversations.record(RecordedMessages(record=record_of(contact_id, workflow_id), messages=many))
    assert (await conversations.get("c-1")).unread == 10
    await conversations.mark_seen("c-1")
    assert (await conversations.get("c-1")).unread == 0


async def test_a_picture_without_words_has_a_preview(arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> None:
    contact_id, workflow_id = await arrivals.contact_for("shop", "ana", None)
    picture = arrival("m-1", "").message.model_copy(update={"type": MessageType.IMAGE})
    await conversations.record(RecordedMessages(record=record_of(contact_id, workflow_id), messages=(picture,)))
    assert (await conversations.get("c-1")).last_message_text == "[image]"


async def test_the_inbox_shows_its_last_message(arrivals: Arrivals, conversations: Conversations, inboxes: Inboxes, inbox: Inbox) -> None:
    contact_id, workflow_id = await arrivals.contact_for("shop", "ana", None)
    record = record_of(contact_id, workflow_id)
    later = arrival("m-2").message.model_copy(update={"received_at": NOON + timedelta(minutes=5)})
    await conversations.record(RecordedMessages(record=record, messages=(arrival("m-1").message,)))
    await conversations.record(RecordedMessages(record=record, messages=(later,)))
    assert (await inboxes.get("shop")).last_message_at == NOON + timedelta(minutes=5)


async def test_recording_on_an_inbox_that_is_gone_is_not_found(conversations: Conversations, inbox: Inbox) -> None:
    gone = record_of("x", "conversation/gone/x", inbox_id="gone")
    with pytest.raises(NotFound, match="gone"):
        await conversations.record(RecordedMessages(record=gone))


async def test_many_messages_are_accepted_in_one_go(arrivals: Arrivals, inbox: Inbox) -> None:
    given = [arrival(provider_id=f"m-{number}") for number in range(3)]
    admitted = [await arrivals.admit(inbox, one) for one in given]
    await arrivals.accept_all([(one.message_id, "c-1") for one in admitted])
    again = [await arrivals.admit(inbox, one) for one in given]
    assert [(one.duplicate, one.accepted, one.conversation_id) for one in again] == [(True, True, "c-1")] * 3
