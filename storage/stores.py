"""Every repository over one database, opened together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from domain.channels import ChannelFeatures, ChannelKind
from domain.managers import AWAY_AFTER
from storage.arrivals import Arrivals
from storage.attendance import Attendance
from storage.contacts import Contacts
from storage.conversations import Conversations
from storage.database import Database
from storage.documents import Documents
from storage.events import Events
from storage.files import Files
from storage.inboxes import Inboxes
from storage.judgements import Judgements
from storage.ledger import Ledger
from storage.line import Line
from storage.mail import Mail
from storage.notices import Notices
from storage.people import People
from storage.preferences import Preferences
from storage.push import Push
from storage.secrets import Vault
from storage.teamwork import Teamwork
from storage.tokens import Tokens
from storage.unknown_sends import UnknownSends
from storage.verified import Verified


@dataclass(frozen=True)
class Stores:
    db: Database
    vault: Vault
    attendance: Attendance
    arrivals: Arrivals
    contacts: Contacts
    conversations: Conversations
    documents: Documents
    events: Events
    files: Files
    inboxes: Inboxes
    judgements: Judgements
    ledger: Ledger
    line: Line
    mail: Mail
    verified: Verified
    notices: Notices
    people: People
    teamwork: Teamwork
    preferences: Preferences
    push: Push
    tokens: Tokens
    unknown_sends: UnknownSends


def build_stores(url: str, key: str, features: Mapping[ChannelKind, ChannelFeatures], *, away_after: timedelta = AWAY_AFTER) -> Stores:
    """Nothing is connected before it is used; close `db` at the end."""
    database = Database(url)
    vault = Vault(key)
    inboxes = Inboxes(database, vault, features)
    return Stores(
        db=database,
        vault=vault,
        attendance=Attendance(database, away_after=away_after),
        arrivals=Arrivals(database),
        contacts=Contacts(database),
        conversations=Conversations(database, away_after=away_after),
        documents=Documents(database),
        events=Events(database),
        files=Files(database),
        inboxes=inboxes,
        judgements=Judgements(database),
        ledger=Ledger(database),
        line=Line(database, away_after=away_after),
        mail=Mail(database, vault),
        verified=Verified(database, vault),
        notices=Notices(database),
        people=People(database),
        teamwork=Teamwork(database),
        preferences=Preferences(database),
        push=Push(database, vault),
        tokens=Tokens(database, inboxes),
        unknown_sends=UnknownSends(database),
    )


@asynccontextmanager
async def open_stores(url: str, key: str, features: Mapping[ChannelKind, ChannelFeatures]) -> AsyncIterator[Stores]:
    stores = build_stores(url, key, features)
    try:
        yield stores
    finally:
        await stores.db.close()
