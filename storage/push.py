"""Browsers that take push messages, and the keys by which their vendors know this installation.

An endpoint is as good as a password to whoever wants to disturb somebody: it is stored encrypted, like the keys.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses

from domain.errors import InvalidInput
from domain.notices import PushDevice, PushKeys, PushSubscription
from storage.database import Database
from storage.secrets import Vault, hashed
from storage.tables import key_pairs, push_subscriptions

VAPID = "vapid"
MOST_BROWSERS = 10
"""Of one person; the oldest goes when another one is added."""

_P = push_subscriptions.c
_OF = select(push_subscriptions).where(_P.manager_id == bindparam("manager")).order_by(_P.created_at.desc(), _P.id)
_ADD = insert(push_subscriptions)
_PUT = _ADD.on_conflict_do_update(
    index_elements=["id"], set_={name: _ADD.excluded[name] for name in ("manager_id", "session_hash", "sealed", "label", "created_at")}
)
_KEYS = select(key_pairs).where(key_pairs.c.name == VAPID)
_ADD_KEYS = insert(key_pairs).on_conflict_do_nothing()


class Push:
    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._keys: PushKeys | None = None

    async def keys(self) -> PushKeys:
        """Made when they are first asked for; the same for every process from then on."""
        if self._keys is None:
            async with self._db.read() as connection:
                row = (await connection.execute(_KEYS)).first()
            if row is None:
                made = _new_keys()
                values = {
                    "name": VAPID,
                    "public": made.public,
                    "sealed": self._vault.encrypt(made.private),
                    "created_at": datetime.now(UTC),
                }
                async with self._db.write() as connection:
                    await connection.execute(_ADD_KEYS, values)
                    row = (await connection.execute(_KEYS)).one()
            self._keys = PushKeys(public=row.public, private=self._vault.decrypt(row.sealed))
        return self._keys

    async def add(self, manager_id: str, session: str, *, endpoint: str, p256dh: str, auth: str, label: str) -> None:
        """A browser of a signed-in person; it is forgotten when the session is closed. Raises InvalidInput for what no browser gives."""
        _check(endpoint, p256dh, auth)
        subscription = PushSubscription(id=hashed(endpoint), endpoint=endpoint, p256dh=p256dh, auth=auth)
        values = {
            "id": subscription.id,
            "manager_id": manager_id,
            "session_hash": hashed(session),
            "sealed": self._vault.encrypt(subscription.model_dump_json()),
            "label": label[:80],
            "created_at": datetime.now(UTC),
        }
        async with self._db.write() as connection:
            await connection.execute(_PUT, values)
            rows = (await connection.execute(_OF, {"manager": manager_id})).all()
            for row in rows[MOST_BROWSERS:]:
                await connection.execute(delete(push_subscriptions).where(_P.id == row.id))

    async def of(self, manager_id: str) -> Sequence[PushSubscription]:
        async with self._db.read() as connection:
            rows = await connection.execute(_OF, {"manager": manager_id})
            return [PushSubscription.model_validate_json(self._vault.decrypt(row.sealed)) for row in rows]

    async def devices(self, manager_id: str, session: str) -> Sequence[PushDevice]:
        async with self._db.read() as connection:
            rows = await connection.execute(_OF, {"manager": manager_id})
            return [
                PushDevice(id=row.id, label=row.label, created_at=row.created_at, here=row.session_hash == hashed(session)) for row in rows
            ]

    async def forget(self, subscription_id: str) -> None:
        async with self._db.write() as connection:
            await connection.execute(delete(push_subscriptions).where(_P.id == subscription_id))

    async def remove(self, manager_id: str, subscription_id: str) -> None:
        """As `forget`, if it is this person's."""
        async with self._db.write() as connection:
            await connection.execute(delete(push_subscriptions).where(_P.id == subscription_id, _P.manager_id == manager_id))


def _new_keys() -> PushKeys:
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return PushKeys(public=_text(point), private=_text(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _check(endpoint: str, p256dh: str, auth: str) -> None:
    try:
        point = base64.urlsafe_b64decode(p256dh + "=" * (-len(p256dh) % 4))
        secret = base64.urlsafe_b64decode(auth + "=" * (-len(auth) % 4))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise InvalidInput("The browser's push keys can't be read; turn push messages off and on again") from error
    if not endpoint.startswith(("https://", "http://")) or len(endpoint) > 2_000 or len(secret) != 16:
        raise InvalidInput("This is no push subscription; turn push messages off and on again")
