"""WhatsApp's webhooks, read: several accounts, numbers, messages and statuses may stand in one delivery, in any order.

Field names are those of the Cloud API as of 2026, when customers may hide their telephone number: then only the business-scoped user id
(`user_id`, `from_user_id`) names them. It comes first wherever it is given, so that hiding a number later changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.arriving import LONGEST_ID, Content, arrival, attached, contact_card, moment, place, unsupported
from channels.json_body import Fields
from channels.meta_webhooks import entries
from channels.phone_numbers import language_of, language_of_country, other_spellings
from channels.whatsapp_errors import delivery_words, is_window
from domain.messages import START, Arrival, DeliveryReceipt, DeliveryState, Echo, Ignored, InboundEvent, MessageType

_FILES: Mapping[str, MessageType] = {
    "image": MessageType.IMAGE,
    "sticker": MessageType.IMAGE,
    "audio": MessageType.AUDIO,
    "video": MessageType.VIDEO,
    "document": MessageType.DOCUMENT,
}
_STATES: Mapping[str, DeliveryState] = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "played": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
}
_EVENT_KINDS = frozenset({"edit", "revoke", "reaction", "system"})
"""Message types that are events about something else; they are told apart from messages in the dedupe key."""
_NO_ANSWERS = frozenset({"edit", "revoke", "reaction", "system", "unsupported"})
"""Kinds of an echo that don't mean that a person answered."""


@dataclass(frozen=True, slots=True)
class _Delivery:
    inbox_id: str
    phone_number_id: str
    """This inbox's own; empty takes every number's."""
    received_at: datetime


def read_events(body: bytes, inbox_id: str, phone_number_id: str, *, received_at: datetime) -> Sequence[InboundEvent]:
    """Every event of every entry and change, in order. Raises InvalidInput if the body is no delivery of WhatsApp's."""
    delivery = _Delivery(inbox_id, phone_number_id, received_at)
    changes = (change for entry in entries(body, "whatsapp_business_account") for change in entry.items("changes"))
    found = [event for change in changes for event in _change(delivery, change)]
    return found or [Ignored(reason="a delivery without events")]


def _change(delivery: _Delivery, change: Fields) -> Iterator[InboundEvent]:
    name, value = change.text("field"), change.inner("value")
    number = value.inner("metadata").text("phone_number_id")
    if name not in ("messages", "smb_message_echoes"):
        yield Ignored(reason=f"the field {name[:60] or 'without a name'}")
        return
    if number and delivery.phone_number_id not in ("", number):
        yield Ignored(reason="another phone number than this inbox's")
        return
    people = value.items("contacts")
    for message in value.items("messages"):
        yield _message(delivery, message, people)
    for status in value.items("statuses"):
        yield _receipt(delivery, status)
    for echo in value.items("message_echoes"):
        yield _echo(delivery, echo, people)
    for error in value.items("errors"):
        yield Ignored(reason=f"an error of the account (code {error.whole('code')})")


def _message(delivery: _Delivery, message: Fields, people: Sequence[Fields]) -> InboundEvent:
    wamid, person = message.text("id"), _person(message.text("from_user_id"), message.text("from"), people)
    names = _names_of(message, person)
    if not wamid or not names or max(len(wamid), len(names[0])) > LONGEST_ID:
        return Ignored(reason="a message without its id or its sender")
    if "group_id" in message:
        return Ignored(reason="a message in a group")
    kind = message.text("type")
    return _arrival(delivery, message, _event_kind(kind), wamid, names, person.inner("profile").text("name"), _content(kind, message))


def _names_of(message: Fields, person: Fields) -> tuple[str, ...]:
    """Every address by which the sender goes, the one to answer first. When a number has changed, the new one comes before the old."""
    system = message.inner("system")
    changed = (system.text("user_id"), system.text("new_user_id"), system.text("wa_id"), system.text("new_wa_id"))
    user_ids = (message.text("from_user_id"), person.text("user_id"))
    phones = (message.text("from"), system.text("customer"), person.text("wa_id"))
    return tuple(dict.fromkeys(name for name in (*changed, *user_ids, *phones) if name))


def _arrival(delivery: _Delivery, message: Fields, kind: str, wamid: str, names: tuple[str, ...], name: str, content: Content) -> Arrival:
    return arrival(
        delivery.inbox_id,
        kind=kind,
        provider_id=wamid,
        address=names[0],
        aliases=(*names[1:], *(spelling for one in names for spelling in other_spellings(one))),
        name=name,
        content=content,
        language=_language(names),
        sent_at=moment(message.text("timestamp")),
        received_at=delivery.received_at,
    )


def _language(names: tuple[str, ...]) -> str:
    """A user id begins with its country; a number has one."""
    user_id = next((name for name in names if name[2:3] == "."), None)
    return language_of_country(user_id[:2]) if user_id else language_of(names[0])


def _event_kind(kind: str) -> str:
    if kind == "request_welcome":
        return START
    return kind if kind in _EVENT_KINDS else "message"


