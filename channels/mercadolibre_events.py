"""What MercadoLibre tells: notifications, which only name a resource, and what stands in that resource when it is read.

A notification is trusted for nothing but where to look, in two forms that are checked letter by letter. A thread after a sale is read as
a whole, so that messages come in the order in which they were written whatever the order of their notifications.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from channels.arriving import LONGEST_ID, Content, arrival, attached, unsupported
from channels.json_body import Fields, read_object
from channels.mercadolibre_api import number_of
from domain.channels import WebhookRequest
from domain.errors import InvalidInput
from domain.messages import Attachment, DeliveryReceipt, DeliveryState, Echo, Ignored, InboundEvent, MessageType, ResourceChanged

QUESTIONS, MESSAGES, THREADS = "questions", "messages", "threads"
"""Topics. `threads` is our own: a thread in which a sweep found unread messages."""

_RESOURCES = {QUESTIONS: re.compile(r"/questions/([0-9]{1,20})"), MESSAGES: re.compile(r"([0-9a-f]{32})")}
_ACTIONS = frozenset({"created", "read"})

LANGUAGES = {"MLB": "pt-BR"}
"""By site; every other site's language is Spanish."""

CAUGHT_UP = timedelta(hours=1)
"""How far before a message its thread is looked through for others that came in unnoticed."""
STALE = timedelta(days=7)
"""What is older and was never noticed is left to people: an answer now would surprise."""

_FILES = {"image": MessageType.IMAGE, "audio": MessageType.AUDIO, "video": MessageType.VIDEO}

_REJECTED = {
    "automatic_message": "it looks like an automatic message",
    "personal_data": "it holds contact data",
    "social_network_link": "it holds a link to a social network",
    "link": "it holds a link",
    "language": "its language is not allowed",
}
"""Reasons of moderation to what a manager reads after \"MercadoLibre rejected this message: \"."""

_LEFT_ALONE = {
    "CLOSED_UNANSWERED": "a question whose listing was closed",
    "UNDER_REVIEW": "a question that MercadoLibre is reviewing",
    "BANNED": "a question that MercadoLibre banned",
    "DISABLED": "a question that MercadoLibre disabled",
}


@dataclass(frozen=True, slots=True)
class Seller:
    """Whose inbox it is, and what an arrival on it looks like."""

    inbox_id: str
    user_id: str
    language: str
    received_at: datetime
    connected_at: datetime | None = None
    """What was written before is drawn in by nothing but its own notification: people have dealt with it."""


def changed(request: WebhookRequest) -> ResourceChanged | Ignored:
    """The notification. Raises InvalidInput naming what can't be read."""
    body = Fields(read_object(request.body))
    for name in ("application_id", "user_id"):
        if not number_of(body, name):
            raise InvalidInput(f"{name}: is missing, or no number")
    if not body.text("topic"):
        raise InvalidInput("topic: is missing, or no text")
    if not body.text("resource"):
        raise InvalidInput("resource: is missing, or no text")
    return pointed(body)


def pointed(body: Fields) -> ResourceChanged | Ignored:
    """Raises InvalidInput if the resource is not in its topic's form."""
    topic, resource = body.text("topic"), body.text("resource")
    form = _RESOURCES.get(topic)
    if form is None:
        return Ignored(reason=f"a notification of the topic {topic[:40]}")
    match = form.fullmatch(resource)
    if match is None:
        raise InvalidInput(f"resource: is in no form that belongs to {topic}")
    actions = tuple(action for action in dict.fromkeys(body.texts("actions")) if action in _ACTIONS)
    return ResourceChanged(topic=topic, resource=match[1], actions=actions)


# Questions


def question_address(question_id: str) -> str:
    return f"question:{question_id}"


def answer_name(question_id: str) -> str:
    """How the one answer to a question is named: MercadoLibre gives it no id."""
    return f"{question_id}:answer"


def question_events(question: Fields, seller: Seller, *, title: str) -> Sequence[InboundEvent]:
    """The customer's question, and the answer if there is one: ours, or a person's in MercadoLibre's own pages.

    Who asks is not told: managers know the conversation by the listing.
    """
    number = number_of(question, "id")
    if not number or number_of(question, "seller_id") != seller.user_id:
        return (Ignored(reason="a question to another seller"),)
    status = question.text("status")
    if status in _LEFT_ALONE:
        return (Ignored(reason=_LEFT_ALONE[status]),)
    if status == "UNANSWERED" and question.flag("hold"):
        return (Ignored(reason="a question that MercadoLibre holds back"),)
    address = question_address(number)
    asked_at = moment(question.text("date_created"))
    deleted = status == "DELETED"
    asked = arrival(
        seller.inbox_id,
        kind="deleted" if deleted else "question",
        provider_id=number,
        address=address,
        name=f"Question · {title}" if title else f"Question {number}",
        content=Content(MessageType.DELETED) if deleted else Content(text=question.text("text")),
        language=seller.language,
        sent_at=asked_at,
        received_at=seller.received_at,
    )
    message = asked.message.model_copy(update={"context": title[:300], "one_reply": True})
    # What changes in a question is its answer; the same question again is never another one.
    came_in = asked.model_copy(update={"message": message, "body_hash": number})
    answer = question.inner("answer")
    if status != "ANSWERED" or not answer:
        return (came_in,)
    answered_at = moment(answer.text("date_created")) or seller.received_at
    return came_in, Echo(address=address, provider_id=answer_name(number), own_without_id=True, text=answer.text("text"), at=answered_at)


