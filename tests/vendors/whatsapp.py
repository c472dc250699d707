"""Meta's side of the WhatsApp Cloud API: a stateful stand-in on a real socket.

Requests are held to the contract (version, path, token, fields, limits, window). Webhooks are signed over their raw bytes, written as Meta
writes JSON (everything outside ASCII escaped), and may hold several numbers, messages and statuses at once.
"""

import hashlib
import hmac
import itertools
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.vendors.forms import parts_of
from tests.vendors.vendor_server import Answer, Call, VendorServer

TOKEN = "EAAstandInToken0123456789"
APP_SECRET = "5f0e1d2c3b4a59687786958473625140"
VERIFY_TOKEN = "the same in both places"
PHONE_ID = "104400000000001"
ACCOUNT = "204400000000002"
OWN_NUMBER = "5493410000000"
WRITTEN_AT = int(time.time()) - 600
"""Unix seconds, shortly ago: the window of 24 hours is open."""


@dataclass(frozen=True)
class SentMessage:
    id: str
    receiver: str
    """A telephone number or a business-scoped user id."""
    text: str
    buttons: tuple[str, ...]
    callback_data: str | None
    body: Mapping[str, Any]


class WhatsAppApi(VendorServer):
    """Knows one number of one account."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[SentMessage] = []
        self.closed: set[str] = set()
        """Receivers whose 24 hours are over: refused at once."""
        self.subscribed = False
        self.media: dict[str, bytes] = {}
        """Files of customers, by media id; they open with the access token only."""
        self.signs: list[tuple[str, str]] = []
        """Customers' messages that were marked as read, and whether typing was shown with that."""
        self.uploads: dict[str, bytes] = {}
        """Files of ours, by the id that an upload gave."""
        self.media_elsewhere: dict[str, str] = {}
        """Where a file is said to be, if not here."""
        self.templates: list[dict[str, Any]] = []
        """As Meta lists them."""
        self._numbers = itertools.count(1)

    def to(self, receiver: str) -> list[SentMessage]:
        return [message for message in self.messages if message.receiver == receiver]

    def is_scripted(self, call: Call) -> bool:
        return call.path.endswith("/messages") and "status" not in call.json

    # What is asked of it

    def answer(self, call: Call) -> Answer:
        if call.path.startswith("/cdn/"):
            return self._cdn(call)
        match = re.fullmatch(r"/v\d+\.\d/(\d+)(?:/(messages|media|subscribed_apps|message_templates))?", call.path)
        if match is None:
            return self._refused(f"{call.method} {call.path}: not in the contract")
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, 190, "Error validating access token: The session is invalid")
        match (call.method, match[1], match[2]):
            case ("POST", str() as number, "messages") if number == PHONE_ID:
                return self._message(call)
            case ("POST", str() as number, "media") if number == PHONE_ID:
                return self._upload(call)
            case ("GET", str() as number, None) if number == PHONE_ID:
                return self._number(call)
            case ("POST", str() as account, "subscribed_apps") if account == ACCOUNT:
                self.subscribed = True
                return Answer(200, {"success": True})
            case ("GET", str() as account, "message_templates") if account == ACCOUNT:
                return self._templates(call)
            case ("GET", str() as media_id, None) if media_id in self.media:
                return self._media(media_id)
        return error(400, 100, f"Unsupported request. Object with ID '{match[1]}' does not exist")

    def _upload(self, call: Call) -> Answer:
        parts = parts_of(call)
        if set(parts) != {"messaging_product", "type", "file"} or parts["messaging_product"][2] != b"whatsapp":
            return self._refused(f"media: fields {sorted(parts)}")
        if parts["type"][2].decode() != parts["file"][1]:
            return self._refused("media: type is not the file's")
        media_id = f"80{len(self.uploads)}"
        self.uploads[media_id] = parts["file"][2]
        return Answer(200, {"id": media_id})

    def _media(self, media_id: str) -> Answer:
        where = self.media_elsewhere.get(media_id) or f"{self.url}/cdn/{media_id}"
        return Answer(200, {"messaging_product": "whatsapp", "url": where, "mime_type": "image/png", "id": media_id})

    def _cdn(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, 190, "Authentication error")
        return Answer(200, self.media[call.path.removeprefix("/cdn/")], {"content-type": "image/png"})

    def _refused(self, words: str) -> Answer:
        self.violation(words)
        return error(400, 100, words)

    def _number(self, call: Call) -> Answer:
        proof = call.query.get("appsecret_proof")
        if proof is not None and proof != hmac.new(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest():
            return error(400, 100, "Invalid appsecret_proof provided in the API argument")
        return Answer(200, {"id": PHONE_ID, "display_phone_number": "+54 341 000-0000", "verified_name": "Galpón Norte"})

    def _sign(self, body: Mapping[str, Any]) -> Answer:
        if set(body) - {"messaging_product", "status", "message_id", "typing_indicator"} or body["status"] != "read":
            return self._refused(f"messages: a sign with {sorted(body)}")
        if body.get("typing_indicator", {"type": "text"}) != {"type": "text"} or not body.get("message_id"):
            return self._refused("messages: typing_indicator or message_id")
        self.signs.append((body["message_id"], "typing" if "typing_indicator" in body else "read"))
        return Answer(200, {"success": True})

    def _message(self, call: Call) -> Answer:
        body = call.json
        if "status" in body:
            return self._sign(body)
        if call.headers.get("content-type") != "application/json" or (wrong := _wrong_with(body)):
            return self._refused(f"messages: {wrong if body else 'no JSON'}")
        receiver = body.get("recipient") or body["to"]
        if body["type"] == "template" and (wrong := self._wrong_with_template(body["template"])):
            return error(400, 132000, wrong)
        if receiver in self.closed and body["type"] != "template":
            return error(400, 131047, "Re-engagement message", "More than 24 hours have passed since the customer last replied")
        wamid = f"wamid.STANDIN{next(self._numbers):06d}"
        buttons = body.get("interactive", {}).get("action", {}).get("buttons", [])
        match body["type"]:
            case "text":
                text = body["text"]["body"]
            case "template":
                text = f"template {body['template']['name']}"
            case "image" | "document":
                named = body[body["type"]]
                if named.get("id") not in self.uploads:
                    return error(400, 131009, "Media not found")
                text = f"{body['type']} {named.get('filename', named['id'])}"
            case _:
                text = body["interactive"]["body"]["text"]
        titles = tuple(button["reply"]["title"] for button in buttons)
        self.messages.append(SentMessage(wamid, receiver, text, titles, body.get("biz_opaque_callback_data"), body))
        shown = {"input": receiver} | ({"user_id": receiver} if "recipient" in body else {"wa_id": receiver})
        return Answer(200, {"messaging_product": "whatsapp", "contacts": [shown], "messages": [{"id": wamid}]})

    def _templates(self, call: Call) -> Answer:
        """Two on a page, so that pages are followed."""
        if set(call.query) - {"fields", "status", "limit", "after"} or call.query.get("status") != "APPROVED":
            return self._refused(f"message_templates: query {sorted(call.query)}")
        approved = [template for template in self.templates if template["status"] == "APPROVED"]
        start = int(call.query.get("after", "0"))
        paging: dict[str, Any] = {"cursors": {"before": "0", "after": str(start + 2)}}
        if start + 2 < len(approved):
            paging["next"] = "https://graph.facebook.com/the-next-page"
        return Answer(200, {"data": approved[start : start + 2], "paging": paging})

    def _wrong_with_template(self, use: Mapping[str, Any]) -> str | None:
        """Meta counts the parameters of every part."""
        known = next((one for one in self.templates if (one["name"], one["language"]) == (use["name"], use["language"]["code"])), None)
        if known is None:
            return "Template name does not exist in the translation"
        given = {part["type"]: len(part["parameters"]) for part in use.get("components", [])}
        wanted = {part["type"].lower(): part.get("text", "").count("{{") for part in known["components"] if part["type"] != "BUTTONS"}
        wanted["button"] = sum("{{" in button.get("url", "") for part in known["components"] for button in part.get("buttons", ()))
        return None if given == {kind: count for kind, count in wanted.items() if count} else "Number of parameters does not match"

    # What it tells

    def status_of(self, message: SentMessage, state: str, **fields: Any) -> dict[str, Any]:
        status = {"id": message.id, "status": state, "timestamp": str(WRITTEN_AT + 5), "recipient_id": message.receiver, **fields}
        return status | ({"biz_opaque_callback_data": message.callback_data} if message.callback_data else {})

    async def deliver(self, client: httpx2.AsyncClient, path: str, *values: Mapping[str, Any]) -> list[int]:
        """One POST for each value; gives the statuses."""
        statuses = []
        for value in values:
            headers, body = signed(delivery(value))
            statuses.append((await client.post(path, content=body, headers=headers)).status_code)
        return statuses


def signed(document: Mapping[str, Any], *, secret: str = APP_SECRET) -> tuple[dict[str, str], bytes]:
    """Headers and body as Meta posts them."""
    body = json.dumps(document, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-hub-signature-256": f"sha256={mac}"}, body


def delivery(*values: Mapping[str, Any], field: str = "messages") -> dict[str, Any]:
    """A webhook body with one change for each value."""
    changes = [{"value": value, "field": field} for value in values]
    return {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": changes}]}


def value_of(
    *,
    messages: Sequence[Mapping[str, Any]] = (),
    statuses: Sequence[Mapping[str, Any]] = (),
    contacts: Sequence[Mapping[str, Any]] = (),
    phone_id: str = PHONE_ID,
    **fields: Any,
) -> dict[str, Any]:
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": OWN_NUMBER, "phone_number_id": phone_id},
    }
    parts = {"contacts": list(contacts), "messages": list(messages), "statuses": list(statuses)}
    return value | {name: part for name, part in parts.items() if part} | fields


def contact_of(user_id: str, phone: str | None = None, name: str = "Ema") -> dict[str, Any]:
    return {"profile": {"name": name}, "user_id": user_id} | ({"wa_id": phone} if phone else {})


def message_of(number: int, user_id: str, phone: str | None = None, *, kind: str = "text", **content: Any) -> dict[str, Any]:
    """A customer's message; without a phone he hides it."""
    said = content or {"text": {"body": f"question {number}"}}
    names = {"from_user_id": user_id} | ({"from": phone} if phone else {})
    return {"id": f"wamid.CUSTOMER{number:06d}", "timestamp": str(WRITTEN_AT + number), "type": kind, **names, **said}


def _wrong_with(body: Mapping[str, Any]) -> str | None:
    contents = {"text", "interactive", "template", "image", "document"}
    known = {"messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data", *contents}
    if unknown := set(body) - known:
        return f"fields {sorted(unknown)}"
    if body.get("messaging_product") != "whatsapp" or body.get("recipient_type") != "individual":
        return "messaging_product or recipient_type"
    if ("to" in body) == ("recipient" in body):
        return "exactly one of to and recipient"
    if "to" in body and not re.fullmatch(r"\+?\d{5,20}", str(body["to"])):
        return "to is no telephone number"
    if "recipient" in body and not re.fullmatch(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", str(body["recipient"])):
        return "recipient is no user id"
    if len(str(body.get("biz_opaque_callback_data", ""))) > 512:
        return "biz_opaque_callback_data is too long"
    match body.get("type"):
        case "text":
            return _wrong_with_text(body)
        case "template":
            return _wrong_with_template(body.get("template", {}))
        case "image" | "document" as kind:
            return None if set(body[kind]) <= {"id", "filename"} else f"{kind}'s fields"
        case _:
            return _wrong_with_buttons(body)


def _wrong_with_text(body: Mapping[str, Any]) -> str | None:
    return None if 1 <= len(body.get("text", {}).get("body", "")) <= 4096 else "text.body is empty or too long"


def _wrong_with_template(use: Mapping[str, Any]) -> str | None:
    if set(use) - {"name", "language", "components"} or not use.get("name") or set(use.get("language", {})) != {"code"}:
        return "template needs name and language.code"
    for part in use.get("components", []):
        button = {"sub_type", "index"} if part.get("type") == "button" else set()
        if part.get("type") not in ("header", "body", "button") or set(part) != {"type", "parameters"} | button:
            return f"template component {part}"
        if any(one.get("type") != "text" or not one.get("text") or "\n" in one["text"] for one in part["parameters"]):
            return "a template's parameter"
    return None


def _wrong_with_buttons(body: Mapping[str, Any]) -> str | None:
    interactive = body.get("interactive", {})
    if body.get("type") != "interactive" or interactive.get("type") != "button":
        return f"type {body.get('type')}"
    if not 1 <= len(interactive.get("body", {}).get("text", "")) <= 1024:
        return "interactive.body.text is empty or too long"
    replies = [button.get("reply", {}) for button in interactive.get("action", {}).get("buttons", [])]
    if not 1 <= len(replies) <= 3 or len({reply.get("id") for reply in replies}) != len(replies):
        return "one to three buttons with ids of their own"
    return None if all(1 <= len(reply.get("title", "")) <= 20 for reply in replies) else "a button's title"


def error(status: int, code: int, message: str, details: str | None = None, **fields: Any) -> Answer:
    found: dict[str, Any] = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "A0", **fields}
    if details is not None:
        found["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return Answer(status, {"error": found})
