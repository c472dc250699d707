"""What Messenger and Instagram share in sending: the error table, the body, the answer, what a check asks."""

from collections.abc import Awaitable, Callable, Mapping

from channels.exchange import CallFailed
from channels.file_parts import check_file, link_of
from channels.graph import ErrorTable
from channels.json_body import Fields
from channels.lengths import button_titles, refusal
from domain.channels import ChannelCheck, ChannelFeatures, OutgoingFile, SendOutcome, SendResult
from domain.errors import InvalidInput
from domain.messages import OutboundMessage, Recipient
from domain.ports import Credentials

WINDOW_CLOSED = "More than 24 hours have passed since the customer last wrote: Meta lets no answer through now"

ERRORS = ErrorTable(
    permanent={
        100: "",
        551: "The customer can't be reached: the account was deleted, or does not take messages",
    },
    permanent_subcodes={
        1545041: "The customer can't be reached: the account was deleted, or does not take messages",
        1893063: "Meta has restricted this page",
        2018278: WINDOW_CLOSED,
        2534001: "The customer's conversation is archived",
        2534014: "Meta does not know this customer any more",
        2534022: WINDOW_CLOSED,
        2534025: "The one private reply to a comment was used",
    },
    window=frozenset({2018278, 2534022}),
    retryable={4: 60, 32: 60, 613: 60, 80006: 60},
    ambiguous=frozenset({1, 2}),
    token=(range(1), range(3, 4), range(10, 11), range(190, 191), range(200, 300)),
)

MOST_QUICK_REPLIES = 13
LONGEST_TITLE = 20
"""Characters; quick replies that do not fit are picked by their numbers in the text."""


def outbound_body(message: OutboundMessage, recipient: Recipient, features: ChannelFeatures, **text_fields: str) -> dict[str, object]:
    """The fields of one text. Raises InvalidInput for what can't be sent."""
    if (too_long := refusal(message.text, features)) is not None:
        raise InvalidInput(too_long)
    if not (recipient.address.isascii() and recipient.address.isdecimal()):
        raise InvalidInput(f"The customer's address is no user id of {features.label}")
    text: dict[str, object] = {"text": message.text, **text_fields}
    if titles := button_titles(message.quick_replies, most=MOST_QUICK_REPLIES, longest=LONGEST_TITLE):
        text["quick_replies"] = [{"content_type": "text", "title": title, "payload": title} for title in titles]
    return {"recipient": {"id": recipient.address}, "message": text}


def file_body(file: OutgoingFile, recipient: Recipient, features: ChannelFeatures, **fields: str) -> dict[str, object]:
    """The fields of one file, which Meta fetches. Raises InvalidInput for what can't be sent."""
    check_file(file, features)
    if not (recipient.address.isascii() and recipient.address.isdecimal()):
        raise InvalidInput(f"The customer's address is no user id of {features.label}")
    kind = "image" if file.mime_type.startswith("image/") else "file"
    attachment = {"type": kind, "payload": {"url": link_of(file, features)}}
    return {"recipient": {"id": recipient.address}, "message": {"attachment": attachment, **fields}}


def messaging_type(message: OutboundMessage) -> dict[str, object]:
    """An answer within the window, or a person's after it: Meta checks afterwards that people wrote what carries the tag."""
    return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if message.human_tag else {"messaging_type": "RESPONSE"}


def accepted(answer: Fields) -> SendOutcome:
    """Of a send that was not refused."""
    mid = answer.text("message_id")
    if not mid:
        return SendOutcome(result=SendResult.UNKNOWN, error="Meta's answer names no message")
    return SendOutcome(result=SendResult.SENT, provider_id=mid)


NEEDED_TO_RECEIVE: Mapping[str, str] = {
    "app_secret": "nothing that comes in could be trusted; it stands in Meta's dashboard",
    "verify_token": "Meta's first check of the webhook would be refused; any word, the same as in Meta's dashboard",
}


async def checked(
    ask: Callable[[Credentials, list[str]], Awaitable[str | None]], credentials: Credentials, webhook_url: str
) -> ChannelCheck:
    """What `ask` finds: it returns the first problem at Meta, or None, and adds to the notes what went well."""
    notes: list[str] = []
    try:
        problem = await ask(credentials, notes)
    except (InvalidInput, CallFailed) as error:
        problem = str(error)
    return ChannelCheck(notes=tuple(notes), problems=tuple(filter(None, (problem, *_missing(credentials, webhook_url)))))


def _missing(credentials: Mapping[str, str], webhook_url: str) -> list[str]:
    """What keeps messages from coming in, as far as it can be seen from here."""
    problems = [f"{name} is not set: {why}" for name, why in NEEDED_TO_RECEIVE.items() if not credentials.get(name)]
    if not webhook_url.startswith("https://"):
        problems.append(f"Meta delivers to https only, not to {webhook_url}: set FRONTDESK_PUBLIC_URL to an https address")
    return problems
