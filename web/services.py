"""What a request may use. Built once by the composition root, kept at `app.state.services`, handed out by `services`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import Request

from domain.channels import ChannelKind
from domain.commands import PersonVerb, Verdict
from domain.knowledge import Answer
from domain.ladder import Medium
from domain.managers import Inbox
from domain.messages import Arrival, DeliveryReceipt, Echo, ResourceChanged
from domain.ports import Channel, ShowsLater
from domain.verification import Verifier
from storage.arrivals import Arrivals
from storage.attendance import Attendance
from storage.contacts import Contacts
from storage.conversations import Conversations
from storage.database import Database
from storage.documents import Documents
from storage.events import Events
from storage.files import Files
from storage.inboxes import Inboxes
from storage.ledger import Ledger
from storage.mail import Mail
from storage.notices import Notices
from storage.people import People
from storage.preferences import Preferences
from storage.push import Push
from storage.secrets import Vault
from storage.teamwork import Teamwork
from storage.tokens import Tokens
from storage.verified import Verified
from web.live import LiveFeed
from web.page_images import PageImages


class Receipt(Protocol):
    """What the gateway says about one arrival, once it is durable."""

    @property
    def message_id(self) -> str: ...
    @property
    def conversation_id(self) -> str | None:
        """None until the conversation's first run is known."""
        ...

    @property
    def duplicate(self) -> bool: ...


class Gateway(Protocol):
    """The conversations' engine as requests see it; `gateway.ConversationGateway` is the real one."""

    async def receive(self, inbox: Inbox, arrival: Arrival) -> Receipt:
        """Returns once the arrival is durable. Raises Conflict, EngineUnavailable."""
        ...

    async def deliver_event(self, inbox: Inbox, event: DeliveryReceipt | Echo) -> None:
        """Raises EngineUnavailable."""
        ...

    async def note_change(self, inbox_id: str, changed: ResourceChanged) -> None:
        """Returns once it is sure to be read, without asking the database. Raises EngineUnavailable."""
        ...

    async def act(self, verb: PersonVerb, *, wait_seconds: float = 2.0) -> Verdict | None:
        """The conversation's verdict, or None if there was none within `wait_seconds`. Raises NotFound, EngineUnavailable."""
        ...

    async def answer_by_mail(self, mail_id: str) -> None:
        """Raises EngineUnavailable."""
        ...

    async def ask(self, question: str, inbox_id: str | None = None) -> Answer:
        """Raises NotFound, EngineUnavailable."""
        ...

    async def import_document(self, document_id: str) -> None:
        """Starts the import. Raises EngineUnavailable."""
        ...

    async def fetch_media(self, message_id: str) -> None:
        """Has a message's files fetched again. Raises EngineUnavailable."""
        ...

    async def readiness(self) -> dict[str, bool]: ...

    def temporal_link(self, workflow_id: str, run_id: str) -> str | None:
        """Where operators read this run; None if no Temporal UI is known."""
        ...


@dataclass(frozen=True)
class Telling:
    """How people are told that a customer waits."""

    notices: Notices
    preferences: Preferences
    push: Push
    mail: Mail
    verified: Verified
    media: frozenset[Medium]
    """By which the installation can tell people."""
    verifier: Verifier | None = None
    """Sends codes by SMS; None where that isn't set up."""
    inbound_secret: str = ""
    """Ends the address where answers by mail are posted; empty: nothing is taken in there."""


@dataclass(frozen=True)
class Services:
    db: Database
    conversations: Conversations
    arrivals: Arrivals
    contacts: Contacts
    attendance: Attendance
    inboxes: Inboxes
    people: People
    teamwork: Teamwork
    tokens: Tokens
    documents: Documents
    events: Events
    files: Files
    ledger: Ledger
    gateway: Gateway
    channels: Mapping[ChannelKind, Channel]
    public_url: str
    """As browsers and vendors reach us, without a trailing slash."""
    vault: Vault
    live: LiveFeed
    telling: Telling
    later: ShowsLater | None = None
    """Shows customers that somebody reads and writes; None where no vendor is to be called."""
    page_images: PageImages = field(default_factory=PageImages)


def services(request: Request) -> Services:
    """A FastAPI dependency; also called directly by plain routes."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found
