"""Connecting a channel: a page for each kind with numbered steps, the form for what the vendor gave, and what to enter there."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from domain.channels import ChannelFeatures, ChannelKind, webhook_path
from domain.errors import Conflict, InvalidInput, NotFound
from domain.managers import Inbox, Role
from web.pages import page
from web.security import require
from web.services import Services
from web.shell import AtDesk, Desk

MAY_CHANGE = Role.ADMIN
router = APIRouter(prefix="/connect", include_in_schema=False, dependencies=[Depends(require(MAY_CHANGE))])

_WORDS: Mapping[str, tuple[str, str]] = {
    "access_token": ("Access token", ""),
    "account_id": ("Account's id", "Digits"),
    "account_sid": ("Account SID", "Begins with AC"),
    "app_id": ("Application's id", "Digits"),
    "app_secret": ("App secret", ""),
    "auth_token": ("Auth token", ""),
    "bot_token": ("Bot token", "Looks like 7000000042:AAF..."),
    "callback_url": ("Where replies are posted", "https://..."),
    "client_secret": ("Client secret", ""),
    "colour": ("Colour", "#rrggbb"),
    "from_number": ("Number", "With + and country code"),
    "login": ("Login", "instagram or facebook"),
    "messaging_service_sid": ("Messaging service SID", "Begins with MG; instead of a number"),
    "origins": ("Sites that show the widget", "https://www.shop.example, with commas between them"),
    "page_id": ("Page's id", "Digits"),
    "phone_number_id": ("Phone number ID", "Digits"),
    "refresh_token": ("Refresh token", "Begins with TG-"),
    "secret": ("Signing secret", "Empty: one is made"),
    "site_id": ("Site", "MLA, MLB, MLC, MLM ..."),
    "user_id": ("Seller's user id", "Digits"),
    "verify_token": ("Verify token", "Empty: one is made"),
    "waba_id": ("WhatsApp Business Account ID", "Digits"),
    "webhook_secret": ("Webhook secret", "Empty: one is made"),
}
"""What a setting is called at its vendor, and how it looks."""

_MADE_HERE = frozenset({"path_secret", "webhook_secret"})
"""Drawn by us and never typed by anybody."""


@dataclass(frozen=True)
class Setting:
    """One of a channel's settings as a form field. A secret's value is never shown; `is_set` says that there is one."""

    name: str
    words: str
    hint: str
    secret: bool
    required: bool
    value: str = ""
    is_set: bool = False


def settings_of(features: ChannelFeatures, public: Mapping[str, str], known: Mapping[str, str]) -> list[Setting]:
    """`public` may be shown again, `known` are all that have a value."""
    return [
        Setting(
            name=name,
            words=_WORDS.get(name, (name.replace("_", " ").capitalize(), ""))[0],
            hint=_WORDS.get(name, ("", ""))[1],
            secret=name in features.secret_settings,
            required=name in features.required_settings,
            value=public.get(name, "") if name not in features.secret_settings else "",
            is_set=name in known,
        )
        for name in features.settings
        if name not in _MADE_HERE
    ]


def address_of(house: Services, inbox: Inbox, credentials: Mapping[str, str]) -> str:
    """What the vendor is told; the chat page's own address for a website chat."""
    if inbox.channel is ChannelKind.WEBCHAT:
        return f"{house.public_url}/chat/{inbox.id}"
    return house.public_url + webhook_path(inbox.channel, inbox.id, credentials)


def features_of(desk: Desk, kind: str) -> tuple[ChannelKind, ChannelFeatures]:
    """Raises NotFound for a kind that is not built."""
    found = {known.value: (known, channel.features) for known, channel in desk.services.channels.items()}
    if kind not in found:
        raise NotFound(f"There is no channel {kind}; choose one on the channels page")
    return found[kind]


@router.get("/{kind}")
async def steps(desk: AtDesk, kind: str) -> Response:
    return await _page(desk, kind, {})


@router.post("/{kind}")
async def connect(request: Request, desk: AtDesk, kind: str) -> Response:
    """Adds the inbox, and shows once what was made for it and must be entered at the vendor."""
    known, features = features_of(desk, kind)
    async with request.form(max_fields=50) as form:
        given = {name: value.strip() for name, value in form.items() if isinstance(value, str) and value.strip()}
    settings = {name: value for name, value in given.items() if name in features.settings and name not in _MADE_HERE}
    try:
        inbox = await desk.services.inboxes.add(known, given.get("name", ""), inbox_id=given.get("id"), settings=settings)
    except (InvalidInput, Conflict) as error:
        return await _page(desk, kind, given, error=str(error), status=409 if isinstance(error, Conflict) else 422)
    credentials = await desk.services.inboxes.credentials(inbox.id)
    made = {
        name: credentials[name]
        for name in features.secret_settings
        if name in credentials and name not in settings and name not in _MADE_HERE
    }
    if not made:
        return RedirectResponse(f"/channels/{inbox.id}?connected=1", 303)
    context = {
        "inbox": inbox,
        "label": features.label,
        "made": made,
        "address": address_of(desk.services, inbox, credentials),
        "words": _WORDS,
    }
    return page("connected.html", await desk.context("channels", **context), status=201, headers={"cache-control": "no-store"})


async def _page(desk: Desk, kind: str, given: Mapping[str, str], *, error: str = "", status: int = 200) -> Response:
    known, features = features_of(desk, kind)
    public = {name: value for name, value in given.items() if name not in features.secret_settings}
    context = {
        "kind": known,
        "features": features,
        "fields": settings_of(features, public, {}),
        "given": public,
        "error": error,
        "public_url": desk.services.public_url,
    }
    return page("connect.html", await desk.context("channels", **context), status=status)
