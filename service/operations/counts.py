"""How many published comments an article has, as every page that links to it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from service.adapters.redis_client import RedisDown
from service.deps import Deps
from service.domain.errors import Unavailable
from service.domain.sites import Site
from service.store import articles


def known_counts(deps: Deps, site_name: str, article_ids: Sequence[str]) -> list[int] | None:
    """The counts this process may tell without asking anybody, in order; nothing when one is missing."""
    now = deps.monotonic()
    if deps.tail.silent(now):
        return None
    counts = [deps.counts.find((site_name, article_id), now) for article_id in article_ids]
    return None if None in counts else counts  # type: ignore[return-value]


async def read_counts(deps: Deps, site: Site, article_ids: Sequence[str]) -> list[int]:
    """The counts, in order; 0 for articles nobody commented on. Raises Unavailable when one was never known here.

    What this process does not know comes from the copies in Redis when they are as new as the log it has seen, else
    from PostgreSQL. With PostgreSQL away the last known counts are told.
    """
    now = deps.monotonic()
    silent = deps.tail.silent(now)
    told = {
        article_id: None if silent else deps.counts.find((site.name, article_id), now) for article_id in article_ids
    }
    missing = [article_id for article_id, count in told.items() if count is None]
    if missing and not silent:
        for article_id, (count, position) in (await trusted_copies(deps, site, missing)).items():
            if deps.counts.store((site.name, article_id), count, position):
                told[article_id] = count
        missing = [article_id for article_id in missing if told[article_id] is None]
    if missing:
        told.update(await stored_counts(deps, site, missing))
    return [told[article_id] or 0 for article_id in article_ids]


async def trusted_copies(deps: Deps, site: Site, article_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Redis's copies, if they hold everything up to the position this process has read."""
    try:
        position, copies = await asyncio.gather(
            deps.count_copies.pushed_position(), deps.count_copies.get_many(site.name, article_ids)
        )
    except RedisDown:
        return {}
    seen = deps.tail.position
    return copies if position is not None and seen is not None and position >= seen else {}


async def stored_counts(deps: Deps, site: Site, article_ids: Sequence[str]) -> dict[str, int]:
    """PostgreSQL's counts, remembered here and copied to Redis; the last known ones while PostgreSQL is away."""
    try:
        rows = await articles.count_comments(deps.database, site.key, article_ids)
    except Unavailable:
        known = {article_id: deps.counts.last_known((site.name, article_id)) for article_id in article_ids}
        if None in known.values():
            raise
        return known  # type: ignore[return-value]
    found = {article_id: rows.get(article_id, (0, 0)) for article_id in article_ids}
    # a silent tail would not tell when they change
    if not deps.tail.silent(deps.monotonic()):
        for article_id, (count, position) in found.items():
            deps.counts.store((site.name, article_id), count, position)
        await deps.count_copies.set_many((site.name, article_id, *rows[article_id]) for article_id in rows)
    return {article_id: count for article_id, (count, _) in found.items()}
