"""Reads at MercadoLibre what a notification points to, and looks for what no notification told of."""

from collections.abc import Sequence
from datetime import datetime

from channels.exchange import CallFailed
from channels.json_body import Fields
from channels.mercadolibre_api import TOKEN_WORDS, Answer, Api, number_of, setting_number
from channels.mercadolibre_events import (
    MESSAGES,
    QUESTIONS,
    STALE,
    THREADS,
    Seller,
    moment,
    named_events,
    pointed,
    question_events,
    thread_of,
    unread_events,
)
from domain.errors import InvalidInput
from domain.fetching import Fetched, Swept
from domain.messages import Ignored, ResourceChanged
from domain.ports import Credentials

_OF_A_SALE = {"tag": "post_sale", "mark_as_read": "false"}
"""Without `mark_as_read=false`, to read is to mark as read."""

PAGE = 10
MOST_PAGES = 50
"""Of one list in one sweep; what is left is found by the next."""
MOST_QUESTIONS = 50


class Reader:
    """Raises what `Api` raises."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def thread(self, thread_id: str, seller_id: str, credentials: Credentials) -> Answer:
        return await self._api.get(f"/messages/packs/{thread_id}/sellers/{seller_id}", credentials, **_OF_A_SALE, limit="100")

    async def fetch(self, changed: ResourceChanged, seller: Seller, credentials: Credentials) -> Fetched:
        match changed.topic:
            case "questions":
                return await self._question(changed.resource, seller, credentials)
            case "messages":
                return await self._message(changed, seller, credentials)
            case "threads":
                return await self._unread(changed.resource, seller, credentials)
            case _:
                return Fetched(events=(Ignored(reason=f"a resource of the topic {changed.topic[:40]}"),))

    async def _question(self, question_id: str, seller: Seller, credentials: Credentials) -> Fetched:
        found = await self._api.get(f"/questions/{question_id}", credentials)
        if not found.ok:
            return _not_read(found)
        title = await self._title(found.body.text("item_id"), credentials)
        return Fetched(events=tuple(question_events(found.body, seller, title=title)))

    async def _message(self, changed: ResourceChanged, seller: Seller, credentials: Credentials) -> Fetched:
        found = await self._api.get(f"/messages/{changed.resource}", credentials, **_OF_A_SALE)
        if not found.ok:
            return _not_read(found)
        listed = found.body.items("messages")
        named = next((message for message in listed if message.text("id") == changed.resource), listed[0] if listed else found.body)
        thread_id = thread_of(named)
        if not thread_id:
            return Fetched(events=(Ignored(reason="a message that names no pack and no order"),))
        thread = await self.thread(thread_id, seller.user_id, credentials)
        if not thread.ok and (again := _not_read(thread)).again is not None and not again.missing:
            return again
        name = await self._buyer(thread_id, named, credentials)
        messages = thread.body.items("messages") if thread.ok else ()
        return Fetched(events=tuple(named_events(named, messages, seller, actions=changed.actions, name=name)))

    async def _unread(self, thread_id: str, seller: Seller, credentials: Credentials) -> Fetched:
        found = await self.thread(thread_id, seller.user_id, credentials)
        if not found.ok:
            return _not_read(found)
        messages = found.body.items("messages")
        name = await self._buyer(thread_id, messages[0], credentials) if messages else ""
        return Fetched(events=tuple(unread_events(messages, seller, name=name)))

    async def _title(self, item_id: str, credentials: Credentials) -> str:
        """Of the listing that is asked about; empty if it can't be had: the question counts, not this."""
        if not (item_id.isascii() and item_id.isalnum()):
            return ""
        return (await self._extra(f"/items/{item_id}", credentials)).text("title")

    async def _buyer(self, thread_id: str, message: Fields, credentials: Credentials) -> str:
        """The buyer's name, from the order: the message may come from MercadoLibre's agent. Empty if it can't be had."""
        orders = [number_of(one, "id") for one in message.items("message_resources") if one.text("name") == "orders"]
        packs = [number_of(one, "id") for one in message.items("message_resources") if one.text("name") == "packs"]
        order = next(filter(None, orders), "")
        if not order and packs:
            pack = await self._extra(f"/packs/{thread_id}", credentials)
            order = next((number_of(one, "id") for one in pack.items("orders")), "")
        if not order:
            return ""
        buyer = (await self._extra(f"/orders/{order}", credentials)).inner("buyer")
        return " ".join(filter(None, (buyer.text("first_name"), buyer.text("last_name")))) or buyer.text("nickname")

    async def _extra(self, path: str, credentials: Credentials) -> Fields:
        try:
            found = await self._api.get(path, credentials)
        except CallFailed:
            return Fields({})
        return found.body if found.ok else Fields({})

    # Sweeps

    async def sweep(self, credentials: Credentials, *, now: datetime) -> Swept:
        changed: dict[ResourceChanged, None] = {}
        for topic in (QUESTIONS, MESSAGES):
            missed, problem = await self._missed(topic, credentials)
            if problem is not None:
                return problem.model_copy(update={"changed": tuple(changed)})
            changed |= dict.fromkeys(missed)
        for look in (self._unanswered, self._threads):
            found, problem = await look(credentials, now)
            if problem is not None:
                return problem.model_copy(update={"changed": tuple(changed)})
            changed |= dict.fromkeys(found)
        return Swept(changed=tuple(changed))

    async def _missed(self, topic: str, credentials: Credentials) -> tuple[Sequence[ResourceChanged], Swept | None]:
        """What MercadoLibre could not deliver within two days."""
        app = setting_number(credentials, "app_id")
        found: list[ResourceChanged] = []
        for page in range(MOST_PAGES):
            query = {"app_id": app, "topic": topic, "offset": str(page * PAGE), "limit": str(PAGE)}
            answer = await self._api.get("/missed_feeds", credentials, **query)
            if not answer.ok:
                # An application that missed nothing may be answered 404.
                return found, None if answer.status == 404 else _not_swept(answer)
            entries = answer.body.items("messages")
            ours = (entry for entry in entries if number_of(entry, "user_id") == credentials.get("user_id"))
            found += [one for one in map(_told, ours) if one is not None]
            if len(entries) < PAGE:
                break
        return found, None

    async def _unanswered(self, credentials: Credentials, now: datetime) -> tuple[Sequence[ResourceChanged], Swept | None]:
        """Not those of another time: an answer after weeks would surprise."""
        query = {"seller_id": setting_number(credentials, "user_id"), "status": "UNANSWERED", "limit": str(MOST_QUESTIONS)}
        answer = await self._api.get("/questions/search", credentials, **query)
        if not answer.ok:
            return (), _not_swept(answer)
        fresh = (one for one in answer.body.items("questions") if (moment(one.text("date_created")) or now) > now - STALE)
        numbers = filter(None, (number_of(one, "id") for one in fresh))
        return [ResourceChanged(topic=QUESTIONS, resource=number) for number in numbers], None

    async def _threads(self, credentials: Credentials, _now: datetime) -> tuple[Sequence[ResourceChanged], Swept | None]:
        answer = await self._api.get("/messages/unread", credentials, role="seller", tag="post_sale")
        if not answer.ok:
            return (), None if answer.status == 404 else _not_swept(answer)
        parts = (one.text("resource").split("/") for one in answer.body.items("results"))
        numbers = (part[2] for part in parts if len(part) > 2 and part[1] == "packs")
        return [ResourceChanged(topic=THREADS, resource=number) for number in numbers if number.isascii() and number.isdecimal()], None


def _told(entry: Fields) -> ResourceChanged | None:
    try:
        found = pointed(entry)
    except InvalidInput:
        return None
    return found if isinstance(found, ResourceChanged) else None


def _not_read(answer: Answer) -> Fetched:
    if answer.token_refused:
        return Fetched(again=TOKEN_WORDS, token_refused=True)
    if answer.status == 404:
        return Fetched(again=answer.said, missing=True)
    if 400 <= answer.status < 500 and not answer.is_busy:
        return Fetched(events=(Ignored(reason=f"a resource that MercadoLibre does not show ({answer.status})"),))
    return Fetched(again=answer.said, retry_after=answer.retry_after)


def _not_swept(answer: Answer) -> Swept:
    return Swept(problem=TOKEN_WORDS if answer.token_refused else answer.said, token_refused=answer.token_refused)
