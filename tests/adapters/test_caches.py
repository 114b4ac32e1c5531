from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from service.adapters.caches import (
    MAXIMAL_AGE,
    REBUILD_INTERVAL,
    STALE_SERVING,
    CountCache,
    PageCache,
    SingleFlight,
    TimedCache,
)
from service.domain.errors import Unavailable

TAG, OTHER = ("site", "article"), ("site", "other")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Body:
    """A page of a known size."""

    text: str
    size: int = 10


class Builder:
    """Builds one page; each build waits until the test lets it go on."""

    def __init__(self) -> None:
        self.started = 0
        self.waiting: list[asyncio.Future[Body]] = []

    async def __call__(self) -> tuple[Body, int]:
        self.started += 1
        result: asyncio.Future[Body] = asyncio.get_running_loop().create_future()
        self.waiting.append(result)
        return await result, 1

    def finish(self, text: str) -> None:
        """The oldest build gets this text."""
        self.waiting.pop(0).set_result(Body(text))

    def fail(self) -> None:
        """The oldest build finds PostgreSQL away."""
        self.waiting.pop(0).set_exception(Unavailable())


def gives(text: str, size: int = 10) -> Callable[[], Awaitable[tuple[Body, int]]]:
    async def build() -> tuple[Body, int]:
        return Body(text, size), 1

    return build


async def away() -> tuple[Body, int]:
    raise Unavailable


