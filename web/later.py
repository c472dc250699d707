"""Signs of life to customers that no request waits for."""

import asyncio

from domain.ports import CustomerSigns


class LaterSigns:
    """Each shown in the background; at most one at a time for a conversation, so that a vendor that is slow is not asked again."""

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
