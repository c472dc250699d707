"""MercadoLibre's side: one stateful stand-in on a real socket for questions, conversations after a sale, and tokens.

It keeps one seller's questions and threads, holds every request to the contract (method, path, query, header, body, limits, to whom a
thread's messages must go), uses a refresh token once, and remembers the notifications that nobody took.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import httpx2

from tests.vendors.vendor_server import Answer, Call, VendorServer

APP, CLIENT_SECRET, PATH_SECRET = "7410258963014785", "standInClientSecret0123456789abc", "f3Qx-9_unguessable-Path_Secret0"
SELLER, BUYER, SITE = "468111222", "1357924680", "MLA"
AGENT = "3037674934"
ITEM = "MLA900800700"
TITLE = "Termo de acero 1 litro, verde"
ACCESS, REFRESH = f"APP_USR-{APP}-112209-standin-{SELLER}", f"TG-standin0-{SELLER}"

_BUENOS_AIRES = timezone(timedelta(hours=-3))
_OF_A_SALE = {"tag": "post_sale", "mark_as_read": "false"}


@dataclass
class Question:
    id: int
    text: str
    at: datetime
    status: str = "UNANSWERED"
    answer: str | None = None
    hold: bool = False

    def shown(self) -> dict[str, Any]:
        answer = {"text": self.answer, "status": "ACTIVE", "date_created": _local(self.at + timedelta(minutes=1))}
        return {
            "id": self.id,
            "seller_id": int(SELLER),
            "buyer_id": int(BUYER),
            "item_id": ITEM,
            "text": self.text,
            "status": self.status,
            "date_created": _local(self.at),
            "hold": self.hold,
            "deleted_from_listing": False,
            "suspected_spam": False,
            "answer": None if self.answer is None else answer,
            "from": {"id": int(BUYER)},
        }


@dataclass
class Message:
    id: str
    thread: str
    writer: str
    receiver: str
    text: str
    at: datetime
    read_at: datetime | None = None
    moderation: str = "clean"
    reason: str | None = None
    attachments: list[dict[str, Any]] | None = None

    def shown(self, kind: str) -> dict[str, Any]:
        stamp = _utc(self.at)
        dates = {"received": stamp, "available": stamp, "notified": stamp, "created": stamp}
        return {
            "id": self.id,
            "site_id": SITE,
            "client_id": int(APP),
            "from": {"user_id": int(self.writer)},
            "to": {"user_id": int(self.receiver)},
            "status": "available",
            "subject": None,
            "text": self.text,
            "message_date": dates | {"read": _utc(self.read_at) if self.read_at else None},
            "message_moderation": {"status": self.moderation, "reason": self.reason, "source": "online", "moderation_date": stamp},
            "message_attachments": self.attachments,
            "message_resources": [{"id": self.thread, "name": kind}, {"id": SELLER, "name": "sellers"}],
            "conversation_first_message": False,
        }


@dataclass
class Thread:
    """`kind`: packs, or orders for an order that belongs to no pack. `by_agent`: moved to MercadoLibre's messaging agent."""

    id: str
    by_agent: bool = False
    kind: str = "packs"
    status: str = "active"
    substatus: str | None = None
    longest: int = 350
    messages: list[Message] = field(default_factory=list)

    @property
    def counterpart(self) -> str:
        return AGENT if self.by_agent else BUYER


