"""WhatsApp by Meta's Cloud API: a business's own number."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import quote

from channels import meta_webhooks
from channels.exchange import AddressRefused, CallFailed, Http
from channels.file_parts import check_file, multipart
from channels.graph import GRAPH_URL, GRAPH_VERSION, Graph, bearer, body_of, problem_of, token_of
from channels.graph import refusal as refusal_of
from channels.lengths import button_titles, refusal
from channels.meta_sending import checked
from channels.whatsapp_errors import ERRORS
from channels.whatsapp_events import read_events
from channels.whatsapp_templates import FIELDS, MOST_PAGES, PAGE, read_template, template_body
from domain.channels import (
    ChannelCheck,
    ChannelFeatures,
    ChannelKind,
    HandshakeReply,
    OutgoingFile,
    RateLimit,
    SendOutcome,
    SendResult,
    WebhookRequest,
)
from domain.errors import InvalidInput, MediaNotFetched, VendorFailed
from domain.managers import Inbox
from domain.media import Download
from domain.messages import Attachment, InboundEvent, OutboundMessage, Recipient
from domain.ports import Credentials, Downloader
from domain.templates import Template

FEATURES = ChannelFeatures(
    label="WhatsApp",
    settings=("phone_number_id", "waba_id", "access_token", "app_secret", "verify_token"),
    secret_settings=("access_token", "app_secret", "verify_token"),
    required_settings=("phone_number_id", "access_token"),
    max_text=4_096,
    idempotent_send=False,
    quick_replies=True,
    attachments_in=True,
    limits=(RateLimit(count=10, seconds=60, per_receiver=True), RateLimit(count=80, seconds=1)),
    attachments_out=True,
    files_apart=True,
    file_types=("image/png", "image/jpeg", "application/pdf"),
    max_file=5_000_000,
    delivery_receipts=True,
    echoes=True,
    handshake=True,
    window_hours=24,
    templates=True,
)

MEDIA_HOSTS = ("facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net")
"""Meta's own, which get the access token with a request for a file."""

MOST_BUTTONS = 3
LONGEST_TITLE = 20
"""Characters of a button's title; what does not fit is picked by its number in the text."""
LONGEST_TEXT_WITH_BUTTONS = 1_024

_PHONE = re.compile(r"\+?\d{5,20}")
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
"""A business-scoped user id: country, a dot, letters and digits; with `ENT.` that of a parent business."""


