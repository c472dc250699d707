"""One conversation as it is shown: its stream of entries, what its composer allows, and its panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from domain.commands import RefusedBecause
from domain.conversations import ClosedReason, Conversation, HandOff, HandOffReason, Status
from domain.decisions import words_for
from domain.errors import InvalidInput
from domain.ladder import Rung
from domain.managers import Manager, Role
from domain.messages import DeliveryState, Direction, Message, Purpose, Sender
from domain.notices import NoticeLine
from domain.policy import Policy
from domain.ports import Closable
from domain.teamwork import Colleague
from domain.templates import Template
from domain.verification import IdentityCheck, hidden, number_in
from domain.windows import TEMPLATE_CHANNELS, WINDOW_HOURS, Reach, reach
from storage.judgements import Judgements
from web.clock import Clock
from web.evidence import EvidenceView, turn_shown, view_of
from web.listing import DueState, ListQuery, channel_icon, due_state, hue, initials, name_of
from web.people import Person, load_person
from web.services import Services

JOIN = timedelta(minutes=2)
"""Messages of one author within it stand under one name."""
MESSAGES = 40
CLOSING_SOON = timedelta(hours=4)
"""The composer says from here on when the channel's reply window closes."""

Side = Literal["in", "bot", "mine"]
Tab = Literal["evidence", "customer", "history"]
TABS: tuple[Tab, ...] = ("evidence", "customer", "history")


@dataclass(frozen=True)
class Flag:
    """The card in the stream where the bot stopped."""

    at: datetime
    open: bool
    reason: HandOffReason | None = None
    """None for a flag of before: its reason is no longer known."""
    detail: str = ""
    """More than the reason says; empty if it says no more."""
    told: bool = False
    """Whether the customer got the holding line."""
    waiting_since: datetime | None = None
    answered_by: str = ""
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """One thing in the stream. `kind` says which of the other fields is set."""

    kind: Literal["day", "new", "bubble", "note", "flag", "system"]
    at: datetime
    message: Message | None = None
    side: Side = "in"
    joined: bool = False
    author: str = ""
    flag: Flag | None = None
    text: str = ""


@dataclass(frozen=True)
class Composer:
    """What may be written, and why not."""

    state: Literal["open", "bot", "owned", "closed", "viewer"]
    owner: str
    action_id: str
    last_seen: str
    text: str = ""
    note: bool = False
    window: "Window | None" = None

    @property
    def blocked(self) -> bool:
        return self.state in ("bot", "owned", "viewer")

    @property
    def shut(self) -> bool:
        """A free text can't go out."""
        return self.window is not None and self.window.state == "closed"


@dataclass(frozen=True)
class Window:
    """The channel's reply window, as the composer tells it."""

    state: Literal["open", "closing", "person", "closed"]
    """`closing`: less than `CLOSING_SOON` is left; `person`: a person's reply still goes out, under the human-agent tag."""
    until: datetime
    until_words: str
    hours: int
    templates: bool


@dataclass(frozen=True)
class Chooser:
    """The approved templates, to choose one from."""

    templates: Sequence[Template]


@dataclass(frozen=True)
class Conflict:
    """A verb that was refused: why, and what had not been seen."""

    reason: str
    detail: str
    owner: str
    unseen: Sequence[Message]
    verb: str
    action_id: str
    """For sending anyway: another action than the refused one."""

    @property
    def can_send_anyway(self) -> bool:
        return self.verb == "post_reply" and self.reason == RefusedBecause.UNSEEN


@dataclass(frozen=True)
class Thread:
    conversation: Conversation
    name: str
    first_name: str
    initials: str
    hue: int
    icon: str
    query: ListQuery
    entries: Sequence[Entry]
    earlier_url: str | None
    composer: Composer
    owner_is_me: bool
    managers: Sequence[Manager]
    may_act: bool
    pending: bool = False
    conflict: Conflict | None = None
    chooser: Chooser | None = None
    takes_files: str = ""
    sanctions_contacts: bool = False
    """The platform punishes contact data and outside links in messages."""
    asks_vendor: bool = False
    """Only the vendor knows whether a reply still goes through."""
    """What a browser may offer to attach; empty where the channel takes no files."""
    others: Sequence[Colleague] = ()
    """Who else has it open."""
    watching: bool = False
    previous: Conversation | None = None
    """The episode before this one."""
    due: DueState | None = None
    """How near the reply target is; None without one."""

    @property
    def back(self) -> str:
        """Where forms lead to, and what they are about."""
        return self.query.url(self.conversation.id)