# Threads after a sale


def thread_address(thread_id: str) -> str:
    """`thread_id` is a pack's, or an order's that belongs to none."""
    return f"pack:{thread_id}"


def thread_of(message: Fields) -> str:
    """The pack's number, else the order's; empty if it names neither."""
    named = {one.text("name"): number_of(one, "id") for one in message.items("message_resources")}
    return named.get("packs") or named.get("orders") or ""


def writer_of(message: Fields) -> str:
    return number_of(message.inner("from"), "user_id")


def written_at(message: Fields) -> datetime | None:
    dates = message.inner("message_date")
    return moment(dates.text("created")) or moment(dates.text("received"))


def text_of(message: Fields) -> str:
    """A string; an object with `plain` in the older API."""
    return message.text("text") or message.inner("text").text("plain")


def in_order(messages: Iterable[Fields], seller: Seller) -> list[Fields]:
    """Oldest first; of equal times, by id, so that every reading gives the same order."""
    return sorted(messages, key=lambda message: (written_at(message) or seller.received_at, message.text("id")))


def named_events(named: Fields, thread: Sequence[Fields], seller: Seller, *, actions: Sequence[str], name: str) -> Sequence[InboundEvent]:
    """What one notified message says, with what the customer wrote shortly before it, or since, in its thread."""
    if writer_of(named) == seller.user_id:
        return own_events(named, seller, actions)
    at = written_at(named) or seller.received_at
    since = max(at - CAUGHT_UP, seller.connected_at or at - CAUGHT_UP)
    others = [message for message in thread if message.text("id") != named.text("id") and writer_of(message) != seller.user_id]
    fresh = [message for message in others if since <= (written_at(message) or at)]
    return tuple(_message(message, seller, name) for message in in_order([named, *fresh], seller))


def unread_events(thread: Sequence[Fields], seller: Seller, *, name: str) -> Sequence[InboundEvent]:
    """What customers wrote after our last word, has not been read by anybody, and is not stale."""
    at = seller.received_at
    answered = [written_at(message) or at for message in thread if writer_of(message) == seller.user_id]
    since = max([*answered, at - STALE])
    unread = [
        message
        for message in thread
        if writer_of(message) != seller.user_id and not message.inner("message_date").text("read") and (written_at(message) or at) > since
    ]
    return tuple(_message(message, seller, name) for message in in_order(unread, seller))


def own_events(message: Fields, seller: Seller, actions: Sequence[str]) -> Sequence[InboundEvent]:
    """What left the seller's account: how far it got, and, when it is new, who may have written it."""
    provider_id, thread = message.text("id"), thread_of(message)
    if not provider_id or not thread or len(provider_id) > LONGEST_ID:
        return (Ignored(reason="a message of ours without its id or its thread"),)
    events: list[InboundEvent] = []
    moderation = message.inner("message_moderation")
    rejected = moderation.text("status").lower() == "rejected"
    at = written_at(message) or seller.received_at
    if tuple(actions) != ("read",):
        events.append(Echo(address=thread_address(thread), provider_id=provider_id, own_without_id=True, text=text_of(message), at=at))
    if rejected:
        error = f"MercadoLibre rejected this message: {_rejection(moderation.text('reason'))}; the customer does not see it"
        events.append(DeliveryReceipt(provider_id=provider_id, state=DeliveryState.FAILED, error=error, at=at))
    elif (read_at := moment(message.inner("message_date").text("read"))) is not None:
        events.append(DeliveryReceipt(provider_id=provider_id, state=DeliveryState.READ, at=read_at))
    return tuple(events) or (Ignored(reason="a message of ours about which there is nothing new"),)


def _message(message: Fields, seller: Seller, name: str) -> InboundEvent:
    provider_id, thread = message.text("id"), thread_of(message)
    if not provider_id or not thread or len(provider_id) > LONGEST_ID:
        return Ignored(reason="a message without its id or its thread")
    came_in = arrival(
        seller.inbox_id,
        kind="message",
        provider_id=provider_id,
        address=thread_address(thread),
        name=name,
        content=_content(message),
        language=seller.language,
        sent_at=written_at(message),
        received_at=seller.received_at,
    )
    # Moderation may change a text after it was read here: it is the same message all the same.
    return came_in.model_copy(update={"body_hash": provider_id})


def _content(message: Fields) -> Content:
    text, files = text_of(message), message.items("message_attachments")
    attachments = tuple(found for file in files for found in _file(file))
    if attachments:
        return Content(attachments[0].type, text, attachments)
    if not text.strip():
        return unsupported(f"message {message.text('status')}".strip())
    return Content(text=text)


def _file(file: Fields) -> tuple[Attachment, ...]:
    mime_type = file.text("type").split(";")[0].strip()
    kind = _FILES.get(mime_type.partition("/")[0], MessageType.DOCUMENT)
    name = file.text("filename")
    url = f"mercadolibre:{name}" if name else ""
    return attached(kind, url, mime_type=mime_type, name=file.text("original_filename") or name, size=file.whole("size"))


def _rejection(reason: str) -> str:
    known = next((words for part, words in _REJECTED.items() if part in reason.lower()), None)
    return known or (f"its word for it is {reason[:60]}" if reason else "it gives no reason")


def moment(text: str) -> datetime | None:
    """An ISO-8601 time with whatever offset; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (OverflowError, ValueError):
        return None
