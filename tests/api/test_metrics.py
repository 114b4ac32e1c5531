"""/metrics: who may read it, what it says, and that no worker's number is lost or counted twice."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_network

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.api.board import COPY_BYTES, HEAD, Board
from service.api.metrics import Tally, add_up, families, is_loopback
from service.embedded import free_port
from service.settings import Settings
from tests.client import Answer, Service, running_service, until


def samples(answer: Answer) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by name and label values, in the labels' order; Prometheus's own parser reads them."""
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    found = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, tuple(value for _, value in sorted(sample.labels.items())))
            assert key not in found
            found[key] = sample.value
    return found


async def test_everything_an_operator_needs_is_there(service: Service) -> None:
    site = await service.new_site(max_links=0)
    await site.posted("a")
    await site.comment("a", "One https://one.example/ link too many.")
    for _ in range(3):
        assert (await site.get("/articles/a/comments")).status == 200
        assert (await site.get("/counts?article=a")).status == 200

    async def logged() -> bool:
        now = samples(await service.request("GET", "/metrics"))
        return min(now["discuss_log_position", ()], now["discuss_tail_position", ()]) >= 1

    await until(logged)
    found = samples(await service.request("GET", "/metrics"))
    posts = "/api/v1/sites/{site}/articles/{article_id}/comments"
    assert found["discuss_requests_total", ("POST", posts, "2xx")] >= 1
    assert found["discuss_requests_total", ("GET", posts, "2xx")] == 3
    assert found["discuss_request_seconds_count", ("GET", posts)] == 3
    assert found["discuss_request_seconds_bucket", ("+Inf", "GET", posts)] == 3
    assert found["discuss_queries_total", ("insert_comment",)] >= 1
    assert found["discuss_query_seconds_total", ("insert_comment",)] > 0
    judged = ("discuss_refusals_total", "discuss_holds_total")
    assert sum(value for (name, _), value in found.items() if name in judged) >= 1
    assert found["discuss_page_cache_hits_total", ()] >= 1
    assert found["discuss_page_cache_builds_total", ()] >= 1
    assert found["discuss_page_cache_bytes", ()] > 0
    assert found["discuss_count_cache_misses_total", ()] >= 1
    assert found["discuss_redis_commands_total", ()] >= 1
    assert (found["discuss_workers", ()], found["discuss_postgres_up", ()], found["discuss_redis_up", ()]) == (1, 1, 1)
    assert found["discuss_log_position", ()] >= 1
    assert found["discuss_tail_position", ()] >= 1
    assert found["discuss_tail_age_seconds", ()] < 1
    assert found["discuss_log_waiting", ()] >= 0
    assert found["discuss_log_lag_seconds", ()] < 2
    for name in ("limiter_local_decisions_total", "postgres_outages_total", "postgres_refused_total"):
        assert (f"discuss_{name}", ()) in found


async def test_limits_are_counted_by_name(settings: Settings) -> None:
    proxies = (ip_network("127.0.0.0/8"),)
    async with running_service(replace(settings, limits="on", trusted_proxies=proxies)) as service:
        site = await service.new_site()
        nobody_elses = {"X-Forwarded-For": "192.0.2.77"}
        answers = [await site.comment("a", headers=nobody_elses) for _ in range(11)]
        assert answers[-1].status == 429
        found = samples(await service.request("GET", "/metrics"))
        limited = {labels: value for (name, labels), value in found.items() if name == "discuss_limited_total"}
        assert list(limited.values()) == [1]


CLOSED = {"host": "0.0.0.0"}
PRODUCTION = {"env": "production"}


@pytest.mark.parametrize("changes", [CLOSED, PRODUCTION], ids=["other host", "production"])
async def test_closed_it_is_like_any_unknown_address(settings: Settings, changes: Mapping[str, str]) -> None:
    async with running_service(replace(settings, metrics_token="open sesame", **changes)) as service:  # type: ignore[arg-type]
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            closed = await service.request(method, "/metrics")
            unknown = await service.request(method, "/no-such-address")
            assert closed.status == unknown.status == 404
            varying = ("X-Request-ID", "Date")
            assert strip(closed.headers, varying) == strip(unknown.headers, varying)
            if closed.json is not None:
                assert {**closed.json, "request_id": ""} == {**unknown.json, "request_id": ""}
        for wrong in ("Bearer wrong", "Bearer open", "Basic open sesame", "Bearer \udcff", "Bearer", ""):
            assert (await service.request("GET", "/metrics", headers={"Authorization": wrong})).status == 404
        right = {"Authorization": "Bearer open sesame"}
        samples(await service.request("GET", "/metrics", headers=right))
        assert (await service.request("POST", "/metrics", headers=right)).status == 405


