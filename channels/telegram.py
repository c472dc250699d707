"""Telegram by the Bot API: a bot that customers write to."""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from channels.exchange import AddressRefused, CallFailed, Http, NoAnswer, Reply
from channels.file_parts import check_file, multipart
from channels.json_body import Fields
from channels.lengths import refusal
from channels.telegram_answers import answer_of, outcome_of, token_words
from channels.telegram_updates import acknowledgement, read_update
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
from domain.errors import AuthenticityError, InvalidInput, MediaNotFetched
from domain.managers import Inbox
from domain.media import Download
from domain.messages import Attachment, InboundEvent, OutboundMessage, Recipient
from domain.ports import Credentials, Downloader
from domain.rich_text import Emphasis
from domain.splitting import measure

API_URL = "https://api.telegram.org"

FEATURES = ChannelFeatures(
    label="Telegram",
    settings=("bot_token", "webhook_secret"),
    secret_settings=("bot_token", "webhook_secret"),
    required_settings=("bot_token",),
    max_text=4_096,
    length_unit=LengthUnit.UTF16,
    idempotent_send=False,
    quick_replies=True,
    attachments_in=True,
    limits=(RateLimit(count=1, seconds=1, per_receiver=True), RateLimit(count=30, seconds=1)),
    attachments_out=True,
    files_apart=True,
    max_file=10_000_000,
    echoes=True,
)

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "message_reaction",
    "my_chat_member",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)
"""What Telegram is asked to deliver. Reactions come only if they are named."""

LONGEST_CALLBACK_DATA = 64
"""Bytes."""

