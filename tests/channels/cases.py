"""What the contract suite needs to know of each channel: how its vendor signs, and example bodies."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1, sha256
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from domain.channels import ChannelKind, WebhookRequest
from domain.managers import Inbox
from domain.messages import OutboundMessage, Purpose, Recipient, Sender
from domain.policy import Policy
from tests.vendors import mercadolibre, meta_messaging, telegram, twilio, whatsapp
from tests.vendors.signing import signed_headers

FIXTURES = Path(__file__).parent / "fixtures"
NOW = 1_795_342_800.0
"""22 Nov 2026, 09:00 UTC."""


@dataclass(frozen=True)
class Case:
    """One channel. A channel that takes no webhooks has no `signed`."""

    kind: ChannelKind
    credentials: Mapping[str, str]
    signed: Callable[[bytes, float], WebhookRequest] | None = None
    timestamped: bool = False
    """Whether the vendor's signature covers a time, so that old requests are refused."""
    wrong_credentials: Mapping[str, str] = field(default_factory=dict)
    malformed: Mapping[str, bytes] = field(default_factory=dict)
    signs_body: bool = True
    """Whether the vendor's proof covers the body; else it is only a shared word."""
    bare: Mapping[str, object] = field(default_factory=lambda: {"headers": {"content-type": "application/json"}})
    """What a request lacks that proves nothing: its headers, or, where the address is the proof, that."""
    public: Mapping[str, str] = field(default_factory=dict)
    """The inbox's settings that are no secrets."""

    @property
    def inbox(self) -> Inbox:
        return inbox(self.kind, public=self.public)

    def fixtures(self) -> dict[str, bytes]:
        return {path.stem: path.read_bytes() for path in sorted((FIXTURES / self.kind.value).glob("*.json"))}


def inbox(kind: ChannelKind, inbox_id: str | None = None, public: Mapping[str, str] | None = None) -> Inbox:
    return Inbox(
        id=inbox_id or f"our-{kind.value}",
        channel=kind,
        name=kind.value,
        policy=Policy(),
        policy_version=1,
        public_settings=dict(public or {}),
        created_at=datetime.fromtimestamp(NOW, UTC),
    )


def outbound(**changes: object) -> OutboundMessage:
    message = OutboundMessage(
        id="0d5c8a52-7a20-4b3e-9d1b-0a3c6a1f1e77",
        conversation_id="conversation-1",
        inbox_id="our-rest",
        contact_id="contact-1",
        sender=Sender.BOT,
        purpose=Purpose.ANSWER,
        text="Yes, in 5 to 8 days.",
        epoch=0,
        created_at=datetime.fromtimestamp(NOW, UTC),
    )
    return message.model_copy(update=changes)


def recipient(address: str = "buyer-31", kind: ChannelKind = ChannelKind.REST) -> Recipient:
    return Recipient(channel=kind, inbox_id=f"our-{kind.value}", address=address)


def rest_request(body: bytes, at: float = NOW) -> WebhookRequest:
    return WebhookRequest(
        method="POST",
        url="https://shop.example.com/webhooks/rest/our-rest",
        headers=signed_headers("correct horse", body, at=at),
        query={},
        body=body,
    )


def telegram_request(body: bytes, at: float = NOW) -> WebhookRequest:
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": telegram.SECRET}
    return WebhookRequest(method="POST", url="https://shop.example.com/webhooks/telegram/t", headers=headers, query={}, body=body)


def meta_request(secret: str, kind: str, body: bytes) -> WebhookRequest:
    mac = hmac.new(secret.encode(), body, sha256).hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={mac}"}
    return WebhookRequest(method="POST", url=f"https://shop.example.com/webhooks/{kind}/i", headers=headers, query={}, body=body)


def whatsapp_request(body: bytes, at: float = NOW) -> WebhookRequest:
    return meta_request(whatsapp.APP_SECRET, "whatsapp", body)


