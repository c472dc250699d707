"""Keeps the channels up, and the log of changes short, by a schedule."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.changes import ChangeActivities
    from activities.upkeep import UpkeepActivities

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=4)
"""The next run comes in minutes."""
HEARTBEAT = timedelta(seconds=10)


@workflow.defn(name="KeepChannelsUp")
class KeepChannelsUp:
    @workflow.run
    async def run(self) -> int:
        """Each inbox in turn; one that can't be kept up does not stop the others. Returns how many could."""
        inboxes = await workflow.execute_activity_method(
            UpkeepActivities.inboxes_to_keep, start_to_close_timeout=timedelta(seconds=30), heartbeat_timeout=HEARTBEAT, retry_policy=RETRY
        )
        kept = 0
        for inbox_id in inboxes:
            try:
                await workflow.execute_activity_method(
                    UpkeepActivities.keep_up,
                    inbox_id,
                    start_to_close_timeout=timedelta(minutes=5),
                    heartbeat_timeout=HEARTBEAT,
                    retry_policy=RETRY,
                    summary=inbox_id,
                )
            except ActivityError as error:
                workflow.logger.warning("channel_not_kept_up", extra={"inbox_id": inbox_id, "error": str(error.cause)})
            else:
                kept += 1
        await workflow.execute_activity_method(
            UpkeepActivities.ring_alarms, start_to_close_timeout=timedelta(minutes=5), heartbeat_timeout=HEARTBEAT, retry_policy=RETRY
        )
        await workflow.execute_activity_method(
            ChangeActivities.forget_old_changes,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
        )
        return kept
