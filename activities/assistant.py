"""Asks the language model for a grounded draft."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.drafting import Asked, DraftPolicy, raised, wants_second_look, worth_reading
from domain.errors import AssistantFailed
from domain.follow_up import may_refer_back
from domain.knowledge import Evidence, ModelUse, Reading, ReadingOutcome
from domain.lines import spoken_in
from domain.messages import Direction, Message
from domain.policy import Policy
from domain.ports import Assistant, ConversationStore, CustomerSigns, InboxStore, Retriever
from domain.turns import Drafted, DraftRequest

PASSAGES = 5
TURNS = 8
"""How much of the conversation the model sees, newest messages."""


class AssistantActivities:
    def __init__(
        self,
        conversations: ConversationStore,
        inboxes: InboxStore,
        retriever: Retriever,
        assistant: Assistant | None,
        drafts: DraftPolicy,
        signs: CustomerSigns | None = None,
    ) -> None:
        self._conversations = conversations
        self._inboxes = inboxes
        self._retriever = retriever
        self._assistant = assistant
        self._drafts = drafts
        self._signs = signs

    @activity.defn
    async def draft_answer(self, request: DraftRequest) -> Drafted:
        """A checked draft over the turn's passages, or none; what the model did is kept under the turn either way.

        A follow-up is put into words that stand alone first, and looked up anew; where nothing near enough is found for it, the extract
        stays the draft, to be offered from or flagged. Raises ApplicationError, retryable where the model's
        server may come back soon, non-retryable where asking again can't help.
        """
        if self._assistant is None:
            raise ApplicationError("No language model is configured on this worker", non_retryable=True)
        async with self._signs.while_preparing(request.conversation_id) if self._signs is not None else nullcontext():
            return await self._draft(self._assistant, request)

    async def _draft(self, assistant: Assistant, request: DraftRequest) -> Drafted:
        evidence = await self._conversations.evidence(request.turn_id) or Evidence()
        policy = (await self._inboxes.get(request.inbox_id)).policy
        turns = await self._conversations.messages(request.conversation_id, limit=TURNS)
        try:
            found, used = await self._stand_alone(assistant, request, evidence, turns, policy.documents)
            reading = await self._read(assistant, request, found, turns, policy)
        except AssistantFailed as failure:
            reading = Reading(outcome=ReadingOutcome.FAILED, detail=str(failure))
            await self._conversations.keep_reading(request.conversation_id, request.turn_id, reading)
            raise _error(failure) from failure
        reading = reading.model_copy(update={"use": used.plus(reading.use)})
        changed = found if found is not evidence else None
        await self._conversations.keep_reading(request.conversation_id, request.turn_id, reading, evidence=changed)
        drafted = Drafted(found=bool(found.passages), suggestions=found.suggestions, looked_up=found.looked_up, detail=reading.detail)
        if reading.outcome is ReadingOutcome.NOT_READ:
            return drafted.model_copy(update={"draft": found.draft, "confidence": found.confidence, "detail": ""})
        confidence = raised(found.confidence, self._drafts.ratio) if reading.draft else found.confidence
        return drafted.model_copy(update={"draft": reading.draft, "confidence": confidence})

    async def _stand_alone(
        self, assistant: Assistant, request: DraftRequest, evidence: Evidence, turns: Sequence[Message], documents: tuple[str, ...]
    ) -> tuple[Evidence, ModelUse]:
        """What the documents say to the question in full; the evidence as it is where the question stands alone already."""
        spoken_before = any(turn.direction is Direction.OUTBOUND for turn in turns)
        if not spoken_before or not may_refer_back(request.question):
            return evidence, ModelUse()
        in_full, used = await assistant.stand_alone(request.question, turns)
        if in_full in (request.question, evidence.looked_up):
            return evidence, used
        found = await self._retriever.search(in_full, threshold=0.0, documents=documents)
        return (found.model_copy(update={"looked_up": in_full}) if found.confidence > evidence.confidence else evidence), used

    async def _read(
        self, assistant: Assistant, request: DraftRequest, found: Evidence, turns: Sequence[Message], policy: Policy
    ) -> Reading:
        if not found.passages or not worth_reading(found.confidence, policy.answer_threshold, self._drafts.ratio):
            return Reading(outcome=ReadingOutcome.NOT_READ, detail="Nothing near enough was found in the documents")
        asked = Asked(
            question=f"About “{request.about}”: {request.question}" if request.about else request.question,
            in_full=found.looked_up,
            passages=found.passages[:PASSAGES],
            turns=tuple(turns),
            language=spoken_in(request.language, policy) if request.language else None,
            instructions=policy.instructions,
            tone=policy.tone,
            reply_length=policy.reply_length,
            second_look=wants_second_look(policy.answer_threshold),
        )
        return await assistant.read(asked)


def _error(failure: AssistantFailed) -> ApplicationError:
    delay = timedelta(seconds=failure.retry_after) if failure.retry_after is not None else None
    return ApplicationError(str(failure), type="AssistantFailed", non_retryable=not failure.retryable, next_retry_delay=delay)
