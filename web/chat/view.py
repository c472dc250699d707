"""What a visitor sees of his conversations. Everything that is not put in here stays with us: notes, delivery errors, evidence."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.conversations import Conversation, Status
from domain.errors import NotFound
from domain.managers import Inbox
from domain.messages import SILENT_TYPES, Attachment, DeliveryState, Direction, Message, MessageType, Sender
from domain.model import Model, UtcDatetime
from storage.conversations import Conversations
from storage.secrets import Vault
from web.services import Services

HISTORY = 100
"""The newest messages that are shown."""
EPISODES = 20
THINKING_SECONDS = 120
"""A question that has no answer for so long is not shown as being answered."""
FILE_LINK_LIFETIME = timedelta(days=1)
FILE_PURPOSE = "chat file"

_ARRIVED = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ})


class State(StrEnum):
    """Who has the conversation, as far as the visitor needs to know."""

    BOT = "bot"
    THINKING = "thinking"
    WAITING = "waiting"
    PERSON = "person"


class ChatFile(Model):
    name: str
    url: str
    image: bool


class ChatCitation(Model):
    document: str
    page: int


class ChatMessage(Model):
    id: str
    client_id: str | None
    """The id that the page gave it; None for what it did not write."""
    sender: Sender
    name: str | None
    """A person's first name."""
    text: str
    files: tuple[ChatFile, ...]
    citations: tuple[ChatCitation, ...]
    quick_replies: tuple[str, ...]
    created_at: UtcDatetime


class ChatView(Model):
    state: State
    person: str | None
    """First name of who has the conversation."""
    messages: tuple[ChatMessage, ...]


EMPTY = ChatView(state=State.BOT, person=None, messages=())


@dataclass(frozen=True, slots=True)
class VisitorChat:
    """One visitor's conversations on one inbox."""

    services: Services
    inbox: Inbox
    visitor_id: str

    async def contact_id(self) -> str | None:
        """None until he has written."""
        known = await self.services.arrivals.known_contact(self.inbox.id, self.visitor_id)
        return None if known is None else known[0]

    async def view(self) -> ChatView:
        """The newest messages of all episodes, oldest first."""
        contact_id = await self.contact_id()
        if contact_id is None:
            return EMPTY
        conversations = self.services.conversations
        # A contact may have other addresses and inboxes: only what was written here is shown here.
        episodes = [
            episode
            for episode in await conversations.contact_conversations(contact_id, limit=EPISODES)
            if episode.inbox_id == self.inbox.id and episode.contact_address == self.visitor_id
        ]
        if not episodes:
            return EMPTY
        episodes.sort(key=lambda episode: episode.opened_at, reverse=True)
        messages = await _newest(conversations, episodes)
        shown = [self._shown(message, last=index == len(messages) - 1) for index, message in enumerate(messages)]
        return ChatView(state=_state(episodes[0], messages), person=_first_name(episodes[0].assignee_name), messages=tuple(shown))

    def _shown(self, message: Message, *, last: bool) -> ChatMessage:
        inbound = message.direction is Direction.INBOUND
        told = message.citations if self.inbox.policy.show_sources else ()
        cited = dict.fromkeys((citation.document, citation.page) for citation in told)
        return ChatMessage(
            id=message.id,
            client_id=message.provider_id if inbound else None,
            sender=message.sender,
            name=None if message.sender is not Sender.MANAGER else _first_name(message.author_name),
            text=message.text,
            files=tuple(self._file(attachment) for attachment in message.attachments),
            citations=tuple(ChatCitation(document=document, page=page) for document, page in cited)
            if self.inbox.policy.show_sources
            else (),
            quick_replies=message.quick_replies if last else (),
            created_at=message.created_at,
        )

    def _file(self, attachment: Attachment) -> ChatFile:
        url, name = attachment.url, attachment.name or attachment.type.value
        own = url.startswith("/files/")
        if own:
            url = file_link(self.services.vault, self.inbox.id, url.removeprefix("/files/"))
        return ChatFile(name=name, url=url, image=own and attachment.type is MessageType.IMAGE)


def file_link(vault: Vault, inbox_id: str, file_id: str) -> str:
    """A link that carries its own permission: an image in the widget's frame can send neither cookie nor header."""
    return f"/chat/{inbox_id}/files/{file_id}?key={vault.sign(FILE_PURPOSE, f'{inbox_id}/{file_id}', lifetime=FILE_LINK_LIFETIME)}"


async def _newest(conversations: Conversations, episodes: Sequence[Conversation]) -> list[Message]:
    found: list[Message] = []
    for episode in episodes:
        found[:0] = [message for message in await conversations.messages(episode.id, limit=HISTORY) if _is_visible(message)]
        if len(found) >= HISTORY:
            break
    return found[-HISTORY:]


def _is_visible(message: Message) -> bool:
    """A bot's message that is not sent yet may still be overtaken by a person and never be sent."""
    match message.direction:
        case Direction.INBOUND:
            return True
        case Direction.OUTBOUND:
            return message.delivery in _ARRIVED
        case Direction.NOTE:
            return False


def _state(episode: Conversation, messages: Sequence[Message]) -> State:
    match episode.status:
        case Status.FLAGGED | Status.SNOOZED:
            return State.WAITING
        case Status.HUMAN:
            return State.PERSON
        case Status.CLOSED:
            return State.BOT
        case Status.BOT:
            last = messages[-1] if messages else None
            asked = last is not None and last.direction is Direction.INBOUND and last.type not in SILENT_TYPES
            recent = last is not None and datetime.now(UTC) - last.created_at < timedelta(seconds=THINKING_SECONDS)
            return State.THINKING if asked and recent else State.BOT


def _first_name(name: str | None) -> str | None:
    return name.split()[0] if name and name.strip() else None


class Owners:
    """Whose conversation an event is about. A conversation never changes hands, so each is looked up once per process."""

    def __init__(self, conversations: Conversations, *, kept: int = 20_000) -> None:
        self._conversations = conversations
        self._kept = kept
        self._contacts: OrderedDict[str, str] = OrderedDict()

    async def contact_of(self, conversation_id: str) -> str | None:
        if (known := self._contacts.get(conversation_id)) is not None:
            return known
        try:
            conversation = await self._conversations.get(conversation_id)
        except NotFound:
            return None
        self._contacts[conversation_id] = conversation.contact_id
        while len(self._contacts) > self._kept:
            self._contacts.popitem(last=False)
        return conversation.contact_id
