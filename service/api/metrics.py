"""Counting requests cheaply, and /metrics: plain numbers in every process, added up when somebody asks.

A number is a counter (added over all workers, the dead included) or a gauge (of the living, joined as `GAUGES` says).
"""

from __future__ import annotations

import asyncio
import hmac
import os
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from service.api.board import Record, Seat
from service.deps import Deps
from service.domain.errors import NotFound
from service.operations.health import read_lag
from service.settings import Settings

# Upper bounds of the latency buckets in seconds; one more bucket takes what is slower.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
PUBLISH_SECONDS = 1.0


class Cell:
    """The requests of one (route, method, status class)."""

    __slots__ = ("buckets", "count", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(BOUNDS) + 1)


class Tally:
    """What this process answered. Routes are path templates, so the number of cells is bounded."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str, int], Cell] = {}

    def count(self, route: str, method: str, status: int, seconds: float | None) -> None:
        """Add one answer; `seconds` None for streams, whose length says nothing about speed."""
        key = (route, method, status // 100)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Cell()
        cell.count += 1
        if seconds is not None:
            cell.seconds += seconds
            cell.buckets[bisect_left(BOUNDS, seconds)] += 1


# name: (labels, help)
COUNTERS: dict[str, tuple[tuple[str, ...], str]] = {
    "requests": (("route", "method", "status"), "Answers by route, method and status class."),
    "queries": (("query",), "PostgreSQL statements and transactions that succeeded, by name."),
    "query_seconds": (("query",), "Seconds spent on them."),
    "refusals": (("check",), "Posts refused, by the check that refused."),
    "holds": (("check",), "Posts held for moderation, by the check that held."),
    "hook_failures": (("reason",), "Comments that a publisher's own check gave no usable answer about, by why."),
    "limited": (("limit",), "Requests refused by a rate limit."),
    "limiter_local_decisions": ((), "Rate limits decided by a process alone, because Redis was away."),
    "postgres_outages": ((), "Times PostgreSQL was found to be away."),
    "postgres_refused": ((), "Calls that failed at once because PostgreSQL was away."),
    "redis_commands": ((), "Redis commands sent."),
    "redis_batches": ((), "Round trips they took."),
    "redis_failures": ((), "Round trips that failed."),
    "redis_refused": ((), "Redis commands not tried because the server was down."),
    "page_cache_hits": ((), "Pages answered from memory."),
    "page_cache_builds": ((), "Pages built."),
    "count_cache_hits": ((), "Requests for counts answered from memory."),
    "count_cache_misses": ((), "Requests for counts that had to be read."),
    "stream_events": ((), "Events sent by live streams, times their readers."),
    "stream_cuts": ((), "Readers cut off because they did not read."),
    "stream_resets": ((), "Streams that could not go on from the id they were given."),
    "stream_refusals": ((), "Streams refused because too many were open."),
    "follower_failures": (("follower",), "Rounds of a follower that failed."),
    "webhook_attempts": (("outcome",), "Attempts to deliver to webhooks: delivered, retry or failed for good."),
}
# name: (how the workers' values are joined, help)
GAUGES: dict[str, tuple[Any, str]] = {
    "workers": (sum, "Serving processes that answer for these numbers."),
    "postgres_up": (min, "1 while every process reaches PostgreSQL."),
    "redis_up": (min, "1 while every process reaches Redis."),
    "streams": (sum, "Live streams that are open."),
    "page_cache_bytes": (sum, "Bytes of pages held."),
    "tail_position": (min, "The log position every process has read."),
    "tail_age_seconds": (max, "Seconds since the slowest process heard of the log's end."),
}
LAG = {
    "log_position": ("position", "The event log's end."),
    "log_waiting": ("waiting", "Changes that have no place in the log yet."),
    "log_lag_seconds": ("lag", "Age of the oldest of them."),
    "webhook_deliveries_waiting": ("deliveries_waiting", "Deliveries to active webhooks that are to be attempted."),
    "webhook_lag_seconds": ("deliveries_lag", "How long the oldest of them has been due."),
}

Row = list[Any]  # name, label values, value


def snapshot(deps: Deps, tally: Tally) -> Record:
    """This process's numbers, as JSON can hold them."""
    return {
        "pid": os.getpid(),
        "counters": [[name, labels, value] for name, labels, value in counters(deps, tally)],
        "latencies": latencies(tally),
        "gauges": gauges(deps),
    }


