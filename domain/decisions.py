"""The pure decision what to do with a turn: answer, offer near questions, or hand over to a person."""

import re
from enum import StrEnum
from typing import Protocol, assert_never

from domain.conversations import HandOffReason
from domain.knowledge import Draft
from domain.messages import SILENT_KINDS, SILENT_TYPES, InboundMessage, MessageType
from domain.model import Model
from domain.policy import Policy


class Outcome(StrEnum):
    ANSWER = "answer"
    OFFER = "offer"
    FLAG = "flag"


class Decision(Model):
    outcome: Outcome
    reason: HandOffReason | None = None
    detail: str = ""
    """Why, in words for managers."""


OFFER_SHARE = 0.6
"""From this share of the threshold up, near questions are offered instead of flagging."""

_PERSON = re.compile(
    r"\b(?:"
    r"(?:talk|speak|chat|connect me|transfer me|put me through|pass me) (?:to|with) (?:a |an |the |some|your )?"
    r"(?:real |live |actual |human )?(?:human|person|people|someone|somebody|agent|manager|representative|operator|advisor|staff|one)"
    r"|(?:real|live|actual) (?:human|person|agent)|human (?:agent|being|please|help|support)"
    r"|(?:want|need|give me|get me) (?:a |an )?(?:human|person|agent|operator|representative|manager)\b"
    r"|(?:hablar|comunicar(?:me|se)?|contactar|chatear) con (?:una? |el |la |algun[ao]? |otra )?"
    r"(?:persona|humano|humana|agente|asesora?|operadora?|representante|encargad[oa]|alguien|vendedora?|gerente)"
    r"|(?:quiero|necesito|dame|pas[aá]me(?: con)?) (?:una? )?(?:persona|humano|agente|asesora?|operadora?)|persona real|atenci[oó]n humana"
    r"|(?:falar|conversar) com (?:uma? |o |a |algum |alguma )?"
    r"(?:pessoa|humano|humana|atendente|agente|operadora?|representante|gerente|algu[eé]m|vendedora?)"
    r"|(?:quero|preciso(?: de)?|me passa) (?:uma? )?(?:pessoa|humano|atendente)|pessoa (?:real|de verdade)|atendimento humano"
    r"|parler (?:à|a|avec) (?:une? |quelqu'un|un vrai )?(?:personne|humain|conseiller|conseillère|agent|quelqu)"
    r"|mit (?:einem|einer|jemandem)(?: echten)? ?(?:menschen|person|mitarbeiter(?:in)?|berater(?:in)?)? ?(?:sprechen|reden)"
    r"|parlare con (?:una? |un')?(?:persona|operatore|operatrice|umano|qualcuno|agente)"
    r")\b",
    re.IGNORECASE,
)
_ONLY_PERSON = re.compile(
    r"^\W*(?:(?:please|por favor|hi|hello|hola|ol[aá])\W+)?(?:an? |una? |uma )?"
    r"(?:human|agent|operator|person|representative|persona|humano|agente|operador|asesor|atendente|pessoa|conseiller|mitarbeiter|operatore)"
    r"(?:\W+(?:please|por favor|pls))?\W*$",
    re.IGNORECASE,
)


def asks_for_person(text: str) -> bool:
    """Whether the customer asks to be put through to a person (en, es, pt, fr, de, it)."""
    return bool(_PERSON.search(text) or _ONLY_PERSON.match(text))


def found_keyword(text: str, keywords: tuple[str, ...]) -> str | None:
    """The first of the inbox's words that stands in the text as a whole word, in any case."""
    return next((word for word in keywords if word and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)), None)


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


def before_retrieval(messages: tuple[InboundMessage, ...], policy: Policy) -> Decision | None:
    """What can be decided from the messages alone; None sends the turn on to the documents."""
    for message in messages:
        if asks_for_person(message.text):
            return Decision(outcome=Outcome.FLAG, reason=HandOffReason.CUSTOMER_REQUEST, detail="The customer asked for a person")
        if word := found_keyword(message.text, policy.keywords):
            return Decision(outcome=Outcome.FLAG, reason=HandOffReason.KEYWORD, detail=f"The message holds the word “{word}”")
        if not _is_readable(message):
            kind = message.type.value.replace("_", " ")
            return Decision(
                outcome=Outcome.FLAG, reason=HandOffReason.UNSUPPORTED_CONTENT, detail=f"The bot can't read this kind of message ({kind})"
            )
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
    if near and len(evidence.suggestions) >= 2 and not offered_before:
        return Decision(outcome=Outcome.OFFER, detail="Two or more stored questions are near to what was asked")
    if not evidence.found or draft is None:
        return Decision(
            outcome=Outcome.FLAG, reason=HandOffReason.MISSING_KNOWLEDGE, detail="The documents hold no answer to this question"
        )
    return Decision(
        outcome=Outcome.FLAG,
        reason=HandOffReason.LOW_CONFIDENCE,
        detail=f"The best passage answers this with a confidence of {evidence.confidence:.0%}; the bot answers from {threshold:.0%}",
    )


def offer_text(words: str, suggestions: tuple[str, ...]) -> str:
    """The offer as plain text, numbered for channels without buttons."""
    return "\n".join([words, *(f"{number}. {question}" for number, question in enumerate(suggestions, start=1))])


def chosen_offer(text: str, offered: tuple[str, ...]) -> str | None:
    """The offered question that the customer picked, by its number or its words."""
    answer = text.strip().strip(".)").casefold()
    if answer.isdigit() and 1 <= int(answer) <= len(offered):
        return offered[int(answer) - 1]
    return next((question for question in offered if question.casefold() == text.strip().casefold()), None)


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