@dataclass(frozen=True)
class Panel:
    conversation: Conversation
    name: str
    query: ListQuery
    tab: Tab
    evidence: EvidenceView | None
    person: Person
    history: Sequence[Conversation]
    temporal_url: str | None
    first_at: datetime
    told: Sequence[NoticeLine] = ()
    """Who was told of the last flag, and who is still to be told."""
    next_rungs: Sequence[tuple[Rung, datetime]] = ()
    can_verify: bool = False
    identity: IdentityCheck | None = None
    """The last code that was sent to the customer, with the number hidden."""
    known_phone: str = ""


def _side(message: Message) -> Side:
    if message.direction is Direction.INBOUND:
        return "in"
    return "bot" if message.sender is Sender.BOT else "mine"


def _author(message: Message, name: str, me: Manager) -> str:
    if message.direction is Direction.INBOUND:
        return name
    if message.sender is Sender.BOT:
        return "Bot"
    return "You" if message.author_id == me.id else message.author_name or "Team"


def _answer(messages: Sequence[Message], since: datetime) -> Message | None:
    """The first words of a person after a flag."""
    return next((message for message in messages if message.created_at >= since and message.purpose is Purpose.REPLY), None)


def _flag(conversation: Conversation, messages: Sequence[Message]) -> Flag | None:
    hand_off = conversation.hand_off
    if hand_off is None:
        return None
    answer = _answer(messages, hand_off.at)
    return Flag(
        at=hand_off.at,
        open=conversation.status is Status.FLAGGED or (answer is None and conversation.status in (Status.HUMAN, Status.SNOOZED)),
        reason=hand_off.reason,
        detail="" if _plain(hand_off.detail).startswith(_plain(words_for(hand_off.reason))) else hand_off.detail.rstrip("."),
        told=any(
            _follows(message, hand_off) and message.purpose is Purpose.HOLDING and message.delivery is not DeliveryState.FAILED
            for message in messages
        ),
        waiting_since=conversation.waiting_since,
        answered_by=(answer.author_name or "a manager") if answer else "",
        answered_at=answer.created_at if answer else None,
    )


def _past_flag(holding: Message, messages: Sequence[Message]) -> Flag:
    """A flag that is over; the holding line is what is left of it."""
    answer = _answer(messages, holding.created_at)
    by = (answer.author_name or "a manager") if answer else ""
    return Flag(at=holding.created_at, open=False, answered_by=by, answered_at=answer.created_at if answer else None)


def _plain(words: str) -> str:
    return words.casefold().strip(" .")


def entries_of(conversation: Conversation, messages: Sequence[Message], me: Manager, clock: Clock, *, earlier: bool) -> list[Entry]:
    """The stream, oldest first: messages with day dividers, the flag where it was raised, how it began and ended.

    `earlier` tells that older messages exist, so that the beginning is not shown.
    """
    name = name_of(conversation)
    unread = conversation.unread
    inbound = [message.id for message in messages if message.direction is Direction.INBOUND]
    first_unread = inbound[-unread] if 0 < unread <= len(inbound) else None
    flag, shown = _flag(conversation, messages), False
    raw: list[Entry] = []
    if conversation.previous_id and not earlier:
        raw.append(Entry("system", conversation.opened_at, text="continued"))
    for message in messages:
        if flag is not None and conversation.hand_off is not None and _follows(message, conversation.hand_off):
            raw.append(Entry("flag", flag.at, flag=flag))
            flag, shown = None, True
        elif message.purpose is Purpose.HOLDING and not shown:
            raw.append(Entry("flag", message.created_at, flag=_past_flag(message, messages)))
        if message.id == first_unread and message.id != inbound[0]:
            raw.append(Entry("new", message.created_at))
        kind: Literal["note", "bubble"] = "note" if message.direction is Direction.NOTE else "bubble"
        raw.append(Entry(kind, message.created_at, message=message, side=_side(message), author=_author(message, name, me)))
    if flag is not None:
        raw.append(Entry("flag", flag.at, flag=flag))
    if conversation.closed_at is not None:
        raw.append(Entry("system", conversation.closed_at, text="idle" if conversation.closed_reason is ClosedReason.IDLE else "resolved"))
    return _divided(raw, clock)


