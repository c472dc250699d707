"""Reads what a vendor's notification points to, until it is there."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.fetching import FetchingActivities
    from domain.fetching import MISSING_FOR, FetchReport, FetchRequest
    from domain.messages import ResourceChanged

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
HEARTBEAT = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=7)
"""A token that nobody mends for so long: what was missed is found by the sweeps, as far as the vendor still tells."""


@workflow.defn(name="FetchResource")
class FetchResource:
    """One resource of one inbox. What is told of it while it is read has it read once more: it may have been read too early."""

    @workflow.init
    def __init__(self, request: FetchRequest) -> None:
        self._told: list[ResourceChanged] = []

    @workflow.signal
    def notice_change(self, changed: ResourceChanged) -> None:
        self._told.append(changed)

    @workflow.run
    async def run(self, request: FetchRequest) -> int:
        """Returns how many events were taken in."""
        taken = 0
        while True:
            changed, self._told = list(dict.fromkeys(self._told)) or [request.changed], []
            for one in changed:
                taken += await self._fetch(request.model_copy(update={"changed": one}))
            if not self._told:
                return taken

    async def _fetch(self, request: FetchRequest) -> int:
        began, attempt = workflow.now(), 0
        while (report := await self._read(request, attempt)).again is not None:
            limit = MISSING_FOR if report.missing else GIVE_UP_AFTER
            if workflow.now() - began >= limit:
                workflow.logger.warning("resource_given_up", extra={"inbox_id": request.inbox_id, "topic": request.changed.topic})
                return 0
            await workflow.sleep(self._pause(report, attempt), summary=report.again[:100])
            attempt += 1
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(request)
        return report.taken

    async def _read(self, request: FetchRequest, attempt: int) -> FetchReport:
        return await workflow.execute_activity_method(
            FetchingActivities.fetch_resource,
            request,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
            summary=f"{request.changed.topic}, attempt {attempt + 1}",
        )

    def _pause(self, report: FetchReport, attempt: int) -> timedelta:
        """Doubles from half a second, spread so that many who wait for the same do not come back at once."""
        doubled = min(timedelta(seconds=0.5 * 2 ** min(attempt, 12)), LONGEST_PAUSE)
        return max(timedelta(seconds=report.retry_after or 0), doubled) * workflow.random().uniform(0.8, 1.2)
