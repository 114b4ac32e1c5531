"""The one HTTP client of the service: JWKS, webhooks and hooks all leave through here.

Addresses come from publishers, so every request is treated as server-side request forgery until shown otherwise.
"""

from __future__ import annotations

import ipaddress
import json
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

Reason = Literal["url", "address", "dns", "connect", "tls", "timeout", "status", "too_large", "json"]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_BODY = 64 * 1024  # bytes of an answer
MAX_URL = 2048  # characters
TOTAL_SECONDS = 10.0

# Written out instead of asking `is_global`: its answer changes between Python releases, and it calls multicast,
# 6to4 relays and NAT64 global. IANA special-purpose registries, RFC 6890 and its updates.
_SPECIAL_IPV4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    ipaddress.IPv6Network(network)
    # Teredo (2001::/32) and 6to4 (2002::/16) carry an IPv4 address of the sender's choice, and are obsolete.
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class OutboundError(Exception):
    """A request to somebody else's server did not work out; `detail` is for operators, never for readers."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


class _AddressRefusedError(OSError):
    """The address to be dialled is not public."""


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What the other server said: `body` is at most 64 KB, `complete` is false where it was cut there."""

    status: int
    body: bytes
    complete: bool = True


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public Internet, also when it is embedded (IPv4-mapped, NAT64)."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.scope_id is not None:
            return False
        return address in _GLOBAL_IPV6 and not any(address in network for network in _SPECIAL_IPV6)
    return not any(address in network for network in _SPECIAL_IPV4)


def is_loopback(address: Address) -> bool:
    """Whether an address is this machine's own (IPv4-mapped too)."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def parse_target(url: str, *, allow_private: bool) -> URL:
    """Parse an address the service is asked to call; raises OutboundError with reason "url".

    Printable ASCII only (international names in their xn-- form), no userinfo, https (http too with `allow_private`).
    Says nothing about where the name leads: that is checked when it is dialled.
    """
    if len(url) > MAX_URL or not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise OutboundError("url", f"not up to {MAX_URL} printable ASCII characters without spaces and backslashes")
    try:
        userinfo = "@" in urlsplit(url).netloc
        target = URL(url)
    except ValueError as error:
        raise OutboundError("url", "not a well-formed URL") from error
    if target.scheme != "https" and not (allow_private and target.scheme == "http"):
        raise OutboundError("url", "not https")
    if userinfo or not target.raw_host or not target.port or "%" in target.raw_host:
        raise OutboundError("url", "needs a plain host name or address, without user name or password")
    return target.with_fragment(None)


def check_target(url: str, *, allow_private: bool) -> None:
    """Refuse what can be told to lead nowhere public without asking for the name; raises OutboundError.

    For people who type an address in, so that they hear at once: what counts is checked when it is dialled.
    """
    host = (parse_target(url, allow_private=allow_private).raw_host or "").rstrip(".").lower()
    address = _literal_address(host)
    loopback = is_loopback(address) if address is not None else host == "localhost" or host.endswith(".localhost")
    if not (allow_private and loopback) and (loopback or (address is not None and not is_public(address))):
        raise OutboundError("address", "not a public address")


def _literal_address(host: str) -> Address | None:
    """The address a host spells, in any way the resolver takes (decimal, octal, hexadecimal, short)."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


class Outbound:
    """The client. Connections go only to addresses that were checked at the moment of dialling.

    `resolver` and `tls` replace the system's; `total` is the limit of a whole request in seconds. Opens nothing before
    the first request, which must come from the event loop that also closes it.
    """

    def __init__(
        self,
        allow_private: bool,
        resolver: AbstractResolver | None = None,
        *,
        total: float = TOTAL_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._resolver = resolver
        self._total = total
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def get_json(self, url: str) -> Any:
        """GET a JSON document of at most 64 KB; raises OutboundError, also for any status but 200."""
        answer = await self._request("GET", url, None, {"Accept": "application/json"}, None)
        if answer.status != 200:
            raise OutboundError("status", f"answered {answer.status}")
        if not answer.complete:
            raise OutboundError("too_large", f"the answer is longer than {MAX_BODY} bytes")
        try:
            return json.loads(answer.body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise OutboundError("json", "the answer is not JSON") from error

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float | None = None
    ) -> OutboundAnswer:
        """POST `body`; any status is an answer, redirects too. `timeout` in seconds shortens the 10 s for it all.

        Raises OutboundError.
        """
        return await self._request("POST", url, body, headers, timeout)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout: float | None
    ) -> OutboundAnswer:
        target = parse_target(url, allow_private=self._allow_private)
        limit = aiohttp.ClientTimeout(total=min(self._total, timeout or self._total))
        try:
            async with self._open_session().request(
                method, target, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                return await _read_answer(response)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _as_outbound_error(error) from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=self._resolver,
                    use_dns_cache=False,
                    ssl=self._tls or True,
                    socket_factory=self._checked_socket,
                    limit=100,
                    limit_per_host=20,  # one publisher's hanging server leaves connections for the others
                    keepalive_timeout=4,  # less than other servers' usual 5 s, so a reused connection is a living one
                ),
                # Identity, because a small compressed answer could unfold into a big one.
                headers={"User-Agent": "Discuss", "Accept-Encoding": "identity"},
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    def _checked_socket(self, target: tuple[Any, ...]) -> socket.socket:
        """Make the socket for one resolved address, (family, type, protocol, name, socket address), or refuse it.

        The connection goes to this very address, so a name that resolves differently next time gains nothing, and
        there is no spelling of an address that comes past here.
        """
        family, kind, protocol, _, dialled = target
        address = ipaddress.ip_address(dialled[0])
        if not (is_public(address) or (self._allow_private and is_loopback(address))):
            raise _AddressRefusedError(f"{address} is not a public address")
        return socket.socket(family, kind, protocol)


async def _read_answer(response: aiohttp.ClientResponse) -> OutboundAnswer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(8192):
        body += chunk
        if len(body) > MAX_BODY:
            response.close()
            return OutboundAnswer(response.status, bytes(body[:MAX_BODY]), complete=False)
    return OutboundAnswer(response.status, bytes(body))


def _as_outbound_error(error: Exception) -> OutboundError:
    match error:
        case TimeoutError():
            return OutboundError("timeout", "took too long")
        case aiohttp.ClientConnectorDNSError():
            return OutboundError("dns", "the name does not resolve")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return OutboundError("tls", str(error))
        case aiohttp.ClientConnectorError(os_error=_AddressRefusedError() as refused):
            return OutboundError("address", str(refused))
        case aiohttp.InvalidURL():
            return OutboundError("url", "not a usable host name")
        case _:
            return OutboundError("connect", f"{type(error).__name__}: {error}")