def counters(deps: Deps, tally: Tally) -> Iterator[tuple[str, Sequence[str], float]]:
    """Every counter with its label values."""
    for (route, method, status), cell in tally.cells.items():
        yield "requests", (route, method, f"{status}xx"), cell.count
    for name, number in deps.database.tally.count.items():
        yield "queries", (name,), number
        yield "query_seconds", (name,), deps.database.tally.seconds[name]
    for family, by_check in (("refusals", deps.refusals), ("holds", deps.holds)):
        for check, number in by_check.items():
            yield family, (check,), number
    for key, number in deps.counters.items():
        family, _, label = key.partition(":")
        if family in COUNTERS:
            yield family, (label,), number
    redis, pages, counts = deps.redis.counters, deps.pages, deps.counts
    yield "limiter_local_decisions", (), deps.limiter.local_decisions
    yield "postgres_outages", (), deps.database.outages
    yield "postgres_refused", (), deps.database.refused
    yield "redis_commands", (), redis.commands
    yield "redis_batches", (), redis.batches
    yield "redis_failures", (), redis.failures
    yield "redis_refused", (), redis.refused
    streams = deps.streams
    yield "stream_events", (), streams.sent
    yield "stream_cuts", (), streams.cut_off
    yield "stream_resets", (), streams.resets
    yield "stream_refusals", (), streams.refused
    yield "page_cache_hits", (), pages.hits
    yield "page_cache_builds", (), pages.builds
    yield "count_cache_hits", (), counts.hits
    yield "count_cache_misses", (), counts.misses


def latencies(tally: Tally) -> list[Row]:
    """[route, method, seconds in all, answers in each bucket] of what was timed, all statuses together."""
    found: dict[tuple[str, str], Row] = {}
    for (route, method, _), cell in tally.cells.items():
        row = found.setdefault((route, method), [route, method, 0.0, [0] * len(cell.buckets)])
        row[2] += cell.seconds
        row[3] = [before + more for before, more in zip(row[3], cell.buckets, strict=True)]
    return list(found.values())


def gauges(deps: Deps) -> dict[str, float]:
    """How this process is now."""
    numbers: dict[str, float] = {
        "workers": 1,
        "postgres_up": int(deps.database.up),
        "redis_up": int(deps.redis.up),
        "streams": deps.streams.open,
        "page_cache_bytes": deps.pages.size,
    }
    if deps.tail.position is not None:
        numbers["tail_position"] = deps.tail.position
        numbers["tail_age_seconds"] = deps.monotonic() - deps.tail.heard_at
    return numbers


def add_up(records: Iterable[Record]) -> Record:
    """Counters and latencies of several records, as one of them."""
    totals: dict[tuple[str, ...], float] = {}
    times: dict[tuple[str, str], Row] = {}
    for record in records:
        for name, labels, value in record.get("counters", ()):
            key = (name, *labels)
            totals[key] = totals.get(key, 0) + value
        for route, method, seconds, buckets in record.get("latencies", ()):
            row = times.setdefault((route, method), [route, method, 0.0, [0] * len(buckets)])
            row[2] += seconds
            row[3] = [before + more for before, more in zip(row[3], buckets, strict=True)]
    return {
        "counters": [[name, labels, value] for (name, *labels), value in totals.items()],
        "latencies": list(times.values()),
    }


def families(total: Record, living: Sequence[Record], lag: Mapping[str, Any] | None) -> Iterator[Metric]:
    """The numbers as Prometheus names them; a metric nothing was counted for yet is there too, at 0 or empty."""
    by_name: dict[str, list[tuple[list[str], float]]] = {}
    for name, labels, value in total["counters"]:
        by_name.setdefault(name, []).append((labels, value))
    for name, (labels, text) in COUNTERS.items():
        counter = CounterMetricFamily(f"discuss_{name}", text, labels=labels)
        for values, number in sorted(by_name.get(name, ())):
            counter.add_metric(values, number)
        yield counter
    yield histogram(total["latencies"])
    for name, (join, text) in GAUGES.items():
        values = [record["gauges"][name] for record in living if name in record["gauges"]]
        yield GaugeMetricFamily(f"discuss_{name}", text, value=join(values) if values else None)
    for name, (column, text) in LAG.items():
        yield GaugeMetricFamily(f"discuss_{name}", text, value=None if lag is None else float(lag[column]))


