"""What the documents are asked to do through the engine: be imported, and answer a test question."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.documents import DocumentActivities
    from domain.knowledge import Answer
    from domain.turns import Question


@workflow.defn(name="ImportDocument")
class ImportDocument:
    """Reads a stored document into passages; its progress stands on the document's row."""

    @workflow.run
    async def run(self, document_id: str) -> int:
        """Returns the knowledge version that holds the document."""
        return await workflow.execute_activity_method(
            DocumentActivities.import_document,
            document_id,
            start_to_close_timeout=timedelta(hours=2),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5),
        )


@workflow.defn(name="AskDocuments")
class AskDocuments:
    """Answers a question as the bot would, without a conversation."""

    @workflow.run
    async def run(self, question: Question) -> Answer:
        return await workflow.execute_activity_method(
            DocumentActivities.ask_documents,
            question,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=2),
        )
