"""Several processes on the same servers: each follows by itself, and one that dies or freezes delays nobody."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial

import aiohttp
import pytest
import pytest_asyncio

from service.operations.moderation import decide
from tests.client import Service, SiteClient, as_id, until
from tests.faults.conftest import Lab
from tests.faults.load import Seen, going_on, post_steadily, until_true
from tests.processes import Process, serving

FOLLOWED_SECONDS = 2.0
VISIBLE_SECONDS = 1.0


@pytest_asyncio.fixture
async def there(whole: Lab) -> AsyncIterator[Process]:
    """Another process of the service."""
    async with serving(whole.settings) as process:
        yield process


async def counted(session: aiohttp.ClientSession, url: str, site: SiteClient, article: str) -> int:
    """An article's count as a process tells it."""
    async with session.get(f"{url}{site.path}/counts?article={article}") as response:
        assert response.status == 200
        return int((await response.json())["counts"][article])


@pytest.mark.parametrize("fault", ["frozen", "killed"])
async def test_a_process_that_stops_delays_nobody(whole: Lab, here: Service, there: Process, fault: str) -> None:
    site = await here.new_site()
    expected = 0
    slowest = 0.0
    for _ in range(3):  # whoever had the lane when it stopped
        if fault == "frozen":
            there.freeze()
        else:
            there.signal(signal.SIGKILL)
        for _ in range(4):
            started = time.monotonic()
            await site.posted("a")
            expected += 1
            await until(partial(is_counted, here, site, expected), 5)
            slowest = max(slowest, time.monotonic() - started)
        if fault == "killed":
            break
        there.thaw()
        async with aiohttp.ClientSession() as session:
            await until(partial(is_told, session, there.url, site, expected), FOLLOWED_SECONDS)
    assert slowest < FOLLOWED_SECONDS


async def is_counted(service: Service, site: SiteClient, number: int) -> bool:
    return await counted(service.session, service.url, site, "a") == number


def taken_by(posting: Sequence[Seen]) -> int:
    return sum(len(seen.acknowledged) for seen in posting)


def have_taken(posting: Sequence[Seen], goal: int) -> bool:
    return taken_by(posting) >= goal


def has_workers(process: Process, without: int) -> bool:
    """Whether it has two again, the dead one not among them."""
    pids = [worker.pid for worker in process.workers]
    return len(pids) == 2 and without not in pids


async def is_told(session: aiohttp.ClientSession, url: str, site: SiteClient, number: int) -> bool:
    return await counted(session, url, site, "a") == number


async def test_counts_follow_in_every_process_and_are_exact_when_it_is_quiet(
    whole: Lab, here: Service, there: Process
) -> None:
    site = await here.new_site()
    token = await site.token()
    posting = [Seen(), Seen()]
    async with aiohttp.ClientSession() as session:
        urls = (here.url, there.url)
        works = [
            post_steadily(session, f"{url}{site.path}/articles/a/comments", token, seen)
            for url, seen in zip(urls, posting, strict=True)
        ]
        async with going_on(*works):
            for goal in range(20, 101, 20):
                await until_true(partial(have_taken, posting, goal), 20)
                reached = taken_by(posting)
                for url in urls:
                    await until(partial(is_at_least, session, url, site, reached), 1)
        for url in urls:
            await until(partial(is_told_exactly, session, url, site), 2)


async def is_told_exactly(session: aiohttp.ClientSession, url: str, site: SiteClient) -> bool:
    """Whether a process counts what is there: the last post may be stored after its client is gone."""
    return await counted(session, url, site, "a") == len(await site.walk("a"))


async def is_at_least(session: aiohttp.ClientSession, url: str, site: SiteClient, number: int) -> bool:
    return await counted(session, url, site, "a") >= number


@pytest.mark.parametrize("redis", ["up", "down", "frozen"])
async def test_what_was_removed_is_gone_from_every_process_within_a_second(
    whole: Lab, here: Service, there: Process, redis: str
) -> None:
    site = await here.new_site()
    other = replace(here, url=there.url)
    if redis == "down":
        whole.valkey.kill()
    elif redis == "frozen":
        whole.valkey.process.send_signal(signal.SIGSTOP)
    slowest = 0.0
    for number in range(3):
        removed = await site.posted("a", f"Words that must go, the {number}th.")
        await until(lambda: shows(here, site, True))
        await until(lambda: shows(other, site, True))
        started = time.monotonic()
        await decide(here.deps, await site.site(), as_id(removed["id"]), "remove")
        assert not await shows(here, site, True)  # who removes it sees it gone at once
        await until(lambda: shows(other, site, False), 5)
        slowest = max(slowest, time.monotonic() - started)
        assert not await shows(here, site, True)
    assert slowest < VISIBLE_SECONDS


async def shows(service: Service, site: SiteClient, wanted: bool) -> bool:
    """Whether a process's page has the words, or has not."""
    answer = await service.request("GET", f"{site.path}/articles/a/comments")
    assert answer.status == 200
    return (b"Words that must go" in answer.body) == wanted


async def test_a_killed_worker_takes_nothing_acknowledged_along(whole: Lab, here: Service) -> None:
    site = await here.new_site()
    token = await site.token()
    posting = Seen()
    async with serving(whole.settings, "--workers", "2") as process, aiohttp.ClientSession() as session:
        posts = f"{process.url}{site.path}/articles/a/comments"
        async with going_on(*(post_steadily(session, posts, token, posting) for _ in range(4))):
            for _ in range(3):
                await until_true(partial(have_taken, [posting], len(posting.acknowledged) + 15), 20)
                victim = random.choice(process.workers)
                victim.kill()
                await until_true(partial(has_workers, process, victim.pid), 5)
    assert set(posting.statuses) <= {201, 409}
    stored = [comment["id"] for comment in await site.walk("a")]
    assert set(posting.acknowledged.values()) <= set(stored)
    assert len(stored) <= len(posting.acknowledged) + 4  # a retry makes no second one
    await until(lambda: is_counted(here, site, len(stored)), 2)
