"""Reads a turn: records what came in, and asks the documents."""

from temporalio import activity

from activities.waits import UsualWaits
from domain.conversations import RecordedMessages
from domain.drafting import DraftPolicy, worth_reading
from domain.follow_up import is_about, may_refer_back, stand_alone
from domain.knowledge import Evidence
from domain.policy import Policy
from domain.ports import ConversationStore, Listener, Retriever
from domain.turns import Finding, Heard, Recorded, Retrieved, Turn


async def look_up(retriever: Retriever, question: str, topic: str | None, documents: tuple[str, ...] = ()) -> Evidence:
    """What the documents say to the customer's words; for a follow-up, to the question made of it, if that finds its answer better."""
    evidence = await retriever.search(question, threshold=0.0, documents=documents)
    in_full = stand_alone(question, topic)
    if in_full is None:
        return evidence
    other = await retriever.search(in_full, threshold=0.0, documents=documents)
    better = other.passages and other.confidence > evidence.confidence and is_about(other.passages[0], question)
    return other.model_copy(update={"looked_up": in_full}) if better else evidence


class TurnActivities:
    def __init__(self, conversations: ConversationStore, retriever: Retriever, listener: Listener, drafts: DraftPolicy) -> None:
        self._conversations = conversations
        self._retriever = retriever
        self._listener = listener
        self._drafts = drafts
        self._waits = UsualWaits(conversations)

    @activity.defn
    async def retrieve_passages(self, turn: Turn) -> Retrieved:
        """Stores the messages and the evidence in one transaction; only ids, figures and the draft travel back."""
        # First, because it makes the question's vector in one go with the others that it needs: hearing finds it made.
        found = await look_up(self._retriever, turn.question, turn.topic, turn.documents)
        heard = await self._listener.hear(turn.question, earlier=turn.earlier, told=turn.told)
        evidence, recorded = await self._recorded(turn, heard, found)
        if recorded.policy.documents != turn.documents:
            # Changed since the conversation last heard of it: the turn is answered from what the inbox answers from now.
            found = await look_up(self._retriever, turn.question, turn.topic, recorded.policy.documents)
            evidence, recorded = await self._recorded(turn, heard, found)
        return Retrieved(
            recorded=recorded,
            usual_wait_minutes=await self._waits.minutes(turn.record.inbox_id, recorded.policy),
            finding=Finding(
                turn_id=turn.id,
                wants_draft=self._wants_draft(turn, evidence, recorded.policy),
                found=bool(evidence.passages),
                confidence=evidence.confidence,
                draft=evidence.draft,
                suggestions=evidence.suggestions,
                knowledge_version=evidence.knowledge_version,
                heard=heard,
                looked_up=evidence.looked_up,
            ),
        )

    async def _recorded(self, turn: Turn, heard: Heard, found: Evidence) -> tuple[Evidence, Recorded]:
        evidence = found.model_copy(update={"heard": heard.model_dump(exclude={"said_by_person"})})
        written = RecordedMessages(record=turn.record, messages=turn.messages)
        return evidence, await self._conversations.record(written, evidence=(turn.id, evidence))

    def _wants_draft(self, turn: Turn, evidence: Evidence, policy: Policy) -> bool:
        """Whether the model is asked: its draft could be sent, or a follow-up must be put into other words first."""
        if not self._drafts.configured or policy.answer_threshold >= 1:
            return False
        refers_back = turn.topic is not None and may_refer_back(turn.question)
        near = bool(evidence.passages) and worth_reading(evidence.confidence, policy.answer_threshold, self._drafts.ratio)
        return near or refers_back
