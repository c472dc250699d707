"""What `up` and `demo` consist of."""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from channels.registry import FEATURES
from console import import_files
from domain.channels import ChannelKind
from domain.errors import Conflict
from domain.managers import Role
from settings import Settings, configure_logging
from storage.migrate import upgrade
from storage.stores import Stores, open_stores
from supervisor import (
    ROOT,
    TEMPORAL_ENV,
    Child,
    ChildFailed,
    Supervisor,
    check_journal,
    free_engine_ports,
    is_free,
    only_instance,
    temporal_command,
    wait_until_ready,
)

SEARCH_ATTRIBUTES = {
    "FrontdeskStatus": "Keyword",
    "FrontdeskChannel": "Keyword",
    "FrontdeskInbox": "Keyword",
    "FrontdeskAssignee": "Keyword",
    "FrontdeskOfferedTo": "Keyword",
    "FrontdeskWaitingSince": "Datetime",
}
"""Registered at the server's first start, so that it need not be asked; the worker looks again."""
START_SECONDS = 120.0


@dataclass(frozen=True)
class Running:
    """A product that is up, handed to whoever wants to do more with it."""

    settings: Settings
    """With the engine's address, as the children have it."""
    supervisor: Supervisor
    env: dict[str, str]


Welcome = Callable[[Running], Awaitable[None]]


async def run_everything(settings: Settings, *, env: dict[str, str] | None = None, welcome: Welcome | None = None) -> None:
    """Until SIGINT or SIGTERM. Prints `ready URL` once API, Temporal and a worker answer; then `welcome` goes on.

    Raises Conflict if the data directory or the port is in use, ChildFailed if the product does not come up.
    """
    configure_logging(settings)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    with only_instance(settings.data_dir):
        if not is_free(settings.host, settings.port):
            raise Conflict(f"Port {settings.port} of {settings.host} is taken by another program. Stop it, or name another by --port PORT.")
        settings.port_file.write_text(str(settings.port))
        supervisor = Supervisor()
        starting = asyncio.create_task(_start(settings, supervisor, env or {}, welcome))
        stopping = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not stopped.is_set():
                starting.result()
                await stopping
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await supervisor.stop()
            settings.port_file.unlink(missing_ok=True)


async def _start(settings: Settings, supervisor: Supervisor, env: dict[str, str], welcome: Welcome | None) -> None:
    logs = settings.data_dir.absolute() / "logs"
    settings.key()
    if settings.temporal_address is None:
        ports = free_engine_ports(settings.data_dir)
        command = temporal_command(settings.data_dir.absolute(), ports, SEARCH_ATTRIBUTES)
        supervisor.start(Child("temporal", command, log_dir=logs, env=TEMPORAL_ENV))
        settings = settings.model_copy(
            update={"temporal_address": ports.address, "temporal_ui_url": settings.temporal_ui_url or ports.ui_url}
        )
        embedded = True
    else:
        embedded = False
    env = {
        "FRONTDESK_DATA_DIR": str(settings.data_dir.absolute()),
        "FRONTDESK_PORT": str(settings.port),
        "FRONTDESK_HOST": settings.host,
        "FRONTDESK_TEMPORAL_ADDRESS": settings.engine_address,
        "PYTHONPATH": str(ROOT),
        **env,
    }
    if settings.temporal_ui_url is not None:
        env["FRONTDESK_TEMPORAL_UI_URL"] = settings.temporal_ui_url
    try:
        await asyncio.to_thread(upgrade, settings.database)
    except OSError as error:
        raise ChildFailed(f"The database can't be opened: {error}") from error
    for role in ("worker", "api"):
        supervisor.start(Child(role, [sys.executable, str(ROOT / "cli.py"), role], log_dir=logs, env=env))
    await wait_until_ready(f"http://{settings.host}:{settings.port}", seconds=START_SECONDS, log_dir=logs)
    if embedded:
        check_journal(settings.data_dir)
    print(f"ready {settings.base_url}", flush=True)
    if welcome is not None:
        await welcome(Running(settings=settings, supervisor=supervisor, env=env))


# The example shop

CHAT_INBOX = "shop"
REST_INBOX = "shop-api"
SHOP_PDF = ROOT / "examples" / "shop.pdf"
RECEIVER_HOST = "127.0.42.7" if sys.platform == "linux" else "127.0.0.1"
"""A loopback address that nothing else uses, so that only the demo's receiver has to be allowed."""


async def run_demo(settings: Settings) -> None:
    """`up` with the example shop; the customers come once it is ready, at the first start."""
    allowed = ",".join([f"{RECEIVER_HOST}/32", *(str(network) for network in settings.allowed_private_networks)])
    await run_everything(settings, env={"FRONTDESK_ALLOWED_PRIVATE_NETWORKS": allowed}, welcome=_open_shop)


async def _open_shop(running: Running) -> None:
    settings = running.settings
    async with open_stores(settings.database, settings.key(), FEATURES) as stores:
        first_time = not await stores.people.list()
        if first_time:
            await _furnish(stores, settings)
        owner = await stores.people.first_owner()
        assert owner is not None
        link = f"{settings.base_url}/sign-in/{await stores.people.new_sign_in_link(owner.id)}"
        port = int(urlsplit((await stores.inboxes.get(REST_INBOX)).public_settings["callback_url"]).port or 0)
        secret = (await stores.inboxes.credentials(REST_INBOX))["secret"]
    print(f"\n  Dashboard    {link}\n               signs in {owner.name}, the owner; the link works once")
    print(f"  Chat page    {settings.base_url}/chat/{CHAT_INBOX}")
    print(f"  Temporal UI  {settings.temporal_ui_url or 'not embedded: see your Temporal service'}\n", flush=True)
    if first_time:
        print("  The first customers are writing. Ctrl-C stops everything; the data stay.", flush=True)
    command = [sys.executable, "-m", "examples.customers", "--url", settings.base_url, "--chat-inbox", CHAT_INBOX]
    command += ["--rest-inbox", REST_INBOX, "--receive-at", f"{RECEIVER_HOST}:{port}", *([] if first_time else ["--only-receive"])]
    env = {**running.env, "FRONTDESK_DEMO_REST_SECRET": secret}
    logs = settings.data_dir.absolute() / "logs"
    running.supervisor.start(Child("customers", command, log_dir=logs, env=env))


async def _furnish(stores: Stores, settings: Settings) -> None:
    """Two managers, two inboxes and the handbook; only at the first start."""
    with closing(socket.socket()) as probe:
        probe.bind((RECEIVER_HOST, 0))
        port = probe.getsockname()[1]
    await stores.inboxes.add(ChannelKind.WEBCHAT, "Website chat", inbox_id=CHAT_INBOX, settings={"greeting": DEMO_GREETING})
    callback = f"http://{RECEIVER_HOST}:{port}/replies"
    await stores.inboxes.add(ChannelKind.REST, "Partner shop (REST)", inbox_id=REST_INBOX, settings={"callback_url": callback})
    print(f"Reading {SHOP_PDF.name} ...", flush=True)
    await import_files(stores, settings, [SHOP_PDF], wait=True)
    await stores.people.add("maya@example.com", "Maya Okafor", Role.OWNER)
    await stores.people.add("luis@example.com", "Luis Prado", Role.MANAGER)


DEMO_GREETING = "Hello! Ask me about shipping, returns, warranty or payment. If I don't know, a colleague will answer you here."
