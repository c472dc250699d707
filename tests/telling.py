"""What requests need to tell people, over a test's database."""

from domain.ladder import Medium
from storage.database import Database
from storage.mail import Mail
from storage.notices import Notices
from storage.preferences import Preferences
from storage.push import Push
from storage.secrets import Vault
from storage.stores import Stores
from storage.verified import Verified
from web.services import Telling

INBOUND_SECRET = "an-unguessable-end"


def telling(db: Database, vault: Vault) -> Telling:
    return Telling(
        notices=Notices(db),
        preferences=Preferences(db),
        push=Push(db, vault),
        mail=Mail(db, vault),
        verified=Verified(db, vault),
        inbound_secret=INBOUND_SECRET,
        media=frozenset(Medium),
    )


def telling_over(stores: Stores) -> Telling:
    return telling(stores.db, stores.vault)
