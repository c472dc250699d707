"""How long customers of an inbox have waited for a person lately, remembered for a while."""

import time
from datetime import UTC, datetime

from domain.policy import Policy
from domain.ports import ConversationStore
from domain.waiting import LOOKS_BACK, usual_wait_minutes

FRESH_SECONDS = 600.0


class UsualWaits:
    def __init__(self, conversations: ConversationStore) -> None:
        self._conversations = conversations
        self._known: dict[str, tuple[float, float | None]] = {}

    async def minutes(self, inbox_id: str, policy: Policy) -> float | None:
        """None where the inbox says nothing of it, or too little is known; up to ten minutes old."""
        if not policy.announces_waits or not policy.holding_line:
            return None
        known = self._known.get(inbox_id)
        if known is None or time.monotonic() - known[0] > FRESH_SECONDS:
            waits = await self._conversations.waits(inbox_id, datetime.now(UTC) - LOOKS_BACK)
            known = self._known[inbox_id] = (time.monotonic(), usual_wait_minutes(waits, policy.hours))
        return known[1]