def strip(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


async def test_no_token_opens_nothing(settings: Settings) -> None:
    async with running_service(replace(settings, env="production")) as service:
        for sent in ("Bearer ", "Bearer None"):
            assert (await service.request("GET", "/metrics", headers={"Authorization": sent})).status == 404


async def test_a_port_of_its_own(settings: Settings) -> None:
    port = free_port()
    async with running_service(replace(settings, env="production", metrics_port=port)) as service:
        assert (await service.request("GET", "/metrics")).status == 404
        async with service.session.get(f"http://127.0.0.1:{port}/metrics") as response:
            assert response.status == 200
            assert "discuss_workers 1.0" in await response.text()
        async with service.session.get(f"http://127.0.0.1:{port}/livez") as response:
            assert response.status == 404


@pytest.mark.parametrize(
    ("host", "wanted"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("a.example", False)],
)
def test_loopback(host: str, wanted: bool) -> None:
    assert is_loopback(host) == wanted


# ---- the sum


def record(age: int, number: int, **gauges: float) -> dict[str, object]:
    buckets = [0] * 11 + [number]
    return {
        "age": age,
        "counters": [["requests", ["/a", "GET", "2xx"], number], ["redis_commands", [], 1]],
        "latencies": [["/a", "GET", 0.5, buckets]],
        "gauges": gauges,
    }


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.close()


def totals(board: Board) -> dict[str, float]:
    departed, living = board.read()
    return {name: value for name, _, value in add_up([departed, *living])["counters"]}


def test_the_dead_are_kept_and_nobody_counts_twice(board: Board) -> None:
    assert board.read() == ({}, [])
    board.write(1, record(1, 10))
    board.write(2, record(2, 20))
    board.write(2, record(2, 21))
    assert totals(board) == {"requests": 31, "redis_commands": 2}
    board.bury(living=[2], through=2, add=add_up)  # worker 1 died
    assert totals(board) == {"requests": 31, "redis_commands": 2}
    assert board.free_place([2]) == 1
    board.write(1, record(3, 5))  # its successor takes the place
    assert totals(board) == {"requests": 36, "redis_commands": 3}
    board.bury(living=[3], through=3, add=add_up)
    board.bury(living=[], through=3, add=add_up)
    assert totals(board) == {"requests": 36, "redis_commands": 3}
    assert board.read()[1] == []


def test_a_worker_that_never_wrote_may_die(board: Board) -> None:
    board.bury(living=[], through=1, add=add_up)
    assert totals(board) == {}


def test_a_copy_cut_short_by_death_leaves_the_one_before(board: Board) -> None:
    board.write(1, record(1, 10))
    board.write(1, record(1, 11))
    newest = 2 * COPY_BYTES  # place 1, sequence 2
    os.pwrite(board._file.fileno(), b"garbage", newest + HEAD.size + 5)
    assert totals(board)["requests"] == 10


def test_a_record_too_large_is_left_out_rather_than_spoil_the_next(board: Board) -> None:
    board.write(2, record(2, 1))
    board.write(1, {"age": 1, "counters": [["requests", ["x" * COPY_BYTES], 1]]})
    assert totals(board)["requests"] == 1


def test_gauges_are_joined_as_they_must_be() -> None:
    first = record(1, 1, workers=1, postgres_up=1, page_cache_bytes=10, tail_position=7, tail_age_seconds=0.1)
    second = record(2, 1, workers=1, postgres_up=0, page_cache_bytes=5, tail_position=9, tail_age_seconds=3.0)
    found = {
        family.name: family.samples[0].value
        for family in families(add_up([first, second]), [first, second], None)
        if family.samples
    }
    assert found["discuss_workers"] == 2
    assert found["discuss_postgres_up"] == 0
    assert found["discuss_page_cache_bytes"] == 15
    assert found["discuss_tail_position"] == 7
    assert found["discuss_tail_age_seconds"] == 3.0
    assert "discuss_redis_up" not in found  # nobody said


def test_buckets_reach_up() -> None:
    tally = Tally()
    for seconds in (0.0005, 0.02, 0.02, 9.0, None):
        tally.count("/a", "GET", 200, seconds)
    cell = tally.cells["/a", "GET", 2]
    assert (cell.count, sum(cell.buckets), cell.buckets[-1]) == (5, 4, 1)
    assert math.isclose(cell.seconds, 9.0405)
