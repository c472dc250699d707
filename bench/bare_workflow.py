"""The bare workflow: a local and a regular activity for each message, as in the product, which do nothing. Payloads have its sizes."""

import socket
from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from workflows.conversation import HISTORY_LIMIT

QUEUE = "bare"
MESSAGE_BYTES = 200
TURN_BYTES = 1_500
"""What the product hands to its retrieval: the conversation's record and the message."""
FOUND_BYTES = 1_500
"""What it gets back: policy, draft, citations."""
DELIVERY_BYTES = 1_700
"""What it hands to the delivery: record and reply."""


class BareActivities:
    """`told` is connected to the driver; without it nothing can be delivered."""

    def __init__(self, told: socket.socket | None = None) -> None:
        self._told = told

    @activity.defn
    async def find(self, turn: str) -> str:
        return turn[: turn.index(" ") + 1].ljust(FOUND_BYTES, ".")

    @activity.defn
    async def deliver(self, delivery: str) -> str:
        assert self._told is not None
        message_id = delivery.split(" ", 1)[0]
        self._told.send(message_id.encode())
        return message_id


@workflow.defn(name="BareConversation")
class BareConversation:
    def __init__(self) -> None:
        self._queue: list[str] = []

    @workflow.signal
    def receive(self, message: str) -> None:
        self._queue.append(message)

    @workflow.run
    async def run(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._queue))
            turn = self._queue.pop(0).ljust(TURN_BYTES, ".")
            found = await workflow.execute_local_activity_method(BareActivities.find, turn, start_to_close_timeout=timedelta(seconds=30))
            await workflow.execute_activity_method(
                BareActivities.deliver, found.ljust(DELIVERY_BYTES, "."), start_to_close_timeout=timedelta(seconds=60)
            )
            if not self._queue and workflow.info().get_current_history_length() > HISTORY_LIMIT:
                workflow.continue_as_new()
