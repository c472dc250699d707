"""The worker: settings -> adapters -> activities -> Worker. A composition root; `./frontdesk worker` runs it."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from email.utils import parseaddr
from functools import partial
from typing import Any

import structlog
from pydantic import SecretStr
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.assistant import AssistantActivities
from activities.changes import ChangeActivities
from activities.delivery import DeliveryActivities
from activities.documents import DocumentActivities
from activities.fetching import FetchingActivities
from activities.heartbeat import HeartbeatInterceptor
from activities.line import LineWatch
from activities.mail import MailActivities
from activities.mailbox import MailboxWatch
from activities.media import MediaActivities
from activities.notices import NoticeActivities
from activities.recalibrated import Recalibrated
from activities.records import RecordActivities
from activities.tokens import TokenKeeper
from activities.turns import TurnActivities
from activities.upkeep import UpkeepActivities
from assistant.chain import ModelChain
from assistant.endpoint import Endpoint, ModelAddress
from assistant.grounded import BUDGET_SECONDS, GroundedAssistant
from channels.languages import language_of
from channels.media import Downloads
from channels.outgoing import OutgoingHttp, media_http, vendor_http, vendor_media_http
from channels.push_services import PushServices
from channels.registry import FEATURES, Vendors, build_channels
from channels.signs import LaterSigns, Signs
from domain.drafting import DraftPolicy
from domain.ladder import Medium
from domain.mail import ReplyOffers
from domain.ports import Notifier, PushStore
from gateway import TASK_QUEUE, ConversationGateway, open_client, prepare_namespace
from knowledge.hearing import KnowledgeListener
from knowledge.importing import import_document
from knowledge.index import KnowledgeIndex
from notifications.inbound import read_mail
from notifications.logged import Logged
from notifications.mail import MailNotifier
from notifications.mailbox import Mailbox
from notifications.push import PushNotifier
from notifications.sms import SmsNotifier
from settings import Settings, configure_logging
from storage.files import FileLinks
from storage.notices import Notices
from storage.pacing import Pacing
from storage.stores import Stores, build_stores
from workflows.conversation import Conversation
from workflows.documents import AskDocuments, ImportDocument
from workflows.fetching import FetchResource
from workflows.mail import AnswerByMail
from workflows.media import FetchMedia
from workflows.upkeep import KeepChannelsUp

log = structlog.get_logger()

STICKY_TIMEOUT = timedelta(seconds=1)
"""A conversation whose worker died is given to another after this; the server's default is ten seconds."""
CACHED_CONVERSATIONS = 5_000
"""About 25 kB each. An evicted conversation is replayed with its next message."""

UPKEEP_SCHEDULE = "channel-upkeep"
UPKEEP_EVERY = timedelta(minutes=10)
UPKEEP_LIMIT = timedelta(minutes=30)

BUILD_ID = "frontdesk"
"""Named, because the SDK's default is a hash over every loaded module's code: seconds of each start. Nothing is routed by it."""


def build_mail(settings: Settings, offers: ReplyOffers) -> MailNotifier | None:
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    return MailNotifier(
        settings.smtp_url.get_secret_value(),
        settings.mail_from,
        base_url=settings.base_url,
        reply_to=settings.mail_reply_to,
        offers=offers,
    )


def build_notifiers(settings: Settings, mail: MailNotifier | None, push: PushStore, http: OutgoingHttp) -> Mapping[Medium, Notifier]:
    """The media that are set up; the others are passed over. Push needs no account anywhere."""
    contact = f"mailto:{parseaddr(settings.mail_from)[1]}" if settings.mail_from else "mailto:frontdesk@localhost"
    notifiers: dict[Medium, Notifier] = {
        Medium.PUSH: Logged(PushNotifier(push, PushServices(http), base_url=settings.base_url, contact=contact))
    }
    if mail is not None:
        notifiers[Medium.EMAIL] = Logged(mail)
    if settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_from:
        notifiers[Medium.SMS] = Logged(
            SmsNotifier(
                settings.twilio_account_sid,
                settings.twilio_auth_token.get_secret_value(),
                settings.twilio_from,
                base_url=settings.base_url,
                api_url=settings.twilio_api_url,
            )
        )
    return notifiers


