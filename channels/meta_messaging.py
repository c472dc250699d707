"""The messaging events of Messenger and Instagram, read: `entry[].messaging[]`, several people and accounts in one delivery.

Edits, reactions and deletions carry the id of the message that they are about, so the event kind belongs to the dedupe key.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.arriving import LONGEST_ID, Content, arrival, attached, moment, place, unsupported
from channels.json_body import Fields
from channels.meta_webhooks import entries
from domain.messages import STANDBY, START, Arrival, Attachment, DeliveryReceipt, DeliveryState, Echo, Ignored, InboundEvent, MessageType

_FILES: Mapping[str, MessageType] = {
    "image": MessageType.IMAGE,
    "gif": MessageType.IMAGE,
    "sticker": MessageType.IMAGE,
    "audio": MessageType.AUDIO,
    "video": MessageType.VIDEO,
    "ig_reel": MessageType.VIDEO,
    "reel": MessageType.VIDEO,
    "file": MessageType.DOCUMENT,
}
"""Attachment types with a form of ours. Shares, posts, stories and whatever is newer are kept under Meta's word, with their link."""

_AROUND = frozenset({"sender", "recipient", "timestamp"})


@dataclass(frozen=True, slots=True)
class Account:
    """Whose events are read, and how its product behaves."""

    object: str
    """`page` or `instagram`."""
    id: str
    """The page's or account's own; empty takes every one's."""
    echoes_name_our_id: bool
    """Whether an echo of our own send brings back the id that went along."""


@dataclass(frozen=True, slots=True)
class _Reader:
    inbox_id: str
    account: Account
    received_at: datetime

    def arrival(self, address: str, kind: str, provider_id: str, content: Content, at: datetime | None) -> Arrival:
        return arrival(
            self.inbox_id,
            kind=kind,
            provider_id=provider_id,
            address=address,
            name="",
            content=content,
            sent_at=at,
            received_at=self.received_at,
        )


def read_events(body: bytes, inbox_id: str, account: Account, *, received_at: datetime) -> Sequence[InboundEvent]:
    """Every event of every entry, in order. Raises InvalidInput if the body is no delivery of this product's."""
    reader = _Reader(inbox_id, account, received_at)
    found = [event for entry in entries(body, account.object) for event in _entry(reader, entry)]
    return found or [Ignored(reason="a delivery without events")]


def _entry(reader: _Reader, entry: Fields) -> Iterator[InboundEvent]:
    if entry.text("id") and reader.account.id not in ("", entry.text("id")):
        yield Ignored(reason="another account than this inbox's")
        return
    for event in entry.items("messaging"):
        yield from _event(reader, event, "message")
    for event in entry.items("standby"):
        yield from _standby(reader, event)
    # Facebook wraps comments and the like in `changes`, Instagram login puts them on the entry itself.
    for change in (*entry.items("changes"), *([entry] if "field" in entry else [])):
        yield Ignored(reason=f"the field {change.text('field')[:60] or 'without a name'}")


def _standby(reader: _Reader, event: Fields) -> Iterator[InboundEvent]:
    """Another app has this conversation: what the customer writes is recorded, and nobody here answers."""
    if "message" in event and not event.inner("message").flag("is_echo"):
        yield from _event(reader, event, STANDBY)
    else:
        yield Ignored(reason="an event of a conversation that another app has")


def _event(reader: _Reader, event: Fields, kind: str) -> Iterator[InboundEvent]:
    customer, at = event.inner("sender").text("id"), _moment(event)
    if not customer or len(customer) > LONGEST_ID:
        yield Ignored(reason="an event without its sender")
        return
    name = next((name for name in event.names() if name not in _AROUND), "empty event")
    inner = event.inner(name)
    match name:
        case "message" if inner.flag("is_echo"):
            yield _echo(reader, inner, event.inner("recipient").text("id"), at)
        case "message":
            yield _message(reader, customer, inner, kind, at)
        case "message_edit":
            yield _edit(reader, customer, inner, at)
        case "reaction":
            yield _reaction(reader, customer, inner, at)
        case "postback":
            yield _postback(reader, customer, inner, at)
        case "referral":
            yield _opened(reader, customer, inner, at)
        case "delivery" | "read":
            yield from _receipts(reader, name, customer, inner, at)
        case _:
            yield Ignored(reason=f"an event of the kind {name[:60]}")


def _moment(event: Fields) -> datetime | None:
    stamp = event.whole("timestamp")
    return moment(stamp / 1000) if stamp is not None else None


def _stamp(at: datetime | None) -> int:
    """Milliseconds, as Meta counts."""
    return round(at.timestamp() * 1000) if at is not None else 0


def _mid(fields: Fields) -> str:
    mid = fields.text("mid")
    return mid if len(mid) <= LONGEST_ID else ""


def _message(reader: _Reader, customer: str, message: Fields, kind: str, at: datetime | None) -> InboundEvent:
    mid = _mid(message)
    if not mid:
        return Ignored(reason="a message without its id")
    if message.flag("is_self"):
        return Ignored(reason="a message of the account to itself")
    if message.flag("is_deleted"):
        return reader.arrival(customer, "deleted", mid, Content(MessageType.DELETED), at)
    return reader.arrival(customer, kind, mid, _content(message), at)