def histogram(rows: Iterable[Row]) -> Metric:
    """How long requests took."""
    family = HistogramMetricFamily(
        "discuss_request_seconds", "Seconds until the answer was ready.", labels=("route", "method")
    )
    for route, method, seconds, buckets in sorted(rows):
        reached, bounded = 0, []
        for bound, number in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
            reached += number
            bounded.append((bound, reached))
        family.add_metric((route, method), bounded, seconds)
    return family


class Families(Collector):
    """Numbers that were read already."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self.found = found

    def collect(self) -> Iterable[Metric]:
        """The numbers."""
        return self.found


class Publisher:
    """Writes this process's numbers onto the board, where there is one, and reads everybody's."""

    def __init__(self, deps: Deps, tally: Tally, seat: Seat | None = None) -> None:
        self.deps = deps
        self.tally = tally
        self.seat = seat

    def publish(self) -> Record:
        """This process's numbers as of now."""
        record = snapshot(self.deps, self.tally)
        if self.seat is not None:
            record["age"] = self.seat.age
            self.seat.board.write(self.seat.place, record)
        return record

    async def keep_publishing(self) -> None:
        """Once a second, so that a killed process takes little with it."""
        while True:
            self.publish()
            await asyncio.sleep(PUBLISH_SECONDS)

    async def render(self) -> bytes:
        """The sum of all workers as Prometheus reads it."""
        own = self.publish()
        departed, living = ({}, [own]) if self.seat is None else self.seat.board.read()
        found = families(add_up([departed, *living]), living, await read_lag(self.deps))
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Families(list(found)))
        return generate_latest(registry)


PUBLISHER = web.AppKey("publisher", Publisher)


async def get_metrics(request: web.Request) -> web.Response:
    """Numbers of all workers together, for Prometheus.

    Open on a loopback port outside production, and anywhere with `Authorization: Bearer` and the metrics token; else
    404, as for any unknown address.
    """
    settings = request.app[PUBLISHER].deps.settings
    if not (is_open(settings) or has_token(request, settings)):
        raise NotFound
    if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
        raise web.HTTPMethodNotAllowed(request.method, (hdrs.METH_GET, hdrs.METH_HEAD))
    return await answer(request.app[PUBLISHER])


async def answer(publisher: Publisher) -> web.Response:
    """The numbers as an answer."""
    return web.Response(body=await publisher.render(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


def is_open(settings: Settings) -> bool:
    """Whether the main port may tell everybody who reaches it."""
    return not settings.production and is_loopback(settings.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def has_token(request: web.Request, settings: Settings) -> bool:
    """Whether the request carries the metrics token."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    wanted = settings.metrics_token
    if wanted is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(token.encode("utf-8", "surrogateescape"), wanted.encode())


async def publishing(app: web.Application) -> AsyncIterator[None]:
    """Publish while the process serves, and once more at its end; listen on the port of its own, where there is one.

    Every worker listens on it, and the kernel chooses who answers: all give the same sum.
    """
    publisher = app[PUBLISHER]
    settings = publisher.deps.settings
    runner = None
    if settings.metrics_port is not None:
        runner = own_runner(publisher)
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.metrics_port, reuse_port=True).start()
    keeping = asyncio.create_task(publisher.keep_publishing())
    yield
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    publisher.publish()
    if runner is not None:
        await runner.cleanup()


def own_runner(publisher: Publisher) -> web.AppRunner:
    """A server for /metrics alone."""

    async def handler(request: web.Request) -> web.Response:
        return await answer(publisher)

    app = web.Application()
    app.router.add_get("/metrics", handler)
    return web.AppRunner(app, access_log=None, shutdown_timeout=1.0)


def add_route(app: web.Application) -> None:
    """Whatever the method, so that a closed /metrics looks like any unknown address."""
    app.router.add_route("*", "/metrics", get_metrics)
