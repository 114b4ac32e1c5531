"""The server: framing attacks, slow clients, and what runs under gunicorn."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from aiohttp import web

from service.api.server import BACKLOG, ProblemProtocol, make_runner
from tests.api.serving import assert_problem, exchange, make_app, parse, serving, until

POST = b"POST /sites/paper/comments HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
GET = b"GET /sites/paper/page HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = b"GET /sites/paper/page HTTP/1.1\r\nHost: a\r\n\r\n"

SMUGGLING: dict[str, bytes] = {
    "length and chunked": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + SMUGGLED,
    "two equal lengths": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + SMUGGLED,
    "list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}" + SMUGGLED,
    "signed length": POST + b"Content-Length: +2\r\n\r\n{}" + SMUGGLED,
    "negative length": POST + b"Content-Length: -2\r\n\r\n{}" + SMUGGLED,
    "hexadecimal length": POST + b"Content-Length: 0x2\r\n\r\n{}" + SMUGGLED,
    "length with underscore": POST + b"Content-Length: 1_0\r\n\r\n{}" + SMUGGLED,
    "length beyond 64 bits": POST + b"Content-Length: 18446744073709551618\r\n\r\n{}" + SMUGGLED,
    "empty length": POST + b"Content-Length: \r\n\r\n{}" + SMUGGLED,
    "length with a space in it": POST + b"Content-Length: 2 0\r\n\r\n{}" + SMUGGLED,
    "space before the colon": POST + b"Content-Length : 2\r\n\r\n{}" + SMUGGLED,
    "space before the colon, chunked": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "folded header": POST + b"X: a\r\n Content-Length: 2\r\n\r\n{}" + SMUGGLED,
    "folded first": GET.replace(b"Host", b" Host") + b"\r\n",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked by two headers": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "vertical tab": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "NUL in a header": GET + b"X: a\x00b\r\n\r\n",
    "bare CR in a header": GET + b"X: a\rTransfer-Encoding: chunked\r\n\r\n",
    "bare LF after the request line": b"GET /sites/paper/page HTTP/1.1\nHost: a\r\n\r\n",
    "bare LF after a header": GET + b"X: a\nY: b\r\n\r\n",
    "bare LF at the end of the head": GET + b"\n" + SMUGGLED,
    "two hosts": GET + b"Host: b\r\n\r\n",
    "no host": b"GET /sites/paper/page HTTP/1.1\r\n\r\n",
    "chunk size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk size 0x": POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk size beyond 64 bits": POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n" + SMUGGLED,
    "chunk ends with LF": POST + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk longer than said": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk extension with LF": POST + b"Transfer-Encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "HTTP/1.2 digits": b"GET /sites/paper/page HTTP/1.10\r\nHost: a\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tab as space": b"GET\t/sites/paper/page\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "lower-case method": b"get /sites/paper/page HTTP/1.1\r\nHost: a\r\n\r\n",
    "unknown method": b"SMUGGLE /sites/paper/page HTTP/1.1\r\nHost: a\r\n\r\n",
    "relative target": b"GET sites/paper/page HTTP/1.1\r\nHost: a\r\n\r\n",
    "space in the target": b"GET /sites/paper/page HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw bytes in the target": b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "colon missing": GET + b"nonsense\r\n\r\n",
    "empty header name": GET + b": a\r\n\r\n",
    "name with a slash": GET + b"a/b: c\r\n\r\n",
}


@pytest.mark.parametrize("sent", SMUGGLING.values(), ids=SMUGGLING)
async def test_ambiguous_framing_is_refused_and_closed_with_one_answer(sent: bytes) -> None:
    async with serving() as service:
        received = await exchange(service.port, sent)
    assert received.count(b"HTTP/1.") == 1
    assert_problem(parse(received), 400, "bad_request")


async def test_garbage_after_a_sound_request_closes() -> None:
    async with serving() as service:
        received = await exchange(service.port, GET + b"\r\nnonsense\r\n\r\n" + SMUGGLED)
    assert received.count(b'"code":"bad_request"') == 1
    assert b"HTTP/1.1 200" not in received.split(b'"code":"bad_request"')[1]


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with serving() as service:
        received = await exchange(
            service.port, SMUGGLED + GET.replace(b"page", b"nowhere") + b"Connection: close\r\n\r\n"
        )
    assert received.index(b"HTTP/1.1 200") < received.index(b"HTTP/1.1 404")


async def test_upgrades_are_declined() -> None:
    async with serving() as service:
        upgrade = GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        received = await exchange(service.port, upgrade + GET + b"Connection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("sent", [b"", b"GET /sites/paper/pa", GET], ids=["nothing", "half a line", "half a head"])
async def test_connections_without_a_whole_head_are_closed(sent: bytes) -> None:
    async with serving(idle=0.2) as service:
        began = time.monotonic()
        assert await exchange(service.port, sent) == b""
        assert time.monotonic() - began < 3


async def test_a_dripped_head_on_a_kept_connection_is_closed() -> None:
    async with serving(idle=0.3) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(SMUGGLED)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
        writer.write(GET + b"X: ")
        ended = asyncio.ensure_future(reader.read())
        async with asyncio.timeout(5):
            while not ended.done():
                writer.write(b"a")
                await asyncio.wait([ended], timeout=0.05)
        assert ended.result() == b""
        writer.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux only")
async def test_a_client_that_takes_nothing_is_cut_off() -> None:
    async with serving(write_stall=0.5, idle=60) as service:
        with socket.create_connection(("127.0.0.1", service.port)) as sock:
            sock.sendall(b"GET /sites/paper/flood HTTP/1.1\r\nHost: a\r\n\r\n")
            await until(lambda: service.server.connections)
            await until(lambda: not service.server.connections)


async def test_http_0_9_gets_one_answer_at_most() -> None:
    async with serving() as service:
        received = await exchange(service.port, b"GET /sites/paper/page\r\n\r\n" + SMUGGLED)
    assert received.count(b"HTTP/") == 1


async def test_the_runner_is_what_gunicorn_takes() -> None:
    runner = make_runner(make_app())
    assert isinstance(runner, web.AppRunner)
    await runner.setup()
    try:
        server = runner.server
        assert server is not None
        protocol = server()
        assert type(protocol) is ProblemProtocol
        assert server.handler_cancellation
        assert protocol.keepalive_timeout == 20
        assert protocol.access_logger is None
    finally:
        await runner.cleanup()


async def test_sites_made_by_others_get_the_backlog() -> None:
    runner = make_runner(make_app())
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        site = web.SockSite(runner, sock)
        await site.start()
        queue = listen_queue(sock.getsockname()[1])
        await runner.cleanup()
    assert queue in (None, min(BACKLOG, kernel_limit()))


def kernel_limit() -> int:
    return int(Path("/proc/sys/net/core/somaxconn").read_text())


def listen_queue(port: int) -> int | None:
    """The accept queue's length as the kernel has it, None without `ss`."""
    try:
        told = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return None
    return int(told.split()[2])


