"""One customer with several addresses: the same conversation, the right place to answer, and contacts that are one person."""

from datetime import UTC, datetime

import pytest

from domain.channels import ChannelKind
from domain.conversations import ConversationRecord, RecordedMessages, Status
from domain.errors import Conflict, NotFound
from domain.ids import inbound_message_id
from domain.managers import Inbox, Role
from domain.messages import Arrival, InboundMessage, OutboundMessage, Purpose, Sender
from storage.arrivals import Admission, Arrivals
from storage.contacts import Contacts
from storage.conversations import Conversations
from storage.database import Database
from storage.inboxes import Inboxes
from storage.ledger import Ledger
from storage.people import People

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, NEW = "AR.7700112233445566", "AR.7700998877665544"
OLD_PHONE, NEW_PHONE = "5493415550101", "5493415550909"


@pytest.fixture
def contacts(db: Database) -> Contacts:
    return Contacts(db)


async def writes(arrivals: Arrivals, inbox: Inbox, number: int, address: str, *also: str, name: str | None = "Ema") -> Admission:
    provider_id = f"m-{number}"
    message = InboundMessage(
        id=inbound_message_id(inbox.id, "message", provider_id), provider_id=provider_id, text="Hola", received_at=NOON
    )
    return await arrivals.admit(inbox, Arrival(address=address, aliases=also, name=name, message=message, body_hash="h"))


def record_of(admitted: Admission, inbox: Inbox, conversation_id: str = "c-1") -> ConversationRecord:
    return ConversationRecord(
        conversation_id=conversation_id,
        workflow_id=admitted.workflow_id,
        inbox_id=inbox.id,
        channel=inbox.channel,
        contact_id=admitted.contact_id,
        version=1,
        epoch=0,
        status=Status.BOT,
        opened_at=NOON,
    )


async def reply_address(ledger: Ledger, record: ConversationRecord) -> str:
    message = OutboundMessage(
        id=f"o-{record.conversation_id}",
        conversation_id=record.conversation_id,
        inbox_id=record.inbox_id,
        contact_id=record.contact_id,
        sender=Sender.BOT,
        purpose=Purpose.ANSWER,
        text="Sí",
        epoch=0,
        created_at=NOON,
    )
    return (await ledger.claim(message, record, turn_id=None, idempotent=False))[1].address


async def test_who_hides_the_number_later_stays_the_same_customer(arrivals: Arrivals, inbox: Inbox) -> None:
    by_phone = await writes(arrivals, inbox, 1, OLD_PHONE)
    with_both = await writes(arrivals, inbox, 2, OLD, OLD_PHONE)
    hidden = await writes(arrivals, inbox, 3, OLD)
    shown_again = await writes(arrivals, inbox, 4, OLD_PHONE)
    assert {one.workflow_id for one in (by_phone, with_both, hidden, shown_again)} == {by_phone.workflow_id}
    assert {one.contact_id for one in (by_phone, with_both, hidden, shown_again)} == {by_phone.contact_id}


async def test_after_a_change_of_number_replies_go_to_the_new_one(
    arrivals: Arrivals, conversations: Conversations, ledger: Ledger, contacts: Contacts, inbox: Inbox
) -> None:
    first = await writes(arrivals, inbox, 1, OLD, OLD_PHONE)
    record = record_of(first, inbox)
    await conversations.record(RecordedMessages(record=record))
    changed = await writes(arrivals, inbox, 2, NEW, NEW_PHONE, OLD, OLD_PHONE)
    assert changed.workflow_id == first.workflow_id
    assert changed.conversation_id == "c-1"
    assert await reply_address(ledger, record) == NEW
    (address,) = (await contacts.get(first.contact_id)).addresses
    assert (address.address, set(address.also)) == (NEW, {OLD, OLD_PHONE, NEW_PHONE})
    assert (await conversations.get("c-1")).contact_address == NEW


