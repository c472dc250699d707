"""A shop without documents on one vendor's channel: the whole running product, for tests through the HTTP door."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
from temporalio.client import Client

from api.app import build_app
from channels.outgoing import vendor_http
from channels.registry import FEATURES, Vendors, build_channels
from domain.channels import ChannelKind
from domain.commands import PostReply, Take
from domain.conversations import Conversation, Section, Status
from domain.managers import Manager, Role
from domain.messages import Attachment, DeliveryState, Direction, Message
from gateway import ConversationGateway
from settings import Settings
from storage.stores import Stores, open_stores
from tests.api.conftest import browser
from tests.api.fakes import NoHttp
from tests.telling import telling_over
from tests.workflows.desk import until
from web.live import LiveFeed
from web.services import Services
from worker import build_worker

KEY = "a key for tests"
CHAT = 6_103_344_556
EMA, PHONE, PHONE_E164 = "AR.7700112233445566", "5493415550101", "+5493415550101"
HOLDING = "One moment, a person is coming."
POLICY = {"quiet_window_seconds": "0", "holding_line": HOLDING, "notify_email_after_minutes": "none", "notify_sms_after_minutes": "none"}


class Shop:
    """The running product without documents: every question goes to a person, after a holding line."""

    def __init__(self, client: httpx2.AsyncClient, stores: Stores, gateway: ConversationGateway, manager: Manager) -> None:
        self.client = client
        self.stores = stores
        self.gateway = gateway
        self.manager = manager

    async def conversation(self) -> Conversation | None:
        items = (await self.stores.conversations.page(Section.ALL, manager_id=None)).items
        return items[0] if items else None

    async def messages(self, direction: Direction) -> list[Message]:
        found = await self.conversation()
        shown = await self.stores.conversations.messages(found.id, limit=200) if found else ()
        return [message for message in shown if message.direction is direction]

    async def until_flagged(self) -> Conversation:
        return await self.until_status(Status.FLAGGED)

    async def until_status(self, status: Status) -> Conversation:
        async def has_it() -> bool:
            found = await self.conversation()
            return found is not None and found.status is status

        await until(has_it, f"the conversation is {status}", seconds=30)
        found = await self.conversation()
        assert found is not None
        return found

    async def until_delivery(self, *states: DeliveryState) -> list[Message]:
        """The outbound messages, once their states are these."""

        async def are_these() -> bool:
            return tuple(message.delivery for message in await self.messages(Direction.OUTBOUND)) == states

        await until(are_these, f"the messages are {states}", seconds=30)
        return await self.messages(Direction.OUTBOUND)

    async def key(self) -> dict[str, str]:
        """Headers that prove the manager to the JSON API."""
        _, key = await self.stores.people.create_api_key("test", self.manager.id)
        return {"authorization": f"Bearer {key}"}

    async def until_media(self, ready: Callable[[Attachment], bool]) -> Attachment:
        """The one attachment of the customer's messages, once it is as wanted."""

        async def it_is() -> bool:
            return any(ready(file) for message in await self.messages(Direction.INBOUND) for file in message.attachments)

        await until(it_is, "the file is as wanted", seconds=30)
        return next(file for message in await self.messages(Direction.INBOUND) for file in message.attachments if ready(file))

    async def replies(self, text: str) -> None:
        found = await self.conversation()
        assert found is not None
        for verb in (
            Take(action_id=str(uuid4()), conversation_id=found.id, manager_id=self.manager.id),
            PostReply(action_id=str(uuid4()), conversation_id=found.id, manager_id=self.manager.id, text=text, keep=True),
        ):
            verdict = await self.gateway.act(verb, wait_seconds=20)
            assert verdict is not None
            assert verdict.accepted


@asynccontextmanager
async def running(
    temporal: Client, database_url: str, tmp_path: Path, kind: ChannelKind, credentials: Mapping[str, str], **urls: str
) -> AsyncIterator[Shop]:
    settings = Settings(_env_file=None, data_dir=tmp_path, database_url=database_url, secret_key=KEY, **urls)  # type: ignore[arg-type] # pydantic checks the values
    queue = f"vendors-{uuid4()}"
    to_vendors = vendor_http()
    async with open_stores(database_url, KEY, FEATURES) as stores:
        manager = await stores.people.add("lara@galpon.example", "Lara", Role.OWNER)
        await stores.inboxes.add(kind, "Galpón", inbox_id="galpon", settings={**credentials, **POLICY})
        gateway = ConversationGateway(
            temporal,
            arrivals=stores.arrivals,
            conversations=stores.conversations,
            inboxes=stores.inboxes,
            receipts=stores.ledger,
            database=stores.db,
            task_queue=queue,
        )
        services = Services(
            db=stores.db,
            conversations=stores.conversations,
            arrivals=stores.arrivals,
            attendance=stores.attendance,
            contacts=stores.contacts,
            inboxes=stores.inboxes,
            people=stores.people,
            teamwork=stores.teamwork,
            tokens=stores.tokens,
            documents=stores.documents,
            events=stores.events,
            files=stores.files,
            ledger=stores.ledger,
            gateway=gateway,
            channels=build_channels(NoHttp(), Vendors(to_vendors, **settings.vendor_urls)),
            public_url="https://desk.example",
            vault=stores.vault,
            live=LiveFeed(stores.events),
            telling=telling_over(stores),
        )
        async with build_worker(temporal, settings, stores=stores, task_queue=queue), browser(build_app(services)) as client:
            yield Shop(client, stores, gateway, manager)
            await gateway.settle()
        await services.live.close()
        await to_vendors.close()
