"""What a WhatsApp delivery becomes, example by example."""

import json
from pathlib import Path
from typing import Any

import pytest

from channels.whatsapp import WhatsApp
from domain.channels import ChannelKind, WebhookRequest
from domain.decisions import asks_for_nothing
from domain.errors import AuthenticityError
from domain.messages import START, SYSTEM, Arrival, DeliveryReceipt, DeliveryState, Echo, Ignored, InboundEvent, MessageType
from tests.channels.cases import FIXTURES, NOW, WHATSAPP_CREDENTIALS, inbox, whatsapp_request
from tests.channels.test_channels_contract import NoHttp
from tests.vendors.whatsapp import PHONE_ID, VERIFY_TOKEN, contact_of, delivery, message_of, value_of

WHATSAPP = WhatsApp(NoHttp())
INBOX = inbox(ChannelKind.WHATSAPP, public={"phone_number_id": PHONE_ID})
EMA, DAVI = "AR.7700112233445566", "BR.8800112233445566"


def parsed(body: bytes) -> tuple[InboundEvent, ...]:
    return tuple(WHATSAPP.parse(whatsapp_request(body), INBOX, now=NOW))


def events(name: str) -> tuple[InboundEvent, ...]:
    return parsed((FIXTURES / "whatsapp" / f"{name}.json").read_bytes())


def read(name: str) -> Arrival:
    (event,) = events(name)
    assert isinstance(event, Arrival), event
    return event


def test_a_text_keeps_who_wrote_what_and_when() -> None:
    found = read("text__plain")
    assert (found.address, found.name) == (EMA, "Ema Ríos")
    assert (found.message.type, found.message.text) == (MessageType.TEXT, "¿Tienen talle 44? 👟")
    assert (found.message.kind, found.message.provider_id) == ("message", "wamid.HBgMEMA0001")
    assert found.message.sent_at is not None
    assert found.message.sent_at.timestamp() == 1_795_342_001


@pytest.mark.parametrize(
    ("name", "address", "shown"),
    [
        ("text__phone_hidden", DAVI, "Davi"),
        ("text__without_user_id", "5215550001111", "Old"),
        ("text__user_id_only_in_contacts", EMA, "Ema Ríos"),
    ],
)
def test_a_customer_is_known_by_the_user_id_else_by_the_number(name: str, address: str, shown: str) -> None:
    assert (read(name).address, read(name).name) == (address, shown)


@pytest.mark.parametrize(
    ("name", "kind", "text", "files"),
    [
        ("text__reply", MessageType.TEXT, "Ese mismo", []),
        ("text__forwarded", MessageType.TEXT, "mirá", []),
        ("text__from_an_ad", MessageType.TEXT, "¡Hola! Quiero más información", []),
        ("image__captioned", MessageType.IMAGE, "llegó abierta la caja", ["whatsapp:1447000000000001"]),
        ("audio__voice", MessageType.AUDIO, "", ["whatsapp:1447000000000002"]),
        ("video__captioned", MessageType.VIDEO, "gira mal", ["whatsapp:1447000000000003"]),
        ("document__pdf", MessageType.DOCUMENT, "pago", ["whatsapp:1447000000000004"]),
        ("sticker__plain", MessageType.IMAGE, "", ["whatsapp:1447000000000005"]),
        (
            "location__named",
            MessageType.LOCATION,
            "Depósito, Av. Pellegrini 1200",
            ["https://www.openstreetmap.org/?mlat=-32.946800&mlon=-60.639300#map=16/-32.946800/-60.639300"],
        ),
        ("contacts__two", MessageType.CONTACT_CARD, "Omar Sosa: +54 341 555-0177, omar@example.com\nTaller", []),
        ("reaction__given", MessageType.REACTION, "🙏", []),
        ("reaction__taken_back", MessageType.REACTION, "", []),
        ("button__template", MessageType.BUTTON, "Sí, confirmo", []),
        ("interactive__button", MessageType.BUTTON, "Envíos", []),
        ("interactive__list", MessageType.BUTTON, "Retiro en local", []),
        ("edit__text", MessageType.EDITED, "¿Tienen talle 45?", []),
        ("revoke__message", MessageType.DELETED, "", []),
    ],
)
def test_every_kind_has_its_form(name: str, kind: MessageType, text: str, files: list[str]) -> None:
    message = read(name).message
    assert (message.type, message.text, [file.url for file in message.attachments]) == (kind, text, files)
    assert read(name).address == EMA


