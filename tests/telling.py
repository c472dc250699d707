"""What requests need to tell people, over a test's database."""

from domain.ladder import Medium
from storage.database import Database
from storage.notices import Notices
from storage.preferences import Preferences
from storage.push import Push
from storage.secrets import Vault
from storage.stores import Stores
from web.services import Telling


def telling(db: Database, vault: Vault) -> Telling:
    return Telling(notices=Notices(db), preferences=Preferences(db), push=Push(db, vault), media=frozenset(Medium))


def telling_over(stores: Stores) -> Telling:
    return telling(stores.db, stores.vault)
