"""Conversations after a sale: whether one can be answered, to whom an answer goes, and what of a text gets through.

On threads that MercadoLibre has moved to its messaging agent, customers write through the agent's account: an answer to the buyer himself
is refused there, or accepted and shown to nobody. On the others it is the other way round. So the receiver is read off the thread, anew
for each answer.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from channels.json_body import Fields
from channels.mercadolibre_api import Answer
from channels.mercadolibre_events import Seller, in_order, text_of, writer_of
from domain.errors import InvalidInput

AGENTS: Mapping[str, str] = {
    "MLA": "3037674934",
    "MLB": "3037675074",
    "MLC": "3020819166",
    "MCO": "3037204123",
    "MLM": "3037204279",
    "MLU": "3037204685",
}
"""MercadoLibre's own accounts that stand between customer and seller, by site."""

SHORTEST_LIMIT = 350
"""Characters of a message, where a thread names no limit of its own."""

_CLOSED: Mapping[str, str] = {
    "mediation": "a claim is open on the order: answer in the claim, on MercadoLibre's site",
    "fulfillment": "MercadoLibre itself ships this order and answers for it",
    "ai_assistant": "MercadoLibre's assistant has the conversation",
    "initiated_by_seller": "the customer has not written yet, and MercadoLibre limits what a seller may begin",
    "payment": "the payment is not approved",
    "refund": "the purchase was refunded",
    "cancelled": "the order was cancelled",
    "time": "more than 30 days have passed since the last message",
    "blocked_by_buyer": "the customer has blocked messages",
    "moderat": "MercadoLibre has closed it to moderate it",
}
"""Part of a status' word to what a manager reads; MercadoLibre adds words, so an unknown one is shown as it is."""

_PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": ",",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2022": "-",
        "\u2026": "...",
        "\u20ac": "EUR",
        "\u2122": "(TM)",
        "\u2192": "->",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
    }
)
_DROPPED = frozenset({"So", "Sk", "Mn", "Me", "Cf", "Co", "Cn"})
"""Categories of characters that carry no words: emoji and what joins and colours them."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as it was just read."""

    id: str
    messages: Sequence[Fields]
    path: str
    status: str
    substatus: str
    longest: int

    @property
    def closed(self) -> str | None:
        """Why nothing can be written here; None if it can."""
        if self.status in ("", "active"):
            return None
        words = closed_words(self.substatus or self.status)
        return f"MercadoLibre takes no message in this conversation: {words}"


def thread_from(thread_id: str, answer: Answer) -> Thread:
    status = answer.body.inner("conversation_status")
    longest = answer.body.whole("seller_max_message_length")
    return Thread(
        id=thread_id,
        messages=answer.body.items("messages"),
        path=status.text("path"),
        status=status.text("status").lower(),
        substatus=status.text("substatus").lower(),
        longest=longest if longest is not None and longest > 0 else SHORTEST_LIMIT,
    )


def closed_words(word: str) -> str:
    known = next((words for part, words in _CLOSED.items() if part in word.lower()), None)
    return known or f"its word for the state is {word[:80]}"


def receiver_of(thread: Thread, seller: Seller, site: str) -> str:
    """The user id that an answer goes to. Raises InvalidInput if the thread does not tell."""
    writers = [writer_of(message) for message in reversed(in_order(thread.messages, seller))]
    others = [writer for writer in writers if writer and writer != seller.user_id]
    through_agent = "/conversations/" in thread.path
    fitting = [writer for writer in others if (writer in AGENTS.values()) is through_agent]
    if fitting:
        return fitting[0]
    if through_agent:
        # A newer agent's number than those that are listed here, or a thread that was moved since the customer wrote.
        agent = AGENTS.get(site)
        unlisted = next((writer for writer in others if writer not in AGENTS.values()), None)
        if receiver := agent or unlisted:
            return receiver
    elif others and not thread.path:
        return others[0]
    raise InvalidInput("The conversation does not show who wrote: answer it on MercadoLibre's site")


def sendable(text: str, longest: int) -> str:
    """The text as it is sent: its letters, in a character set of 1987. Raises InvalidInput; nothing is ever cut.

    Typographic marks become plain ones and emoji are left out, because the words stand without them; letters that can't be written are no
    such thing.
    """
    plain = unicodedata.normalize("NFC", text).translate(_PLAIN)
    kept = "".join(sign for sign in plain if ord(sign) < 256 or unicodedata.category(sign) not in _DROPPED)
    strange = sorted({sign for sign in kept if ord(sign) > 255})
    if strange:
        raise InvalidInput(f"MercadoLibre's messages take Latin letters only; write the text without {' '.join(strange[:5])}")
    kept = "\n".join(line.rstrip() for line in kept.split("\n")).strip()
    if not kept:
        raise InvalidInput("Nothing is left of the text: MercadoLibre's messages take no emoji")
    if len(kept) > longest:
        raise InvalidInput(f"The text is too long: {len(kept)} of {longest} characters; send it in several messages")
    return kept


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same, whatever was done to their marks on the way."""
    return _gist(one) == _gist(other)


def _gist(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.translate(_PLAIN)).casefold()
    return "".join(sign for sign in folded if sign.isalnum()) or text.strip()


def with_words(messages: Sequence[Fields], text: str) -> list[Fields]:
    return [message for message in messages if same_words(text_of(message), text)]
