"""The pure policy: when the bot answers, offers, or calls a person."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conversations import HandOffReason
from domain.decisions import Outcome, before_retrieval, decide
from domain.found_words import found_keyword
from domain.knowledge import Draft
from domain.messages import Attachment, InboundMessage, MessageType
from domain.person_requests import asks_for_person
from domain.policy import Policy
from domain.turns import Finding

DRAFT = Draft(text="Yes.", citations=(), model="extractive")
PHOTO = Attachment(type=MessageType.IMAGE, url="https://shop.example/photo.png")
SUGGESTIONS = ("Do you ship to Chile?", "How long is the warranty?")


def message(text: str = "", kind: MessageType = MessageType.TEXT, *, attachments: tuple[Attachment, ...] = ()) -> InboundMessage:
    return InboundMessage(id="1", provider_id="m-1", type=kind, text=text, attachments=attachments, received_at=datetime.now(UTC))


@pytest.mark.parametrize(
    "text",
    [
        "Can I talk to a human please",
        "I want to speak with a real person",
        "agent",
        "Get me a manager",
        "human please",
        "quiero hablar con una persona",
        "pasame con un agente",
        "necesito un asesor",
        "quero falar com um atendente",
        "preciso de uma pessoa",
        "Je veux parler à un conseiller",
        "Ich möchte mit einem Mitarbeiter sprechen",
        "vorrei parlare con un operatore",
    ],
)
def test_a_request_for_a_person_is_heard_in_six_languages(text: str) -> None:
    decision = before_retrieval((message(text),), Policy())
    assert decision is not None
    assert decision.reason is HandOffReason.CUSTOMER_REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "Do you ship to Chile?",
        "How many people fit in the tent?",
        "Is there a person size chart?",
        "¿Cuánto tarda el envío?",
        "Is the agent's discount still valid?",
        "Quanto custa o frete?",
    ],
)
def test_ordinary_questions_ask_for_nobody(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize(
    ("text", "found"), [("I will call my LAWYER!", "lawyer"), ("lawyers", None), ("", None), ("a refund, now", "refund")]
)
def test_keywords_are_whole_words_in_any_case(text: str, found: str | None) -> None:
    assert found_keyword(text, ("lawyer", "refund")) == found


@pytest.mark.parametrize(
    ("given_message", "readable"),
    [
        (message("Does it fit?", attachments=(PHOTO,)), True),
        (message("Does it fit?", MessageType.IMAGE, attachments=(PHOTO,)), True),
        (message(attachments=(PHOTO,)), False),
        (message(kind=MessageType.AUDIO), False),
        (message("Main street 1", MessageType.LOCATION), False),
        (message("📇", MessageType.CONTACT_CARD), False),
        (message("poll", MessageType.UNSUPPORTED), False),
        (message("👍", MessageType.REACTION), True),
        (message("Do you ship to Chile", MessageType.EDITED), True),
    ],
)
def test_words_are_answered_and_what_cannot_be_read_goes_to_a_person(given_message: InboundMessage, readable: bool) -> None:
    decision = before_retrieval((given_message,), Policy())
    assert (decision is None) == readable
    assert decision is None or decision.reason is HandOffReason.UNSUPPORTED_CONTENT


@given(
    threshold=st.floats(0, 1),
    confidence=st.floats(0, 1),
    found=st.booleans(),
    drafted=st.booleans(),
    near=st.booleans(),
    offered=st.booleans(),
)
def test_the_bot_answers_iff_there_is_a_passage_and_the_confidence_reaches_a_threshold_below_one(
    threshold: float, confidence: float, found: bool, drafted: bool, near: bool, offered: bool
) -> None:
    finding = Finding(
        turn_id="t", found=found, confidence=confidence, draft=DRAFT if drafted else None, suggestions=SUGGESTIONS if near else ()
    )
    decision = decide(finding, Policy(answer_threshold=threshold), offered_before=offered)
    assert (decision.outcome is Outcome.ANSWER) == (found and drafted and threshold < 1 and confidence >= threshold)
    assert decision.outcome is not Outcome.OFFER or (near and not offered and threshold < 1)
    assert decision.outcome is not Outcome.FLAG or decision.reason in (HandOffReason.MISSING_KNOWLEDGE, HandOffReason.LOW_CONFIDENCE)
