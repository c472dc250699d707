"""What a notice says. A customer's words stand in it only where the person may answer by mail: notices show on lock screens."""

from datetime import UTC, datetime

from domain.conversations import HandOffReason
from domain.decisions import words_for
from domain.ladder import Rung
from domain.notices import Digest, WaitingCustomer
from domain.windows import REMINDER

REASONS = {*(words_for(reason) for reason in HandOffReason), REMINDER}


def reason_in_words(customer: WaitingCustomer) -> str:
    """Why a person is needed. What is none of our own wordings is not repeated: it could be a customer's text."""
    return customer.reason if customer.reason in REASONS else "a person is needed"


def moment_in_words(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC")


def headline(digest: Digest) -> str:
    """One line: a subject, a title, an SMS."""
    count = len(digest.waiting)
    nobody_came = all(customer.rung is Rung.LEAD for customer in digest.waiting)
    if count == 1:
        return f"{'Nobody has come to a customer' if nobody_came else 'A customer needs a person'}: {reason_in_words(digest.waiting[0])}"
    return f"Nobody has come to {count} customers" if nobody_came else f"{count} customers need a person"


def link_to(base_url: str, digest: Digest) -> str:
    """The conversation; for several, the list of those who wait."""
    if len(digest.waiting) == 1:
        return f"{base_url}/conversations/{digest.waiting[0].conversation_id}"
    return f"{base_url}/inbox/mine"
