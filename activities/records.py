"""Keeps SQL's picture of a conversation."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio import activity

from domain.conversations import ConversationRecord, RecordedMessages
from domain.messages import Direction, Message, OutboundMessage, Purpose, Sender
from domain.ports import ConversationStore, JudgementStore
from domain.recalibration import JudgedBy, Judgement, is_correction, is_same_reply
from domain.turns import NoteVerdict, Recorded

SOON = timedelta(minutes=10)
"""A person's words within it after the bot's answer are about that answer."""
SUMMARY_LIMIT = 300
"""Characters; a summary is a reminder, the messages stay."""


class RecordActivities:
    def __init__(self, conversations: ConversationStore, judgements: JudgementStore | None = None) -> None:
        self._conversations = conversations
        self._judgements = judgements

    @activity.defn
    async def record_messages(self, recorded: RecordedMessages) -> Recorded:
        """Writes the conversation and what came in; brings the inbox's policy as it is now."""
        return await self._conversations.record(recorded)

    @activity.defn
    async def record_verdict(self, note: NoteVerdict) -> None:
        """One row per verb. From its commit on the verb counts as accepted, and no send of an older epoch is claimed."""
        recorded = RecordedMessages(record=note.record, messages=note.messages, announced=note.announced, queued=note.queued)
        await self._conversations.record(recorded, verdict=note.verdict)
        if self._judgements is not None and note.queued is not None and (seen := await self._judged(note.record, note.queued)):
            await self._judgements.add(seen)

    @activity.defn
    async def first_name(self, manager_id: str) -> str:
        """By which customers are told of a manager; empty if there is none."""
        return (await self._conversations.name_of_manager(manager_id)).partition(" ")[0]

    async def _judged(self, record: ConversationRecord, reply: OutboundMessage) -> Judgement | None:
        """What a person's reply says about the bot: its draft was right after all, or the answer just before was wrong."""
        if record.hand_off is not None:
            turn_id, by, said = record.hand_off.turn_id, JudgedBy.SAME_REPLY, ""
        else:
            messages = await self._conversations.messages(record.conversation_id, limit=10)
            before = next((one for one in reversed(messages) if _is_said(one) and one.id != reply.id), None)
            if before is None or before.purpose is not Purpose.ANSWER or reply.created_at - before.created_at > SOON:
                return None
            turn_id, by, said = before.turn_id, JudgedBy.CORRECTION, before.text
        evidence = await self._conversations.evidence(turn_id) if turn_id else None
        if turn_id is None or evidence is None or evidence.draft is None:
            return None
        if not (is_same_reply(reply.text, evidence.draft.text) if by is JudgedBy.SAME_REPLY else is_correction(reply.text, said)):
            return None
        return Judgement(
            turn_id=turn_id,
            conversation_id=record.conversation_id,
            confidence=evidence.fitted_confidence if evidence.fitted_confidence is not None else evidence.confidence,
            right=by is JudgedBy.SAME_REPLY,
            by=by,
            manager_id=reply.author_id or "",
            at=reply.created_at,
        )

    @activity.defn
    async def close_conversation(self, record: ConversationRecord) -> None:
        messages = await self._conversations.messages(record.conversation_id, limit=40)
        await self._conversations.close(record, summarize(messages))


def _is_said(message: Message) -> bool:
    """By the customer, by a person, or by the bot as an answer: not a note, and no fixed line."""
    if message.sender is Sender.BOT:
        return message.purpose in (Purpose.ANSWER, Purpose.OFFER)
    return message.direction is not Direction.NOTE


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
