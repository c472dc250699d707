"""What a Telegram update becomes, example by example."""

import json
from pathlib import Path
from typing import Any

import pytest

from channels.telegram import Telegram
from domain.channels import ChannelKind
from domain.decisions import asks_for_nothing
from domain.messages import START, Arrival, Echo, Ignored, InboundEvent, MessageType
from tests.channels.cases import FIXTURES, NOW, inbox, telegram_request
from tests.channels.test_channels_contract import NoHttp

TELEGRAM = Telegram(NoHttp())
EMA = "6103344556"


def events(name: str) -> tuple[InboundEvent, ...]:
    body = (FIXTURES / "telegram" / f"{name}.json").read_bytes()
    return tuple(TELEGRAM.parse(telegram_request(body), inbox(ChannelKind.TELEGRAM), now=NOW))


def read(name: str) -> Arrival:
    (event,) = events(name)
    assert isinstance(event, Arrival), event
    return event


def parsed(update: dict[str, Any]) -> tuple[InboundEvent, ...]:
    return tuple(TELEGRAM.parse(telegram_request(json.dumps(update).encode()), inbox(ChannelKind.TELEGRAM), now=NOW))


def test_a_text_keeps_who_wrote_what_when_and_in_which_language() -> None:
    found = read("message__text")
    assert (found.address, found.name, found.message.language) == (EMA, "Ema Ríos", "es")
    assert (found.message.type, found.message.text) == (MessageType.TEXT, "¿El termo de 1 litro trae garantía? 🧉")
    assert (found.message.kind, found.message.provider_id) == ("message", f"{EMA}:11")
    assert found.message.sent_at is not None
    assert found.message.sent_at.timestamp() == 1_795_342_011
    assert found.message.received_at.timestamp() == NOW


def test_a_customer_may_have_no_surname_and_no_language() -> None:
    found = read("message__without_language_or_surname")
    assert (found.name, found.message.language) == ("Li", None)


@pytest.mark.parametrize(
    ("name", "kind", "text", "files"),
    [
        ("message__reply", MessageType.TEXT, "El verde", []),
        ("message__photo", MessageType.IMAGE, "La tapa vino rajada", ["telegram:AgAC-big"]),
        ("message__album_first", MessageType.IMAGE, "dos fotos", ["telegram:AgAC-a"]),
        ("message__album_second", MessageType.IMAGE, "", ["telegram:AgAC-b"]),
        ("message__voice", MessageType.AUDIO, "", ["telegram:AwAC-voice"]),
        ("message__audio", MessageType.AUDIO, "", ["telegram:CQAC-audio"]),
        ("message__video", MessageType.VIDEO, "así suena", ["telegram:BAAC-video"]),
        ("message__video_note", MessageType.VIDEO, "", ["telegram:DQAC-note"]),
        ("message__animation", MessageType.VIDEO, "", ["telegram:CgAC-gif"]),
        ("message__document", MessageType.DOCUMENT, "la factura", ["telegram:BQAC-doc"]),
        ("message__sticker", MessageType.IMAGE, "👍", ["telegram:CAAC-sticker"]),
        (
            "message__location",
            MessageType.LOCATION,
            "-32.947000, -60.630000",
            ["https://www.openstreetmap.org/?mlat=-32.947000&mlon=-60.630000#map=16/-32.947000/-60.630000"],
        ),
        (
            "message__venue",
            MessageType.LOCATION,
            "Monumento, Santa Fe 581",
            ["https://www.openstreetmap.org/?mlat=-32.947500&mlon=-60.630400#map=16/-32.947500/-60.630400"],
        ),
        ("message__contact", MessageType.CONTACT_CARD, "Omar Sosa: +543415550177", []),
        ("message__cut_emoji_and_nul", MessageType.TEXT, "roto \N{REPLACEMENT CHARACTER} y nulo \N{REPLACEMENT CHARACTER}", []),
        ("callback_query__our_button", MessageType.BUTTON, "Otra cosa", []),
        ("callback_query__message_out_of_reach", MessageType.BUTTON, "¿Hacen envíos a Salta?", []),
        ("message_reaction__given", MessageType.REACTION, "❤⭐", []),
        ("message_reaction__taken_back", MessageType.REACTION, "", []),
        ("edited_message__text", MessageType.EDITED, "¿El termo de 2 litros trae garantía?", []),
    ],
)
def test_every_kind_has_its_form(name: str, kind: MessageType, text: str, files: list[str]) -> None:
    message = read(name).message
    assert (message.type, message.text, [file.url for file in message.attachments]) == (kind, text, files)
    assert read(name).address == EMA


