"""What Messenger's and Instagram's messaging events become, example by example."""

import json
from pathlib import Path

import pytest

from channels.instagram import Instagram
from channels.messenger import Messenger
from domain.channels import ChannelKind
from domain.decisions import asks_for_nothing
from domain.messages import STANDBY, START, Arrival, DeliveryReceipt, DeliveryState, Echo, Ignored, InboundEvent, MessageType
from tests.channels.cases import FIXTURES, NOW, inbox, instagram_request, messenger_request
from tests.channels.test_channels_contract import NoHttp
from tests.vendors.meta_messaging import ACCOUNT, PAGE

USER = {"messenger": "7700112233445566", "instagram": "880011223344556"}
OURS = "0d5c8a52-7a20-4b3e-9d1b-0a3c6a1f1e77"
BOTH = pytest.mark.parametrize("channel", ["messenger", "instagram"])


def parsed(channel: str, body: bytes) -> tuple[InboundEvent, ...]:
    if channel == "messenger":
        at = inbox(ChannelKind.MESSENGER, public={"page_id": PAGE})
        return tuple(Messenger(NoHttp()).parse(messenger_request(body), at, now=NOW))
    at = inbox(ChannelKind.INSTAGRAM, public={"account_id": ACCOUNT})
    return tuple(Instagram(NoHttp()).parse(instagram_request(body), at, now=NOW))


def events(channel: str, name: str) -> tuple[InboundEvent, ...]:
    return parsed(channel, (FIXTURES / channel / f"{name}.json").read_bytes())


def read(channel: str, name: str) -> Arrival:
    (event,) = events(channel, name)
    assert isinstance(event, Arrival), event
    return event


@BOTH
def test_a_text_keeps_who_wrote_what_and_when(channel: str) -> None:
    found = read(channel, "message__text")
    assert (found.address, found.name) == (USER[channel], None)
    assert (found.message.kind, found.message.type, found.message.text) == ("message", MessageType.TEXT, "¿Hasta qué hora atienden? 🕗")
    assert found.message.provider_id.endswith("0001")
    assert found.message.sent_at is not None
    assert found.message.sent_at.timestamp() == pytest.approx(1_795_342_001.137)


@BOTH
@pytest.mark.parametrize(
    ("name", "kind", "text", "files"),
    [
        ("message__reply", MessageType.TEXT, "ese", 0),
        ("message__image", MessageType.IMAGE, "", 1),
        ("message__audio", MessageType.AUDIO, "", 1),
        ("message__video", MessageType.VIDEO, "", 1),
        ("message__file", MessageType.DOCUMENT, "", 1),
        ("message__image_with_words", MessageType.IMAGE, "así llegó", 2),
        ("message__sticker", MessageType.IMAGE, "", 1),
        ("message__quick_reply", MessageType.BUTTON, "Envíos", 0),
        ("postback__menu", MessageType.BUTTON, "Ver horarios", 0),
        ("reaction__given", MessageType.REACTION, "❤", 0),
        ("reaction__taken_back", MessageType.REACTION, "", 0),
        ("message_edit__quoted_number", MessageType.EDITED, "¿Hasta qué hora atienden hoy?", 0),
        ("message_edit__number", MessageType.EDITED, "¿Hasta qué hora atienden mañana?", 0),
        ("message_edit__never_edited", MessageType.TEXT, "recién escrito", 0),
        ("message__deleted", MessageType.DELETED, "", 0),
    ],
)
def test_every_kind_has_its_form(channel: str, name: str, kind: MessageType, text: str, files: int) -> None:
    found = read(channel, name)
    assert (found.message.type, found.message.text, len(found.message.attachments)) == (kind, text, files)
    assert found.address == USER[channel]
    assert all(file.url.startswith("https://cdn.example.net/") for file in found.message.attachments)


@pytest.mark.parametrize(
    ("channel", "name", "raw_kind", "text"),
    [
        ("messenger", "message__unknown_attachment", "hologram", ""),
        ("instagram", "message__unknown_attachment", "hologram", ""),
        ("messenger", "message__without_content", "message without content", ""),
        ("instagram", "message__without_content", "message without content", ""),
        ("instagram", "message__story_mention", "story_mention", ""),
        ("instagram", "message__share", "share", "¿este tienen?"),
        ("instagram", "message__unsupported", "unsupported", ""),
    ],
)
def test_what_has_no_form_is_kept_under_metas_word(channel: str, name: str, raw_kind: str, text: str) -> None:
    message = read(channel, name).message
    assert (message.type, message.raw_kind, message.text) == (MessageType.UNSUPPORTED, raw_kind, text)