def _follows(message: Message, hand_off: HandOff) -> bool:
    """The holding line goes out in the moment of the flag, and is its consequence."""
    return message.created_at > hand_off.at or (message.created_at == hand_off.at and message.purpose is Purpose.HOLDING)


def _divided(raw: Sequence[Entry], clock: Clock) -> list[Entry]:
    entries: list[Entry] = []
    day = ""
    before: Entry | None = None
    for entry in raw:
        if (label := clock.day(entry.at)) != day:
            entries.append(Entry("day", entry.at, text=label))
            day, before = label, None
        joined = (
            before is not None
            and entry.kind == before.kind == "bubble"
            and (entry.side, entry.author) == (before.side, before.author)
            and entry.at - before.at < JOIN
        )
        entries.append(Entry(entry.kind, entry.at, entry.message, entry.side, joined, entry.author, entry.flag, entry.text))
        before = entry
    return entries


def composer_of(conversation: Conversation, me: Manager, clock: Clock, last_seen: str, *, text: str = "", note: bool = False) -> Composer:
    state: Literal["open", "bot", "owned", "closed", "viewer"] = "open"
    if not me.may(Role.MANAGER):
        state = "viewer"
    elif conversation.status is Status.CLOSED:
        state = "closed"
    elif conversation.status is Status.BOT:
        state = "bot"
    elif conversation.status is not Status.FLAGGED and conversation.assignee_id not in (None, me.id):
        state = "owned"
    return Composer(state, conversation.assignee_name or "", str(uuid4()), last_seen, text, note, window_of(conversation, clock))


def window_of(conversation: Conversation, clock: Clock) -> Window | None:
    """None where the channel has no window, or nothing is known of it."""
    due, hours = conversation.due, WINDOW_HOURS.get(conversation.channel)
    if due.window_at is None or hours is None:
        return None
    until: datetime = due.window_at
    state: Literal["open", "closing", "person", "closed"]
    match reach(due.window_at, due.person_window_at, clock.now):
        case Reach.FREE:
            state = "closing" if until - clock.now <= CLOSING_SOON else "open"
        case Reach.PERSON:
            state, until = "person", due.person_window_at or until
        case Reach.CLOSED:
            state = "closed"
    return Window(state, until, clock.due(until), hours, conversation.channel in TEMPLATE_CHANNELS)


def last_public(messages: Sequence[Message]) -> str:
    """The last message that went between customer and desk: the engine knows no notes. Empty if there is none."""
    return next((message.id for message in reversed(messages) if message.direction is not Direction.NOTE), "")