class WhatsApp:
    """Implements the ports `Channel`, `Checkable` and `Templated`."""

    kind = ChannelKind.WHATSAPP
    features = FEATURES
    activity_lasts = 20.0

    def __init__(self, http: Http, *, graph_url: str = GRAPH_URL, version: str = GRAPH_VERSION) -> None:
        self._graph = Graph(http, graph_url, version)

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return meta_webhooks.handshake(request, credentials)

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        meta_webhooks.verify(request, credentials)

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        own = inbox.public_settings.get("phone_number_id", "")
        return read_events(request.body, inbox.id, own, received_at=datetime.fromtimestamp(now, UTC))

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """One POST. Our id goes along and comes back in every status: the evidence for a send that got no answer."""
        try:
            number, token = _sender(credentials)
            body = outbound_body(message, recipient)
        except InvalidInput as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        return await self._send(number, token, body)

    async def _send(self, number: str, token: str, body: Mapping[str, object]) -> SendOutcome:
        answer, refused = await self._graph.send(f"{number}/messages", token, body, ERRORS)
        if refused is not None:
            return refused
        wamid = next((one.text("id") for one in answer.items("messages") if one.text("id")), None)
        if wamid is None:
            return SendOutcome(result=SendResult.UNKNOWN, error="WhatsApp's answer names no message")
        return SendOutcome(result=SendResult.SENT, provider_id=wamid)

    async def show_activity(self, recipient: Recipient, credentials: Credentials, *, seen: str | None, typing: bool) -> None:
        """Both in one call, which names the customer's message."""
        if seen is None:
            return
        number, token = _sender(credentials)
        read: dict[str, object] = {"messaging_product": "whatsapp", "status": "read", "message_id": seen}
        await self._graph.post(f"{number}/messages", token, read | ({"typing_indicator": {"type": "text"}} if typing else {}))

    async def send_file(self, message: OutboundMessage, file: OutgoingFile, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """Uploaded first, which may be repeated without harm; then one message that names the upload."""
        try:
            check_file(file, FEATURES)
            number, token = _sender(credentials)
            to = _addressed(recipient.address)
            form, content = multipart({"messaging_product": "whatsapp", "type": file.mime_type}, "file", file)
            reply = await self._graph.upload(f"{number}/media", token, form, content)
        except (InvalidInput, AddressRefused) as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        except CallFailed as error:
            return SendOutcome(result=SendResult.RETRY, error=str(error))
        if not (media_id := body_of(reply).text("id")):
            refused = refusal_of(reply, ERRORS)
            return refused.model_copy(update={"result": SendResult.RETRY}) if refused.result is SendResult.UNKNOWN else refused
        kind = "image" if file.mime_type.startswith("image/") else "document"
        inner = {"type": kind, kind: {"id": media_id} | ({"filename": file.name} if kind == "document" else {})}
        body = {"messaging_product": "whatsapp", "recipient_type": "individual", **to, **inner, "biz_opaque_callback_data": message.id}
        return await self._send(number, token, body)

    async def media(self, attachment: Attachment, credentials: Credentials, downloads: Downloader) -> Download:
        """Meta names an address for five minutes, which opens with the access token."""
        kind, _, media_id = attachment.url.partition(":")
        if kind != self.kind.value:
            return await downloads.get(attachment.url)
        token = token_of(credentials)
        try:
            reply = await self._graph.get(quote(media_id, safe=""), token)
        except CallFailed as error:
            raise MediaNotFetched(str(error), retryable=not isinstance(error, AddressRefused)) from error
        if (problem := problem_of(reply)) is not None:
            gone = reply.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
            raise MediaNotFetched(f"Meta does not give the file: {problem}", retryable=not gone)
        url = body_of(reply).text("url")
        return await downloads.get(url, base=self._graph.base, hosts=MEDIA_HOSTS, headers=bearer(token))

    async def templates(self, credentials: Credentials) -> Sequence[Template]:
        account, token = credentials.get("waba_id", ""), token_of(credentials)
        if not account:
            raise InvalidInput("waba_id is not set, so WhatsApp's templates can't be listed; it stands in Meta's dashboard under API setup")
        found: list[Template] = []
        after = ""
        for _ in range(MOST_PAGES):
            query = {"fields": FIELDS, "status": "APPROVED", "limit": str(PAGE)} | ({"after": after} if after else {})
            try:
                reply = await self._graph.get(f"{quote(account, safe='')}/message_templates", token, **query)
            except CallFailed as error:
                raise VendorFailed(f"WhatsApp's templates can't be listed now: {error}") from error
            if (problem := problem_of(reply)) is not None:
                raise VendorFailed(f"Meta does not list the templates of {account}: {problem}")
            answer = body_of(reply)
            found += filter(None, map(read_template, answer.items("data")))
            paging = answer.inner("paging")
            after = paging.inner("cursors").text("after") if "next" in paging else ""
            if not after:
                break
        return sorted(found, key=lambda template: (template.name, template.language))

    async def check(self, credentials: Credentials, *, webhook_url: str) -> ChannelCheck:
        """Asks for the number, has the account deliver to the app, and says what is missing to take messages in."""
        return await checked(self._ask, credentials, webhook_url)

    async def _ask(self, credentials: Credentials, notes: list[str]) -> str | None:
        """The first thing that Meta finds wrong, or None; what went well is added to `notes`."""
        number, token = _sender(credentials)
        query = {"fields": "display_phone_number,verified_name,quality_rating"}
        if secret := credentials.get("app_secret"):
            # Meta compares it with the app that the token was made for: the one way to learn that a secret is wrong before a message comes.
            query["appsecret_proof"] = hmac.digest(secret.encode(), token.encode(), sha256).hex()
        reply = await self._graph.get(number, token, **query)
        if (problem := problem_of(reply)) is not None:
            if "appsecret_proof" in problem:
                return "app_secret does not belong to the app that access_token was made for"
            return f"Meta does not show the number {credentials['phone_number_id']} to this access_token: {problem}"
        shown = body_of(reply)
        notes.append(f"The number is {shown.text('display_phone_number')} ({shown.text('verified_name')}).")
        account = credentials.get("waba_id", "")
        if not account:
            notes.append("waba_id is not set, so whether the account delivers to the app was not looked at.")
            return None
        subscribed = await self._graph.post(f"{quote(account, safe='')}/subscribed_apps", token, {})
        if (problem := problem_of(subscribed)) is not None:
            return f"The account {account} does not deliver to the app: {problem}"
        notes.append("The account delivers to the app.")
        return None


def _sender(credentials: Credentials) -> tuple[str, str]:
    """The number's id as a part of a path, and the token. Raises InvalidInput."""
    number = credentials.get("phone_number_id", "")
    if not number:
        raise InvalidInput("phone_number_id is not set; it stands in Meta's dashboard under WhatsApp, API setup")
    return quote(number, safe=""), token_of(credentials)


def outbound_body(message: OutboundMessage, recipient: Recipient) -> dict[str, object]:
    """The fields of one message. Raises InvalidInput for what can't be sent."""
    body: dict[str, object]
    if message.template is not None:
        body = {"messaging_product": "whatsapp", "recipient_type": "individual", **_addressed(recipient.address)}
        return body | {"type": "template", "template": template_body(message.template), "biz_opaque_callback_data": message.id}
    if (too_long := refusal(message.text, FEATURES)) is not None:
        raise InvalidInput(too_long)
    body = {"messaging_product": "whatsapp", "recipient_type": "individual", **_addressed(recipient.address)}
    text = starred(message)
    titles = button_titles(message.quick_replies, most=MOST_BUTTONS, longest=LONGEST_TITLE)
    if titles and len(text) <= LONGEST_TEXT_WITH_BUTTONS:
        buttons = [{"type": "reply", "reply": {"id": words, "title": words}} for words in titles]
        body |= {"type": "interactive", "interactive": {"type": "button", "body": {"text": text}, "action": {"buttons": buttons}}}
    else:
        body |= {"type": "text", "text": {"body": text, "preview_url": False}}
    return body | {"biz_opaque_callback_data": message.id}


def _addressed(address: str) -> dict[str, object]:
    if _USER_ID.fullmatch(address):
        return {"recipient": address}
    if _PHONE.fullmatch(address):
        return {"to": address}
    raise InvalidInput("The customer's address is neither a telephone number nor a user id of WhatsApp")


def starred(message: OutboundMessage) -> str:
    """The text with what is emphasised between asterisks, which WhatsApp shows in bold."""
    text = message.text
    for one in sorted(message.emphasis, key=lambda each: -each.start):
        end = one.start + one.length
        text = f"{text[: one.start]}*{text[one.start : end]}*{text[end:]}"
    return text
