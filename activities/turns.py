"""Reads a turn: records what came in, and asks the documents."""

from dataclasses import dataclass

from temporalio import activity

from domain.conversations import RecordedMessages
from domain.ports import ConversationStore, Listener, Retriever
from domain.turns import Finding, Retrieved, Turn


@dataclass(frozen=True)
class DraftPolicy:
    """When the language model is asked. `floor` is the share of the threshold below which passages aren't worth its reading."""

    configured: bool
    floor: float = 0.2


class TurnActivities:
    def __init__(self, conversations: ConversationStore, retriever: Retriever, listener: Listener, drafts: DraftPolicy) -> None:
        self._conversations = conversations
        self._retriever = retriever
        self._listener = listener
        self._drafts = drafts

    @activity.defn
    async def retrieve_passages(self, turn: Turn) -> Retrieved:
        """Stores the messages and the evidence in one transaction; only ids, figures and the draft travel back."""
        found = await self._retriever.search(turn.question, threshold=0.0)
        heard = await self._listener.hear(turn.question, earlier=turn.earlier, told=turn.told)
        evidence = found.model_copy(update={"heard": {"upset": heard.upset, "repeats": float(heard.repeats)}})
        recorded = await self._conversations.record(
            RecordedMessages(record=turn.record, messages=turn.messages), evidence=(turn.id, evidence)
        )
        worth_reading = bool(evidence.passages) and evidence.confidence >= recorded.policy.answer_threshold * self._drafts.floor
        return Retrieved(
            recorded=recorded,
            finding=Finding(
                turn_id=turn.id,
                wants_draft=self._drafts.configured and worth_reading,
                found=bool(evidence.passages),
                confidence=evidence.confidence,
                draft=evidence.draft,
                suggestions=evidence.suggestions,
                knowledge_version=evidence.knowledge_version,
                heard=heard,
            ),
        )
