"""The conversation list: what was asked for, as it stands in the address, and its rows as they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlencode, urlsplit
from zlib import crc32

from fastapi import Request
from starlette.datastructures import QueryParams

from domain.channels import ChannelKind
from domain.conversations import Conversation, Counts, Section, Status
from domain.errors import NotFound
from domain.managers import Inbox, Manager, Role
from domain.messages import Sender
from storage.pages import Page
from web.services import Services

Order = Literal["waiting", "newest", "oldest"]
ORDERS: tuple[Order, ...] = ("waiting", "newest", "oldest")
DueState = Literal["later", "soon", "late"]
SOON = timedelta(minutes=10)
"""Within it, a due answer stands out."""
PAGE_SIZE = 50
LONGEST_REFRESH = 200
SECTION_NAMES = {Section.ALL: "All", Section.BOT: "Bot", Section.MINE: "Mine"}

_CHANNEL_ICONS = {
    ChannelKind.REST: "webhook",
    ChannelKind.WEBCHAT: "globe",
    ChannelKind.TELEGRAM: "send",
    ChannelKind.WHATSAPP: "message-circle",
    ChannelKind.INSTAGRAM: "camera",
    ChannelKind.MESSENGER: "message-square",
    ChannelKind.MERCADOLIBRE: "shopping-bag",
    ChannelKind.SMS: "smartphone",
    ChannelKind.WHATSAPP_TWILIO: "message-circle",
}


def channel_icon(channel: ChannelKind) -> str:
    return _CHANNEL_ICONS[channel]


@dataclass(frozen=True)
class ListQuery:
    """What the list shows. Its address is the only place where this is kept."""

    section: Section = Section.MINE
    status: Status | None = None
    inbox: str | None = None
    q: str = ""
    order: Order | None = None
    unanswered: bool = False
    watching: bool = False
    cursor: str | None = None

    @property
    def sorted_by(self) -> Order:
        """Without a choice: who waits longest stands first in Mine, the newest elsewhere."""
        return self.order or ("waiting" if self.section is Section.MINE else "newest")

    @property
    def narrowed(self) -> bool:
        return bool(self.status or self.inbox or self.q or self.unanswered or self.watching)

    def parameters(self) -> dict[str, str]:
        given = {
            "status": self.status.value if self.status else "",
            "inbox": self.inbox or "",
            "q": self.q,
            "order": self.order or "",
            "unanswered": "1" if self.unanswered else "",
            "watching": "1" if self.watching else "",
            "cursor": self.cursor or "",
        }
        return {name: value for name, value in given.items() if value}

    def url(self, conversation_id: str | None = None, **more: str) -> str:
        path = f"/inbox/{self.section.value}" + (f"/{conversation_id}" if conversation_id else "")
        parameters = {**self.parameters(), **more}
        return f"{path}?{urlencode(parameters)}" if parameters else path

    def changed(self, **fields: object) -> "ListQuery":
        """Another view of the list; it starts at its first page."""
        return replace(self, **{"cursor": None, **fields})  # type: ignore[arg-type] # names are the dataclass's own

    def in_section(self, section: Section) -> "ListQuery":
        """The same search elsewhere; what only makes sense here is dropped."""
        return ListQuery(section=section, q=self.q, inbox=self.inbox)


def parse_query(section: str, parameters: Mapping[str, str]) -> ListQuery:
    """From an address. Raises NotFound for a section that does not exist; other unknown values count as not given."""
    if section not in {known.value for known in Section}:
        raise NotFound(f"There is no list called {section}")
    status = parameters.get("status", "")
    order = next((known for known in ORDERS if known == parameters.get("order")), None)
    return ListQuery(
        section=Section(section),
        status=Status(status) if status in {known.value for known in Status} else None,
        inbox=parameters.get("inbox") or None,
        q=parameters.get("q", "").strip()[:200],
        order=order,
        unanswered=parameters.get("unanswered") == "1",
        watching=parameters.get("watching") == "1",
        cursor=parameters.get("cursor") or None,
    )


def query_of(request: Request, section: str) -> ListQuery:
    return parse_query(section, request.query_params)


def query_of_address(address: str) -> ListQuery:
    """From the address of the page a form was sent from; anything else gives the first view."""
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets that hold no IPv6 address
        return ListQuery()
    pieces = parts.path.strip("/").split("/")
    if parts.netloc or len(pieces) < 2 or pieces[0] != "inbox" or pieces[1] not in {known.value for known in Section}:
        return ListQuery()
    return parse_query(pieces[1], QueryParams(parts.query))


def name_of(conversation: Conversation) -> str:
    """The customer's name, or what stands for it where the channel tells none."""
    if conversation.contact_name:
        return conversation.contact_name
    if conversation.channel is ChannelKind.WEBCHAT:
        return f"Visitor {conversation.contact_id[:4]}"
    return conversation.contact_address


