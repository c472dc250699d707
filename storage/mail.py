"""Mails that answer customers: the addresses they are sent to, and what came in, each once.

A reply address holds a token: HMAC over conversation, person, last message seen and expiry. Its row says what it stands for; whoever can
write rows, but doesn't have the installation's key, can make no address that counts.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import NotFound
from domain.mail import MailForm, MailOutcome, ReceivedMail, ReplyOffer, ReplyTarget
from domain.messages import Direction, Sender
from storage.database import Database
from storage.mapping import policy_from
from storage.secrets import Vault, hashed
from storage.tables import conversations, inboxes, mail_arrivals, mailbox_positions, messages, reply_addresses

GOOD_FOR = timedelta(days=14)
MOST_WORDS = 3
"""Messages of the customer that a mail shows."""
LONGEST_WORDS = 600
TOKEN_BYTES = 15

_M = mail_arrivals.c
_POLICY = (
    select(inboxes.c.policy)
    .join(conversations, conversations.c.inbox_id == inboxes.c.id)
    .where(conversations.c.id == bindparam("conversation"))
)
_SEEN = messages.alias()
_LAST = (
    select(messages.c.id, messages.c.direction, messages.c.text, messages.c.type)
    .where(messages.c.conversation_id == bindparam("conversation"), messages.c.direction != Direction.NOTE.value)
    .order_by(messages.c.position.desc())
    .limit(20)
)
_SINCE = (
    select(messages.c.id, messages.c.sender)
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.direction != Direction.NOTE.value,
        messages.c.position > select(_SEEN.c.position).where(_SEEN.c.id == bindparam("seen")).scalar_subquery(),
    )
    .order_by(messages.c.position)
    .limit(20)
)
_ADD_ADDRESS = insert(reply_addresses).on_conflict_do_nothing()
_ADDRESS = select(reply_addresses).where(reply_addresses.c.token_hash == bindparam("token"))
_ADD = insert(mail_arrivals).on_conflict_do_nothing()
_ONE = select(mail_arrivals).where(_M.id == bindparam("mail"))
_SAME = select(_M.id).where(_M.message_id == bindparam("message"), _M.id != bindparam("mail"))
_POSITION = select(mailbox_positions).where(mailbox_positions.c.mailbox == bindparam("box"))
_PUT = insert(mailbox_positions)
_PUT_POSITION = _PUT.on_conflict_do_update(index_elements=["mailbox"], set_={"validity": _PUT.excluded.validity, "uid": _PUT.excluded.uid})


class Mail:
    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    # Reply addresses

    async def offer(self, conversation_id: str, manager_id: str, *, now: datetime) -> ReplyOffer | None:
        """How this person may answer by mail; None where the inbox's policy keeps customers' words out of mails."""
        async with self._db.read() as connection:
            policy = (await connection.execute(_POLICY, {"conversation": conversation_id})).scalar_one_or_none()
            recent = (await connection.execute(_LAST, {"conversation": conversation_id})).all()
        if policy is None or not policy_from(policy).notify_email_with_text:
            return None
        words: list[str] = []
        for row in recent:
            if row.direction == Direction.INBOUND.value:
                words.append(row.text[:LONGEST_WORDS] or f"[{row.type}]")
            elif words:
                break  # what was said after the customer's last words, a holding line mostly, is passed over
        seen = recent[0].id if recent else None
        return ReplyOffer(token=await self._address(conversation_id, manager_id, seen, now=now), words=tuple(reversed(words[:MOST_WORDS])))

    async def _address(self, conversation_id: str, manager_id: str, seen: str | None, *, now: datetime) -> str:
        """The same for the rest of the day, so that the same mail, tried again, is the same mail."""
        day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        expires = day + GOOD_FOR
        token = self._token(conversation_id, manager_id, seen, expires)
        values = {
            "token_hash": hashed(token),
            "conversation_id": conversation_id,
            "manager_id": manager_id,
            "seen_message_id": seen,
            "expires_at": expires,
        }
        async with self._db.write() as connection:
            await connection.execute(delete(reply_addresses).where(reply_addresses.c.expires_at < now))
            await connection.execute(_ADD_ADDRESS, values)
        return token

    def _token(self, conversation_id: str, manager_id: str, seen: str | None, expires: datetime) -> str:
        """Mail relays may change a local part's case: base 32, in lower case."""
        digest = self._vault.digest("reply-address", "\x1f".join((conversation_id, manager_id, seen or "", expires.isoformat())))
        return base64.b32encode(digest[:TOKEN_BYTES]).decode().lower()

    async def target(self, token: str, *, now: datetime) -> ReplyTarget | None:
        """What a reply address stands for; None if it is none of ours, or no longer good."""
        async with self._db.read() as connection:
            row = (await connection.execute(_ADDRESS, {"token": hashed(token.lower())})).first()
            if row is None or row.expires_at <= now:
                return None
            if self._token(row.conversation_id, row.manager_id, row.seen_message_id, row.expires_at) != token.lower():
                return None
            seen = await self._seen_by_now(connection, row.conversation_id, row.seen_message_id)
        return ReplyTarget(conversation_id=row.conversation_id, manager_id=row.manager_id, seen_message_id=seen)

    async def _seen_by_now(self, connection: AsyncConnection, conversation_id: str, seen: str | None) -> str | None:
        """What the bot said right after the person's last look, an apology for the wait mostly, is no reason to refuse the answer."""
        if seen is None:
            return None
        for row in await connection.execute(_SINCE, {"conversation": conversation_id, "seen": seen}):
            if row.sender != Sender.BOT.value:
                break
            seen = row.id
        return seen

    # What came in

    async def keep(self, mail: ReceivedMail) -> str:
        """Durable from here on; the same bytes again get the same id. Encrypted until it is settled, then gone."""
        text = base64.b64encode(mail.content).decode()
        mail_id = hashed(f"{mail.form}\x1f{text}")[:32]
        values = {"id": mail_id, "form": mail.form.value, "sealed": self._vault.encrypt(text), "received_at": datetime.now(UTC)}
        async with self._db.write() as connection:
            await connection.execute(_ADD, values)
        return mail_id

    async def received(self, mail_id: str) -> ReceivedMail | None:
        """None once it is settled. Raises NotFound."""
        async with self._db.read() as connection:
            row = (await connection.execute(_ONE, {"mail": mail_id})).first()
        if row is None:
            raise NotFound(f"There is no mail {mail_id}")
        if row.sealed is None:
            return None
        return ReceivedMail(form=MailForm(row.form), content=base64.b64decode(self._vault.decrypt(row.sealed)))

    async def is_repeat(self, mail_id: str, message_id: str) -> bool:
        """Notes the Message-ID; whether another mail had it before."""
        async with self._db.write() as connection:
            await self._db.lock(connection, "mail")
            if (await connection.execute(_SAME, {"message": message_id, "mail": mail_id})).first() is not None:
                return True
            await connection.execute(update(mail_arrivals).where(_M.id == mail_id).values(message_id=message_id))
            return False

    async def settle(self, mail_id: str, outcome: MailOutcome, detail: str = "") -> None:
        """Its content is gone from here on."""
        values = {"sealed": None, "outcome": outcome.value, "detail": detail, "settled_at": datetime.now(UTC)}
        async with self._db.write() as connection:
            await connection.execute(update(mail_arrivals).where(_M.id == mail_id).values(**values))

    async def outcomes(self) -> Sequence[tuple[MailOutcome, str]]:
        """What became of every mail, oldest first."""
        async with self._db.read() as connection:
            rows = await connection.execute(select(_M.outcome, _M.detail).where(_M.outcome.is_not(None)).order_by(_M.received_at, _M.id))
            return [(MailOutcome(row.outcome), row.detail or "") for row in rows]

    # How far a mailbox was read

    async def position(self, mailbox: str) -> tuple[int, int] | None:
        """UIDVALIDITY and the last UID that was looked at."""
        async with self._db.read() as connection:
            row = (await connection.execute(_POSITION, {"box": mailbox})).first()
        return None if row is None else (row.validity, row.uid)

    async def move_to(self, mailbox: str, validity: int, uid: int) -> None:
        async with self._db.write() as connection:
            await connection.execute(_PUT_POSITION, {"mailbox": mailbox, "validity": validity, "uid": uid})
