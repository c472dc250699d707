"""Stand-ins for the conversations' engine."""

from collections.abc import Mapping

from channels.exchange import Reply
from domain.commands import PersonVerb, Verdict
from domain.errors import Conflict, EngineUnavailable
from domain.ids import derived_id
from domain.knowledge import Answer, Citation
from domain.managers import Inbox
from domain.messages import Arrival, DeliveryReceipt, Echo, ResourceChanged
from gateway import Received
from storage.arrivals import Arrivals


class FakeGateway:
    """Accepts what the real one would, through the real door ledger, without a Temporal service behind it.

    `down` makes it unreachable; `verdicts` are handed out by action id, every other verb stays without one.
    """

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self.down = False
        self.ready = {"database": True, "temporal": True, "worker": True}
        self.received: list[tuple[Inbox, Arrival]] = []
        self.changed: list[tuple[str, ResourceChanged]] = []
        self.events: list[DeliveryReceipt | Echo] = []
        self.verbs: list[PersonVerb] = []
        self.verdicts: dict[str, Verdict] = {}
        self.imported: list[str] = []
        self.media: list[str] = []
        self.mails: list[str] = []

    def _reach(self) -> None:
        if self.down:
            raise EngineUnavailable("The conversation engine can't be reached; try again")

    async def fetch_media(self, message_id: str) -> None:
        self._reach()
        self.media.append(message_id)

    async def receive(self, inbox: Inbox, arrival: Arrival) -> Received:
        admission = await self._arrivals.admit(inbox, arrival)
        self._reach()
        if not (admission.duplicate and admission.accepted):
            self.received.append((inbox, arrival))
            await self._arrivals.accept(admission.message_id, derived_id("run", admission.workflow_id))
        return Received(
            message_id=admission.message_id,
            conversation_id=derived_id("run", admission.workflow_id) if admission.duplicate else None,
            duplicate=admission.duplicate,
        )

    async def deliver_event(self, inbox: Inbox, event: DeliveryReceipt | Echo) -> None:
        self._reach()
        self.events.append(event)

    async def note_change(self, inbox_id: str, changed: ResourceChanged) -> None:
        self._reach()
        self.changed.append((inbox_id, changed))

    async def act(self, verb: PersonVerb, *, wait_seconds: float = 2.0) -> Verdict | None:
        self._reach()
        self.verbs.append(verb)
        return self.verdicts.get(verb.action_id)

    async def answer_by_mail(self, mail_id: str) -> None:
        self._reach()
        self.mails.append(mail_id)

    async def ask(self, question: str, inbox_id: str | None = None) -> Answer:
        self._reach()
        return Answer(
            question=question,
            answered=True,
            text="Yes, in 5 to 8 days.",
            confidence=0.9,
            threshold=0.5,
            passages=(),
            citations=(Citation(document="shop.pdf", page=2),),
            suggestions=(),
            knowledge_version=1,
        )

    async def import_document(self, document_id: str) -> None:
        self._reach()
        self.imported.append(document_id)

    async def readiness(self) -> dict[str, bool]:
        return self.ready

    def temporal_link(self, workflow_id: str, run_id: str) -> str | None:
        return f"http://temporal.test/{run_id}"


class RefusingGateway(FakeGateway):
    """Says that every message is known with another content."""

    async def receive(self, inbox: Inbox, arrival: Arrival) -> Received:
        raise Conflict("A message with this id was received before with another content")


class NoHttp:
    """No channel calls out while a webhook or an API request is answered."""

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"") -> Reply:
        raise AssertionError(f"{method} {url} was called")