FACTORY = """
from service.api.server import make_runner
from service.logs import configure_logging
from tests.api.serving import make_app, route_kind, allowed_origins
from service.api.edge import install_edge


async def factory():
    configure_logging("info")
    app = make_app()
    install_edge(app, route_kind=route_kind, allowed_origins=allowed_origins)
    return make_runner(app)
"""


def test_under_gunicorn_the_same_problems_and_json_logs(tmp_path: Path) -> None:
    (tmp_path / "factory.py").write_text(FACTORY)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "factory:factory", "--worker-class", "aiohttp.GunicornUVLoopWebWorker"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--no-control-socket", "--chdir", str(tmp_path)]
    root = str(Path(__file__).parents[2])
    with (tmp_path / "stderr").open("w+b") as stderr:
        process = subprocess.Popen(command, stderr=stderr, env=os.environ | {"PYTHONPATH": f"{root}:{tmp_path}"})
        try:
            received = ask_until_up(port, process)
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sites/paper/page?token=canary", timeout=5).close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)
        stderr.seek(0)
        lines = stderr.read().splitlines()
    assert_problem(parse(received), 400, "bad_request")
    assert any(b'"event":"request"' in line and b'"path":"/sites/paper/page"' in line for line in lines)
    assert not any(b"canary" in line for line in lines)


def ask_until_up(port: int, process: subprocess.Popen[bytes]) -> bytes:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                sock.sendall(b"nonsense\r\n\r\n")
                return b"".join(iter(lambda: sock.recv(65536), b""))
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("gunicorn did not come up")
