"""The door: password, one-time link, and out again. Works without JavaScript."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from domain.errors import AuthenticityError, InvalidInput, NotFound, NotTold, PermissionDenied, TooManyAttempts
from domain.managers import Manager
from domain.verification import code_in, hidden
from web.pages import page
from web.security import client_address, optional_manager, safe_next, sign_in, sign_out
from web.services import Services, services

router = APIRouter(include_in_schema=False)

House = Annotated[Services, Depends(services)]
SECOND_FACTOR = "second-factor"
GOOD_FOR = timedelta(minutes=10)
_FRESH = {"link_for": None, "link_dead": False, "error": "", "email": "", "next": "/", "pending": "", "pending_phone": ""}


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
    phone = await house.telling.verified.phone(manager.id)
    if phone is None or not phone.second_factor:
        return await _inside(request, manager, safe_next(next))
    return await _ask_for_code(house, manager, phone.phone, safe_next(next))


async def _ask_for_code(house: Services, manager: Manager, phone: str, target: str) -> Response:
    """The password was right; the second step holds for ten minutes."""
    if house.telling.verifier is None:
        error = "Codes by SMS can't be sent from here any more; ask an owner for a sign-in link"
        return page("sign_in.html", {**_FRESH, "error": error, "email": manager.email, "next": target}, status=403)
    pending = house.vault.sign(SECOND_FACTOR, manager.id, lifetime=GOOD_FOR)
    context = {**_FRESH, "pending": pending, "pending_phone": hidden(phone), "next": target}
    try:
        await house.telling.verifier.start(phone)
    except (InvalidInput, TooManyAttempts) as error:
        # A code of before may still be good.
        return page("sign_in.html", {**context, "error": str(error)}, status=429)
    except NotTold as error:
        words = f"{error}, or ask an owner for a sign-in link"
        return page("sign_in.html", {**_FRESH, "error": words, "email": manager.email, "next": target}, status=502)
    return page("sign_in.html", context)


@router.post("/sign-in/code")
async def enter_code(
    request: Request,
    house: House,
    pending: Annotated[str, Form(max_length=500)],
    code: Annotated[str, Form(max_length=20)],
    next: Annotated[str, Form()] = "/",  # noqa: A002 # the form says next
) -> Response:
    """The second factor; 403 or 429 with the form again."""
    try:
        manager = await house.people.get(house.vault.verify(SECOND_FACTOR, pending))
    except (AuthenticityError, NotFound):
        return page("sign_in.html", {**_FRESH, "error": "This took too long; sign in again", "next": safe_next(next)}, status=403)
    context = {**_FRESH, "pending": pending, "next": safe_next(next)}
    phone = await house.telling.verified.phone(manager.id)
    if phone is None or house.telling.verifier is None:
        return page("sign_in.html", {**_FRESH, "error": "Sign in again", "next": safe_next(next)}, status=403)
    context["pending_phone"] = hidden(phone.phone)
    try:
        attempt = await house.telling.verified.attempt(f"second:{manager.id}", client_address(request))
        right = await house.telling.verifier.check(phone.phone, code_in(code))
    except TooManyAttempts as error:
        headers = {"retry-after": str(max(1, round(error.retry_after)))}
        return page("sign_in.html", {**context, "error": str(error)}, status=429, headers=headers)
    except (InvalidInput, NotFound, NotTold) as error:
        return page("sign_in.html", {**context, "error": str(error)}, status=403)
    if not right:
        return page("sign_in.html", {**context, "error": "This is not the code; look at the SMS again"}, status=403)
    await house.telling.verified.succeed(attempt, f"second:{manager.id}")
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