def test_what_only_one_of_them_has() -> None:
    assert read("instagram", "message__reply_to_story").message.text == "¡qué lindo!"
    assert read("instagram", "message__reel").message.type is MessageType.VIDEO
    place = read("messenger", "message__location").message
    assert (place.type, place.text) == (MessageType.LOCATION, "Mi casa")
    assert "mlat=-32.950000" in place.attachments[0].url


@BOTH
@pytest.mark.parametrize(("name", "kind"), [("postback__get_started", START), ("referral__link", START), ("standby__message", STANDBY)])
def test_what_asks_for_nothing_is_recorded_only(channel: str, name: str, kind: str) -> None:
    message = read(channel, name).message
    assert message.kind == kind
    assert asks_for_nothing((message,))
    assert message.text


@pytest.mark.parametrize(
    ("channel", "name", "words"),
    [
        ("messenger", "optin__left_alone", "an event of the kind optin"),
        ("instagram", "optin__left_alone", "an event of the kind optin"),
        ("messenger", "standby__read", "an event of a conversation that another app has"),
        ("instagram", "standby__read", "an event of a conversation that another app has"),
        ("messenger", "changes__comment", "the field feed"),
        ("instagram", "changes__comment", "the field feed"),
        ("instagram", "field__comment_on_the_entry", "the field comments"),
        ("instagram", "changes__dashboard_test", "another account than this inbox's"),
        ("instagram", "message__to_itself", "a message of the account to itself"),
        ("instagram", "echo__deleted", "an echo of a deletion"),
    ],
)
def test_what_is_left_alone_has_its_reason(channel: str, name: str, words: str) -> None:
    assert events(channel, name) == (Ignored(reason=words),)


@pytest.mark.parametrize(
    ("channel", "name", "receipts"),
    [
        ("instagram", "read__named", [("aWdfZAGalpon0901", None, DeliveryState.READ)]),
        (
            "messenger",
            "delivery__named",
            [("m_Galpon0902", None, DeliveryState.DELIVERED), ("m_Galpon0903", None, DeliveryState.DELIVERED)],
        ),
        ("messenger", "delivery__watermark", [(None, USER["messenger"], DeliveryState.DELIVERED)]),
        ("messenger", "read__watermark", [(None, USER["messenger"], DeliveryState.READ)]),
    ],
)
def test_a_report_names_a_message_or_a_time(channel: str, name: str, receipts: list[tuple[str | None, str | None, DeliveryState]]) -> None:
    found = [event for event in events(channel, name) if isinstance(event, DeliveryReceipt)]
    assert [(event.provider_id, event.address, event.state) for event in found] == receipts


def test_messengers_echo_names_our_message_and_instagrams_does_not() -> None:
    (ours,) = events("messenger", "echo__ours")
    (person,) = events("messenger", "echo__person")
    (either,) = events("instagram", "echo__person")
    assert isinstance(ours, Echo)
    assert isinstance(person, Echo)
    assert isinstance(either, Echo)
    assert (ours.address, ours.message_id, ours.own_without_id) == (USER["messenger"], OURS, False)
    assert (person.message_id, person.own_without_id) == (None, False)
    assert (either.address, either.message_id, either.own_without_id) == (USER["instagram"], None, True)


@BOTH
def test_a_batch_is_read_whole(channel: str) -> None:
    found = events(channel, "batch__people_and_accounts")
    assert [event.message.text for event in found if isinstance(event, Arrival)] == ["uno", "de otra persona"]
    assert len({event.address for event in found if isinstance(event, Arrival)}) == 2
    assert found[-1] == Ignored(reason="another account than this inbox's")


@BOTH
def test_events_about_one_message_are_not_taken_for_it(channel: str) -> None:
    about = ("message_edit__quoted_number", "message_edit__number", "message__deleted", "reaction__given", "reaction__taken_back")
    names = ("message__text", *about)
    assert len({read(channel, name).message.id for name in names}) == 6


@BOTH
def test_no_example_is_without_a_test(channel: str) -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [path.stem for path in (FIXTURES / channel).glob("*.json") if f'"{path.stem}"' not in source] == []


@BOTH
def test_one_unreadable_event_does_not_lose_the_others(channel: str) -> None:
    body = json.loads((FIXTURES / channel / "message__text.json").read_bytes())
    good = body["entry"][0]["messaging"][0]
    bad = [{}, {"sender": {"id": 7}}, {"sender": {"id": "7"}}, {"sender": {"id": "7"}, "message": {}}, "event", None]
    body["entry"][0]["messaging"] = [*bad, good]
    found = parsed(channel, json.dumps(body).encode())
    assert len([event for event in found if isinstance(event, Ignored)]) == 4
    assert len([event for event in found if isinstance(event, Arrival)]) == 1
