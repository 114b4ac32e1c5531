"""Rate limits: the table of them, whom they count, and the window they count in.

The window slides in slots: a charge counts until the whole slot it fell into is older than the window. So what was
accepted in ANY stretch of one window never passes the quota (a token bucket or GCRA lets nearly twice as much through),
and what is kept for a limit is a few numbers, whatever its quota. `limits.lua` keeps the same window in Redis.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

MAXIMAL_SLOTS = 60  # of a window with a large quota
EXACT_QUOTA = 256  # up to this a slot is at most one second, as there are never more used slots than charges


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `quota` charges in any `window_seconds`."""

    name: str
    quota: int
    window_seconds: int

    @property
    def window_ms(self) -> int:
        """The window in milliseconds."""
        return self.window_seconds * 1000

    @property
    def slot_ms(self) -> int:
        """Milliseconds in a slot: how much longer than the window a charge may count."""
        slot = self.window_ms // MAXIMAL_SLOTS
        return min(1000, slot) if self.quota <= EXACT_QUOTA else slot

    @property
    def policy(self) -> str:
        """This limit's item of the header RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)."""
        return f'"{self.name}";q={self.quota};w={self.window_seconds}'


MINUTE, HOUR = 60, 3600
NETWORK, CEILING = "_network", "_network_48"

# <action> counts an account, <action>_network an IPv4 address or IPv6 /64, <action>_network_48 an IPv6 /48.
LIMITS: Mapping[str, Limit] = {
    limit.name: limit
    for limit in (
        Limit("posts", 10, MINUTE),
        Limit("posts_network", 60, MINUTE),
        Limit("posts_network_48", 600, MINUTE),
        Limit("votes", 60, MINUTE),
        Limit("votes_network", 600, MINUTE),
        Limit("votes_network_48", 6000, MINUTE),
        Limit("flags", 20, HOUR),
        Limit("flags_network", 200, HOUR),
        Limit("flags_network_48", 2000, HOUR),
        Limit("notices_network", 20, HOUR),
        Limit("notices_network_48", 200, HOUR),
        Limit("previews", 60, MINUTE),
        Limit("previews_network", 600, MINUTE),
        Limit("previews_network_48", 6000, MINUTE),
        Limit("exports", 10, HOUR),
        Limit("guests_network", 20, HOUR),
        Limit("guests_network_48", 200, HOUR),
        Limit("articles_network", 20, HOUR),
        Limit("articles_network_48", 200, HOUR),
        Limit("reads_network", 600, MINUTE),
        Limit("reads_network_48", 6000, MINUTE),
    )
}

# Live streams open at the same time in one process, from an IPv4 address or IPv6 /64, and from an IPv6 /48.
STREAMS_PER_NETWORK, STREAMS_PER_48 = 100, 1000

# For load tests: nothing skips the limiter, it just never refuses.
UNLIMITED: Mapping[str, Limit] = {name: replace(limit, quota=1_000_000_000) for name, limit in LIMITS.items()}


@dataclass(frozen=True, slots=True)
class Charge:
    """One use of one limit by one account or network; `key` tells them apart (`join_key`)."""

    limit: str
    key: str


def charges_for(
    action: str,
    *,
    account: tuple[str, str] | None = None,
    address: str | None = None,
) -> list[Charge]:
    """The charges of an action (`posts`, `votes`, `flags`, `previews`, `exports`, `guests`, `articles`, `reads`).

    `account` is (site, author id); `address` the client's IP address. Raises ValueError if it is not one, KeyError if
    there is no such action.
    """
    charges = []
    if account is not None and action in LIMITS:
        charges.append(Charge(action, join_key(*account)))
    if address is not None and action + NETWORK in LIMITS:
        charges.append(Charge(action + NETWORK, network_key(address)))
        ceiling = ceiling_key(address)
        if ceiling is not None:
            charges.append(Charge(action + CEILING, ceiling))
    if action not in LIMITS and action + NETWORK not in LIMITS:
        raise KeyError(action)
    return charges


def join_key(*parts: str) -> str:
    """One key of several ids; different ids never make the same key, whatever characters they have."""
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