def build_assistant(settings: Settings, *, budget_seconds: float = BUDGET_SECONDS) -> GroundedAssistant | None:
    """The configured models in their order; None without any."""
    if settings.llm_base_url is None or settings.llm_model is None:
        return None
    addresses = [
        ModelAddress(
            settings.llm_base_url, _plain(settings.llm_api_key), settings.llm_model, settings.llm_price_input, settings.llm_price_output
        )
    ]
    if settings.llm_fallback_base_url is not None and settings.llm_fallback_model is not None:
        key = _plain(settings.llm_fallback_api_key)
        prices = (settings.llm_fallback_price_input, settings.llm_fallback_price_output)
        addresses.append(ModelAddress(settings.llm_fallback_base_url, key, settings.llm_fallback_model, *prices))
    endpoints = [Endpoint(at, timeout_seconds=settings.llm_timeout_seconds) for at in addresses]
    return GroundedAssistant(ModelChain(endpoints), budget_seconds=budget_seconds)


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def stores_of(settings: Settings) -> Stores:
    return build_stores(settings.database, settings.key(), FEATURES, away_after=timedelta(minutes=settings.away_after_minutes))


def build_gateway(client: Client, stores: Stores, task_queue: str = TASK_QUEUE) -> ConversationGateway:
    return ConversationGateway(
        client,
        arrivals=stores.arrivals,
        conversations=stores.conversations,
        inboxes=stores.inboxes,
        receipts=stores.ledger,
        database=stores.db,
        language_of=language_of,
        task_queue=task_queue,
    )


def build_worker(
    client: Client,
    settings: Settings,
    *,
    stores: Stores | None = None,
    index: KnowledgeIndex | None = None,
    task_queue: str = TASK_QUEUE,
) -> Worker:
    """Everything wired, nothing started. `stores` and `index` may be shared with the caller."""
    stores = stores or stores_of(settings)
    index = index or KnowledgeIndex(stores.documents)
    searched = Recalibrated(index, stores.judgements.adjustment)
    assistant = build_assistant(settings)
    drafts = DraftPolicy(configured=assistant is not None, ratio=settings.llm_odds_ratio)
    http = OutgoingHttp(allowed_networks=settings.allowed_private_networks)
    channels = build_channels(http, Vendors(vendor_http(), **settings.vendor_urls))
    keeper = TokenKeeper(stores.inboxes, stores.tokens, channels)
    inlet = build_gateway(client, stores, task_queue)
    mail = build_mail(settings, stores.mail)
    signs = Signs(channels, stores.inboxes, stores.conversations)
    links = FileLinks(stores.files, stores.vault, settings.base_url)
    activities = (
        *_methods(RecordActivities(stores.conversations, stores.judgements)),
        *_methods(TurnActivities(stores.conversations, searched, KnowledgeListener(index), drafts)),
        *_methods(AssistantActivities(stores.conversations, stores.inboxes, searched, assistant, drafts, signs)),
        *_methods(DeliveryActivities(stores.ledger, stores.inboxes, channels, keeper, links, Pacing(stores.db), LaterSigns(signs))),
        *_methods(
            MediaActivities(
                stores.conversations,
                stores.files,
                stores.inboxes,
                channels,
                Downloads(media_http(settings.allowed_private_networks), vendor_media_http()),
            )
        ),
        *_methods(FetchingActivities(stores.inboxes, keeper, channels, inlet)),
        *_methods(NoticeActivities(Notices(stores.db, proved_only=settings.verifies), build_notifiers(settings, mail, stores.push, http))),
        *_methods(MailActivities(stores.mail, stores.people, inlet, read_mail, mail)),
        *_methods(
            UpkeepActivities(
                stores.inboxes,
                keeper,
                channels,
                inlet,
                stores.ledger,
                stores.unknown_sends,
                stores.tokens,
                stores.contacts,
                stores.people,
                mail,
            )
        ),
        *_methods(ChangeActivities(stores.events)),
        *_methods(DocumentActivities(partial(import_document, stores.documents), searched, stores.inboxes)),
    )
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[Conversation, ImportDocument, AskDocuments, FetchMedia, FetchResource, KeepChannelsUp, AnswerByMail],
        activities=activities,
        interceptors=[HeartbeatInterceptor()],
        # Determinism is proved where it costs nobody anything: the tests run in the sandbox and replay recorded histories.
        workflow_runner=UnsandboxedWorkflowRunner(),
        build_id=BUILD_ID,
        max_cached_workflows=CACHED_CONVERSATIONS,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=timedelta(seconds=5),
    )


