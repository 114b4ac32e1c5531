"""What is talked about, and what moderators had to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service.deps import Deps
from service.domain.rows import Row
from service.domain.sites import Site
from service.store import activity
from service.store.database import Rows

WINDOWS = {"24h": 24, "7d": 7 * 24}  # hours
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Hour:
    """One hour of a site; waiting and oldest_seconds as they were at its end, or are now."""

    at: datetime
    comments: int = 0
    held: int = 0
    removed: int = 0
    waiting: int = 0
    oldest_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """A site's last hours, oldest first, and what checks and flags there were in them."""

    hours: list[Hour]
    by_check: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    articles: Sequence[Row] = ()


async def read_most_discussed(deps: Deps, site: Site, window: str, limit: int) -> Rows:
    """Articles with the most comments of a window (of WINDOWS), the running hour included. Raises Unavailable."""
    return await activity.most_discussed(deps.database, site.key, WINDOWS[window], limit)


async def read_stats(deps: Deps, site: Site, window: str, limit: int) -> Stats:
    """A site's last hours, and its most discussed articles. Raises Unavailable."""
    rows = await activity.read_hours(deps.database, site.key)
    articles = await read_most_discussed(deps, site, window, limit)
    return stats_of(rows, WINDOWS[window], articles)


def stats_of(rows: Sequence[Row], hours: int, articles: Sequence[Row] = ()) -> Stats:
    """The rows of read_hours as the last hours. How much waits is what was last seen: nothing happened since."""
    now: datetime = rows[0]["now"]
    last = now.replace(minute=0, second=0, microsecond=0)
    stats = Stats([Hour(last - (hours - 1 - n) * HOUR) for n in range(hours)], articles=articles)
    first = stats.hours[0].at
    counted: dict[datetime, dict[str, int]] = {}
    waiting = oldest = 0
    for row in rows:
        if row["hour"] is None:
            continue
        if row["hour"] >= first:
            counted.setdefault(row["hour"], {})[row["measure"]] = row["number"]
        elif row["measure"] == "waiting":
            waiting = row["number"]
        elif row["measure"] == "oldest":
            oldest = row["number"]
    for hour in stats.hours:
        numbers = counted.get(hour.at, {})
        waiting, oldest = numbers.pop("waiting", waiting), numbers.pop("oldest", oldest)
        hour.waiting = waiting
        hour.oldest_seconds = max(0, int(min(now, hour.at + HOUR).timestamp()) - oldest) if waiting else 0
        for measure, number in numbers.items():
            kind, _, name = measure.partition(":")
            if kind == "check":
                stats.by_check[name] += number
            elif kind == "reason":
                stats.by_reason[name] += number
            else:
                setattr(hour, kind, number)
    return stats
