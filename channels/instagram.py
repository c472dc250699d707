"""Instagram's direct messages, by either login: the account's own (`instagram`), or through a Facebook page (`facebook`)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from channels import instagram_tokens, meta_webhooks
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
    LengthUnit,
    OutgoingFile,
    RateLimit,
    SendOutcome,
    SendResult,
    WebhookRequest,
)
from domain.errors import InvalidInput
from domain.fetching import Renewal, TokenState
from domain.managers import Inbox
from domain.messages import InboundEvent, OutboundMessage, Recipient
from domain.ports import Credentials

INSTAGRAM_URL = "https://graph.instagram.com"

FEATURES = ChannelFeatures(
    label="Instagram",
    settings=("account_id", "access_token", "app_secret", "verify_token", "login"),
    secret_settings=("access_token", "app_secret", "verify_token"),
    required_settings=("account_id", "access_token"),
    max_text=1_000,
    length_unit=LengthUnit.BYTES,
    idempotent_send=False,
    quick_replies=True,
    attachments_in=True,
    limits=(RateLimit(count=300, seconds=1),),
    attachments_out=True,
    files_apart=True,
    files_by_link=True,
    file_types=("image/png", "image/jpeg", "application/pdf"),
    max_file=8_000_000,
    delivery_receipts=True,
    echoes=True,
    handshake=True,
    window_hours=24,
)

SUBSCRIBED_FIELDS = ("messages", "messaging_postbacks", "messaging_seen", "message_reactions")
"""Echoes come with `messages`; edits and referrals have no field that every app may subscribe."""


class Instagram:
    """Implements the ports `Channel`, `Checkable`, `Naming` and `Renewable`."""

    kind = ChannelKind.INSTAGRAM
    features = FEATURES
    activity_lasts = 15.0

    def __init__(self, http: Http, *, instagram_url: str = INSTAGRAM_URL, graph_url: str = GRAPH_URL, version: str = GRAPH_VERSION) -> None:
        self._http, self._instagram_url = http, instagram_url
        self._logins = {"instagram": Graph(http, instagram_url, version), "facebook": Graph(http, graph_url, version)}

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return meta_webhooks.handshake(request, credentials)

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        meta_webhooks.verify(request, credentials)

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        account = Account("instagram", inbox.public_settings.get("account_id", ""), echoes_name_our_id=False)
        return read_events(request.body, inbox.id, account, received_at=datetime.fromtimestamp(now, UTC))

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """One POST. Nothing of ours comes back: the echo with the same text is the evidence for a send that got no answer."""
        try:
            login, token = _login(credentials), token_of(credentials)
            body = outbound_body(message, recipient, FEATURES)
        except InvalidInput as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        return await self._send(message, login, token, body)

    async def show_activity(self, recipient: Recipient, credentials: Credentials, *, seen: str | None, typing: bool) -> None:
        login, token = _login(credentials), token_of(credentials)
        for action in ("mark_seen", *(("typing_on",) if typing else ())):
            await self._logins[login].post("me/messages", token, {"recipient": {"id": recipient.address}, "sender_action": action})

    async def send_file(self, message: OutboundMessage, file: OutgoingFile, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """Meta fetches the file from our public address."""
        try:
            login, token = _login(credentials), token_of(credentials)
            body = file_body(file, recipient, FEATURES)
        except InvalidInput as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        return await self._send(message, login, token, body)

    async def _send(self, message: OutboundMessage, login: str, token: str, body: Mapping[str, object]) -> SendOutcome:
        # Both tokens know whose they are: an account's own, or a page's with which the account is connected.
        kind = {} if login == "instagram" and not message.human_tag else messaging_type(message)
        answer, refused = await self._logins[login].send("me/messages", token, {**body, **kind}, ERRORS)
        return refused or accepted(answer)

    def can_renew(self, credentials: Credentials) -> bool:
        """A token is exchanged while it is valid; one that was refused is not."""
        return False

    def renewal_due(self, credentials: Credentials, state: TokenState, *, now: datetime) -> bool:
        return instagram_tokens.renewal_due(credentials, state, now=now)

    async def renew(self, credentials: Credentials) -> Renewal:
        return await instagram_tokens.renew(self._http, self._instagram_url, credentials)

    async def name_of(self, address: str, credentials: Credentials) -> str | None:
        try:
            login, token = _login(credentials), token_of(credentials)
        except InvalidInput:
            return None
        return await name_of(self._logins[login], address, token, "name", "username")

    async def check(self, credentials: Credentials, *, webhook_url: str) -> ChannelCheck:
        """Asks for the account, and has it deliver to the app."""
        return await checked(self._ask, credentials, webhook_url)

    async def _ask(self, credentials: Credentials, notes: list[str]) -> str | None:
        """The first thing that Meta finds wrong, or None; what went well is added to `notes`."""
        login, token = _login(credentials), token_of(credentials)
        graph = self._logins[login]
        fields = "user_id,username" if login == "instagram" else "name,instagram_business_account{id,username}"
        reply = await graph.get("me", token, fields=fields)
        if (problem := problem_of(reply)) is not None:
            return f"Meta does not know this access_token: {problem}"
        shown = body_of(reply)
        account = shown if login == "instagram" else shown.inner("instagram_business_account")
        number = account.text("user_id") or account.text("id")
        if number != credentials.get("account_id"):
            return f"account_id is not the one that access_token belongs to ({number or 'none'}): what comes in would be left alone"
        notes.append(f"The account is @{account.text('username')}.")
        subscribed = await graph.post("me/subscribed_apps", token, {"subscribed_fields": ",".join(SUBSCRIBED_FIELDS)})
        if (problem := problem_of(subscribed)) is not None:
            return f"The account does not deliver to the app: {problem}"
        notes.append("The account delivers to the app.")
        return None


def _login(credentials: Credentials) -> str:
    """Raises InvalidInput."""
    login = credentials.get("login", "") or "instagram"
    if login not in ("instagram", "facebook"):
        raise InvalidInput(f"login is {login}; it must be instagram or facebook")
    return login
