"""The documents' answers, as sure as this installation's managers have found them to be."""

import time
from collections.abc import Awaitable, Callable

from domain.knowledge import Evidence
from domain.ports import Retriever
from domain.recalibration import Adjustment

FRESH_SECONDS = 10.0


class Recalibrated:
    """A `Retriever` over another one. The adjustment is read anew after `FRESH_SECONDS`."""

    def __init__(self, inner: Retriever, adjustment: Callable[[], Awaitable[Adjustment]], *, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._inner = inner
        self._read = adjustment
        self._fresh_seconds = fresh_seconds
        self._read_at = float("-inf")
        self._adjustment = Adjustment()

    async def search(self, question: str, *, threshold: float, documents: tuple[str, ...] = ()) -> Evidence:
        evidence = await self._inner.search(question, threshold=threshold, documents=documents)
        now = time.monotonic()
        if now - self._read_at >= self._fresh_seconds:
            self._read_at = now
            self._adjustment = await self._read()
        if not self._adjustment.changes:
            return evidence
        adjusted = self._adjustment.adjusted(evidence.confidence)
        return evidence.model_copy(update={"confidence": adjusted, "fitted_confidence": evidence.confidence})
