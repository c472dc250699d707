"""The channels page: every inbox with its webhook address, and how the bot behaves in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from domain.channels import ChannelKind
from domain.errors import InvalidInput
from domain.managers import Inbox, Role
from domain.policy import Policy
from web.pages import page
from web.security import require
from web.shell import Desk

router = APIRouter(prefix="/channels", include_in_schema=False)

AtDesk = Annotated[Desk, Depends()]
MAY_CHANGE = Role.ADMIN

_FIELDS: tuple[tuple[str, str, str, bool], ...] = (
    ("answer_threshold", "Answers from a confidence of", "0 to 1; at 1 every question goes to a person.", False),
    ("quiet_window_seconds", "Waits for more messages, seconds", "Several messages within it get one answer.", False),
    ("reply_timeout_minutes", "Back to the bot if nobody answers, minutes", "", False),
    ("idle_timeout_minutes", "Resets when the customer is silent, minutes", "", False),
    ("notify_email_after_minutes", "E-mails the team after, minutes", "Empty: never.", False),
    ("notify_sms_after_minutes", "Texts the team after, minutes", "Empty: never.", False),
    ("greeting", "Greeting", "Empty: none.", True),
    ("holding_line", "What a customer hears when a person is needed", "", True),
    ("keywords", "Words that always go to a person", "With commas between them.", True),
    ("instructions", "Tone and extra instructions", "", True),
)
"""Name of the policy's field, words, hint, and whether it wants room."""


@dataclass(frozen=True)
class Field:
    name: str
    words: str
    hint: str
    wide: bool
    value: str


@dataclass(frozen=True)
class Item:
    inbox: Inbox
    label: str
    webhook_url: str
    chat_url: str
    fields: Sequence[Field]


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fields(policy: Policy) -> list[Field]:
    return [Field(name, words, hint, wide, _shown(getattr(policy, name))) for name, words, hint, wide in _FIELDS]


def _item(desk: Desk, inbox: Inbox) -> Item:
    channel = desk.services.channels.get(inbox.channel)
    chat = inbox.channel is ChannelKind.WEBCHAT
    base = desk.services.public_url
    return Item(
        inbox=inbox,
        label=channel.features.label if channel else inbox.channel.value,
        webhook_url="" if chat else f"{base}/webhooks/{inbox.channel.value}/{inbox.id}",
        chat_url=f"{base}/chat/{inbox.id}" if chat else "",
        fields=_fields(inbox.policy),
    )


async def _page(desk: Desk, *, saved: bool = False, error: str = "", status: int = 200) -> Response:
    items = [_item(desk, inbox) for inbox in await desk.services.inboxes.list()]
    context = await desk.context("channels", items=items, saved=saved, error=error, may_change=desk.manager.may(MAY_CHANGE))
    return page("channels.html", context, status=status)


@router.get("")
async def show(desk: AtDesk, saved: bool = False) -> Response:
    return await _page(desk, saved=saved)


@router.post("/{inbox_id}", dependencies=[Depends(require(MAY_CHANGE))])
async def change(request: Request, desk: AtDesk, inbox_id: str) -> Response:
    known = {name for name, *_ in _FIELDS}
    async with request.form(max_fields=50) as form:
        settings = {name: value.replace("\r\n", "\n") for name, value in form.items() if name in known and isinstance(value, str)}
    try:
        await desk.services.inboxes.set(inbox_id, settings)
    except InvalidInput as error:
        return await _page(desk, error=str(error), status=422)
    return RedirectResponse("/channels?saved=1", 303)
