"""Offers where they are decided: in SQL, one at a time, however many conversations ask at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.channels import ChannelKind
from domain.conversations import Conversation, ConversationRecord, OfferWanted, RecordedMessages, Section, Status
from domain.errors import InvalidInput
from domain.managers import Availability, Inbox, Manager, Role
from storage.arrivals import Arrivals
from storage.attendance import Attendance
from storage.conversations import Conversations
from storage.database import Database
from storage.inboxes import Inboxes
from storage.line import Line
from storage.people import People

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
Ask = Callable[..., Awaitable[str | None]]


@pytest.fixture
def attendance(db: Database) -> Attendance:
    return Attendance(db)


@pytest.fixture
def line(db: Database) -> Line:
    return Line(db)


@pytest.fixture
async def team(people: People, attendance: Attendance) -> list[Manager]:
    """Five managers with their dashboards open."""
    team = [await people.add(f"m{number}@shop.example", f"Manager {number}", Role.MANAGER) for number in range(5)]
    for person in team:
        await attendance.seen(person.id, NOON)
    return team


@pytest.fixture
async def write(arrivals: Arrivals, conversations: Conversations, inboxes: Inboxes, inbox: Inbox) -> Ask:
    """Records a conversation as its workflow would; `asking` has it offered. Returns to whom it is offered."""
    await inboxes.set("shop", {"assignment": "fewest"})
    versions: Counter[str] = Counter()

    async def write(name: str, *, asking: bool = True, now: datetime = NOON, passed: tuple[str, ...] = (), **changes: Any) -> str | None:
        versions[name] += 1
        contact_id, workflow_id = await arrivals.contact_for("shop", f"customer of {name}", None)
        record = ConversationRecord(
            conversation_id=name,
            workflow_id=workflow_id,
            inbox_id="shop",
            channel=ChannelKind.REST,
            contact_id=contact_id,
            version=versions[name],
            epoch=0,
            status=Status.FLAGGED,
            waiting_since=now,
            opened_at=now,
        ).model_copy(update=changes)
        wanted = OfferWanted(at=now, passed=passed) if asking else None
        return (await conversations.record(RecordedMessages(record=record, offer=wanted))).offered_to

    return write


async def flagged(conversations: Conversations) -> list[Conversation]:
    items: list[Conversation] = []
    cursor = None
    while True:
        page = await conversations.page(Section.ALL, manager_id=None, status=Status.FLAGGED, cursor=cursor, limit=200)
        items += page.items
        if (cursor := page.next_cursor) is None:
            return items


@pytest.mark.timeout(240)
async def test_five_hundred_flags_at_once_are_dealt_fairly_and_completely(
    write: Ask, conversations: Conversations, team: list[Manager], line: Line
) -> None:
    names = [f"c{number:03}" for number in range(500)]
    given = dict(zip(names, await asyncio.gather(*(write(name, in_line_since=None) for name in names)), strict=True))
    dealt = Counter(to for to in given.values() if to is not None)
    assert dealt == dict.fromkeys((person.id for person in team), 10), "each has their ten"
    shown = await flagged(conversations)
    assert sum(each.offered_to is None and each.in_line_since is not None for each in shown) == 450
    assert await line.calls(NOON) == [], "nobody is free: nobody is called"

    # Three people resolve something each: the three that wait longest are called, and get what became free.
    freed = [next(name for name, to in given.items() if to == person.id) for person in team[:3]]
    for name in freed:
        await write(name, asking=False, status=Status.CLOSED, closed_at=NOON)
    called = [call.conversation_id for call in await line.calls(NOON)]
    oldest = sorted((each for each in shown if each.in_line_since), key=lambda each: (each.in_line_since or NOON, each.id))
    assert called == [each.id for each in oldest[:3]]
    since = {each.id: each.in_line_since for each in shown}
    again = [await write(name, in_line_since=since[name]) for name in called]
    assert sorted(str(to) for to in again) == sorted(person.id for person in team[:3])
    loads = Counter(each.offered_to for each in await flagged(conversations) if each.offered_to)
    assert max(loads.values()) - min(loads.values()) == 0


async def test_a_new_flag_does_not_pass_those_in_line(write: Ask, attendance: Attendance, team: list[Manager]) -> None:
    for person in team:
        await attendance.change(person.id, capacity=0)
    assert await write("early") is None
    await attendance.change(team[0].id, capacity=1)
    late = NOON + timedelta(seconds=5)
    assert await write("late", now=late) is None, "the free place is for whoever waits longer"
    assert await write("early", in_line_since=NOON, now=late) == team[0].id


async def test_a_repeated_record_keeps_its_deal(arrivals: Arrivals, conversations: Conversations, write: Ask, team: list[Manager]) -> None:
    first = await write("c1")
    contact_id, workflow_id = await arrivals.contact_for("shop", "customer of c1", None)
    record = ConversationRecord(
        conversation_id="c1",
        workflow_id=workflow_id,
        inbox_id="shop",
        channel=ChannelKind.REST,
        contact_id=contact_id,
        version=1,
        epoch=0,
        status=Status.FLAGGED,
        opened_at=NOON,
    )
    repeat = RecordedMessages(record=record, offer=OfferWanted(at=NOON + timedelta(minutes=1)))
    assert (await conversations.record(repeat)).offered_to == first
    assert (await conversations.get("c1")).due.offer_at == NOON + timedelta(minutes=3)


async def test_an_offer_is_in_the_list_of_whom_it_is_made_to(write: Ask, conversations: Conversations, team: list[Manager]) -> None:
    to = await write("offered")
    other = next(person.id for person in team if person.id != to)
    assert [each.id for each in (await conversations.page(Section.MINE, manager_id=to)).items] == ["offered"]
    assert (await conversations.page(Section.MINE, manager_id=other)).items == ()
    assert [(await conversations.counts(person)).mine for person in (to, other)] == [1, 0]
    shown = await conversations.get("offered")
    assert (shown.offered_to, shown.assignee_id) == (to, None)
    assert shown.offered_name == next(person.name for person in team if person.id == to)


async def test_taken_conversations_count_and_snoozed_ones_do_not(write: Ask, attendance: Attendance, team: list[Manager]) -> None:
    for person in team[1:]:
        await attendance.change(person.id, capacity=0)
    await attendance.change(team[0].id, capacity=1)
    ana = team[0].id
    await write("taken", asking=False, status=Status.HUMAN, assignee_id=ana)
    assert await write("one") is None
    await write("taken", asking=False, status=Status.SNOOZED, assignee_id=ana)
    assert await write("one", in_line_since=NOON) == ana
    assert {one.manager.id: one.load for one in await attendance.team(NOON)}[ana] == 1


async def test_a_returning_customer_is_offered_to_the_manager_who_knew_them(
    write: Ask, conversations: Conversations, attendance: Attendance, team: list[Manager]
) -> None:
    knew = team[3]
    await write("before", asking=False, status=Status.HUMAN, assignee_id=knew.id)
    await write("before", asking=False, status=Status.BOT, assignee_id=None)
    assert (await conversations.get("before")).last_manager_name == knew.name
    await write("busy", asking=False, status=Status.HUMAN, assignee_id=knew.id)
    assert await write("before") == knew.id, "although others have fewer"
    await attendance.say(knew.id, Availability.BUSY, NOON)
    assert await write("before", passed=(knew.id,)) != knew.id


async def test_what_lies_with_the_away_is_called(write: Ask, line: Line, attendance: Attendance, team: list[Manager]) -> None:
    to = await write("offered")
    assert to is not None
    await write("taken", asking=False, status=Status.HUMAN, assignee_id=to, assigned_at=NOON)
    await write("answered", asking=False, status=Status.HUMAN, assignee_id=to, assigned_at=NOON, waiting_since=None)
    assert await line.calls(NOON + timedelta(minutes=2)) == []
    silent = NOON + timedelta(minutes=3)
    for person in team:
        if person.id != to:
            await attendance.seen(person.id, silent)
    assert [(call.conversation_id, call.away_manager_id) for call in await line.calls(silent)] == [("offered", to)]
    await write("offered", passed=(to,), now=silent)
    for person in team:
        if person.id != to:
            await attendance.seen(person.id, silent + timedelta(minutes=30))
    calls = [call for call in await line.calls(silent + timedelta(minutes=30)) if call.away_manager_id == to]
    assert [call.conversation_id for call in calls] == ["taken"], "what waits for an answer, and nothing else"


async def test_who_says_they_are_away_is_away_at_once(write: Ask, line: Line, attendance: Attendance, team: list[Manager]) -> None:
    to = str(await write("offered"))
    await attendance.say(to, Availability.AWAY, NOON)
    assert [call.away_manager_id for call in await line.calls(NOON)] == [to]


async def test_a_person_is_set_up_or_told_what_is_wrong(attendance: Attendance, team: list[Manager], inbox: Inbox) -> None:
    ana = team[0].id
    changed = await attendance.change(ana, languages=["ES", "pt-br", "es"], inbox_ids=["shop"], capacity=3, hours="UTC; mon 09:00-18:00")
    assert (changed.languages, changed.inboxes, changed.capacity, changed.hours) == (("es", "pt"), ("shop",), 3, "UTC; mon 09:00-18:00")
    assert (await attendance.change(ana, languages=[], inbox_ids=[])).languages == ()
    for wrong, says in (
        ({"languages": ["spanish!"]}, "is no language"),
        ({"inbox_ids": ["nowhere"]}, "There is no inbox nowhere; there are: shop"),
        ({"capacity": -1}, "from 0 to 1000"),
        ({"hours": "9 to 5"}, "no time zone"),
    ):
        with pytest.raises(InvalidInput, match=says):
            await attendance.change(ana, **wrong)
