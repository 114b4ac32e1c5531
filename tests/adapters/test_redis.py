from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

import pytest

from service.adapters.redis_client import CALL_TIMEOUT, Redis, RedisDown, Script
from tests.adapters.conftest import Connect, Valkey, cluster_address, until

PATIENCE = 0.3  # seconds a call may take at most, whatever the server does


async def timed(call: Awaitable[object]) -> float:
    started = time.perf_counter()
    with pytest.raises(RedisDown):
        await call
    return time.perf_counter() - started


async def test_answers_commands(valkey: Valkey, connect: Connect) -> None:
    redis = await connect(valkey.url())
    assert redis.up
    assert await redis.call("SET", "a", 1) is True
    assert await redis.call("GET", "a") == b"1"
    assert await redis.get_many(["a", "b"]) == [b"1", None]


async def test_commands_of_one_moment_share_a_round_trip(valkey: Valkey, connect: Connect) -> None:
    redis = await connect(valkey.url())
    answers = await asyncio.gather(*(redis.call("INCR", "n") for _ in range(100)))
    assert sorted(answers) == list(range(1, 101))
    assert redis.counters.batches == 1


async def test_commands_that_come_meanwhile_share_the_next(valkey: Valkey, connect: Connect) -> None:
    redis = await connect(valkey.url())
    first = redis.submit(("INCR", "n"))
    await asyncio.sleep(0)  # the first batch is on its way
    rest = [redis.submit(("INCR", "n")) for _ in range(50)]
    assert [await future for future in (first, *rest)] == list(range(1, 52))
    assert redis.counters.batches == 2


