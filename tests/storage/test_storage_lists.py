"""What the dashboard lists and counts, and what becomes of a conversation over its life."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.channels import ChannelKind
from domain.commands import Verdict
from domain.conversations import ConversationRecord, Counts, Due, HandOff, HandOffReason, RecordedMessages, Section, Status
from domain.errors import InvalidInput, NotFound
from domain.ids import inbound_message_id
from domain.knowledge import ChunkKind, Evidence, Passage
from domain.managers import Inbox, Manager, Role
from domain.messages import Direction, InboundMessage, Sender
from domain.turns import Recorded
from storage import tables
from storage.arrivals import Arrivals
from storage.conversations import Conversations
from storage.database import Database
from storage.events import Events
from storage.inboxes import Inboxes
from storage.people import People
from storage.teamwork import Teamwork

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Write = Callable[..., Awaitable[Recorded]]


@pytest.fixture
async def me(people: People) -> Manager:
    return await people.add("me@shop.example", "Me", Role.MANAGER)


@pytest.fixture
def write(arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> Write:
    """Records a conversation of the contact `who`, minutes after noon, with one message if `text` is given."""

    async def record(
        name: str, *, who: str = "ana", minute: int = 0, text: str | None = None, inbox_id: str = "shop", **changes: Any
    ) -> Recorded:
        extra = {key: changes.pop(key) for key in ("evidence", "verdict") if key in changes}
        contact_id, workflow_id = await arrivals.contact_for(inbox_id, who, who.title())
        at = NOON + timedelta(minutes=minute)
        record = ConversationRecord(
            conversation_id=name,
            workflow_id=workflow_id,
            inbox_id=inbox_id,
            channel=ChannelKind.REST,
            contact_id=contact_id,
            version=1,
            epoch=0,
            status=Status.BOT,
            opened_at=at,
        ).model_copy(update=changes)
        provider_id = f"{name}/{text}"
        message = InboundMessage(
            id=inbound_message_id(inbox_id, "message", provider_id), provider_id=provider_id, text=text or "", received_at=at
        )
        return await conversations.record(RecordedMessages(record=record, messages=(message,) if text else ()), **extra)

    return record


async def ids(conversations: Conversations, section: Section = Section.ALL, *, manager_id: str | None = None, **more: Any) -> list[str]:
    return [item.id for item in (await conversations.page(section, manager_id=manager_id, **more)).items]


async def test_sections_show_what_belongs_there(write: Write, conversations: Conversations, me: Manager) -> None:
    await write("bot", minute=1)
    await write("flagged", minute=2, status=Status.FLAGGED)
    await write("offered", minute=3, status=Status.FLAGGED, offered_to=me.id)
    await write("elsewhere", minute=4, status=Status.FLAGGED, offered_to="another")
    await write("mine", minute=5, status=Status.HUMAN, assignee_id=me.id)
    await write("theirs", minute=6, status=Status.HUMAN, assignee_id="another")
    await write("asleep", minute=7, status=Status.SNOOZED, assignee_id=me.id)
    await write("closed", minute=8, status=Status.CLOSED, assignee_id=me.id, closed_at=NOON)
    assert await ids(conversations) == ["closed", "asleep", "theirs", "mine", "elsewhere", "offered", "flagged", "bot"]
    assert await ids(conversations, Section.BOT) == ["bot"]
    assert await ids(conversations, Section.MINE, manager_id=me.id) == ["asleep", "mine", "offered", "flagged"]
    assert await ids(conversations, Section.MINE) == ["elsewhere", "offered", "flagged"]
    assert await conversations.counts(me.id) == Counts(all=7, bot=1, mine=4, flagged=3)
    assert await conversations.counts(None) == Counts(all=7, bot=1, mine=3, flagged=3)
    assert (await conversations.get("mine")).assignee_name == "Me"


async def test_counting_stops_at_a_thousand(write: Write, conversations: Conversations, db: Database, me: Manager) -> None:
    await write("c-0", status=Status.FLAGGED)
    async with db.write() as connection:
        row = (await connection.execute(tables.conversations.select())).mappings().one()
        for status in (Status.FLAGGED, Status.HUMAN):
            rows = [{**row, "id": f"{status}-{number}", "status": status.value, "assignee_id": me.id} for number in range(1_100)]
            await connection.execute(tables.conversations.insert(), rows)
    assert await conversations.counts(me.id) == Counts(all=1_000, bot=0, mine=1_000, flagged=1_000)


async def test_who_waits_longest_comes_first(write: Write, conversations: Conversations, me: Manager) -> None:
    await write("taken", status=Status.HUMAN, assignee_id=me.id, waiting_since=NOON)
    await write("late", status=Status.FLAGGED, waiting_since=NOON + timedelta(minutes=9))
    await write("early", status=Status.FLAGGED, waiting_since=NOON + timedelta(minutes=3))
    await write("asleep", status=Status.SNOOZED, assignee_id=me.id)
    expected = ["early", "late", "taken", "asleep"]
    assert await ids(conversations, Section.MINE, manager_id=me.id, order="waiting") == expected
    cursor, paged = None, []
    for _ in expected:
        page = await conversations.page(Section.MINE, manager_id=me.id, order="waiting", cursor=cursor, limit=1)
        paged += [item.id for item in page.items]
        cursor = page.next_cursor
    assert paged == expected
    assert cursor is None


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_pages_join_without_gap_or_repeat(write: Write, conversations: Conversations, order: Any) -> None:
    for number in range(7):
        await write(f"c-{number}", minute=number // 3)
    whole = await ids(conversations, order=order)
    cursor, paged = None, []
    while True:
        page = await conversations.page(Section.ALL, manager_id=None, order=order, cursor=cursor, limit=3)
        paged += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == whole
    assert len(set(whole)) == 7


@pytest.mark.parametrize("cursor", ["", "!", "bm90aGluZw", "WyJvbGRlc3QiLCIyMDI2LTEyLTEyIiwieCJd", "WyJuZXdlc3QiLCJ4IiwieSJd", "ñ", "W10"])
async def test_a_broken_cursor_is_refused(conversations: Conversations, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        await conversations.page(Section.ALL, manager_id=None, cursor=cursor)


async def test_filters_narrow_the_list(write: Write, conversations: Conversations, inboxes: Inboxes) -> None:
    await inboxes.add(ChannelKind.WEBCHAT, "Site", inbox_id="site", settings={})
    await write("c-1", who="ana", minute=1, text="Is the blue one 100% wool?")
    await write("c-2", who="ben", minute=2, text="Do you ship?", status=Status.FLAGGED)
    await write("c-3", who="cleo", minute=3, inbox_id="site", channel=ChannelKind.WEBCHAT)
    ana = (await conversations.get("c-1")).contact_id
    assert await ids(conversations, status=Status.FLAGGED) == ["c-2"]
    assert await ids(conversations, inbox="site") == ["c-3"]
    assert await ids(conversations, channel=ChannelKind.REST) == ["c-2", "c-1"]
    assert await ids(conversations, contact=ana) == ["c-1"]
    assert await ids(conversations, q="BEN") == ["c-2"]
    assert await ids(conversations, q="SHIP") == ["c-2"]
    assert await ids(conversations, q="0% w") == ["c-1"]
    assert await ids(conversations, q="%") == ["c-1"]
    assert await ids(conversations, q="_") == []
    assert await ids(conversations, q="  ") == ["c-3", "c-2", "c-1"]


async def test_a_record_says_everything_about_a_conversation(write: Write, conversations: Conversations) -> None:
    hand_off = HandOff(reason=HandOffReason.LOW_CONFIDENCE, detail="not sure", at=NOON, confidence=0.4, threshold=0.5, turn_id="t-1")
    due = Due(idle_at=NOON + timedelta(hours=24), reply_at=NOON + timedelta(minutes=30))
    await write("c-1", status=Status.FLAGGED, hand_off=hand_off, due=due, waiting_since=NOON, epoch=4, language="pt")
    shown = await conversations.get("c-1")
    assert (shown.hand_off, shown.due, shown.waiting_since, shown.epoch, shown.language) == (hand_off, due, NOON, 4, "pt")
    with pytest.raises(NotFound):
        await conversations.get("c-2")


async def test_the_next_episode_knows_the_last_one(write: Write, conversations: Conversations, arrivals: Arrivals) -> None:
    contact_id, workflow_id = await arrivals.contact_for("shop", "ana", None)
    await write("first")
    closed = ConversationRecord(
        conversation_id="first",
        workflow_id=workflow_id,
        inbox_id="shop",
        channel=ChannelKind.REST,
        contact_id=contact_id,
        version=2,
        epoch=0,
        status=Status.CLOSED,
        opened_at=NOON,
        closed_at=NOON + timedelta(hours=1),
    )
    for _ in range(2):
        await conversations.close(closed, "Asked about Chile; was answered.")
    assert (await conversations.get("first")).summary == "Asked about Chile; was answered."
    assert (await conversations.get("first")).status is Status.CLOSED
    assert (await write("next", minute=90)).previous_summary == "Asked about Chile; was answered."
    assert (await write("next", minute=90)).previous_summary == "Asked about Chile; was answered."
    assert (await write("next", minute=91, version=2)).previous_summary is None
    assert (await conversations.get("next")).previous_id == "first"
    assert [item.id for item in await conversations.contact_conversations(contact_id)] == ["next", "first"]


async def test_a_strangers_episode_is_not_the_last_one(write: Write, conversations: Conversations) -> None:
    await write("of-ben", who="ben", status=Status.CLOSED, closed_at=NOON)
    assert (await write("of-ana")).previous_summary is None
    assert (await conversations.get("of-ana")).previous_id is None


def verdict(**changes: Any) -> Verdict:
    plain = Verdict(action_id="a-1", conversation_id="c-1", verb="post_reply", accepted=True, message_id="o-1", at=NOON)
    return plain.model_copy(update=changes)


async def test_the_first_verdict_on_an_action_stays(write: Write, conversations: Conversations) -> None:
    assert await conversations.verdict("a-1") is None
    await write("c-1", verdict=verdict())
    await write("c-1", version=2, verdict=verdict(accepted=False, reason="stale"))
    assert await conversations.verdict("a-1") == verdict()


async def test_unanswered_stays_until_a_person_deals_with_it(write: Write, conversations: Conversations) -> None:
    async def unanswered() -> bool:
        return (await conversations.get("c-1")).unanswered

    await write("c-1", unanswered=True)
    await write("c-1", version=2, unanswered=False)
    assert await unanswered()
    await conversations.dismiss_unanswered("c-1")
    assert not await unanswered()
    await write("c-1", version=3, unanswered=True)
    await write("c-1", version=4, unanswered=True, verdict=verdict(action_id="a-0", accepted=False))
    assert await unanswered()
    await write("c-1", version=5, unanswered=True, verdict=verdict(action_id="a-1"))
    assert await unanswered(), "what was answered is not all that waits"
    await write("c-1", version=6, unanswered=False, verdict=verdict())
    assert not await unanswered()


async def test_a_record_that_still_says_unanswered_does_not_undo_a_dismissal(write: Write, conversations: Conversations) -> None:
    await write("c-1", unanswered=True)
    await conversations.dismiss_unanswered("c-1")
    await write("c-1", version=2, unanswered=True, text="Hello?")
    assert not (await conversations.get("c-1")).unanswered


async def test_another_time_out_lists_a_dismissed_conversation_again(write: Write, conversations: Conversations) -> None:
    await write("c-1", unanswered=True)
    await conversations.dismiss_unanswered("c-1")
    await write("c-1", version=2, unanswered=True, status=Status.FLAGGED)
    assert not (await conversations.get("c-1")).unanswered
    await write("c-1", version=3, unanswered=True, status=Status.BOT)
    assert (await conversations.get("c-1")).unanswered


async def test_a_release_by_a_person_is_no_time_out(write: Write, conversations: Conversations) -> None:
    await write("c-1", unanswered=True)
    await conversations.dismiss_unanswered("c-1")
    await write("c-1", version=2, unanswered=True, status=Status.FLAGGED)
    await write("c-1", version=3, unanswered=True, status=Status.BOT, verdict=verdict(verb="release"))
    assert not (await conversations.get("c-1")).unanswered


async def test_what_the_bot_looked_at_is_kept(write: Write, conversations: Conversations) -> None:
    passage = Passage(chunk_id="k", document_id="d", document="shop.pdf", page=2, kind=ChunkKind.TEXT, text="5 to 8 days", score=0.8)
    evidence = Evidence(passages=(passage,), confidence=0.9, signals={"cosine": 0.8}, knowledge_version=3)
    await write("c-1", evidence=("t-1", evidence))
    await write("c-1", evidence=("t-1", evidence))
    assert await conversations.evidence("t-1") == evidence
    assert await conversations.evidence("t-2") is None


async def test_messages_are_paged_backwards(write: Write, conversations: Conversations) -> None:
    for number in range(6):
        await write("c-1", minute=number, text=f"message {number}", version=number + 1)
    newest = await conversations.messages("c-1", limit=2)
    assert [message.text for message in newest] == ["message 4", "message 5"]
    older = await conversations.messages("c-1", before=newest[0].id, limit=3)
    assert [message.text for message in older] == ["message 1", "message 2", "message 3"]
    assert await conversations.message(newest[0].id) == newest[0]
    with pytest.raises(NotFound):
        await conversations.message("nothing")


async def test_a_note_is_seen_by_managers_only_once(write: Write, conversations: Conversations, db: Database, me: Manager) -> None:
    await write("c-1", text="Hello")
    note = await Teamwork(db).add_note("c-1", me.id, "He called yesterday", note_id="n-1")
    assert await Teamwork(db).add_note("c-1", me.id, "He called yesterday", note_id="n-1") == note
    assert (note.direction, note.sender, note.author_name, note.delivery) == (Direction.NOTE, Sender.MANAGER, "Me", None)
    assert [message.id for message in await conversations.messages("c-1")][-1] == "n-1"
    assert (await conversations.get("c-1")).last_message_text == "Hello"
    with pytest.raises(NotFound):
        await Teamwork(db).add_note("c-2", me.id, "text", note_id="n-2")


async def test_every_change_is_an_event(write: Write, conversations: Conversations, events: Events, db: Database, me: Manager) -> None:
    start = await events.head()
    await write("c-1", text="Hello")
    await write("c-1", version=2)
    await conversations.mark_seen("c-1")
    await conversations.mark_seen("c-1")
    await Teamwork(db).add_note("c-1", me.id, "text", note_id="n-1")
    seen = await events.since(start)
    assert [(event.kind, event.conversation_id) for event in seen] == [
        ("message", "c-1"),
        ("conversation", "c-1"),
        ("conversation", "c-1"),
        ("conversation", "c-1"),
        ("message", "c-1"),
    ]
    assert await events.head() == seen[-1].id
    assert await events.since(seen[1].id, limit=1) == seen[2:3]


async def test_of_old_events_the_newest_stays_so_that_no_number_is_given_twice(write: Write, events: Events) -> None:
    await write("c-1")
    last = await events.head()
    await events.prune(datetime.now(UTC) + timedelta(seconds=1))
    assert [event.id for event in await events.since(0)] == [last]
    await write("c-1", version=2)
    assert await events.head() > last