def messenger_request(body: bytes, at: float = NOW) -> WebhookRequest:
    return meta_request(meta_messaging.APP_SECRET, "messenger", body)


def instagram_request(body: bytes, at: float = NOW) -> WebhookRequest:
    return meta_request(meta_messaging.APP_SECRET, "instagram", body)


def mercadolibre_request(body: bytes, at: float = NOW) -> WebhookRequest:
    headers = {"content-type": "application/json"}
    return WebhookRequest(method="POST", url=f"{_MERCADOLIBRE_HOOK}/{mercadolibre.PATH_SECRET}", headers=headers, query={}, body=body)


_MERCADOLIBRE_HOOK = "https://shop.example.com/webhooks/mercadolibre/our-mercadolibre"
MERCADOLIBRE_CREDENTIALS = {
    "app_id": mercadolibre.APP,
    "client_secret": mercadolibre.CLIENT_SECRET,
    "user_id": mercadolibre.SELLER,
    "site_id": mercadolibre.SITE,
    "access_token": mercadolibre.ACCESS,
    "refresh_token": mercadolibre.REFRESH,
    "path_secret": mercadolibre.PATH_SECRET,
}
TELEGRAM_CREDENTIALS = {"bot_token": telegram.TOKEN, "webhook_secret": telegram.SECRET}
WHATSAPP_CREDENTIALS = {
    "phone_number_id": whatsapp.PHONE_ID,
    "waba_id": whatsapp.ACCOUNT,
    "access_token": whatsapp.TOKEN,
    "app_secret": whatsapp.APP_SECRET,
    "verify_token": whatsapp.VERIFY_TOKEN,
}
MESSAGING_CREDENTIALS = {
    "access_token": meta_messaging.TOKEN,
    "app_secret": meta_messaging.APP_SECRET,
    "verify_token": meta_messaging.VERIFY_TOKEN,
}
MESSENGER_CREDENTIALS = {"page_id": meta_messaging.PAGE, **MESSAGING_CREDENTIALS}
INSTAGRAM_CREDENTIALS = {"account_id": meta_messaging.ACCOUNT, **MESSAGING_CREDENTIALS}


SMS_CREDENTIALS = {"account_sid": twilio.ACCOUNT, "auth_token": twilio.TOKEN, "from_number": twilio.SMS_NUMBER}
WHATSAPP_TWILIO_CREDENTIALS = SMS_CREDENTIALS | {"from_number": twilio.WHATSAPP_NUMBER}


def twilio_request(kind: ChannelKind, body: bytes) -> WebhookRequest:
    """A form. What is a JSON object in an example is sent as one; anything else goes as it is."""
    url = f"https://shop.example.com/webhooks/{kind.value}/i"
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        body = urlencode(form, errors="replace").encode()
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(parse_qsl(body.decode("utf-8", "replace"), True))))
    mac = base64.b64encode(hmac.new(twilio.TOKEN.encode(), signed.encode("utf-8", "replace"), sha1).digest()).decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": mac}
    return WebhookRequest(method="POST", url=url, headers=headers, query={}, body=body)


def sms_request(body: bytes, at: float = NOW) -> WebhookRequest:
    return twilio_request(ChannelKind.SMS, body)


def whatsapp_twilio_request(body: bytes, at: float = NOW) -> WebhookRequest:
    return twilio_request(ChannelKind.WHATSAPP_TWILIO, body)


_NO_FORM = {
    "MessageSid: no body": b"",
    "MessageSid: JSON": b"[1]",
    "MessageSid: no UTF-8": b"Body=%ff&From=\xff",
    "MessageSid: too long": b"From=%2B1555&MessageSid=" + b"S" * 600,
    "MessageSid: blank": b"MessageSid=&From=%2B1555",
    "From: missing": b"MessageSid=SM1&Body=hi",
    "From: blank": b"MessageSid=SM1&From=whatsapp%3A",
    "too many fields": b"&".join(b"a=1" for _ in range(1_001)),
}


