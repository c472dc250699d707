"""What Twilio's forms become, example by example, for SMS and for WhatsApp."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from channels.registry import build_channels
from domain.channels import ChannelKind, WebhookRequest
from domain.decisions import asks_for_nothing
from domain.errors import AuthenticityError
from domain.messages import OPT_OUT, Arrival, DeliveryReceipt, DeliveryState, Ignored, InboundEvent, MessageType
from tests.channels.cases import CASES, FIXTURES, NOW, SMS_CREDENTIALS, sms_request, twilio_request
from tests.channels.test_channels_contract import NoHttp
from tests.vendors.twilio import incoming, signed_form

CHANNELS = build_channels(NoHttp())
INBOXES = {case.kind: case.inbox for case in CASES}
SMS, WHATSAPP = ChannelKind.SMS, ChannelKind.WHATSAPP_TWILIO
EMA = "+5493415550101"


def event(kind: ChannelKind, name: str) -> InboundEvent:
    body = (FIXTURES / kind.value / f"{name}.json").read_bytes()
    (found,) = CHANNELS[kind].parse(twilio_request(kind, body), INBOXES[kind], now=NOW)
    return found


def read(kind: ChannelKind, name: str) -> Arrival:
    found = event(kind, name)
    assert isinstance(found, Arrival), found
    return found


def test_an_sms_keeps_who_wrote_what() -> None:
    found = read(SMS, "message__text")
    assert (found.address, found.name, found.message.sent_at) == (EMA, None, None)
    assert (found.message.type, found.message.text) == (MessageType.TEXT, "¿Tienen stock? ñ+& =")
    assert found.message.received_at.timestamp() == NOW


@pytest.mark.parametrize(("name", "address"), [("message__text", EMA), ("message__phone_hidden", "BR.8800112233445566")])
def test_a_whatsapp_customer_has_a_name_and_a_number_or_a_user_id(name: str, address: str) -> None:
    assert (read(WHATSAPP, name).address, read(WHATSAPP, name).name) == (address, "Ema Ríos")


@pytest.mark.parametrize(
    ("kind", "name", "type_", "text", "files"),
    [
        (SMS, "message__two_files", MessageType.IMAGE, "", ["image/jpeg", "application/pdf"]),
        (SMS, "message__picture_with_words", MessageType.IMAGE, "así llegó", ["image/png"]),
        (SMS, "message__empty", MessageType.UNSUPPORTED, "", []),
        (WHATSAPP, "message__button", MessageType.BUTTON, "Confirmar", []),
        (WHATSAPP, "message__list", MessageType.BUTTON, "Retiro en local", []),
        (WHATSAPP, "message__location", MessageType.LOCATION, "Depósito, Pellegrini 1200", [None]),
        (WHATSAPP, "message__location_unreadable", MessageType.LOCATION, "", []),
        (WHATSAPP, "message__voice", MessageType.AUDIO, "", ["audio/ogg"]),
        (WHATSAPP, "message__unknown_kind", MessageType.UNSUPPORTED, "", []),
    ],
)
def test_every_kind_has_its_form(kind: ChannelKind, name: str, type_: MessageType, text: str, files: list[str | None]) -> None:
    message = read(kind, name).message
    assert (message.type, message.text, [file.mime_type for file in message.attachments]) == (type_, text, files)
    assert (message.raw_kind is not None) == (type_ is MessageType.UNSUPPORTED)


def test_stop_is_recorded_and_not_answered() -> None:
    message = read(SMS, "message__stop").message
    assert (message.kind, message.text) == (OPT_OUT, "STOP")
    assert asks_for_nothing((message,))


@pytest.mark.parametrize(
    ("kind", "name", "state", "error"),
    [
        (SMS, "status__sent", DeliveryState.SENT, None),
        (SMS, "status__delivered", DeliveryState.DELIVERED, None),
        (WHATSAPP, "status__read", DeliveryState.READ, None),
        (SMS, "status__undelivered", DeliveryState.FAILED, "filtered"),
        (SMS, "status__failed_unknown_code", DeliveryState.FAILED, "error 39999"),
        (SMS, "status__failed_without_code", DeliveryState.FAILED, "gave no reason"),
        (WHATSAPP, "status__failed_window", DeliveryState.FAILED, "24 hours"),
    ],
)
def test_a_status_tells_how_far_our_message_got(kind: ChannelKind, name: str, state: DeliveryState, error: str | None) -> None:
    found = event(kind, name)
    assert isinstance(found, DeliveryReceipt)
    assert (found.state, found.provider_id) == (state, "SM" + "9" * 32)
    assert error in str(found.error) if error else found.error is None


def test_what_is_left_alone_has_its_reason() -> None:
    assert event(SMS, "status__queued") == Ignored(reason="a status queued")
    assert event(SMS, "message__another_number") == Ignored(reason="another number than this inbox's")


def test_our_id_comes_back_in_the_address_of_a_status() -> None:
    request = sms_request((FIXTURES / "sms" / "status__sent.json").read_bytes()).model_copy(update={"query": {"message": "o-1"}})
    (found,) = CHANNELS[SMS].parse(request, INBOXES[SMS], now=NOW)
    assert isinstance(found, DeliveryReceipt)
    assert found.message_id == "o-1"


@pytest.mark.parametrize("kind", [SMS, WHATSAPP], ids=str)
def test_no_example_is_without_a_test(kind: ChannelKind) -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [path.stem for path in (FIXTURES / kind.value).glob("*.json") if f'"{path.stem}"' not in source] == []


@pytest.mark.parametrize(
    ("told", "called", "let_in"),
    [
        ("https://desk.example/webhooks/sms/i?x=1", "https://desk.example/webhooks/sms/i?x=1", True),
        ("https://desk.example:443/webhooks/sms/i", "https://desk.example/webhooks/sms/i", True),
        ("https://desk.example/webhooks/sms/i", "https://desk.example:443/webhooks/sms/i", True),
        ("http://desk.example/webhooks/sms/i", "https://desk.example/webhooks/sms/i", False),
        ("https://desk.example/webhooks/sms/i?x=1", "https://desk.example/webhooks/sms/i", False),
        ("https://desk.example/webhooks/sms/other", "https://desk.example/webhooks/sms/i", False),
    ],
)
def test_the_signature_is_about_the_very_address(told: str, called: str, let_in: bool) -> None:
    headers, body = signed_form(told, incoming(1, EMA, "+15005550021", "¿ñ+?"))
    request = WebhookRequest(method="POST", url=called, headers=headers, query={}, body=body)
    if let_in:
        CHANNELS[SMS].verify(request, SMS_CREDENTIALS, now=NOW)
    else:
        with pytest.raises(AuthenticityError):
            CHANNELS[SMS].verify(request, SMS_CREDENTIALS, now=NOW)


def test_blank_fields_were_signed_too() -> None:
    url = "https://desk.example/webhooks/sms/i"
    form = incoming(1, EMA, "+15005550021")
    headers, _ = signed_form(url, form)
    without_blanks = urlencode({name: value for name, value in form.items() if value})
    request = WebhookRequest(method="POST", url=url, headers=headers, query={}, body=urlencode(form).encode())
    CHANNELS[SMS].verify(request, SMS_CREDENTIALS, now=NOW)
    changed = request.model_copy(update={"body": without_blanks.encode() + b"&FromZip=1"})
    with pytest.raises(AuthenticityError):
        CHANNELS[SMS].verify(changed, SMS_CREDENTIALS, now=NOW)