def initials(name: str) -> str:
    """`PR` for Priya Raman; `#` for a number."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words or not words[0][0].isalpha():
        return "#"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def hue(key: str) -> int:
    """One of eight, the same for the same person."""
    return crc32(key.encode()) % 8


@dataclass(frozen=True)
class Row:
    conversation: Conversation
    name: str
    initials: str
    hue: int
    icon: str
    url: str
    current: bool
    who: str
    """Whose words the preview shows: empty for the customer's."""
    shows_owner: bool
    offer: str
    """To whom it is offered, in words; empty if it is not."""
    due: DueState | None
    """How near the reply target is; None without one."""


@dataclass(frozen=True)
class Group:
    title: str
    rows: Sequence[Row]
    more: bool
    """Further rows follow on the next page."""


@dataclass(frozen=True)
class Listing:
    """Everything the list's template shows."""

    query: ListQuery
    groups: Sequence[Group]
    counts: Counts
    next_url: str | None
    inboxes: Sequence[Inbox]
    current_id: str | None
    may_act: bool
    seen_at: datetime
    """When this list was read: what is done to several rows at once means them as they were."""

    @property
    def empty(self) -> bool:
        return not any(group.rows for group in self.groups)


def _whose(conversation: Conversation, manager: Manager) -> str:
    if conversation.last_message_sender == Sender.BOT:
        return "Bot"
    if conversation.last_message_sender != Sender.MANAGER:
        return ""
    if conversation.assignee_id in (None, manager.id):
        return "You" if conversation.assignee_id else "Team"
    return (conversation.assignee_name or "Team").split()[0]


def row_of(conversation: Conversation, query: ListQuery, manager: Manager, current_id: str | None) -> Row:
    name = name_of(conversation)
    return Row(
        conversation=conversation,
        name=name,
        initials=initials(name),
        hue=hue(conversation.contact_id),
        icon=channel_icon(conversation.channel),
        url=query.changed().url(conversation.id),
        current=conversation.id == current_id,
        who=_whose(conversation, manager),
        shows_owner=conversation.assignee_name is not None and query.section is not Section.MINE,
        offer=_offer(conversation, manager),
        due=due_state(conversation, datetime.now(UTC)),
    )


def _offer(conversation: Conversation, manager: Manager) -> str:
    if conversation.offered_to is None:
        return ""
    return "Yours" if conversation.offered_to == manager.id else (conversation.offered_name or "A colleague").split()[0]


def due_state(conversation: Conversation, now: datetime) -> DueState | None:
    """None where no answer is due."""
    at = conversation.due.target_at
    if at is None or conversation.status is Status.CLOSED:
        return None
    if at <= now:
        return "late"
    return "soon" if at - now <= SOON else "later"


def _waits(conversation: Conversation) -> bool:
    return conversation.status is Status.FLAGGED or (conversation.status is Status.HUMAN and conversation.waiting_since is not None)


def grouped(page: Page[Conversation], query: ListQuery, manager: Manager, current_id: str | None) -> tuple[Group, ...]:
    """Mine, by waiting time, stands in two groups; every other list is one without a title."""
    rows = [row_of(conversation, query, manager, current_id) for conversation in page.items]
    more = page.next_cursor is not None
    if query.section is not Section.MINE or query.sorted_by != "waiting" or query.cursor:
        return (Group("", rows, more),)
    waiting = [row for row in rows if _waits(row.conversation)]
    others = [row for row in rows if not _waits(row.conversation)]
    groups = (Group("Waiting for you", waiting, more and not others), Group("In progress", others, more))
    return tuple(group for group in groups if group.rows)


async def load_listing(services: Services, manager: Manager, query: ListQuery, current_id: str | None, *, shown: int = 0) -> Listing:
    """At least a page, or as many rows as are shown already (200 at most)."""
    seen_at = datetime.now(UTC)
    page = await services.conversations.page(
        query.section,
        manager_id=manager.id,
        status=query.status,
        inbox=query.inbox,
        q=query.q or None,
        unanswered=query.unanswered,
        watched_by=manager.id if query.watching else None,
        order=query.sorted_by,
        cursor=query.cursor,
        limit=min(max(PAGE_SIZE, shown), LONGEST_REFRESH),
    )
    return Listing(
        query=query,
        groups=grouped(page, query, manager, current_id),
        counts=await services.conversations.counts(manager.id),
        next_url=query.changed(cursor=page.next_cursor).url() if page.next_cursor else None,
        inboxes=await services.inboxes.list(),
        current_id=current_id,
        may_act=manager.may(Role.MANAGER),
        seen_at=seen_at,
    )
