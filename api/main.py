"""The API process: settings -> adapters -> services -> application. A composition root; `./frontdesk api` runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn
from fastapi import FastAPI

from api.app import build_app
from channels.languages import language_of
from channels.outgoing import OutgoingHttp, vendor_http
from channels.registry import FEATURES, Vendors, build_channels
from channels.signs import LaterSigns, Signs
from domain.ladder import Medium
from gateway import ConversationGateway, open_client
from notifications.verify import TwilioVerify
from settings import Settings, configure_logging
from storage.stores import build_stores
from web.live import LiveFeed
from web.services import Services, Telling


def build_verifier(settings: Settings) -> TwilioVerify | None:
    account, token, service = settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_verify_service_sid
    if account is None or token is None or service is None:
        return None
    return TwilioVerify(account, token.get_secret_value(), service, api_url=settings.twilio_verify_api_url)


async def create_app(settings: Settings) -> FastAPI:
    """Ready to be served; connections are made when they are first needed."""
    configure_logging(settings)
    stores = build_stores(settings.database, settings.key(), FEATURES, away_after=timedelta(minutes=settings.away_after_minutes))
    http = OutgoingHttp(allowed_networks=settings.allowed_private_networks)
    to_vendors = vendor_http()
    gateway = ConversationGateway(
        await open_client(
            settings.engine_address,
            settings.temporal_namespace,
            tls_cert=settings.temporal_tls_cert,
            tls_key=settings.temporal_tls_key,
            tls_ca=settings.temporal_tls_ca,
            tls_server_name=settings.temporal_tls_server_name,
            lazy=True,
        ),
        arrivals=stores.arrivals,
        conversations=stores.conversations,
        inboxes=stores.inboxes,
        receipts=stores.ledger,
        database=stores.db,
        language_of=language_of,
        ui_url=settings.temporal_ui_url,
    )
    channels = build_channels(http, Vendors(to_vendors, **settings.vendor_urls))
    later = LaterSigns(Signs(channels, stores.inboxes, stores.conversations))
    services = Services(
        db=stores.db,
        conversations=stores.conversations,
        arrivals=stores.arrivals,
        contacts=stores.contacts,
        attendance=stores.attendance,
        inboxes=stores.inboxes,
        people=stores.people,
        teamwork=stores.teamwork,
        tokens=stores.tokens,
        documents=stores.documents,
        events=stores.events,
        files=stores.files,
        ledger=stores.ledger,
        gateway=gateway,
        channels=channels,
        public_url=settings.base_url,
        vault=stores.vault,
        live=LiveFeed(stores.events),
        later=later,
        telling=Telling(
            notices=stores.notices,
            preferences=stores.preferences,
            push=stores.push,
            mail=stores.mail,
            verified=stores.verified,
            verifier=build_verifier(settings),
            inbound_secret=settings.mail_inbound_secret.get_secret_value() if settings.mail_inbound_secret else "",
            media=frozenset({Medium.PUSH} | ({Medium.EMAIL} if settings.mails else set()) | ({Medium.SMS} if settings.texts else set())),
        ),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await gateway.settle()
        await later.settle()
        await http.close()
        await to_vendors.close()
        await stores.db.close()

    return build_app(services, lifespan=lifespan)


async def serve(settings: Settings) -> None:
    """Until SIGINT or SIGTERM; open streams get five seconds to end."""
    config = uvicorn.Config(
        await create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=5,
    )
    await uvicorn.Server(config).serve()
