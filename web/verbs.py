"""What a manager does to a conversation. Each is a plain form: 303 back to the page, or the changed thread where htmx asked.

Every form carries an `action_id`; sent twice, it is done once. A refusal answers 409 and says why, with the text that was written.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from channels.lengths import refusal
from domain.commands import Assign, HandOffToPerson, PersonVerb, PostReply, RefusedBecause, Release, Resolve, Snooze, Take, Verdict
from domain.conversations import Status
from domain.errors import InvalidInput, NotFound
from domain.managers import Role
from domain.messages import Message
from domain.model import storable
from web.attaching import stored_uploads
from web.chat.uploads import read_uploads
from web.inbox import inbox_page, thread_part
from web.listing import ListQuery, query_of_address
from web.message_templates import filled_template, templates_of
from web.pages import page
from web.security import require
from web.shell import Desk
from web.thread import Chooser, Conflict, load_thread
from web.unknown_sends import it_arrived, send_again

router = APIRouter(prefix="/conversations/{conversation_id}", include_in_schema=False, dependencies=[Depends(require(Role.MANAGER))])

LONGEST_TEXT = 10_000


class Act:
    """A FastAPI dependency: one form about one conversation."""

    def __init__(
        self,
        request: Request,
        conversation_id: str,
        desk: Annotated[Desk, Depends()],
        back: Annotated[str, Form(max_length=2_000)] = "",
        action_id: Annotated[str, Form(max_length=64)] = "",
    ) -> None:
        self.desk = desk
        self.conversation_id = conversation_id
        self.action_id = action_id or str(uuid4())
        self.query: ListQuery = query_of_address(back)
        self.partial = "hx-request" in request.headers

    @property
    def manager_id(self) -> str:
        return self.desk.manager.id

    async def do(self, verb: PersonVerb) -> Verdict | None:
        return await self.desk.services.gateway.act(verb)

    async def refused(self, verdict: Verdict, *, text: str = "", note: bool = False) -> Response:
        """409: the conflict panel, beside what was written."""
        conflict = await self._conflict(verdict)
        desk = self.desk
        if not self.partial:
            return await inbox_page(desk, self.query, self.conversation_id, status=409, conflict=conflict, text=text, note=note)
        thread = await load_thread(desk.services, desk.manager, desk.clock, self.query, self.conversation_id)
        headers = {"hx-retarget": "#conflict", "hx-reswap": "innerHTML", "hx-trigger": _event("frontdesk:refused", action=self.action_id)}
        return page("parts/conflict.html", desk.part(conflict=conflict, thread=thread), status=409, headers=headers)

    async def done(self, verdict: Verdict | None, *events: str, conversation_id: str | None = None) -> Response:
        """The thread as it is now. `verdict` None: accepted by the engine, but nothing is known of it yet."""
        shown = conversation_id or self.conversation_id
        if not self.partial:
            return RedirectResponse(self.query.url(shown, **({"pending": "1"} if verdict is None else {})), 303)
        message_id = verdict.message_id if verdict is not None else None
        headers = {"hx-trigger": _event("frontdesk:done", action=self.action_id, message=message_id or "", events=" ".join(events))}
        return await thread_part(desk=self.desk, query=self.query, conversation_id=shown, pending=verdict is None, headers=headers)

    async def carry_out(self, verb: PersonVerb, *events: str) -> Response:
        verdict = await self.do(verb)
        if verdict is not None and not verdict.accepted:
            return await self.refused(verdict)
        return await self.done(verdict, *events, conversation_id=verdict.conversation_id if verdict else None)

    async def _conflict(self, verdict: Verdict) -> Conflict:
        store = self.desk.services.conversations
        recent = await store.messages(self.conversation_id) if verdict.unseen else ()
        unseen: Sequence[Message] = [message for message in recent if message.id in verdict.unseen]
        owner = ""
        if verdict.owner_id is not None:
            owner = (await self.desk.services.people.get(verdict.owner_id)).name
        return Conflict(
            reason=verdict.reason or RefusedBecause.NOT_POSSIBLE,
            detail=verdict.detail,
            owner=owner,
            unseen=unseen,
            verb=verdict.verb,
            action_id=str(uuid4()),
        )


OneAct = Annotated[Act, Depends()]

VALUE_PREFIX = "value_"


class TemplateList:
    """A FastAPI dependency: the list of templates for one conversation."""

    def __init__(self, request: Request, conversation_id: str, desk: Annotated[Desk, Depends()], back: str = "") -> None:
        self._desk = desk
        self._conversation_id = conversation_id
        self._query = query_of_address(back)
        self._partial = "hx-request" in request.headers

    async def show(self) -> Response:
        desk, conversation_id = self._desk, self._conversation_id
        conversation = await desk.services.conversations.get(conversation_id)
        chooser = Chooser(await templates_of(desk.services, conversation.inbox_id))
        if not self._partial:
            return await inbox_page(desk, self._query, conversation_id, chooser=chooser)
        thread = await load_thread(desk.services, desk.manager, desk.clock, self._query, conversation_id, chooser=chooser)
        return page("parts/templates.html", desk.part(thread=thread))


def _event(name: str, **detail: str) -> str:
    """An `HX-Trigger` header: htmx raises it as a DOM event."""
    return json.dumps({name: detail})


@router.post("/reply")
async def reply(
    act: OneAct,
    kind: Annotated[str, Form()] = "reply",
    text: Annotated[str, Form(max_length=LONGEST_TEXT)] = "",
    note: Annotated[str, Form(max_length=LONGEST_TEXT)] = "",
    last_seen: Annotated[str, Form(max_length=64)] = "",
    then: Annotated[str, Form()] = "",
    anyway: Annotated[str, Form(max_length=64)] = "",
    anyway_seen: Annotated[str, Form(max_length=64)] = "",
    files: list[UploadFile] | None = None,
) -> Response:
    """A reply or a private note. `anyway` is the action id of a reply that is sent although something was unseen."""
    store = act.desk.services.conversations
    words = storable(note if kind == "note" else text).strip()
    chosen = [] if kind == "note" else await read_uploads(files or [])
    if not words and not chosen:
        raise InvalidInput("There is nothing to send: write something first")
    if kind == "note":
        await act.desk.services.teamwork.add_note(act.conversation_id, act.manager_id, words, note_id=act.action_id)
        return await _note_added(act) if act.partial else RedirectResponse(act.query.url(act.conversation_id), 303)
    conversation = await store.get(act.conversation_id)
    channel = act.desk.services.channels.get(conversation.channel)
    attached = await stored_uploads(act.desk.services, conversation.channel, chosen)
    if channel is not None and (too_long := refusal(words, channel.features)) is not None:
        raise InvalidInput(too_long)
    verb = PostReply(
        action_id=anyway or act.action_id,
        conversation_id=act.conversation_id,
        manager_id=act.manager_id,
        text=words,
        attachments=attached,
        keep=then in ("keep", "resolve"),
        last_seen_message_id=(anyway_seen if anyway else last_seen) or None,
        opens_episode=conversation.status is Status.CLOSED,
    )
    verdict = await act.do(verb)
    if verdict is not None and not verdict.accepted:
        return await act.refused(verdict, text=words)
    shown = verdict.conversation_id if verdict is not None else act.conversation_id
    if verdict is not None and then == "resolve":
        resolve = Resolve(
            action_id=f"{verb.action_id}:resolve",
            conversation_id=shown,
            manager_id=act.manager_id,
            last_seen_message_id=verdict.message_id,
        )
        second = await act.do(resolve)
        if second is not None and not second.accepted:
            return await act.refused(second)
        return await act.done(verdict, "sent", "resolved", conversation_id=shown)
    return await act.done(verdict, "sent", conversation_id=shown)


@router.get("/templates")
async def templates(act: Annotated[TemplateList, Depends()]) -> Response:
    """What may go out when the window is closed: a part of the thread, or the page with it."""
    return await act.show()


@router.post("/template")
async def send_template(
    request: Request,
    act: OneAct,
    name: Annotated[str, Form(max_length=200)],
    language: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """A filled template as a reply. Whoever sends one keeps the conversation: the customer's answer is theirs."""
    async with request.form(max_fields=60) as form:
        values = {field.removeprefix(VALUE_PREFIX): value for field, value in form.items() if field.startswith(VALUE_PREFIX)}
    conversation = await act.desk.services.conversations.get(act.conversation_id)
    given = {field: storable(value) for field, value in values.items() if isinstance(value, str)}
    use, text = await filled_template(act.desk.services, conversation.inbox_id, name, language, given)
    verb = PostReply(
        action_id=act.action_id,
        conversation_id=act.conversation_id,
        manager_id=act.manager_id,
        text=text,
        template=use,
        keep=True,
        opens_episode=conversation.status is Status.CLOSED,
    )
    return await act.carry_out(verb, "sent")


