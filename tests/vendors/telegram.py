"""Telegram's side of the Bot API: a stateful stand-in on a real socket.

Requests are held to the published contract (method, path, token, fields, limits). Webhooks carry the secret that `setWebhook` gave, go
out one at a time for each chat, and come again until they are answered with a 2xx, as Telegram's do.
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.vendors.forms import parts_of
from tests.vendors.vendor_server import Answer, Call, VendorServer

TOKEN = "7000000042:AAF-stand-in_token"
SECRET = "a-secret_the-owner-was-shown"
BOT = {"id": 7000000042, "is_bot": True, "first_name": "Galpón Norte", "username": "galpon_norte_bot"}
WRITTEN_AT = 1_795_342_700

_SEND_FIELDS: Mapping[str, type] = {
    "chat_id": int,
    "text": str,
    "entities": list,
    "message_thread_id": int,
    "business_connection_id": str,
    "link_preview_options": dict,
    "reply_parameters": dict,
    "reply_markup": dict,
}
"""What we use of sendMessage's fields; another one is a slip, whether Telegram knows it or not."""
_UPDATE_KINDS = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "callback_query",
        "poll",
        "my_chat_member",
        "chat_member",
    }
)


@dataclass(frozen=True)
class SentMessage:
    """What a chat shows."""

    id: int
    chat: int
    text: str
    buttons: tuple[tuple[str, str], ...]
    """Words and callback data."""
    body: Mapping[str, Any]


