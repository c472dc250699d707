"""Notes with mentions, watchers, and who is looking at a conversation."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert  # both dialects compile its ON CONFLICT clauses

from domain.errors import NotFound
from domain.messages import Message
from domain.teamwork import HERE_FOR, TYPING_FOR, Colleague, Mention, mentioned
from storage import events
from storage.database import Database
from storage.listing import MESSAGES
from storage.mapping import manager_from, message_from, note_values
from storage.tables import contacts, conversations, managers, mentions, messages, presence, watchers

MOST_MENTIONS = 50

_CONVERSATION = select(conversations.c.inbox_id).where(conversations.c.id == bindparam("conversation"))
_ADD_NOTE = insert(messages).on_conflict_do_nothing().returning(messages.c.id)
_NOTE = MESSAGES.where(messages.c.id == bindparam("note"))
_ADD_MENTIONS = insert(mentions).on_conflict_do_nothing()
_ADD_WATCHERS = insert(watchers).on_conflict_do_nothing()
_UNWATCH = delete(watchers).where(watchers.c.conversation_id == bindparam("conversation"), watchers.c.manager_id == bindparam("manager"))
_WATCHERS = (
    select(managers)
    .join(watchers, watchers.c.manager_id == managers.c.id)
    .where(watchers.c.conversation_id == bindparam("conversation"))
    .order_by(watchers.c.at, managers.c.id)
)
_author = managers.alias("author")
_UNSEEN = (
    select(mentions.c.note_id, mentions.c.conversation_id, mentions.c.at, messages.c.text, _author.c.name.label("author"), contacts.c.name)
    .join(messages, messages.c.id == mentions.c.note_id)
    .join(conversations, conversations.c.id == mentions.c.conversation_id)
    .outerjoin(contacts, contacts.c.id == conversations.c.contact_id)
    .outerjoin(_author, _author.c.id == messages.c.author_id)
    .where(mentions.c.manager_id == bindparam("manager"), mentions.c.seen_at.is_(None))
    .order_by(mentions.c.at.desc())
    .limit(MOST_MENTIONS)
)
_SEEN = (
    update(mentions)
    .where(
        mentions.c.conversation_id == bindparam("conversation"), mentions.c.manager_id == bindparam("manager"), mentions.c.seen_at.is_(None)
    )
    .values(seen_at=bindparam("now"))
)
_arrive = insert(presence)
_ARRIVE = _arrive.on_conflict_do_update(
    index_elements=["conversation_id", "manager_id"], set_={"at": _arrive.excluded.at, "typing_at": _arrive.excluded.typing_at}
)
_LEAVE = delete(presence).where(presence.c.manager_id == bindparam("manager"), presence.c.conversation_id != bindparam("conversation"))
_MINE = select(presence).where(presence.c.conversation_id == bindparam("conversation"), presence.c.manager_id == bindparam("manager"))
_OTHERS = (
    select(presence, managers.c.name)
    .join(managers, managers.c.id == presence.c.manager_id)
    .where(
        presence.c.conversation_id == bindparam("conversation"),
        presence.c.manager_id != bindparam("manager"),
        presence.c.at > bindparam("since"),
    )
    .order_by(managers.c.name)
)


class Teamwork:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add_note(self, conversation_id: str, manager_id: str, text: str, *, note_id: str) -> Message:
        """A private note of a manager; whom it mentions watches the conversation and has a mention to see.

        Safe to repeat under the same `note_id`. Raises NotFound.
        """
        now = datetime.now(UTC)
        async with self._db.write() as connection:
            await self._db.lock(connection, conversation_id)
            inbox_id = (await connection.execute(_CONVERSATION, {"conversation": conversation_id})).scalar_one_or_none()
            if inbox_id is None:
                raise NotFound(f"There is no conversation {conversation_id}")
            values = note_values(note_id, conversation_id, inbox_id, manager_id, text, now)
            added = (await connection.execute(_ADD_NOTE, [values])).first()
            row = (await connection.execute(_NOTE, {"note": note_id})).one()
            if added is not None:
                team = [manager_from(one) for one in await connection.execute(select(managers))]
                named = [person.id for person in mentioned(text, team) if person.id != manager_id]
                common = {"conversation_id": conversation_id, "at": now}
                if named:
                    await connection.execute(_ADD_MENTIONS, [{**common, "note_id": note_id, "manager_id": one} for one in named])
                    await connection.execute(_ADD_WATCHERS, [{**common, "manager_id": one} for one in named])
                await events.append(self._db, connection, "message", conversation_id=conversation_id)
        return message_from(row)

    async def unseen_mentions(self, manager_id: str) -> Sequence[Mention]:
        """Newest first."""
        async with self._db.read() as connection:
            rows = (await connection.execute(_UNSEEN, {"manager": manager_id})).all()
        return [
            Mention(
                note_id=row.note_id,
                conversation_id=row.conversation_id,
                customer=row.name,
                author=row.author or "",
                text=row.text,
                at=row.at,
            )
            for row in rows
        ]

    async def mentions_seen(self, conversation_id: str, manager_id: str) -> None:
        """Writes nothing when there is none to see."""
        if not any(one.conversation_id == conversation_id for one in await self.unseen_mentions(manager_id)):
            return
        async with self._db.write() as connection:
            await connection.execute(_SEEN, {"conversation": conversation_id, "manager": manager_id, "now": datetime.now(UTC)})

    async def watch(self, conversation_id: str, manager_id: str) -> None:
        """Raises NotFound."""
        async with self._db.write() as connection:
            if (await connection.execute(_CONVERSATION, {"conversation": conversation_id})).first() is None:
                raise NotFound(f"There is no conversation {conversation_id}")
            values = {"conversation_id": conversation_id, "manager_id": manager_id, "at": datetime.now(UTC)}
            await connection.execute(_ADD_WATCHERS, [values])
            await events.append(self._db, connection, "conversation", conversation_id=conversation_id)

    async def unwatch(self, conversation_id: str, manager_id: str) -> None:
        async with self._db.write() as connection:
            await connection.execute(_UNWATCH, {"conversation": conversation_id, "manager": manager_id})
            await events.append(self._db, connection, "conversation", conversation_id=conversation_id)

    async def watchers(self, conversation_id: str) -> Sequence[tuple[str, str]]:
        """Id and name, who began first first."""
        async with self._db.read() as connection:
            return [(row.id, row.name) for row in await connection.execute(_WATCHERS, {"conversation": conversation_id})]

    async def here(self, conversation_id: str, manager_id: str, *, typing: bool, now: datetime | None = None) -> None:
        """A sign that somebody has the conversation open; colleagues' pages are told when that, or whether they type, has changed."""
        at = now or datetime.now(UTC)
        names = {"conversation": conversation_id, "manager": manager_id}
        async with self._db.write() as connection:
            before = (await connection.execute(_MINE, names)).first()
            was_here = before is not None and before.at > at - HERE_FOR
            was_typing = was_here and before is not None and before.typing_at is not None and before.typing_at > at - TYPING_FOR
            await connection.execute(_LEAVE, names)
            values = {"conversation_id": conversation_id, "manager_id": manager_id, "at": at, "typing_at": at if typing else None}
            await connection.execute(_ARRIVE, values)
            if (was_here, was_typing) != (True, typing):
                await events.append(self._db, connection, "presence", conversation_id=conversation_id)

    async def others(self, conversation_id: str, manager_id: str, *, now: datetime | None = None) -> Sequence[Colleague]:
        """Who else has it open."""
        at = now or datetime.now(UTC)
        names = {"conversation": conversation_id, "manager": manager_id, "since": at - HERE_FOR}
        async with self._db.read() as connection:
            rows = (await connection.execute(_OTHERS, names)).all()
        return [
            Colleague(manager_id=row.manager_id, name=row.name, typing=row.typing_at is not None and row.typing_at > at - TYPING_FOR)
            for row in rows
        ]
