"""Reading conversations and their messages."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response, UploadFile
from pydantic import Field

from api.keys import Door, Reader, Writer
from api.openapi import PREFIX, problems
from api.sources import Source, sources_in, with_links
from domain.channels import ChannelKind
from domain.conversations import Conversation, Section, Status
from domain.errors import InvalidInput, NotFound
from domain.knowledge import Evidence
from domain.media import OWN_FILES
from domain.messages import Attachment, Message
from domain.model import Model
from domain.notices import NoticeLine
from storage.pages import Page
from web.attaching import kept_upload
from web.chat.uploads import read_uploads
from web.evidence import turn_shown
from web.files import safe_file
from web.services import Services

router = APIRouter(prefix=f"{PREFIX}/conversations", tags=["conversations"])

Limit = Annotated[int, Query(ge=1, le=200, description="How many to return at most.")]


class ConversationDetail(Conversation):
    """A conversation with what operators and integrators ask about one."""

    temporal_url: str | None = Field(description="Where this conversation's workflow can be read in the Temporal UI, if it is known.")
    evidence: Evidence | None = Field(description="What the bot had looked at when it handed the conversation off.")
    sources: tuple[Source, ...] = Field(description="The passages of the hand-off, else of the bot's last reply, with their exact words.")


@router.get("", responses=problems(403), summary="List conversations")
async def list_conversations(
    door: Door,
    caller: Reader,
    section: Annotated[Section, Query(description="The dashboard's lists; `mine` is the key's person's.")] = Section.ALL,
    status: Status | None = None,
    inbox: Annotated[str | None, Query(description="An inbox's id.")] = None,
    channel: ChannelKind | None = None,
    contact: Annotated[str | None, Query(description="A contact's id.")] = None,
    unanswered: Annotated[bool, Query(description="Only those that nobody answered in time; closed ones included.")] = False,
    q: Annotated[str | None, Query(max_length=200, description="Words to look for in names and messages.")] = None,
    order: Annotated[Literal["newest", "oldest", "waiting"], Query(description="`waiting`: longest wait first.")] = "newest",
    cursor: Annotated[str | None, Query(max_length=500, description="The previous page's `next_cursor`.")] = None,
    limit: Limit = 50,
) -> Page[Conversation]:
    return await door.conversations.page(
        section,
        manager_id=caller.id,
        status=status,
        inbox=inbox,
        channel=channel,
        contact=contact,
        q=q,
        unanswered=unanswered,
        order=order,
        cursor=cursor,
        limit=limit,
    )


@router.get("/{conversation_id}", responses=problems(404), summary="One conversation")
async def get_conversation(door: Door, caller: Reader, conversation_id: str) -> ConversationDetail:
    """Status, assignee, why and since when it waits for a person, its timers, its workflow, and what the bot had looked at."""
    found = await door.conversations.get(conversation_id)
    turn_id = found.hand_off.turn_id if found.hand_off is not None else None
    shown_id = turn_shown(found, await door.conversations.messages(conversation_id))
    shown = await door.conversations.evidence(shown_id) if shown_id is not None else None
    return ConversationDetail(
        **dict(found),
        temporal_url=door.gateway.temporal_link(found.workflow_id, found.id),
        evidence=await door.conversations.evidence(turn_id) if turn_id is not None else None,
        sources=sources_in(shown, door.public_url),
    )


@router.get("/{conversation_id}/messages", responses=problems(404), summary="A conversation's messages")
async def list_messages(
    door: Door,
    caller: Reader,
    conversation_id: str,
    cursor: Annotated[str | None, Query(max_length=100, description="The previous page's `next_cursor`.")] = None,
    limit: Limit = 50,
) -> Page[Message]:
    """The newest messages and notes, oldest first; `next_cursor` leads to the page before them."""
    await door.conversations.get(conversation_id)
    if cursor is not None:
        await _check_cursor(door, conversation_id, cursor)
    found = tuple(await door.conversations.messages(conversation_id, before=cursor, limit=limit + 1))
    items = found[-limit:]
    return Page(items=with_links(items, door.public_url), next_cursor=items[0].id if len(found) > limit else None)


@router.get("/{conversation_id}/notices", responses=problems(404), summary="Who was told that it waits")
async def list_notices(door: Door, caller: Reader, conversation_id: str) -> tuple[NoticeLine, ...]:
    """One line for each rung, person and medium, of every time it was flagged: told, owed and when, or why not."""
    await door.conversations.get(conversation_id)
    return tuple(await door.telling.notices.lines(conversation_id))


files = APIRouter(prefix=f"{PREFIX}/files", tags=["conversations"])


class UploadedFile(Model):
    id: str = Field(description="For `attachments` in a reply.")
    attachment: Attachment


@files.post("", status_code=201, responses=problems(403, 413), summary="Upload a file for a reply")
async def upload_file(door: Door, caller: Writer, file: UploadFile) -> UploadedFile:
    """A form with the file in `file`: PNG, JPEG, GIF, WebP or PDF, up to 10 MB. What the channel takes is checked with the reply."""
    (found,) = await read_uploads([file])
    attachment = await kept_upload(door, found)
    return UploadedFile(id=attachment.url.removeprefix(OWN_FILES), attachment=attachment)


@files.get("/{file_id}", response_class=Response, responses=problems(404), summary="A file of a message")
async def get_file(door: Door, caller: Reader, file_id: str) -> Response:
    """An attachment whose `url` is `/files/{file_id}`. Pictures and PDFs come with their type, anything else as a download."""
    stored = await door.files.get(file_id)
    return safe_file(stored.content, stored.name, stored.mime_type)


@router.get("/{conversation_id}/turns/{turn_id}", responses=problems(404), summary="What one reply rests on")
async def get_turn(door: Door, caller: Reader, conversation_id: str, turn_id: str) -> Evidence:
    """A message's `turn_id` leads here: passages with page and text, signals, confidence, and what a language model made of them."""
    return await door.conversations.turn(conversation_id, turn_id)


async def _check_cursor(door: Services, conversation_id: str, message_id: str) -> None:
    """Raises InvalidInput unless it names a message of this conversation."""
    try:
        message = await door.conversations.message(message_id)
    except NotFound:
        message = None
    if message is None or message.conversation_id != conversation_id:
        raise InvalidInput("cursor: is not the `next_cursor` of a page of this conversation")