async def load_thread(
    services: Services,
    me: Manager,
    clock: Clock,
    query: ListQuery,
    conversation_id: str,
    *,
    before: str | None = None,
    pending: bool = False,
    conflict: Conflict | None = None,
    chooser: Chooser | None = None,
    text: str = "",
    note: bool = False,
) -> Thread:
    """Raises NotFound. `text` is put back into the composer."""
    conversation = await services.conversations.get(conversation_id)
    found = await services.conversations.messages(conversation_id, before=before, limit=MESSAGES + 1)
    earlier, messages = len(found) > MESSAGES, found[-MESSAGES:]
    name = name_of(conversation)
    return Thread(
        conversation=conversation,
        name=name,
        first_name=name.split()[0] if conversation.contact_name else "The customer",
        initials=initials(name),
        hue=hue(conversation.contact_id),
        icon=channel_icon(conversation.channel),
        query=query,
        entries=entries_of(conversation, messages, me, clock, earlier=earlier),
        earlier_url=query.url(conversation_id, before=messages[0].id) if earlier else None,
        composer=composer_of(conversation, me, clock, last_public(messages), text=text, note=note),
        owner_is_me=conversation.assignee_id == me.id,
        managers=[person for person in await services.people.list() if person.may(Role.MANAGER)],
        may_act=me.may(Role.MANAGER),
        pending=pending,
        conflict=conflict,
        chooser=chooser,
        takes_files=_takes_files(services, conversation),
        asks_vendor=isinstance(services.channels.get(conversation.channel), Closable),
        sanctions_contacts=(channel := services.channels.get(conversation.channel)) is not None and channel.features.strip_contacts,
        due=due_state(conversation, clock.now),
        previous=await services.conversations.get(conversation.previous_id) if conversation.previous_id and not earlier else None,
        others=await services.teamwork.others(conversation_id, me.id),
        watching=me.id in {one for one, _ in await services.teamwork.watchers(conversation_id)},
    )


def _takes_files(services: Services, conversation: Conversation) -> str:
    channel = services.channels.get(conversation.channel)
    if channel is None or not channel.features.attachments_out:
        return ""
    return ",".join(channel.features.file_types or ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"))


async def load_panel(services: Services, query: ListQuery, conversation_id: str, tab: str, *, searched: str = "") -> Panel:
    """Raises NotFound."""
    conversation = await services.conversations.get(conversation_id)
    messages = await services.conversations.messages(conversation_id, limit=MESSAGES)
    turn_id = turn_shown(conversation, messages)
    found = await services.conversations.evidence(turn_id) if turn_id else None
    judged = await Judgements(services.db).of_turn(turn_id) if turn_id else None
    inbox = await services.inboxes.get(conversation.inbox_id)
    episodes = await services.conversations.contact_conversations(conversation.contact_id)
    told = await _told(services, conversation)
    check = await services.telling.verified.last_check(conversation_id)
    return Panel(
        conversation=conversation,
        name=name_of(conversation),
        query=query,
        tab=next((known for known in TABS if known == tab), "evidence"),
        evidence=view_of(conversation, messages, found, inbox.policy.answer_threshold, judged=judged),
        person=await load_person(services, conversation.contact_id, searched),
        history=[episode for episode in episodes if episode.id != conversation_id],
        temporal_url=services.gateway.temporal_link(conversation.workflow_id, conversation.id),
        first_at=min([episode.opened_at for episode in episodes], default=conversation.opened_at),
        told=told,
        can_verify=services.telling.verifier is not None,
        identity=check.model_copy(update={"phone": hidden(check.phone)}) if check else None,
        known_phone=_phone_in(conversation.contact_address),
        next_rungs=_next_rungs(conversation, inbox.policy, {line.rung for line in told}),
    )


def _phone_in(address: str) -> str:
    """The number behind an address of SMS or WhatsApp; empty for others."""
    try:
        return number_in(address if address.startswith("+") else f"+{address}" if address.isdecimal() else "")
    except InvalidInput:
        return ""


async def _told(services: Services, conversation: Conversation) -> Sequence[NoticeLine]:
    lines = await services.telling.notices.lines(conversation.id)
    last = max((line.flagged_at for line in lines), default=None)
    return [line for line in lines if line.flagged_at == last]


def _next_rungs(conversation: Conversation, policy: Policy, climbed: set[Rung]) -> list[tuple[Rung, datetime]]:
    """The rungs that are still to come if nobody takes the conversation."""
    hand_off = conversation.hand_off
    if conversation.status is not Status.FLAGGED or hand_off is None:
        return []
    ladder = [(rung, hand_off.at + timedelta(minutes=after)) for rung, after in policy.ladder() if rung not in climbed]
    return sorted([step for step in ladder if step[1] > hand_off.at], key=lambda step: step[1])