class TelegramApi(VendorServer):
    """Knows one bot and the chats that were started with it."""

    def __init__(self, *chats: int, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token
        self.chats = set(chats)
        self.blocked: set[int] = set()
        self.messages: list[SentMessage] = []
        self.webhook: dict[str, Any] = {}
        self.signs: list[tuple[str, str]] = []
        """Chats in which the bot was shown as typing."""
        self.files: dict[str, bytes] = {}
        """By the path that getFile names: `photos/{file_id}.jpg`."""
        self.answered_buttons: list[str] = []
        self.failed_deliveries = 0
        self._numbers = itertools.count(301)
        self._updates = itertools.count(990_000_001)

    def to(self, chat: int) -> list[SentMessage]:
        return [message for message in self.messages if message.chat == chat]

    def is_scripted(self, call: Call) -> bool:
        return call.path.endswith(("/sendMessage", "/sendPhoto", "/sendDocument"))

    # What is asked of it

    def answer(self, call: Call) -> Answer:
        if (file := re.fullmatch(r"/file/bot([^/]+)/(.+)", call.path)) is not None:
            content = self.files.get(file[2]) if file[1] == self.token else None
            return _error(404, "Not Found") if content is None else Answer(200, content, {"content-type": "application/octet-stream"})
        match = re.fullmatch(r"/bot([^/]+)/(\w+)", call.path)
        if match is None:
            self.violation(f"{call.path}: no method's path")
            return _error(404, "Not Found")
        if match[1] != self.token:
            return _error(401, "Unauthorized")
        if match[2] in ("sendPhoto", "sendDocument"):
            return self._send_file(match[2], call)
        methods: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "getMe": lambda _: _ok(BOT),
            "setWebhook": self._set_webhook,
            "getWebhookInfo": lambda _: _ok(self._webhook_info()),
            "sendMessage": self._send_message,
            "answerCallbackQuery": self._answer_button,
            "getFile": self._get_file,
            "sendChatAction": self._chat_action,
        }
        if match[2] not in methods:
            self.violation(f"{match[2]}: a method that is not expected")
            return _error(404, "Not Found")
        if call.method != "POST" or call.headers.get("content-type") != "application/json" or not call.body:
            self.violation(f"{match[2]}: expected a POST of JSON")
            return _error(400, "Bad Request")
        return methods[match[2]](call.json)

    def _refused(self, words: str) -> Answer:
        self.violation(words)
        return _error(400, f"Bad Request: {words}")

    def _set_webhook(self, body: Mapping[str, Any]) -> Answer:
        if not str(body.get("url", "")).startswith("https://"):
            return self._refused("bad webhook: an HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", str(body.get("secret_token", ""))):
            return self._refused("secret token contains unallowed characters")
        if unknown := set(body.get("allowed_updates", ())) - _UPDATE_KINDS:
            return self._refused(f"allowed_updates: {sorted(unknown)}")
        self.webhook = dict(body)
        return _ok(True)

    def _webhook_info(self) -> dict[str, Any]:
        return {"url": self.webhook.get("url", ""), "has_custom_certificate": False, "pending_update_count": self.failed_deliveries}

    def _send_message(self, body: Mapping[str, Any]) -> Answer:
        for name, value in body.items():
            if name not in _SEND_FIELDS or not isinstance(value, _SEND_FIELDS[name]):
                return self._refused(f"sendMessage: {name} is not expected, or of another type")
        if wrong := _wrong_with(body):
            return self._refused(f"sendMessage: {wrong}")
        chat = body["chat_id"]
        if chat in self.blocked:
            return _error(403, "Forbidden: bot was blocked by the user")
        if chat not in self.chats:
            return _error(400, "Bad Request: chat not found")
        rows = body.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = tuple((button["text"], button["callback_data"]) for row in rows for button in row)
        message = SentMessage(next(self._numbers), chat, body["text"], buttons, body)
        self.messages.append(message)
        return _ok({"message_id": message.id, "from": BOT, "chat": _private(chat), "date": WRITTEN_AT, "text": message.text})

    def _send_file(self, method: str, call: Call) -> Answer:
        parts, field = parts_of(call), "photo" if method == "sendPhoto" else "document"
        if unknown := set(parts) - {"chat_id", "reply_parameters", "message_thread_id", "business_connection_id", field}:
            return self._refused(f"{method}: fields {sorted(unknown)}")
        if field not in parts or not parts[field][0] or not parts[field][2]:
            return self._refused(f"{method}: no file")
        if method == "sendPhoto" and parts[field][1] not in ("image/png", "image/jpeg"):
            return self._refused("sendPhoto: no picture")
        chat = int(parts["chat_id"][2])
        if chat not in self.chats:
            return _error(400, "Bad Request: chat not found")
        message = SentMessage(next(self._numbers), chat, f"{method} {parts[field][0]}", (), {field: parts[field][2]})
        self.messages.append(message)
        return _ok({"message_id": message.id, "from": BOT, "chat": _private(chat), "date": WRITTEN_AT})

    def _chat_action(self, body: Mapping[str, Any]) -> Answer:
        if set(body) - {"chat_id", "action", "message_thread_id", "business_connection_id"} or body.get("action") != "typing":
            return self._refused(f"sendChatAction: {sorted(body)}")
        self.signs.append((str(body["chat_id"]), "typing"))
        return _ok(True)

    def _get_file(self, body: Mapping[str, Any]) -> Answer:
        path = f"photos/{body.get('file_id')}.jpg"
        if path not in self.files:
            return _error(400, "Bad Request: invalid file_id")
        if len(self.files[path]) > 20_000_000:
            return _error(400, "Bad Request: file is too big")
        return _ok({"file_id": body["file_id"], "file_unique_id": "u", "file_size": len(self.files[path]), "file_path": path})

    def _answer_button(self, body: Mapping[str, Any]) -> Answer:
        self.answered_buttons.append(str(body.get("callback_query_id")))
        return _ok(True)

    # What it tells

    def update(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        return {"update_id": next(self._updates), kind: content}

    def text(self, chat: int, text: str, **fields: Any) -> dict[str, Any]:
        """The customer of a chat writes, which starts the chat."""
        self.chats.add(chat)
        return self.update("message", message_of(chat, next(self._numbers), text=text, **fields))

    def press(self, message: SentMessage, words: str) -> dict[str, Any]:
        """The customer presses a button under one of our messages."""
        data = dict(message.buttons)[words]
        rows = message.body["reply_markup"]
        under = {"message_id": message.id, "from": BOT, "chat": _private(message.chat), "date": WRITTEN_AT, "reply_markup": rows}
        return self.update("callback_query", {"id": f"55{message.id}", "from": _person(message.chat), "message": under, "data": data})

    def delivery(self, update: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        """Headers and body as Telegram posts them."""
        headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": str(self.webhook.get("secret_token", SECRET))}
        return headers, json.dumps(update).encode()

    async def deliver(self, client: httpx2.AsyncClient, path: str, *updates: Mapping[str, Any], tries: int = 3) -> list[int]:
        """Posts updates in order until each is taken. Gives the statuses; a call in an answer is carried out."""
        statuses = []
        for update in updates:
            headers, body = self.delivery(update)
            for _ in range(tries):
                answer = await client.post(path, content=body, headers=headers)
                statuses.append(answer.status_code)
                if answer.is_success:
                    self._carry_out(answer, update)
                    break
                self.failed_deliveries += 1
        return statuses

    def _carry_out(self, answer: httpx2.Response, update: Mapping[str, Any]) -> None:
        if not answer.content:
            return
        call = answer.json()
        if answer.headers.get("content-type") != "application/json" or call.get("method") != "answerCallbackQuery":
            self.violation(f"a webhook was answered with {answer.content[:80]!r}")
        elif call.get("callback_query_id") != update.get("callback_query", {}).get("id"):
            self.violation("answerCallbackQuery names another query")
        else:
            self.answered_buttons.append(call["callback_query_id"])


def _wrong_with(body: Mapping[str, Any]) -> str | None:
    if missing := {"chat_id", "text"} - set(body):
        return f"{missing} missing"
    if not 1 <= len(body["text"].encode("utf-16-le")) // 2 <= 4096:
        return "message is too long, or empty"
    if not set(body.get("reply_parameters", {})) <= {"message_id", "allow_sending_without_reply"}:
        return "reply_parameters"
    for row in body.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]:
        for button in row:
            if set(button) != {"text", "callback_data"} or not button["text"] or not 1 <= len(button["callback_data"].encode()) <= 64:
                return f"button {button}"
    return None


def message_of(chat: int, number: int, **fields: Any) -> dict[str, Any]:
    return {"message_id": number, "from": _person(chat), "chat": _private(chat), "date": WRITTEN_AT, **fields}


def _person(chat: int) -> dict[str, Any]:
    return {"id": chat, "is_bot": False, "first_name": "Ema", "last_name": "Ríos", "language_code": "es"}


def _private(chat: int) -> dict[str, Any]:
    return {"id": chat, "type": "private", "first_name": "Ema", "last_name": "Ríos"}


def _ok(result: Any) -> Answer:
    return Answer(200, {"ok": True, "result": result})


def _error(code: int, description: str) -> Answer:
    return Answer(code, {"ok": False, "error_code": code, "description": description})
