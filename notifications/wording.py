"""What a notice says. A customer's words never stand in it: notices show on lock screens and in mail relays' logs."""

from datetime import UTC, datetime

from domain.conversations import HandOffReason
from domain.decisions import words_for
from domain.ids import derived_id
from domain.managers import Manager
from domain.turns import Notice

REASONS = {words_for(reason) for reason in HandOffReason}


def reason_in_words(notice: Notice) -> str:
    """Why a person is needed. What is none of our own wordings is not repeated: it could be a customer's text."""
    return notice.reason if notice.reason in REASONS else "a person is needed"


def flagged_at_in_words(notice: Notice) -> str:
    return datetime.fromisoformat(notice.flagged_at).astimezone(UTC).strftime("%d %B %Y, %H:%M UTC")


def notice_id(notice: Notice, person: Manager) -> str:
    """The same for every repeat of one notice to one person."""
    return derived_id("notice", notice.conversation_id, notice.rung, notice.flagged_at, person.id)
