"""One notice to several people: everybody is tried before a failure is reported."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from domain.errors import NotTold
from domain.managers import Manager
from domain.turns import Notice

log = structlog.get_logger()


async def tell_each(notice: Notice, people: Sequence[Manager], tell: Callable[[Manager], Awaitable[None]]) -> None:
    """Raises the first failure after the last person, a retryable one before a permanent one."""
    failures: list[NotTold] = []
    for person in people:
        try:
            await tell(person)
        except NotTold as failure:
            failures.append(failure)
            log.warning(
                "notice not told",
                conversation_id=notice.conversation_id,
                rung=notice.rung,
                manager_id=person.id,
                error=str(failure),
                retryable=failure.retryable,
            )
        else:
            log.info("notice told", conversation_id=notice.conversation_id, rung=notice.rung, manager_id=person.id)
    if failures:
        raise min(failures, key=lambda failure: not failure.retryable)