def _no_delivery(object_name: str) -> dict[str, bytes]:
    """Bodies that are no webhook of this product of Meta's."""
    name = object_name.encode()
    return {
        "empty": b"",
        "no JSON": b"update",
        "a list": b"[]",
        "nested deeply": b'{"entry": ' + b"[" * 100_000,
        "object: missing": b'{"entry": []}',
        "object: another product's": b'{"object": "permissions", "entry": []}',
        "entry: missing": b'{"object": "' + name + b'"}',
        "entry: an object": b'{"object": "' + name + b'", "entry": {}}',
    }


def _without(field_name: str) -> bytes:
    body = {"type": "message", "id": "m-1", "contact": {"id": "c"}, "text": "hi"}
    del body[field_name]
    return json.dumps(body).encode()


def _with(**fields: object) -> bytes:
    return json.dumps({"type": "message", "id": "m-1", "contact": {"id": "c"}, "text": "hi"} | fields).encode()


def _notice(**fields: object) -> bytes:
    body = {"resource": "/questions/1", "user_id": 468111222, "topic": "questions", "application_id": 7410258963014785}
    return json.dumps({name: value for name, value in (body | fields).items() if value is not None}).encode()


_IMAGE = {"type": "image", "url": "https://cdn.example.com/1.png"}

