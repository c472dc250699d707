"""Every channel of this installation, by kind. `FEATURES` is data alone: reading it loads no HTTP library."""

from collections.abc import Mapping
from types import MappingProxyType

from channels import rest, webchat
from channels.exchange import Http
from domain.channels import ChannelFeatures, ChannelKind
from domain.ports import Channel

FEATURES: Mapping[ChannelKind, ChannelFeatures] = MappingProxyType(
    {
        ChannelKind.REST: rest.FEATURES,
        ChannelKind.WEBCHAT: webchat.FEATURES,
    }
)


def build_channels(http: Http) -> Mapping[ChannelKind, Channel]:
    """One instance each; they share the client and hold no credentials."""
    channels: tuple[Channel, ...] = (rest.Rest(http), webchat.WebChat())
    return MappingProxyType({channel.kind: channel for channel in channels})
