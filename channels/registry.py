"""Every channel of this installation, by kind. `FEATURES` is data alone: reading it loads no HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from channels import instagram, mercadolibre, messenger, rest, telegram, twilio, webchat, whatsapp
from channels.exchange import Http
from channels.graph import GRAPH_URL, GRAPH_VERSION
from channels.mercadolibre_api import API_URL
from domain.channels import ChannelFeatures, ChannelKind
from domain.ports import Channel

FEATURES: Mapping[ChannelKind, ChannelFeatures] = MappingProxyType(
    {
        ChannelKind.REST: rest.FEATURES,
        ChannelKind.WEBCHAT: webchat.FEATURES,
        ChannelKind.TELEGRAM: telegram.FEATURES,
        ChannelKind.WHATSAPP: whatsapp.FEATURES,
        ChannelKind.INSTAGRAM: instagram.FEATURES,
        ChannelKind.MESSENGER: messenger.FEATURES,
        ChannelKind.MERCADOLIBRE: mercadolibre.FEATURES,
        ChannelKind.SMS: twilio.SMS_FEATURES,
        ChannelKind.WHATSAPP_TWILIO: twilio.WHATSAPP_FEATURES,
    }
)


@dataclass(frozen=True, slots=True)
class Vendors:
    """How the vendors' APIs are reached: `http` may go wherever the operator's settings point, private networks included."""

    http: Http
    telegram_url: str = telegram.API_URL
    graph_url: str = GRAPH_URL
    graph_version: str = GRAPH_VERSION
    instagram_url: str = instagram.INSTAGRAM_URL
    mercadolibre_url: str = API_URL
    twilio_url: str = twilio.API_URL
    public_url: str = ""
    """Where vendors reach us, if they can: for addresses that stand in a request to them."""


def build_channels(http: Http, vendors: Vendors | None = None) -> Mapping[ChannelKind, Channel]:
    """One instance each; they share the clients and hold no credentials. `http` is for addresses that an inbox names."""
    to = vendors or Vendors(http)
    channels: tuple[Channel, ...] = (
        rest.Rest(http),
        webchat.WebChat(),
        telegram.Telegram(to.http, api_url=to.telegram_url),
        whatsapp.WhatsApp(to.http, graph_url=to.graph_url, version=to.graph_version),
        instagram.Instagram(to.http, instagram_url=to.instagram_url, graph_url=to.graph_url, version=to.graph_version),
        messenger.Messenger(to.http, graph_url=to.graph_url, version=to.graph_version),
        mercadolibre.MercadoLibre(to.http, api_url=to.mercadolibre_url),
        twilio.Twilio(to.http, ChannelKind.SMS, api_url=to.twilio_url, public_url=to.public_url),
        twilio.Twilio(to.http, ChannelKind.WHATSAPP_TWILIO, api_url=to.twilio_url, public_url=to.public_url),
    )
    return MappingProxyType({channel.kind: channel for channel in channels})
