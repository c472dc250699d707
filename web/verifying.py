"""One's own telephone number and second factor, and a customer's identity: each by a code that comes by SMS."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import RedirectResponse, Response

from domain.errors import AuthenticityError, FrontdeskError, InvalidInput, NotFound, NotTold, TooManyAttempts
from domain.managers import Role
from domain.verification import Verifier, code_in, hidden, number_in
from web.notifications import notifications_page
from web.security import client_address, require
from web.services import Services
from web.shell import AtDesk
from web.verbs import OneAct

router = APIRouter(include_in_schema=False)

PHONE = "verify-phone"
GOOD_FOR = timedelta(minutes=10)
WRONG = "This is not the code; look at the SMS again"
SAYABLE = (InvalidInput, TooManyAttempts, NotFound, NotTold)
"""What a person can do something about: said beside the form."""


def verifier_of(house: Services) -> Verifier:
    """Raises InvalidInput where no service is set up."""
    if house.telling.verifier is None:
        raise InvalidInput("Codes by SMS aren't set up here: an operator sets FRONTDESK_TWILIO_VERIFY_SERVICE_SID")
    return house.telling.verifier


def _status(error: FrontdeskError) -> int:
    return 429 if isinstance(error, TooManyAttempts) else 502 if isinstance(error, NotTold) else 422


@router.post("/notifications/phone")
async def send_code(desk: AtDesk, phone: Annotated[str, Form(max_length=40)]) -> Response:
    """A code to one's own new number."""
    house, me = desk.services, desk.manager
    try:
        number = number_in(phone)
        await house.telling.verified.attempt(f"send:{me.id}", f"send:{me.id}")
        await verifier_of(house).start(number)
    except SAYABLE as error:
        return await notifications_page(desk, error=str(error), status=_status(error))
    pending = house.vault.sign(PHONE, f"{me.id} {number}", lifetime=GOOD_FOR)
    return await notifications_page(desk, pending=pending, pending_phone=hidden(number))


@router.post("/notifications/phone/code")
async def check_code(desk: AtDesk, pending: Annotated[str, Form(max_length=500)], code: Annotated[str, Form(max_length=20)]) -> Response:
    house, me = desk.services, desk.manager
    try:
        owner, number = house.vault.verify(PHONE, pending).split(" ")
    except (AuthenticityError, ValueError):
        owner = number = ""
    if owner != me.id:
        return await notifications_page(desk, error="This took too long; ask for a new code", status=422)
    try:
        attempt = await house.telling.verified.attempt(f"code:{me.id}", client_address(desk.request))
        right = await verifier_of(house).check(number, code_in(code))
    except SAYABLE as error:
        return await notifications_page(desk, error=str(error), pending=pending, pending_phone=hidden(number), status=_status(error))
    if not right:
        return await notifications_page(desk, error=WRONG, pending=pending, pending_phone=hidden(number), status=422)
    await house.telling.verified.succeed(attempt, f"code:{me.id}")
    await house.telling.verified.confirm(me.id, number)
    return RedirectResponse("/notifications?saved=1", 303)


@router.post("/notifications/second-factor")
async def second_factor(desk: AtDesk, on: Annotated[bool, Form()] = False) -> Response:
    try:
        await desk.services.telling.verified.set_second_factor(desk.manager.id, on)
    except InvalidInput as error:
        return await notifications_page(desk, error=str(error), status=422)
    return RedirectResponse("/notifications?saved=1", 303)


@router.post("/team/{manager_id}/second-factor/off", dependencies=[Depends(require(Role.OWNER))])
async def drop_second_factor(desk: AtDesk, manager_id: str) -> Response:
    """For whoever has lost the telephone. A sign-in link from an owner gets them in as well."""
    await desk.services.telling.verified.drop_second_factor(manager_id)
    return RedirectResponse(f"/team/{manager_id}", 303)


@router.post("/conversations/{conversation_id}/identity", dependencies=[Depends(require(Role.MANAGER))])
async def send_identity_code(act: OneAct, phone: Annotated[str, Form(max_length=40)]) -> Response:
    """Sends a code to the customer; a private note says so."""
    house, me = act.desk.services, act.desk.manager
    conversation = await house.conversations.get(act.conversation_id)
    number = number_in(phone)
    await house.telling.verified.attempt(f"identity:{act.conversation_id}", f"identity:{me.id}")
    try:
        await verifier_of(house).start(number, language=conversation.language)
    except NotTold as error:
        raise InvalidInput(str(error)) from error
    await house.telling.verified.start_check(act.conversation_id, number, me.id)
    await _note(act, f"Identity check: a code was sent by SMS to {hidden(number)}.")
    return await act.done(None) if act.partial else RedirectResponse(act.query.url(act.conversation_id, panel="customer"), 303)


@router.post("/conversations/{conversation_id}/identity/code", dependencies=[Depends(require(Role.MANAGER))])
async def check_identity_code(act: OneAct, code: Annotated[str, Form(max_length=20)]) -> Response:
    """The code as the customer wrote or said it; a private note holds the result."""
    house = act.desk.services
    check = await house.telling.verified.last_check(act.conversation_id)
    if check is None or check.confirmed_at is not None:
        raise InvalidInput("No code is waited for in this conversation; send one first")
    given = code_in(code)
    await house.telling.verified.attempt(f"identity-code:{check.id}", f"identity:{act.desk.manager.id}")
    try:
        right = await verifier_of(house).check(check.phone, given)
    except NotTold as error:
        raise InvalidInput(str(error)) from error
    if not right:
        await _note(act, f"Identity check: a wrong code was given for {hidden(check.phone)}.")
        raise InvalidInput("This is not the code; ask the customer to look at the SMS again")
    await house.telling.verified.confirm_check(check.id)
    await _note(act, f"Identity confirmed: the customer holds the number {hidden(check.phone)}.")
    return await act.done(None) if act.partial else RedirectResponse(act.query.url(act.conversation_id, panel="customer"), 303)


async def _note(act: OneAct, words: str) -> None:
    store = act.desk.services.teamwork
    await store.add_note(act.conversation_id, act.desk.manager.id, words, note_id=f"{act.action_id}:identity")
