"""What a serving process remembers between requests: sites, public pages, counts.

Nothing here is ever the truth. Pages and counts are dropped by the tail of the event log (followers/tails.py), and by
the process that accepted a write before it answers.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from service.domain.errors import Unavailable

Clock = Callable[[], float]
ArticleTag = tuple[str, str]  # site and article id as it was asked for

T = TypeVar("T")

MAXIMAL_AGE = 30.0  # seconds a page or count lives at most
SILENCE = 1.0  # seconds without the tail after which nothing is believed unasked
REBUILD_INTERVAL = 0.1  # a page that others change is rebuilt at most ten times a second
STALE_SERVING = 0.5  # seconds a dropped page may be served while it is rebuilt


class SingleFlight(Generic[T]):
    """Of everybody who asks for the same key at the same time, one does the work."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    def start(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """The task that does the work, new or under way."""
        task = self._flights.get(key)
        if task is None:
            task = asyncio.ensure_future(self._run(key, work))
            task.add_done_callback(retrieve)
            self._flights[key] = task
        return task

    async def do(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The work's result; a caller that goes away does not stop it for the others."""
        return await asyncio.shield(self.start(key, work))

    def is_current(self, key: Hashable) -> bool:
        """Whether the task that asks is the one others would wait for, not one that was forgotten meanwhile."""
        return self._flights.get(key) is asyncio.current_task()

    def forget(self, key: Hashable) -> None:
        """Whoever asks from now on starts anew."""
        self._flights.pop(key, None)

    async def _run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        me = asyncio.current_task()
        try:
            return await work()
        finally:
            if self._flights.get(key) is me:
                del self._flights[key]


def retrieve(task: asyncio.Task[T]) -> None:
    """Look at the outcome, so that a failure nobody waited for any more is not reported as lost."""
    if not task.cancelled():
        task.exception()


class TimedCache(Generic[T]):
    """Values believed for a while (seconds); an old one is served when the server behind is away."""

    def __init__(self, seconds: float, size: int, clock: Clock) -> None:
        self.seconds = seconds
        self.size = size
        self.clock = clock
        self._held: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._flights: SingleFlight[T] = SingleFlight()

    async def get(self, key: str, load: Callable[[], Awaitable[T]]) -> T:
        """The value, loaded when it is missing or too old. Raises what `load` raises."""
        held = self._held.get(key)
        if held is not None and self.clock() - held[0] < self.seconds:
            return held[1]
        try:
            return await self._flights.do(key, lambda: self._load(key, load))
        except Unavailable:
            if held is None:
                raise
            return held[1]

    def forget(self, key: str) -> None:
        """Load it anew next time."""
        self._held.pop(key, None)
        self._flights.forget(key)

    async def _load(self, key: str, load: Callable[[], Awaitable[T]]) -> T:
        asked_at = self.clock()
        value = await load()
        if not self._flights.is_current(key):
            return value
        self._held[key] = (asked_at, value)
        self._held.move_to_end(key)
        while len(self._held) > self.size:
            self._held.popitem(last=False)
        return value


class Sized(Protocol):
    """What a page cache holds knows its own size in bytes."""

    @property
    def size(self) -> int: ...


S = TypeVar("S", bound=Sized)


Builder = Callable[[], Awaitable[tuple[S, int]]]


@dataclass(slots=True)
class Page(Generic[S]):
    """A public answer, the log position its snapshot was taken at, and how to build it anew.

    `dropped_at` is set when somebody added something since; `asked` when somebody read it.
    """

    value: S
    tag: ArticleTag
    position: int
    built_at: float
    build: Builder[S]
    dropped_at: float | None = None
    asked: bool = False


@dataclass(slots=True, eq=False)
class Build:
    """A page being built, and what happened to its article meanwhile."""

    key: str
    tag: ArticleTag
    added_to: bool = False
    withdrawn: bool = False


