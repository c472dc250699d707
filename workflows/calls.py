"""The activities a conversation calls, each with its time limits and its way of being tried again.

Recording and retrieval take milliseconds and may be repeated without harm: they are local activities, which cost the server a
quarter to a third less. What takes long, or must be seen to happen once, is a regular one.
"""

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.assistant import AssistantActivities
from activities.delivery import DeliveryActivities
from activities.notices import NoticeActivities
from activities.records import RecordActivities
from activities.turns import TurnActivities
from domain.conversations import ConversationRecord, RecordedMessages
from domain.turns import Delivery, DeliveryReport, Drafted, DraftRequest, NoteVerdict, Notice, Recorded, Retrieved, Turn
from workflows.media import FetchMedia, media_workflow_id

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
"""Our own storage comes back; what can't be mended by waiting is raised as non-retryable."""
ASSISTANT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
"""A server's own `Retry-After` stands above the interval."""
ASSISTANT_LIMIT = timedelta(seconds=90)
"""For every attempt together: a customer waits no longer for the language model before a person is called."""
NOTICE_RETRY = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=5))
NOTICE_LIMIT = timedelta(hours=26)
"""Longer than anybody's quiet hours. A retry is how a notice waits: for the end of quiet hours, or for the pause after the last one."""
HEARTBEAT = timedelta(seconds=2)
"""Activities beat every half second, so that a dead worker's work is given to another after two."""
STORAGE_LIMIT = timedelta(seconds=20)


async def record_messages(recorded: RecordedMessages) -> Recorded:
    return await workflow.execute_local_activity_method(
        RecordActivities.record_messages, recorded, start_to_close_timeout=STORAGE_LIMIT, retry_policy=RETRY
    )


async def first_name(manager_id: str) -> str:
    return await workflow.execute_local_activity_method(
        RecordActivities.first_name, manager_id, start_to_close_timeout=STORAGE_LIMIT, retry_policy=RETRY
    )


async def record_verdict(note: NoteVerdict) -> None:
    verdict = note.verdict
    await workflow.execute_activity_method(
        RecordActivities.record_verdict,
        note,
        start_to_close_timeout=STORAGE_LIMIT,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RETRY,
        summary=f"{verdict.verb}: {'accepted' if verdict.accepted else verdict.reason}",
    )


async def close_conversation(record: ConversationRecord) -> None:
    await workflow.execute_activity_method(
        RecordActivities.close_conversation,
        record,
        start_to_close_timeout=STORAGE_LIMIT,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RETRY,
    )


async def retrieve_passages(turn: Turn) -> Retrieved:
    return await workflow.execute_local_activity_method(
        TurnActivities.retrieve_passages, turn, start_to_close_timeout=timedelta(seconds=30), retry_policy=RETRY
    )


async def draft_answer(request: DraftRequest) -> Drafted:
    """Raises ActivityError after the last of three attempts, or when the limit is reached."""
    return await workflow.execute_activity_method(
        AssistantActivities.draft_answer,
        request,
        schedule_to_close_timeout=ASSISTANT_LIMIT,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=ASSISTANT_RETRY,
    )


async def deliver_message(delivery: Delivery) -> DeliveryReport:
    message = delivery.message
    return await workflow.execute_activity_method(
        DeliveryActivities.deliver_message,
        delivery,
        start_to_close_timeout=timedelta(seconds=60),
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RETRY,
        summary=f"{message.sender} {message.purpose}, attempt {delivery.attempt}",
    )


async def fetch_media(message_id: str) -> None:
    """Has a message's files fetched, by a workflow that goes on when this conversation ends. A repeat joins the one under way."""
    with contextlib.suppress(WorkflowAlreadyStartedError):
        await workflow.start_child_workflow(
            FetchMedia.run,
            message_id,
            id=media_workflow_id(message_id),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
        )


def notify_managers(notice: Notice) -> workflow.ActivityHandle[None]:
    """Started, not awaited: a mail relay that is down never holds a conversation up."""
    return workflow.start_activity_method(
        NoticeActivities.notify_managers,
        notice,
        start_to_close_timeout=timedelta(seconds=60),
        schedule_to_close_timeout=NOTICE_LIMIT,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=NOTICE_RETRY,
        summary=notice.rung,
    )
