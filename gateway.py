"""The way into the conversations: typed start, signal and query over the Temporal client. API and dashboard share it."""

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import structlog
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, UpdateNamespaceRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode, TLSConfig

from domain.channels import ChannelKind
from domain.commands import (
    OfferAgain,
    PersonVerb,
    PostReply,
    ReceiveMessage,
    RecordDelivery,
    RefusedBecause,
    Snapshot,
    StartConversation,
    Take,
    Verdict,
    fingerprint,
)
from domain.conversations import Conversation as ConversationView
from domain.conversations import Status
from domain.errors import Conflict, EngineUnavailable, NotFound
from domain.fetching import FetchRequest
from domain.knowledge import Answer
from domain.managers import Inbox
from domain.messages import Arrival, DeliveryReceipt, DeliveryState, Echo, ResourceChanged
from domain.model import Model
from domain.ports import LanguageOf
from domain.turns import Question
from domain.windows import last_written
from workflows.conversation import Conversation
from workflows.documents import AskDocuments, ImportDocument
from workflows.fetching import FetchResource
from workflows.mail import AnswerByMail
from workflows.media import FetchMedia, media_workflow_id
from workflows.state import ConversationInput
from workflows.verbs import name_of
from workflows.visible import CHANNEL, INBOX, SEARCH_ATTRIBUTES, STATUS

log = structlog.get_logger()
T = TypeVar("T")

TASK_QUEUE = "frontdesk"
RPC_TIMEOUT = timedelta(seconds=5)
"""The client retries an unreachable server by itself for so long; then the door says 503 and the vendor delivers again."""
NOTE_TIMEOUT = timedelta(milliseconds=400)
"""A vendor that wants to be answered within half a second is told 503 in time, and delivers again."""
TASK_TIMEOUT = timedelta(seconds=4)
"""A killed worker's workflow task is given to another after this; a replay of the longest run takes a fraction of it."""
RETENTION = timedelta(days=30)
VERDICT_POLL_SECONDS = 0.02
ACCEPTED_AFTER_SECONDS = 0.1
POLLER_FRESH = timedelta(seconds=75)
"""A worker's long poll lasts up to 60 s: one that was seen longer ago is gone."""


class Admission(Protocol):
    """What the door's ledger says of an arrival; `storage.arrivals.Admission`."""

    @property
    def message_id(self) -> str: ...
    @property
    def contact_id(self) -> str: ...
    @property
    def workflow_id(self) -> str: ...
    @property
    def duplicate(self) -> bool: ...
    @property
    def accepted(self) -> bool: ...
    @property
    def conversation_id(self) -> str | None: ...


class ArrivalStore(Protocol):
    async def admit(self, inbox: Inbox, arrival: Arrival) -> Admission: ...
    async def accept_all(self, accepted: Sequence[tuple[str, str | None]]) -> None: ...
    async def admit_echo(self, inbox_id: str, echo: Echo) -> Admission: ...


class ConversationReads(Protocol):
    async def get(self, conversation_id: str) -> ConversationView: ...
    async def verdict(self, action_id: str) -> Verdict | None: ...


class ReceiptStore(Protocol):
    async def record_receipt(self, inbox_id: str, receipt: DeliveryReceipt) -> str | None: ...
    async def is_ours(self, inbox_id: str, provider_id: str) -> bool: ...
    async def being_sent(self, inbox_id: str, address: str, text: str, *, at: datetime) -> str | None: ...


class InboxReads(Protocol):
    async def get(self, inbox_id: str) -> Inbox: ...


class Answering(Protocol):
    async def answers(self) -> bool: ...


class Received(Model):
    """What the door may say of a message that is now durable."""

    message_id: str
    conversation_id: str | None
    duplicate: bool


def _read(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None


async def open_client(
    address: str,
    namespace: str,
    *,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    tls_ca: Path | None = None,
    tls_server_name: str | None = None,
    lazy: bool = False,
) -> Client:
    """A lazy client connects with its first call, so that a service that is still starting does no harm; workers can't use one."""
    tls: TLSConfig | bool = False
    if tls_cert or tls_ca or tls_server_name:
        tls = TLSConfig(
            client_cert=_read(tls_cert), client_private_key=_read(tls_key), server_root_ca_cert=_read(tls_ca), domain=tls_server_name
        )
    return await Client.connect(
        address,
        namespace=namespace,
        data_converter=pydantic_data_converter,
        tls=tls,
        lazy=lazy,
        # On one machine compressing costs more than it saves.
        grpc_compression=GrpcCompression.NONE if _is_loopback(address) else GrpcCompression.GZIP,
    )


def _is_loopback(address: str) -> bool:
    return address.startswith(("127.", "localhost:", "[::1]"))


async def prepare_namespace(client: Client) -> None:
    """Registers the search attributes and sets the retention; safe to repeat. A hosted service that forbids it is left as it is."""
    try:
        known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
        missing = {
            key.name: IndexedValueType.ValueType(int(key.indexed_value_type))
            for key in SEARCH_ATTRIBUTES
            if key.name not in known.custom_attributes
        }
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            )
        retention = Duration()
        retention.FromTimedelta(RETENTION)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=retention))
        )
    except RPCError as error:
        if error.status not in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.ALREADY_EXISTS):
            raise
        log.warning("namespace_left_as_it_is", namespace=client.namespace, status=error.status.name)


