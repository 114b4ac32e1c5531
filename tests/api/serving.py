"""A tiny application behind the real edge and server, and clients that see every byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from service.api.bodies import read_json
from service.api.edge import ANSWER_HEADERS, EDGE, Edge, install_edge
from service.api.representations import represent, respond
from service.api.server import make_runner
from service.domain.errors import InvalidCursor, RateLimited, SiteNotFound, Unavailable, ValidationFailed
from service.logs import RequestLog

PAGE = json.dumps({"comments": ["a comment that repeats itself"] * 40}).encode()
SITE_ORIGIN = "https://paper.example"
PUBLIC_URL = "https://talk.example"
SECRET = "canary-secret-in-an-exception"


READING = web.AppKey("reading", asyncio.Event)  # set once a handler reads a body


@dataclass
class Service:
    """A running server, what it logged per request, and its edge."""

    port: int
    edge: Edge
    log: RequestLog
    reading: asyncio.Event
    server: web.Server
    lines: list[bytes] = field(default_factory=list)

    def requests(self) -> list[dict[str, Any]]:
        """The request lines so far."""
        self.log.flush()
        return [json.loads(line) for line in b"".join(self.lines).splitlines()]


@dataclass
class Answer:
    """One answer, with header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def page(request: web.Request) -> web.StreamResponse:
    return respond(
        request,
        represent(
            PAGE,
            content_type="application/json",
            cache_control="public, max-age=0, s-maxage=1, stale-while-revalidate=2",
            surrogate_key="site/paper",
        ),
    )


async def echo(request: web.Request) -> web.StreamResponse:
    request.app[READING].set()
    return web.json_response({"repr": repr(await read_json(request, timeout=0.2))})


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    request.app[EDGE].dress(request, response.headers)
    await response.prepare(request)
    await response.write(b": hello\n\n")
    if "break" in request.query:
        raise RuntimeError(SECRET)
    return response


async def flood(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 50_000_000)


def raising(make: Callable[[], BaseException]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        request[ANSWER_HEADERS] = {"RateLimit": '"posts";r=0;t=30'}
        raise make()

    return handler


FAILURES: dict[str, Callable[[], BaseException]] = {
    "cursor": InvalidCursor,
    "validation": lambda: ValidationFailed({"text": ["Missing."]}),
    "limited": lambda: RateLimited(3.2),
    "soon": lambda: RateLimited(0.0),
    "unavailable": lambda: Unavailable(),
    "bug": lambda: ZeroDivisionError(SECRET),
    "refused": lambda: ConnectionRefusedError(SECRET),
    "timeout": lambda: TimeoutError(SECRET),
    "moved": lambda: web.HTTPFound("/elsewhere"),
    "gone": lambda: web.HTTPGone(),
    "gateway": lambda: web.HTTPBadGateway(text=SECRET),
}


def make_app() -> web.Application:
    app = web.Application()
    router = app.router
    router.add_get("/sites/{site}/page", page)
    router.add_get("/sites/{site}/stream", stream)
    router.add_get("/sites/{site}/me", echo)
    router.add_get("/sites/{site}/flood", flood)
    router.add_post("/sites/{site}/comments", echo)
    router.add_put("/sites/{site}/comments", echo)
    router.add_patch("/sites/{site}/comments", echo)
    router.add_delete("/sites/{site}/comments", echo)
    router.add_post("/sites/{site}/counts", echo)
    for name, make in FAILURES.items():
        router.add_get(f"/fail/{name}", raising(make))
    return app


def route_kind(request: web.Request) -> Any:
    assert request.match_info.http_exception is None, "asked about matched routes only"
    path = request.path
    public = (request.method in ("GET", "HEAD") and not path.endswith("/me")) or path.endswith("/counts")
    return "public" if public else "private"


async def allowed_origins(request: web.Request) -> list[str]:
    if request.match_info["site"] != "paper":
        raise SiteNotFound
    return [SITE_ORIGIN, "null", "https://port.example:8443"]


@asynccontextmanager
async def serving(app: web.Application | None = None, **times: float) -> AsyncIterator[Service]:
    """Serve on a free loopback port."""
    app = app or make_app()
    app[READING] = asyncio.Event()
    lines: list[bytes] = []
    log = RequestLog(lines.append)
    edge = install_edge(
        app, route_kind=route_kind, allowed_origins=allowed_origins, public_url=PUBLIC_URL, requests=log
    )
    runner = make_runner(app, **({"linger": 0.2, "shutdown": 1.0} | times))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        assert runner.server is not None
        yield Service(runner.addresses[0][1], edge, log, app[READING], runner.server, lines)
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, 20 seconds at most."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (what is waited for sets no event)
            await asyncio.sleep(0.002)


async def exchange(port: int, *parts: bytes) -> bytes:
    """Send bytes, read until the server closes; a second part is sent once an answer or nothing more is due."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(5):
            for part in parts:
                writer.write(part)
                await writer.drain()
            received = b""
            try:
                while chunk := await reader.read(65536):
                    received += chunk
            except ConnectionResetError:
                pass
            return received
    finally:
        writer.close()


async def ask(
    service: Service, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> Answer:
    """One request on a connection of its own; the answer as it came, not decompressed."""
    lines = {"Host": f"127.0.0.1:{service.port}", "Connection": "close"} | (headers or {})
    if body:
        lines.setdefault("Content-Length", str(len(body)))
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
    return parse(await exchange(service.port, head.encode() + body))


def parse(received: bytes) -> Answer:
    """The one answer in `received`; fails if it is cut short or followed by anything."""
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        assert name.lower() not in headers, f"{name} twice"
        headers[name.lower()] = value
    return Answer(int(status_line.split()[1]), headers, body)


def assert_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The canonical error, in every detail that does not depend on the error."""
    assert answer.status == status, answer
    problem: dict[str, Any] = answer.json()
    members = {"type", "title", "status", "detail", "code", "request_id"}
    assert set(problem) == (members | {"errors"} if status == 422 else members)
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["server"] == "Discuss"
    assert int(answer.headers["content-length"]) == len(answer.body)
    return problem
