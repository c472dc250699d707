"""Live updates: one poller per process reads the event table and fans its rows out to every open stream.

Rows carry ids only: a stream says what changed, the page asks for it again with its own rights.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence

import structlog

from domain.model import Model
from storage.events import Event, Events

POLL_SECONDS = 0.15
QUEUE_LIMIT = 256
"""Events that wait for one stream. A client that falls further behind is told to load the page's state again."""
_BATCH = 500

_log = structlog.get_logger()


class Resync(Model):
    """Events were missed or dropped: everything shown has to be loaded again. The stream goes on after `head`."""

    head: int


class _Listener:
    """One stream's bounded queue."""

    def __init__(self) -> None:
        self._waiting: deque[Event | Resync] = deque()
        self._news = asyncio.Event()
        self.closed = False

    def offer(self, event: Event) -> None:
        if len(self._waiting) >= QUEUE_LIMIT:
            self._waiting.clear()
            self._waiting.append(Resync(head=event.id))
        else:
            self._waiting.append(event)
        self._news.set()

    def close(self) -> None:
        self.closed = True
        self._news.set()

    async def next(self) -> Event | Resync | None:
        """None once the feed has ended."""
        while not self._waiting:
            if self.closed:
                return None
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


def _coalesced(events: Sequence[Event]) -> list[Event]:
    """The last of each kind and conversation, in the order of their ids: several changes are one reason to look."""
    last = {(event.kind, event.conversation_id): event for event in events}
    return sorted(last.values(), key=lambda event: event.id)


def last_event_id(header: str) -> int | None:
    """What a client says it has seen last; None for what can't be one of our ids, which count up from 1."""
    return int(header) if header.isascii() and header.isdecimal() and len(header) <= 18 else None


class LiveFeed:
    """Lives on one event loop. The poller runs only while somebody listens."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._listeners: set[_Listener] = set()
        self._poller: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def head(self) -> int:
        """The newest event's id. Send it as a stream's first `id:`, then `subscribe(after=head)`: nothing falls between."""
        return await self._events.head()

    async def subscribe(self, after: int | None) -> AsyncIterator[Event | Resync]:
        """Every event after the one with this id (a client's `Last-Event-ID`); None: from now on.

        Yields one Resync in place of a replay if `after` is older than what is kept, newer than anything known, or more than
        `QUEUE_LIMIT` events ago; and whenever the client was too slow. Ends when the feed is closed or its database fails: the
        client connects again and names the last id it saw.
        """
        if self._closed:
            return
        listener = _Listener()
        self._listeners.add(listener)
        try:
            # The poller must know its head before the replay is read, or what commits in between is in neither.
            await self._start()
            seen: frozenset[int] = frozenset()
            if after is not None:
                missed = await self._missed(after)
                if isinstance(missed, Resync):
                    yield missed
                else:
                    seen = frozenset(event.id for event in missed)
                    for event in _coalesced(missed):
                        yield event
            while (news := await listener.next()) is not None:
                if isinstance(news, Resync) or news.id not in seen:
                    yield news
        finally:
            self._listeners.discard(listener)

    async def close(self) -> None:
        """Ends every stream; returns when the poller has put its last connection back."""
        self._closed = True
        self._end_streams()
        if self._poller is not None:
            await asyncio.wait((self._poller,))

    def _end_streams(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    async def _start(self) -> None:
        async with self._starting:
            if self._poller is None:
                self._poller = asyncio.create_task(self._poll(await self._events.head()), name="live feed")
                self._poller.add_done_callback(_report)

    async def _missed(self, after: int) -> Sequence[Event] | Resync:
        head = await self._events.head()
        if after == head:
            return ()
        oldest = await self._events.since(0, limit=1)
        kept_from = oldest[0].id if oldest else head + 1
        if after > head or after + 1 < kept_from:
            return Resync(head=head)
        missed = await self._events.since(after, limit=QUEUE_LIMIT + 1)
        return Resync(head=head) if len(missed) > QUEUE_LIMIT else missed

    async def _poll(self, head: int) -> None:
        """Ids become visible in their order (`storage.events.append` sees to it), so what is above the last one is all that is new."""
        try:
            while self._listeners:
                fresh = await self._events.since(head, limit=_BATCH)
                for event in _coalesced(fresh):
                    for listener in self._listeners:
                        listener.offer(event)
                if fresh:
                    head = fresh[-1].id
                if len(fresh) < _BATCH:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            self._poller = None
            self._end_streams()


def _report(poller: asyncio.Task[None]) -> None:
    if not poller.cancelled() and (error := poller.exception()) is not None:
        _log.error("live_feed.failed", error=type(error).__name__)
