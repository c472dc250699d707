"""Twilio's webhooks, read: one form for each incoming message or status."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from channels.arriving import LONGEST_ID, Content, arrival, attached, place, unsupported
from channels.json_body import storable
from channels.phone_numbers import language_of, language_of_country, other_spellings
from channels.twilio_errors import WINDOW, words_for
from domain.errors import InvalidInput
from domain.messages import OPT_OUT, Attachment, DeliveryReceipt, DeliveryState, Ignored, InboundEvent, MessageType

OUR_ID = "message"
"""The name in a status address's query under which our id comes back."""

WHATSAPP = "whatsapp:"
MOST_FIELDS = 1_000

_STATES: Mapping[str, DeliveryState] = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
"""The others (accepted, queued, sending, scheduled) say nothing that is not known."""

_FILES: Mapping[str, MessageType] = {
    "image": MessageType.IMAGE,
    "audio": MessageType.AUDIO,
    "video": MessageType.VIDEO,
}
"""By the first half of the MIME type; whatever else is a document."""


@dataclass(frozen=True, slots=True)
class Line:
    """Whose webhooks are read."""

    inbox_id: str
    number: str
    """The inbox's own; empty takes every one's."""


def form_of(body: bytes) -> list[tuple[str, str]]:
    """The fields as they were signed, blank ones too. Raises InvalidInput."""
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise InvalidInput("The form can't be read") from error


def read_event(body: bytes, query: Mapping[str, str], line: Line, *, received_at: datetime) -> InboundEvent:
    """Raises InvalidInput naming the field that is missing."""
    form = {name: storable(value) for name, value in form_of(body)}
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not sid or len(sid) > LONGEST_ID:
        raise InvalidInput("MessageSid: is missing")
    if "MessageStatus" in form:
        return _receipt(form, sid, query, received_at)
    sender = form.get("From", "").removeprefix(WHATSAPP)
    if not sender or len(sender) > LONGEST_ID:
        raise InvalidInput("From: is missing")
    if line.number and digits(form.get("To", "")) not in ("", digits(line.number)):
        return Ignored(reason="another number than this inbox's")
    return arrival(
        line.inbox_id,
        kind=OPT_OUT if form.get("OptOutType") else "message",
        provider_id=sid,
        address=sender,
        aliases=other_spellings(sender),
        name=form.get("ProfileName", ""),
        content=_content(form),
        language=language_of_country(form.get("FromCountry", "")) or language_of(sender),
        sent_at=None,
        received_at=received_at,
    )


def digits(number: str) -> str:
    return "".join(character for character in number if character.isdecimal())


def _content(form: Mapping[str, str]) -> Content:
    text, kind = form.get("Body", ""), form.get("MessageType", "")
    if kind in ("button", "interactive"):
        return Content(MessageType.BUTTON, form.get("ButtonText") or form.get("ListTitle") or text)
    if form.get("Latitude") and form.get("Longitude"):
        return place(_degrees(form["Latitude"]), _degrees(form["Longitude"]), form.get("Label", ""), form.get("Address", ""))
    files = _files(form)
    if files:
        return Content(files[0].type, text, files)
    return Content(text=text) if text else unsupported(kind or "message without content")


def _degrees(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) <= 180 else None


def _files(form: Mapping[str, str]) -> tuple[Attachment, ...]:
    """The links open with the account's credentials only."""
    count = form.get("NumMedia", "")
    found: tuple[Attachment, ...] = ()
    for number in range(min(int(count), 10) if count.isascii() and count.isdecimal() and len(count) < 4 else 0):
        mime_type = form.get(f"MediaContentType{number}", "").split(";")[0].strip()
        url = form.get(f"MediaUrl{number}", "")
        kind = _FILES.get(mime_type.split("/")[0], MessageType.DOCUMENT)
        found += attached(kind, url if url.startswith(("https://", "http://")) else "", mime_type=mime_type)
    return found


def _receipt(form: Mapping[str, str], sid: str, query: Mapping[str, str], received_at: datetime) -> InboundEvent:
    """Our id stands in the address that was given with the send: it finds a message whose answer never came."""
    state = _STATES.get(form["MessageStatus"])
    if state is None:
        return Ignored(reason=f"a status {form['MessageStatus'][:40] or 'without a name'}")
    code = form.get("ErrorCode", "")
    number = int(code) if code.isascii() and code.isdecimal() and len(code) < 9 else None
    return DeliveryReceipt(
        message_id=query.get(OUR_ID, "")[:LONGEST_ID] or None,
        provider_id=sid,
        state=state,
        error=words_for(number) if state is DeliveryState.FAILED else None,
        window_closed=state is DeliveryState.FAILED and number == WINDOW,
        at=received_at,
    )
