"""Notes that mention, watching, and who else looks."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.channels import ChannelKind
from domain.conversations import ConversationRecord, RecordedMessages, Section, Status
from domain.errors import NotFound
from domain.managers import Inbox, Manager, Role
from domain.teamwork import HERE_FOR, TYPING_FOR
from storage.arrivals import Arrivals
from storage.conversations import Conversations
from storage.database import Database
from storage.events import Events
from storage.people import People
from storage.teamwork import Teamwork

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def team(people: People) -> tuple[Manager, Manager]:
    ana = await people.add("ana@shop.example", "Ana Ruiz", Role.MANAGER)
    return ana, await people.add("luis@shop.example", "Luis Tan", Role.MANAGER)


@pytest.fixture
async def teamwork(db: Database, arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> Teamwork:
    """With one conversation, `c-1`."""
    contact_id, workflow_id = await arrivals.contact_for(inbox.id, "ema", "Ema")
    record = ConversationRecord(
        conversation_id="c-1",
        workflow_id=workflow_id,
        inbox_id=inbox.id,
        channel=ChannelKind.REST,
        contact_id=contact_id,
        version=1,
        epoch=0,
        status=Status.BOT,
        opened_at=NOON,
    )
    await conversations.record(RecordedMessages(record=record))
    return Teamwork(db)


async def test_whom_a_note_mentions_has_it_to_see_and_watches(
    teamwork: Teamwork, conversations: Conversations, team: tuple[Manager, Manager]
) -> None:
    ana, luis = team
    for _ in range(2):
        await teamwork.add_note("c-1", ana.id, "@luis can you check? @ana", note_id="n-1")
    (mention,) = await teamwork.unseen_mentions(luis.id)
    assert (mention.author, mention.customer, mention.text) == ("Ana Ruiz", "Ema", "@luis can you check? @ana")
    assert await teamwork.unseen_mentions(ana.id) == []
    assert await teamwork.watchers("c-1") == [(luis.id, "Luis Tan")]
    watched = await conversations.page(Section.ALL, manager_id=luis.id, watched_by=luis.id)
    assert [found.id for found in watched.items] == ["c-1"]
    await teamwork.mentions_seen("c-1", luis.id)
    assert await teamwork.unseen_mentions(luis.id) == []


async def test_watching_begins_and_ends(teamwork: Teamwork, conversations: Conversations, team: tuple[Manager, Manager]) -> None:
    ana, _ = team
    await teamwork.watch("c-1", ana.id)
    await teamwork.watch("c-1", ana.id)
    assert await teamwork.watchers("c-1") == [(ana.id, "Ana Ruiz")]
    await teamwork.unwatch("c-1", ana.id)
    assert (await conversations.page(Section.ALL, manager_id=ana.id, watched_by=ana.id)).items == ()
    with pytest.raises(NotFound):
        await teamwork.watch("nothing", ana.id)


async def test_colleagues_see_who_looks_and_who_writes_until_the_signs_stop(teamwork: Teamwork, team: tuple[Manager, Manager]) -> None:
    ana, luis = team
    await teamwork.here("c-1", luis.id, typing=True, now=NOON)
    (seen,) = await teamwork.others("c-1", ana.id, now=NOON + SECOND)
    assert (seen.name, seen.typing) == ("Luis Tan", True)
    assert await teamwork.others("c-1", luis.id, now=NOON + SECOND) == []
    (still,) = await teamwork.others("c-1", ana.id, now=NOON + TYPING_FOR + SECOND)
    assert still.typing is False
    assert await teamwork.others("c-1", ana.id, now=NOON + HERE_FOR + SECOND) == []


async def test_who_opens_another_conversation_has_left_this_one(teamwork: Teamwork, team: tuple[Manager, Manager]) -> None:
    ana, luis = team
    await teamwork.here("c-1", luis.id, typing=False, now=NOON)
    await teamwork.here("c-2", luis.id, typing=False, now=NOON + SECOND)
    assert await teamwork.others("c-1", ana.id, now=NOON + SECOND) == []


async def test_only_a_change_is_an_event(teamwork: Teamwork, events: Events, team: tuple[Manager, Manager]) -> None:
    start = await events.head()
    for typing, seconds in ((False, 0), (False, 10), (True, 12), (True, 15), (False, 20)):
        await teamwork.here("c-1", team[1].id, typing=typing, now=NOON + seconds * SECOND)
    assert [event.kind for event in await events.since(start)] == ["presence"] * 3
