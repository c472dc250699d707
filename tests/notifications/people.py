"""Two managers and a notice, for the tests of notifications."""

from datetime import UTC, datetime

from domain.conversations import HandOffReason
from domain.decisions import words_for
from domain.managers import Manager, Role
from domain.turns import Notice

LINK = "https://desk.example/conversations/0f5c2b1e"
JOINED = datetime(2026, 11, 1, tzinfo=UTC)
INES = Manager(id="m-ines", email="ines@shop.example", name="Inés Albornoz", role=Role.OWNER, phone="+59899000111", created_at=JOINED)
MATEO = Manager(id="m-mateo", email="mateo@shop.example", name="Mateo", role=Role.MANAGER, phone="+59899000222", created_at=JOINED)


def notice(rung: str, reason: str = words_for(HandOffReason.MISSING_KNOWLEDGE)) -> Notice:
    return Notice(conversation_id="0f5c2b1e", inbox_id="web", rung=rung, reason=reason, flagged_at="2026-11-22T10:03:00+00:00")
