"""livez and readyz: what a balancer is told from the first moment to the last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
from aiohttp import web

from service.api.health import READINESS
from service.api.server import make_runner
from service.app import create_app
from service.embedded import free_port
from service.settings import Settings
from service.store.migrations import migrate
from tests.client import Service, until
from tests.conftest import Cluster


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[tuple[web.Application, str, aiohttp.ClientSession]]:
    """The service, ready or not."""
    runner = make_runner(create_app(settings))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with aiohttp.ClientSession() as session:
            yield runner.app, f"http://127.0.0.1:{runner.addresses[0][1]}", session
    finally:
        await runner.cleanup()


async def test_both_servers_up(service: Service) -> None:
    for path in ("/readyz", "/readyz?strict=1"):
        answer = await service.request("GET", path)
        assert (answer.status, answer.json) == (200, {"postgres": "up", "redis": "up"})
    answer = await service.request("GET", "/livez")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_never_connected_is_alive_but_not_ready(settings: Settings) -> None:
    nowhere = replace(settings, database_url=f"postgresql://nobody:x@127.0.0.1:{free_port()}/none")
    async with started(nowhere) as (_, url, session):
        async with session.get(f"{url}/readyz") as response:
            assert response.status == 503
            assert await response.json() == {"postgres": "down", "redis": "up"}
        async with session.get(f"{url}/livez") as response:
            assert response.status == 200


async def test_connected_is_not_enough_the_tables_must_be_there(cluster: Cluster, settings: Settings) -> None:
    name = f"{cluster.name}_empty"
    cluster.servers.create_database(name)
    empty = replace(settings, database_url=cluster.servers.app_url(name), owner_url=cluster.servers.owner_url(name))
    try:
        async with started(empty) as (_, url, session):

            async def connected() -> bool:
                async with session.get(f"{url}/readyz") as response:
                    assert response.status == 503
                    return bool((await response.json())["postgres"] == "up")

            await until(connected)
            await migrate(empty.owner_url, empty.database_url)

            async def ready() -> bool:
                async with session.get(f"{url}/readyz") as response:
                    return response.status == 200

            await until(ready)
    finally:
        cluster.servers.drop_database(name)


async def test_without_redis_it_is_ready_unless_asked_strictly(settings: Settings) -> None:
    alone = replace(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    async with started(alone) as (_, url, session):

        async def ready() -> bool:
            async with session.get(f"{url}/readyz") as response:
                assert (await response.json())["redis"] == "down"
                return response.status == 200

        await until(ready)
        async with session.get(f"{url}/readyz?strict=1") as response:
            assert response.status == 503


async def test_draining_is_not_ready_and_still_answers(settings: Settings) -> None:
    async with started(settings) as (app, url, session):

        async def ready() -> bool:
            async with session.get(f"{url}/readyz") as response:
                return response.status == 200

        await until(ready)
        app[READINESS].draining = True
        assert not await ready()
        async with session.get(f"{url}/livez") as response:
            assert response.status == 200
