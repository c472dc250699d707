"""Meta's side of Messenger and Instagram: one stateful stand-in on a real socket for the Send API of both.

Requests are held to the contract (version, path, token, fields, limits). An echo of everything that is sent can be had from `echo_of`,
as Meta delivers it: with our `metadata` on Messenger, without on Instagram.
"""

import hashlib
import hmac
import itertools
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.vendors.vendor_server import Answer, Call, VendorServer
from tests.vendors.whatsapp import error, signed

TOKEN = "EAAmessagingStandIn0123456789"
APP_SECRET = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
VERIFY_TOKEN = "the same in both places"
PAGE = "310000000000011"
ACCOUNT = "17849900000000055"
WRITTEN_AT = (int(time.time()) - 600) * 1000
"""Unix milliseconds, shortly ago: the window of 24 hours is open."""


@dataclass(frozen=True)
class SentMessage:
    id: str
    receiver: str
    text: str
    quick_replies: tuple[str, ...]
    metadata: str | None
    body: Mapping[str, Any]


class MessagingApi(VendorServer):
    """Knows one page (`product` page) or one Instagram account (`product` instagram)."""

    def __init__(self, product: str) -> None:
        super().__init__()
        self.product = product
        self.own_id = PAGE if product == "page" else ACCOUNT
        self.messages: list[SentMessage] = []
        self.subscribed: set[str] = set()
        self.signs: list[tuple[str, str]] = []
        """Receivers and what they were shown."""
        self.token = TOKEN
        self.token_age_hours = 48.0
        self.renewals = 0
        self.names: dict[str, str] = {}
        """Customers who may be asked for, by id."""
        self.closed: set[str] = set()
        """Receivers whose 24 hours are over."""
        self._numbers = itertools.count(1)

    def to(self, receiver: str) -> list[SentMessage]:
        return [message for message in self.messages if message.receiver == receiver]

    def is_scripted(self, call: Call) -> bool:
        return call.path.endswith("/messages") and "sender_action" not in call.json

    def answer(self, call: Call) -> Answer:
        if (call.method, call.path) == ("GET", "/refresh_access_token"):
            return self._renew(call)
        match = re.fullmatch(r"/v\d+\.\d/(\d+|me)(?:/(messages|subscribed_apps))?", call.path)
        if match is None:
            return self._refused(f"{call.method} {call.path}: not in the contract")
        if call.headers.get("authorization") != f"Bearer {self.token}":
            return error(401, 190, "Error validating access token: The session is invalid")
        if (call.method, match[2]) == ("GET", None) and match[1] in self.names:
            return self._person(call, match[1])
        if match[1] not in ("me", self.own_id):
            return error(400, 100, f"Unsupported request. Object with ID '{match[1]}' does not exist")
        match (call.method, match[2]):
            case ("POST", "messages"):
                return self._message(call)
            case ("POST", "subscribed_apps"):
                self.subscribed = set(call.json.get("subscribed_fields", "").split(","))
                return Answer(200, {"success": True})
            case ("GET", None):
                return self._shown(call)
        return self._refused(f"{call.method} {call.path}: not in the contract")

    def _refused(self, words: str) -> Answer:
        self.violation(words)
        return error(400, 100, words)

    def _renew(self, call: Call) -> Answer:
        if set(call.query) != {"grant_type", "access_token"} or call.query["grant_type"] != "ig_refresh_token":
            return self._refused(f"/refresh_access_token: {sorted(call.query)}")
        if call.query["access_token"] != self.token:
            return error(400, 190, "Error validating access token: Session has expired")
        if self.token_age_hours < 24:
            return error(400, 100, "The access token is not old enough")
        self.renewals += 1
        self.token = f"IGrenewed{self.renewals}StandIn0123456789"
        return Answer(200, {"access_token": self.token, "token_type": "bearer", "expires_in": 5_183_944})

    def _person(self, call: Call, customer: str) -> Answer:
        wanted = {"name", "first_name"} if self.product == "page" else {"name", "username"}
        if set(call.query) != {"fields"} or set(call.query["fields"].split(",")) != wanted:
            return self._refused(f"{call.path}: {call.query}")
        return Answer(200, {"id": customer, "name": self.names[customer]})

    def _shown(self, call: Call) -> Answer:
        proof = call.query.get("appsecret_proof")
        if proof is not None and proof != hmac.new(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest():
            return error(400, 100, "Invalid appsecret_proof provided in the API argument")
        account = {"id": ACCOUNT, "username": "galpon.norte"}
        if self.product == "page":
            return Answer(200, {"id": PAGE, "name": "Galpón Norte", "instagram_business_account": account})
        shown = {"id": "900", "user_id": ACCOUNT, "username": "galpon.norte", "name": "Galpón Norte"}
        return Answer(200, {**shown, "instagram_business_account": account})

    def _sign(self, body: Mapping[str, Any]) -> Answer:
        if set(body) != {"recipient", "sender_action"} or body["sender_action"] not in ("mark_seen", "typing_on"):
            return self._refused(f"messages: a sign with {sorted(body)}")
        self.signs.append((body["recipient"]["id"], body["sender_action"]))
        return Answer(200, {"recipient_id": body["recipient"]["id"]})

    def _message(self, call: Call) -> Answer:
        body = call.json
        if "sender_action" in body:
            return self._sign(body)
        if call.headers.get("content-type") != "application/json" or (wrong := self._wrong_with(body)):
            return self._refused(f"messages: {wrong if body else 'no JSON'}")
        receiver, message = body["recipient"]["id"], body["message"]
        if receiver in self.closed and body.get("tag") != "HUMAN_AGENT":
            subcode = 2018278 if self.product == "page" else 2534022
            return error(400, 10, "This message is sent outside of allowed window.", error_subcode=subcode)
        mid = f"m_standin{next(self._numbers):06d}"
        titles = tuple(item["title"] for item in message.get("quick_replies", []))
        self.messages.append(SentMessage(mid, receiver, message.get("text", ""), titles, message.get("metadata"), body))
        return Answer(200, {"recipient_id": receiver, "message_id": mid})

    def _wrong_with(self, body: Mapping[str, Any]) -> str | None:
        tagged = body.get("messaging_type") == "MESSAGE_TAG"
        if tagged != ("tag" in body) or body.get("tag", "HUMAN_AGENT") != "HUMAN_AGENT":
            return "messaging_type and tag: only HUMAN_AGENT is left"
        if set(body) - {"recipient", "messaging_type", "tag", "message"} or set(body.get("recipient", {})) != {"id"}:
            return f"fields {sorted(body)}"
        message = body.get("message", {})
        if self.product == "page" and body.get("messaging_type") not in ("RESPONSE", "MESSAGE_TAG"):
            return "messaging_type"
        if "attachment" in message:
            return self._wrong_with_file(message)
        if set(message) - {"text", "quick_replies", *(("metadata",) if self.product == "page" else ())}:
            return f"message's fields {sorted(message)}"
        length, limit = (len(message["text"]), 2000) if self.product == "page" else (len(message["text"].encode()), 1000)
        if not 1 <= length <= limit or len(message.get("metadata", "")) >= 1000:
            return "message is too long, or empty"
        replies = message.get("quick_replies", [])
        fits = all(item.get("content_type") == "text" and 1 <= len(item.get("title", "")) <= 20 for item in replies)
        return None if fits and len(replies) <= 13 else "quick_replies"

    def _wrong_with_file(self, message: Mapping[str, Any]) -> str | None:
        attachment = message["attachment"]
        if set(message) - {"attachment", *(("metadata",) if self.product == "page" else ())}:
            return f"message's fields {sorted(message)}"
        if attachment.get("type") not in ("image", "file") or not attachment.get("payload", {}).get("url", "").startswith("https://"):
            return f"attachment {attachment}"
        return None

    # What it tells

    def text(self, user: str, number: int, text: str | None = None) -> dict[str, Any]:
        content = {"mid": f"m_customer{number:06d}", "text": text or f"question {number}"}
        return {"sender": {"id": user}, "recipient": {"id": self.own_id}, "timestamp": WRITTEN_AT + number * 1000, "message": content}

    def echo_of(self, message: SentMessage, **fields: Any) -> dict[str, Any]:
        named = {"metadata": message.metadata, "app_id": 1} if message.metadata else {}
        return self.echo(message.receiver, message.id, message.text, **named, **fields)

    def echo(self, user: str, mid: str, text: str, **fields: Any) -> dict[str, Any]:
        content = {"mid": mid, "text": text, "is_echo": True, **fields}
        return {"sender": {"id": self.own_id}, "recipient": {"id": user}, "timestamp": WRITTEN_AT + 500_000, "message": content}

    def event(self, user: str, **fields: Any) -> dict[str, Any]:
        return {"sender": {"id": user}, "recipient": {"id": self.own_id}, "timestamp": WRITTEN_AT, **fields}

    def delivery(self, *events: Mapping[str, Any]) -> dict[str, Any]:
        return {"object": self.product, "entry": [{"id": self.own_id, "time": WRITTEN_AT, "messaging": list(events)}]}

    async def deliver(self, client: httpx2.AsyncClient, path: str, *events: Mapping[str, Any]) -> list[int]:
        """One POST for each event; gives the statuses."""
        statuses = []
        for event in events:
            headers, body = signed(self.delivery(event), secret=APP_SECRET)
            statuses.append((await client.post(path, content=body, headers=headers)).status_code)
        return statuses
