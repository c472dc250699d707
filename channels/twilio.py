"""SMS and WhatsApp by Twilio: the same API and the same webhooks, told apart by a prefix of the numbers."""

import base64
import hmac
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha1
from http import HTTPStatus
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from channels.exchange import AddressRefused, CallFailed, Http, NoAnswer, Reply
from channels.file_parts import check_file, link_of
from channels.graph import body_of
from channels.lengths import refusal
from channels.twilio_content import PAGE, PATH, content_form, read_content
from channels.twilio_errors import PERMANENT, RETRYABLE, WINDOW, words_for
from channels.twilio_forms import OUR_ID, WHATSAPP, Line, form_of, read_event
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
from domain.errors import AuthenticityError, InvalidInput, VendorFailed
from domain.managers import Inbox
from domain.media import Download
from domain.messages import Attachment, InboundEvent, OutboundMessage, Recipient
from domain.ports import Credentials, Downloader
from domain.templates import Template

API_URL = "https://api.twilio.com"
MEDIA_HOSTS = ("twilio.com",)
"""Twilio's own, which get the account's sign-in with a request for a file."""

_SETTINGS = ("account_sid", "auth_token", "from_number", "messaging_service_sid")

SMS_FEATURES = ChannelFeatures(
    label="SMS",
    settings=_SETTINGS,
    secret_settings=("auth_token",),
    required_settings=("account_sid", "auth_token"),
    max_text=1_600,
    idempotent_send=False,
    attachments_in=True,
    limits=(RateLimit(count=10, seconds=1),),
    attachments_out=True,
    files_apart=True,
    files_by_link=True,
    file_types=("image/png", "image/jpeg", "image/gif", "application/pdf"),
    max_file=5_000_000,
    delivery_receipts=True,
)
WHATSAPP_LIMITS = (RateLimit(count=10, seconds=60, per_receiver=True), RateLimit(count=80, seconds=1))
WHATSAPP_FEATURES = SMS_FEATURES.model_copy(
    update={"label": "WhatsApp by Twilio", "limits": WHATSAPP_LIMITS, "window_hours": 24, "templates": True}
)

