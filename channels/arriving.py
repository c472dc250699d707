"""What every vendor's message becomes: an `Arrival` whose id and hash are the same at each delivery."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from domain.ids import inbound_message_id
from domain.messages import Arrival, Attachment, InboundMessage, MessageType

LONGEST_ID = 512
"""Characters of an id or address that are believed; no vendor comes near."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says, whoever sent it through whatever channel."""

    type: MessageType = MessageType.TEXT
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    raw_kind: str | None = None
    """The vendor's own word, where ours says less."""


def unsupported(raw_kind: str, text: str = "") -> Content:
    """A kind that has no better form: kept visible under the vendor's word."""
    return Content(MessageType.UNSUPPORTED, text, raw_kind=raw_kind[:100] or "unknown")


def attached(kind: MessageType, url: str, *, mime_type: str = "", name: str = "", size: int | None = None) -> tuple[Attachment, ...]:
    """One attachment; none if it has no usable address. `url` is `{vendor}:{id}` where the vendor gives files by id."""
    if not url or len(url) > 2_000:
        return ()
    length = size if size is not None and size >= 0 else None
    return (Attachment(type=kind, url=url, mime_type=mime_type[:200] or None, name=name[-255:] or None, size=length),)


def place(latitude: float | None, longitude: float | None, *words: str) -> Content:
    """A location: its words, or its coordinates where it has none, and a link to a map."""
    if latitude is None or longitude is None:
        return Content(MessageType.LOCATION, ", ".join(filter(None, words)))
    at = f"{latitude:.6f}", f"{longitude:.6f}"
    link = f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=16/{at[0]}/{at[1]}"
    return Content(MessageType.LOCATION, ", ".join(filter(None, words)) or ", ".join(at), attached(MessageType.LOCATION, link, name="map"))


def contact_card(entries: Iterable[tuple[str, Iterable[str]]]) -> Content:
    """People by name with their numbers and addresses, one a line."""
    lines = (": ".join(filter(None, (name.strip(), ", ".join(filter(None, ways))))) for name, ways in entries)
    return Content(MessageType.CONTACT_CARD, "\n".join(filter(None, lines)))


def moment(seconds: float | str | None) -> datetime | None:
    """Unix seconds as a number or a string of digits; None for what is no time."""
    if isinstance(seconds, str):
        seconds = int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12 else None
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None and seconds > 0 else None
    except (OverflowError, OSError, ValueError):
        return None


def arrival(
    inbox_id: str,
    *,
    kind: str,
    provider_id: str,
    address: str,
    name: str,
    content: Content,
    aliases: Iterable[str] = (),
    language: str = "",
    sent_at: datetime | None,
    received_at: datetime,
) -> Arrival:
    """The hash covers what was said and by whom; what signs a link, names and times differ between deliveries of one message."""
    files = [(item.type, item.url.partition("?")[0], item.name) for item in content.attachments]
    said = json.dumps([address, content.type, content.text, content.raw_kind, files], separators=(",", ":"))
    message = InboundMessage(
        id=inbound_message_id(inbox_id, kind, provider_id),
        provider_id=provider_id,
        kind=kind,
        type=content.type,
        text=content.text,
        attachments=content.attachments,
        language=language if _LANGUAGE.fullmatch(language) else None,
        sent_at=sent_at,
        received_at=received_at,
        raw_kind=content.raw_kind,
    )
    others = tuple(dict.fromkeys(other for other in aliases if other and other != address and len(other) <= LONGEST_ID))
    return Arrival(
        address=address, aliases=others, name=name.strip()[:200] or None, message=message, body_hash=sha256(said.encode()).hexdigest()
    )