class PageCache(Generic[S]):
    """Public answers by key, least recently used ones go first when `capacity` (bytes) is reached."""

    def __init__(self, capacity: int, clock: Clock) -> None:
        self.capacity = capacity
        self.clock = clock
        self.size = 0
        self.hits = 0
        self.builds = 0
        self._pages: OrderedDict[str, Page[S]] = OrderedDict()
        self._keys: dict[ArticleTag, set[str]] = {}
        self._flights: SingleFlight[Page[S]] = SingleFlight()
        self._builds: set[Build] = set()

    def find(self, key: str, now: float) -> Page[S] | None:
        """A page that may be served without waiting; `now` is the clock's.

        One that somebody added to a moment ago is served while a task rebuilds it, at most ten times a second.
        """
        page = self._pages.get(key)
        if page is None:
            return None
        if page.dropped_at is None:
            if now - page.built_at > MAXIMAL_AGE:
                return None
        elif now - page.dropped_at > STALE_SERVING:
            return None
        elif now - page.built_at >= REBUILD_INTERVAL:
            self._start(key, page.tag, page.build)
        self.hits += 1
        page.asked = True
        self._pages.move_to_end(key)
        return page

    def holds(self, key: str) -> bool:
        """Whether the page was built before, however old it is."""
        return key in self._pages

    async def get(self, key: str, tag: ArticleTag, build: Builder[S]) -> S:
        """The page, built anew. `build` gives it with its snapshot's log position.

        When building fails because PostgreSQL is away, what is held is served however old: nothing that was withdrawn
        is held.
        """
        try:
            page = await asyncio.shield(self._start(key, tag, build))
        except Unavailable:
            current = self._pages.get(key)
            if current is None:
                raise
            page = current
        page.asked = True
        return page.value

    def drop(self, tag: ArticleTag, *, withdrawn: bool = False) -> None:
        """Something on this article changed; `withdrawn` when something may have become invisible: then its pages are
        gone for good, else they may be served for a moment more.
        """
        for build in self._builds:
            if build.tag == tag:
                build.added_to = True
                build.withdrawn = build.withdrawn or withdrawn
                if withdrawn:
                    self._flights.forget(build.key)
        for key in list(self._keys.get(tag, ())):
            page = self._pages[key]
            if withdrawn:
                self._remove(key)
            elif page.dropped_at is None:
                page.dropped_at = self.clock()

    async def renew(self, tag: ArticleTag) -> None:
        """This process added something to the article: whoever did reads it next, so pages that are read are rebuilt
        before they hear of it (at most ten times a second), and readers are served the old ones meanwhile.
        """
        now = self.clock()
        building = {build.key for build in self._builds}
        due: list[tuple[str, Page[S]]] = []
        for key in list(self._keys.get(tag, ())):
            page = self._pages[key]
            if not page.asked:
                self._remove(key)
            elif now - page.built_at >= REBUILD_INTERVAL and key not in building:
                due.append((key, page))
        self.drop(tag)
        builds = [asyncio.shield(self._start(key, tag, page.build)) for key, page in due]
        await asyncio.gather(*builds, return_exceptions=True)

    def drop_all(self, site: str | None = None) -> None:
        """Nothing that was built or is being built, of this site or at all, may be believed any more."""
        for tag in {*self._keys, *(build.tag for build in self._builds)}:
            if site in (None, tag[0]):
                self.drop(tag, withdrawn=True)

    def _start(self, key: str, tag: ArticleTag, build: Builder[S]) -> asyncio.Task[Page[S]]:
        return self._flights.start(key, lambda: self._build(key, tag, build))

    async def _build(self, key: str, tag: ArticleTag, build: Builder[S]) -> Page[S]:
        this = Build(key, tag)
        self._builds.add(this)
        started = self.clock()
        try:
            value, position = await build()
        finally:
            self._builds.discard(this)
        self.builds += 1
        page = Page(value, tag, position, started, build)
        # what happened meanwhile may not be in this snapshot
        if this.added_to:
            page.dropped_at = self.clock()
        if not this.withdrawn:
            self._store(key, page)
        return page

    def _store(self, key: str, page: Page[S]) -> None:
        self._remove(key)
        self._pages[key] = page
        self._keys.setdefault(page.tag, set()).add(key)
        self.size += page.value.size
        while self.size > self.capacity and len(self._pages) > 1:
            self._remove(next(iter(self._pages)))

    def _remove(self, key: str) -> None:
        page = self._pages.pop(key, None)
        if page is None:
            return
        self.size -= page.value.size
        keys = self._keys[page.tag]
        keys.discard(key)
        if not keys:
            del self._keys[page.tag]


@dataclass(slots=True)
class Count:
    """An article's number of published comments as of a log position; None when it changed since it was read."""

    value: int | None
    position: int
    read_at: float


class CountCache:
    """Counts by site and article id, unknown articles (0) included; the oldest go first."""

    def __init__(self, size: int, clock: Clock) -> None:
        self.size = size
        self.clock = clock
        self.hits = 0  # requests answered from here, counted by whoever answers them
        self.misses = 0
        self.changes = 0  # of any count; who saw the same number before need not look again
        self._counts: OrderedDict[ArticleTag, Count] = OrderedDict()

    def find(self, tag: ArticleTag, now: float) -> int | None:
        """A count that may be told as it is; `now` is the clock's."""
        count = self._counts.get(tag)
        if count is None or count.value is None or now - count.read_at > MAXIMAL_AGE:
            return None
        return count.value

    def last_known(self, tag: ArticleTag) -> int | None:
        """The count however old: for when PostgreSQL is away."""
        count = self._counts.get(tag)
        return None if count is None else count.value

    def holds(self, tag: ArticleTag) -> bool:
        """Whether anything is remembered of this article."""
        return tag in self._counts

    def store(self, tag: ArticleTag, value: int, position: int) -> bool:
        """Remember a count that was just read; False when a later change of it is known already."""
        known = self._counts.get(tag)
        if known is not None and known.position > position:
            return False
        self._keep(tag, Count(value, position, self.clock()))
        return True

    def drop(self, tag: ArticleTag, position: int) -> None:
        """It changed at this log position: read it anew, and believe nothing older. One that was read later stays."""
        known = self._counts.get(tag)
        if known is None or known.position < position:
            self._keep(tag, Count(None, position, self.clock()))

    def _keep(self, tag: ArticleTag, count: Count) -> None:
        self.changes += 1
        self._counts[tag] = count
        self._counts.move_to_end(tag)
        while len(self._counts) > self.size:
            self._counts.popitem(last=False)
