"""Where the parts are joined."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection
from functools import cache
from typing import Any

from aiohttp import web

from service.adapters.caches import CountCache, PageCache, TimedCache
from service.adapters.counts import Counts
from service.adapters.jwks import Jwks
from service.adapters.limits import Limiter
from service.adapters.outbound import Outbound
from service.adapters.redis_client import Redis
from service.adapters.streams import Streams, streams_that_fit
from service.adapters.tokens import TokenVerifier, derive_key
from service.adapters.wakeups import Wakeups
from service.api import assets, console, demo, docs, health, live, metrics, openapi
from service.api.board import Seat
from service.api.counts import ANSWERS, Answers
from service.api.edge import Kind, install_edge
from service.api.pages import ALIASES, Aliases
from service.api.requests import DEPS, site_of
from service.api.routes import OPERATIONS, ROUTES
from service.deps import Deps
from service.domain.cursors import Cursors
from service.domain.limits import LIMITS, UNLIMITED
from service.followers.loop import followers
from service.operations.health import Readiness
from service.settings import Settings
from service.store.database import Database

PAGE_BYTES = 32 * 1024 * 1024
COUNTS_REMEMBERED = 100_000
SITES_REMEMBERED = 1_000
SITE_SECONDS = 1.0
DISCUSSED_SECONDS = 0.5  # what is hidden must be gone within one
KINDS: dict[object, Kind] = {
    **{route.handler: route.kind for route in (*ROUTES, *OPERATIONS)},
    demo.post_token: "private",
}


def make_deps(settings: Settings) -> Deps:
    """The joined parts of one process; nothing is connected yet."""
    redis = Redis(settings.redis_url)
    outbound = Outbound(settings.allow_private_targets)
    jwks = Jwks(outbound, time.monotonic)
    return Deps(
        settings=settings,
        database=Database(settings.database_url),
        redis=redis,
        limiter=Limiter(
            redis,
            settings.processes,
            quotas=LIMITS if settings.limits == "on" else UNLIMITED,
            secret=derive_key(settings.secrets[0], "address hash"),
        ),
        count_copies=Counts(redis),
        wakeups=Wakeups(redis),
        outbound=outbound,
        jwks=jwks,
        tokens=TokenVerifier(settings.secrets, jwks, time.time),
        cursors=Cursors(tuple(derive_key(secret, "cursor") for secret in settings.secrets)),
        monotonic=time.monotonic,
        now=time.time,
        sites=TimedCache(SITE_SECONDS, SITES_REMEMBERED, time.monotonic),
        pages=PageCache(PAGE_BYTES, time.monotonic),
        counts=CountCache(COUNTS_REMEMBERED, time.monotonic),
        discussed=TimedCache(DISCUSSED_SECONDS, SITES_REMEMBERED, time.monotonic),
        streams=Streams(streams_that_fit(), live.encode, limited=settings.limits == "on"),
        address_key=derive_key(settings.secrets[0], "author address"),
        person_keys=tuple(derive_key(secret, "erased person") for secret in settings.secrets),
    )


def route_kind(request: web.Request) -> Kind:
    """How pages of other origins may call the route that matched."""
    return KINDS.get(request.match_info.handler, "public")


async def allowed_origins(request: web.Request) -> Collection[str]:
    """The origins the site in the path allows. Raises SiteNotFound."""
    return (await site_of(request)).settings.allowed_origins


async def connect(app: web.Application) -> AsyncIterator[None]:
    """Open and close what the process talks to."""
    deps = app[DEPS]
    await open_parts(deps)
    yield
    await close_parts(deps)


async def open_parts(deps: Deps) -> None:
    """Connect; servers that are away are connected to when they come."""
    await deps.database.connect()
    await deps.redis.start()
    deps.wakeups.start()


async def close_parts(deps: Deps) -> None:
    """Close everything, in the order that nothing is missed by what is still open."""
    await deps.jwks.close()
    await deps.outbound.close()
    await deps.wakeups.close()
    await deps.redis.close()
    await deps.database.close()


async def follow(app: web.Application) -> AsyncIterator[None]:
    """Follow the log while the process serves."""
    async with followers(app[DEPS]):
        yield


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document of every route, made once."""
    return openapi.build_document((*ROUTES, *OPERATIONS))


def add_description(app: web.Application, settings: Settings) -> None:
    """Make what /api/v1/openapi.json and /docs answer."""
    app[openapi.DOCUMENT] = openapi.represent_document(described())
    app[docs.PAGE] = docs.represent_page(described(), settings.public_url or f"http://127.0.0.1:{settings.port}")


def create_app(settings: Settings, seat: Seat | None = None, *, with_demo: bool = False) -> web.Application:
    """The service as an aiohttp application; `seat` where several workers' numbers are added up.

    `with_demo`: the made-up newspaper too, with tokens of its site for whoever asks.
    """
    app = web.Application(client_max_size=256 * 1024)
    app[DEPS] = make_deps(settings)
    app[ALIASES] = Aliases()
    app[ANSWERS] = Answers()
    app[health.READINESS] = Readiness()
    edge = install_edge(app, route_kind=route_kind, allowed_origins=allowed_origins, public_url=settings.public_url)
    app[metrics.PUBLISHER] = metrics.Publisher(app[DEPS], edge.tally, seat)
    add_description(app, settings)
    for route in (*ROUTES, *OPERATIONS):
        app.router.add_route(route.method, route.path, route.handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, route.handler)
    metrics.add_route(app)
    assets.add_routes(app)
    console.add_routes(app)
    if with_demo:
        demo.add_routes(app)
    app.on_shutdown.append(live.end_streams)
    app.cleanup_ctx.extend((connect, follow, health.watch, metrics.publishing))
    return app
