"""However takes, replies, offers, absences, customers' messages and the deaths of workers fall together: one owner at a time, and nobody is
left waiting alone."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import Client

from domain.commands import Release, Take, Verdict
from domain.conversations import Conversation, Section, Status
from domain.managers import Availability, Manager, Role
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

contacts = itertools.count(1)
Act = Literal["take", "reply", "keep", "release", "says", "away", "back", "look", "dies"]
acts = st.sampled_from(["take", "take", "reply", "keep", "release", "says", "away", "back", "look", "dies"])
batches = st.lists(st.lists(st.tuples(acts, st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=4), min_size=1, max_size=5)
"""Who does what to which of two conversations; a batch falls together."""


class Workers:
    """One worker after another: who dies lets go of everything at once, and the next one starts with nothing in memory."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    def start(self) -> None:
        self._running = asyncio.create_task(self._desk.worker().run())

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def die(self) -> None:
        async with self._turn:
            await self.stop()
            self.start()


@pytest.fixture
async def desk(temporal: Client, database_url: str) -> AsyncIterator[Desk]:
    """Offers run out after half a second, so that they do so between the steps."""
    policy = {"assignment": "fewest", "offer_minutes": 0.5 / 60, "away_return_minutes": 0.2 / 60}
    async with open_desk(temporal, database_url, **policy) as desk:
        yield desk


@pytest.fixture
async def workers(desk: Desk) -> AsyncIterator[Workers]:
    found = Workers(desk)
    found.start()
    yield found
    await found.stop()


async def people(desk: Desk) -> tuple[Manager, ...]:
    cho = await desk.stores.people.by_email("cho@shop.example")
    return desk.ana, desk.ben, cho or await desk.stores.people.add("cho@shop.example", "Cho", Role.MANAGER)


async def step(desk: Desk, workers: Workers, team: tuple[Manager, ...], talks: list[str], act: Act, who: int, which: int) -> Verdict | None:
    person, conversation_id = team[who], talks[which]
    match act:
        case "take":
            return await desk.takes(person, conversation_id)
        case "reply" | "keep":
            await desk.replies(person, conversation_id, "I am here.", keep=act == "keep")
        case "release":
            await desk.act(Release(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=person.id))
        case "says":
            await desk.says("Can I pay with bitcoin?", contact=(await desk.view(conversation_id)).contact_address)
        case "away" | "back":
            availability = Availability.AWAY if act == "away" else Availability.AVAILABLE
            await desk.stores.attendance.say(person.id, availability, datetime.now(UTC))
            if act == "back":
                await desk.there(person, datetime.now(UTC) + timedelta(hours=1))
        case "look":
            await desk.watch().look(datetime.now(UTC))
        case "dies":
            await workers.die()
    return None


def check(view: Conversation) -> None:
    """What is true of a conversation at every moment."""
    match view.status:
        case Status.FLAGGED:
            assert view.assignee_id is None, "a flagged conversation has no owner"
            assert (view.offered_to is None) != (view.in_line_since is None), "it is offered to one person, or in line"
        case _:
            assert (view.offered_to, view.in_line_since) == (None, None), "what is taken, or the bot has, is offered to nobody"
    assert view.status is not Status.HUMAN or view.assignee_id is not None, "a person has it"


@pytest.mark.timeout(300)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(play=batches, race=st.permutations(range(3)))
async def test_one_owner_at_a_time_and_every_flag_in_somebodys_list(
    desk: Desk, workers: Workers, play: list[list[tuple[Act, int, int]]], race: list[int]
) -> None:
    team = await people(desk)
    for person in team:
        await desk.stores.attendance.say(person.id, Availability.AVAILABLE, datetime.now(UTC))
        await desk.there(person, datetime.now(UTC) + timedelta(hours=1))
    talks = [str((await desk.says("Can I pay with bitcoin?", contact=f"customer-{next(contacts)}")).conversation_id) for _ in range(2)]
    for conversation_id in talks:
        check(await desk.until_status(conversation_id, Status.FLAGGED))
    for batch in play:
        verdicts = await asyncio.gather(*(step(desk, workers, team, talks, *one) for one in batch))
        for (act, who, _), verdict in zip(batch, verdicts, strict=True):
            if act == "take" and verdict is not None and not verdict.accepted and verdict.owner_id is not None:
                assert verdict.owner_id != team[who].id, "who is refused is told of somebody else"
        for conversation_id in talks:
            view = await desk.view(conversation_id)
            check(view)
            lists = [await desk.stores.conversations.page(Section.MINE, manager_id=person.id) for person in team]
            holders = [person.id for person, page in zip(team, lists, strict=True) if conversation_id in {each.id for each in page.items}]
            if view.status is Status.HUMAN and (await desk.view(conversation_id)).epoch == view.epoch:
                assert holders in ([], [view.assignee_id]), "no two managers hold one conversation"

    # Whatever came before: all three take what nobody has. One wins, and the others are told who.
    conversation_id = talks[0]
    await desk.act(Take(action_id=str(uuid4()), conversation_id=conversation_id, manager_id=team[race[0]].id, force=True))
    await desk.releases(team[race[0]], conversation_id)
    takes = await asyncio.gather(*(desk.takes(team[who], conversation_id) for who in race))
    winners = [team[who].id for who, verdict in zip(race, takes, strict=True) if verdict.accepted]
    assert len(winners) == 1
    assert {verdict.owner_id for verdict in takes} == {winners[0]}
    assert (await desk.view(conversation_id)).assignee_id == winners[0]

    # Nothing waits alone: what is flagged is in somebody's list, and with somebody free it is offered.
    async def offered() -> bool:
        await desk.watch().look(datetime.now(UTC))
        views = [await desk.view(one) for one in talks]
        return all(view.offered_to for view in views if view.status is Status.FLAGGED)

    for person in team:
        await desk.stores.attendance.say(person.id, Availability.AVAILABLE, datetime.now(UTC))
        await desk.there(person, datetime.now(UTC) + timedelta(hours=1))
        await desk.stores.attendance.change(person.id, capacity=1_000)
    await until(offered, "everything flagged is offered")
