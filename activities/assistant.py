"""Asks the language model for a grounded draft."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.errors import AssistantFailed
from domain.ports import Assistant, ConversationStore, InboxStore
from domain.turns import Drafted, DraftRequest

PASSAGES = 5
TURNS = 8
"""How much of the conversation the model sees, newest messages."""


class AssistantActivities:
    def __init__(self, conversations: ConversationStore, inboxes: InboxStore, assistant: Assistant | None) -> None:
        self._conversations = conversations
        self._inboxes = inboxes
        self._assistant = assistant

    @activity.defn
    async def draft_answer(self, request: DraftRequest) -> Drafted:
        """A draft over the passages stored under the turn; none if the model found no answer in them.

        Raises ApplicationError, retryable where the model's endpoint is down, non-retryable where asking again can't help.
        """
        if self._assistant is None:
            raise ApplicationError("No language model is configured on this worker", non_retryable=True)
        evidence = await self._conversations.evidence(request.turn_id)
        if evidence is None or not evidence.passages:
            return Drafted()
        turns = await self._conversations.messages(request.conversation_id, limit=TURNS)
        inbox = await self._inboxes.get(request.inbox_id)
        try:
            draft = await self._assistant.draft(
                request.question,
                evidence.passages[:PASSAGES],
                turns=turns,
                instructions=inbox.policy.instructions,
                language=request.language,
            )
        except AssistantFailed as failure:
            raise ApplicationError(str(failure), type="AssistantFailed", non_retryable=not failure.retryable) from failure
        return Drafted(draft=draft)
