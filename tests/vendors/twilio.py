"""Twilio's side of the Messages resource for SMS and WhatsApp: a stateful stand-in on a real socket.

Requests are held to the contract (path, sign-in, form, lengths); webhooks and reports are signed as Twilio signs them.
"""

import base64
import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from tests.vendors.vendor_server import Answer, Call, VendorServer

ACCOUNT = "AC00aa11bb22cc33dd44ee55ff66aa77bb"
TOKEN = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
SMS_NUMBER = "+15005550021"
WHATSAPP_NUMBER = "+14155230021"

_FIELDS = {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ContentSid", "ContentVariables", "MediaUrl"}
_RECEIVER = re.compile(r"\+\d{5,20}|whatsapp:(\+\d{5,20}|[A-Z]{2}\.[A-Za-z0-9.]{1,140})")


@dataclass(frozen=True)
class SentMessage:
    sid: str
    to: str
    text: str
    form: Mapping[str, str]


class TwilioApi(VendorServer):
    """Knows one account."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[SentMessage] = []
        self.stopped: set[str] = set()
        """Receivers who have answered STOP."""
        self.closed: set[str] = set()
        """Receivers on WhatsApp who wrote too long ago."""
        self.hides = False
        """Lists no message."""
        self.media: dict[str, str] = {}
        """Paths of media to where Twilio redirects from there."""
        self.contents: list[dict[str, Any]] = []
        """Templates as Twilio lists them, with WhatsApp's approval."""
        self._numbers = itertools.count(1)

    def to(self, receiver: str) -> list[SentMessage]:
        return [message for message in self.messages if message.to == receiver]

    def answer(self, call: Call) -> Answer:
        if call.path in self.media:
            return self._media(call)
        if call.path == "/v1/ContentAndApprovals":
            return self._contents(call)
        match = re.fullmatch(r"/2010-04-01/Accounts/(\w+)(\.json|/Messages\.json)", call.path)
        if match is None:
            return self._refused(f"{call.method} {call.path}: not in the contract")
        signed = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {signed}" or match[1] != ACCOUNT:
            return error(401, 20003)
        match (call.method, match[2]):
            case ("GET", ".json"):
                return Answer(200, {"sid": ACCOUNT, "friendly_name": "Galpón Norte", "status": "active"})
            case ("POST", "/Messages.json"):
                return self._message(call)
            case ("GET", "/Messages.json"):
                return self._listed(call)
        return self._refused(f"{call.method} {call.path}: not in the contract")

    def _media(self, call: Call) -> Answer:
        signed = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {signed}":
            return error(401, 20003)
        return Answer(307, {}, {"location": self.media[call.path]})

    def _listed(self, call: Call) -> Answer:
        if set(call.query) - {"To", "DateSent", "PageSize"} or not re.fullmatch(r"\d{4}-\d\d-\d\d", call.query.get("DateSent", "")):
            return self._refused(f"Messages: query {sorted(call.query)}")
        if self.hides:
            return Answer(200, {"messages": []})
        today = datetime.now(UTC).date().isoformat()
        found = [message for message in self.to(call.query["To"]) if call.query["DateSent"] == today]
        shown = [{"sid": message.sid, "body": message.text, "to": message.to, "direction": "outbound-api"} for message in found]
        return Answer(200, {"messages": shown})

    def _contents(self, call: Call) -> Answer:
        signed = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if call.method != "GET" or call.headers.get("authorization") != f"Basic {signed}":
            return error(401, 20003)
        return Answer(200, {"contents": self.contents, "meta": {"page": 0}})

    def _refused(self, words: str) -> Answer:
        self.violation(words)
        return error(400, 21604)

    def _message(self, call: Call) -> Answer:
        if call.headers.get("content-type") != "application/x-www-form-urlencoded":
            return self._refused("a form is expected")
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if wrong := _wrong_with(form):
            return self._refused(f"Messages: {wrong}")
        if form["To"] in self.stopped:
            return error(400, 21610)
        if "ContentSid" in form and form["ContentSid"] not in {content["sid"] for content in self.contents}:
            return error(400, 21655)
        if form["To"] in self.closed and "ContentSid" not in form:
            return error(400, 63016)
        message = SentMessage(f"SM{next(self._numbers):032d}", form["To"], form.get("Body", ""), form)
        self.messages.append(message)
        return Answer(201, {"sid": message.sid, "status": "queued", "to": message.to, "num_segments": "1", "error_code": None})

    # What it tells

    async def report(self, client: httpx2.AsyncClient, message: SentMessage, status: str, **fields: str) -> int:
        """Posts a status to the address that was given with the send; gives the answer's status."""
        form = {
            "AccountSid": ACCOUNT,
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "To": message.to,
            **fields,
        }
        headers, body = signed_form(message.form["StatusCallback"], form)
        parts = urlsplit(message.form["StatusCallback"])
        return (await client.post(f"{parts.path}?{parts.query}", content=body, headers=headers)).status_code

    async def deliver(self, client: httpx2.AsyncClient, url: str, *forms: Mapping[str, str]) -> list[int]:
        """Posts incoming messages; `url` is the address as Twilio was told it. Gives the answers' statuses."""
        statuses = []
        for form in forms:
            headers, body = signed_form(url, form)
            answer = await client.post(urlsplit(url).path, content=body, headers=headers)
            if answer.is_success and (answer.text, answer.headers.get("content-type", "").split(";")[0]) != ("<Response/>", "text/xml"):
                self.violation(f"a webhook was answered with {answer.text[:80]!r}")
            statuses.append(answer.status_code)
        return statuses


def incoming(number: int, sender: str, receiver: str, text: str | None = None, **fields: str) -> dict[str, str]:
    sid = f"SM{number:032x}"
    around = {"AccountSid": ACCOUNT, "MessageSid": sid, "SmsSid": sid, "SmsStatus": "received", "NumMedia": "0", "FromCity": ""}
    return {**around, "From": sender, "To": receiver, "Body": text or f"question {number}", **fields}


def signed_form(url: str, form: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """Headers and body as Twilio posts them."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    mac = hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "x-twilio-signature": base64.b64encode(mac).decode(),
    }
    return headers, urlencode(form).encode()


def _wrong_with(form: Mapping[str, str]) -> str | None:
    if unknown := set(form) - _FIELDS:
        return f"fields {sorted(unknown)}"
    if not _RECEIVER.fullmatch(form.get("To", "")):
        return "To"
    if ("From" in form) == ("MessagingServiceSid" in form):
        return "exactly one of From and MessagingServiceSid"
    if form["To"].startswith("whatsapp:") != form.get("From", form["To"]).startswith("whatsapp:"):
        return "To and From are of different channels"
    if len({"Body", "ContentSid", "MediaUrl"} & set(form)) != 1:
        return "exactly one of Body, ContentSid and MediaUrl"
    if not form.get("MediaUrl", "https://").startswith("https://"):
        return "MediaUrl"
    if "ContentVariables" in form and not isinstance(json.loads(form["ContentVariables"]), dict):
        return "ContentVariables"
    if "Body" in form and not 1 <= len(form["Body"]) <= 1600:
        return "Body is empty or too long"
    return None if form.get("StatusCallback", "https://").startswith("https://") else "StatusCallback"


def error(status: int, code: int) -> Answer:
    about = {"more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    return Answer(status, {"code": code, "message": "No, says Twilio, +5493415550101", **about})
