"""The pure decision what to do with a turn: answer, offer near questions, offer a person, or hand over to one.

`before_retrieval` looks at the messages, `after_hearing` at what the worker heard in them, `decide` at what the documents say. Each
rule has its field in the policy.
"""

from enum import StrEnum
from typing import Protocol, assert_never

from domain.conversations import HandOffReason
from domain.found_words import found_keyword
from domain.knowledge import Draft
from domain.messages import SILENT_KINDS, SILENT_TYPES, InboundMessage, MessageType
from domain.model import Model
from domain.person_requests import accepts, asks_for_person
from domain.policy import Policy
from domain.turns import Heard


class Outcome(StrEnum):
    ANSWER = "answer"
    OFFER = "offer"
    OFFER_PERSON = "offer_person"
    """The customer is asked whether a person shall take over."""
    SAY_AGAIN = "say_again"
    """What a manager has answered to the same question is repeated in the manager's words."""
    ASK_FOR_WORDS = "ask_for_words"
    """The customer is asked to write what the bot can't read."""
    FLAG = "flag"


class Decision(Model):
    outcome: Outcome
    reason: HandOffReason | None = None
    detail: str = ""
    """Why, in words for managers."""


ASKS_FROM = 0.5
"""From here up a message that holds no phrase of asking for a person counts as a request all the same."""
OFFER_SHARE = 0.6
"""From this share of the threshold up, near questions are offered instead of flagging."""


def asks_for_nothing(messages: tuple[InboundMessage, ...]) -> bool:
    """Whether a turn holds only reactions, a pressed START and the like, which want no reply."""
    return all(message.type in SILENT_TYPES or message.kind in SILENT_KINDS for message in messages)


WORDS_WITH_MEDIA = frozenset({MessageType.IMAGE, MessageType.AUDIO, MessageType.VIDEO, MessageType.DOCUMENT})
"""Kinds whose caption is the customer's own words: the bot answers these."""
WORDS = frozenset({MessageType.TEXT, MessageType.BUTTON, MessageType.EDITED})


def _is_readable(message: InboundMessage) -> bool:
    if message.type in SILENT_TYPES:
        return True
    if message.type in WORDS:
        return bool(message.text.strip()) or not message.attachments
    return message.type in WORDS_WITH_MEDIA and bool(message.text.strip())


def before_retrieval(messages: tuple[InboundMessage, ...], policy: Policy, *, person_offered: bool = False) -> Decision | None:
    """What can be decided from the messages alone; None sends the turn on to the documents.

    `person_offered`: the bot's last message asked whether a person shall take over.
    """
    if person_offered and any(accepts(message.text) or asks_for_person(message.text) for message in messages):
        detail = "The same question came again, and the customer wants to talk to a person"
        return Decision(outcome=Outcome.FLAG, reason=HandOffReason.REPEATED_QUESTION, detail=detail)
    unreadable = None
    for message in messages:
        if policy.person_requests and asks_for_person(message.text):
            return Decision(outcome=Outcome.FLAG, reason=HandOffReason.CUSTOMER_REQUEST, detail="The customer asked for a person")
        if word := found_keyword(message.text, policy.keywords):
            return Decision(outcome=Outcome.FLAG, reason=HandOffReason.KEYWORD, detail=f"The message holds the word “{word}”")
        if not _is_readable(message):
            kind = message.type.value.replace("_", " ")
            detail = f"The bot can't read this kind of message ({kind})"
            if policy.unreadable_to_person:
                return Decision(outcome=Outcome.FLAG, reason=HandOffReason.UNSUPPORTED_CONTENT, detail=detail)
            unreadable = unreadable or Decision(outcome=Outcome.ASK_FOR_WORDS, detail=detail)
    return unreadable if unreadable is not None and not any(message.text.strip() for message in messages) else None


