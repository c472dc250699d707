"""Open pages learn what changed, and what they missed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from storage import events as event_log
from storage.database import Database
from storage.events import Event, Events
from web.live import QUEUE_LIMIT, LiveFeed, Resync, last_event_id


@pytest.fixture
async def feed(db: Database) -> AsyncIterator[LiveFeed]:
    found = LiveFeed(Events(db))
    yield found
    await found.close()


async def change(db: Database, *conversations: str) -> None:
    for conversation in conversations:
        async with db.write() as connection:
            await event_log.append(db, connection, "conversation", conversation_id=conversation)


async def take(stream: AsyncIterator[Event | Resync], count: int) -> list[str | int | None]:
    """Conversations of the next events; a resync is shown as the id after which the stream goes on."""
    async with asyncio.timeout(5):
        found = [await anext(stream) for _ in range(count)]
    return [item.head if isinstance(item, Resync) else item.conversation_id for item in found]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # what is waited for has no event of its own
            await asyncio.sleep(0.01)


async def test_a_stream_brings_what_changes_after_it_was_opened(db: Database, feed: LiveFeed) -> None:
    await change(db, "before")
    stream = feed.subscribe(await feed.head())
    first = asyncio.create_task(take(stream, 1))
    await until(lambda: feed.listeners == 1)
    await change(db, "a")
    assert await first == ["a"]


async def test_nothing_falls_between_reading_the_head_and_subscribing(db: Database, feed: LiveFeed) -> None:
    head = await feed.head()
    await change(db, "a", "b")
    assert await take(feed.subscribe(head), 2) == ["a", "b"]


async def test_a_client_that_comes_back_gets_what_it_missed_and_then_goes_on(db: Database, feed: LiveFeed) -> None:
    await change(db, "a", "b", "c")
    stream = feed.subscribe(1)
    assert await take(stream, 2) == ["b", "c"]
    await change(db, "d")
    assert await take(stream, 1) == ["d"]


async def test_several_changes_of_one_conversation_are_told_once(db: Database, feed: LiveFeed) -> None:
    await change(db, "a", "a", "a", "b", "a")
    assert await take(feed.subscribe(0), 2) == ["b", "a"]


async def test_every_open_page_is_told(db: Database, feed: LiveFeed) -> None:
    pages = [asyncio.create_task(take(feed.subscribe(None), 1)) for _ in range(3)]
    await until(lambda: feed.listeners == 3)
    await asyncio.sleep(0)
    while not all(page.done() for page in pages):
        await change(db, "a")
        await asyncio.wait(pages, timeout=0.05)
    assert [page.result() for page in pages] == [["a"]] * 3


async def test_a_client_older_than_what_is_kept_loads_everything_again(db: Database, feed: LiveFeed) -> None:
    await change(db, "a", "b", "c")
    await Events(db).prune(datetime.now(UTC) + timedelta(seconds=1))
    await change(db, "d")
    assert await take(feed.subscribe(1), 1) == [4]


async def test_a_client_that_knows_more_than_the_server_loads_everything_again(db: Database, feed: LiveFeed) -> None:
    await change(db, "a")
    assert await take(feed.subscribe(99), 1) == [1]


async def test_a_client_that_missed_more_than_a_queue_loads_everything_again(db: Database, feed: LiveFeed) -> None:
    async with db.write() as connection:
        await event_log.append(db, connection, *["conversation"] * (QUEUE_LIMIT + 2), conversation_id="a")
    assert await take(feed.subscribe(1), 1) != ["a"]


async def test_a_client_that_reads_too_slowly_loads_everything_again(db: Database, feed: LiveFeed) -> None:
    stream = feed.subscribe(await feed.head())
    first = asyncio.create_task(take(stream, 1))
    await until(lambda: feed.listeners == 1)
    await change(db, "first")
    assert await first == ["first"]
    quick = feed.subscribe(1)
    async with db.write() as connection:
        for number in range(QUEUE_LIMIT + 1):
            await event_log.append(db, connection, "conversation", conversation_id=f"c{number}")
    head = await feed.head()
    while (await take(quick, 1))[0] != head:
        pass
    assert await take(stream, 1) == [head]


async def test_the_database_is_left_alone_while_nobody_listens(db: Database) -> None:
    class CountedEvents(Events):
        reads = 0

        async def since(self, event_id: int, limit: int = 500) -> Sequence[Event]:
            self.reads += 1
            return await super().since(event_id, limit)

    counted = CountedEvents(db)
    feed = LiveFeed(counted)
    await change(db, "a")
    stream = feed.subscribe(0)
    assert await take(stream, 1) == ["a"]
    await stream.aclose()  # type: ignore[attr-defined] # it is a generator
    assert feed.listeners == 0
    await feed.close()
    reads = counted.reads
    await asyncio.sleep(0.2)
    assert counted.reads == reads


async def test_closing_the_feed_ends_its_streams(db: Database) -> None:
    feed = LiveFeed(Events(db))
    ended = asyncio.create_task(_all_of(feed.subscribe(None)))
    await until(lambda: feed.listeners == 1)
    await feed.close()
    async with asyncio.timeout(5):
        assert await ended == []
    assert await _all_of(feed.subscribe(None)) == []


async def test_when_the_database_fails_streams_end_so_that_clients_connect_again(db: Database, logged: list[dict[str, object]]) -> None:
    class FailingEvents(Events):
        fail = False

        async def since(self, event_id: int, limit: int = 500) -> Sequence[Event]:
            if self.fail:
                raise OSError("the disk is gone")
            return await super().since(event_id, limit)

    failing = FailingEvents(db)
    feed = LiveFeed(failing)
    ended = asyncio.create_task(_all_of(feed.subscribe(None)))
    await until(lambda: feed.listeners == 1)
    failing.fail = True
    async with asyncio.timeout(5):
        assert await ended == []
    await until(lambda: any(entry["event"] == "live_feed.failed" for entry in logged))
    failing.fail = False
    await change(db, "a")
    assert await take(feed.subscribe(0), 1) == ["a"]
    await feed.close()


async def _all_of(stream: AsyncIterator[Event | Resync]) -> list[Event | Resync]:
    return [item async for item in stream]


@pytest.mark.parametrize(("header", "seen"), [("17", 17), ("", None), ("-1", None), ("²", None), ("9" * 5_000, None)])
def test_only_what_can_be_an_events_id_is_taken_for_one(header: str, seen: int | None) -> None:
    assert last_event_id(header) == seen
