"""What a person says of themselves: available, busy or away."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from domain.managers import Availability, Role
from web.security import require, safe_next
from web.shell import AtDesk

router = APIRouter(include_in_schema=False, dependencies=[Depends(require(Role.MANAGER))])


@router.post("/availability")
async def say(request: Request, desk: AtDesk, availability: Annotated[Availability, Form()]) -> Response:
    """Back to the page it was said on."""
    await desk.services.attendance.say(desk.manager.id, availability)
    came_from = urlsplit(request.headers.get("referer", ""))
    target = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return RedirectResponse(safe_next(target or "/"), 303)
