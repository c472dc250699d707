"""By when a person shall have answered."""

from datetime import UTC, datetime

from domain.policy import Policy
from domain.targets import ReplyKind, target_of

POLICY = Policy(first_reply_minutes=60, next_reply_minutes=15, business_hours="America/Santiago; mon-fri 09:00-18:00; closed 2026-12-25")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_targets_count_business_hours_and_holidays() -> None:
    christmas_eve = utc("2026-12-24 20:45")  # a quarter of an hour before closing time; then Christmas and a weekend
    first = target_of(POLICY, christmas_eve, replied=False)
    assert first is not None
    assert (first.kind, first.due_at) == (ReplyKind.FIRST, utc("2026-12-28 12:45"))
    following = target_of(POLICY, christmas_eve, replied=True)
    assert following is not None
    assert (following.kind, following.due_at) == (ReplyKind.NEXT, utc("2026-12-24 21:00"))


def test_without_a_waiting_customer_or_a_target_nothing_is_due() -> None:
    assert target_of(POLICY, None, replied=False) is None
    assert target_of(Policy(), utc("2026-12-24 12:00"), replied=False) is None
    assert target_of(Policy(first_reply_minutes=5), utc("2026-12-24 12:00"), replied=True) is None
