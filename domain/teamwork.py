"""How managers work together on a conversation: mentions in notes, watching, and seeing who else is there."""

import re
from collections.abc import Sequence
from datetime import timedelta

from domain.folded_words import fold
from domain.managers import Manager
from domain.model import Model, UtcDatetime

HERE_FOR = timedelta(seconds=25)
"""Without another sign for so long, somebody no longer counts as looking; the page gives one every 10 s."""
TYPING_FOR = timedelta(seconds=12)

_AT = re.compile(r"(?<![\w@.])@(\w[\w.+-]*)")


class Colleague(Model):
    """Somebody else who has the conversation open."""

    manager_id: str
    name: str
    typing: bool


class Mention(Model):
    """A note that names a manager who has not opened the conversation since."""

    note_id: str
    conversation_id: str
    customer: str | None
    author: str
    text: str
    at: UtcDatetime


def mentioned(text: str, people: Sequence[Manager]) -> tuple[Manager, ...]:
    """Who is named by `@first-name`, `@first.last` or `@` and the part of the e-mail address before its own `@`, in any case and without
    accents. A first name that two people share names both."""
    wanted = {fold(found).rstrip(".") for found in _AT.findall(text)}
    return tuple(person for person in people if wanted & _names(person))


def _names(person: Manager) -> set[str]:
    words = [word for word in re.split(r"\W+", fold(person.name)) if word]
    return {fold(person.email.partition("@")[0]), ".".join(words), *words[:1]}
