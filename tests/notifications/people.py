"""Two managers and what they are told, for the tests of notifications."""

from datetime import UTC, datetime

from domain.conversations import HandOffReason
from domain.decisions import words_for
from domain.ids import derived_id
from domain.ladder import Medium, Rung
from domain.managers import Manager, Role
from domain.notices import Digest, WaitingCustomer

DESK = "https://desk.example"
LINK = f"{DESK}/conversations/0f5c2b1e-0000-4000-8000-000000000001"
JOINED = datetime(2026, 11, 1, tzinfo=UTC)
FLAGGED_AT = datetime(2026, 11, 22, 10, 3, tzinfo=UTC)
INES = Manager(id="m-ines", email="ines@shop.example", name="Inés Albornoz", role=Role.OWNER, phone="+59899000111", created_at=JOINED)
MATEO = Manager(id="m-mateo", email="mateo@shop.example", name="Mateo", role=Role.MANAGER, phone="+59899000222", created_at=JOINED)


def customer(number: int = 1, **changes: object) -> WaitingCustomer:
    known = WaitingCustomer(
        conversation_id=f"0f5c2b1e-0000-4000-8000-{number:012d}",
        inbox_id="web",
        inbox_name="Website chat",
        rung=Rung.EMAIL,
        reason=words_for(HandOffReason.MISSING_KNOWLEDGE),
        flagged_at=FLAGGED_AT,
    )
    return known.model_copy(update=changes)


def digest(medium: Medium, person: Manager = INES, *waiting: WaitingCustomer) -> Digest:
    told = waiting or (customer(),)
    named = derived_id("digest", person.id, medium, *(f"{each.conversation_id}/{each.flagged_at}" for each in told))
    return Digest(id=named, medium=medium, person=person, waiting=told, at=FLAGGED_AT)
