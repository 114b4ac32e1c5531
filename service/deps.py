"""What operations are handed: the joined parts of one process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from service.adapters.caches import SILENCE, ArticleTag, CountCache, PageCache, TimedCache
from service.adapters.counts import Counts
from service.adapters.jwks import Jwks
from service.adapters.limits import Limiter
from service.adapters.outbound import Outbound
from service.adapters.redis_client import Redis
from service.adapters.streams import Streams
from service.adapters.tokens import TokenVerifier
from service.adapters.wakeups import Wakeups
from service.domain.articles import SITE_WIDE
from service.domain.cursors import Cursors
from service.domain.identity import person_hash
from service.domain.rules import Rules
from service.domain.sites import Site
from service.settings import Settings
from service.store.database import Database

LOG = "log"  # the topic that wakes whoever advances the event log
ERASURES = "erasures"  # the topic that wakes whoever forgets people
REMOVALS = "removals"  # the topic that wakes whoever removes what banned people wrote
EVENTS = "events"  # the topic that wakes, in this process, whoever reads it
WEBHOOKS = "webhooks"  # the topic that wakes whoever sends deliveries


@dataclass(slots=True)
class TailState:
    """How far this process has read the event log, and when it last heard of it (monotonic seconds)."""

    position: int | None = None
    heard_at: float = float("-inf")

    def silent(self, now: float) -> bool:
        """Whether what is remembered may be older than anybody promised."""
        return now - self.heard_at > SILENCE


@dataclass(frozen=True, slots=True)
class Deps:
    """Every part an operation may use. `monotonic` and `now` (seconds since 1970) are the process's clocks."""

    settings: Settings
    database: Database
    redis: Redis
    limiter: Limiter
    count_copies: Counts
    wakeups: Wakeups
    outbound: Outbound
    jwks: Jwks
    tokens: TokenVerifier
    cursors: Cursors
    monotonic: Callable[[], float]
    now: Callable[[], float]
    sites: TimedCache[Site | None]
    pages: PageCache[Any]
    counts: CountCache
    discussed: TimedCache[Any]  # answers about what is talked about
    streams: Streams
    address_key: bytes  # of the hashes that are stored of addresses
    person_keys: tuple[bytes, ...]  # of the hashes that erased people are recognised by, the present one first
    tail: TailState = field(default_factory=TailState)
    rules: dict[int, tuple[int, Rules]] = field(default_factory=dict)  # of sites by key, with the settings' version
    refusals: Counter[str] = field(default_factory=Counter)  # by the check that refused
    holds: Counter[str] = field(default_factory=Counter)  # by the check that held
    counters: Counter[str] = field(default_factory=Counter)  # whatever else /metrics tells

    def person_hashes(self, site: str, issuer: str, subject: str) -> list[bytes]:
        """What somebody is recognised by once they are erased; the first is what is stored from now on."""
        return [person_hash(key, site, issuer, subject) for key in self.person_keys]

    async def added(self, *tags: ArticleTag) -> None:
        """This process added something to an article: renew the pages under its ids, and wake the log's followers."""
        self.wake_followers()
        for tag in tags:
            await self.pages.renew(tag)

    def withdrew(self, *tags: ArticleTag) -> None:
        """This process may have made something of these articles invisible: forget their pages, wake the followers."""
        for tag in tags:
            self.pages.drop(tag, withdrawn=True)
            self.pages.drop((tag[0], SITE_WIDE), withdrawn=True)
        self.wake_followers()

    def wake_removals(self) -> None:
        """Something is to be removed or restored: whoever does that need not wait for the next look."""
        self.wakeups.publish(REMOVALS)

    def wake_erasures(self) -> None:
        """Somebody is to be forgotten: whoever does that need not wait for the next look."""
        self.wakeups.publish(ERASURES)

    def forget_site(self, name: str) -> None:
        """The site's settings changed: read them anew, and build anew what was built by the old ones."""
        self.sites.forget(name)
        self.pages.drop_all(name)

    def wake_followers(self) -> None:
        """Something was written: whoever follows the log need not wait for the next look."""
        self.wakeups.publish(LOG)