@pytest.mark.parametrize(
    ("name", "raw_kind", "text"),
    [
        ("unsupported__kind", "unsupported.poll_creation", ""),
        ("hologram__unknown_type", "hologram", "???"),
        ("order__two_items", "order", "para regalo\n2 × ZAP-44\n1 × MED-01"),
        ("interactive__flow", "interactive.nfm_reply", 'Sent\n{"talle":"44"}'),
    ],
)
def test_what_has_no_form_is_kept_under_whatsapps_word(name: str, raw_kind: str, text: str) -> None:
    found = read(name)
    assert (found.message.type, found.message.raw_kind, found.message.text) == (MessageType.UNSUPPORTED, raw_kind, text)
    assert found.address == EMA


def test_a_changed_number_belongs_to_the_same_customer_and_asks_for_nothing() -> None:
    found = read("system__changed_number")
    assert (found.message.raw_kind, found.message.kind) == ("system.user_changed_number", SYSTEM)
    assert found.address == "AR.7700998877665544"
    assert {EMA, "5493415550101", "5493415550909"} <= set(found.aliases)
    assert asks_for_nothing((found.message,))


def test_a_customer_goes_by_user_id_and_every_spelling_of_the_number() -> None:
    found = read("text__plain")
    assert (found.address, found.aliases) == (EMA, ("5493415550101", "543415550101"))
    assert found.message.language == "es"


def test_a_files_kind_has_no_parameters_and_its_link_is_not_kept() -> None:
    (voice,) = read("audio__voice").message.attachments
    assert voice.mime_type == "audio/ogg"
    assert "lookaside" not in read("image__captioned").model_dump_json()


def test_a_link_that_changed_between_two_deliveries_is_the_same_message() -> None:
    body = (FIXTURES / "whatsapp" / "image__captioned.json").read_bytes()
    (again,) = parsed(body.replace(b"ext=1795342300&hash=zz", b"ext=1795349999&hash=yy").replace(b"Ema R", b"Emma R"))
    assert isinstance(again, Arrival)
    assert again.body_hash == read("image__captioned").body_hash


def test_the_first_opening_of_a_chat_asks_for_nothing() -> None:
    message = read("request_welcome__first_open").message
    assert (message.kind, message.raw_kind) == (START, "request_welcome")
    assert asks_for_nothing((message,))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("text__group", "a message in a group"),
        ("status__unknown", "a status teleported"),
        ("field__unknown", "the field phone_number_quality_update"),
        ("errors__of_the_account", "an error of the account (code 130429)"),
        ("echo__reaction", "an echo of the kind reaction"),
    ],
)
def test_what_is_left_alone_has_its_reason(name: str, words: str) -> None:
    (event,) = events(name)
    assert event == Ignored(reason=words)


@pytest.mark.parametrize(
    ("name", "state", "error"),
    [
        ("status__sent", DeliveryState.SENT, None),
        ("status__delivered", DeliveryState.DELIVERED, None),
        ("status__read", DeliveryState.READ, None),
        ("status__played", DeliveryState.READ, None),
        ("status__failed_window", DeliveryState.FAILED, "More than 24 hours have passed since the customer last wrote"),
        ("status__failed_other", DeliveryState.FAILED, "WhatsApp could not deliver: The phone is in a drawer (code 131999)"),
    ],
)
def test_a_status_tells_how_far_our_message_got(name: str, state: DeliveryState, error: str | None) -> None:
    (event,) = events(name)
    assert isinstance(event, DeliveryReceipt)
    assert (event.state, event.provider_id) == (state, "wamid.OUT0007")
    assert (event.error or "").startswith(error or "")
    assert (event.error is None) == (error is None)
    assert event.at.timestamp() == 1_795_342_700
    if not name.startswith("status__failed"):
        assert event.message_id == "0d5c8a52-7a20-4b3e-9d1b-0a3c6a1f1e77"


