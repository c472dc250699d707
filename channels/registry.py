"""Every channel of this installation, by kind. `FEATURES` is data alone: reading it loads no HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from channels import rest, telegram, webchat, whatsapp
from channels.exchange import Http
from domain.channels import ChannelFeatures, ChannelKind
from domain.ports import Channel

FEATURES: Mapping[ChannelKind, ChannelFeatures] = MappingProxyType(
    {
        ChannelKind.REST: rest.FEATURES,
        ChannelKind.WEBCHAT: webchat.FEATURES,
        ChannelKind.TELEGRAM: telegram.FEATURES,
        ChannelKind.WHATSAPP: whatsapp.FEATURES,
    }
)


@dataclass(frozen=True, slots=True)
class Vendors:
    """How the vendors' APIs are reached: `http` may go wherever the operator's settings point, private networks included."""

    http: Http
    telegram_url: str = telegram.API_URL
    graph_url: str = whatsapp.GRAPH_URL
    graph_version: str = whatsapp.GRAPH_VERSION


def build_channels(http: Http, vendors: Vendors | None = None) -> Mapping[ChannelKind, Channel]:
    """One instance each; they share the clients and hold no credentials. `http` is for addresses that an inbox names."""
    to = vendors or Vendors(http)
    channels: tuple[Channel, ...] = (
        rest.Rest(http),
        webchat.WebChat(),
        telegram.Telegram(to.http, api_url=to.telegram_url),
        whatsapp.WhatsApp(to.http, graph_url=to.graph_url, version=to.graph_version),
    )
    return MappingProxyType({channel.kind: channel for channel in channels})
