"""Telegram's updates, read: one update for each request, any of some thirty kinds.

Field names are those of the Bot API (10.1). A customer writes in a private chat, or to a person's own account that the bot is connected
to (`business_*`); groups are not a front desk's business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.arriving import LONGEST_ID, Content, arrival, attached, contact_card, moment, place, unsupported
from channels.json_body import Fields, read_object
from domain.errors import InvalidInput
from domain.messages import START, Arrival, Attachment, Echo, Ignored, InboundEvent, MessageType

_FILES: Mapping[str, MessageType] = {
    "voice": MessageType.AUDIO,
    "audio": MessageType.AUDIO,
    "video": MessageType.VIDEO,
    "video_note": MessageType.VIDEO,
    "animation": MessageType.VIDEO,
    "document": MessageType.DOCUMENT,
    "sticker": MessageType.IMAGE,
}
"""Fields that hold one file, first match wins: an animation stands in `document` too."""

_TITLES: Mapping[str, str] = {"poll": "question", "dice": "emoji", "game": "title", "checklist": "title", "invoice": "title"}
"""Kinds without a form of ours, and which of their fields says most."""

_SERVICE = frozenset(
    {
        "boost_added",
        "chat_background_set",
        "connected_website",
        "forum_topic_closed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_reopened",
        "message_auto_delete_timer_changed",
        "pinned_message",
        "proximity_alert_triggered",
        "write_access_allowed",
    }
)
"""What Telegram itself says in a private chat: nobody wrote it."""

_AROUND = frozenset(
    {
        "author_signature",
        "business_connection_id",
        "caption",
        "caption_entities",
        "chat",
        "date",
        "direct_messages_topic",
        "edit_date",
        "effect_id",
        "entities",
        "external_reply",
        "forward_origin",
        "from",
        "has_media_spoiler",
        "has_protected_content",
        "is_automatic_forward",
        "is_from_offline",
        "is_paid_post",
        "is_topic_message",
        "link_preview_options",
        "media_group_id",
        "message_id",
        "message_thread_id",
        "paid_star_count",
        "quote",
        "reply_markup",
        "reply_to_checklist_task_id",
        "reply_to_message",
        "reply_to_story",
        "sender_boost_count",
        "sender_business_bot",
        "sender_chat",
        "sender_tag",
        "show_caption_above_media",
        "suggested_post_info",
        "via_bot",
    }
)
"""Fields of a message that are not its content: the first other one names its kind."""

_MEMBERSHIP = {"kicked": "the customer blocked the bot", "member": "the customer unblocked the bot"}


@dataclass(frozen=True, slots=True)
class _Chat:
    """Where an update belongs: the chat, its topic if it has any, and the connected account if it is one's."""

    id: int
    address: str
    """`CHAT`, `CHAT/TOPIC`, and `@CONNECTION` behind either: all that an answer needs."""

    def message(self, message_id: int) -> str:
        """A message's name across all chats; the same for what comes in and what we send."""
        return f"{self.address}:{message_id}"


@dataclass(frozen=True, slots=True)
class _Update:
    id: int
    inbox_id: str
    received_at: datetime

    def arrival(self, chat: _Chat, kind: str, provider_id: str, content: Content, sender: Fields, sent_at: datetime | None) -> Arrival:
        return arrival(
            self.inbox_id,
            kind=kind,
            provider_id=provider_id,
            address=chat.address,
            name=f"{sender.text('first_name')} {sender.text('last_name')}",
            content=content,
            language=sender.text("language_code"),
            sent_at=sent_at,
            received_at=self.received_at,
        )


def read_update(body: bytes, inbox_id: str, *, received_at: datetime) -> tuple[InboundEvent, ...]:
    """Every event of one update. Raises InvalidInput if the body is no update at all.

    An update of a known kind that lacks what names it is left alone with a reason: Telegram holds back the chat's next updates for as
    long as it is answered with an error.
    """
    fields = Fields(read_object(body))
    number = fields.whole("update_id")
    if number is None:
        raise InvalidInput("update_id: is missing, or no whole number")
    update = _Update(number, inbox_id, received_at)
    kind = next((name for name in fields.names() if name != "update_id"), "empty")
    return tuple(_read(update, kind, fields.inner(kind)))


def _read(update: _Update, kind: str, inner: Fields) -> Iterator[InboundEvent]:
    match kind:
        case "message" | "business_message":
            yield _message(update, inner)
        case "edited_message" | "edited_business_message":
            yield _edit(update, inner)
        case "callback_query":
            yield _pressed(update, inner)
        case "message_reaction":
            yield _reaction(update, inner)
        case "deleted_business_messages":
            yield from _deletions(update, inner)
        case "my_chat_member":
            status = inner.inner("new_chat_member").text("status")
            yield Ignored(reason=_MEMBERSHIP.get(status, "the bot's membership changed"))
        case _:
            yield Ignored(reason=f"an update of the kind {kind[:60]}")


def _chat(fields: Fields) -> _Chat | Ignored:
    chat = fields.inner("chat")
    number, kind = chat.whole("id"), chat.text("type")
    if number is None:
        return Ignored(reason="an update without a chat's id")
    if kind != "private":
        return Ignored(reason=f"a chat of the kind {kind[:20] or 'unknown'}: only private chats are answered")
    topic = fields.whole("message_thread_id") if fields.flag("is_topic_message") else None
    connection = fields.text("business_connection_id")
    address = f"{number}" + (f"/{topic}" if topic is not None else "") + (f"@{connection}" if connection else "")
    return _Chat(number, address) if len(address) <= LONGEST_ID else Ignored(reason="an update with an id of unbelievable length")