async def _note_added(act: Act) -> Response:
    headers = {"hx-trigger": _event("frontdesk:done", action=act.action_id, message=act.action_id, events="sent")}
    return await thread_part(act.desk, act.query, act.conversation_id, headers=headers)


@router.post("/take")
async def take(act: OneAct, force: Annotated[str, Form()] = "") -> Response:
    conversation = await act.desk.services.conversations.get(act.conversation_id)
    verb = Take(
        action_id=act.action_id,
        conversation_id=act.conversation_id,
        manager_id=act.manager_id,
        force=bool(force),
        opens_episode=conversation.status is Status.CLOSED,
    )
    return await act.carry_out(verb, "taken")


@router.post("/release")
async def release(act: OneAct, note: Annotated[str, Form(max_length=1_000)] = "") -> Response:
    """Hand back to the bot. What the team should know is kept as a note."""
    words = storable(note).strip()
    if words:
        await act.desk.services.teamwork.add_note(act.conversation_id, act.manager_id, words, note_id=f"{act.action_id}:note")
    verb = Release(action_id=act.action_id, conversation_id=act.conversation_id, manager_id=act.manager_id, note=words)
    return await act.carry_out(verb, "released")


@router.post("/hand-off")
async def hand_off(act: OneAct) -> Response:
    """The bot stops, and a person of the team is asked for."""
    verb = HandOffToPerson(action_id=act.action_id, conversation_id=act.conversation_id, manager_id=act.manager_id)
    return await act.carry_out(verb, "handed-off")