CASES: tuple[Case, ...] = (
    Case(
        kind=ChannelKind.REST,
        credentials={"secret": "correct horse", "callback_url": "https://shop.example.com/replies"},
        wrong_credentials={"secret": "wrong horse"},
        signed=rest_request,
        timestamped=True,
        malformed={
            "empty": b"",
            "no JSON": b"hello",
            "half JSON": b'{"type": "message", "id":',
            "no UTF-8": b'{"type": "message", "id": "\xff\xfe"}',
            "a list": b"[]",
            "a number": b"1",
            "NaN": b'{"type": NaN}',
            "a very long number": b'{"type": ' + b"9" * 5_000 + b"}",
            "nested deeply": b'{"type": ' + b"[" * 100_000,
            "type: missing": _without("type"),
            "id: missing": _without("id"),
            "id: empty": _with(id=" "),
            "id: a number": _with(id=7),
            "id: too long": _with(id="x" * 201),
            "contact: missing": _without("contact"),
            "contact: a string": _with(contact="c"),
            "contact.id: missing": _with(contact={"name": "Ana"}),
            "contact.id: too long": _with(contact={"id": "x" * 201}),
            "text: a list": _with(text=["hi"]),
            "text: too long": _with(text="x" * 16_001),
            "text: empty": _with(text="  "),
            "text: missing": _without("text"),
            "attachments: an object": _with(attachments={}),
            "attachments: too many": _with(attachments=[_IMAGE] * 11),
            "attachments.0.url: missing": _with(attachments=[{"type": "image"}]),
            "attachments.0.url: a script": _with(attachments=[{"type": "image", "url": "javascript:alert(1)"}]),
            "attachments.0.url: a local file": _with(attachments=[{"type": "image", "url": "file:///etc/passwd"}]),
            "attachments.1.type: missing": _with(attachments=[_IMAGE, {"url": "https://cdn.example.com/1.png"}]),
            "attachments.0.size: negative": _with(attachments=[_IMAGE | {"size": -1}]),
            "sent_at: no time": _with(sent_at="yesterday"),
            "sent_at: no zone": _with(sent_at="2026-11-22T10:00:00"),
            "sent_at: past the calendar": _with(sent_at="9999-12-31T23:59:59-23:59"),
        },
    ),
    Case(kind=ChannelKind.WEBCHAT, credentials={}),
    Case(
        kind=ChannelKind.TELEGRAM,
        credentials=TELEGRAM_CREDENTIALS,
        wrong_credentials=TELEGRAM_CREDENTIALS | {"webhook_secret": telegram.SECRET + "x"},
        signed=telegram_request,
        signs_body=False,
        malformed={
            "empty": b"",
            "no JSON": b"update",
            "a list": b"[]",
            "nested deeply": b'{"update_id": ' + b"[" * 100_000,
            "update_id: missing": b'{"message": {}}',
            "update_id: a string": b'{"update_id": "7"}',
            "update_id: true": b'{"update_id": true}',
            "update_id: beyond 53 bits": b'{"update_id": 99999999999999999999}',
        },
    ),
    Case(
        kind=ChannelKind.WHATSAPP,
        credentials=WHATSAPP_CREDENTIALS,
        wrong_credentials=WHATSAPP_CREDENTIALS | {"app_secret": whatsapp.APP_SECRET[::-1]},
        signed=whatsapp_request,
        public={"phone_number_id": whatsapp.PHONE_ID},
        malformed=_no_delivery("whatsapp_business_account"),
    ),
    Case(
        kind=ChannelKind.MESSENGER,
        credentials=MESSENGER_CREDENTIALS,
        wrong_credentials=MESSENGER_CREDENTIALS | {"app_secret": meta_messaging.APP_SECRET[::-1]},
        signed=messenger_request,
        public={"page_id": meta_messaging.PAGE},
        malformed=_no_delivery("page"),
    ),
    Case(
        kind=ChannelKind.INSTAGRAM,
        credentials=INSTAGRAM_CREDENTIALS,
        wrong_credentials=INSTAGRAM_CREDENTIALS | {"app_secret": meta_messaging.APP_SECRET[::-1]},
        signed=instagram_request,
        public={"account_id": meta_messaging.ACCOUNT},
        malformed=_no_delivery("instagram"),
    ),
    Case(
        kind=ChannelKind.MERCADOLIBRE,
        credentials=MERCADOLIBRE_CREDENTIALS,
        wrong_credentials=MERCADOLIBRE_CREDENTIALS | {"path_secret": mercadolibre.PATH_SECRET + "x"},
        signed=mercadolibre_request,
        signs_body=False,
        bare={"url": _MERCADOLIBRE_HOOK},
        malformed={
            "empty": b"",
            "no JSON": b"update",
            "a list": b"[]",
            "nested deeply": b'{"topic": ' + b"[" * 100_000,
            "application_id: missing": _notice(application_id=None),
            "application_id: a fraction": _notice(application_id=1.5),
            "user_id: missing": _notice(user_id=None),
            "topic: missing": _notice(topic=None),
            "topic: a number": _notice(topic=7),
            "resource: missing": _notice(resource=None),
            "resource: another topic's": _notice(resource="9a1ce35ac84f70a24af7360d24c70a01"),
            "resource: a way out": _notice(resource="/questions/../users/me"),
            "resource: an address": _notice(resource="https://evil.example/questions/1"),
            "resource: with a query": _notice(resource="/questions/1?access_token=x"),
            "resource: no digits of ours": _notice(resource="/questions/\u0661\u0662"),
            "resource: a line more": _notice(resource="/questions/1\n"),
            "resource: upper case": _notice(topic="messages", resource="9A1CE35AC84F70A24AF7360D24C70A01"),
            "resource: too short": _notice(topic="messages", resource="9a1ce35ac84f"),
        },
    ),
    Case(
        kind=ChannelKind.SMS,
        credentials=SMS_CREDENTIALS,
        wrong_credentials=SMS_CREDENTIALS | {"auth_token": twilio.TOKEN[::-1]},
        signed=sms_request,
        public={"from_number": twilio.SMS_NUMBER},
        malformed=_NO_FORM,
    ),
    Case(
        kind=ChannelKind.WHATSAPP_TWILIO,
        credentials=WHATSAPP_TWILIO_CREDENTIALS,
        wrong_credentials=WHATSAPP_TWILIO_CREDENTIALS | {"auth_token": twilio.TOKEN[::-1]},
        signed=whatsapp_twilio_request,
        public={"from_number": twilio.WHATSAPP_NUMBER},
        malformed=_NO_FORM,
    ),
)
