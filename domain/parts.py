"""How one message leaves through one channel: its text as the channel shows it, in as many parts as the channel's length needs."""

from domain.channels import ChannelFeatures
from domain.contact_data import without_contact_data
from domain.ids import part_id
from domain.messages import OutboundMessage, Purpose, Sender
from domain.rich_text import RichText, plain, readable, within
from domain.splitting import measure, split


def parts_of(message: OutboundMessage, features: ChannelFeatures) -> tuple[OutboundMessage, ...]:
    """One or more messages, in order, each short enough; the same ones however often it is asked. None if nothing is left to be said.

    What was answered, its citations and files go with the first part, quick replies with the last. Where files leave apart, each follows
    the text as a part of its own.
    """
    if features.files_apart and message.attachments:
        return _with_files(message, features)
    rich = _shown(message, features)
    if not rich.text.strip() and message.text.strip():
        return ()

    def fits(start: int, end: int) -> bool:
        # A channel may write emphasis into the text, with one mark at either end.
        piece = within(rich, start, end)
        return measure(piece.text, features.length_unit) + 2 * len(piece.emphasis) <= features.max_text

    stretches = ([] if message.whole or message.template is not None else split(rich.text, fits)) or [(0, len(rich.text))]
    return tuple(_part(message, rich, stretch, number, len(stretches)) for number, stretch in enumerate(stretches, start=1))


def _with_files(message: OutboundMessage, features: ChannelFeatures) -> tuple[OutboundMessage, ...]:
    said = parts_of(message.model_copy(update={"attachments": ()}), features) if message.text.strip() else ()
    later = {"text": "", "emphasis": (), "quick_replies": (), "citations": (), "confidence": None}
    files = [message.model_copy(update={**later, "attachments": (file,)}) for file in message.attachments]
    found = []
    for number, part in enumerate([*said, *files], start=1):
        answers = {} if number == 1 else {"in_reply_to": ()}
        found.append(part.model_copy(update={"id": part_id(message.id, number), **answers}))
    return tuple(found)


def _shown(message: OutboundMessage, features: ChannelFeatures) -> RichText:
    if message.sender is not Sender.BOT:
        return plain(message.text)
    text = message.text
    if features.strip_contacts:
        text = without_contact_data(text)
    if message.sources and text and not features.shows_citations:
        text = f"{text}\n\n{message.sources}"
    return readable(text) if message.purpose is Purpose.ANSWER else plain(text)


def _part(message: OutboundMessage, rich: RichText, stretch: tuple[int, int], number: int, count: int) -> OutboundMessage:
    piece = within(rich, *stretch)
    changes: dict[str, object] = {"id": part_id(message.id, number), "text": piece.text, "emphasis": piece.emphasis}
    if number > 1:
        changes |= {"in_reply_to": (), "citations": (), "attachments": (), "confidence": None}
    if number < count:
        changes["quick_replies"] = ()
    return message.model_copy(update=changes)
