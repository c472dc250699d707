"""Keeps SQL's picture of a conversation."""

from collections.abc import Sequence

from temporalio import activity

from domain.conversations import ConversationRecord, RecordedMessages
from domain.messages import Direction, Message, Sender
from domain.ports import ConversationStore
from domain.turns import NoteVerdict, Recorded

SUMMARY_LIMIT = 300
"""Characters; a summary is a reminder, the messages stay."""


class RecordActivities:
    def __init__(self, conversations: ConversationStore) -> None:
        self._conversations = conversations

    @activity.defn
    async def record_messages(self, recorded: RecordedMessages) -> Recorded:
        """Writes the conversation and what came in; brings the inbox's policy as it is now."""
        return await self._conversations.record(recorded)

    @activity.defn
    async def record_verdict(self, note: NoteVerdict) -> None:
        """One row per verb. From its commit on the verb counts as accepted, and no send of an older epoch is claimed."""
        recorded = RecordedMessages(record=note.record, messages=note.messages, announced=note.announced, queued=note.queued)
        await self._conversations.record(recorded, verdict=note.verdict)

    @activity.defn
    async def first_name(self, manager_id: str) -> str:
        """By which customers are told of a manager; empty if there is none."""
        return (await self._conversations.name_of_manager(manager_id)).partition(" ")[0]

    @activity.defn
    async def close_conversation(self, record: ConversationRecord) -> None:
        messages = await self._conversations.messages(record.conversation_id, limit=40)
        await self._conversations.close(record, summarize(messages))


def summarize(messages: Sequence[Message]) -> str:
    """What the customer first asked and what was said last, in their own words, at most `SUMMARY_LIMIT` characters."""
    asked = next((message.text for message in messages if message.direction is Direction.INBOUND and message.text), "")
    last = next((message for message in reversed(messages) if message.direction is Direction.OUTBOUND), None)
    who = {Sender.BOT: "the bot", Sender.MANAGER: "a manager", Sender.CUSTOMER: "the customer"}
    parts = [f"Asked: {_short(asked)}"] if asked else []
    if last is not None:
        parts.append(f"Last said by {who[last.sender]}: {_short(last.text)}")
    return " · ".join(parts)


def _short(text: str) -> str:
    folded = " ".join(text.split())
    limit = SUMMARY_LIMIT // 2 - 20
    return folded if len(folded) <= limit else f"{folded[: limit - 1]}…"