async def turns(count: int = 5) -> None:
    """Let the other tasks run until they wait for something."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pages(clock: Clock) -> PageCache[Body]:
    return PageCache(1000, clock)


async def read(pages: PageCache[Body], build: Callable[[], Awaitable[tuple[Body, int]]], key: str = "page") -> str:
    """What a reader gets: the kept page, else one that is built now."""
    page = pages.find(key, pages.clock())
    return (page.value if page else await pages.get(key, TAG, build)).text


def kept(pages: PageCache[Body], key: str = "page") -> str | None:
    page = pages.find(key, pages.clock())
    return None if page is None else page.value.text


async def test_a_page_is_built_once_and_found_again(pages: PageCache[Body]) -> None:
    assert await read(pages, gives("one")) == "one"
    assert kept(pages) == "one"
    assert kept(pages, "another") is None
    assert (pages.builds, pages.hits) == (1, 1)


async def test_everybody_who_asks_at_once_waits_for_one_build(pages: PageCache[Body]) -> None:
    builder = Builder()
    asked = [asyncio.create_task(read(pages, builder)) for _ in range(50)]
    await turns()
    builder.finish("one")
    assert await asyncio.gather(*asked) == ["one"] * 50
    assert builder.started == 1


async def test_who_goes_away_does_not_stop_the_build_for_the_others(pages: PageCache[Body]) -> None:
    builder = Builder()
    first, second = (asyncio.create_task(read(pages, builder)) for _ in range(2))
    await turns()
    first.cancel()
    await turns()
    builder.finish("one")
    assert await second == "one"
    assert first.cancelled()


async def test_a_build_during_which_something_was_withdrawn_is_not_kept(pages: PageCache[Body]) -> None:
    builder = Builder()
    asked = asyncio.create_task(read(pages, builder))
    await turns()
    pages.drop(TAG, withdrawn=True)
    pages.drop(TAG)
    builder.finish("before the change")
    assert await asked == "before the change"
    assert kept(pages) is None
    with pytest.raises(Unavailable):
        await read(pages, away)


async def test_a_build_during_which_something_was_added_is_served_for_a_moment_only(
    pages: PageCache[Body], clock: Clock
) -> None:
    builder = Builder()
    asked = asyncio.create_task(read(pages, builder))
    await turns()
    pages.drop(TAG)
    builder.finish("before the change")
    await asked
    clock.now += STALE_SERVING + 0.01
    assert kept(pages) is None


async def test_who_asks_after_a_withdrawal_does_not_join_the_build_before_it(pages: PageCache[Body]) -> None:
    builder = Builder()
    before = asyncio.create_task(read(pages, builder))
    await turns()
    pages.drop(TAG, withdrawn=True)
    after = asyncio.create_task(read(pages, builder))
    await turns()
    assert builder.started == 2
    builder.finish("old")
    builder.finish("new")
    assert (await before, await after) == ("old", "new")
    assert kept(pages) == "new"


async def test_a_change_elsewhere_spoils_and_drops_nothing(pages: PageCache[Body], clock: Clock) -> None:
    builder = Builder()
    await pages.get("first", TAG, gives("first"))
    asked = asyncio.create_task(read(pages, builder))
    await turns()
    pages.drop(OTHER, withdrawn=True)
    pages.drop(OTHER)
    builder.finish("one")
    await asked
    clock.now += STALE_SERVING + 1
    assert (kept(pages), kept(pages, "first")) == ("one", "first")


async def test_every_page_of_the_article_is_dropped(pages: PageCache[Body]) -> None:
    for sort in ("newest", "top"):
        await pages.get(sort, TAG, gives(sort))
    pages.drop(TAG, withdrawn=True)
    assert (kept(pages, "newest"), kept(pages, "top")) == (None, None)


async def test_a_page_others_added_to_is_served_while_one_task_rebuilds_it(
    pages: PageCache[Body], clock: Clock
) -> None:
    builder = Builder()
    asked = asyncio.create_task(read(pages, builder))
    await turns()
    builder.finish("old")
    await asked
    clock.now += REBUILD_INTERVAL
    pages.drop(TAG)
    assert [kept(pages) for _ in range(3)] == ["old"] * 3
    await turns()
    assert builder.started == 2
    builder.finish("new")
    await turns()
    assert kept(pages) == "new"


async def test_a_page_that_changes_all_the_time_is_rebuilt_ten_times_a_second(
    pages: PageCache[Body], clock: Clock
) -> None:
    await read(pages, gives("first"))
    for _ in range(100):
        clock.now += 0.01
        pages.drop(TAG)
        await read(pages, gives("again"))
        await turns()
    assert 9 <= pages.builds <= 11


async def test_a_dropped_page_is_served_for_half_a_second_at_most(pages: PageCache[Body], clock: Clock) -> None:
    await read(pages, gives("old"))
    pages.drop(TAG)
    clock.now += STALE_SERVING - 0.01
    pages.drop(TAG)  # which does not prolong it
    clock.now += 0.02
    assert await read(pages, gives("new")) == "new"


async def test_who_added_something_reads_it_next(pages: PageCache[Body], clock: Clock) -> None:
    texts = iter(("old", "new"))

    async def build() -> tuple[Body, int]:
        return Body(next(texts)), 1

    await read(pages, build)
    clock.now += REBUILD_INTERVAL
    await pages.renew(TAG)
    assert kept(pages) == "new"


async def test_a_page_nobody_read_since_it_was_built_is_not_rebuilt(pages: PageCache[Body], clock: Clock) -> None:
    await read(pages, gives("read"))
    clock.now += REBUILD_INTERVAL
    await pages.renew(TAG)
    clock.now += REBUILD_INTERVAL
    await pages.renew(TAG)
    assert (pages.builds, kept(pages)) == (2, None)


async def test_readers_are_served_the_old_page_while_it_is_renewed(pages: PageCache[Body], clock: Clock) -> None:
    builder = Builder()
    asked = asyncio.create_task(read(pages, builder))
    await turns()
    builder.finish("old")
    await asked
    clock.now += REBUILD_INTERVAL
    renewing = asyncio.create_task(pages.renew(TAG))
    await turns()
    assert kept(pages) == "old"
    builder.finish("new")
    await renewing
    assert (kept(pages), builder.started) == ("new", 2)


async def test_who_posts_does_not_fail_with_the_rebuild(pages: PageCache[Body], clock: Clock) -> None:
    builder = Builder()
    asked = asyncio.create_task(read(pages, builder))
    await turns()
    builder.finish("old")
    await asked
    clock.now += REBUILD_INTERVAL
    renewing = asyncio.create_task(pages.renew(TAG))
    await turns()
    builder.fail()
    await renewing


async def test_what_was_added_to_is_served_while_postgresql_is_away(pages: PageCache[Body], clock: Clock) -> None:
    await read(pages, gives("old"))
    pages.drop(TAG)
    clock.now += 3600
    assert await read(pages, away) == "old"


async def test_what_was_withdrawn_is_never_served_again(pages: PageCache[Body]) -> None:
    await read(pages, gives("with words that were removed"))
    pages.drop(TAG)
    pages.drop(TAG, withdrawn=True)
    assert kept(pages) is None
    with pytest.raises(Unavailable):
        await read(pages, away)


async def test_what_is_withdrawn_while_its_rebuild_fails_is_not_served(pages: PageCache[Body], clock: Clock) -> None:
    builder = Builder()
    await read(pages, gives("old"))
    clock.now += MAXIMAL_AGE + 1
    asked = asyncio.create_task(read(pages, builder))
    await turns()
    pages.drop(TAG, withdrawn=True)
    builder.fail()
    with pytest.raises(Unavailable):
        await asked


async def test_dropping_everything_spoils_what_is_being_built(pages: PageCache[Body]) -> None:
    builder = Builder()
    await pages.get("first", TAG, gives("first"))
    asked = asyncio.create_task(pages.get("second", OTHER, builder))
    await turns()
    pages.drop_all()
    builder.finish("second")
    await asked
    assert (kept(pages, "first"), kept(pages, "second")) == (None, None)


async def test_no_page_lives_for_ever(pages: PageCache[Body], clock: Clock) -> None:
    await read(pages, gives("old"))
    clock.now += MAXIMAL_AGE
    assert kept(pages) == "old"
    clock.now += 0.001
    assert kept(pages) is None
    assert await read(pages, gives("new")) == "new"


async def test_a_pages_age_is_counted_from_when_its_build_began(pages: PageCache[Body], clock: Clock) -> None:
    builder = Builder()
    asked = asyncio.create_task(read(pages, builder))
    await turns()
    clock.now += MAXIMAL_AGE + 1
    builder.finish("old")
    await asked
    assert kept(pages) is None


async def test_the_least_recently_used_pages_go_when_the_bytes_are_used_up(clock: Clock) -> None:
    pages: PageCache[Body] = PageCache(100, clock)
    for key in ("a", "b", "c"):
        await pages.get(key, TAG, gives(key, 30))
    assert kept(pages, "a") == "a"
    await pages.get("d", TAG, gives("d", 30))
    assert [key for key in "abcd" if kept(pages, key)] == ["a", "c", "d"]
    assert pages.size == 90


async def test_bytes_are_given_back_with_every_page_that_goes(pages: PageCache[Body], clock: Clock) -> None:
    await pages.get("a", TAG, gives("a", 400))
    clock.now += MAXIMAL_AGE + 1
    await pages.get("a", TAG, gives("a, smaller", 100))
    await pages.get("b", OTHER, gives("b", 50))
    assert pages.size == 150
    pages.drop(TAG, withdrawn=True)
    assert pages.size == 50


async def test_a_page_too_big_for_the_cache_is_kept_alone(clock: Clock) -> None:
    pages: PageCache[Body] = PageCache(100, clock)
    await pages.get("small", TAG, gives("small", 30))
    await pages.get("big", TAG, gives("big", 300))
    assert [key for key in ("small", "big") if kept(pages, key)] == ["big"]


async def test_counts_never_go_back_to_an_older_position(clock: Clock) -> None:
    counts = CountCache(10, clock)
    counts.store(TAG, 7, 5)
    counts.store(TAG, 6, 4)
    assert counts.find(TAG, clock()) == 7
    counts.store(TAG, 8, 5)
    assert counts.find(TAG, clock()) == 8


async def test_a_count_that_changed_is_not_told_and_not_replaced_by_an_older_one(clock: Clock) -> None:
    counts = CountCache(10, clock)
    counts.store(TAG, 7, 5)
    counts.drop(TAG, 9)
    assert counts.find(TAG, clock()) is None
    counts.store(TAG, 7, 8)
    assert counts.find(TAG, clock()) is None
    counts.store(TAG, 6, 9)
    assert counts.find(TAG, clock()) == 6


async def test_an_old_event_read_late_does_not_lower_what_is_believed(clock: Clock) -> None:
    counts = CountCache(10, clock)
    counts.store(TAG, 7, 9)
    counts.drop(TAG, 8)
    counts.store(TAG, 5, 8)
    assert counts.find(TAG, clock()) == 7


async def test_counts_are_remembered_for_a_while(clock: Clock) -> None:
    counts = CountCache(10, clock)
    counts.store(TAG, 7, 5)
    clock.now += MAXIMAL_AGE + 1
    assert counts.find(TAG, clock()) is None
    assert counts.last_known(TAG) == 7
    assert counts.holds(TAG)


async def test_the_oldest_counts_go_first(clock: Clock) -> None:
    counts = CountCache(2, clock)
    for number, article in enumerate(("a", "b", "c")):
        counts.store(("site", article), number, 1)
    assert [counts.find(("site", article), clock()) for article in ("a", "b", "c")] == [None, 1, 2]


async def test_a_timed_value_is_loaded_when_it_is_too_old(clock: Clock) -> None:
    loads = 0

    async def load() -> int:
        nonlocal loads
        loads += 1
        return loads

    cache: TimedCache[int] = TimedCache(1.0, 10, clock)
    assert [await cache.get("key", load) for _ in range(3)] == [1, 1, 1]
    clock.now += 0.999
    assert await cache.get("key", load) == 1
    clock.now += 0.001
    assert await cache.get("key", load) == 2
    cache.forget("key")
    assert await cache.get("key", load) == 3


async def test_a_timed_values_age_counts_from_when_it_was_asked_for(clock: Clock) -> None:
    async def slow() -> str:
        clock.now += 0.9
        return "old"

    async def quick() -> str:
        return "new"

    cache: TimedCache[str] = TimedCache(1.0, 10, clock)
    await cache.get("key", slow)
    clock.now += 0.1
    assert await cache.get("key", quick) == "new"


async def test_an_old_value_is_served_while_the_server_is_away(clock: Clock) -> None:
    async def load() -> str:
        return "old"

    async def fail() -> str:
        raise Unavailable

    cache: TimedCache[str] = TimedCache(1.0, 10, clock)
    with pytest.raises(Unavailable):
        await cache.get("key", fail)
    await cache.get("key", load)
    clock.now += 100
    assert await cache.get("key", fail) == "old"


async def test_a_value_forgotten_while_it_is_loaded_is_loaded_again(clock: Clock) -> None:
    cache: TimedCache[str] = TimedCache(1.0, 10, clock)
    gate = asyncio.Event()

    async def before() -> str:
        await gate.wait()
        return "before the change"

    async def after() -> str:
        return "after it"

    asked = asyncio.create_task(cache.get("key", before))
    await turns()
    cache.forget("key")
    assert await cache.get("key", after) == "after it"
    gate.set()
    await asked
    assert await cache.get("key", after) == "after it"


async def test_values_beyond_the_size_go(clock: Clock) -> None:
    loaded: list[str] = []
    cache: TimedCache[str] = TimedCache(1.0, 2, clock)

    async def load_as(key: str) -> str:
        loaded.append(key)
        return key

    for key in ("a", "b", "c", "c", "b", "a"):
        await cache.get(key, lambda key=key: load_as(key))  # type: ignore[misc]
    assert loaded == ["a", "b", "c", "a"]


async def test_a_failure_reaches_everybody_and_is_not_remembered() -> None:
    flights: SingleFlight[str] = SingleFlight()
    gate = asyncio.Event()

    async def fail() -> str:
        await gate.wait()
        raise Unavailable

    async def work() -> str:
        return "done"

    waiting = [asyncio.create_task(flights.do("key", fail)) for _ in range(3)]
    await turns()
    gate.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert await flights.do("key", work) == "done"


async def test_a_forgotten_flight_does_not_end_its_successor() -> None:
    flights: SingleFlight[str] = SingleFlight()
    gates = {"old": asyncio.Event(), "new": asyncio.Event()}

    def work(name: str) -> Callable[[], Awaitable[str]]:
        async def run() -> str:
            await gates[name].wait()
            return name

        return run

    old = asyncio.create_task(flights.do("key", work("old")))
    await turns()
    flights.forget("key")
    new = asyncio.create_task(flights.do("key", work("new")))
    await turns()
    gates["old"].set()
    assert await old == "old"
    joined = asyncio.create_task(flights.do("key", work("old")))
    await turns()
    gates["new"].set()
    assert (await new, await joined) == ("new", "new")


async def test_a_flight_goes_on_for_the_others_when_one_caller_goes_away() -> None:
    flights: SingleFlight[str] = SingleFlight()
    gate = asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "done"

    first, second = (asyncio.create_task(flights.do("key", work)) for _ in range(2))
    await turns()
    first.cancel()
    await turns()
    gate.set()
    assert await second == "done"
