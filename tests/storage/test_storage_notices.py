"""The notice ledger: whom a flag owes a notice, once, gathered, and not too often."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Any

import pytest

from domain.channels import ChannelKind
from domain.conversations import ConversationRecord, HandOff, HandOffReason, RecordedMessages, Status
from domain.ladder import Medium, NoticeState, Rung
from domain.managers import Inbox, Manager, Role
from domain.notices import Debt, Digest, NoticePreferences, Scope
from domain.turns import Notice
from domain.windows import REMINDER
from storage.arrivals import Arrivals
from storage.attendance import Attendance
from storage.conversations import Conversations
from storage.database import Database
from storage.inboxes import Inboxes
from storage.notices import LOST_AFTER, Notices
from storage.people import People
from storage.preferences import Preferences

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL = tuple(Medium)
Flag = Callable[..., Awaitable[Notice]]


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def notices(db: Database) -> Notices:
    return Notices(db)


@pytest.fixture
def preferences(db: Database) -> Preferences:
    return Preferences(db)


@pytest.fixture
async def ana(people: People) -> Manager:
    return await people.add("ana@shop.example", "Ana", Role.OWNER, phone="+5491155550100")


@pytest.fixture
async def ben(people: People, ana: Manager) -> Manager:
    return await people.add("ben@shop.example", "Ben", Role.MANAGER)


@pytest.fixture
def flag(arrivals: Arrivals, conversations: Conversations, inbox: Inbox) -> Flag:
    async def write(name: str, *, rung: Rung = Rung.EMAIL, lead: str = "", **changes: Any) -> Notice:
        contact_id, workflow_id = await arrivals.contact_for(inbox.id, f"of {name}", None)
        record = ConversationRecord(
            conversation_id=name,
            workflow_id=workflow_id,
            inbox_id=inbox.id,
            channel=ChannelKind.REST,
            contact_id=contact_id,
            version=1,
            epoch=0,
            status=Status.FLAGGED,
            hand_off=HandOff(reason=HandOffReason.KEYWORD, detail="", at=NOON),
            opened_at=NOON,
        ).model_copy(update=changes)
        await conversations.record(RecordedMessages(record=record))
        return Notice(conversation_id=name, inbox_id=inbox.id, rung=rung, reason="keyword", flagged_at=NOON.isoformat(), lead=lead)

    return write


async def told(notices: Notices, notice: Notice, now: datetime) -> dict[str, Digest]:
    """Tells everybody who may be told now, by the id of the person."""
    digests = {}
    for debt in await notices.debts(notice):
        if (digest := await notices.claim(debt, now=now)) is not None:
            await notices.settle(digest, now=now)
            digests[digest.person.id] = digest
    return digests


async def test_everybody_who_may_answer_is_told_once_per_rung(
    notices: Notices, people: People, flag: Flag, ana: Manager, ben: Manager
) -> None:
    await people.add("eye@shop.example", "Eye", Role.VIEWER, phone="+5491155550101")
    email, sms = await flag("c-1"), await flag("c-1", rung=Rung.SMS)
    for _ in range(2):
        await notices.owe(email, ALL, now=NOON)
        await notices.owe(sms, ALL, now=NOON)
    assert set(await told(notices, email, after(60))) == {ana.id, ben.id}
    assert await notices.debts(email) == []
    assert set(await told(notices, sms, after(60))) == {ana.id}, "Ben has no telephone number"
    await notices.owe(email, ALL, now=after(600))
    assert await notices.debts(email) == []
    lines = await notices.lines("c-1")
    assert [(line.rung, line.manager_name, line.state) for line in lines] == [
        (Rung.EMAIL, "Ana", NoticeState.TOLD),
        (Rung.SMS, "Ana", NoticeState.TOLD),
        (Rung.EMAIL, "Ben", NoticeState.TOLD),
    ]


async def test_a_medium_that_is_not_set_up_owes_nothing(notices: Notices, flag: Flag, ana: Manager) -> None:
    await notices.owe(await flag("c-1", rung=Rung.SMS), [Medium.EMAIL], now=NOON)
    assert await notices.lines("c-1") == []


async def test_fifty_flags_at_once_are_one_message(notices: Notices, flag: Flag, ana: Manager) -> None:
    flags = [await flag(f"c-{number}") for number in range(50)]
    for seconds, notice in enumerate(flags):
        await notices.owe(notice, ALL, now=after(seconds * 0.09))
    (first,) = await notices.debts(flags[0])
    assert await notices.claim(first, now=after(4.9)) is None, "it waits for the others"
    digest = (await told(notices, flags[7], after(6)))[ana.id]
    assert len(digest.waiting) == 50
    assert [await notices.debts(notice) for notice in flags] == [[]] * 50


async def test_a_steady_stream_does_not_put_the_first_message_off(notices: Notices, flag: Flag, ana: Manager) -> None:
    first = await flag("c-0")
    await notices.owe(first, ALL, now=NOON)
    for number in range(1, 20):
        await notices.owe(await flag(f"c-{number}"), ALL, now=after(number))
    (debt,) = await notices.debts(first)
    assert debt.not_before == after(5)


async def test_nobody_gets_two_mails_within_a_minute(notices: Notices, flag: Flag, ana: Manager) -> None:
    first, second, third = await flag("c-1"), await flag("c-2"), await flag("c-3")
    await notices.owe(first, ALL, now=NOON)
    (debt,) = await notices.debts(first)
    digest = await notices.claim(debt, now=after(5))
    assert digest is not None
    await notices.settle(digest, now=after(25))
    for notice in (second, third):
        await notices.owe(notice, ALL, now=after(30))
    (debt,) = await notices.debts(second)
    assert debt.not_before == after(85), "a minute from when the last one was sent"
    assert await notices.claim(debt, now=after(84)) is None
    gathered = await notices.claim(debt, now=after(85))
    assert gathered is not None
    assert [waiting.conversation_id for waiting in gathered.waiting] == ["c-2", "c-3"]


async def test_one_medium_does_not_hold_another_up(notices: Notices, flag: Flag, ana: Manager) -> None:
    email, sms = await flag("c-1"), await flag("c-1", rung=Rung.SMS)
    await notices.owe(email, ALL, now=NOON)
    assert await told(notices, email, after(5))
    await notices.owe(sms, ALL, now=after(6))
    assert await told(notices, sms, after(11))


async def test_a_worker_that_dies_between_telling_and_recording_has_told_for_the_last_time(
    notices: Notices, flag: Flag, ana: Manager
) -> None:
    notice = await flag("c-1")
    await notices.owe(notice, ALL, now=NOON)
    (debt,) = await notices.debts(notice)
    assert await notices.claim(debt, now=after(5)) is not None
    (debt,) = await notices.debts(notice)
    assert debt.not_before == after(5) + LOST_AFTER, "until then its worker may still be at work"
    assert await notices.claim(debt, now=debt.not_before) is None
    assert await notices.debts(notice) == []
    (line,) = await notices.lines("c-1")
    assert line.state is NoticeState.UNKNOWN
    assert line.error is not None
    assert "may have arrived" in line.error


async def test_a_failed_attempt_is_owed_again_and_the_same_message_has_the_same_id(notices: Notices, flag: Flag, ana: Manager) -> None:
    notice = await flag("c-1")
    await notices.owe(notice, ALL, now=NOON)
    (debt,) = await notices.debts(notice)
    first = await notices.claim(debt, now=after(5))
    assert first is not None
    await notices.put_back(first, now=after(6), error="greylisted", retry_after=timedelta(seconds=90))
    (line,) = await notices.lines("c-1")
    assert (line.state, line.error) == (NoticeState.OWED, "greylisted")
    (debt,) = await notices.debts(notice)
    assert debt.not_before == after(96)
    again = await notices.claim(debt, now=after(96))
    assert again is not None
    assert again.id == first.id
    await notices.settle(again, now=after(96))
    (line,) = await notices.lines("c-1")
    assert (line.state, line.error) == (NoticeState.TOLD, None)


async def test_a_failure_for_good_stays_visible(notices: Notices, flag: Flag, ana: Manager) -> None:
    notice = await flag("c-1")
    await notices.owe(notice, ALL, now=NOON)
    (debt,) = await notices.debts(notice)
    digest = await notices.claim(debt, now=after(5))
    assert digest is not None
    await notices.settle(digest, now=after(6), error="no such mailbox")
    (line,) = await notices.lines("c-1")
    assert (line.state, line.error) == (NoticeState.FAILED, "no such mailbox")
    assert await notices.debts(notice) == []


async def test_a_take_stops_what_is_still_owed(notices: Notices, flag: Flag, ana: Manager) -> None:
    notice, other = await flag("c-1"), await flag("c-2")
    await notices.owe(notice, ALL, now=NOON)
    await notices.owe(other, ALL, now=NOON)
    await flag("c-1", status=Status.HUMAN, version=2)
    digest = (await told(notices, notice, after(5)))[ana.id]
    assert [waiting.conversation_id for waiting in digest.waiting] == ["c-2"]
    (line,) = await notices.lines("c-1")
    assert line.state is NoticeState.PASSED


async def test_what_was_owed_is_not_shown_as_due_once_somebody_has_the_conversation(notices: Notices, flag: Flag, ana: Manager) -> None:
    await notices.owe(await flag("c-1"), ALL, now=NOON)
    assert [line.state for line in await notices.lines("c-1")] == [NoticeState.OWED]
    await flag("c-1", status=Status.HUMAN, version=2)
    assert [line.state for line in await notices.lines("c-1")] == [NoticeState.PASSED]


async def test_quiet_hours_put_a_notice_off_until_they_end(
    notices: Notices, preferences: Preferences, flag: Flag, ana: Manager, ben: Manager
) -> None:
    quiet = NoticePreferences(quiet_from=clock_time(8), quiet_to=clock_time(10), time_zone="America/Montevideo")
    await preferences.set(ana.id, quiet)
    notice = await flag("c-1")
    await notices.owe(notice, ALL, now=NOON)
    due = {debt.manager_id: debt.not_before for debt in await notices.debts(notice)}
    assert due == {ana.id: NOON + timedelta(hours=1, seconds=5), ben.id: after(5)}, "noon in UTC is nine there"
    assert set(await told(notices, notice, after(6))) == {ben.id}
    assert set(await told(notices, notice, NOON + timedelta(hours=1, seconds=5))) == {ana.id}


async def test_a_medium_that_a_person_has_turned_off_stays_silent(
    notices: Notices, preferences: Preferences, flag: Flag, ana: Manager, ben: Manager
) -> None:
    await preferences.set(ana.id, NoticePreferences(email=False))
    notice = await flag("c-1")
    await notices.owe(notice, ALL, now=NOON)
    assert set(await told(notices, notice, after(6))) == {ben.id}


async def test_who_only_wants_their_own_is_told_when_nobody_else_would_be(
    notices: Notices, preferences: Preferences, flag: Flag, ana: Manager, ben: Manager
) -> None:
    await preferences.set(ana.id, NoticePreferences(scope=Scope.MINE))
    first = await flag("c-1")
    await notices.owe(first, ALL, now=NOON)
    assert set(await told(notices, first, after(6))) == {ben.id}
    await preferences.set(ben.id, NoticePreferences(scope=Scope.MINE))
    second = await flag("c-2")
    await notices.owe(second, ALL, now=after(120))
    assert set(await told(notices, second, after(130))) == {ana.id, ben.id}


async def test_the_team_lead_is_told_by_everything_that_reaches_that_person(
    notices: Notices, preferences: Preferences, flag: Flag, ana: Manager, ben: Manager
) -> None:
    notice = await flag("c-1", rung=Rung.LEAD, lead=ana.email)
    await notices.owe(notice, [Medium.EMAIL, Medium.SMS], now=NOON)
    debts = await notices.debts(notice)
    assert {(debt.manager_id, debt.medium) for debt in debts} == {(ana.id, Medium.EMAIL), (ana.id, Medium.SMS)}


async def test_the_person_it_is_offered_to_is_told_first_and_the_next_one_when_it_is_theirs(
    notices: Notices, flag: Flag, ana: Manager, ben: Manager
) -> None:
    notice = await flag("c-1", offered_to=ben.id)
    await notices.owe(notice, ALL, now=NOON)
    assert set(await told(notices, notice, after(6))) == {ben.id}
    await flag("c-1", offered_to=ana.id, version=2)
    await notices.owe(notice, ALL, now=after(180))
    assert set(await told(notices, notice, after(186))) == {ana.id}, "and Ben is not told again"
    sms = await flag("c-1", offered_to=ben.id, version=3, rung=Rung.SMS)
    await notices.owe(sms, ALL, now=after(600))
    assert set(await told(notices, sms, after(606))) == {ana.id}, "later rungs tell everybody who can be reached"


@pytest.mark.parametrize("status", [Status.HUMAN, Status.SNOOZED])
async def test_a_closing_window_is_told_to_whoever_has_the_conversation(
    notices: Notices, flag: Flag, ana: Manager, ben: Manager, status: Status
) -> None:
    kept = {"status": status, "hand_off": None, "waiting_since": NOON}
    notice = (await flag("c-1", assignee_id=ana.id, **kept)).model_copy(update={"reason": REMINDER})
    await notices.owe(notice, ALL, now=NOON)
    assert [line.state for line in await notices.lines("c-1")] == [NoticeState.OWED]
    assert set(await told(notices, notice, after(6))) == {ana.id}
    nobodys = (await flag("c-2", **kept)).model_copy(update={"reason": REMINDER})
    await notices.owe(nobodys, ALL, now=after(120))
    assert set(await told(notices, nobodys, after(126))) == {ana.id, ben.id}
    for name, changes in (("c-3", {"waiting_since": None}), ("c-4", {"status": Status.CLOSED})):
        done = (await flag(name, assignee_id=ana.id, **kept | changes)).model_copy(update={"reason": REMINDER})
        await notices.owe(done, ALL, now=after(240))
        assert await notices.debts(done) == []


async def test_who_does_not_answer_in_an_inbox_is_not_told_of_it(
    notices: Notices, db: Database, inboxes: Inboxes, flag: Flag, ana: Manager, ben: Manager
) -> None:
    other = await inboxes.add(ChannelKind.REST, "Other", inbox_id="other", settings={"callback_url": "https://shop.example/answers"})
    notice = await flag("c-1")
    await Attendance(db).change(ben.id, inbox_ids=[other.id])
    await notices.owe(notice, ALL, now=NOON)
    assert set(await told(notices, notice, after(6))) == {ana.id}
    await Attendance(db).change(ana.id, inbox_ids=[other.id])
    nobodys = await flag("c-2")
    await notices.owe(nobodys, ALL, now=after(120))
    assert set(await told(notices, nobodys, after(126))) == {ana.id, ben.id}, "where nobody answers, everybody is told"


async def test_two_workers_that_claim_at_once_tell_once(notices: Notices, flag: Flag, ana: Manager) -> None:
    notice = await flag("c-1")
    await notices.owe(notice, ALL, now=NOON)
    debt = Debt(manager_id=ana.id, medium=Medium.EMAIL, not_before=NOON)
    claims = [await notices.claim(debt, now=after(5)), await notices.claim(debt, now=after(5))]
    assert [claim is not None for claim in claims] == [True, False]
