from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.adapters.limits import WINDOW, Limiter, Verdict
from service.adapters.redis_client import Redis
from service.domain.limits import (
    LIMITS,
    UNLIMITED,
    Charge,
    Limit,
    ceiling_key,
    charges_for,
    join_key,
    network_key,
    share,
)
from tests.adapters.conftest import Connect, Valkey, until

PATIENCE = 0.3  # seconds a charge may take at most
POSTS = LIMITS["posts"]

WORKER = """
import asyncio, sys
from service.adapters.limits import Limiter
from service.adapters.redis_client import Redis
from service.domain.limits import Charge

async def main(url, tries):
    redis = Redis(url)
    await redis.start()
    limiter = Limiter(redis, 4)
    sys.stdin.readline()
    verdicts = await asyncio.gather(*(limiter.charge([Charge("posts", "crowd")]) for _ in range(tries)))
    print(sum(verdict.refused is None for verdict in verdicts), limiter.local_decisions)
    await redis.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def post(author: str = "ann") -> list[Charge]:
    return [Charge("posts", join_key("site", author))]


async def accepted(limiter: Limiter, charges: Sequence[Charge], tries: int) -> int:
    verdicts = await asyncio.gather(*(limiter.charge(charges) for _ in range(tries)))
    return sum(verdict.refused is None for verdict in verdicts)


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


# ---- the answer


async def test_accepts_the_quota_and_tells_how_much_is_left(valkey: Valkey, connect: Connect) -> None:
    limiter = Limiter(await connect(valkey.url()), 1)
    verdicts = [await limiter.charge(post()) for _ in range(12)]
    assert [verdict.standings[0].remaining for verdict in verdicts] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert [verdict.refused for verdict in verdicts] == [None] * 10 + [POSTS] * 2
    assert verdicts[0].retry_after == 0
    assert 55 <= verdicts[-1].retry_after <= 61
    assert verdicts[0].headers["RateLimit-Policy"] == '"posts";q=10;w=60'
    assert verdicts[0].headers["RateLimit"] in ('"posts";r=9;t=60', '"posts";r=9;t=61')
    assert verdicts[-1].headers["RateLimit"] == f'"posts";r=0;t={verdicts[-1].retry_after}'


async def test_accounts_and_actions_do_not_share(valkey: Valkey, connect: Connect) -> None:
    limiter = Limiter(await connect(valkey.url()), 1)
    assert await accepted(limiter, post("ann"), 20) == 10
    assert await accepted(limiter, post("bob"), 20) == 10
    assert await accepted(limiter, [Charge("flags", join_key("site", "ann"))], 30) == 20


async def test_unknown_limit_is_an_error(valkey: Valkey, connect: Connect) -> None:
    with pytest.raises(KeyError):
        await Limiter(await connect(valkey.url()), 1).charge([Charge("nonsense", "a")])


async def test_waiting_as_told_is_enough(valkey: Valkey, connect: Connect) -> None:
    limiter = Limiter(await connect(valkey.url()), 1, quotas={"short": Limit("short", 2, 1)})
    assert await accepted(limiter, [Charge("short", "a")], 3) == 2
    refused = await limiter.charge([Charge("short", "a")])
    started = time.monotonic()

    async def passes() -> bool:
        return (await limiter.charge([Charge("short", "a")])).refused is None

    # Tries all the time: a refused try must not prolong the wait.
    await until(passes, timeout=3)
    assert time.monotonic() - started <= refused.retry_after + 0.2
    assert time.monotonic() - started >= 0.8


# ---- several limits


async def test_refusal_by_one_is_not_charged_to_the_others(valkey: Valkey, connect: Connect) -> None:
    limiter = Limiter(await connect(valkey.url()), 1)
    network = Charge("guests_network", "198.51.100.1")
    assert await accepted(limiter, [network], 30) == 20
    for _ in range(15):
        verdict = await limiter.charge([*post(), network])
        assert verdict.refused == LIMITS["guests_network"]
        assert verdict.charged == ()
    assert await accepted(limiter, post(), 20) == 10


async def test_all_limits_of_a_request_are_one_round_trip(valkey: Valkey, connect: Connect) -> None:
    redis = await connect(valkey.url())
    limiter = Limiter(redis, 1)
    await limiter.charge(post())  # the script is known from here on
    before = redis.counters.batches
    await limiter.charge(charges_for("posts", account=("s", "a"), address="2001:db8::1"))
    assert redis.counters.batches == before + 1


async def test_refund_gives_back(valkey: Valkey, connect: Connect) -> None:
    limiter = Limiter(await connect(valkey.url()), 1)
    verdicts = [await limiter.charge(post()) for _ in range(10)]
    await limiter.refund(verdicts[3])
    await limiter.refund(verdicts[7])
    assert await accepted(limiter, post(), 5) == 2


async def test_refund_without_redis(doomed: Valkey, connect: Connect) -> None:
    redis = await connect(doomed.url())
    doomed.kill()
    limiter = Limiter(redis, 2)
    verdicts = [await limiter.charge(post()) for _ in range(6)]
    assert [verdict.refused for verdict in verdicts] == [None] * 5 + [POSTS]
    await limiter.refund(verdicts[0])
    assert await accepted(limiter, post(), 5) == 1


# ---- exactness


async def test_exact_across_clients(valkey: Valkey, connect: Connect) -> None:
    limiters = [Limiter(await connect(valkey.url()), 4) for _ in range(4)]
    counts = await asyncio.gather(*(accepted(limiter, post(), 50) for limiter in limiters))
    assert sum(counts) == POSTS.quota


async def test_exact_across_processes(valkey: Valkey) -> None:
    arguments = [sys.executable, "-c", WORKER, valkey.url(), "50"]
    workers = [
        await asyncio.create_subprocess_exec(*arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        for _ in range(4)
    ]
    outputs = await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))
    results = [tuple(map(int, stdout.split())) for stdout, _ in outputs]
    assert sum(count for count, _ in results) == POSTS.quota
    assert [local for _, local in results] == [0] * 4


WINDOWS = st.builds(
    Limit, name=st.just("w"), quota=st.sampled_from([1, 2, 3, 7, 300]), window_seconds=st.sampled_from([1, 5, 60, 3600])
)
STEPS = st.lists(
    st.tuples(st.sampled_from([0, 1, 7, 100, 999, 1000, 3333, 20_000, 61_000]), st.integers(1, 8)),
    min_size=1,
    max_size=40,
)


def check_window_rule(limit: Limit, times: list[int], refusals: list[tuple[int, int]]) -> None:
    """No window holds more than the quota; who is refused may come back within the window and one slot."""
    for first in times:
        assert sum(first <= at < first + limit.window_ms for at in times) <= limit.quota
    for at, wait in refusals:
        assert 0 < wait <= limit.window_ms + limit.slot_ms
        assert sum(at - limit.window_ms - limit.slot_ms < then <= at for then in times) >= limit.quota


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=WINDOWS, steps=STEPS)
def test_window_rule_in_redis(valkey: Valkey, limit: Limit, steps: list[tuple[int, int]]) -> None:
    valkey.command_line("FLUSHALL")  # each example has a clock of its own
    now, times, refusals = 1_700_000_000_123, [], []
    for step, tries in steps:
        now += step
        for _ in range(tries):
            answer = valkey.command_line(
                "EVAL", WINDOW.text, 1, "w", limit.window_ms, limit.slot_ms, limit.quota, "", now
            )
            if answer[0]:
                times.append(now)
            else:
                refusals.append((now, answer[2]))
    check_window_rule(limit, times, refusals)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=WINDOWS, steps=STEPS)
async def test_window_rule_without_redis(away: Redis, limit: Limit, steps: list[tuple[int, int]]) -> None:
    clock, times, refusals = FakeClock(), [], []
    limiter = Limiter(away, 1, clock, {"w": limit})
    for step, tries in steps:
        clock.now += step / 1000
        for _ in range(tries):
            verdict = await limiter.charge([Charge("w", "a")])
            if verdict.refused is None:
                times.append(int(clock.now * 1000))
            else:
                refusals.append((int(clock.now * 1000), verdict.standings[0].reset_ms))
    check_window_rule(limit, times, refusals)


@pytest.fixture
async def away(connect: Connect) -> Redis:
    """A Redis that is not there."""
    return await connect("redis://127.0.0.1:1")


async def test_wait_told_by_redis_is_exact(valkey: Valkey) -> None:
    def charge(now: int) -> list[int]:
        arguments = (POSTS.window_ms, POSTS.slot_ms, 2, "", now)
        return valkey.command_line("EVAL", WINDOW.text, 1, "w", *arguments)  # type: ignore[return-value]

    start = 1_700_000_000_000
    assert charge(start)[0] == 1
    assert charge(start + 30_000)[0] == 1
    refused = charge(start + 40_000)
    assert refused[0] == 0
    assert charge(start + 40_000 + refused[2] - 1)[0] == 0
    assert charge(start + 40_000 + refused[2])[0] == 1


async def test_large_quota_stays_small(valkey: Valkey, connect: Connect) -> None:
    limiter = Limiter(await connect(valkey.url()), 1, quotas=UNLIMITED)
    assert await accepted(limiter, post(), 5000) == 5000
    start, limit, key = 1_700_000_000_000, UNLIMITED["posts"], "large"
    for step in range(0, 200_000, 250):
        valkey.command_line("EVAL", WINDOW.text, 1, key, limit.window_ms, limit.slot_ms, limit.quota, "", start + step)
    assert valkey.command_line("STRLEN", key) < 1000  # type: ignore[operator]


async def test_keys_expire_and_name_nobody(valkey: Valkey, connect: Connect) -> None:
    limiter = Limiter(await connect(valkey.url()), 1, secret=b"secret")
    await limiter.charge(charges_for("posts", account=("site", "ann@example.org"), address="203.0.113.9"))
    keys = valkey.command_line("KEYS", "discuss:limit:*")
    assert len(keys) == 2  # type: ignore[arg-type]
    for key in keys:  # type: ignore[attr-defined]
        assert b"ann" not in key
        assert b"203" not in key
        assert 0 < valkey.command_line("PTTL", key) <= 61_000  # type: ignore[operator]


# ---- an unwell Redis


async def charge_all(limiters: list[Limiter], tries: int) -> int:
    """Tries of one account, spread over the processes; each must be answered in time."""
    total = 0
    for _ in range(tries):
        for limiter in limiters:
            started = time.perf_counter()
            total += (await limiter.charge(post())).refused is None
            assert time.perf_counter() - started <= PATIENCE
    return total


@pytest.fixture
async def processes(doomed: Valkey, connect: Connect) -> list[Limiter]:
    """Four limiters as four processes have them."""
    return [Limiter(await connect(doomed.url()), 4) for _ in range(4)]


HARM = {
    "killed": lambda server: server.kill(),
    "frozen": lambda server: server.freeze(),
    "full": lambda server: server.command_line("CONFIG", "SET", "maxmemory", 1),
    "read-only": lambda server: server.command_line("REPLICAOF", "127.0.0.1", 1),
    "flushed": lambda server: server.command_line("FLUSHALL"),
    "without scripts": lambda server: server.command_line("SCRIPT", "FLUSH"),
}


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("before", [0, 1])
async def test_limit_holds_when_redis_does_not(
    doomed: Valkey, processes: list[Limiter], harm: str, before: int
) -> None:
    total = await charge_all(processes, before)
    HARM[harm](doomed)
    total += await charge_all(processes, 10)
    assert total <= 1.2 * POSTS.quota
    assert total >= POSTS.quota - len(processes) - before * 4


async def test_exact_again_after_an_outage(doomed: Valkey, connect: Connect) -> None:
    clients = [await connect(doomed.url()) for _ in range(2)]
    limiters = [Limiter(client, 2) for client in clients]
    doomed.kill()
    assert await charge_all(limiters, 3) == 6
    doomed.start()
    await until(lambda: all(client.up for client in clients), timeout=3)
    assert await charge_all(limiters, 10) == 4
    assert limiters[0].local_decisions == 3


async def test_shares_without_redis(away: Redis) -> None:
    assert await accepted(Limiter(away, 4), post(), 20) == 2
    assert await accepted(Limiter(away, 100), post(), 20) == 1


async def test_decisions_without_redis_follow_its_clock(doomed: Valkey, connect: Connect) -> None:
    behind = FakeClock()  # years
    limiter = Limiter(await connect(doomed.url()), 1, behind)
    assert await accepted(limiter, post(), 8) == 8
    doomed.kill()
    assert await accepted(limiter, post(), 8) == 2
    behind.now += POSTS.window_seconds + 1
    assert await accepted(limiter, post(), 20) == 10


async def test_limiter_on_a_cluster(cluster: list[Valkey], cluster_url: str, connect: Connect) -> None:
    limiters = [Limiter(await connect(cluster_url), 2) for _ in range(2)]
    network = Charge("posts_network", "192.0.2.7")
    for author in ("ann", "bob", "eve"):
        counts = await asyncio.gather(*(accepted(limiter, [*post(author), network], 20) for limiter in limiters))
        assert sum(counts) == 10
    for server in cluster:
        server.command_line("SCRIPT", "FLUSH")
    assert await accepted(limiters[0], [network], 100) == 30
    assert limiters[0].local_decisions == 0


# ---- who is counted


@pytest.mark.parametrize(
    ("address", "network", "ceiling"),
    [
        ("203.0.113.9", "203.0.113.9", None),
        ("::ffff:203.0.113.9", "203.0.113.9", None),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64", "2001:db8:1::/48"),
    ],
)
def test_networks(address: str, network: str, ceiling: str | None) -> None:
    assert network_key(address) == network
    assert ceiling_key(address) == ceiling


async def test_ipv6_network_has_a_ceiling(valkey: Valkey, connect: Connect) -> None:
    limiter = Limiter(await connect(valkey.url()), 1)

    async def guests(address: str, tries: int) -> list[Verdict]:
        charges = charges_for("guests", address=address)
        return await asyncio.gather(*(limiter.charge(charges) for _ in range(tries)))

    same = await guests("2001:db8:1:1::1", 15) + await guests("2001:db8:1:1::2", 15)
    assert sum(verdict.refused is None for verdict in same) == 20
    for subnet in range(2, 11):
        await guests(f"2001:db8:1:{subnet}::1", 20)
    (verdict,) = await guests("2001:db8:1:ff::1", 1)
    assert verdict.refused == LIMITS["guests_network_48"]
    (verdict,) = await guests("2001:db8:2::1", 1)
    assert verdict.refused is None


def test_charges_of_a_post() -> None:
    charges = charges_for("posts", account=("a:b", "c"), address="2001:db8::1")
    assert charges == [
        Charge("posts", "a%3Ab:c"),
        Charge("posts_network", "2001:db8::/64"),
        Charge("posts_network_48", "2001:db8::/48"),
    ]
    with pytest.raises(KeyError):
        charges_for("nonsense", address="192.0.2.1")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_ids_make_different_keys(one: list[str], other: list[str]) -> None:
    if len(one) == len(other):
        assert (join_key(*one) == join_key(*other)) == (one == other)


def test_share() -> None:
    assert [share(10, processes) for processes in (1, 2, 3, 10, 50)] == [10, 5, 3, 1, 1]


def test_default_limits_are_the_contract() -> None:
    quotas = {name: (limit.quota, limit.window_seconds) for name, limit in LIMITS.items()}
    assert quotas["posts"] == (10, 60)
    assert quotas["posts_network"] == (60, 60)
    assert quotas["votes"] == (60, 60)
    assert quotas["flags"] == (20, 3600)
    assert quotas["guests_network"] == quotas["articles_network"] == (20, 3600)
    assert quotas["previews"] == (60, 60)
    assert quotas["reads_network"] == (600, 60)
    for name, limit in LIMITS.items():
        if name.endswith("_48"):
            assert limit == replace(LIMITS[name.removesuffix("_48")], name=name, quota=limit.quota)
            assert limit.quota == 10 * LIMITS[name.removesuffix("_48")].quota
