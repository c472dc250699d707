"""Signs of life to a customer: what they wrote was read, somebody is writing. Best effort: a sign that fails changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from channels.exchange import CallFailed
from domain.channels import ChannelKind
from domain.conversations import Status
from domain.errors import FrontdeskError
from domain.messages import Direction, Recipient
from domain.ports import Channel, ConversationStore, CustomerSigns, InboxStore, ShowsActivity

LATEST = 10
"""Messages among which the customer's newest is looked for."""


class Signs:
    """Implements the port `CustomerSigns`."""

    def __init__(self, channels: Mapping[ChannelKind, Channel], inboxes: InboxStore, conversations: ConversationStore) -> None:
        self._channels = channels
        self._inboxes = inboxes
        self._conversations = conversations

    async def show(self, conversation_id: str, *, typing: bool) -> float | None:
        """Seconds for which it shows; None if the channel has no signs, the inbox wants none, or it failed. Never raises."""
        with suppress(FrontdeskError, CallFailed):
            conversation = await self._conversations.get(conversation_id)
            channel = self._channels.get(conversation.channel)
            if not isinstance(channel, ShowsActivity) or not (await self._inboxes.get(conversation.inbox_id)).policy.activity_signs:
                return None
            newest = await self._conversations.messages(conversation_id, limit=LATEST)
            written = [message.provider_id for message in newest if message.direction is Direction.INBOUND and message.provider_id]
            recipient = Recipient(channel=conversation.channel, inbox_id=conversation.inbox_id, address=conversation.contact_address)
            credentials = await self._inboxes.credentials(conversation.inbox_id)
            await channel.show_activity(recipient, credentials, seen=written[-1] if written else None, typing=typing)
            return channel.activity_lasts
        return None

    @asynccontextmanager
    async def while_preparing(self, conversation_id: str) -> AsyncIterator[None]:
        """Shows that somebody is writing for as long as it is open and the bot has the conversation; nothing in here waits for it."""
        showing = asyncio.create_task(self._keep_showing(conversation_id))
        try:
            yield
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing

    async def _keep_showing(self, conversation_id: str) -> None:
        while await self._bot_has(conversation_id):
            lasts = await self.show(conversation_id, typing=True)
            if lasts is None:
                return
            await asyncio.sleep(lasts)

    async def _bot_has(self, conversation_id: str) -> bool:
        """A person who has taken it is not shown as writing on the bot's account."""
        with suppress(FrontdeskError):
            return (await self._conversations.get(conversation_id)).status is Status.BOT
        return False


class LaterSigns:
    """Implements the port `ShowsLater`: in the background; at most one at a time for a conversation, so that a slow vendor is not asked
    again."""

    def __init__(self, signs: CustomerSigns) -> None:
        self._signs = signs
        self._showing: dict[str, asyncio.Task[float | None]] = {}

    def show(self, conversation_id: str, *, typing: bool) -> None:
        if conversation_id in self._showing:
            return
        task = asyncio.create_task(self._signs.show(conversation_id, typing=typing))
        self._showing[conversation_id] = task
        task.add_done_callback(lambda _: self._showing.pop(conversation_id, None))

    async def settle(self) -> None:
        """Waits for what is still being shown."""
        await asyncio.gather(*self._showing.values())
