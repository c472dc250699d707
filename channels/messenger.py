"""Facebook Messenger: the messages of a page."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

from channels import meta_webhooks
from channels.exchange import Http
from channels.graph import GRAPH_URL, GRAPH_VERSION, Graph, body_of, problem_of, token_of
from channels.meta_messaging import Account, read_events
from channels.meta_names import name_of
from channels.meta_sending import ERRORS, accepted, checked, file_body, messaging_type, outbound_body
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
from domain.errors import InvalidInput
from domain.managers import Inbox
from domain.messages import InboundEvent, OutboundMessage, Recipient
from domain.ports import Credentials

FEATURES = ChannelFeatures(
    label="Messenger",
    settings=("page_id", "access_token", "app_secret", "verify_token"),
    secret_settings=("access_token", "app_secret", "verify_token"),
    required_settings=("page_id", "access_token"),
    max_text=2_000,
    idempotent_send=False,
    quick_replies=True,
    attachments_in=True,
    limits=(RateLimit(count=300, seconds=1),),
    attachments_out=True,
    files_apart=True,
    files_by_link=True,
    file_types=("image/png", "image/jpeg", "image/gif", "application/pdf"),
    max_file=8_000_000,
    delivery_receipts=True,
    echoes=True,
    handshake=True,
    window_hours=24,
)

SUBSCRIBED_FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_referrals",
    "message_reactions",
    "message_edits",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "standby",
)
"""Each is subscribed by name."""


class Messenger:
    """Implements the ports `Channel`, `Checkable` and `Naming`."""

    kind = ChannelKind.MESSENGER
    features = FEATURES
    activity_lasts = 15.0

    def __init__(self, http: Http, *, graph_url: str = GRAPH_URL, version: str = GRAPH_VERSION) -> None:
        self._graph = Graph(http, graph_url, version)

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return meta_webhooks.handshake(request, credentials)

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        meta_webhooks.verify(request, credentials)

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        page = Account("page", inbox.public_settings.get("page_id", ""), echoes_name_our_id=True)
        return read_events(request.body, inbox.id, page, received_at=datetime.fromtimestamp(now, UTC))

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """One POST. Our id goes along as `metadata` and comes back in the echo: the evidence for a send that got no answer."""
        try:
            page, token = _page(credentials), token_of(credentials)
            body = outbound_body(message, recipient, FEATURES, metadata=message.id)
        except InvalidInput as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        return await self._send(message, page, token, body)

    async def show_activity(self, recipient: Recipient, credentials: Credentials, *, seen: str | None, typing: bool) -> None:
        page, token = _page(credentials), token_of(credentials)
        for action in ("mark_seen", *(("typing_on",) if typing else ())):
            await self._graph.post(f"{page}/messages", token, {"recipient": {"id": recipient.address}, "sender_action": action})

    async def send_file(self, message: OutboundMessage, file: OutgoingFile, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """As a text, with our id; Meta fetches the file from our public address."""
        try:
            page, token = _page(credentials), token_of(credentials)
            body = file_body(file, recipient, FEATURES, metadata=message.id)
        except InvalidInput as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        return await self._send(message, page, token, body)

    async def _send(self, message: OutboundMessage, page: str, token: str, body: Mapping[str, object]) -> SendOutcome:
        answer, refused = await self._graph.send(f"{page}/messages", token, {**body, **messaging_type(message)}, ERRORS)
        return refused or accepted(answer)

    async def name_of(self, address: str, credentials: Credentials) -> str | None:
        try:
            return await name_of(self._graph, address, token_of(credentials), "name", "first_name")
        except InvalidInput:
            return None

    async def check(self, credentials: Credentials, *, webhook_url: str) -> ChannelCheck:
        """Asks for the page, and has it deliver to the app."""
        return await checked(self._ask, credentials, webhook_url)

    async def _ask(self, credentials: Credentials, notes: list[str]) -> str | None:
        """The first thing that Meta finds wrong, or None; what went well is added to `notes`."""
        page, token = _page(credentials), token_of(credentials)
        query = {"fields": "name"}
        if secret := credentials.get("app_secret"):
            query["appsecret_proof"] = hmac.digest(secret.encode(), token.encode(), sha256).hex()
        reply = await self._graph.get(page, token, **query)
        if (problem := problem_of(reply)) is not None:
            if "appsecret_proof" in problem:
                return "app_secret does not belong to the app that access_token was made for"
            return f"Meta does not show the page {credentials['page_id']} to this access_token: {problem}"
        notes.append(f"The page is {body_of(reply).text('name')}.")
        subscribed = await self._graph.post(f"{page}/subscribed_apps", token, {"subscribed_fields": ",".join(SUBSCRIBED_FIELDS)})
        if (problem := problem_of(subscribed)) is not None:
            return f"The page does not deliver to the app: {problem}"
        notes.append("The page delivers to the app.")
        return None


def _page(credentials: Credentials) -> str:
    """The page's id as a part of a path. Raises InvalidInput."""
    if not (page := credentials.get("page_id", "")):
        raise InvalidInput("page_id is not set; it stands on the page under About, Page transparency")
    return quote(page, safe="")
