"""The inbox: one address per list and conversation, answered with the page or with the part that htmx asked for."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from domain.conversations import Section, Status
from domain.managers import Role
from web.listing import SECTION_NAMES, ListQuery, load_listing, query_of, row_of
from web.pages import page, target_of, wants_part
from web.shell import Desk
from web.thread import Conflict, load_panel, load_thread

router = APIRouter(include_in_schema=False)

AtDesk = Annotated[Desk, Depends()]
MOST_TOASTS = 3
"""More are summed up in one line."""


@router.get("/")
@router.get("/inbox")
async def home(desk: AtDesk) -> Response:
    return RedirectResponse("/inbox/mine", 303)


@router.get("/conversations/{conversation_id}")
async def permanent(desk: AtDesk, conversation_id: str) -> Response:
    """The address that notices carry; it outlives whatever section the conversation is in."""
    conversation = await desk.services.conversations.get(conversation_id)
    return RedirectResponse(ListQuery(section=Section.ALL).url(conversation.id), 303)


@router.get("/inbox/{section}")
async def show_list(request: Request, desk: AtDesk, section: str, shown: int = 0) -> Response:
    """`shown` is how many rows a tab already has: a live update gives it as many again."""
    query = query_of(request, section)
    if wants_part(request):
        match target_of(request):
            case "more-rows":
                listing = await load_listing(desk.services, desk.manager, query, None)
                return page("parts/rows.html", desk.part(listing=listing))
            case "list":
                listing = await load_listing(desk.services, desk.manager, query, request.query_params.get("open"), shown=shown)
                return page("parts/list.html", desk.part(listing=listing))
            case "thread":
                return page("parts/thread.html", desk.part(thread=None, panel=None))
    return await inbox_page(desk, query, None)


@router.get("/inbox/{section}/{conversation_id}")
async def show_conversation(
    request: Request,
    desk: AtDesk,
    section: str,
    conversation_id: str,
    before: str | None = None,
    panel: str = "evidence",
    person: str = "",
    pending: bool = False,
) -> Response:
    """Opening a conversation marks it as seen, unless a viewer does."""
    query = query_of(request, section)
    if wants_part(request):
        match target_of(request):
            case "panel":
                shown = await load_panel(desk.services, query, conversation_id, panel, searched=person)
                return page("parts/panel.html", desk.part(panel=shown))
            case "earlier":
                thread = await load_thread(desk.services, desk.manager, desk.clock, query, conversation_id, before=before)
                return page("parts/earlier.html", desk.part(thread=thread))
            case "thread":
                return await thread_part(desk, query, conversation_id, tab=panel)
    return await inbox_page(desk, query, conversation_id, before=before, tab=panel, searched=person, pending=pending)


@router.get("/pulse")
async def pulse(desk: AtDesk, after: float = 0.0, but: str = "") -> Response:
    """The rail's badge, and a toast for everybody who began to wait for this manager later than `after` (unix seconds).

    `but` names conversations to leave out, separated by commas: the one that is open, and toasts that were closed.
    """
    left_out = set(but.split(","))
    flagged = await desk.services.conversations.page(Section.MINE, manager_id=desk.manager.id, status=Status.FLAGGED, limit=50)
    flags = [
        row_of(conversation, ListQuery(), desk.manager, None)
        for conversation in flagged.items
        if conversation.hand_off is not None and conversation.hand_off.at.timestamp() > after and conversation.id not in left_out
    ]
    named = [one for one in await desk.services.teamwork.unseen_mentions(desk.manager.id) if one.conversation_id not in left_out]
    counts = await desk.services.conversations.counts(desk.manager.id)
    return page("components/pulse.html", desk.part(flags=flags, mentions=named, most=MOST_TOASTS, counts=counts))


async def inbox_page(
    desk: Desk,
    query: ListQuery,
    conversation_id: str | None,
    *,
    tab: str = "evidence",
    searched: str = "",
    status: int = 200,
    **thread: Any,
) -> Response:
    """The whole page; further keywords go to `load_thread`."""
    shown = panel = None
    if conversation_id is not None:
        shown = await load_thread(desk.services, desk.manager, desk.clock, query, conversation_id, **thread)
        await mark_seen(desk, shown.conversation.id, shown.conversation.unread)
        panel = await load_panel(desk.services, query, conversation_id, tab, searched=searched)
    listing = await load_listing(desk.services, desk.manager, query, conversation_id)
    context = await desk.context("inbox", section_name=SECTION_NAMES[query.section], listing=listing, thread=shown, panel=panel)
    return page("inbox.html", context, status=status)


async def thread_part(
    desk: Desk,
    query: ListQuery,
    conversation_id: str,
    *,
    tab: str = "evidence",
    pending: bool = False,
    conflict: Conflict | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """The thread, and beside it the panel."""
    thread = await load_thread(desk.services, desk.manager, desk.clock, query, conversation_id, pending=pending, conflict=conflict)
    await mark_seen(desk, conversation_id, thread.conversation.unread)
    panel = await load_panel(desk.services, query, conversation_id, tab)
    return page("parts/thread.html", desk.part(thread=thread, panel=panel), status=status, headers=headers)


async def mark_seen(desk: Desk, conversation_id: str, unread: int) -> None:
    await desk.services.teamwork.mentions_seen(conversation_id, desk.manager.id)
    if unread and desk.manager.may(Role.MANAGER):
        if desk.services.later is not None:
            desk.services.later.show(conversation_id, typing=False)
        await desk.services.conversations.mark_seen(conversation_id)
