"""The door: password, one-time link, and out again. Works without JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from domain.errors import PermissionDenied, TooManyAttempts
from domain.managers import Manager
from web.pages import page
from web.security import client_address, optional_manager, safe_next, sign_in, sign_out
from web.services import Services, services

router = APIRouter(include_in_schema=False)

House = Annotated[Services, Depends(services)]
_FRESH = {"link_for": None, "link_dead": False, "error": "", "email": "", "next": "/"}


@router.get("/sign-in")
async def show(manager: Annotated[Manager | None, Depends(optional_manager)], next: str = "/") -> Response:  # noqa: A002 # the address says next
    if manager is not None:
        return RedirectResponse(safe_next(next), 303)
    return page("sign_in.html", {**_FRESH, "next": safe_next(next)})


@router.post("/sign-in")
async def enter(
    request: Request,
    house: House,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=1_000)],
    next: Annotated[str, Form()] = "/",  # noqa: A002 # the form says next
) -> Response:
    """303 to where the person wanted to go; 403 or 429 with the form again."""
    try:
        manager = await house.people.check_password(email, password, source=client_address(request))
    except PermissionDenied as error:
        return page("sign_in.html", {**_FRESH, "error": str(error), "email": email, "next": safe_next(next)}, status=403)
    except TooManyAttempts as error:
        headers = {"retry-after": str(max(1, round(error.retry_after)))}
        return page("sign_in.html", {**_FRESH, "error": str(error), "email": email, "next": safe_next(next)}, status=429, headers=headers)
    return await _inside(request, manager, safe_next(next))


@router.get("/sign-in/{token}")
async def show_link(token: str, house: House) -> Response:
    """Opening the link uses nothing up: mail scanners open links too. Only the button's POST does."""
    manager = await house.people.peek_sign_in_link(token)
    context = {**_FRESH, "link_for": manager, "link_dead": manager is None}
    return page("sign_in.html", context, status=200 if manager else 404)


@router.post("/sign-in/{token}")
async def use_link(request: Request, token: str, house: House) -> Response:
    try:
        manager = await house.people.consume_sign_in_link(token)
    except PermissionDenied:
        return page("sign_in.html", {**_FRESH, "link_dead": True}, status=403)
    return await _inside(request, manager, "/")


@router.post("/sign-out")
async def leave(request: Request) -> Response:
    response = RedirectResponse("/sign-in", 303)
    await sign_out(request, response)
    return response


async def _inside(request: Request, manager: Manager, target: str) -> Response:
    response = RedirectResponse(target, 303)
    await sign_in(request, response, manager)
    return response
