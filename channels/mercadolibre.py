"""MercadoLibre: questions under listings, answered once and in public, and conversations after a sale.

Its notifications carry no content and no signature: the webhook's address is the secret, and what a notification points to is read with the
seller's own token. `mercadolibre_events` says what is read, `mercadolibre_threads` to whom a message after a sale may go.
"""

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

from channels import mercadolibre_check, mercadolibre_events, mercadolibre_tokens
from channels.exchange import AddressRefused, CallFailed, Http, NoAnswer
from channels.json_body import Fields, read_object
from channels.mercadolibre_answers import OPEN_QUESTION, closed_question, no_answer_outcome, question_outcome, refused, thread_outcome
from channels.mercadolibre_api import API_URL, Api, api_headers, number_of, setting_number
from channels.mercadolibre_events import LANGUAGES, Seller, answer_name
from channels.mercadolibre_reading import Reader
from channels.mercadolibre_threads import receiver_of, same_words, sendable, thread_from, with_words
from domain.channels import (
    PATH_SECRET,
    ChannelCheck,
    ChannelFeatures,
    ChannelKind,
    HandshakeReply,
    SendOutcome,
    SendResult,
    WebhookRequest,
)
from domain.errors import AuthenticityError, InvalidInput
from domain.fetching import Fetched, Renewal, Swept, TokenState
from domain.managers import Inbox
from domain.media import Download
from domain.messages import Attachment, InboundEvent, OutboundMessage, Recipient, ResourceChanged
from domain.ports import Attempt, Credentials, Downloader

FEATURES = ChannelFeatures(
    label="MercadoLibre",
    settings=("app_id", "client_secret", "user_id", "site_id", "access_token", "refresh_token", "path_secret"),
    secret_settings=("client_secret", "access_token", "refresh_token", "path_secret"),
    required_settings=("app_id", "user_id"),
    max_text=350,
    strip_contacts=True,
    idempotent_send=False,
    attachments_in=True,
    delivery_receipts=True,
    echoes=True,
    acknowledge_within=0.5,
)

LONGEST_ANSWER = 2_000
"""Characters of an answer to a question; `max_text` is a message's, after a sale."""

RENEW_BEFORE = timedelta(minutes=20)
"""Before the end of an access token, which comes after six hours."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""How much earlier than by our clock a message of ours may be dated."""

_ADDRESS = re.compile(r"/webhooks/mercadolibre/[^/]+(?:/(.*))?$")
_QUESTION, _THREAD = re.compile(r"question:([0-9]{1,20})"), re.compile(r"pack:([0-9]{1,20})")

T = TypeVar("T")


