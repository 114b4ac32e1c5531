"""The open live streams of one process: who listens to what, how many fit, and writing to them without waiting.

One broadcaster encodes what happened once and hands the same bytes to every listener's transport. A reader that does
not read is cut off when too much waits for it, so it never holds up the others; it resumes by the id it has.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import uniform
from typing import Any

from service.adapters.wakeups import Wake
from service.domain.errors import TooManyStreams, Unavailable
from service.domain.limits import STREAMS_PER_48, STREAMS_PER_NETWORK, ceiling_key, network_key
from service.domain.live import Burst, chunked

Topic = tuple[str, ...]  # ("article", site, article id), ("moderation", site) or ("me", author's key)

MAXIMAL_BUFFER = 256 * 1024  # bytes that may wait for a reader before the next write
AT_ONCE = 500  # streams written to before others get their turn
BEATS = 15  # seconds from one comment line to the next
BEAT = b":\n\n"
RESERVED_FILES = 256  # for other connections, servers and files
MOST = 20_000  # streams of one process: an event for all of them then takes a fifth of a second


def raise_file_limit() -> int:
    """Let this process and its children open as many files as the system allows them; how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS calls "unlimited" what it does not allow
            return soft
    return hard


def streams_that_fit() -> int:
    """How many streams one process takes with its soft limit of open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST
    return min(MOST, max(soft // 4, soft - RESERVED_FILES))


def topics_of(row: Any) -> list[Topic]:
    """Who hears of an event: its site's moderators, and readers of its article under each of its ids."""
    site = row["site"]
    return [("moderation", site), *(("article", site, article_id) for article_id in row["article_ids"])]


class Stream:
    """One open stream. `position` is what its reader knows; it hears what is broadcast once it is `ready`.

    `bearer` is who opened it, where the stream is not for everybody.
    """

    __slots__ = ("bearer", "chunks", "ended", "position", "ready", "slot", "topic", "transport")

    def __init__(
        self, topic: Topic, transport: asyncio.Transport, position: int, *, chunks: bool, bearer: Any = None
    ) -> None:
        self.topic = topic
        self.transport = transport
        self.position = position
        self.chunks = chunks
        self.bearer = bearer
        self.ready = False
        self.slot = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self) -> None:
        """Let its handler finish the answer."""
        if not self.ended.done():
            self.ended.set_result(None)


@dataclass(slots=True)
class Streams:
    """All of them. `capacity` streams fit; `encode` makes bytes of what happened; `limited` counts networks."""

    capacity: int
    encode: Callable[..., Burst]
    limited: bool = True
    sent: int = 0  # events, times readers; for /metrics, like the next
    cut_off: int = 0
    resets: int = 0
    refused: int = 0
    open: int = 0
    closed: bool = False
    beat: int = 0
    told: int | None = None  # the position up to which people with streams were told of their notifications
    wake: Wake = field(default_factory=Wake)
    _heard: list[Any] = field(default_factory=list)
    _networks: Counter[str] = field(default_factory=Counter)
    _listeners: dict[Topic, set[Stream]] = field(default_factory=dict)
    _slots: list[set[Stream]] = field(default_factory=lambda: [set() for _ in range(BEATS)])
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """A place for one stream from this address. Raises TooManyStreams, Unavailable while the process stops."""
        if self.closed:
            raise Unavailable
        networks = [network_key(address), ceiling_key(address) or ""] if self.limited else []
        most = dict(zip(networks, (STREAMS_PER_NETWORK, STREAMS_PER_48), strict=False))
        if self.open >= self.capacity or any(self._networks[key] >= most[key] for key in networks if key):
            self.refused += 1
            raise TooManyStreams(uniform(5, 15))
        self.open += 1
        self._networks.update(networks)
        try:
            yield
        finally:
            self.open -= 1
            for key in networks:
                self._networks[key] -= 1
                if self._networks[key] <= 0:
                    del self._networks[key]

    def listen(
        self, topic: Topic, transport: asyncio.Transport, position: int, *, chunks: bool, bearer: Any = None
    ) -> Stream:
        """A stream that listens from now on; `chunks` where HTTP/1.1 frames its body."""
        stream = Stream(topic, transport, position, chunks=chunks, bearer=bearer)
        stream.slot = next(self._numbers) % BEATS
        self._slots[stream.slot].add(stream)
        self._listeners.setdefault(stream.topic, set()).add(stream)
        if self.closed:
            stream.end()
        return stream

    def drop(self, stream: Stream) -> None:
        """It listens no more; again is fine."""
        self._slots[stream.slot].discard(stream)
        listeners = self._listeners.get(stream.topic)
        if listeners is not None:
            listeners.discard(stream)
            if not listeners:
                del self._listeners[stream.topic]

    def listened(self, topic: Topic) -> bool:
        """Whether anybody listens to it."""
        return topic in self._listeners

    def listeners(self, topics: Collection[Topic]) -> list[Stream]:
        """Whoever listens to one of these."""
        return [stream for topic in topics for stream in self._listeners.get(topic, ())]

    def topics(self, kind: str) -> list[Topic]:
        """The topics of a kind that somebody listens to."""
        return [topic for topic in self._listeners if topic[0] == kind]

    def hear(self, rows: Sequence[Any]) -> None:
        """The tail read these events; those that somebody listens for wait to be told."""
        if not self._listeners:
            return
        before = len(self._heard)
        self._heard += [row for row in rows if any(map(self.listened, topics_of(row)))]
        if len(self._heard) > before:
            self.wake.set()

    def take_heard(self) -> list[Any]:
        """What was heard since, in order."""
        heard, self._heard = self._heard, []
        return heard

    async def send(self, topics: Collection[Topic], burst: Burst) -> None:
        """Tell whoever listens to one of these; nobody is waited for."""
        for number, stream in enumerate(self.listeners(topics), start=1):
            if stream.ready and not stream.ended.done():
                self._tell(stream, burst)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _tell(self, stream: Stream, burst: Burst) -> None:
        if stream.position < burst.first:
            self.sent += len(burst.frames)
            self._write(stream, burst.chunk if stream.chunks else burst.whole)
        elif rest := burst.after(stream.position):
            self.sent += sum(since > stream.position for since, _ in burst.frames)
            self._write(stream, chunked(rest) if stream.chunks else rest)
        stream.position = max(stream.position, burst.last)

    def _write(self, stream: Stream, data: bytes) -> None:
        if stream.transport.is_closing():
            return
        if stream.transport.get_write_buffer_size() > MAXIMAL_BUFFER:
            self.cut_off += 1
            self.drop(stream)
            stream.transport.abort()
            return
        stream.transport.write(data)

    def keep_alive(self) -> None:
        """Once a second: a comment line to the next fifteenth of all streams."""
        self.beat = (self.beat + 1) % BEATS
        for stream in list(self._slots[self.beat]):
            if stream.ready and not stream.ended.done():
                self._write(stream, chunked(BEAT) if stream.chunks else BEAT)

    def close(self) -> None:
        """End them all, and take no more."""
        self.closed = True
        for listeners in self._listeners.values():
            for stream in listeners:
                stream.end()