@pytest.mark.parametrize(
    ("name", "raw_kind", "text"),
    [("message__poll", "poll", "¿Cuál prefieren?"), ("message__dice", "dice", "🎲"), ("message__unknown_kind", "hologram", "")],
)
def test_what_has_no_form_is_kept_under_telegrams_word(name: str, raw_kind: str, text: str) -> None:
    message = read(name).message
    assert (message.type, message.raw_kind, message.text) == (MessageType.UNSUPPORTED, raw_kind, text)


def test_a_file_keeps_its_name_kind_and_size() -> None:
    (file,) = read("message__document").message.attachments
    assert (file.name, file.mime_type, file.size) == ("factura 0012.pdf", "application/pdf", 48_211)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("message__group", "a chat of the kind supergroup"),
        ("message__group_moves", "a chat of the kind group"),
        ("message__service", "a service message (pinned_message)"),
        ("edited_message__live_location", "a step of a live location"),
        ("callback_query__inline", "a button outside of a chat"),
        ("my_chat_member__blocked", "the customer blocked the bot"),
        ("my_chat_member__unblocked", "the customer unblocked the bot"),
        ("business_message__our_bot", "a message that the bot sent"),
        ("channel_post__ignored", "an update of the kind channel_post"),
        ("teleport__unknown_update", "an update of the kind teleport"),
    ],
)
def test_what_is_left_alone_has_its_reason(name: str, words: str) -> None:
    (event,) = events(name)
    assert isinstance(event, Ignored)
    assert event.reason.startswith(words)


def test_no_example_is_without_a_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = [path.stem for path in (FIXTURES / "telegram").glob("*.json")]
    assert [name for name in names if f'"{name}"' not in source] == []


def test_two_edits_of_one_message_are_two_events_beside_it() -> None:
    first, edit, again = (read(name).message for name in ("message__text", "edited_message__text", "edited_message__text_again"))
    assert len({first.id, edit.id, again.id}) == 3
    assert edit.kind == again.kind == "edited_message"
    assert edit.sent_at is not None
    assert edit.sent_at.timestamp() == 1_795_342_060


def test_start_is_recorded_and_asks_for_nothing() -> None:
    message = read("message__start_by_link").message
    assert (message.kind, message.type, message.text) == (START, MessageType.TEXT, "/start otono24")
    assert asks_for_nothing((message,))
    (event,) = parsed(
        {"update_id": 1, "message": {"message_id": 5, "chat": {"id": 5, "type": "private"}, "date": 1, "text": "/startle me"}}
    )
    assert isinstance(event, Arrival)
    assert not asks_for_nothing((event.message,))


def test_a_topic_and_a_connected_account_are_chats_of_their_own() -> None:
    assert read("message__topic").address == f"{EMA}/77"
    assert read("business_message__customer").address == f"{EMA}@bc-7"


def test_what_the_owner_of_a_connected_account_writes_is_an_echo() -> None:
    (event,) = events("business_message__owner")
    assert isinstance(event, Echo)
    assert (event.address, event.provider_id, event.text) == (f"{EMA}@bc-7", f"{EMA}@bc-7:51", "Sí, hasta las 18")
    edited = read("edited_business_message__customer")
    assert (edited.address, edited.message.type) == (f"{EMA}@bc-7", MessageType.EDITED)


def test_each_deleted_message_is_told() -> None:
    found = events("deleted_business_messages__two")
    assert [event.message.type for event in found if isinstance(event, Arrival)] == [MessageType.DELETED, MessageType.DELETED]
    assert len({event.message.id for event in found if isinstance(event, Arrival)}) == 2


def test_a_pressed_button_is_acknowledged_and_nothing_else_is() -> None:
    body = (FIXTURES / "telegram" / "callback_query__our_button.json").read_bytes()
    reply = TELEGRAM.acknowledgement(telegram_request(body))
    assert reply is not None
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {"method": "answerCallbackQuery", "callback_query_id": "2622"}
    assert TELEGRAM.acknowledgement(telegram_request((FIXTURES / "telegram" / "message__text.json").read_bytes())) is None


@pytest.mark.parametrize(
    "update",
    [
        {"message": None},
        {"message": {}},
        {"message": {"message_id": 1}},
        {"message": {"message_id": "1", "chat": {"id": 5, "type": "private"}}},
        {"message": {"message_id": 1, "chat": {"id": "5", "type": "private"}}},
        {"edited_message": {"chat": {"id": 5, "type": "private"}}},
        {"callback_query": {"message": {"chat": {"id": 5, "type": "private"}}}},
        {"message_reaction": {"chat": {"id": 5, "type": "private"}}},
        {},
    ],
)
def test_an_update_that_names_nothing_does_not_hold_up_the_chat(update: dict[str, Any]) -> None:
    (event,) = parsed({"update_id": 3, **update})
    assert isinstance(event, Ignored)
