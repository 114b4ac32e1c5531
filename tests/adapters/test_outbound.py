"""The outbound client against real sockets: what it refuses never reaches a listener."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.adapters.outbound import MAX_BODY, Outbound, OutboundError, is_public, parse_target

PUBLIC = "93.184.216.34"
SPECIAL = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1
192.0.0.9 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::a00:1
64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:2::1 2001:10::1 2001:db8::1 2002:7f00:1:: 2002:5db8:d822::
3fff::1 5f00::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 2606:4700::1%eth0 fec0::1 ff02::1 ff0e::1
"""
ORDINARY = f"""
1.1.1.1 {PUBLIC} 172.15.0.1 172.32.0.1 198.17.0.1 198.20.0.1 223.255.255.255 ::ffff:1.1.1.1 64:ff9b::101:101
2606:4700:4700::1111 2a00:1450::1 2001:4860:4860::8888
"""


class Names(AbstractResolver):
    """Answers each question about a name with the next of its answers, the last one for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): rest for name, rest in answers.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host not in self.answers:
            raise OSError("unknown name")
        rest = self.answers[host]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in (rest.pop(0) if len(rest) > 1 else rest[0])
        ]

    async def close(self) -> None:
        pass


class Canary:
    """A listener on loopback, IPv4 and IPv6, that counts who connects."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    def accept(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    listener = Canary()
    server = await asyncio.start_server(listener.accept, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    servers = [server]
    if socket.has_dualstack_ipv6():
        servers.append(await asyncio.start_server(listener.accept, "::1", listener.port))
    yield listener
    for each in servers:
        each.close()
        await each.wait_closed()


@asynccontextmanager
async def client(
    *, allow_private: bool, resolver: AbstractResolver | None = None, **options: Any
) -> AsyncIterator[Outbound]:
    outbound = Outbound(allow_private, resolver, **options)
    try:
        yield outbound
    finally:
        await outbound.close()


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], **options: Any
) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    server = TestServer(app)
    await server.start_server(**options)
    try:
        yield server
    finally:
        await server.close()


async def reason_of(call: Awaitable[object]) -> str:
    with pytest.raises(OutboundError) as caught:
        await call
    return caught.value.reason


HOSTILE = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "https:127.0.0.1:{port}",
    "https:///127.0.0.1:{port}",
    "https://127.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://2130706433:{port}/",
    "https://017700000001:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/",
    "https://0x7f.1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://0177.1:{port}/",
    "https://127.0.0.1.:{port}/",
    "https://127.000.000.001:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://127%2e0%2e0%2e1:{port}/",
    "https://１２７.0.0.1:{port}/",
    "https://127。0。0。1:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://ⓛocalhost:{port}/",
    "https://localhost:{port}/",
    "https://localhost.:{port}/",
    "https://LOCALHOST:{port}/",
    "https://[::1]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[2001:0:7f00:1::80ff:fffe]:{port}/",
    "https://[::1%25lo]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://user@127.0.0.1:{port}/",
    "https://user:password@127.0.0.1:{port}/",
    "https://@127.0.0.1:{port}/",
    "https://public.example@127.0.0.1:{port}/",
    "https://public.example:443@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}#@public.example/",
    "https://127.0.0.1:{port}?@public.example/",
    "https://127.0.0.1:{port}\\@public.example/",
    "https://public.example\\@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\r\nHost: x/",
    "https://127.0.0.1:{port}/\x00",
    " https://127.0.0.1:{port}/",
    "https://loopback.example:{port}/",
    "https://loopback6.example:{port}/",
    "https://mapped.example:{port}/",
    "https://0x7f.1@loopback.example:{port}/",
]