class ConversationGateway:
    """One per process."""

    def __init__(
        self,
        client: Client,
        *,
        arrivals: ArrivalStore,
        conversations: ConversationReads,
        inboxes: InboxReads,
        receipts: ReceiptStore,
        database: Answering,
        language_of: LanguageOf | None = None,
        ui_url: str | None = None,
        task_queue: str = TASK_QUEUE,
    ) -> None:
        """Without `language_of` only the channels' hints say what language a customer writes in."""
        self._client = client
        self._arrivals = arrivals
        self._conversations = conversations
        self._inboxes = inboxes
        self._receipts = receipts
        self._database = database
        self._language_of = language_of
        self._ui_url = ui_url
        self._task_queue = task_queue
        self._accepted: list[tuple[str, str | None]] = []
        self._background: set[asyncio.Task[None]] = set()

    # A customer writes

    async def receive(self, inbox: Inbox, arrival: Arrival) -> Received:
        """Returns once the message is durable in the workflow. Raises Conflict for a known id with another body."""
        admission = await self._arrivals.admit(inbox, arrival)
        if admission.duplicate and admission.accepted:
            return Received(message_id=admission.message_id, conversation_id=admission.conversation_id, duplicate=True)
        message = arrival.message
        if self._language_of is not None:
            message = message.model_copy(update={"shown_language": self._language_of(message.text, inbox.policy.languages)})
        conversation_id = await self._hand_over(inbox, admission, ReceiveMessage(message=message))
        self._note_accepted(admission.message_id, conversation_id)
        return Received(message_id=admission.message_id, conversation_id=conversation_id, duplicate=admission.duplicate)

    async def _hand_over(self, inbox: Inbox, admission: Admission, signal: ReceiveMessage) -> str | None:
        """To the run that is known to be open by a signal, which takes the engine a quarter less time; else by signal-with-start."""
        if admission.conversation_id is not None and await self._signal(admission.workflow_id, "receive_message", signal):
            return admission.conversation_id
        started = await self._signal_with_start(inbox, admission.contact_id, admission.workflow_id, "receive_message", signal)
        return await self._unless_closed(started)

    def _note_accepted(self, message_id: str, conversation_id: str | None) -> None:
        """Written soon, many in one: should it be lost, a repeat signals again and the workflow drops what it has seen.

        At once, it would wait for the same lock as the worker, which begins with the message at this very moment.
        """
        self._accepted.append((message_id, conversation_id))
        if len(self._accepted) == 1:
            self._later(self._write_accepted())

    async def _write_accepted(self) -> None:
        await asyncio.sleep(ACCEPTED_AFTER_SECONDS)
        accepted, self._accepted = self._accepted, []
        await self._arrivals.accept_all(accepted)

    async def _unless_closed(self, run_id: str | None) -> str | None:
        """A run that is closing hands the message to the next episode, whose id nobody knows yet."""
        try:
            closed = run_id is None or (await self._conversations.get(run_id)).status is Status.CLOSED
        except NotFound:
            return run_id
        return None if closed else run_id

    async def deliver_event(self, inbox: Inbox, event: DeliveryReceipt | Echo) -> None:
        """A receipt goes to the ledger; the workflow only hears what it must act on. Our own echoes are dropped."""
        if isinstance(event, DeliveryReceipt):
            conversation_id = await self._receipts.record_receipt(inbox.id, event)
            if conversation_id is not None:
                conversation = await self._conversations.get(conversation_id)
                await self._signal(conversation.workflow_id, "record_delivery", RecordDelivery(receipt=event))
            return
        if await self._is_our_own(inbox, event):
            return
        admission = await self._arrivals.admit_echo(inbox.id, event)
        if not admission.accepted:
            signal = RecordDelivery(echo=event)
            await self._signal_with_start(inbox, admission.contact_id, admission.workflow_id, "record_delivery", signal)
            await self._arrivals.accept_all([(admission.message_id, admission.conversation_id)])

    async def note_change(self, inbox_id: str, changed: ResourceChanged) -> None:
        """Has it read, by a workflow of its own; repeats join the one that is under way. The database is not asked."""
        request = FetchRequest(inbox_id=inbox_id, changed=changed)
        await self._call(
            self._client.start_workflow(
                FetchResource.run,
                request,
                id=f"fetch/{inbox_id}/{changed.topic}/{changed.resource}",
                task_queue=self._task_queue,
                task_timeout=TASK_TIMEOUT,
                start_signal="notice_change",
                start_signal_args=[changed],
                static_summary=f"{changed.topic} · {inbox_id}",
                rpc_timeout=NOTE_TIMEOUT,
            )
        )

    async def _is_our_own(self, inbox: Inbox, echo: Echo) -> bool:
        """An echo may be faster than the answer to the send: then it says that the message was sent, and gives it its name."""
        if await self._receipts.is_ours(inbox.id, echo.provider_id):
            return True
        message_id = echo.message_id
        if message_id is None and echo.own_without_id:
            message_id = await self._receipts.being_sent(inbox.id, echo.address, echo.text, at=echo.at)
        if message_id is None:
            return False
        receipt = DeliveryReceipt(message_id=message_id, provider_id=echo.provider_id, state=DeliveryState.SENT, at=echo.at)
        await self.deliver_event(inbox, receipt)
        return await self._receipts.is_ours(inbox.id, echo.provider_id)

    # A person acts

    async def act(self, verb: PersonVerb, *, wait_seconds: float = 2.0) -> Verdict | None:
        """Sends a verb and waits for its verdict; None if there is none yet (it will come: the verb is durable).

        The same action id gets the same verdict, however often it is sent. Raises NotFound, EngineUnavailable, and Conflict if the id
        was another action's: its verdict must not pass for this one's.
        """
        if (known := await self._conversations.verdict(verb.action_id)) is not None:
            return _its_own(known, verb)
        conversation = await self._conversations.get(verb.conversation_id)
        sent = conversation.status is not Status.CLOSED and await self._signal(conversation.workflow_id, name_of(verb), verb)
        if not sent:
            if not isinstance(verb, PostReply | Take):
                return Verdict(
                    action_id=verb.action_id,
                    conversation_id=verb.conversation_id,
                    verb=name_of(verb),
                    accepted=False,
                    reason=RefusedBecause.CLOSED,
                    detail="This conversation is closed",
                    at=datetime.now(UTC),
                )
            opening = verb.model_copy(update={"opens_episode": True})
            inbox = await self._inboxes.get(conversation.inbox_id)
            written = last_written(conversation.channel, conversation.due.window_at)
            await self._signal_with_start(
                inbox, conversation.contact_id, conversation.workflow_id, name_of(verb), opening, last_written_at=written
            )
        verdict = await self._await_verdict(verb.action_id, wait_seconds)
        return None if verdict is None else _its_own(verdict, verb)

    async def _await_verdict(self, action_id: str, wait_seconds: float) -> Verdict | None:
        until = time.monotonic() + wait_seconds
        while (verdict := await self._conversations.verdict(action_id)) is None and time.monotonic() < until:  # noqa: ASYNC110 # the row is written by another process
            await asyncio.sleep(VERDICT_POLL_SECONDS)
        return verdict

    async def offer_again(self, workflow_id: str, signal: OfferAgain) -> bool:
        """Has a conversation ask again who gets it; False if it is not open any more."""
        return await self._signal(workflow_id, "offer_again", signal)

    # A person answers by mail

    async def answer_by_mail(self, mail_id: str) -> None:
        """Has a mail that is durable taken up, once. Raises EngineUnavailable."""
        await self._call(
            self._client.start_workflow(
                AnswerByMail.run,
                mail_id,
                id=f"mail/{mail_id}",
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=RPC_TIMEOUT,
            )
        )

    # Documents

    async def import_document(self, document_id: str) -> None:
        """Starts the import; progress stands on the document's row."""
        await self._call(
            self._client.start_workflow(
                ImportDocument.run,
                document_id,
                id=f"document/{document_id}",
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=RPC_TIMEOUT,
            )
        )

    async def fetch_media(self, message_id: str) -> None:
        """Has a message's files fetched again, at once: one that waits for its next try is replaced."""
        await self._call(
            self._client.start_workflow(
                FetchMedia.run,
                message_id,
                id=media_workflow_id(message_id),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
                rpc_timeout=RPC_TIMEOUT,
            )
        )

    async def ask(self, question: str, inbox_id: str | None = None) -> Answer:
        """What the bot would answer. Raises NotFound for an unknown inbox, EngineUnavailable when no worker answers in time."""
        if inbox_id is not None:
            await self._inboxes.get(inbox_id)
        asking = self._client.execute_workflow(
            AskDocuments.run,
            Question(text=question, inbox_id=inbox_id),
            id=f"ask/{time.time_ns()}",
            task_queue=self._task_queue,
            execution_timeout=timedelta(seconds=20),
            rpc_timeout=timedelta(seconds=20),
        )
        try:
            return await self._call(asking)
        except WorkflowFailureError as error:
            raise EngineUnavailable("No worker answered in time; check that one is running and try again") from error

    # Looking in

    async def snapshot(self, workflow_id: str) -> Snapshot:
        """What the workflow holds now; for operators and tests."""
        handle: WorkflowHandle[Conversation, str] = self._client.get_workflow_handle_for(Conversation.run, workflow_id)
        return await self._call(handle.query(Conversation.snapshot, rpc_timeout=RPC_TIMEOUT))

    async def readiness(self) -> dict[str, bool]:
        database, (temporal, worker) = await asyncio.gather(self._database_answers(), self._engine_answers())
        return {"database": database, "temporal": temporal, "worker": worker}

    def temporal_link(self, workflow_id: str, run_id: str) -> str | None:
        """The run's page in the Temporal UI, if that has an address."""
        if self._ui_url is None:
            return None
        return f"{self._ui_url}/namespaces/{self._client.namespace}/workflows/{quote(workflow_id, safe='')}/{run_id}"

    async def settle(self) -> None:
        """Waits for what is still being written; call it before the database closes."""
        await asyncio.gather(*self._background)

    # The engine

    async def _signal_with_start(
        self, inbox: Inbox, contact_id: str, workflow_id: str, signal: str, argument: Model, *, last_written_at: datetime | None = None
    ) -> str | None:
        """Returns the id of the run that has the signal."""
        start = StartConversation(
            inbox_id=inbox.id, channel=inbox.channel, contact_id=contact_id, policy=inbox.policy, last_written_at=last_written_at
        )
        handle = await self._call(
            self._client.start_workflow(
                Conversation.run,
                ConversationInput(start=start),
                id=workflow_id,
                task_queue=self._task_queue,
                task_timeout=TASK_TIMEOUT,
                start_signal=signal,
                start_signal_args=[argument],
                search_attributes=_search_attributes(inbox.channel, inbox.id),
                static_summary=f"{inbox.channel} · {inbox.name}",
                rpc_timeout=RPC_TIMEOUT,
            )
        )
        return handle.result_run_id

    async def _signal(self, workflow_id: str, signal: str, argument: Model) -> bool:
        """False if no run is open under this id."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await self._call(handle.signal(signal, argument, rpc_timeout=RPC_TIMEOUT))
        except NotFound:
            return False
        return True

    async def _call(self, call: Awaitable[T]) -> T:
        """Raises NotFound and EngineUnavailable for what the engine says; a call without an answer may have arrived."""
        try:
            return await call
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise NotFound("No run is open under this id") from error
            raise EngineUnavailable(f"The conversation engine did not answer ({error.status.name}); try again") from error
        except RuntimeError as error:
            raise EngineUnavailable("The conversation engine can't be reached; try again") from error

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(3):
                return await self._database.answers()
        except TimeoutError:
            return False

    async def _engine_answers(self) -> tuple[bool, bool]:
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=self._task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        try:
            queue = await self._client.workflow_service.describe_task_queue(request, timeout=timedelta(seconds=2))
        except (RPCError, RuntimeError):
            return False, False
        now = datetime.now(UTC)
        return True, any(now - poller.last_access_time.ToDatetime(UTC) < POLLER_FRESH for poller in queue.pollers)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _its_own(verdict: Verdict, verb: PersonVerb) -> Verdict:
    """Raises Conflict if the verdict was given on another action."""
    if verdict.fingerprint not in (None, fingerprint(verb)):
        raise Conflict("This action id (Idempotency-Key) was used for another action before; give each its own")
    return verdict


def _search_attributes(channel: ChannelKind, inbox_id: str) -> TypedSearchAttributes:
    pairs: Sequence[SearchAttributePair[Any]] = (
        SearchAttributePair(STATUS, Status.BOT.value),
        SearchAttributePair(CHANNEL, channel.value),
        SearchAttributePair(INBOX, inbox_id),
    )
    return TypedSearchAttributes(list(pairs))