class MercadoLibreApi(VendorServer):
    def __init__(self) -> None:
        super().__init__()
        self.questions: dict[int, Question] = {}
        self.threads: dict[str, Thread] = {}
        self.access, self.refresh = ACCESS, REFRESH
        self.refreshes: list[str] = []
        """Every refresh token that was used, in order."""
        self.missed: list[dict[str, Any]] = []
        self.not_yet: Counter[str] = Counter()
        """How often a path still answers 404 although it exists."""
        self.posted: list[str] = []
        """Texts that were taken in, of answers and messages."""
        self.misdirected: list[Message] = []
        """Accepted, and shown to nobody."""
        self.files: dict[str, bytes] = {}
        """Of messages, by name."""
        self.lenient = False
        """Whether a message to the wrong side of a thread is answered 200, as MercadoLibre may."""
        self.lifetime = 21_600
        # Another stand-in's ids are others: what is being read is named by them, on an engine that tests share.
        first = uuid4().int % 10**9
        self._question_ids = itertools.count(13_000_000_000 + first)
        self._message_ids = itertools.count(uuid4().int >> 1)
        self._thread_ids = itertools.count(2_000_000_000_000_000 + first)
        self._tokens = itertools.count(1)
        self._moments = itertools.count(1)

    # What happens there

    def ask(self, text: str, **fields: Any) -> Question:
        question = Question(next(self._question_ids), text, self._now(), **fields)
        self.questions[question.id] = question
        return question

    def thread(self, **fields: Any) -> Thread:
        thread = Thread(str(next(self._thread_ids)), **fields)
        self.threads[thread.id] = thread
        return thread

    def write(self, thread: Thread, text: str, **fields: Any) -> Message:
        """The customer writes."""
        return self._add(thread, thread.counterpart, SELLER, text, **fields)

    def write_by_hand(self, thread: Thread, text: str) -> Message:
        """A person at the seller's writes in MercadoLibre's own pages."""
        return self._add(thread, SELLER, thread.counterpart, text)

    def answer_by_hand(self, question: Question, text: str) -> None:
        question.answer, question.status = text, "ANSWERED"

    def end_token(self) -> None:
        """The access token is over; the refresh token is not."""
        self.access = "over"

    def log_out(self) -> None:
        """The seller has changed the password: no token works."""
        self.access = self.refresh = "revoked"

    def log_in(self) -> dict[str, str]:
        """New tokens, as the console gives them."""
        return self._new_tokens()

    def _new_tokens(self) -> dict[str, str]:
        number = next(self._tokens)
        self.access, self.refresh = f"APP_USR-{APP}-renewed{number}-{SELLER}", f"TG-standin{number}-{SELLER}"
        return {"access_token": self.access, "refresh_token": self.refresh}

    def _add(self, thread: Thread, writer: str, receiver: str, text: str, **fields: Any) -> Message:
        message = Message(f"{next(self._message_ids):032x}", thread.id, writer, receiver, text, self._now(), **fields)
        thread.messages.append(message)
        return message

    def _now(self) -> datetime:
        """Each moment later than the one before."""
        return datetime.now(UTC) + timedelta(milliseconds=next(self._moments))

    # What it tells

    def question_notice(self, question: Question, *, attempts: int = 1) -> dict[str, Any]:
        return {
            "_id": f"f9f08571-0000-4c46-9e0a-{question.id:012d}",
            "resource": f"/questions/{question.id}",
            **_told("questions", attempts),
        }

    def message_notice(self, message: Message, *actions: str, attempts: int = 1) -> dict[str, Any]:
        told = _told("messages", attempts)
        return {"id": f"5e28{message.id[:28]}", "resource": message.id, "actions": list(actions or ("created",)), **told}

    async def deliver(self, client: httpx2.AsyncClient, path: str, *notices: Mapping[str, Any]) -> list[int]:
        """One POST for each, as it is; what is not taken is kept in the list of missed ones. Gives the statuses."""
        statuses = []
        for notice in notices:
            answer = await client.post(path, content=json.dumps(notice).encode(), headers={"content-type": "application/json"})
            statuses.append(answer.status_code)
            if not answer.is_success:
                self.missed.append(dict(notice))
        return statuses

    # What is asked of it

    def is_scripted(self, call: Call) -> bool:
        return call.method == "POST" and not call.path.startswith("/oauth")

    def answer(self, call: Call) -> Answer:
        if (call.method, call.path) == ("POST", "/oauth/token"):
            return self._token(call)
        if call.headers.get("authorization") != f"Bearer {self.access}":
            return _error(401, "unauthorized", "invalid access token")
        if "access_token" in call.query:
            return self._refused("the token must not stand in the address")
        if self.not_yet[call.path] > 0:
            self.not_yet[call.path] -= 1
            return _error(404, "not_found", "resource not found")
        for method, pattern, handle in self._routes():
            if method == call.method and (match := re.fullmatch(pattern, call.path)):
                return handle(call, *match.groups())
        return self._refused(f"{call.method} {call.path}: not in the contract")

    def _routes(self) -> list[tuple[str, str, Callable[..., Answer]]]:
        return [
            ("GET", r"/users/me", lambda _: Answer(200, {"id": int(SELLER), "nickname": "GALPON.NORTE", "site_id": SITE})),
            ("GET", r"/questions/search", self._search),
            ("GET", r"/questions/(\d+)", self._question),
            ("POST", r"/answers", self._answer),
            ("GET", r"/items/(\w+)", lambda _, item: Answer(200, {"id": item, "title": TITLE})),
            ("GET", r"/packs/(\d+)", self._pack),
            ("GET", r"/orders/(\d+)", self._order),
            ("GET", r"/messages/unread", self._unread),
            ("GET", r"/messages/([0-9a-f]{32})", self._message),
            ("GET", r"/messages/packs/(\d+)/sellers/(\d+)", self._listed),
            ("POST", r"/messages/packs/(\d+)/sellers/(\d+)", self._write),
            ("GET", r"/messages/attachments/([\w.]+)", self._file),
            ("GET", r"/missed_feeds", self._missed),
        ]

    def _refused(self, words: str) -> Answer:
        self.violation(words)
        return _error(400, "bad_request", words)

    def _token(self, call: Call) -> Answer:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if call.headers.get("content-type") != "application/x-www-form-urlencoded" or "authorization" in call.headers:
            return self._refused("/oauth/token takes a form, without a token")
        if set(form) != {"grant_type", "client_id", "client_secret", "refresh_token"} or form["grant_type"] != "refresh_token":
            return self._refused(f"/oauth/token: fields {sorted(form)}")
        if (form["client_id"], form["client_secret"]) != (APP, CLIENT_SECRET):
            return _error(400, "invalid_client", "invalid client_id or client_secret")
        self.refreshes.append(form["refresh_token"])
        if form["refresh_token"] != self.refresh:
            return _error(400, "invalid_grant", "The refresh token may be expired or it was already used")
        tokens = self._new_tokens()
        scope = "offline_access read write"
        return Answer(200, {**tokens, "token_type": "Bearer", "expires_in": self.lifetime, "scope": scope, "user_id": int(SELLER)})

    def _question(self, _call: Call, number: str) -> Answer:
        question = self.questions.get(int(number))
        return Answer(200, question.shown()) if question else _error(404, "not_found", "question not found")

    def _search(self, call: Call) -> Answer:
        if call.query.get("seller_id") != SELLER or call.query.get("status") != "UNANSWERED":
            return self._refused("/questions/search: seller_id and status are needed")
        found = [question.shown() for question in self.questions.values() if question.status == "UNANSWERED"]
        return Answer(200, {"total": len(found), "limit": 50, "questions": found})

    def _answer(self, call: Call) -> Answer:
        body = call.json
        if set(body) != {"question_id", "text"} or not isinstance(body["question_id"], int) or not 1 <= len(body["text"]) <= 2000:
            return self._refused(f"/answers: {body}")
        question = self.questions.get(body["question_id"])
        if question is None:
            return _error(404, "not_found", "question not found")
        if question.status != "UNANSWERED":
            return _error(400, "not_unanswered_question", f"Question {question.id} is not unanswered")
        question.answer, question.status = body["text"], "ANSWERED"
        self.posted.append(body["text"])
        return Answer(200, question.shown())

    def _pack(self, _call: Call, number: str) -> Answer:
        return Answer(200, {"id": int(number), "orders": [{"id": int(number) + 7}]})

    def _order(self, _call: Call, number: str) -> Answer:
        buyer = {"id": int(BUYER), "nickname": "EMA.RIOS", "first_name": "Ema", "last_name": "Ríos"}
        return Answer(200, {"id": int(number), "buyer": buyer})

    def _unread(self, call: Call) -> Answer:
        if call.query != {"role": "seller", "tag": "post_sale"}:
            return self._refused(f"/messages/unread: {call.query}")
        waiting = {
            thread.id: sum(message.writer != SELLER and message.read_at is None for message in thread.messages)
            for thread in self.threads.values()
        }
        results = [{"resource": f"/packs/{number}/sellers/{SELLER}", "count": count} for number, count in waiting.items() if count]
        return Answer(200, {"user_id": SELLER, "results": results})

    def _message(self, call: Call, number: str) -> Answer:
        if dict(call.query) != _OF_A_SALE:
            return self._refused(f"/messages/{{id}}: {call.query}: a plain GET marks as read")
        for thread in self.threads.values():
            for message in thread.messages:
                if message.id == number:
                    return Answer(200, {"paging": None, "conversation_status": None, "messages": [message.shown(thread.kind)]})
        return _error(404, "not_found", "message not found")

    def _listed(self, call: Call, number: str, seller: str) -> Answer:
        if {name: call.query.get(name) for name in _OF_A_SALE} != _OF_A_SALE:
            return self._refused(f"/messages/packs: {call.query}: a plain GET marks as read")
        thread = self.threads.get(number)
        if thread is None or seller != SELLER:
            return _error(404, "not_found", "pack not found")
        base = f"/packs/{number}/sellers/{SELLER}"
        status = {
            "path": f"{base}/conversations/post_sale" if thread.by_agent else base,
            "status": thread.status,
            "substatus": thread.substatus,
            "status_date": _utc(datetime.now(UTC)),
            "status_update_allowed": False,
            "claim_ids": None,
            "shipping_id": None,
        }
        newest_first = [message.shown(thread.kind) for message in reversed(thread.messages)]
        paging = {"limit": 100, "offset": 0, "total": len(newest_first)}
        limits = {"seller_max_message_length": thread.longest, "buyer_max_message_length": 3500}
        return Answer(200, {"paging": paging, "conversation_status": status, "messages": newest_first, **limits})

    def _write(self, call: Call, number: str, seller: str) -> Answer:
        thread, body = self.threads.get(number), call.json
        if dict(call.query) != {"tag": "post_sale"} or seller != SELLER or thread is None:
            return self._refused(f"POST {call.path}?{call.query}")
        if set(body) != {"from", "to", "text"} or body["from"] != {"user_id": SELLER} or set(body["to"]) != {"user_id"}:
            return self._refused(f"POST /messages: {body}")
        if not 1 <= len(body["text"]) <= thread.longest or any(ord(sign) > 255 for sign in body["text"]):
            return self._refused("POST /messages: the text is too long, empty, or no ISO-8859-1")
        if thread.status != "active":
            return Answer(403, {"message": "conversation blocked", "error": "forbidden", "status": 403, "cause": [thread.substatus]})
        message = Message(f"{next(self._message_ids):032x}", number, SELLER, body["to"]["user_id"], body["text"], self._now())
        if message.receiver != thread.counterpart:
            if not self.lenient:
                return _error(400, "bad_request", f"to_user_id {message.receiver} does not belong to pack {number}")
            self.misdirected.append(message)
        else:
            thread.messages.append(message)
            self.posted.append(message.text)
        return Answer(201, message.shown(thread.kind))

    def _file(self, call: Call, name: str) -> Answer:
        if dict(call.query) != {"tag": "post_sale", "site_id": SITE}:
            return self._refused(f"/messages/attachments: {call.query}")
        return Answer(200, self.files[name], {"content-type": "image/png"}) if name in self.files else _error(404, "not_found", name)

    def _missed(self, call: Call) -> Answer:
        query = call.query
        if query.get("app_id") != APP or not {"topic", "offset", "limit"} <= set(query):
            return self._refused(f"/missed_feeds: {query}")
        of_topic = [notice for notice in self.missed if notice["topic"] == query["topic"]]
        start, size = int(query["offset"]), min(int(query["limit"]), 10)
        page = [{**notice, "attempts": 8, "response": {"http_code": 503}} for notice in of_topic[start : start + size]]
        return Answer(200, {"messages": page})


def _told(topic: str, attempts: int) -> dict[str, Any]:
    stamp = _utc(datetime.now(UTC))
    seller: int | str = int(SELLER) if attempts % 2 else SELLER
    return {"user_id": seller, "topic": topic, "application_id": int(APP), "attempts": attempts, "sent": stamp, "received": stamp}


def _error(status: int, error: str, message: str) -> Answer:
    return Answer(status, {"message": message, "error": error, "status": status, "cause": []})


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _local(at: datetime) -> str:
    return at.astimezone(_BUENOS_AIRES).isoformat(timespec="milliseconds")
