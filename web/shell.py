"""What every page of the dashboard has around it: who asks, the rail's counts, their clock."""

from typing import Annotated, Any

from fastapi import Depends, Request

from domain.managers import Manager
from web.clock import Clock, clock_for
from web.security import current_manager
from web.services import Services, services


class Desk:
    """A FastAPI dependency: one signed-in person's request. Pages and parts take their context from it."""

    def __init__(
        self,
        request: Request,
        house: Annotated[Services, Depends(services)],
        manager: Annotated[Manager, Depends(current_manager)],
        clock: Annotated[Clock, Depends(clock_for)],
    ) -> None:
        self.request = request
        self.services = house
        self.manager = manager
        self.clock = clock

    async def context(self, active: str, **more: Any) -> dict[str, Any]:
        """For a whole page; `active` names the rail's item. Opening one is a sign of life, for browsers without a stream."""
        await self.services.attendance.seen(self.manager.id)
        return {
            "active": active,
            "manager": self.manager,
            "counts": await self.services.conversations.counts(self.manager.id),
            "clock": self.clock,
            "alarms": await self.services.tokens.alarms(now=self.clock.now),
            **more,
        }

    def part(self, **more: Any) -> dict[str, Any]:
        """For a part of a page."""
        return {"manager": self.manager, "clock": self.clock, **more}


AtDesk = Annotated[Desk, Depends()]
"""What a route takes."""
