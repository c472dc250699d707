"""The channels pages: every inbox, and for each its connection, a live test, and how the bot behaves in it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from channels.trial import try_inbox
from domain.caution import MEASURED_ON, Caution
from domain.channels import ChannelCheck
from domain.errors import InvalidInput
from domain.managers import Inbox, Role
from domain.policy import Policy
from domain.rule_trial import RuleTrial
from storage.inbox_settings import CAUTION, changed_policy
from storage.past import past_questions, try_on_the_past
from web.behaviour import filled, settings_in
from web.caution import caution_choices
from web.connecting import address_of, features_of, settings_of
from web.listing import channel_icon
from web.pages import page
from web.security import require
from web.shell import AtDesk, Desk

router = APIRouter(prefix="/channels", include_in_schema=False)
MAY_CHANGE = Role.ADMIN
MOST_SHOWN = 20
"""Conversations listed of a trial."""


@dataclass(frozen=True)
class Item:
    inbox: Inbox
    label: str
    icon: str


@dataclass(frozen=True)
class Offer:
    """A kind of channel that can be connected."""

    kind: str
    label: str
    icon: str


@router.get("")
async def show(desk: AtDesk) -> Response:
    channels, inboxes = desk.services.channels, await desk.services.inboxes.list()
    items = [Item(inbox, channels[inbox.channel].features.label, channel_icon(inbox.channel)) for inbox in inboxes]
    offers = [Offer(kind.value, channel.features.label, channel_icon(kind)) for kind, channel in channels.items()]
    context = await desk.context("channels", items=items, offers=offers, may_change=desk.manager.may(MAY_CHANGE))
    return page("channels.html", context)


@router.get("/{inbox_id}")
async def show_one(desk: AtDesk, inbox_id: str, saved: str = "", connected: bool = False) -> Response:
    return await _page(desk, inbox_id, saved=saved, connected=connected)


@router.post("/{inbox_id}/connection", dependencies=[Depends(require(MAY_CHANGE))])
async def change_connection(request: Request, desk: AtDesk, inbox_id: str) -> Response:
    """A secret that is left empty stays as it is; any other empty field is taken away."""
    inbox = await desk.services.inboxes.get(inbox_id)
    _, features = features_of(desk, inbox.channel.value)
    async with request.form(max_fields=50) as form:
        given = {name: value.strip() for name, value in form.items() if isinstance(value, str) and name in features.settings}
    changes = {name: value for name, value in given.items() if value or name not in features.secret_settings}
    try:
        await desk.services.inboxes.set(inbox_id, changes)
    except InvalidInput as error:
        return await _page(desk, inbox_id, error=str(error), wrong="connection", status=422)
    return RedirectResponse(f"/channels/{inbox_id}?saved=connection#connection", 303)


@router.post("/{inbox_id}/test", dependencies=[Depends(require(MAY_CHANGE))])
async def test(desk: AtDesk, inbox_id: str) -> Response:
    """Asks the vendor now, and sets up there what can be set up from here."""
    inbox = await desk.services.inboxes.get(inbox_id)
    credentials = await desk.services.inboxes.credentials(inbox_id)
    channel = desk.services.channels[inbox.channel]
    address = address_of(desk.services, inbox, credentials)
    checked = await try_inbox(channel, inbox, credentials, desk.services.tokens, webhook_url=address)
    return await _page(desk, inbox_id, checked=checked)


@router.post("/{inbox_id}/{group}/try", dependencies=[Depends(require(MAY_CHANGE))])
async def try_group(request: Request, desk: AtDesk, inbox_id: str, group: str) -> Response:
    """Saves nothing: shows what the form's rules would have done with the last weeks' conversations."""
    async with request.form(max_fields=50) as form:
        settings = settings_in({name: value for name, value in form.items() if isinstance(value, str)}, group)
    inbox = await desk.services.inboxes.get(inbox_id)
    try:
        policy = changed_policy(inbox.policy, settings)
    except InvalidInput as error:
        return await _page(desk, inbox_id, error=str(error), wrong=group, status=422)
    trial = await try_on_the_past(desk.services.db, inbox, policy, now=datetime.now(UTC))
    return await _page(desk, inbox_id, tried=group, trial=trial, policy=policy)


@router.post("/{inbox_id}/caution", dependencies=[Depends(require(MAY_CHANGE))])
async def choose_caution(desk: AtDesk, inbox_id: str, caution: Annotated[Caution, Form()]) -> Response:
    await desk.services.inboxes.set(inbox_id, {CAUTION: caution.value})
    return RedirectResponse(f"/channels/{inbox_id}?saved=caution#caution", 303)


@router.post("/{inbox_id}/{group}", dependencies=[Depends(require(MAY_CHANGE))])
async def change(request: Request, desk: AtDesk, inbox_id: str, group: str) -> Response:
    async with request.form(max_fields=50) as form:
        settings = settings_in({name: value for name, value in form.items() if isinstance(value, str)}, group)
    try:
        await desk.services.inboxes.set(inbox_id, settings)
    except InvalidInput as error:
        return await _page(desk, inbox_id, error=str(error), wrong=group, status=422)
    return RedirectResponse(f"/channels/{inbox_id}?saved={group}#{group}", 303)


async def _page(
    desk: Desk,
    inbox_id: str,
    *,
    saved: str = "",
    connected: bool = False,
    error: str = "",
    wrong: str = "",
    checked: ChannelCheck | None = None,
    tried: str = "",
    trial: RuleTrial | None = None,
    policy: Policy | None = None,
    status: int = 200,
) -> Response:
    inbox = await desk.services.inboxes.get(inbox_id)
    credentials = await desk.services.inboxes.credentials(inbox_id)
    may_change = desk.manager.may(MAY_CHANGE)
    past = await past_questions(desk.services.db, inbox, now=datetime.now(UTC))
    _, features = features_of(desk, inbox.channel.value)
    context = await desk.context(
        "channels",
        inbox=inbox,
        features=features,
        icon_name=channel_icon(inbox.channel),
        address=address_of(desk.services, inbox, credentials) if may_change else "",
        settings=settings_of(features, inbox.public_settings, credentials),
        choices=caution_choices(past, inbox.policy),
        measured_on=MEASURED_ON,
        groups=filled(policy or inbox.policy),
        saved=saved,
        connected=connected,
        error=error,
        wrong=wrong,
        checked=checked,
        tried=tried,
        trial=trial,
        most_shown=MOST_SHOWN,
        may_change=may_change,
    )
    return page("channel.html", context, status=status)