def _content(message: Fields) -> Content:
    text = message.text("text")
    if message.flag("is_unsupported"):
        return unsupported("unsupported", text)
    if "quick_reply" in message:
        return Content(MessageType.BUTTON, text or message.inner("quick_reply").text("payload"))
    attachments = message.items("attachments")
    if not attachments:
        return Content(text=text) if text else unsupported("message without content")
    first = attachments[0]
    kind = first.text("type")
    if kind == "location":
        spot = first.inner("payload").inner("coordinates")
        return place(spot.number("lat"), spot.number("long"), text or first.text("title"))
    files = tuple(file for item in attachments for file in _file(item))
    ours = _FILES.get(kind)
    raw_kind = None if kind in ("image", "audio", "video", "file") else kind[:100] or "unknown"
    return Content(ours or MessageType.UNSUPPORTED, text, files, raw_kind=raw_kind)


def _file(attachment: Fields) -> tuple[Attachment, ...]:
    """The link is signed and ends after some time."""
    payload = attachment.inner("payload")
    url = payload.text("url")
    kind = _FILES.get(attachment.text("type"), MessageType.UNSUPPORTED)
    return attached(kind, url if url.startswith(("https://", "http://")) else "", name=payload.text("title") or attachment.text("title"))


def _edit(reader: _Reader, customer: str, edit: Fields, at: datetime | None) -> InboundEvent:
    """`num_edit` is a number in some deliveries and a string in others; 0 is a message that was never edited."""
    mid, count = _mid(edit), edit.text("num_edit")[:20] or str(edit.whole("num_edit") or 0)
    if not mid:
        return Ignored(reason="an edit without its message's id")
    if count == "0":
        return reader.arrival(customer, "message", mid, Content(text=edit.text("text")), at)
    return reader.arrival(customer, "message_edit", f"{mid}:{count}", Content(MessageType.EDITED, edit.text("text")), at)


def _reaction(reader: _Reader, customer: str, reaction: Fields, at: datetime | None) -> InboundEvent:
    mid = _mid(reaction)
    if not mid:
        return Ignored(reason="a reaction without its message's id")
    chosen = "" if reaction.text("action") == "unreact" else reaction.text("emoji") or reaction.text("reaction")
    content = Content(MessageType.REACTION, chosen, raw_kind=None if chosen else "reaction_removed")
    return reader.arrival(customer, "reaction", f"{mid}:{customer}:{_stamp(at)}", content, at)


def _postback(reader: _Reader, customer: str, postback: Fields, at: datetime | None) -> InboundEvent:
    """A button of a menu or a template. `GET_STARTED` is by convention the one that opens a chat."""
    name = _mid(postback) or _named_by_time(customer, at)
    words = postback.text("title") or postback.text("payload")
    kind = START if postback.text("payload").upper() == "GET_STARTED" else "postback"
    return reader.arrival(customer, kind, name, Content(MessageType.BUTTON, words), at)


def _opened(reader: _Reader, customer: str, referral: Fields, at: datetime | None) -> InboundEvent:
    """The customer came back by a link or an advertisement and has not written yet."""
    content = Content(MessageType.UNSUPPORTED, referral.text("ref"), raw_kind="referral")
    return reader.arrival(customer, START, _named_by_time(customer, at), content, at)


def _named_by_time(customer: str, at: datetime | None) -> str:
    return f"{customer}:{_stamp(at)}"


def _receipts(reader: _Reader, name: str, customer: str, receipt: Fields, at: datetime | None) -> Iterator[InboundEvent]:
    """Instagram names the message that was read; Messenger gives a time up to which everything was."""
    state = DeliveryState.READ if name == "read" else DeliveryState.DELIVERED
    named = [mid for mid in (_mid(receipt), *receipt.texts("mids")) if mid and len(mid) <= LONGEST_ID]
    for mid in named:
        yield DeliveryReceipt(provider_id=mid, state=state, at=at or reader.received_at)
    watermark = receipt.whole("watermark")
    until = moment(watermark / 1000) if watermark is not None else None
    if until is not None and not named:
        yield DeliveryReceipt(address=customer, state=state, at=until)
    elif not named:
        yield Ignored(reason=f"a {name} report that names nothing")


def _echo(reader: _Reader, message: Fields, customer: str, at: datetime | None) -> InboundEvent:
    """What left the account, by us or by a person: sender and recipient are swapped."""
    mid = _mid(message)
    if not mid or not customer or len(customer) > LONGEST_ID:
        return Ignored(reason="an echo without its id or its receiver")
    if message.flag("is_deleted"):
        return Ignored(reason="an echo of a deletion")
    by_id = reader.account.echoes_name_our_id
    return Echo(
        address=customer,
        provider_id=mid,
        message_id=(message.text("metadata")[:LONGEST_ID] or None) if by_id else None,
        own_without_id=not by_id,
        text=message.text("text"),
        at=at or reader.received_at,
    )
