"""What a REST delivery becomes, example by example."""

import base64
import json
import time
from typing import Any

import pytest

from channels import standard_webhooks
from channels.rest import FEATURES, Rest
from channels.standard_webhooks import sign, signing_keys, verify
from domain.channels import ChannelKind
from domain.errors import AuthenticityError, InvalidInput
from domain.messages import Arrival, MessageType
from tests.channels.cases import FIXTURES, NOW, inbox, rest_request
from tests.channels.test_channels_contract import NoHttp
from tests.vendors.signing import proves, signed_headers

REST = Rest(NoHttp())
WHSEC = "whsec_" + base64.b64encode(b"sixteen bytes ok").decode()
NEXT_WHSEC = "whsec_" + base64.b64encode(b"the rotated one!").decode()


def read(name: str) -> Arrival:
    body = (FIXTURES / "rest" / f"{name}.json").read_bytes()
    (event,) = REST.parse(rest_request(body), inbox(ChannelKind.REST), now=NOW)
    assert isinstance(event, Arrival)
    return event


def arrival(**fields: Any) -> Arrival:
    body = {"type": "message", "id": "m-1", "contact": {"id": "c"}, "text": "hi"} | fields
    (event,) = REST.parse(rest_request(json.dumps(body).encode()), inbox(ChannelKind.REST), now=NOW)
    assert isinstance(event, Arrival)
    return event


def test_a_text_keeps_who_wrote_what_when_and_in_which_language() -> None:
    found = read("message__text")
    assert (found.address, found.name) == ("buyer-31", "Lucía Ferrer")
    assert (found.message.type, found.message.text) == (MessageType.TEXT, "¿Hacen envíos a Ushuaia?")
    assert (found.message.provider_id, found.message.kind, found.message.language) == ("m-2001", "message", "es-AR")
    assert found.message.sent_at is not None
    assert found.message.sent_at.isoformat() == "2026-11-20T17:03:11+00:00"
    assert found.message.received_at.timestamp() == NOW


@pytest.mark.parametrize(
    ("name", "kind", "raw_kind", "attachments"),
    [
        ("message__only_required_fields", MessageType.TEXT, None, []),
        ("message__image_without_text", MessageType.IMAGE, None, [MessageType.IMAGE]),
        ("message__text_with_attachments", MessageType.TEXT, None, [MessageType.IMAGE, MessageType.DOCUMENT]),
        ("message__unknown_attachment", MessageType.UNSUPPORTED, "hologram", [MessageType.UNSUPPORTED]),
        ("poll_vote__unknown_type", MessageType.UNSUPPORTED, "poll_vote", []),
        ("message__emoji_and_right_to_left", MessageType.TEXT, None, []),
        ("message__unknown_fields", MessageType.TEXT, None, []),
    ],
)
def test_every_kind_becomes_a_message(name: str, kind: MessageType, raw_kind: str | None, attachments: list[MessageType]) -> None:
    message = read(name).message
    assert (message.type, message.raw_kind, [attachment.type for attachment in message.attachments]) == (kind, raw_kind, attachments)


def test_a_cut_emoji_and_a_nul_are_replaced_not_refused() -> None:
    assert read("message__cut_emoji_and_nul").message.text == "thanks \ufffd and\ufffdbye"


def test_a_language_that_is_none_is_only_a_lost_hint() -> None:
    assert arrival(contact={"id": "c", "language": "the queen's English"}).message.language is None


def test_the_hash_ignores_spelling_order_and_the_time_of_sending() -> None:
    first = arrival(sent_at="2026-11-22T10:00:00Z")
    assert first.body_hash == arrival(sent_at="2026-11-22T10:00:09Z").body_hash == arrival().body_hash
    reordered = b'{"text":"hi",\n "contact":{"id":"c"}, "id":"m-1","type":"\\u006dessage"}'
    (event,) = REST.parse(rest_request(reordered), inbox(ChannelKind.REST), now=NOW)
    assert isinstance(event, Arrival)
    assert event.body_hash == first.body_hash


@pytest.mark.parametrize("changed", [{"text": "hi!"}, {"contact": {"id": "d"}}, {"type": "sticker"}, {"extra": 1}], ids=str)
def test_another_body_under_the_same_id_has_the_same_id_and_another_hash(changed: dict[str, Any]) -> None:
    first, other = arrival(), arrival(**changed)
    assert first.message.id == other.message.id
    assert first.body_hash != other.body_hash


@pytest.mark.parametrize("secret", ["plain", "a,b", "whsec", WHSEC, "ñandú"])
def test_the_scheme_is_read_as_the_other_side_reads_it(secret: str) -> None:
    body = b'{"a": "\xc3\xb1"}'
    verify(secret, signed_headers(secret, body, at=NOW), body, now=NOW)
    assert proves(secret, sign(secret, "o-1", int(time.time()), body), body)


def test_any_of_several_signatures_will_do() -> None:
    body = b"{}"
    headers = signed_headers("right", body, at=NOW)
    headers["webhook-signature"] = f"v1,AAAA v1a,whatever {headers['webhook-signature']} v2,new"
    verify("right", headers, body, now=NOW)


def test_a_signature_of_another_version_proves_nothing() -> None:
    headers = signed_headers("right", b"{}", at=NOW)
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v1a,")
    with pytest.raises(AuthenticityError):
        verify("right", headers, b"{}", now=NOW)


def test_both_keys_count_while_a_secret_is_rotated() -> None:
    rotating, body = f"{NEXT_WHSEC},{WHSEC}", b"{}"
    verify(rotating, signed_headers(WHSEC, body, at=NOW), body, now=NOW)
    verify(rotating, signed_headers(NEXT_WHSEC, body, at=NOW), body, now=NOW)
    assert all(proves(secret, sign(rotating, "o-1", int(time.time()), body), body) for secret in (WHSEC, NEXT_WHSEC))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***", f"{WHSEC},plain"])
def test_an_unusable_secret_refuses_everything(secret: str) -> None:
    with pytest.raises(InvalidInput, match="secret"):
        signing_keys(secret)
    with pytest.raises(AuthenticityError):
        verify(secret, signed_headers("guess", b"{}", at=NOW), b"{}", now=NOW)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_missing_header_is_missing_proof(header: str) -> None:
    headers = signed_headers("right", b"{}", at=NOW)
    del headers[header]
    with pytest.raises(AuthenticityError) as refused:
        verify("right", headers, b"{}", now=NOW)
    assert refused.value.missing


@pytest.mark.parametrize("stamp", ["soon", "-5", "1e9", "٣", "9" * 40, "1795342800.5"])
def test_a_timestamp_that_is_none_is_refused(stamp: str) -> None:
    headers = signed_headers("right", b"{}", at=NOW) | {"webhook-timestamp": stamp}
    with pytest.raises(AuthenticityError):
        verify("right", headers, b"{}", now=NOW)


def test_the_tolerance_is_the_published_one() -> None:
    assert standard_webhooks.TOLERANCE_SECONDS == 5 * 60
    assert FEATURES.idempotent_send
