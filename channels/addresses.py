"""Which network addresses a URL given by a person may lead to."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""

_NEVER_PUBLIC: tuple[IPNetwork, ...] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",  # shared address space, where clouds keep metadata services too
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "240.0.0.0/4",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "fec0::/10",
        ),
    )
)
"""Special-purpose blocks of the IANA registries that `ipaddress` of Python 3.11 counts as global or is unsure about."""


def unwrapped(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 form carries (mapped, compatible, 6to4, NAT64), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


class AddressPolicy:
    """Lets public unicast addresses through, and whatever lies in the networks that the operator allowed."""

    def __init__(self, allowed_networks: Sequence[IPNetwork] = ()) -> None:
        self._allowed = tuple(allowed_networks)

    def permits(self, address: str) -> bool:
        """Whether a resolved numeric address may be connected to. What is no numeric address is never permitted."""
        try:
            given = ip_address(address)
        except ValueError:
            return False
        real = unwrapped(given)
        for form in (given, real):
            if any(form.version == network.version and form in network for network in self._allowed):
                return True
        if real.is_multicast or not real.is_global:
            return False
        return not any(real.version == network.version and real in network for network in _NEVER_PUBLIC)
