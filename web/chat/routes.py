"""The chat's addresses. The page works as plain HTML; its script makes it live. The widget shows the same page in a frame."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from domain.channels import ChannelKind
from domain.errors import AuthenticityError, EngineUnavailable, FrontdeskError, InvalidInput, NotFound, TooManyAttempts
from domain.line_texts import LineKey
from domain.lines import line
from domain.managers import Inbox
from domain.model import Model
from web.assets import catalogue
from web.chat.look import brand, frame_ancestors, linked, split_offer, text_on, theme_css
from web.chat.texts import Texts, texts_for
from web.chat.uploads import INLINE_TYPES, TooLarge, TooManyFiles, UnreadableFile
from web.chat.view import EMPTY, FILE_PURPOSE, ChatMessage, ChatView, Owners, State, VisitorChat
from web.chat.visitors import Limits, known_visitor, new_token, remember, required_visitor
from web.chat.writing import NothingWritten, TooLong, deliver, is_json, read_written
from web.live import Resync, last_event_id
from web.pages import render
from web.security import client_address
from web.services import Services, services

router = APIRouter(tags=["Website chat"])

PING_SECONDS = 15
SEND_TIMEOUT_SECONDS = 10.0
"""A client that takes no bytes for so long is let go."""

_STATUS_OF: tuple[tuple[type[FrontdeskError], int, str], ...] = (
    (TooManyFiles, 400, "too_many_files"),
    (TooLarge, 413, "too_large"),
    (UnreadableFile, 415, "unreadable_file"),
    (TooLong, 400, "too_long"),
    (NothingWritten, 400, "nothing"),
    (TooManyAttempts, 429, "too_fast"),
    (EngineUnavailable, 503, "unreachable"),
)
"""Errors that a visitor is told in the page's language: kind, status, the text's field."""


class ChatState:
    """What the chat keeps in memory, per process."""

    def __init__(self, found: Services, limits: Limits | None = None) -> None:
        self.owners = Owners(found.conversations)
        self.limits = limits or Limits()


class VisitorToken(Model):
    """A new visitor. Send the token as `Authorization: Bearer` with everything else."""

    visitor_id: str
    token: str


class Accepted(Model):
    message_id: str
    conversation_id: str | None = Field(description="null until it is known")
    duplicate: bool


class WidgetLook(Model):
    """What the launcher needs to look like the inbox."""

    colour: str
    ink: str
    label: str
    close: str


def chat_state(request: Request) -> ChatState:
    state = getattr(request.app.state, "chat", None)
    if not isinstance(state, ChatState):
        state = request.app.state.chat = ChatState(services(request))
    return state


async def chat_inbox(request: Request, inbox_id: str) -> Inbox:
    """Dependency. Raises NotFound, for inboxes of other channels too."""
    inbox = await services(request).inboxes.get(inbox_id)
    if inbox.channel is not ChannelKind.WEBCHAT:
        raise NotFound(f"There is no website chat {inbox_id!r}")
    return inbox


Desk = Annotated[Services, Depends(services)]
ChatInbox = Annotated[Inbox, Depends(chat_inbox)]
Memory = Annotated[ChatState, Depends(chat_state)]


def _texts(request: Request) -> Texts:
    return texts_for(request.headers.get("accept-language", ""), request.query_params.get("lang"))


@router.get("/chat/{inbox_id}", response_class=HTMLResponse, summary="The chat page; `?embed=1` is what the widget frames")
async def page(request: Request, inbox: ChatInbox, desk: Desk, embed: bool = False, sent: bool = False) -> Response:
    if embed:
        return _page(request, inbox, EMPTY, embed=True)
    visitor_id = known_visitor(request, desk.vault, inbox.id, desk.public_url)
    if visitor_id is None:
        response = _page(request, inbox, EMPTY)
        remember(response, new_token(desk.vault, inbox.id)[1], inbox.id, desk.public_url)
        return response
    return _page(request, inbox, await VisitorChat(desk, inbox, visitor_id).view(), notice=_texts(request).sent_notice if sent else None)


@router.get("/chat/{inbox_id}/session", summary="A new visitor's token, for frames and programs")
async def session(inbox: ChatInbox, desk: Desk) -> VisitorToken:
    visitor_id, token = new_token(desk.vault, inbox.id)
    return VisitorToken(visitor_id=visitor_id, token=token)


@router.post("/chat/{inbox_id}/messages", status_code=202, response_model=Accepted, summary="A visitor writes: JSON {id, text}, or a form")
async def write(request: Request, inbox: ChatInbox, desk: Desk, memory: Memory) -> Response:
    """Answers 202 only once the message is durable. A repeat under the same `id` changes nothing."""
    wants_json = is_json(request) or "application/json" in request.headers.get("accept", "")
    text = ""
    try:
        token = None
        visitor_id = known_visitor(request, desk.vault, inbox.id, desk.public_url)
        if visitor_id is None:
            if wants_json:
                raise AuthenticityError("Get a token from /chat/{inbox_id}/session first, or open the page", missing=True)
            visitor_id, token = new_token(desk.vault, inbox.id)
        written = await read_written(request)
        text = written.text
        memory.limits.message(visitor_id, client_address(request), upload_bytes=written.size)
        receipt = await deliver(desk, inbox, visitor_id, written, accept_language=request.headers.get("accept-language", ""))
    except (InvalidInput, TooManyAttempts, EngineUnavailable) as error:
        return _refusal(request, inbox, error, wants_json=wants_json, text=text)
    if wants_json:
        accepted = Accepted(message_id=receipt.message_id, conversation_id=receipt.conversation_id, duplicate=receipt.duplicate)
        return JSONResponse(accepted.model_dump(mode="json"), 202)
    response = RedirectResponse(f"/chat/{inbox.id}?sent=1#end", 303)
    if token is not None:
        remember(response, token, inbox.id, desk.public_url)
    return response


@router.get("/chat/{inbox_id}/messages", summary="The visitor's newest messages, oldest first")
async def messages(request: Request, inbox: ChatInbox, desk: Desk, after: Annotated[str | None, Query()] = None) -> ChatView:
    """`after` leaves out everything up to that message. A reply that was begun before it may then be missed: to miss nothing, ask
    without it and know messages by their ids."""
    visitor_id = required_visitor(request, desk.vault, inbox.id, desk.public_url)
    view = await VisitorChat(desk, inbox, visitor_id).view()
    ids = [message.id for message in view.messages]
    return view.model_copy(update={"messages": view.messages[ids.index(after) + 1 :]}) if after in ids else view


@router.get("/chat/{inbox_id}/events", summary="The same, live, as server-sent events", response_class=EventSourceResponse)
async def events(request: Request, inbox: ChatInbox, desk: Desk, memory: Memory) -> Response:
    visitor_id = required_visitor(request, desk.vault, inbox.id, desk.public_url)
    memory.limits.may_stream(client_address(request))
    last = last_event_id(request.headers.get("last-event-id", ""))
    stream = _updates(VisitorChat(desk, inbox, visitor_id), memory, _texts(request), client_address(request), last)
    return EventSourceResponse(stream, ping=PING_SECONDS, send_timeout=SEND_TIMEOUT_SECONDS, sep="\n")


async def _updates(chat: VisitorChat, memory: ChatState, texts: Texts, source: str, last: int | None) -> AsyncIterator[ServerSentEvent]:
    """Each event holds the state and the messages that this stream has not sent yet; the first one all, so that nothing is missed."""
    live = chat.services.live
    with memory.limits.stream(source):
        head = await live.head()
        sent: set[str] = set()
        state: tuple[State, str | None] | None = None
        view = await chat.view()
        if last == head:
            sent, state = {message.id for message in view.messages}, (view.state, view.person)
        yield _event(head, view, sent, chat.inbox, texts)
        sent, state = {message.id for message in view.messages}, (view.state, view.person)
        contact_id = await chat.contact_id()
        async for event in live.subscribe(after=head):
            if isinstance(event, Resync):
                number = event.head
            else:
                number = event.id
                if event.conversation_id is None:
                    continue
                contact_id = contact_id or await chat.contact_id()
                if contact_id is None or await memory.owners.contact_of(event.conversation_id) != contact_id:
                    continue
            view = await chat.view()
            now = (view.state, view.person)
            if now == state and all(message.id in sent for message in view.messages):
                continue
            yield _event(number, view, sent, chat.inbox, texts)
            sent, state = {message.id for message in view.messages}, now


def _event(number: int, view: ChatView, sent: set[str], inbox: Inbox, texts: Texts) -> ServerSentEvent:
    fresh = [
        {"id": message.id, "client_id": message.client_id, "sender": message.sender, "html": _message_html(message, inbox, texts)}
        for message in view.messages
        if message.id not in sent
    ]
    data = {"state": view.state, "person": view.person, "messages": fresh}
    return ServerSentEvent(json.dumps(data, ensure_ascii=False, separators=(",", ":")), id=str(number), event="update", sep="\n")


@router.get("/chat/{inbox_id}/files/{file_id}", summary="A file of a conversation; the link carries its permission")
async def file(inbox: ChatInbox, desk: Desk, file_id: str, key: str = "") -> Response:
    if not key:
        raise AuthenticityError("This link is incomplete; open the file from the chat", missing=True)
    if desk.vault.verify(FILE_PURPOSE, key) != f"{inbox.id}/{file_id}":
        raise AuthenticityError("This link is for another file")
    stored = await desk.files.get(file_id)
    inline = stored.mime_type in INLINE_TYPES
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in " .-_") else "_" for letter in stored.name)
    return Response(
        stored.content,
        media_type=stored.mime_type if inline or stored.mime_type == "application/pdf" else "application/octet-stream",
        headers={
            "content-disposition": f'{"inline" if inline else "attachment"}; filename="{plain}"',
            "content-security-policy": "default-src 'none'; sandbox",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "private, max-age=86400",
        },
    )


@router.get("/chat/{inbox_id}/theme.css", summary="The inbox's colour")
async def theme(inbox: ChatInbox) -> Response:
    return Response(theme_css(inbox), media_type="text/css", headers={"cache-control": "public, max-age=300"})


@router.get("/chat/{inbox_id}/widget.json", summary="The launcher's look; any site may read it")
async def widget_look(request: Request, inbox: ChatInbox) -> Response:
    texts, colour = _texts(request), brand(inbox)
    look = WidgetLook(colour=colour, ink=text_on(colour), label=texts.open_chat, close=texts.close)
    return JSONResponse(look.model_dump(), headers={"access-control-allow-origin": "*", "cache-control": "public, max-age=300"})


@router.get("/widget.js", summary="The widget's loader: <script src=… data-inbox=… async>")
async def widget_script(request: Request) -> Response:
    item = catalogue()["chat/widget.js"]
    headers = {
        "cache-control": "public, max-age=300",
        "etag": item.etag,
        "vary": "Accept-Encoding",
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
    }
    if request.headers.get("if-none-match") == item.etag:
        return Response(status_code=304, headers=headers)
    if item.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(item.gzipped, headers=headers | {"content-encoding": "gzip"}, media_type=item.media_type)
    return Response(item.content, headers=headers, media_type=item.media_type)


def _page(
    request: Request,
    inbox: Inbox,
    view: ChatView,
    *,
    embed: bool = False,
    notice: str | None = None,
    error: str | None = None,
    text: str = "",
    status: int = 200,
) -> Response:
    texts = _texts(request)
    context: dict[str, Any] = {
        "inbox": inbox,
        "base": f"/chat/{inbox.id}",
        "greeting": line(LineKey.GREETING, texts.language, inbox.policy) or texts.greeting,
        "view": view,
        "t": texts,
        "embed": embed,
        "notice": notice,
        "error": error,
        "draft": text,
        "form_id": str(uuid4()),
        "talk_id": str(uuid4()),
        "linked": linked,
        "split_offer": split_offer,
    }
    ancestors = frame_ancestors(inbox) if embed else "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
        f"base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors {ancestors}"
    )
    headers = {"content-security-policy": policy, "vary": "Accept-Language, Cookie"}
    return HTMLResponse(render("chat/page.html", context), status, headers)


def _message_html(message: ChatMessage, inbox: Inbox, texts: Texts) -> str:
    context = {"message": message, "base": f"/chat/{inbox.id}", "t": texts, "form_id": str(uuid4())}
    context |= {"linked": linked, "split_offer": split_offer}
    return render("chat/message.html", context)


def _refusal(request: Request, inbox: Inbox, error: FrontdeskError, *, wants_json: bool, text: str) -> Response:
    """Programs get the problem document of every address; a form comes back with its text and what was wrong."""
    status, field = next(((status, field) for kind, status, field in _STATUS_OF if isinstance(error, kind)), (400, None))
    words = getattr(_texts(request), field) if field else str(error)
    headers = {"retry-after": str(max(1, round(error.retry_after)))} if isinstance(error, TooManyAttempts) else {}
    if wants_json:
        problem = {"type": "about:blank", "title": words, "status": status, "detail": str(error)}
        return JSONResponse(problem, status, headers, media_type="application/problem+json")
    response = _page(request, inbox, EMPTY, error=words, text=text, status=status)
    response.headers.update(headers)
    return response