@lru_cache(maxsize=4096)
def network_key(address: str) -> str:
    """The network that is counted as one client: the IPv4 address, or the IPv6 /64. Raises ValueError."""
    ip = client_ip(address)
    return str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False))


@lru_cache(maxsize=4096)
def ceiling_key(address: str) -> str | None:
    """The IPv6 /48, which one customer is often given whole; None for IPv4. Raises ValueError."""
    ip = client_ip(address)
    return None if ip.version == 4 else str(ip_network((ip, 48), strict=False))


def client_ip(address: str) -> IPv4Address | IPv6Address:
    """The address without its zone, an IPv4 one also if it is written as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2)."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        return ip.ipv4_mapped or ip
    return ip


def share(limit: int, processes: int) -> int:
    """How many of `limit` each of `processes` may accept when they cannot ask each other; at least 1."""
    return max(1, limit // processes)


# ---- the window

Slots = list[tuple[int, int]]  # (number of the slot since the epoch, charges in it), oldest first

_SLOT = re.compile(rb"(\d+):(\d+)")


def parse_slots(text: bytes) -> Slots:
    """The slots of a window as `limits.lua` writes it: `birth slot:count slot:count`."""
    return [(int(slot), int(count)) for slot, count in _SLOT.findall(text)]


def birth(text: bytes) -> bytes:
    """When the window was made; another birth of the same window means that Redis lost it in between."""
    return text.partition(b" ")[0]


def format_slots(slots: Slots) -> str:
    """The slots as `limits.lua` reads them."""
    return " ".join(f"{slot}:{count}" for slot, count in slots)


def leaves_at_ms(slot: int, limit: Limit) -> int:
    """When charges in the slot stop counting, in milliseconds since the epoch."""
    return (slot + 1) * limit.slot_ms + limit.window_ms


def live_slots(slots: Slots, limit: Limit, now_ms: int) -> Slots:
    """The slots whose charges still count."""
    return [(slot, count) for slot, count in slots if count > 0 and leaves_at_ms(slot, limit) > now_ms]


def used(slots: Slots) -> int:
    """How many charges the slots hold."""
    return sum(count for _, count in slots)


def add_charge(slots: Slots, slot: int, count: int = 1) -> None:
    """Put `count` charges more (or fewer, never below none) into a slot."""
    index = bisect_left(slots, (slot, 0))
    if index < len(slots) and slots[index][0] == slot:
        slots[index] = (slot, max(0, slots[index][1] + count))
    elif count > 0:
        slots.insert(index, (slot, count))


def local_allowance(limit: Limit, seen: int, processes: int) -> int:
    """How many charges in a window a process may accept by itself, if it knows of `seen` that Redis had accepted."""
    return share(limit.quota, processes) if seen <= 0 else max(0, limit.quota - seen) // processes


def local_wait_ms(limit: Limit, seen: Slots, own: Slots, processes: int, now_ms: int) -> int:
    """Milliseconds until a process that limits by itself accepts again; 0 if it does so now."""
    seen_count, own_count = used(seen), used(own)
    if own_count < local_allowance(limit, seen_count, processes):
        return 0
    leaving = [(leaves_at_ms(slot, limit), count, 0) for slot, count in seen]
    leaving += [(leaves_at_ms(slot, limit), 0, count) for slot, count in own]
    for at, of_seen, of_own in sorted(leaving):
        seen_count, own_count = seen_count - of_seen, own_count - of_own
        if own_count < local_allowance(limit, seen_count, processes):
            return at - now_ms
    return limit.window_ms  # unreachable: an empty window accepts


# ---- the answer


@dataclass(frozen=True, slots=True)
class Standing:
    """What one limit said: how much is left, and in how many milliseconds some of it comes back."""

    limit: Limit
    accepted: bool
    remaining: int
    reset_ms: int


def rate_limit_headers(standings: Iterable[Standing]) -> dict[str, str]:
    """RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers); empty without limits."""
    standings = list(standings)
    if not standings:
        return {}
    return {
        "RateLimit-Policy": ", ".join(standing.limit.policy for standing in standings),
        "RateLimit": ", ".join(
            f'"{standing.limit.name}";r={standing.remaining};t={math.ceil(standing.reset_ms / 1000)}'
            for standing in standings
        ),
    }
