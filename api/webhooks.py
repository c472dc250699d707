"""The door for vendors and for the REST inbox. A request is acknowledged only after what it brought is durable."""

import json
import time
from collections.abc import Callable

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.metrics import Metrics
from api.problems import BadRequest
from api.recent_inboxes import RecentInboxes
from domain.channels import PATH_SECRET, ChannelKind, WebhookRequest
from domain.errors import Conflict, InvalidInput, NotFound
from domain.managers import Inbox
from domain.messages import Arrival, Echo, Ignored, InboundEvent, ResourceChanged
from domain.ports import Acknowledging, Channel, Credentials
from web.services import Gateway, Receipt, Services, services

_log = structlog.get_logger()

SHARE_OF_DATABASE = 0.6
"""Of the time in which a vendor wants its answer: how long an inbox that was not read before is waited for."""


class WebhookDoor:
    """One plain route, without FastAPI's dependency machinery: this path decides how many messages fit through.

    `clock` gives unix seconds; signatures' ages are judged by it.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self._metrics = metrics
        self._clock = clock
        self._recent = RecentInboxes()

    async def receive(self, request: Request) -> Response:
        """`GET|POST /webhooks/{channel}/{inbox_id}`, and for a channel that signs nothing `/webhooks/{channel}/{inbox_id}/{path_secret}`.

        Raises NotFound, AuthenticityError, BadRequest, Conflict (REST only) and EngineUnavailable; the boundary answers them.
        """
        started = time.perf_counter()
        door = services(request)
        inbox, credentials, channel = await self._opened(door, **request.path_params)
        try:
            return await self._answer(request, door, inbox, credentials, channel)
        finally:
            self._metrics.webhook(channel.kind, time.perf_counter() - started)

    async def _opened(self, door: Services, channel: str, inbox_id: str, path_secret: str = "") -> tuple[Inbox, Credentials, Channel]:
        unknown = f"There is no {channel} inbox {inbox_id}; `frontdesk inbox list` shows the webhook URLs."
        found = next((one for known, one in door.channels.items() if known.value == channel), None)
        if found is None or (path_secret and PATH_SECRET not in found.features.settings):
            raise NotFound(unknown)
        within = found.features.acknowledge_within
        opened: tuple[Inbox, Credentials]
        if within is None:
            opened = await door.inboxes.opened(inbox_id)
        else:
            opened = await self._recent.opened(door.inboxes, inbox_id, within=within * SHARE_OF_DATABASE)
        inbox, credentials = opened
        if inbox.channel is not found.kind:
            raise NotFound(unknown)
        return inbox, credentials, found

    async def _answer(self, request: Request, door: Services, inbox: Inbox, credentials: Credentials, channel: Channel) -> Response:
        hook = await _read(request, door.public_url)
        if channel.features.handshake and (reply := channel.handshake(hook, credentials)) is not None:
            return Response(reply.body, reply.status, media_type=reply.content_type)
        if hook.method != "POST":
            raise HTTPException(405, "Messages are delivered here by POST.", {"Allow": "POST"})
        now = self._clock()
        channel.verify(hook, credentials, now=now)
        try:
            events = channel.parse(hook, inbox, now=now)
        except InvalidInput as error:
            raise BadRequest(str(error)) from error
        receipt: Receipt | None = None
        for event in events:
            receipt = await self._take_in(event, door.gateway, inbox, channel.kind) or receipt
        if channel.kind is ChannelKind.REST:
            return _accepted(receipt)
        reply = channel.acknowledgement(hook) if isinstance(channel, Acknowledging) else None
        return Response() if reply is None else Response(reply.body, reply.status, media_type=reply.content_type)

    async def _take_in(self, event: InboundEvent, gateway: Gateway, inbox: Inbox, kind: ChannelKind) -> Receipt | None:
        if isinstance(event, Ignored):
            self._metrics.webhook_event(kind, "ignored")
            _log.info("webhook.ignored", inbox_id=inbox.id, channel=kind.value, reason=event.reason)
            return None
        if isinstance(event, ResourceChanged):
            await gateway.note_change(inbox.id, event)
            self._metrics.webhook_event(kind, "noted")
            return None
        if not isinstance(event, Arrival):
            await gateway.deliver_event(inbox, event)
            self._metrics.webhook_event(kind, "echo" if isinstance(event, Echo) else "receipt")
            return None
        try:
            receipt = await gateway.receive(inbox, event)
        except Conflict:
            self._metrics.webhook_event(kind, "conflict")
            if kind is ChannelKind.REST:
                raise
            # A vendor would deliver a refused batch again for days, and with it the events behind this one.
            _log.warning("webhook.conflict", inbox_id=inbox.id, channel=kind.value, message_id=event.message.id)
            return None
        self._metrics.webhook_event(kind, "duplicate" if receipt.duplicate else "received")
        return receipt


async def _read(request: Request, public_url: str) -> WebhookRequest:
    scope = request.scope
    query = scope["query_string"].decode("latin-1")
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    return WebhookRequest(
        method=scope["method"],
        url=f"{public_url}{path}" + (f"?{query}" if query else ""),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        query=dict(request.query_params),
        body=await request.body(),
    )


def _accepted(receipt: Receipt | None) -> Response:
    body = {
        "conversation_id": receipt.conversation_id if receipt else None,
        "message_id": receipt.message_id if receipt else None,
        "duplicate": receipt.duplicate if receipt else False,
    }
    return Response(json.dumps(body, separators=(",", ":")), 202, media_type="application/json")