def _methods(owner: object) -> tuple[Callable[..., object], ...]:
    """The owner's activities."""
    members = (getattr(owner, name) for name in dir(owner) if not name.startswith("_"))
    return tuple(member for member in members if hasattr(member, "__temporal_activity_definition"))


async def prepare_schedules(client: Client, *, schedule_id: str = UPKEEP_SCHEDULE, task_queue: str = TASK_QUEUE) -> None:
    """Channels are kept up at once and then every so often, by one run at a time; safe to repeat, by any number of workers.

    An engine that knows no schedules, or forbids them, is left as it is.
    """
    action = ScheduleActionStartWorkflow(KeepChannelsUp.run, id="upkeep", task_queue=task_queue, run_timeout=UPKEEP_LIMIT)
    schedule = Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=UPKEEP_EVERY)], jitter=timedelta(seconds=30)),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=UPKEEP_EVERY),
        state=ScheduleState(
            note="Renews access tokens, fetches what no notification told of, looks for evidence of unknown sends, deletes old changes"
        ),
    )
    try:
        await client.create_schedule(schedule_id, schedule, trigger_immediately=True)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(lambda _: ScheduleUpdate(schedule=schedule))
    except RPCError as error:
        if error.status not in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            raise
        log.warning("no_schedule", schedule_id=schedule_id, status=error.status.name)


async def connect(settings: Settings) -> Client:
    """Waits for the service as long as it takes: a worker that gives up has to be started again by hand."""
    pause = 0.1
    while True:
        try:
            client = await open_client(
                settings.engine_address,
                settings.temporal_namespace,
                tls_cert=settings.temporal_tls_cert,
                tls_key=settings.temporal_tls_key,
                tls_ca=settings.temporal_tls_ca,
                tls_server_name=settings.temporal_tls_server_name,
            )
            await prepare_namespace(client)
            await prepare_schedules(client)
        except (RPCError, RuntimeError) as error:
            log.info("engine_not_ready", address=settings.engine_address, error=type(error).__name__, next_try_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)
        else:
            return client


async def run(settings: Settings) -> None:
    """Works until SIGINT or SIGTERM."""
    configure_logging(settings)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    stores = stores_of(settings)
    index = KnowledgeIndex(stores.documents)
    stopping = asyncio.create_task(stopped.wait())
    starting = asyncio.create_task(_ready(settings, index))
    await asyncio.wait({stopping, starting}, return_when=asyncio.FIRST_COMPLETED)
    if stopped.is_set():
        starting.cancel()
        return
    client = await starting
    gateway = build_gateway(client, stores)
    following = [
        asyncio.create_task(_follow("knowledge", index.follow)),
        asyncio.create_task(_follow("line", LineWatch(stores.line, gateway.offer_again).follow)),
    ]
    if settings.imap_url is not None and settings.mail_reply_to is not None:
        mailbox = Mailbox.from_url(settings.imap_url.get_secret_value(), settings.mail_reply_to)
        following.append(asyncio.create_task(_follow("mailbox", MailboxWatch(mailbox, stores.mail, gateway.answer_by_mail).follow)))
    async with build_worker(client, settings, stores=stores, index=index):
        settle_memory()
        log.info("worker_ready", task_queue=TASK_QUEUE)
        await stopped.wait()
    for task in following:
        task.cancel()
    await stores.db.close()
    log.info("worker_stopped")


async def _follow(what: str, follow: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A document that was published, or a manager who became free, counts within a second; a database that is away for a while changes
    nothing."""
    while True:
        following = asyncio.create_task(follow())
        try:
            await asyncio.wait({following})
        finally:
            following.cancel()
        log.warning(f"{what}_not_followed", error=type(following.exception()).__name__)
        await asyncio.sleep(1)


def settle_memory() -> None:
    """What is loaded by now stays: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _ready(settings: Settings, index: KnowledgeIndex) -> Client:
    """The documents are loaded before the first message can come, so that it is answered as fast as the others."""
    client, _ = await asyncio.gather(connect(settings), index.refresh())
    return client
