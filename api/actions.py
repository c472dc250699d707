"""What a person does with a conversation, as routes: each sends one verb and answers with the conversation's verdict."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Header, Request
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.responses import JSONResponse, Response

from api.keys import Door, Writer
from api.metrics import Metrics
from api.openapi import PREFIX, problems
from api.problems import problem
from channels.lengths import refusal
from domain.commands import Assign, HandOffToPerson, PersonVerb, PostReply, RefusedBecause, Release, Resolve, Snooze, Take, Verdict
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import derived_id
from domain.managers import Manager, Role
from domain.messages import Attachment, Message
from domain.model import Model, UtcDatetime, storable
from domain.templates import TemplateUse
from web.attaching import chosen_files
from web.message_templates import filled_template
from web.services import Services
from web.unknown_sends import it_arrived, send_again


def _storable(value: object) -> object:
    return storable(value) if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16_000), BeforeValidator(_storable)]
ActionId = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The action's id: the same one again changes nothing and gets the same answer. Made up when it is left out.",
    ),
]

_REFUSALS = {
    RefusedBecause.STALE: "The conversation has moved on: it is another episode now.",
    RefusedBecause.CLOSED: "The conversation is closed.",
    RefusedBecause.OWNED: "Another person has this conversation.",
    RefusedBecause.UNSEEN: "The customer wrote something that you have not seen.",
    RefusedBecause.WINDOW_CLOSED: "The channel's reply window is closed.",
    RefusedBecause.NOT_POSSIBLE: "This can't be done as the conversation stands.",
}


class _Body(Model):
    """What a caller misspells is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TemplateBody(_Body):
    name: str = Field(min_length=1, max_length=200, description="As `GET /inboxes/{id}/templates` names it.", examples=["order_shipped"])
    language: str = Field(default="", max_length=20, description="May be left out where the template has one only.", examples=["es_AR"])
    values: dict[str, str] = Field(default_factory=dict, description="One for each of its variables, by `key`.", examples=[{"1": "Ana"}])


class ReplyBody(_Body):
    text: Text | None = Field(default=None, examples=["Yes, we ship to Chile in 5 to 8 days."])
    attachments: tuple[Annotated[str, Field(max_length=100)], ...] = Field(
        default=(), max_length=5, description="Ids of files that were uploaded by `POST /files`. `text` may be left out then."
    )
    template: TemplateBody | None = Field(default=None, description="Instead of `text`: what may go out when the reply window is closed.")
    keep: bool = Field(default=False, description="You keep the conversation; otherwise the bot gets it back once this is sent.")
    last_seen_message_id: str | None = Field(
        default=None, max_length=100, description="The newest message you have seen; refused (409) if there is a newer one of the customer."
    )


class TakeBody(_Body):
    force: bool = Field(default=False, description="Take it even if another person has it.")


class ResolveBody(_Body):
    last_seen_message_id: str | None = Field(
        default=None, max_length=100, description="The newest message you have seen; refused (409) if there is a newer one of the customer."
    )


class ReleaseBody(_Body):
    note: Annotated[str, BeforeValidator(_storable)] = Field(
        default="", max_length=2_000, description="For colleagues: why the bot gets it back."
    )


class AssignBody(_Body):
    manager: str = Field(min_length=1, max_length=320, description="A manager's id or e-mail address.", examples=["ana@example.com"])
    note: Annotated[str, BeforeValidator(_storable)] = Field(
        default="", max_length=1_000, description="What the colleague should know; kept as a private note. `@first-name` mentions somebody."
    )


class SnoozeBody(_Body):
    until: UtcDatetime = Field(description="In the future, with a time zone.", examples=["2026-11-23T09:00:00-03:00"])


class NoteBody(_Body):
    text: Text = Field(examples=["Called her; she wants the blue one."])


class ActionOutcome(Model):
    """What became of an action that was not refused."""

    action_id: str
    status: Literal["accepted", "pending"]
    conversation_id: str = Field(description="A reply to a closed conversation opens the next one: then it is that one's id.")
    message_id: str | None = Field(default=None, description="The message or note that was written.")
    owner_id: str | None = Field(default=None, description="Who has the conversation now.")


class Fetching(Model):
    """What became of it stands at the message's attachments."""

    message_id: str


class Owner(Model):
    id: str
    name: str