def after_hearing(heard: Heard, policy: Policy, *, person_was_offered: bool) -> Decision | None:
    """What follows from how the customer said it and what was said before; None leaves it to the documents.

    `person_was_offered`: at any time in this conversation; it is done once.
    """
    if policy.person_requests and heard.asks_person >= ASKS_FROM:
        detail = f"The customer seems to ask for a person ({heard.asks_person:.0%})"
        return Decision(outcome=Outcome.FLAG, reason=HandOffReason.CUSTOMER_REQUEST, detail=detail)
    if policy.upset_threshold < 1 and heard.upset >= policy.upset_threshold:
        detail = f"The customer sounds upset ({heard.upset:.0%}; handed over from {policy.upset_threshold:.0%})"
        return Decision(outcome=Outcome.FLAG, reason=HandOffReason.NEGATIVE_SENTIMENT, detail=detail)
    if heard.said_by_person is not None:
        return Decision(outcome=Outcome.SAY_AGAIN, detail="A manager has answered the same question in this conversation")
    if policy.repeats_before_offer and heard.repeats + 1 >= policy.repeats_before_offer and not person_was_offered:
        return Decision(outcome=Outcome.OFFER_PERSON, detail=f"The same question came {heard.repeats + 1} times")
    return None


class Found(Protocol):
    """What `decide` reads of a turn's finding."""

    @property
    def found(self) -> bool: ...
    @property
    def confidence(self) -> float: ...
    @property
    def draft(self) -> Draft | None: ...
    @property
    def suggestions(self) -> tuple[str, ...]: ...
    @property
    def detail(self) -> str:
        """Why a language model's reading brought no draft; empty without one."""
        ...


def decide(evidence: Found, policy: Policy, *, offered_before: bool) -> Decision:
    """Answer, offer or flag, from what the documents say.

    Answers iff there is a draft, the threshold is below 1 and the confidence reaches it. Near misses are offered as questions, but
    never twice in a row: who was offered and still did not find the answer is handed to a person.
    """
    threshold = policy.answer_threshold
    draft = evidence.draft
    if draft is not None and evidence.found and threshold < 1 and evidence.confidence >= threshold:
        return Decision(outcome=Outcome.ANSWER)
    near = draft is not None and threshold < 1 and evidence.confidence >= threshold * OFFER_SHARE
    if near and evidence.suggestions and not offered_before:
        return Decision(outcome=Outcome.OFFER, detail="Stored questions are near to what was asked")
    if not evidence.found or draft is None:
        detail = evidence.detail or "The documents hold no answer to this question"
        return Decision(outcome=Outcome.FLAG, reason=HandOffReason.MISSING_KNOWLEDGE, detail=detail)
    return Decision(
        outcome=Outcome.FLAG,
        reason=HandOffReason.LOW_CONFIDENCE,
        detail=f"The best passage answers this with a confidence of {evidence.confidence:.0%}; the bot answers from {threshold:.0%}",
    )


def words_for(reason: HandOffReason) -> str:
    """The reason in a manager's words."""
    match reason:
        case HandOffReason.CUSTOMER_REQUEST:
            return "the customer asked for a person"
        case HandOffReason.MISSING_KNOWLEDGE:
            return "the documents hold no answer"
        case HandOffReason.LOW_CONFIDENCE:
            return "the best passage is not certain enough"
        case HandOffReason.KEYWORD:
            return "a word you listed came up"
        case HandOffReason.REPEATED_QUESTION:
            return "the same question came again"
        case HandOffReason.NEGATIVE_SENTIMENT:
            return "the customer sounds upset"
        case HandOffReason.UNSUPPORTED_CONTENT:
            return "the bot can't read this kind of message"
        case HandOffReason.ASSISTANT_FAILED:
            return "the bot could not finish its answer"
        case HandOffReason.WINDOW_EXPIRED:
            return "the channel's reply window has closed"
        case HandOffReason.MANUAL:
            return "a manager asked for it"
        case _:
            assert_never(reason)