_TOKEN = re.compile(r"[A-Za-z0-9:_-]{1,200}")
"""Becomes part of the URL's path, so nothing else may stand in it."""
_FILE_PATH = re.compile(r"[\w./-]{1,300}", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ADDRESS = re.compile(r"(?P<chat>-?\d+)(?:/(?P<topic>\d+))?(?:@(?P<connection>.+))?", re.DOTALL)
_MESSAGE_NAME = re.compile(r"(?P<address>.+?):(?P<message>\d{1,16})(?::\d+)?", re.DOTALL)
"""A message's provider id; an edit's has its update behind it."""


class Telegram:
    """Implements the ports `Channel`, `Acknowledging` and `Checkable`."""

    kind = ChannelKind.TELEGRAM
    features = FEATURES
    activity_lasts = 4.0

    def __init__(self, http: Http, *, api_url: str = API_URL) -> None:
        self._http = http
        self._api_url = api_url

    def handshake(self, request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
        return None

    def verify(self, request: WebhookRequest, credentials: Credentials, *, now: float) -> None:
        """Telegram repeats the secret that it was given with the webhook. It signs nothing and names no time."""
        secret, given = credentials.get("webhook_secret", ""), request.headers.get("x-telegram-bot-api-secret-token", "")
        if not secret:
            raise AuthenticityError("This inbox has no webhook_secret, so nothing can prove that it comes from Telegram")
        if not given:
            raise AuthenticityError("The header X-Telegram-Bot-Api-Secret-Token is needed", missing=True)
        if not hmac.compare_digest(secret.encode("utf-8", "replace"), given.encode("utf-8", "replace")):
            raise AuthenticityError("X-Telegram-Bot-Api-Secret-Token is wrong; run `./frontdesk inbox test` to give Telegram the right one")

    def parse(self, request: WebhookRequest, inbox: Inbox, *, now: float) -> Sequence[InboundEvent]:
        return read_update(request.body, inbox.id, received_at=datetime.fromtimestamp(now, UTC))

    def acknowledgement(self, request: WebhookRequest) -> HandshakeReply | None:
        call = acknowledgement(request.body)
        return HandshakeReply(content_type="application/json", body=json.dumps(call)) if call is not None else None

    async def send(self, message: OutboundMessage, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """One `sendMessage`. Telegram knows no idempotency key and no look-up: what is unclear stays unknown."""
        try:
            body = outbound_body(message, recipient)
            reply = await self._call("sendMessage", credentials, body)
        except (InvalidInput, AddressRefused) as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        except NoAnswer as error:
            return SendOutcome(result=SendResult.UNKNOWN, error=str(error))
        except CallFailed as error:
            return SendOutcome(result=SendResult.RETRY, error=str(error))
        return outcome_of(reply, recipient.address)

    async def show_activity(self, recipient: Recipient, credentials: Credentials, *, seen: str | None, typing: bool) -> None:
        """Bots can't mark as read."""
        if not typing:
            return
        await self._call("sendChatAction", credentials, {**common_fields(None, recipient), "action": "typing"})

    async def send_file(self, message: OutboundMessage, file: OutgoingFile, recipient: Recipient, credentials: Credentials) -> SendOutcome:
        """PNG and JPEG as a picture, anything else as a document."""
        picture = file.mime_type in ("image/png", "image/jpeg")
        try:
            check_file(file, FEATURES)
            around = common_fields(message, recipient)
            fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in around.items()}
            kind, content = multipart(fields, "photo" if picture else "document", file)
            reply = await self._post("sendPhoto" if picture else "sendDocument", credentials, kind, content)
        except (InvalidInput, AddressRefused) as error:
            return SendOutcome(result=SendResult.FAILED, error=str(error))
        except NoAnswer as error:
            return SendOutcome(result=SendResult.UNKNOWN, error=str(error))
        except CallFailed as error:
            return SendOutcome(result=SendResult.RETRY, error=str(error))
        return outcome_of(reply, recipient.address)

    async def media(self, attachment: Attachment, credentials: Credentials, downloads: Downloader) -> Download:
        """`getFile` names a path that holds for an hour; the token stands in the file's address, so nothing repeats it."""
        kind, _, file_id = attachment.url.partition(":")
        if kind != self.kind.value:
            return await downloads.get(attachment.url)
        try:
            answer = answer_of(await self._call("getFile", credentials, {"file_id": file_id}))
        except CallFailed as error:
            raise MediaNotFetched(str(error), retryable=not isinstance(error, AddressRefused)) from error
        if answer.problem is not None:
            refused = answer.is_telegrams and 400 <= answer.status < 500 and answer.status not in (401, 429)
            raise MediaNotFetched(f"Telegram does not give the file: {answer.problem}", retryable=not refused)
        path = answer.result.text("file_path")
        if not _FILE_PATH.fullmatch(path) or ".." in path:
            raise MediaNotFetched("Telegram named no path for the file", retryable=False)
        token = credentials.get("bot_token", "")
        return await downloads.get(f"{self._api_url}/file/bot{token}/{path}", base=self._api_url)

    async def check(self, credentials: Credentials, *, webhook_url: str) -> ChannelCheck:
        """Asks whose token it is and, where we are reached by https, tells Telegram the webhook."""
        notes: list[str] = []
        problem = await self._set_up(credentials, webhook_url, notes)
        return ChannelCheck(notes=tuple(notes), problems=(problem,) if problem else ())

    async def _set_up(self, credentials: Credentials, webhook_url: str, notes: list[str]) -> str | None:
        """The first thing that is wrong, or None; what went well is added to `notes`."""
        try:
            bot = answer_of(await self._call("getMe", credentials, {}))
            if bot.problem is not None:
                return token_words(bot)
            notes.append(f"The token is @{bot.result.text('username')}'s.")
            secret = credentials.get("webhook_secret", "")
            if not _SECRET.fullmatch(secret):
                return "webhook_secret must be 1 to 256 letters, digits, _ and -; set one by: frontdesk inbox set ID webhook_secret=..."
            if not webhook_url.startswith("https://"):
                return f"Telegram delivers to https only, not to {webhook_url}: set FRONTDESK_PUBLIC_URL to an https address"
            wanted = {"url": webhook_url, "secret_token": secret, "allowed_updates": list(ALLOWED_UPDATES)}
            hook = answer_of(await self._call("setWebhook", credentials, wanted))
            if hook.problem is not None:
                return f"Telegram refused the webhook {webhook_url}: {hook.problem}"
            notes.append(f"Telegram delivers to {webhook_url}.")
            notes += _delivery_notes(answer_of(await self._call("getWebhookInfo", credentials, {})).result)
        except (InvalidInput, CallFailed) as error:
            return str(error)
        return None

    async def _call(self, method: str, credentials: Credentials, body: Mapping[str, object]) -> Reply:
        """Raises InvalidInput for a token that can't be one, and what `Http.request` raises."""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return await self._post(method, credentials, "application/json", content)

    async def _post(self, method: str, credentials: Credentials, kind: str, content: bytes) -> Reply:
        token = credentials.get("bot_token", "")
        if not _TOKEN.fullmatch(token):
            raise InvalidInput("bot_token is missing or no token; @BotFather shows it, set it by: frontdesk inbox set ID bot_token=@FILE")
        headers = {"content-type": kind, "user-agent": "frontdesk"}
        return await self._http.request("POST", f"{self._api_url}/bot{token}/{method}", headers=headers, content=content)


def common_fields(message: OutboundMessage | None, recipient: Recipient) -> dict[str, object]:
    """What every message names: where it goes, and what it answers. Raises InvalidInput."""
    where = _ADDRESS.fullmatch(recipient.address)
    if where is None:
        raise InvalidInput("The customer's address is no Telegram chat")
    body: dict[str, object] = {"chat_id": int(where["chat"])}
    if where["topic"]:
        body["message_thread_id"] = int(where["topic"])
    if where["connection"]:
        body["business_connection_id"] = where["connection"]
    if message is not None and (quoted := _quoted(message, recipient.address)) is not None:
        body["reply_parameters"] = {"message_id": quoted, "allow_sending_without_reply": True}
    return body


def outbound_body(message: OutboundMessage, recipient: Recipient) -> dict[str, object]:
    """The fields of `sendMessage`: text without formatting marks, emphasis as entities. Raises InvalidInput for what can't be sent."""
    body = common_fields(message, recipient)
    if (too_long := refusal(message.text, FEATURES)) is not None:
        raise InvalidInput(too_long)
    body |= {"text": message.text, "link_preview_options": {"is_disabled": True}}
    if message.emphasis:
        body["entities"] = [_bold(message.text, one) for one in message.emphasis]
    if message.quick_replies:
        rows = [[{"text": words, "callback_data": _callback_data(words, number)}] for number, words in enumerate(message.quick_replies, 1)]
        body["reply_markup"] = {"inline_keyboard": rows}
    return body


def _bold(text: str, emphasis: Emphasis) -> dict[str, object]:
    """Telegram counts in UTF-16 units."""
    before, words = text[: emphasis.start], text[emphasis.start : emphasis.start + emphasis.length]
    return {"type": "bold", "offset": measure(before, LengthUnit.UTF16), "length": measure(words, LengthUnit.UTF16)}


def _quoted(message: OutboundMessage, address: str) -> int | None:
    """The newest message of this chat that is answered."""
    for ref in reversed(message.in_reply_to):
        name = _MESSAGE_NAME.fullmatch(ref.provider_id or "")
        if name is not None and name["address"] == address:
            return int(name["message"])
    return None


def _callback_data(words: str, number: int) -> str:
    """The words, so that they are known even when the message they stood under is not; a number where they don't fit."""
    return words if 1 <= len(words.encode("utf-8", "replace")) <= LONGEST_CALLBACK_DATA else f"#{number}"


def _delivery_notes(info: Fields) -> list[str]:
    notes = []
    if waiting := info.whole("pending_update_count"):
        notes.append(f"{waiting} updates wait to be delivered.")
    if words := info.text("last_error_message"):
        notes.append(f"The last delivery that failed, failed with: {words[:200]}.")
    return notes