_ACCOUNT = re.compile(r"[A-Za-z0-9]{1,64}")
"""Becomes part of the URL's path."""
_PHONE = re.compile(r"\+\d{5,20}")
_RECEIVER = re.compile(r"\+\d{5,20}|[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
"""WhatsApp's customers may hide their number and have a user id instead."""


class Twilio:
    """Implements the ports `Channel`, `Acknowledging`, `Checkable`, `Templated`, `SendsFiles` and `Confirming` for one of the two kinds."""

    def __init__(self, http: Http, kind: ChannelKind, *, api_url: str = API_URL, public_url: str = "") -> None:
        """`public_url` is where Twilio reaches us; without one it is not asked for reports."""
        self.kind = kind
        self.features = WHATSAPP_FEATURES if kind is ChannelKind.WHATSAPP_TWILIO else SMS_FEATURES
        self._http = http
        self._api_url = api_url
        self._content_url = api_url.replace("//api.", "//content.", 1)
        self._public_url = public_url

    @property
    def _prefix(self) -> str:
        return WHATSAPP if self.kind is ChannelKind.WHATSAPP_TWILIO else ""

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return None

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        """The signature covers the address as Twilio was told it and every field, blank ones too. It names no time."""
        token, given = credentials.get("auth_token", ""), request.headers.get("x-twilio-signature", "")
        if not token:
            raise AuthenticityError("This inbox has no auth_token, so nothing can prove that it comes from Twilio")
        if not given:
            raise AuthenticityError("The header X-Twilio-Signature is needed", missing=True)
        try:
            fields = form_of(request.body)
        except InvalidInput as error:
            raise AuthenticityError("X-Twilio-Signature can't be checked: the form can't be read") from error
        expected = [signature(token, url, fields) for url in _with_and_without_port(request.url)]
        if not any(hmac.compare_digest(one.encode(), given.encode("utf-8", "replace")) for one in expected):
            raise AuthenticityError("X-Twilio-Signature does not fit; Twilio must have the very address that `inbox list` shows")

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        line = Line(inbox.id, inbox.public_settings.get("from_number", ""))
        return (read_event(request.body, request.query, line, received_at=datetime.fromtimestamp(now, UTC)),)

    def acknowledgement(self, request: WebhookRequest) -> HandshakeReply | None:
        """Instructions in Twilio's language, of which there are none: replies are sent by the API."""
        return HandshakeReply(content_type="text/xml", body="<Response/>")

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """One POST. Our id stands in the address for reports: the evidence for a send that got no answer."""
        return await self._send(message, recipient, credentials, None)

    async def send_file(self, message: OutboundMessage, file: OutgoingFile, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """As a text; Twilio fetches the file from our public address."""
        return await self._send(message, recipient, credentials, file)

    async def confirm(
        self, message: OutboundMessage, recipient: Recipient, credentials: Credentials, is_known: Callable[[str], Awaitable[bool]]
    ) -> SendOutcome | None:
        """Twilio lists what was sent to a number on a day: the message is there if one has its words and is no other message of ours."""
        days = {message.created_at.date(), datetime.now(UTC).date()}
        try:
            form = self._form(message, recipient, credentials, None) if not message.attachments else {}
            for day in sorted(days):
                query = urlencode({"To": f"{self._prefix}{recipient.address}", "DateSent": day.isoformat(), "PageSize": "100"})
                reply = await self._call("GET", f"/Messages.json?{query}", credentials, {})
                for listed in body_of(reply).items("messages") if reply.status == HTTPStatus.OK else ():
                    sid, ours = listed.text("sid"), listed.text("direction").startswith("outbound")
                    if sid and ours and form.get("Body") == listed.text("body") and not await is_known(sid):
                        return SendOutcome(result=SendResult.SENT, provider_id=sid)
        except (InvalidInput, CallFailed):
            return None
        return None

    async def _send(
        self, message: OutboundMessage, recipient: Recipient, credentials: Credentials, file: OutgoingFile | None
    ) -> SendOutcome:
        try:
            form = self._form(message, recipient, credentials, file)
            reply = await self._call("POST", "/Messages.json", credentials, form)
        except (InvalidInput, AddressRefused) as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        except NoAnswer as error:
            return SendOutcome(result=SendResult.UNKNOWN, error=str(error))
        except CallFailed as error:
            return SendOutcome(result=SendResult.RETRY, error=str(error))
        return _outcome(reply)

    async def check(self, credentials: Credentials, *, webhook_url: str) -> ChannelCheck:
        """Asks whether the account is known; the webhook is entered at Twilio by hand."""
        try:
            _from(credentials, self._prefix)
            reply = await self._call("GET", ".json", credentials, {})
        except (InvalidInput, CallFailed) as error:
            return ChannelCheck(problems=(str(error),))
        if reply.status != HTTPStatus.OK:
            return ChannelCheck(problems=(str(_outcome(reply).error),))
        account = body_of(reply)
        notes = (f"The account is {account.text('friendly_name')} ({account.text('status')}).",)
        if not self._public_url:
            return ChannelCheck(notes=notes, problems=("Twilio can't reach this installation: set FRONTDESK_PUBLIC_URL",))
        return ChannelCheck(notes=(*notes, f"At Twilio, {webhook_url} must stand under A message comes in, with HTTP POST."))

    async def media(self, attachment: Attachment, credentials: Credentials, downloads: Downloader) -> Download:
        """The account proves itself to Twilio alone: what Twilio redirects to is a signed address elsewhere."""
        return await downloads.get(attachment.url, base=self._api_url, hosts=MEDIA_HOSTS, headers=_signed_in(credentials))

    async def templates(self, credentials: Credentials) -> Sequence[Template]:
        """Twilio keeps them at a host of their own."""
        if not self.features.templates:
            return ()
        try:
            reply = await self._ask("GET", f"{self._content_url}{PATH}?PageSize={PAGE}", credentials, {})
        except CallFailed as error:
            raise VendorFailed(f"Twilio's templates can't be listed now: {error}") from error
        if reply.status != HTTPStatus.OK:
            raise VendorFailed(f"Twilio does not list the templates: {_outcome(reply).error}")
        found = filter(None, map(read_content, body_of(reply).items("contents")))
        return sorted(found, key=lambda template: (template.title, template.language))

    def _form(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials, file: OutgoingFile | None) -> dict[str, str]:
        """Raises InvalidInput for what can't be sent."""
        if message.template is None and (too_long := refusal(message.text, self.features)) is not None:
            raise InvalidInput(too_long)
        if not (_RECEIVER if self._prefix else _PHONE).fullmatch(recipient.address):
            raise InvalidInput("The customer's address is no telephone number with + and country")
        said = {"Body": message.text} if message.template is None else content_form(message.template)
        if file is not None:
            check_file(file, self.features)
            said = {"MediaUrl": link_of(file, self.features)}
        form = {"To": f"{self._prefix}{recipient.address}", **said, **_from(credentials, self._prefix)}
        if self._public_url:
            report = f"{self._public_url}/webhooks/{self.kind.value}/{recipient.inbox_id}?{urlencode({OUR_ID: message.id})}"
            form["StatusCallback"] = report
        return form

    async def _call(self, method: str, path: str, credentials: Credentials, form: dict[str, str]) -> Reply:
        """Raises InvalidInput for an account that can't be one, and what `Http.request` raises."""
        url = f"{self._api_url}/2010-04-01/Accounts/{quote(credentials.get('account_sid', ''), safe='')}{path}"
        return await self._ask(method, url, credentials, form)

    async def _ask(self, method: str, url: str, credentials: Credentials, form: dict[str, str]) -> Reply:
        headers = _signed_in(credentials) | {"user-agent": "frontdesk"}
        if form:
            headers["content-type"] = "application/x-www-form-urlencoded"
        return await self._http.request(method, url, headers=headers, content=urlencode(form, errors="replace").encode())


def _signed_in(credentials: Credentials) -> dict[str, str]:
    """Raises InvalidInput for an account that can't be one."""
    account, token = credentials.get("account_sid", ""), credentials.get("auth_token", "")
    if not _ACCOUNT.fullmatch(account) or not token:
        raise InvalidInput("account_sid or auth_token is missing; both stand on the first page of Twilio's console")
    return {"authorization": f"Basic {base64.b64encode(f'{account}:{token}'.encode()).decode()}"}


def signature(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """base64 of HMAC-SHA1 over the address and, sorted, every different pair of name and value."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(token.encode("utf-8", "replace"), signed.encode("utf-8", "replace"), sha1)).decode()


def _with_and_without_port(url: str) -> list[str]:
    """Some of Twilio's products sign with the port, some without."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    default = 443 if parts.scheme == "https" else 80
    without, with_port = (urlunsplit(parts._replace(netloc=netloc)) for netloc in (host, f"{host}:{port or default}"))
    return [url, without, with_port]


def _from(credentials: Credentials, prefix: str) -> dict[str, str]:
    """Raises InvalidInput."""
    if service := credentials.get("messaging_service_sid", ""):
        return {"MessagingServiceSid": service}
    if not (number := credentials.get("from_number", "").removeprefix(WHATSAPP)):
        raise InvalidInput("from_number or messaging_service_sid must be set: what messages are sent from")
    return {"From": f"{prefix}{number}"}


def _outcome(reply: Reply) -> SendOutcome:
    answer = body_of(reply)
    code = answer.whole("code")
    if 200 <= reply.status < 300:
        if sid := answer.text("sid"):
            return SendOutcome(result=SendResult.SENT, provider_id=sid)
        return SendOutcome(result=SendResult.UNKNOWN, error="Twilio's answer names no message")
    if code in PERMANENT:
        return SendOutcome(result=SendResult.FAILED, error=words_for(code), window_closed=code == WINDOW)
    if code in RETRYABLE or reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = reply.headers.get("retry-after", "")
        seconds = float(wait) if wait.isascii() and wait.isdecimal() and len(wait) <= 6 else RETRYABLE.get(code or 0)
        return SendOutcome(result=SendResult.RETRY, error=f"Twilio asks to wait ({reply.status})", retry_after=seconds)
    if 300 <= reply.status < 400:
        words = "Twilio's address redirects, which is not followed: check FRONTDESK_TWILIO_API_URL"
        return SendOutcome(result=SendResult.FAILED, error=words)
    words = f"Twilio answered {reply.status}" + (f" (error {code})" if code is not None else "")
    return SendOutcome(result=SendResult.FAILED if reply.status < 500 else SendResult.UNKNOWN, error=words)