def test_what_a_person_answers_on_the_phone_is_an_echo() -> None:
    (event,) = events("echo__person_on_the_phone")
    assert isinstance(event, Echo)
    assert (event.address, event.provider_id, event.text) == (EMA, "wamid.APP0001", "Te contesto yo, Lara")


def test_a_batch_is_read_whole_with_each_name_at_its_own_message() -> None:
    found = events("batch__accounts_numbers_messages_statuses")
    arrivals = [(event.name, event.message.text) for event in found if isinstance(event, Arrival)]
    assert arrivals == [("Ema Ríos", "segundo"), ("Davi", "Davi de novo"), ("Ema Ríos", "primero")]
    assert [event.state for event in found if isinstance(event, DeliveryReceipt)] == [DeliveryState.READ, DeliveryState.DELIVERED]
    assert found[-1] == Ignored(reason="another phone number than this inbox's")
    assert len(found) == 6


def test_no_example_is_without_a_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = [path.stem for path in (FIXTURES / "whatsapp").glob("*.json")]
    assert [name for name in names if f'"{name}"' not in source] == []


def test_one_unreadable_message_does_not_lose_the_others() -> None:
    good = message_of(1, EMA)
    bad: list[Any] = [{"id": "wamid.X"}, {"from": "1"}, "text", None, {"id": 7, "from": 8}, {"id": "w" * 600, "from": "5491"}]
    found = parsed(json.dumps(delivery(value_of(messages=[*bad, good], contacts=[contact_of(EMA)]))).encode())
    arrivals = [event for event in found if isinstance(event, Arrival)]
    assert [event.message.provider_id for event in arrivals] == [good["id"]]
    assert len([event for event in found if isinstance(event, Ignored)]) == 4


def check(query: dict[str, str], method: str = "GET", credentials: dict[str, str] | None = None) -> object:
    request = WebhookRequest(method=method, url="https://x.example/w", headers={}, query=query, body=b"")
    return WHATSAPP.handshake(request, WHATSAPP_CREDENTIALS if credentials is None else credentials)


def test_metas_first_check_is_answered_with_the_challenge() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
    reply = check(query)
    assert reply is not None
    assert (reply.body, reply.status, reply.content_type) == ("1158201444", 200, "text/plain")  # type: ignore[attr-defined] # a HandshakeReply
    assert check(query, "POST") is None
    assert check({}) is None


@pytest.mark.parametrize(
    ("token", "credentials", "missing"),
    [("wrong", None, False), ("", None, True), (VERIFY_TOKEN, {}, False), ("", {}, False), ("\udce1", None, False)],
)
def test_metas_first_check_is_refused_without_the_token(token: str, credentials: dict[str, str] | None, missing: bool) -> None:
    with pytest.raises(AuthenticityError) as refused:
        check({"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1"}, credentials=credentials)
    assert refused.value.missing is missing


def test_the_signature_covers_the_raw_bytes() -> None:
    body = json.dumps(delivery(value_of(messages=[message_of(1, EMA, text={"body": "ñandú 🪶"})])), ensure_ascii=True).encode()
    request = whatsapp_request(body)
    WHATSAPP.verify(request, WHATSAPP_CREDENTIALS, now=NOW)
    rewritten = json.dumps(json.loads(body), ensure_ascii=False).encode()
    with pytest.raises(AuthenticityError):
        WHATSAPP.verify(request.model_copy(update={"body": rewritten}), WHATSAPP_CREDENTIALS, now=NOW)