async def test_cancelled_caller_leaves_no_answer_behind(valkey: Valkey, connect: Connect) -> None:
    redis = await connect(valkey.url())
    await asyncio.gather(*(redis.call("SET", f"k{n}", n) for n in range(50)))
    for turns in range(20):
        doomed = [asyncio.create_task(redis.call("GET", f"k{n}")) for n in range(50)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in doomed[::2]:
            task.cancel()
        answers = await asyncio.gather(*(redis.call("GET", f"k{n}") for n in reversed(range(50))))
        assert answers == [str(n).encode() for n in reversed(range(50))]
        kept = await asyncio.gather(*doomed[1::2])
        assert kept == [str(n).encode() for n in range(1, 50, 2)]
        await asyncio.gather(*doomed, return_exceptions=True)
    assert redis.counters.failures == 0


async def test_answer_that_came_too_late_reaches_nobody(doomed: Valkey, connect: Connect) -> None:
    redis = await connect(doomed.url())
    await redis.call("SET", "late", "late")
    doomed.freeze()
    await timed(redis.call("GET", "late"))
    doomed.thaw()
    await until(lambda: redis.up)
    assert await redis.call("INCR", "n") == 1


async def test_frozen_server(doomed: Valkey, connect: Connect) -> None:
    redis = await connect(doomed.url())
    doomed.freeze()
    first, second = await asyncio.gather(timed(redis.call("GET", "a")), timed(redis.call("GET", "b")))
    assert CALL_TIMEOUT * 0.9 <= first <= PATIENCE
    assert second <= PATIENCE
    assert not redis.up
    assert await timed(redis.call("GET", "a")) < 0.05
    doomed.thaw()
    await until(lambda: redis.up, timeout=2)
    assert await redis.call("SET", "a", 1) is True


async def test_waiting_behind_a_batch_does_not_add_up(doomed: Valkey, connect: Connect) -> None:
    redis = await connect(doomed.url())
    doomed.freeze()
    first = asyncio.create_task(timed(redis.call("GET", "a")))
    await asyncio.sleep(CALL_TIMEOUT / 2)
    assert await timed(redis.call("GET", "b")) <= CALL_TIMEOUT
    await first


async def test_killed_server_and_its_restart(doomed: Valkey, connect: Connect) -> None:
    redis = await connect(doomed.url())
    doomed.kill()
    assert await timed(redis.call("GET", "a")) <= PATIENCE
    refused = redis.counters.refused
    assert await timed(redis.call("GET", "a")) < 0.05
    assert redis.counters.refused == refused + 1
    doomed.start()
    await until(lambda: redis.up, timeout=3)
    assert await redis.call("SET", "a", 1) is True


async def test_server_that_is_not_there_at_start(doomed: Valkey, connect: Connect) -> None:
    doomed.kill()
    redis = await connect(doomed.url())
    assert not redis.up
    assert await timed(redis.call("GET", "a")) < 0.05
    doomed.start()
    await until(lambda: redis.up, timeout=3)


async def test_full_server_is_down_until_there_is_room(doomed: Valkey, connect: Connect) -> None:
    redis = await connect(doomed.url())
    doomed.command_line("CONFIG", "SET", "maxmemory", 1)
    assert await timed(redis.call("SET", "a", 1)) <= PATIENCE
    assert not redis.up
    doomed.command_line("CONFIG", "SET", "maxmemory", 0)
    await until(lambda: redis.up, timeout=2)


async def test_read_only_server_is_down_until_it_is_a_master(doomed: Valkey, connect: Connect) -> None:
    redis = await connect(doomed.url())
    doomed.command_line("REPLICAOF", "127.0.0.1", 1)
    assert await timed(redis.call("SET", "a", 1)) <= PATIENCE
    assert not redis.up
    doomed.command_line("REPLICAOF", "NO", "ONE")
    await until(lambda: redis.up, timeout=2)


async def test_wrong_password_is_down(valkey: Valkey, connect: Connect) -> None:
    redis = await connect(valkey.url().replace(valkey.password, "wrong"))
    assert not redis.up
    assert await timed(redis.call("GET", "a")) <= PATIENCE


async def test_script_survives_a_flush_of_scripts(valkey: Valkey, connect: Connect) -> None:
    redis = await connect(valkey.url())
    script = Script("return {KEYS[1], ARGV[1]}")
    for _ in range(2):
        assert await redis.run(script, [("k", ("1",)), ("l", ("2",))]) == [[b"k", b"1"], [b"l", b"2"]]
        valkey.command_line("SCRIPT", "FLUSH")
    assert redis.counters.failures == 0


async def test_outage_is_logged_once(doomed: Valkey, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    redis = await connect(doomed.url())
    doomed.kill()
    for _ in range(20):
        await timed(redis.call("GET", "a"))
    await asyncio.sleep(1.2)  # two more probes
    assert len([record for record in caplog.records if "redis_down" in record.message]) == 1
    assert doomed.password not in caplog.text


async def test_close_answers_those_who_wait(doomed: Valkey) -> None:
    redis = Redis(doomed.url())
    await redis.start()
    doomed.freeze()
    waiting = asyncio.create_task(timed(redis.call("GET", "a")))
    await asyncio.sleep(0.01)
    await redis.close()
    assert await waiting <= PATIENCE


async def test_unix_socket(doomed: Valkey, connect: Connect) -> None:
    path = doomed.folder / "s"
    doomed.lines = (f"unixsocket {path}",)
    doomed.stop()
    doomed.start()
    redis = await connect(f"unix://:{doomed.password}@{path}")
    assert await redis.call("SET", "a", 1) is True


async def test_cluster_runs_commands_on_every_server(cluster: list[Valkey], cluster_url: str, connect: Connect) -> None:
    redis = await connect(cluster_url)
    assert redis.clustered
    assert redis.up
    assert await redis.calls([("SET", f"k{n}", n) for n in range(60)]) == [True] * 60
    assert redis.counters.batches == len(cluster)
    assert await redis.get_many([f"k{n}" for n in range(60)]) == [str(n).encode() for n in range(60)]


async def test_cluster_goes_on_without_one_server(cluster: list[Valkey], cluster_url: str, connect: Connect) -> None:
    redis = await connect(cluster_url)
    cluster[1].freeze()
    try:
        started = time.perf_counter()
        answers = await redis.calls([("SET", f"k{n}", n) for n in range(60)])
        assert time.perf_counter() - started <= PATIENCE
        fine = [answer for answer in answers if answer is True]
        assert 20 < len(fine) < 60
        assert not redis.up
        again = await redis.calls([("SET", f"k{n}", n) for n in range(60)])
        assert [answer is True for answer in again] == [answer is True for answer in answers]
    finally:
        cluster[1].thaw()
    await until(lambda: redis.up)
    assert await redis.calls([("SET", f"k{n}", n) for n in range(60)]) == [True] * 60


async def test_cluster_that_is_not_there_at_start(connect: Connect) -> None:
    redis = await connect("redis+cluster://127.0.0.1:1")
    assert not redis.up
    assert await timed(redis.call("GET", "a")) < 0.05


async def test_cluster_failover(doomed_cluster: list[Valkey], connect: Connect) -> None:
    redis = await connect(cluster_address(doomed_cluster[1]))
    commands = [("SET", f"k{n}", n) for n in range(60)]
    assert await redis.calls(commands) == [True] * 60
    doomed_cluster[0].kill()

    async def all_served() -> bool:
        started = time.perf_counter()
        answers = await redis.calls(commands)
        assert time.perf_counter() - started <= PATIENCE
        return answers == [True] * 60

    assert not await all_served()
    await until(all_served, timeout=15)
    assert redis.up
