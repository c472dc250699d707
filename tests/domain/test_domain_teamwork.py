"""Whom a note mentions."""

from datetime import UTC, datetime

import pytest

from domain.managers import Manager, Role
from domain.teamwork import mentioned

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def person(email: str, name: str) -> Manager:
    return Manager(id=email, email=email, name=name, role=Role.MANAGER, created_at=NOW)


TEAM = (
    person("jose@desk.example", "José Peña"),
    person("ana.r@desk.example", "Ana Ruiz"),
    person("anita@desk.example", "Ana Soto"),
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@jose please look", ["José Peña"]),
        ("Can you, @José?", ["José Peña"]),
        ("@jose.pena, @ANA.R.", ["José Peña", "Ana Ruiz"]),
        ("@ana knows", ["Ana Ruiz", "Ana Soto"]),
        ("@anita", ["Ana Soto"]),
        ("write to jose@desk.example", []),
        ("jose, ana", []),
        ("@josefina", []),
        ("", []),
    ],
)
def test_a_note_mentions_people_by_first_name_full_name_or_mailbox(text: str, names: list[str]) -> None:
    assert [found.name for found in mentioned(text, TEAM)] == names