async def test_replies_go_to_the_address_that_was_written_from_last(
    arrivals: Arrivals, conversations: Conversations, ledger: Ledger, inbox: Inbox
) -> None:
    first = await writes(arrivals, inbox, 1, "5511987654321", "551187654321")
    record = record_of(first, inbox)
    await conversations.record(RecordedMessages(record=record))
    assert (await writes(arrivals, inbox, 2, "551187654321", "5511987654321")).workflow_id == first.workflow_id
    assert await reply_address(ledger, record) == "551187654321"
    await writes(arrivals, inbox, 3, "5511987654321", "551187654321")
    assert (await conversations.get("c-1")).contact_address == "5511987654321"


async def test_two_conversations_of_one_person_are_joined_not_moved(arrivals: Arrivals, contacts: Contacts, inbox: Inbox) -> None:
    old = await writes(arrivals, inbox, 1, OLD_PHONE)
    new = await writes(arrivals, inbox, 2, NEW_PHONE)
    said = await writes(arrivals, inbox, 3, NEW_PHONE, OLD_PHONE)
    assert said.workflow_id == new.workflow_id != old.workflow_id
    person = await contacts.get(old.contact_id)
    assert (person.id, [one.id for one in person.merged]) == (new.contact_id, [old.contact_id])
    assert person.merged[0].merged_by is None


async def test_the_same_address_on_another_inbox_is_another_contact(arrivals: Arrivals, inboxes: Inboxes, inbox: Inbox) -> None:
    other = await inboxes.add(ChannelKind.REST, "Other", inbox_id="other", settings={})
    first, second = await writes(arrivals, inbox, 1, OLD, OLD_PHONE), await writes(arrivals, other, 1, OLD_PHONE)
    assert first.contact_id != second.contact_id


async def test_a_merge_joins_histories_and_can_be_taken_back(
    arrivals: Arrivals, conversations: Conversations, contacts: Contacts, inbox: Inbox, db: Database
) -> None:
    ana = await People(db).add("ana@desk.example", "Ana", Role.MANAGER)
    one, two = await writes(arrivals, inbox, 1, "one"), await writes(arrivals, inbox, 2, "two", name=None)
    for admitted, conversation_id in ((one, "c-1"), (two, "c-2")):
        await conversations.record(RecordedMessages(record=record_of(admitted, inbox, conversation_id)))
    merged = await contacts.merge(one.contact_id, two.contact_id, manager_id=ana.id)
    assert [found.merged_by for found in merged.merged] == ["Ana"]
    assert await contacts.merge(one.contact_id, two.contact_id, manager_id=ana.id) == merged
    for contact_id in (one.contact_id, two.contact_id):
        assert {found.id for found in await conversations.contact_conversations(contact_id)} == {"c-1", "c-2"}
    await contacts.split(two.contact_id)
    assert [found.id for found in await conversations.contact_conversations(one.contact_id)] == ["c-1"]
    with pytest.raises(NotFound, match="not merged"):
        await contacts.split(two.contact_id)
    with pytest.raises(Conflict, match="itself"):
        await contacts.merge(one.contact_id, one.contact_id, manager_id=ana.id)


async def test_a_third_contact_joins_the_whole_person(arrivals: Arrivals, contacts: Contacts, inbox: Inbox) -> None:
    one, two, three = [await writes(arrivals, inbox, number, f"a{number}") for number in (1, 2, 3)]
    await contacts.merge(two.contact_id, three.contact_id, manager_id="m")
    person = await contacts.merge(one.contact_id, two.contact_id, manager_id="m")
    assert {found.id for found in person.merged} == {two.contact_id, three.contact_id}
    assert (await contacts.get(three.contact_id)).id == one.contact_id


async def test_a_full_name_suggests_the_same_person_and_a_first_name_does_not(arrivals: Arrivals, contacts: Contacts, inbox: Inbox) -> None:
    full = await writes(arrivals, inbox, 1, "a1", name="Ema Ríos")
    twin = await writes(arrivals, inbox, 2, "a2", name="Ema Ríos")
    await writes(arrivals, inbox, 3, "a3", name="Ema")
    assert [(one.id, one.because) for one in await contacts.likely_same(full.contact_id)] == [(twin.contact_id, "the same name")]
    assert {one.address for one in await contacts.search(full.contact_id, "ema")} == {"a2", "a3"}
