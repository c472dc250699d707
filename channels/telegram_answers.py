"""What the Bot API answers, and what follows from it for a message on its way.

Errors are `{"ok": false, "error_code", "description", "parameters"?}`; there are no finer codes, so a description's words decide what a
manager reads, never what is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from channels.exchange import Reply, status_words
from channels.json_body import Fields, read_object
from domain.channels import SendOutcome, SendResult
from domain.errors import InvalidInput

_RESULTS: Mapping[int, SendResult] = {
    400: SendResult.FAILED,
    401: SendResult.FAILED,
    403: SendResult.FAILED,
    404: SendResult.FAILED,
    409: SendResult.FAILED,
    413: SendResult.FAILED,
    429: SendResult.RETRY,
}
"""By status. Another 3xx or 4xx was refused too; from 500 on, and for whatever is no answer of the Bot API, nobody knows."""

_TOKEN_REFUSED = frozenset({401, 404})
_TOKEN_WORDS = "Telegram does not know this bot_token; copy it again from @BotFather"  # noqa: S105 # the words, not the token

_WORDS: Mapping[str, str] = {
    "bot was blocked by the user": "The customer has blocked the bot",
    "user is deactivated": "The customer's Telegram account no longer exists",
    "bot can't initiate conversation": "The customer has not started a chat with the bot",
    "chat not found": "Telegram does not know this chat any more",
    "group chat was upgraded": "The chat has moved to another id",
    "business_connection_invalid": "The account that the customer wrote to is no longer connected to the bot",
    "business_peer_usage_missing": "The customer has not written to the connected account within the last 24 hours",
    "message is too long": "The text is too long for Telegram; send it in several messages",
    "message text is empty": "The text is empty",
}
"""Part of a description, in lower case, to what a manager reads."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply of the Bot API, read."""

    status: int
    result: Fields
    problem: str | None
    """What Telegram said instead of doing it; None if it did."""
    is_telegrams: bool
    """Whether it is an answer of the Bot API at all, and not a page of something in between."""
    retry_after: float | None


def answer_of(reply: Reply) -> Answer:
    try:
        body = Fields(read_object(reply.body))
    except InvalidInput:
        body = Fields({})
    done = body.flag("ok") and 200 <= reply.status < 300
    wait = body.inner("parameters").number("retry_after")
    return Answer(
        status=reply.status,
        result=body.inner("result"),
        problem=None if done else body.text("description")[:200] or f"an answer {status_words(reply.status)} that is none of Telegram's",
        is_telegrams="ok" in body,
        retry_after=wait if wait is not None and wait >= 0 else None,
    )


def outcome_of(reply: Reply, address: str) -> SendOutcome:
    """Of `sendMessage`."""
    answer = answer_of(reply)
    number = answer.result.whole("message_id")
    if answer.problem is None and number is not None:
        return SendOutcome(result=SendResult.SENT, provider_id=f"{address}:{number}")
    result = _RESULTS.get(answer.status, SendResult.FAILED if 300 <= answer.status < 500 else SendResult.UNKNOWN)
    return SendOutcome(result=result, error=_words(answer), retry_after=answer.retry_after if result is SendResult.RETRY else None)


def token_words(answer: Answer) -> str:
    """Why `getMe` failed."""
    if answer.status in _TOKEN_REFUSED and answer.is_telegrams:
        return _TOKEN_WORDS
    return f"Telegram could not be asked for the bot: {answer.problem}"


def _words(answer: Answer) -> str:
    if answer.status in _TOKEN_REFUSED and answer.is_telegrams:
        return _TOKEN_WORDS
    if 300 <= answer.status < 400:
        return f"Telegram's address answered {status_words(answer.status)}: redirects are not followed, check FRONTDESK_TELEGRAM_API_URL"
    said = (answer.problem or "an answer without a message's id").rstrip(".")
    known = next((words for part, words in _WORDS.items() if part in said.lower()), None)
    return known or f"Telegram answered: {said}"
