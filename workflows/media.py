"""Fetches the files of one message, for as long as a vendor may still give them. A workflow of its own, so that it outlives a
conversation that closes, and so that a manager can have it tried again."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.media import MediaActivities

LINKS_LIVE = timedelta(days=7)
"""WhatsApp's files can be had for so long; of the others, none much longer."""


def media_workflow_id(message_id: str) -> str:
    return f"media/{message_id}"


@workflow.defn
class FetchMedia:
    @workflow.run
    async def run(self, message_id: str) -> int:
        """How many of the message's files are ours; 0 after giving up, with the reason at the files."""
        try:
            return await workflow.execute_activity_method(
                MediaActivities.fetch_media,
                message_id,
                start_to_close_timeout=timedelta(minutes=15),
                schedule_to_close_timeout=LINKS_LIVE,
                heartbeat_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=300), maximum_interval=timedelta(minutes=15)),
            )
        except ActivityError:
            return 0
