"""Redis dies, freezes, fills up and forgets: nobody is refused, nobody waits, and counts stay exact."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
import redis.asyncio

from tests.client import Service, until
from tests.faults.conftest import Lab, freeze, thaw
from tests.faults.load import Seen, going_on, post_steadily, read_steadily, until_true
from tests.processes import serving

ADDED_SECONDS = 0.3  # at most, to 99 of 100 answers


async def flush(lab: Lab) -> None:
    """Forget everything."""
    async with redis.asyncio.Redis.from_url(lab.settings.redis_url) as connection:
        await connection.flushall()


async def break_redis(lab: Lab, fault: str) -> None:
    """Do it."""
    if fault == "killed":
        await asyncio.to_thread(lab.valkey.kill)
    elif fault == "frozen":
        freeze(lab.valkey)
    else:
        await flush(lab)


@pytest.mark.parametrize("fault", ["killed", "frozen", "flushed"])
async def test_no_post_and_no_read_fails(whole: Lab, here: Service, fault: str) -> None:
    site = await here.new_site()
    await site.posted("read")
    posting, reading = Seen(), Seen()
    token = await site.token()
    async with aiohttp.ClientSession() as session:
        posts = f"{here.url}{site.path}/articles/written/comments"
        uncached = f"{here.url}{site.path}/articles/read/comments?limit=7&sort=oldest"
        async with going_on(
            *(post_steadily(session, posts, token, posting) for _ in range(3)),
            read_steadily(session, uncached, reading),
        ):
            await until_true(lambda: len(posting.statuses) >= 60, 20)
            before = posting.slowest(0.99)
            posting.seconds.clear()
            await break_redis(whole, fault)
            if fault != "flushed":
                await until(lambda: is_down(here), 3)
            posted = len(posting.statuses)
            await until_true(lambda: len(posting.statuses) >= posted + 100, 20)
            thaw(whole.valkey)
            whole.valkey.start()
            await until(lambda: is_up(here), 5)
            posted = len(posting.statuses)
            await until_true(lambda: len(posting.statuses) >= posted + 20, 10)
    assert set(posting.statuses) == {201}
    assert set(reading.statuses) == {200}
    assert posting.slowest(0.99) - before < ADDED_SECONDS
    assert posting.slowest() < 1.0 + before
    written = len(posting.acknowledged)
    stored = len(await site.walk("written"))
    assert written <= stored <= written + 3  # each writer may have been stopped before it heard

    async def exact() -> bool:
        return bool(await site.count("written") == stored)

    await until(exact, 2)


async def is_down(service: Service) -> bool:
    return not service.deps.redis.up


async def is_up(service: Service) -> bool:
    return service.deps.redis.up


async def test_counts_are_exact_on_the_first_read_after_everything_was_forgotten(whole: Lab, here: Service) -> None:
    site = await here.new_site()
    for _ in range(5):
        await site.posted("a")

    async def followed() -> bool:
        return bool(await site.count("a") == 5)

    await until(followed, 2)
    async with serving(whole.settings) as process:  # which knows nothing yet
        await flush(whole)
        async with here.session.get(f"{process.url}{site.path}/counts?article=a") as response:
            assert (await response.json())["counts"] == {"a": 5}
    await flush(whole)
    assert await site.count("a") == 5


async def test_without_memory_for_writes_posting_goes_on(whole: Lab, here: Service) -> None:
    site = await here.new_site()
    async with redis.asyncio.Redis.from_url(whole.settings.redis_url) as connection:
        await connection.config_set("maxmemory", "1")
        try:
            assert (await site.comment("a")).status == 201
            assert (await site.comment("a")).status == 201

            async def followed() -> bool:
                return bool(await site.count("a") == 2)

            await until(followed, 2)
        finally:
            await connection.config_set("maxmemory", "0")
    await until(lambda: is_up(here), 5)
