"""Who is asking: the session cookie, the sign-in dependencies, and where browsers may be sent."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from fastapi import Depends, HTTPException, Request
from starlette.responses import Response

from domain.errors import PermissionDenied
from domain.managers import Manager, Role
from web.services import services

SESSION_SECONDS = 30 * 24 * 3600
"""How long a browser keeps the cookie; how long the session is good for is `People`'s to say."""


def _cookie_name(public_url: str) -> str:
    """Browsers take a `__Host-` cookie only over https, only for this host, only with Path=/."""
    return "__Host-session" if public_url.startswith("https://") else "session"


def session_token(request: Request) -> str | None:
    return request.cookies.get(_cookie_name(services(request).public_url))


def client_address(request: Request) -> str:
    """Whom throttles count by. The peer's address; a proxy's `X-Forwarded-For` counts only where uvicorn was told to trust it."""
    return request.client.host if request.client is not None else "unknown"


async def sign_in(request: Request, response: Response, manager: Manager) -> None:
    """Opens a session and sets its cookie on `response`; a session that the browser still had is closed."""
    door = services(request)
    if (old := session_token(request)) is not None:
        await door.people.close_session(old)
    response.set_cookie(
        _cookie_name(door.public_url),
        await door.people.open_session(manager.id),
        max_age=SESSION_SECONDS,
        path="/",
        secure=door.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


async def sign_out(request: Request, response: Response) -> None:
    """Closes the session and removes its cookie; does nothing where there is none."""
    door = services(request)
    if (token := session_token(request)) is not None:
        await door.people.close_session(token)
    name = _cookie_name(door.public_url)
    response.delete_cookie(name, path="/", secure=door.public_url.startswith("https://"), httponly=True, samesite="lax")


async def optional_manager(request: Request) -> Manager | None:
    """Whoever is signed in, or None. A dependency for pages that work for both."""
    token = session_token(request)
    return None if token is None else await services(request).people.session(token)


async def current_manager(request: Request) -> Manager:
    """Dependency: the signed-in person.

    Otherwise a page being opened is sent to `/sign-in?next=` (303), everything else (fetch, htmx, event streams) gets a 401.
    """
    manager = await optional_manager(request)
    if manager is not None:
        return manager
    if _is_navigation(request):
        raise HTTPException(303, headers={"Location": sign_in_url(request)})
    raise HTTPException(401, "You are signed out. Sign in and try again.")


SignedIn = Depends(current_manager)


def require(least: Role) -> Callable[[Manager], Awaitable[Manager]]:
    """Dependency: the signed-in person, if their role reaches `least`. Raises PermissionDenied."""

    async def check(manager: Manager = SignedIn) -> Manager:
        if not manager.may(least):
            raise PermissionDenied(f"This needs the role {least.value}; yours is {manager.role.value}. Ask an owner of this installation.")
        return manager

    return check


def sign_in_url(request: Request) -> str:
    """Leads back to the page that was asked for; a form that was sent without a session can't be sent again, so it leads home."""
    if request.method not in ("GET", "HEAD"):
        return "/sign-in"
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return "/sign-in" if target == "/" else f"/sign-in?next={quote(target, safe='/')}"


def safe_next(target: str | None) -> str:
    """`target` if it is a path on this site, else `/`: a sign-in link must never lead a browser elsewhere."""
    plain = target is not None and target.isprintable() and target.isascii() and "\\" not in target
    return target if target is not None and plain and target.startswith("/") and not target.startswith("//") else "/"


def _is_navigation(request: Request) -> bool:
    """Whether a browser is opening a page, as opposed to a script or htmx asking for a part of one."""
    if "hx-request" in request.headers:
        return False
    mode = request.headers.get("sec-fetch-mode")
    return mode == "navigate" if mode is not None else "text/html" in request.headers.get("accept", "")
