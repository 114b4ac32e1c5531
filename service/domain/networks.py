"""Networks: what a moderator may ban, and how an address is remembered."""

from __future__ import annotations

from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_network

from service.domain.limits import network_key

Network = IPv4Network | IPv6Network
WIDEST = {4: 16, 6: 32}  # the shortest prefix of a ban, by IP version
MAPPED = ip_network("::ffff:0:0/96")  # IPv4 addresses written as IPv6 (RFC 4291, 2.5.5.2)


def parse_network(text: str) -> Network:
    """A network to ban, or a single address. Raises ValueError, whose message is for people."""
    try:
        network = ip_network(text.strip())
    except ValueError:
        raise ValueError("Not an address or network like 192.0.2.0/24 or 2001:db8::/48.") from None
    if "%" in text:
        raise ValueError("An address without a zone.")
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):  # type: ignore[arg-type]  # both are IPv6
        raise ValueError("Write it as an IPv4 network.")
    widest = WIDEST[network.version]
    if network.prefixlen < widest:
        raise ValueError(f"No wider than /{widest}.")
    return network


def address_hash(key: bytes, site_key: int, address: str) -> bytes:
    """What is stored of a client's address: 16 bytes that tell only whether two posts on a site came from one network.

    An IPv4 address, or an IPv6 /64. Raises ValueError.
    """
    return blake2b(f"{site_key} {network_key(address)}".encode(), key=key, digest_size=16).digest()
