from __future__ import annotations

import pytest

from service.adapters.counts import LIFETIME, Counts
from service.adapters.redis_client import RedisDown
from tests.adapters.conftest import Connect, Valkey, until

ARTICLES = [f"a{number}" for number in range(30)]


async def test_only_newer_copies_are_stored(valkey: Valkey, connect: Connect) -> None:
    counts = Counts(await connect(valkey.url()))
    assert await counts.set_many([("s", "a", 5, 100), ("s", "b", 1, 9)])
    assert await counts.set_many([("s", "a", 4, 99), ("s", "b", 2, 10)])
    assert await counts.set_many([("s", "a", 6, 100)])
    assert await counts.get_many("s", ["a", "b", "c"]) == {"a": (5, 100), "b": (2, 10)}
    assert await counts.get_many("s", []) == {}


async def test_positions_may_be_as_large_as_bigint(valkey: Valkey, connect: Connect) -> None:
    counts = Counts(await connect(valkey.url()))
    last = 2**63 - 1
    await counts.set_many([("s", "a", 1, last - 1)])
    await counts.set_many([("s", "a", 2, last)])
    await counts.set_many([("s", "a", 3, last - 1)])
    assert await counts.get_many("s", ["a"]) == {"a": (2, last)}


async def test_sites_and_logs_do_not_mix(valkey: Valkey, connect: Connect) -> None:
    redis = await connect(valkey.url())
    counts = Counts(redis, "one")
    await counts.set_many([("s", "t:a", 1, 5)])
    await counts.set_pushed_position(5)
    assert await counts.get_many("s:t", ["a"]) == {}
    assert await Counts(redis, "two").get_many("s", ["t:a"]) == {}
    assert await Counts(redis, "two").pushed_position() is None


async def test_copies_live_a_day(valkey: Valkey, connect: Connect) -> None:
    await Counts(await connect(valkey.url())).set_many([("s", "a", 1, 1)])
    (key,) = valkey.command_line("KEYS", "discuss:count:*")  # type: ignore[misc]
    assert LIFETIME - 10 <= valkey.command_line("TTL", key) <= LIFETIME  # type: ignore[operator]


async def test_pushed_position_only_grows_and_is_lost_with_the_copies(valkey: Valkey, connect: Connect) -> None:
    counts = Counts(await connect(valkey.url()))
    assert await counts.pushed_position() is None
    await counts.set_pushed_position(10)
    await counts.set_pushed_position(9)
    assert await counts.pushed_position() == 10
    valkey.command_line("FLUSHALL")
    assert await counts.pushed_position() is None


async def test_old_snapshot_is_seen(doomed: Valkey, connect: Connect) -> None:
    redis = await connect(doomed.url())
    counts = Counts(redis)
    await counts.set_many([("s", "a", 1, 10)])
    await counts.set_pushed_position(10)
    doomed.command_line("SAVE")
    await counts.set_many([("s", "a", 2, 20)])
    await counts.set_pushed_position(20)
    doomed.kill()
    doomed.start()
    await counts.get_many("s", ["a"])  # notices the broken connection
    await until(lambda: redis.up)
    assert await counts.get_many("s", ["a"]) == {"a": (1, 10)}
    assert await counts.pushed_position() == 10


async def test_without_redis_nothing_is_known(doomed: Valkey, connect: Connect) -> None:
    counts = Counts(await connect(doomed.url()))
    await counts.set_many([("s", "a", 1, 1)])
    doomed.kill()
    assert await counts.get_many("s", ["a"]) == {}
    assert not await counts.set_many([("s", "a", 1, 2)])
    with pytest.raises(RedisDown):
        await counts.pushed_position()
    with pytest.raises(RedisDown):
        await counts.set_pushed_position(3)


async def test_counts_on_a_cluster(cluster: list[Valkey], cluster_url: str, connect: Connect) -> None:
    redis = await connect(cluster_url)
    counts = Counts(redis)
    assert await counts.set_many([("s", article, number, number) for number, article in enumerate(ARTICLES)])
    assert await counts.get_many("s", ARTICLES) == {a: (number, number) for number, a in enumerate(ARTICLES)}
    cluster[0].freeze()
    try:
        known = await counts.get_many("s", ARTICLES)
        assert 0 < len(known) < len(ARTICLES)
    finally:
        cluster[0].thaw()
    await until(lambda: redis.up)
