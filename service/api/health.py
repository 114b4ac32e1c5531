"""For operators: is the process alive, is it ready, what does it count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from service.api.requests import DEPS, json_response
from service.operations.health import Readiness, is_migrated, postgres_is_up

LOOK_SECONDS = 0.1
READINESS = web.AppKey("readiness", Readiness)


async def get_livez(request: web.Request) -> web.Response:
    """Whether the process answers at all."""
    return json_response({"status": "ok"})


async def get_readyz(request: web.Request) -> web.Response:
    """Whether to send requests here.

    503 until PostgreSQL was reached once with its tables in place, and while the process drains. The later loss of a
    server is told with 200, because kept reads go on; with `strict=1` it is 503 too.
    """
    deps, readiness = request.app[DEPS], request.app[READINESS]
    up = {"postgres": await postgres_is_up(deps), "redis": deps.redis.up}
    ready = readiness.connected_once and not readiness.draining
    if request.query.get("strict") == "1":
        ready = ready and all(up.values())
    return json_response({name: "up" if is_up else "down" for name, is_up in up.items()}, 200 if ready else 503)


async def watch(app: web.Application) -> AsyncIterator[None]:
    """Find out by itself when PostgreSQL is there for the first time, with every table this program knows."""

    async def look() -> None:
        while not app[READINESS].connected_once:
            app[READINESS].connected_once = await is_migrated(app[DEPS])
            await asyncio.sleep(LOOK_SECONDS)

    looking = asyncio.create_task(look())
    yield
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