class MercadoLibre:
    """Implements the ports `Channel`, `Checkable`, `Closable`, `Fetching`, `Preparing`, `Confirming`, `Renewable` and `MediaSource`."""

    kind = ChannelKind.MERCADOLIBRE
    features = FEATURES

    def __init__(self, http: Http, *, api_url: str = API_URL) -> None:
        self._api = Api(http, api_url)
        self._reader = Reader(self._api)

    # The webhook

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return None

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        """By the last part of the address, which nobody can guess, and then by whose notification it says it is."""
        expected = credentials.get(PATH_SECRET, "")
        given = _ADDRESS.search(urlsplit(request.url).path)
        if not expected:
            raise AuthenticityError("This inbox has no path_secret, so that its webhook's address could be anybody's")
        if given is None or not given[1]:
            raise AuthenticityError("The webhook's address is incomplete: copy all of it, as `frontdesk inbox list` shows it", missing=True)
        if not hmac.compare_digest(expected.encode(), unquote(given[1]).encode("utf-8", "replace")):
            raise AuthenticityError("The last part of the webhook's address is not this inbox's path_secret")
        try:
            body = Fields(read_object(request.body))
        except InvalidInput:
            return  # `parse` says what is wrong
        for name, setting in (("application_id", "app_id"), ("user_id", "user_id")):
            if name in body and (not credentials.get(setting) or number_of(body, name) != credentials[setting]):
                raise AuthenticityError(f"{name} is not this inbox's {setting}")

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        return (mercadolibre_events.changed(request),)

    # What is read later

    async def fetch(self, changed: ResourceChanged, inbox: Inbox, credentials: Credentials, *, now: float) -> Fetched:
        """What stands there now. Reading marks nothing as read. Never raises for what MercadoLibre answers."""
        try:
            seller = _seller(inbox.id, credentials, now, connected_at=inbox.created_at)
            return await self._reader.fetch(changed, seller, credentials)
        except (InvalidInput, CallFailed) as error:
            return Fetched(again=str(error))

    async def sweep(self, credentials: Credentials, *, now: float) -> Swept:
        """Notifications that did not get through, unanswered questions and unread messages."""
        try:
            return await self._reader.sweep(credentials, now=datetime.fromtimestamp(now, UTC))
        except (InvalidInput, CallFailed) as error:
            return Swept(problem=str(error))

    async def media(self, attachment: Attachment, credentials: Credentials, downloads: Downloader) -> Download:
        """A file of a message after a sale, by its name there."""
        kind, _, name = attachment.url.partition(":")
        if kind != self.kind.value:
            return await downloads.get(attachment.url)
        site = quote(credentials.get("site_id", ""), safe="")
        url = f"{self._api.base}/messages/attachments/{quote(name, safe='')}?tag=post_sale&site_id={site}"
        return await downloads.get(url, base=self._api.base, headers=api_headers(credentials))

    # Sending

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """An answer to a question, or a message after a sale."""
        attempt = await self.prepare(message, recipient, credentials)
        return await attempt()

    async def prepare(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> Attempt:
        """Reads the thread that a message after a sale goes to; what comes back sends."""
        ready = await _told(self._ready(message, recipient, credentials))

        async def attempt() -> SendOutcome:
            return ready if isinstance(ready, SendOutcome) else await _told(ready())

        return attempt

    async def _ready(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> Attempt | SendOutcome:
        if message.attachments:
            return SendOutcome(result=SendResult.FAILED, error="Files can't be sent through MercadoLibre yet; send the text alone")
        seller = _seller(recipient.inbox_id, credentials, message.created_at.timestamp())
        if question := _QUESTION.fullmatch(recipient.address):
            return partial(self._answer, question[1], message.text, credentials)
        if thread := _THREAD.fullmatch(recipient.address):
            return await self._addressed(thread[1], message.text, seller, credentials)
        return SendOutcome(result=SendResult.FAILED, error="The customer's address is none of MercadoLibre's")

    async def _answer(self, question_id: str, text: str, credentials: Credentials) -> SendOutcome:
        """A question takes one answer: a repeat is refused, so that after any doubt it is looked at and tried again."""
        if len(text) > LONGEST_ANSWER:
            raise InvalidInput(
                f"The text is too long: {len(text)} of {LONGEST_ANSWER} characters; a question takes one answer only, shorten it"
            )
        try:
            answer = await self._api.post("/answers", credentials, {"question_id": int(question_id), "text": text})
        except NoAnswer as error:
            return await self._standing(question_id, text, credentials, otherwise=str(error))
        outcome = question_outcome(answer, question_id)
        if outcome is not None:
            return outcome
        return await self._standing(question_id, text, credentials, otherwise=answer.said)

    async def _standing(self, question_id: str, text: str, credentials: Credentials, *, otherwise: str) -> SendOutcome:
        """How the question stands, after an answer to it went out and nobody knows how it ended."""
        found = await self._api.get(f"/questions/{question_id}", credentials)
        if not found.ok:
            return refused(found) if found.token_refused else SendOutcome(result=SendResult.RETRY, error=otherwise)
        answered = found.body.inner("answer").text("text")
        if not answered:
            return no_answer_outcome(found.body.text("status"), otherwise)
        if same_words(answered, text):
            return SendOutcome(result=SendResult.SENT, provider_id=answer_name(question_id))
        return SendOutcome(result=SendResult.FAILED, error="The question was answered on MercadoLibre before; it takes one answer only")

    async def _addressed(self, thread_id: str, text: str, seller: Seller, credentials: Credentials) -> Attempt | SendOutcome:
        found = await self._reader.thread(thread_id, seller.user_id, credentials)
        if not found.ok:
            return refused(found)
        thread = thread_from(thread_id, found)
        if (closed := thread.closed) is not None:
            return SendOutcome(result=SendResult.FAILED, error=closed)
        body = {
            "from": {"user_id": seller.user_id},
            "to": {"user_id": receiver_of(thread, seller, credentials.get("site_id", ""))},
            "text": sendable(text, thread.longest),
        }
        return partial(self._write, f"/messages/packs/{thread_id}/sellers/{seller.user_id}?tag=post_sale", body, credentials)

    async def _write(self, path: str, body: Mapping[str, object], credentials: Credentials) -> SendOutcome:
        try:
            return thread_outcome(await self._api.post(path, credentials, body))
        except NoAnswer as error:
            return SendOutcome(result=SendResult.UNKNOWN, error=str(error))

    async def closed_for(self, address: str, credentials: Credentials) -> str | None:
        try:
            if question := _QUESTION.fullmatch(address):
                found = await self._api.get(f"/questions/{question[1]}", credentials)
                status = found.body.text("status") if found.ok else ""
                return None if status in OPEN_QUESTION else closed_question(status)
            if thread := _THREAD.fullmatch(address):
                answer = await self._reader.thread(thread[1], setting_number(credentials, "user_id"), credentials)
                return thread_from(thread[1], answer).closed if answer.ok else None
        except (InvalidInput, CallFailed):
            return None
        return None

    async def confirm(
        self, message: OutboundMessage, recipient: Recipient, credentials: Credentials, is_known: Callable[[str], Awaitable[bool]]
    ) -> SendOutcome | None:
        """Looks for the same words of ours that belong to no other message; None if nothing shows that it was sent."""
        try:
            if question := _QUESTION.fullmatch(recipient.address):
                outcome = await self._standing(question[1], message.text, credentials, otherwise="")
                return outcome if outcome.result is SendResult.SENT else None
            if thread := _THREAD.fullmatch(recipient.address):
                seller = _seller(recipient.inbox_id, credentials, message.created_at.timestamp())
                return await self._listed(thread[1], message, seller, credentials, is_known)
        except (InvalidInput, CallFailed):
            return None
        return None

    async def _listed(
        self, thread_id: str, message: OutboundMessage, seller: Seller, credentials: Credentials, is_known: Callable[[str], Awaitable[bool]]
    ) -> SendOutcome | None:
        found = await self._reader.thread(thread_id, seller.user_id, credentials)
        if not found.ok:
            return None
        ours = [one for one in found.body.items("messages") if mercadolibre_events.writer_of(one) == seller.user_id]
        for one in mercadolibre_events.in_order(with_words(ours, message.text), seller):
            at = mercadolibre_events.written_at(one)
            if one.text("id") and at is not None and at >= message.created_at - CLOCKS_DIFFER and not await is_known(one.text("id")):
                return SendOutcome(result=SendResult.SENT, provider_id=one.text("id"))
        return None

    # Tokens and set-up

    def can_renew(self, credentials: Credentials) -> bool:
        return True

    def renewal_due(self, credentials: Credentials, state: TokenState, *, now: datetime) -> bool:
        return bool(credentials.get("refresh_token")) and state.expires_at is not None and now >= state.expires_at - RENEW_BEFORE

    async def renew(self, credentials: Credentials) -> Renewal:
        return await mercadolibre_tokens.renew(self._api, credentials)

    async def check(self, credentials: Credentials, *, webhook_url: str) -> ChannelCheck:
        """Asks whose token it is, and for notifications that did not get through."""
        return await mercadolibre_check.check(self._api, credentials, webhook_url)


async def _told(step: Awaitable[T]) -> T | SendOutcome:
    """What the step gives, or how it failed."""
    try:
        return await step
    except AddressRefused as error:
        return SendOutcome(result=SendResult.FAILED, error=f"FRONTDESK_MERCADOLIBRE_API_URL: {error}")
    except InvalidInput as error:
        return SendOutcome(result=SendResult.FAILED, error=str(error))
    except CallFailed as error:
        # Whatever was not the send itself may be done again.
        return SendOutcome(result=SendResult.RETRY, error=str(error))


def _seller(inbox_id: str, credentials: Credentials, now: float, *, connected_at: datetime | None = None) -> Seller:
    """Raises InvalidInput."""
    site = credentials.get("site_id", "")
    return Seller(
        inbox_id=inbox_id,
        user_id=setting_number(credentials, "user_id"),
        language=LANGUAGES.get(site, "es"),
        received_at=datetime.fromtimestamp(now, UTC),
        connected_at=connected_at,
    )
