"""Takes up managers' answers as they come into the mailbox behind the reply address."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from domain.mail import MailForm, ReceivedMail

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 15.0

Position = tuple[int, int]


class MailSource(Protocol):
    @property
    def name(self) -> str: ...

    def new_mails(self, position: Position | None) -> tuple[Position, Sequence[bytes]]:
        """Blocking. Raises OSError."""
        ...


class MailKeeper(Protocol):
    async def position(self, mailbox: str) -> Position | None: ...

    async def move_to(self, mailbox: str, validity: int, uid: int) -> None: ...

    async def keep(self, mail: ReceivedMail) -> str: ...


class MailboxWatch:
    """`take_up` is told of each mail once it is durable. Several workers may look at once: a mail's id is made of its content."""

    def __init__(self, source: MailSource, store: MailKeeper, take_up: Callable[[str], Awaitable[None]]) -> None:
        self._source = source
        self._store = store
        self._take_up = take_up

    async def follow(self) -> None:
        """For ever. A mailbox that can't be reached is tried again."""
        while True:
            try:
                await self.look()
            except OSError as error:
                log.warning("mailbox_not_read", error=str(error)[:200], next_try_seconds=LOOK_EVERY_SECONDS)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def look(self) -> int:
        """How many mails were taken up. Raises OSError."""
        position, mails = await asyncio.to_thread(self._source.new_mails, await self._store.position(self._source.name))
        for content in mails:
            await self._take_up(await self._store.keep(ReceivedMail(form=MailForm.MIME, content=content)))
        await self._store.move_to(self._source.name, *position)
        return len(mails)
