"""One's own notifications: by what, when not, and which browsers take push messages."""

from datetime import time
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from domain.ladder import Medium
from domain.model import Model
from domain.notices import NoticePreferences, Scope
from web.assets import catalogue
from web.clock import ZONE_COOKIE
from web.pages import page
from web.security import current_manager, session_token
from web.shell import AtDesk, Desk

router = APIRouter(include_in_schema=False)

SOUNDS = (("chime", "Chime"), ("knock", "Knock"), ("bell", "Bell"))
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))


class Subscription(Model):
    """As a browser's `PushSubscription.toJSON()` gives it."""

    endpoint: str
    keys: dict[str, str]


async def notifications_page(
    desk: Desk,
    *,
    preferences: NoticePreferences | None = None,
    error: str = "",
    saved: bool = False,
    pending: str = "",
    pending_phone: str = "",
    status: int = 200,
) -> Response:
    """`pending` is what a code is waited for by, `pending_phone` the number that it was sent to."""
    house, me = desk.services.telling, desk.manager
    shown = preferences or await house.preferences.get(me.id)
    context = await desk.context(
        "notifications",
        preferences=shown,
        zone=shown.time_zone if shown.quiet_from else desk.request.cookies.get(ZONE_COOKIE, shown.time_zone),
        devices=await house.push.devices(me.id, session_token(desk.request) or ""),
        push_key=(await house.push.keys()).public,
        media={medium.value: medium in house.media for medium in Medium},
        sounds=SOUNDS,
        error=error,
        saved=saved,
        verified=await house.verified.phone(me.id),
        can_verify=house.verifier is not None,
        pending=pending,
        pending_phone=pending_phone,
    )
    return page("notifications.html", context, status=status)


@router.get("/notifications")
async def show(desk: AtDesk, saved: bool = False) -> Response:
    return await notifications_page(desk, saved=saved)


@router.post("/notifications")
async def change(
    desk: AtDesk,
    push: Annotated[bool, Form()] = False,
    email: Annotated[bool, Form()] = False,
    sms: Annotated[bool, Form()] = False,
    scope: Annotated[Scope, Form()] = Scope.ALL,
    quiet: Annotated[bool, Form()] = False,
    quiet_from: Annotated[str, Form(max_length=8)] = "",
    quiet_to: Annotated[str, Form(max_length=8)] = "",
    time_zone: Annotated[str, Form(max_length=64)] = "UTC",
) -> Response:
    wanted: dict[str, object] = {"push": push, "email": email, "sms": sms, "scope": scope}
    try:
        hours = {"quiet_from": _time(quiet_from), "quiet_to": _time(quiet_to)} if quiet else {}
        preferences = NoticePreferences.model_validate({**wanted, **hours, "time_zone": time_zone.strip() or "UTC"})
    except ValidationError as refused:
        why = "; ".join(problem["msg"].removeprefix("Value error, ") for problem in refused.errors())
        return await _not_saved(desk, wanted, f"This can't be saved: {why}")
    except ValueError:
        return await _not_saved(desk, wanted, "Write quiet hours like 22:00 and 07:00")
    await desk.services.telling.preferences.set(desk.manager.id, preferences)
    return RedirectResponse("/notifications?saved=1", 303)


async def _not_saved(desk: Desk, wanted: dict[str, object], error: str) -> Response:
    return await notifications_page(desk, preferences=NoticePreferences.model_validate(wanted), error=error, status=422)


def _time(given: str) -> time | None:
    """Raises ValueError."""
    return time.fromisoformat(given).replace(tzinfo=None, second=0, microsecond=0) if given.strip() else None


@router.post("/notifications/push")
async def subscribe(desk: AtDesk, subscription: Subscription) -> Response:
    """This browser takes push messages from now on, until its session is closed."""
    token = session_token(desk.request)
    assert token is not None, "nobody gets here without a session"
    await desk.services.telling.push.add(
        desk.manager.id,
        token,
        endpoint=subscription.endpoint,
        p256dh=subscription.keys.get("p256dh", ""),
        auth=subscription.keys.get("auth", ""),
        label=_named(desk.request.headers.get("user-agent", "")),
    )
    return Response(status_code=204)


@router.post("/notifications/push/{subscription_id}/remove")
async def unsubscribe(desk: AtDesk, subscription_id: str) -> Response:
    await desk.services.telling.push.remove(desk.manager.id, subscription_id)
    return RedirectResponse("/notifications", 303)


def _named(agent: str) -> str:
    """`Chrome on Android`: enough to tell one's own devices apart."""
    browser = next((words for mark, words in _BROWSERS if mark in agent), "A browser")
    system = next((words for mark, words in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


@router.get("/sw.js", dependencies=[Depends(current_manager)])
async def service_worker(request: Request) -> Response:
    """At the root, because a service worker only reaches what lies below its own address."""
    item = catalogue()["sw.js"]
    headers = {"cache-control": "no-cache", "etag": item.etag}
    if request.headers.get("if-none-match") == item.etag:
        return Response(status_code=304, headers=headers)
    return Response(item.content, headers=headers, media_type=item.media_type)
