"""A log line for every message to a person, whatever the medium; it holds ids, never names, addresses or texts."""

import structlog

from domain.errors import NotTold
from domain.notices import Digest
from domain.ports import Notifier

log = structlog.get_logger()


class Logged:
    """A `Notifier` around another one."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    async def tell(self, digest: Digest) -> None:
        about = {
            "digest_id": digest.id,
            "medium": digest.medium.value,
            "manager_id": digest.person.id,
            "conversations": [customer.conversation_id for customer in digest.waiting[:20]],
            "waiting": len(digest.waiting),
        }
        try:
            await self._notifier.tell(digest)
        except NotTold as failure:
            log.warning("notice_not_told", **about, error=str(failure), retryable=failure.retryable)
            raise
        log.info("notice_told", **about)
