"""Answers to customers that managers send by mail."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.commands import PersonVerb, Verdict
from domain.managers import Manager
from domain.model import Model


class MailForm(StrEnum):
    """How a mail came in."""

    MIME = "mime"
    """As it travelled: from a mailbox, or posted whole."""
    FIELDS = "fields"
    """Taken apart by SendGrid's Inbound Parse; the fields that matter, as JSON."""


class ReceivedMail(Model):
    form: MailForm
    content: bytes


class ReadMail(Model):
    """What one mail says, quoted text and signature apart."""

    message_id: str
    sender: str
    """The address in From, lower case."""
    recipients: tuple[str, ...]
    subject: str = ""
    text: str
    automatic: str | None = None
    """Why it was not written by a person: an auto-reply, a bounce, a mailing list."""
    proved: bool | None = None
    """Whether the relay says that it comes from where it says; None = it says nothing."""


class ReplyOffer(Model):
    """How one person answers one conversation by mail."""

    token: str
    """Stands in the reply address; only this person, until it expires."""
    words: tuple[str, ...]
    """What the customer wrote last."""


class ReplyTarget(Model):
    conversation_id: str
    manager_id: str
    seen_message_id: str | None
    """The last message that the person had seen when the mail was written."""


class MailOutcome(StrEnum):
    SENT = "sent"
    REFUSED = "refused"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"


# The ports through which such a mail is dealt with


class ReplyOffers(Protocol):
    async def offer(self, conversation_id: str, manager_id: str, *, now: datetime) -> ReplyOffer | None:
        """How this person answers this conversation by mail; None where that is switched off."""
        ...


class MailStore(Protocol):
    """Mails that answer customers, each once."""

    async def received(self, mail_id: str) -> ReceivedMail | None:
        """None once it is settled."""
        ...

    async def target(self, token: str, *, now: datetime) -> ReplyTarget | None: ...

    async def is_repeat(self, mail_id: str, message_id: str) -> bool: ...

    async def settle(self, mail_id: str, outcome: MailOutcome, detail: str = "") -> None: ...


class Writers(Protocol):
    async def get(self, manager_id: str) -> Manager:
        """Raises NotFound."""
        ...


class Acting(Protocol):
    async def act(self, verb: PersonVerb, *, wait_seconds: float = 2.0) -> Verdict | None:
        """The conversation's verdict; None if there is none yet. Raises NotFound, Conflict, EngineUnavailable."""
        ...


class MailAnswers(Protocol):
    async def refuse(self, mail: ReadMail, target: ReplyTarget, person: Manager, why: str, *, unseen: tuple[str, ...]) -> None:
        """Says by mail why an answer was not sent. Raises NotTold."""
        ...