def _person(user_id: str, phone: str, people: Sequence[Fields]) -> Fields:
    """Matched by id: the order of contacts says nothing."""
    named = (one for one in people if (user_id and one.text("user_id") == user_id) or (phone and one.text("wa_id") == phone))
    return next(named, Fields({}))


def _content(kind: str, message: Fields) -> Content:
    inner = message.inner(kind)
    match kind:
        case "text":
            return Content(text=inner.text("body"))
        case "image" | "sticker" | "audio" | "video" | "document":
            return _file(kind, inner)
        case "location":
            return place(inner.number("latitude"), inner.number("longitude"), inner.text("name"), inner.text("address"))
        case "contacts":
            return contact_card(_card(one) for one in message.items("contacts"))
        case "reaction":
            return Content(MessageType.REACTION, inner.text("emoji"), raw_kind=None if inner.text("emoji") else "reaction_removed")
        case "button":
            return Content(MessageType.BUTTON, inner.text("text") or inner.text("payload"))
        case "interactive":
            return _interactive(inner)
        case "edit":
            edited = inner.inner("message")
            now = _content(edited.text("type"), edited)
            return Content(MessageType.EDITED, now.text, now.attachments)
        case "revoke":
            return Content(MessageType.DELETED)
        case "system":
            return unsupported(".".join(filter(None, ("system", inner.text("type")))), inner.text("body"))
        case "order":
            return unsupported("order", _order_words(inner))
        case "unsupported":
            return unsupported(".".join(filter(None, ("unsupported", inner.text("type")))))
        case _:
            return unsupported(kind or "message without a type", inner.text("body") or inner.text("text"))


def _file(kind: str, file: Fields) -> Content:
    """The id is kept, not the link: that one expires within minutes, and opens with the access token only."""
    url = f"whatsapp:{file.text('id')}" if file.text("id") else ""
    mime_type = file.text("mime_type").split(";")[0].strip()
    found = attached(_FILES[kind], url, mime_type=mime_type, name=file.text("filename"), size=file.whole("file_size"))
    return Content(_FILES[kind], file.text("caption"), found, raw_kind="sticker" if kind == "sticker" else None)


def _interactive(inner: Fields) -> Content:
    kind = inner.text("type")
    chosen = inner.inner(kind)
    if kind in ("button_reply", "list_reply"):
        return Content(MessageType.BUTTON, chosen.text("title") or chosen.text("id"))
    return unsupported(f"interactive.{kind or 'unknown'}", "\n".join(filter(None, (chosen.text("body"), chosen.text("response_json")))))


def _card(person: Fields) -> tuple[str, list[str]]:
    name = person.inner("name")
    ways = [one.text("phone") or one.text("wa_id") for one in person.items("phones")]
    ways += [one.text("email") for one in person.items("emails")]
    return name.text("formatted_name") or name.text("first_name") or person.inner("org").text("company"), ways


def _order_words(order: Fields) -> str:
    items = (f"{_count(one)} × {one.text('product_retailer_id')}" for one in order.items("product_items"))
    return "\n".join(filter(None, (order.text("text"), *items)))


def _count(item: Fields) -> str:
    """A number in some deliveries, a string of digits in others."""
    return item.text("quantity") or str(item.whole("quantity") or 1)


def _receipt(delivery: _Delivery, status: Fields) -> InboundEvent:
    """`biz_opaque_callback_data` is our own id, given with the send: it finds a message whose answer never came."""
    wamid, state = status.text("id"), _STATES.get(status.text("status"))
    if state is None:
        return Ignored(reason=f"a status {status.text('status')[:40] or 'without a name'}")
    if not wamid or len(wamid) > LONGEST_ID:
        return Ignored(reason="a status without a message's id")
    return DeliveryReceipt(
        message_id=status.text("biz_opaque_callback_data")[:LONGEST_ID] or None,
        provider_id=wamid,
        state=state,
        error=delivery_words(status) if state is DeliveryState.FAILED else None,
        window_closed=state is DeliveryState.FAILED and is_window(status),
        at=moment(status.text("timestamp")) or delivery.received_at,
    )


def _echo(delivery: _Delivery, echo: Fields, people: Sequence[Fields]) -> InboundEvent:
    """What a person wrote in the WhatsApp Business app; what we send is never echoed."""
    wamid, person = echo.text("id"), _person(echo.text("to_user_id"), echo.text("to"), people)
    address = echo.text("to_user_id") or person.text("user_id") or echo.text("to") or person.text("wa_id")
    if not wamid or not address or max(len(wamid), len(address)) > LONGEST_ID:
        return Ignored(reason="an echo without its id or its receiver")
    kind = echo.text("type")
    if kind in _NO_ANSWERS:
        return Ignored(reason=f"an echo of the kind {kind}")
    text = _content(kind, echo).text
    return Echo(address=address, provider_id=wamid, text=text, at=moment(echo.text("timestamp")) or delivery.received_at)