def actions_router(metrics: Metrics) -> APIRouter:
    router = APIRouter(prefix=PREFIX + "/conversations/{conversation_id}", tags=["actions"])
    answers = {
        **problems(400, 403, 404, 409, 502, 503),
        202: {"model": ActionOutcome, "description": "No verdict yet: send the same again with the same Idempotency-Key"},
    }

    async def act(request: Request, door: Services, name: str, verb: PersonVerb) -> Response:
        verdict = await door.gateway.act(verb)
        metrics.action(name, "pending" if verdict is None else "accepted" if verdict.accepted else "refused")
        if verdict is None:
            return _outcome(ActionOutcome(action_id=verb.action_id, status="pending", conversation_id=verb.conversation_id), 202)
        if not verdict.accepted:
            return await _refused(request, door, verdict)
        return _outcome(
            ActionOutcome(
                action_id=verdict.action_id,
                status="accepted",
                conversation_id=verdict.conversation_id,
                message_id=verdict.message_id,
                owner_id=verdict.owner_id,
            )
        )

    @router.post("/reply", response_model=ActionOutcome, responses=answers, summary="Answer the customer")
    async def reply(request: Request, door: Door, caller: Writer, conversation_id: str, body: ReplyBody, key: ActionId = None) -> Response:
        """Takes the conversation if nobody has it. A closed conversation is not reopened: the reply opens the next one.

        Exactly one of `text` and `template`.
        """
        text, template, attachments = await _said(door, conversation_id, body)
        verb = PostReply(
            action_id=key or str(uuid4()),
            conversation_id=conversation_id,
            manager_id=caller.id,
            text=text,
            template=template,
            attachments=attachments,
            keep=body.keep,
            last_seen_message_id=body.last_seen_message_id,
        )
        return await act(request, door, "reply", verb)

    @router.post("/take", response_model=ActionOutcome, responses=answers, summary="Take the conversation")
    async def take(
        request: Request, door: Door, caller: Writer, conversation_id: str, body: TakeBody | None = None, key: ActionId = None
    ) -> Response:
        """From now on the bot is silent here. Refused (409) while another person has it, unless `force` is set."""
        force = body is not None and body.force
        verb = Take(action_id=key or str(uuid4()), conversation_id=conversation_id, manager_id=caller.id, force=force)
        return await act(request, door, "take", verb)

    @router.post("/release", response_model=ActionOutcome, responses=answers, summary="Hand the conversation back to the bot")
    async def release(
        request: Request, door: Door, caller: Writer, conversation_id: str, body: ReleaseBody | None = None, key: ActionId = None
    ) -> Response:
        note = body.note if body is not None else ""
        verb = Release(action_id=key or str(uuid4()), conversation_id=conversation_id, manager_id=caller.id, note=note)
        return await act(request, door, "release", verb)

    @router.post("/hand-off", response_model=ActionOutcome, responses=answers, summary="Ask for a person of the team")
    async def hand_off(request: Request, door: Door, caller: Writer, conversation_id: str, key: ActionId = None) -> Response:
        """The bot stops and the conversation is flagged, as if the bot had stopped by itself."""
        verb = HandOffToPerson(action_id=key or str(uuid4()), conversation_id=conversation_id, manager_id=caller.id)
        return await act(request, door, "hand_off", verb)

    @router.post("/assign", response_model=ActionOutcome, responses=answers, summary="Give the conversation to a colleague")
    async def assign(
        request: Request, door: Door, caller: Writer, conversation_id: str, body: AssignBody, key: ActionId = None
    ) -> Response:
        assignee = await _assignee(door, body.manager)
        verb = Assign(action_id=key or str(uuid4()), conversation_id=conversation_id, manager_id=caller.id, assignee_id=assignee.id)
        answer = await act(request, door, "assign", verb)
        if body.note.strip() and answer.status_code < 300:
            note_id = derived_id("note", conversation_id, verb.action_id)
            await door.teamwork.add_note(conversation_id, caller.id, body.note.strip(), note_id=note_id)
        return answer

    @router.post("/snooze", response_model=ActionOutcome, responses=answers, summary="Put the conversation off")
    async def snooze(
        request: Request, door: Door, caller: Writer, conversation_id: str, body: SnoozeBody, key: ActionId = None
    ) -> Response:
        """Comes back to its owner at that time, or when the customer writes."""
        if body.until <= datetime.now(UTC):
            raise InvalidInput("until: must be in the future")
        verb = Snooze(action_id=key or str(uuid4()), conversation_id=conversation_id, manager_id=caller.id, until=body.until)
        return await act(request, door, "snooze", verb)

    @router.post("/resolve", response_model=ActionOutcome, responses=answers, summary="Close the conversation as resolved")
    async def resolve(
        request: Request, door: Door, caller: Writer, conversation_id: str, body: ResolveBody | None = None, key: ActionId = None
    ) -> Response:
        seen = body.last_seen_message_id if body is not None else None
        verb = Resolve(action_id=key or str(uuid4()), conversation_id=conversation_id, manager_id=caller.id, last_seen_message_id=seen)
        return await act(request, door, "resolve", verb)

    @router.post("/messages/{message_id}/arrived", status_code=204, responses=problems(404, 409), summary="An unknown message did arrive")
    async def arrived(door: Door, caller: Writer, conversation_id: str, message_id: str) -> None:
        """For a message whose delivery is `unknown`: it counts as sent."""
        await it_arrived(door, conversation_id, message_id)

    @router.post("/messages/{message_id}/again", response_model=ActionOutcome, responses=answers, summary="Send an unknown message again")
    async def again(request: Request, door: Door, caller: Writer, conversation_id: str, message_id: str) -> Response:
        """As a new reply of the key's person to what it answered; the old message counts as failed then. Asking twice sends once."""
        action_id, verdict = await send_again(door, conversation_id, message_id, caller.id)
        if verdict is not None and not verdict.accepted:
            return await _refused(request, door, verdict)
        outcome = ActionOutcome(
            action_id=action_id,
            status="pending" if verdict is None else "accepted",
            conversation_id=conversation_id if verdict is None else verdict.conversation_id,
            message_id=None if verdict is None else verdict.message_id,
        )
        return _outcome(outcome, 202 if verdict is None else 200)

    @router.post("/messages/{message_id}/fetch", status_code=202, responses=problems(404, 503), summary="Fetch a message's files again")
    async def fetch(door: Door, caller: Writer, conversation_id: str, message_id: str) -> Fetching:
        """For attachments with a `problem`: possible for as long as the vendor's link lives."""
        message = await door.conversations.message(message_id)
        if message.conversation_id != conversation_id:
            raise NotFound(f"There is no message {message_id} in this conversation")
        await door.gateway.fetch_media(message_id)
        return Fetching(message_id=message_id)

    @router.post("/dismiss", status_code=204, responses=problems(403, 404), summary="Take it off the unanswered ones")
    async def dismiss(door: Door, caller: Writer, conversation_id: str) -> Response:
        """Of a closed conversation, too. Doing it again changes nothing."""
        await door.conversations.dismiss_unanswered(conversation_id)
        metrics.action("dismiss", "accepted")
        return Response(status_code=204)

    @router.post("/note", response_model=ActionOutcome, responses=problems(400, 403, 404, 409), summary="Write a private note")
    async def note(door: Door, caller: Writer, conversation_id: str, body: NoteBody, key: ActionId = None) -> Response:
        """Between colleagues; never sent to the customer."""
        action_id = key or str(uuid4())
        note_id = derived_id("note", conversation_id, action_id)
        written = await door.teamwork.add_note(conversation_id, caller.id, body.text, note_id=note_id)
        if (written.text, written.author_id) != (body.text, caller.id):
            raise Conflict("This Idempotency-Key was used for another note before; give each its own")
        metrics.action("note", "accepted")
        return _outcome(ActionOutcome(action_id=action_id, status="accepted", conversation_id=conversation_id, message_id=written.id))

    return router


