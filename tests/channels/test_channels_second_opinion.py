"""Our examples of vendors' webhooks, read by other people's libraries too: what they see is what we see."""

import json
from typing import Any

import pytest
from pywa.client import WhatsApp as Pywa
from pywa.types.message import Message as PywaMessage
from pywa.types.message_status import MessageStatus
from telegram import Update
from twilio.request_validator import RequestValidator

from channels.registry import build_channels
from domain.channels import ChannelKind
from domain.messages import Arrival, DeliveryReceipt
from tests.channels.cases import (
    FIXTURES,
    NOW,
    SMS_CREDENTIALS,
    inbox,
    sms_request,
    telegram_request,
    whatsapp_request,
)
from tests.channels.test_channels_contract import NoHttp
from tests.vendors.twilio import TOKEN, signed_form

CHANNELS = build_channels(NoHttp())
NO_TEXT_FOR_ITSELF = frozenset({"message__cut_emoji_and_nul"})
"""Half an emoji and a NUL: we drop what no database can store."""
PYWA_CAN_NOT = frozenset(
    {"text__without_user_id", "system__changed_number", "unsupported__kind", "batch__accounts_numbers_messages_statuses"}
)
"""Its reader fails on a message without a user id, contacts or a body, and takes contacts by their order: real deliveries differ."""


def examples(channel: str, *, but: frozenset[str] = frozenset()) -> list[Any]:
    paths = sorted((FIXTURES / channel).glob("*.json"))
    return [pytest.param(path.read_bytes(), id=path.stem) for path in paths if path.stem not in but]


@pytest.mark.parametrize("body", examples("telegram", but=NO_TEXT_FOR_ITSELF))
def test_python_telegram_bot_reads_the_same_words_from_the_same_chat(body: bytes) -> None:
    update = Update.de_json(json.loads(body), None)
    theirs = update.message or update.business_message or update.edited_message or update.edited_business_message
    ours = [event for event in _read(ChannelKind.TELEGRAM, telegram_request(body)) if isinstance(event, Arrival)]
    if theirs is None or not ours or (update.edited_message and update.edited_message.location):
        return
    words = theirs.text or theirs.caption
    assert ours[0].address.partition("/")[0].partition("@")[0] == str(theirs.chat.id)
    assert ours[0].message.sent_at in (theirs.date, theirs.edit_date)
    assert words is None or ours[0].message.text == words


def _pywa_messages() -> list[Any]:
    return [one for one in examples("whatsapp", but=PYWA_CAN_NOT) if "messages" in _value(one.values[0])]


def _value(body: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(body)["entry"][0]["changes"][0]["value"]
    return value


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("body", _pywa_messages())
def test_pywa_reads_the_same_words_of_the_same_person(body: bytes) -> None:
    """It reads a delivery's first message only."""
    theirs = PywaMessage.from_update(Pywa(phone_id="104400000000001", token="t"), json.loads(body))
    ours = _read(ChannelKind.WHATSAPP, whatsapp_request(body))[0]
    if not isinstance(ours, Arrival):
        return
    assert theirs.id == ours.message.provider_id
    assert {theirs.from_user.bsuid, theirs.from_user.wa_id} & {ours.address, *ours.aliases}
    assert theirs.timestamp == ours.message.sent_at
    assert (theirs.text or theirs.caption or ours.message.text) == ours.message.text


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["sent", "delivered", "read", "played"])
def test_pywa_reads_the_same_state_of_the_same_message(name: str) -> None:
    body = (FIXTURES / "whatsapp" / f"status__{name}.json").read_bytes()
    theirs = MessageStatus.from_update(Pywa(phone_id="104400000000001", token="t"), json.loads(body))
    (ours,) = _read(ChannelKind.WHATSAPP, whatsapp_request(body))
    assert isinstance(ours, DeliveryReceipt)
    assert (theirs.id, theirs.tracker) == (ours.provider_id, ours.message_id)
    assert ours.state.value == ("read" if name == "played" else name)


@pytest.mark.parametrize("text", ["¿Tienen stock? ñ+& =", "", "a\nb 👟", "x" * 1_600])
def test_twilios_own_validator_signs_what_we_accept_and_accepts_what_we_sign(text: str) -> None:
    form = {"MessageSid": "SM1", "From": "+5493415550101", "To": "+15005550006", "Body": text}
    url = "https://shop.example.com/webhooks/sms/i"
    headers, body = signed_form(url, form)
    validator = RequestValidator(TOKEN)
    assert validator.validate(url, form, headers["x-twilio-signature"])
    request = sms_request(body)
    theirs = request.model_copy(update={"headers": {**request.headers, "x-twilio-signature": validator.compute_signature(url, form)}})
    CHANNELS[ChannelKind.SMS].verify(theirs, SMS_CREDENTIALS, now=NOW)


def _read(kind: ChannelKind, request: Any) -> list[Any]:
    return list(CHANNELS[kind].parse(request, inbox(kind), now=NOW))
