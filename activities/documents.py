"""Imports documents and asks them, for the dashboard and the API."""

from collections.abc import Awaitable, Callable

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.errors import NotFound, UnreadableDocument
from domain.knowledge import Answer
from domain.policy import Policy
from domain.ports import InboxStore, Retriever
from domain.turns import Question

Import = Callable[[str], Awaitable[int]]
"""Reads the document with this id and returns the knowledge version that holds it."""


class DocumentActivities:
    def __init__(self, import_document: Import, retriever: Retriever, inboxes: InboxStore) -> None:
        self._import = import_document
        self._retriever = retriever
        self._inboxes = inboxes

    @activity.defn
    async def import_document(self, document_id: str) -> int:
        """Raises a non-retryable error, already written on the document's row, when it can't be read."""
        try:
            return await self._import(document_id)
        except (UnreadableDocument, NotFound) as error:
            raise ApplicationError(str(error), type=type(error).__name__, non_retryable=True) from error

    @activity.defn
    async def ask_documents(self, question: Question) -> Answer:
        policy = (await self._inboxes.get(question.inbox_id)).policy if question.inbox_id is not None else Policy()
        threshold = policy.answer_threshold
        evidence = await self._retriever.search(question.text, threshold=threshold, documents=policy.documents)
        answered = evidence.draft is not None and threshold < 1 and evidence.confidence >= threshold
        return Answer(
            question=question.text,
            answered=answered,
            text=evidence.draft.text if evidence.draft else None,
            confidence=evidence.confidence,
            threshold=threshold,
            passages=evidence.passages,
            citations=evidence.draft.citations if evidence.draft else (),
            suggestions=evidence.suggestions,
            knowledge_version=evidence.knowledge_version,
        )