async def _said(door: Services, conversation_id: str, body: ReplyBody) -> tuple[str, TemplateUse | None, tuple[Attachment, ...]]:
    """The customer's text, the template that it is sent as, and files. Raises InvalidInput, NotFound, VendorFailed."""
    if (body.text is None and not body.attachments) == (body.template is None):
        raise InvalidInput("text: give either text (or attachments) or template")
    conversation = await door.conversations.get(conversation_id)
    if body.template is not None:
        chosen = body.template
        use, text = await filled_template(door, conversation.inbox_id, chosen.name, chosen.language, chosen.values)
        return text, use, ()
    channel, text = door.channels.get(conversation.channel), body.text or ""
    if channel is not None and (too_long := refusal(text, channel.features)) is not None:
        raise InvalidInput(f"text: {too_long}")
    return text, None, await chosen_files(door, conversation.channel, body.attachments)


def _outcome(outcome: ActionOutcome, status: int = 200) -> Response:
    return JSONResponse(outcome.model_dump(mode="json"), status)


async def _refused(request: Request, door: Services, verdict: Verdict) -> Response:
    """409 with the reason, who has the conversation, and in full what the person has not seen."""
    reason = verdict.reason or RefusedBecause.NOT_POSSIBLE
    owner = await _manager_with(door, lambda person: person.id == verdict.owner_id) if verdict.owner_id else None
    unseen: Sequence[Message] = [await door.conversations.message(message_id) for message_id in verdict.unseen]
    return problem(
        request,
        409,
        verdict.detail or _REFUSALS.get(reason, "The conversation refused this."),
        slug=f"refused-{reason.replace('_', '-')}",
        action_id=verdict.action_id,
        conversation_id=verdict.conversation_id,
        reason=reason,
        owner=Owner(id=owner.id, name=owner.name).model_dump() if owner is not None else None,
        unseen=[message.model_dump(mode="json") for message in unseen],
    )


async def _assignee(door: Services, named: str) -> Manager:
    """Raises InvalidInput unless this is somebody who may answer customers."""
    manager = await _manager_with(door, lambda person: named in (person.id, person.email) or named.lower() == person.email.lower())
    if manager is None:
        raise InvalidInput("manager: nobody here has this id or e-mail address; `frontdesk manager list` shows everybody")
    if not manager.may(Role.MANAGER):
        raise InvalidInput("manager: this person is a viewer and can't answer customers")
    return manager


async def _manager_with(door: Services, wanted: Callable[[Manager], bool]) -> Manager | None:
    return next((manager for manager in await door.people.list() if wanted(manager)), None)