class SystemNames(Names):
    """A few hostile names, and for all others (odd spellings of addresses) what the system makes of them."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host not in self.answers:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            self.answers[host] = [[str(info[4][0]) for info in found]]
        return await super().resolve(host, port, family)


def hostile_names() -> SystemNames:
    return SystemNames(
        loopback_example=[["127.0.0.1"]], loopback6_example=[["::1"]], mapped_example=[["::ffff:127.0.0.1"]]
    )


async def test_no_hostile_url_reaches_the_canary(canary: Canary) -> None:
    assert len(HOSTILE) >= 40
    async with client(allow_private=False, resolver=hostile_names(), total=2) as outbound:
        for template in HOSTILE:
            url = template.replace("{port}", str(canary.port))
            assert await reason_of(outbound.get_json(url)) in ("url", "address", "dns"), url
            assert await reason_of(outbound.post(url, b"{}", {})) in ("url", "address", "dns"), url
    assert canary.connections == 0


async def test_the_canary_sings_when_loopback_is_allowed(canary: Canary) -> None:
    # The control of the test above: the same spellings would have arrived.
    async with client(allow_private=True, resolver=hostile_names(), total=2) as outbound:
        for host in ("127.0.0.1", "0x7f.1", "localhost", "loopback.example", "mapped.example"):
            before = canary.connections
            assert await reason_of(outbound.get_json(f"https://{host}:{canary.port}/")) in ("connect", "tls")
            assert canary.connections > before, host


async def test_a_rebinding_name_is_dialled_where_it_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[str] = []

    async def refuse(_: socket.socket, address: tuple[Any, ...]) -> None:
        dialled.append(address[0])
        raise ConnectionRefusedError("no network in tests")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", refuse)
    names = Names(turning_example=[[PUBLIC], ["127.0.0.1"]], both_example=[[PUBLIC, "127.0.0.1", "::1", "10.0.0.1"]])
    async with client(allow_private=False, resolver=names) as outbound:
        assert await reason_of(outbound.get_json("https://turning.example/")) == "connect"
        assert await reason_of(outbound.get_json("https://turning.example/")) == "address"
        assert await reason_of(outbound.get_json("https://both.example/")) in ("connect", "address")
    assert dialled == [PUBLIC, PUBLIC]


@pytest.mark.parametrize(
    "address",
    SPECIAL.split(),
)
def test_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    ORDINARY.split(),
)
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


async def test_development_opens_loopback_but_nothing_else_private() -> None:
    async with client(allow_private=True) as outbound:
        assert await reason_of(outbound.get_json("http://169.254.169.254/latest/meta-data")) == "address"
        assert await reason_of(outbound.get_json("http://10.0.0.1/")) == "address"


def test_targets_are_https_unless_in_development() -> None:
    assert (
        str(parse_target("https://hooks.example:8443/a?b=1#c", allow_private=False))
        == "https://hooks.example:8443/a?b=1"
    )
    assert parse_target("http://localhost/", allow_private=True).scheme == "http"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://user@hooks.example/",
        "https://user:password@hooks.example/",
        "https://@hooks.example/",
        "https://hooks.example:0/",
        "https://hooks.example/" + "a" * 2048,
        "https://hôtes.example/",
        "https:///",
        "",
    ],
)
def test_targets_refused_as_they_are_written(url: str) -> None:
    with pytest.raises(OutboundError) as caught:
        parse_target(url, allow_private=False)
    assert caught.value.reason == "url"


async def test_redirects_are_answers_and_not_followed(canary: Canary) -> None:
    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"http://127.0.0.1:{canary.port}/"})

    async with serving(redirect) as server, client(allow_private=True) as outbound:
        assert await reason_of(outbound.get_json(str(server.make_url("/")))) == "status"
        assert (await outbound.post(str(server.make_url("/")), b"{}", {})).status == 307
    assert canary.connections == 0


async def test_bodies_end_at_64_kilobytes() -> None:
    sizes = {"/fits": MAX_BODY, "/over": MAX_BODY + 1, "/huge": 4_000_000}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b'"' + b"x" * (sizes[request.path] - 2) + b'"')

    async with serving(answer) as server, client(allow_private=True) as outbound:
        whole = await outbound.post(str(server.make_url("/fits")), b"", {})
        assert (len(whole.body), whole.complete) == (MAX_BODY, True)
        for path in ("/over", "/huge"):
            cut = await outbound.post(str(server.make_url(path)), b"", {})
            assert (cut.status, len(cut.body), cut.complete) == (200, MAX_BODY, False)
            assert await reason_of(outbound.get_json(str(server.make_url(path)))) == "too_large"
        assert len(await outbound.get_json(str(server.make_url("/fits")))) == MAX_BODY - 2


@pytest.mark.parametrize("stalls_after", ["nothing", "headers", "some of the body"])
async def test_a_slow_answer_ends_at_the_total_timeout(stalls_after: str) -> None:
    released = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        if stalls_after != "nothing":
            await response.prepare(request)
        if stalls_after == "some of the body":
            await response.write(b"[1,")
        await released.wait()
        return response

    async with serving(stall) as server, client(allow_private=True, total=0.2) as outbound:
        try:
            assert await reason_of(outbound.get_json(str(server.make_url("/")))) == "timeout"
        finally:
            released.set()
    async with serving(stall) as server, client(allow_private=True, total=60) as outbound:
        released.clear()
        try:
            call = outbound.post(str(server.make_url("/")), b"", {}, timeout=0.2)
            assert await reason_of(asyncio.wait_for(call, 30)) == "timeout"
        finally:
            released.set()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 50_000, b"9" * 50_000, gzip.compress(b"{}", mtime=0)])
async def test_what_is_not_json_is_one_error(body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        encoding = {"Content-Encoding": "gzip"} if body.startswith(b"\x1f\x8b") else {}
        return web.Response(body=body, headers=encoding)

    async with serving(answer) as server, client(allow_private=True) as outbound:
        assert await reason_of(outbound.get_json(str(server.make_url("/")))) == "json"


async def test_no_cookies_no_proxies_no_credentials_no_versions(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    seen: list[web.BaseRequest] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        return web.json_response({"a": 1}, headers={"Set-Cookie": "tracked=1; Path=/"})

    async with serving(answer) as server, client(allow_private=True) as outbound:
        url = str(server.make_url("/x"))
        assert await outbound.get_json(url) == {"a": 1}
        await outbound.post(url, b'{"b":2}', {"Content-Type": "application/json"})
    assert canary.connections == 0
    assert len(seen) == 2
    for request in seen:
        assert not {"Cookie", "Authorization", "Proxy-Authorization"} & set(request.headers)
        assert request.headers["User-Agent"] == "Discuss"
        assert request.headers["Accept-Encoding"] == "identity"


def self_signed(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server with a certificate for `name`, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    unencrypted = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    (folder / "server.pem").write_bytes(private + certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=certificate.decode())


async def test_the_checked_address_is_dialled_under_the_name(tmp_path: Path) -> None:
    server_tls, client_tls = self_signed("hooks.example", tmp_path)
    sni: list[str | None] = []
    hosts: list[str] = []
    server_tls.sni_callback = lambda _socket, name, _context: sni.append(name)

    async def answer(request: web.Request) -> web.Response:
        hosts.append(request.host)
        return web.json_response([])

    names = Names(hooks_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    async with (
        serving(answer, ssl=server_tls) as server,
        client(allow_private=True, resolver=names, tls=client_tls) as outbound,
        client(allow_private=True, resolver=names) as distrustful,
    ):
        url = f"https://hooks.example:{server.port}/"
        assert await outbound.get_json(url) == []
        assert (sni, hosts) == (["hooks.example"], [f"hooks.example:{server.port}"])
        assert await reason_of(outbound.get_json(f"https://other.example:{server.port}/")) == "tls"
        assert await reason_of(distrustful.get_json(url)) == "tls"
        assert await reason_of(outbound.get_json("https://unknown.example/")) == "dns"
    assert len(hosts) == 1


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "-", "[v1.x]", "a" * 300, "example:99999"])
async def test_impossible_hosts_are_one_error(host: str) -> None:
    async with client(allow_private=False, total=2) as outbound:
        assert await reason_of(outbound.get_json(f"https://{host}/")) in ("url", "dns", "connect")
