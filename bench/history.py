"""What a level left in Temporal's histories."""

import asyncio

from temporalio.client import Client

from bench.loop import Level

VISIBLE_SECONDS = 1.5
"""The list of runs lags behind the runs; a run that is missing there would be missing in the sum."""


async def with_history(client: Client, level: Level, workflow_type: str) -> Level:
    """The level with events and bytes per message, over all runs that began in it."""
    await asyncio.sleep(VISIBLE_SECONDS)
    events = size = 0
    async for run in client.list_workflows(f"WorkflowType = '{workflow_type}' AND StartTime >= '{level.began_at.isoformat()}'"):
        described = await client.get_workflow_handle(run.id, run_id=run.run_id).describe()
        events += described.raw_description.workflow_execution_info.history_length
        size += described.raw_description.workflow_execution_info.history_size_bytes
    answered = level.messages - level.unanswered
    return level.model_copy(update={"events": round(events / answered, 1), "history_bytes": round(size / answered)})