@router.post("/assign")
async def assign(act: OneAct, assignee: Annotated[str, Form(max_length=64)], note: Annotated[str, Form(max_length=1_000)] = "") -> Response:
    """To a colleague, with what they should know as a note; whoever gives it away goes on watching it."""
    person = await act.desk.services.people.get(assignee)
    if not person.may(Role.MANAGER):
        raise InvalidInput(f"{person.name} may only read; choose somebody who answers customers")
    verb = Assign(action_id=act.action_id, conversation_id=act.conversation_id, manager_id=act.manager_id, assignee_id=person.id)
    verdict = await act.do(verb)
    if verdict is not None and not verdict.accepted:
        return await act.refused(verdict)
    teamwork = act.desk.services.teamwork
    if words := storable(note).strip():
        await teamwork.add_note(act.conversation_id, act.manager_id, words, note_id=f"{act.action_id}:note")
    if person.id != act.manager_id:
        await teamwork.watch(act.conversation_id, act.manager_id)
    return await act.done(verdict)


@router.post("/snooze")
async def snooze(act: OneAct, until: Annotated[str, Form(max_length=20)]) -> Response:
    verb = Snooze(
        action_id=act.action_id, conversation_id=act.conversation_id, manager_id=act.manager_id, until=_snooze_end(act.desk, until)
    )
    return await act.carry_out(verb, "snoozed")


def _snooze_end(desk: Desk, until: str) -> datetime:
    match until:
        case "hour":
            return desk.clock.in_an_hour()
        case "tomorrow":
            return desk.clock.at_nine(monday=False)
        case "monday":
            return desk.clock.at_nine(monday=True)
        case _:
            raise InvalidInput("Snooze takes hour, tomorrow or monday")


@router.post("/resolve")
async def resolve(act: OneAct, last_seen: Annotated[str, Form(max_length=64)] = "") -> Response:
    verb = Resolve(
        action_id=act.action_id, conversation_id=act.conversation_id, manager_id=act.manager_id, last_seen_message_id=last_seen or None
    )
    return await act.carry_out(verb, "resolved")


@router.post("/messages/{message_id}/arrived")
async def arrived(act: OneAct, message_id: str) -> Response:
    await it_arrived(act.desk.services, act.conversation_id, message_id)
    if not act.partial:
        return RedirectResponse(act.query.url(act.conversation_id), 303)
    return await thread_part(act.desk, act.query, act.conversation_id)


@router.post("/messages/{message_id}/again")
async def again(act: OneAct, message_id: str) -> Response:
    _, verdict = await send_again(act.desk.services, act.conversation_id, message_id, act.manager_id)
    if verdict is not None and not verdict.accepted:
        return await act.refused(verdict)
    return await act.done(verdict, conversation_id=verdict.conversation_id if verdict else None)


@router.post("/messages/{message_id}/fetch")
async def fetch_again(act: OneAct, message_id: str) -> Response:
    """Has a customer's files fetched once more, for as long as the vendor's link lives."""
    message = await act.desk.services.conversations.message(message_id)
    if message.conversation_id != act.conversation_id:
        raise NotFound(f"There is no message {message_id} in this conversation")
    await act.desk.services.gateway.fetch_media(message_id)
    return await act.done(None)


@router.post("/dismiss")
async def dismiss(act: OneAct) -> Response:
    """Takes a conversation off the list of those that nobody answered in time."""
    await act.desk.services.conversations.dismiss_unanswered(act.conversation_id)
    return await _shown_again(act)


@router.post("/watch")
async def watch(act: OneAct) -> Response:
    await act.desk.services.teamwork.watch(act.conversation_id, act.manager_id)
    return await _shown_again(act)


@router.post("/unwatch")
async def unwatch(act: OneAct) -> Response:
    await act.desk.services.teamwork.unwatch(act.conversation_id, act.manager_id)
    return await _shown_again(act)


async def _shown_again(act: Act) -> Response:
    if not act.partial:
        return RedirectResponse(act.query.url(act.conversation_id), 303)
    return await thread_part(act.desk, act.query, act.conversation_id)
