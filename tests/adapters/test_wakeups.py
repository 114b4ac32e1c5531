from __future__ import annotations

import asyncio
import time

import pytest

from service.adapters.wakeups import Wakeups
from tests.adapters.conftest import Connect, Valkey, until


@pytest.fixture
async def two(doomed: Valkey, connect: Connect):  # type: ignore[no-untyped-def]
    """The wake-ups of two processes, both listening."""
    both = [Wakeups(await connect(doomed.url())) for _ in range(2)]
    for wakeups in both:
        wakeups.start()
    await until(lambda: all(wakeups.listening for wakeups in both))
    yield both
    for wakeups in both:
        await wakeups.close()


async def test_wakes_followers_of_other_processes(two: list[Wakeups]) -> None:
    one, other = two
    with other.follow("events") as wake, other.follow("outbox") as unrelated:
        one.publish("events")
        assert await wake.wait(5)
        assert not await wake.wait(0.02)
        assert not await unrelated.wait(0)


async def test_wakes_the_own_process_without_redis(doomed: Valkey, two: list[Wakeups]) -> None:
    doomed.kill()
    with two[0].follow("events") as wake:
        two[0].publish("events")
        assert await wake.wait(5)


async def test_wakeup_during_work_is_not_lost(two: list[Wakeups]) -> None:
    with two[1].follow("events") as wake:
        two[0].publish("events")
        await until(lambda: wake._event.is_set())
        assert await wake.wait(0)


async def test_wakeups_of_one_moment_are_one_message(doomed: Valkey, two: list[Wakeups]) -> None:
    before = published(doomed)
    with two[1].follow("events") as wake:
        for _ in range(500):
            two[0].publish("events")
        assert await wake.wait(5)
    assert published(doomed) == before + 1


async def test_listens_again_after_an_outage(doomed: Valkey, two: list[Wakeups]) -> None:
    doomed.kill()
    await until(lambda: not any(wakeups.listening for wakeups in two))
    doomed.start()
    await until(lambda: all(wakeups.listening for wakeups in two))
    with two[1].follow("events") as wake:
        await until(lambda: woken(two[0], wake))


async def woken(publisher: Wakeups, wake) -> bool:  # type: ignore[no-untyped-def]
    publisher.publish("events")
    return bool(await wake.wait(0.1))


async def test_outage_is_silent(doomed: Valkey, two: list[Wakeups], caplog: pytest.LogCaptureFixture) -> None:
    doomed.kill()
    await until(lambda: not any(wakeups.listening for wakeups in two))
    for _ in range(20):
        two[0].publish("events")
        await asyncio.sleep(0.02)
    assert len(caplog.records) <= 2  # each client once


async def test_frozen_redis_delays_nobody(doomed: Valkey, two: list[Wakeups]) -> None:
    doomed.freeze()
    started = time.perf_counter()
    for _ in range(100):
        two[0].publish("events")
    assert time.perf_counter() - started < 0.05
    started = time.perf_counter()
    await two[0].close()
    assert time.perf_counter() - started < 1


async def test_close_leaves_no_task(doomed: Valkey, connect: Connect) -> None:
    wakeups = Wakeups(await connect(doomed.url()))
    before = asyncio.all_tasks()
    wakeups.start()
    await until(lambda: wakeups.listening)
    wakeups.publish("events")
    await wakeups.close()
    assert asyncio.all_tasks() == before
    assert wakeups.listening is False


async def test_close_before_start(doomed: Valkey, connect: Connect) -> None:
    await Wakeups(await connect(doomed.url())).close()


async def test_wakes_across_a_cluster(cluster_url: str, connect: Connect) -> None:
    one, other = Wakeups(await connect(cluster_url)), Wakeups(await connect(cluster_url))
    other.start()
    try:
        await until(lambda: other.listening)
        with other.follow("events") as wake:
            one.publish("events")
            assert await wake.wait(5)
    finally:
        await one.close()
        await other.close()


def published(server: Valkey) -> int:
    """How many messages the server has been asked to publish."""
    statistics = server.command_line("INFO", "commandstats")
    return int(statistics.get("cmdstat_publish", {}).get("calls", 0))  # type: ignore[attr-defined]