def _message(update: _Update, message: Fields) -> InboundEvent:
    chat, number = _chat(message), message.whole("message_id")
    if isinstance(chat, Ignored):
        return chat
    if number is None:
        return Ignored(reason="a message without an id")
    content, sent_at = _content(message), moment(message.whole("date"))
    if isinstance(content, Ignored):
        return content
    if "business_connection_id" in message and message.inner("from").whole("id") != chat.id:
        if "sender_business_bot" in message:
            return Ignored(reason="a message that the bot sent for a connected account")
        return Echo(address=chat.address, provider_id=chat.message(number), text=content.text, at=sent_at or update.received_at)
    kind = START if content.text.split(maxsplit=1)[:1] == ["/start"] else "message"
    return update.arrival(chat, kind, chat.message(number), content, message.inner("from"), sent_at)


def _edit(update: _Update, message: Fields) -> InboundEvent:
    chat, number = _chat(message), message.whole("message_id")
    if isinstance(chat, Ignored):
        return chat
    if number is None:
        return Ignored(reason="an edit without a message's id")
    if "business_connection_id" in message and message.inner("from").whole("id") != chat.id:
        return Ignored(reason="an edit of what was sent from the connected account")
    if "location" in message:
        return Ignored(reason="a step of a live location")
    content = _content(message)
    if isinstance(content, Ignored):
        return content
    edited = Content(MessageType.EDITED, content.text, content.attachments, content.raw_kind)
    at = moment(message.whole("edit_date"))
    return update.arrival(chat, "edited_message", f"{chat.message(number)}:{update.id}", edited, message.inner("from"), at)


def _content(message: Fields) -> Content | Ignored:
    """What a message says. Text and caption are the same to a reader."""
    if text := message.text("text"):
        return Content(text=text)
    if photo := max(message.items("photo"), key=_area, default=None):
        return Content(MessageType.IMAGE, message.text("caption"), _file(MessageType.IMAGE, photo))
    for name, kind in _FILES.items():
        if file := message.inner(name):
            words = message.text("caption") or file.text("emoji")
            return Content(kind, words, _file(kind, file), raw_kind=name if name in ("sticker", "animation", "video_note") else None)
    if venue := message.inner("venue"):
        spot = venue.inner("location")
        return place(spot.number("latitude"), spot.number("longitude"), venue.text("title"), venue.text("address"))
    if spot := message.inner("location"):
        return place(spot.number("latitude"), spot.number("longitude"))
    if person := message.inner("contact"):
        return contact_card([(f"{person.text('first_name')} {person.text('last_name')}", [person.text("phone_number")])])
    kind_name = next((name for name in message.names() if name not in _AROUND), "empty message")
    if kind_name in _SERVICE:
        return Ignored(reason=f"a service message ({kind_name})")
    return unsupported(kind_name, message.text("caption") or message.inner(kind_name).text(_TITLES.get(kind_name, "")))


def _area(photo: Fields) -> int:
    return (photo.whole("width") or 0) * (photo.whole("height") or 0)


def _file(kind: MessageType, file: Fields) -> tuple[Attachment, ...]:
    """`file_id` is what getFile takes."""
    url = f"telegram:{file.text('file_id')}" if file.text("file_id") else ""
    return attached(kind, url, mime_type=file.text("mime_type"), name=file.text("file_name"), size=file.whole("file_size"))


def _pressed(update: _Update, query: Fields) -> InboundEvent:
    """A button under a message of ours. The message may be one that Telegram no longer shows us: then its buttons are not known."""
    message, name = query.inner("message"), query.text("id")
    if not message:
        return Ignored(reason="a button outside of a chat")
    chat = _chat(message)
    if isinstance(chat, Ignored):
        return chat
    if not name or len(name) > LONGEST_ID:
        return Ignored(reason="a pressed button without an id")
    pressed = query.text("data")
    words = next((button.text("text") for button in _buttons(message) if pressed and button.text("callback_data") == pressed), pressed)
    return update.arrival(chat, "callback_query", name, Content(MessageType.BUTTON, words), query.inner("from"), None)


def _buttons(message: Fields) -> Iterator[Fields]:
    rows = message.inner("reply_markup").lists("inline_keyboard")
    return (button for row in rows for button in row)


def _reaction(update: _Update, reaction: Fields) -> InboundEvent:
    chat, number = _chat(reaction), reaction.whole("message_id")
    if isinstance(chat, Ignored):
        return chat
    if number is None:
        return Ignored(reason="a reaction without a message's id")
    chosen = "".join(item.text("emoji") or "⭐" for item in reaction.items("new_reaction"))
    content = Content(MessageType.REACTION, chosen, raw_kind=None if chosen else "reaction_removed")
    at = moment(reaction.whole("date"))
    return update.arrival(chat, "message_reaction", f"{chat.message(number)}:{update.id}", content, reaction.inner("user"), at)


def _deletions(update: _Update, deleted: Fields) -> Iterator[InboundEvent]:
    chat = _chat(deleted)
    if isinstance(chat, Ignored):
        yield chat
        return
    for number in deleted.wholes("message_ids"):
        content = Content(MessageType.DELETED)
        yield update.arrival(chat, "deleted_business_messages", chat.message(number), content, deleted.inner("chat"), None)


def acknowledgement(body: bytes) -> dict[str, str] | None:
    """The call that Telegram takes as the answer to this update: it ends the waiting that a pressed button shows."""
    query = Fields(read_object(body)).inner("callback_query")
    return {"method": "answerCallbackQuery", "callback_query_id": query.text("id")} if query.text("id") else None
