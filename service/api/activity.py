"""What is talked about, over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from service.api import present
from service.api.pages import charge_read, public_json
from service.api.representations import Representation, respond
from service.api.requests import DEPS, choice, json_response, site_of, staff_of, whole_number
from service.domain.rows import Row
from service.domain.times import rfc3339
from service.operations.activity import WINDOWS, read_most_discussed, read_stats

CACHE_CONTROL = "public, max-age=5, s-maxage=1"
STATS_ARTICLES = 20
CHOICES = tuple(WINDOWS)


async def get_most_discussed(request: web.Request) -> web.Response:
    """Registered articles with the most comments of the last 24 hours or 7 days, the running hour included."""
    site, window = await site_of(request), choice(request, "window", CHOICES)
    limit, deps = whole_number(request, "limit", 20, 1, 100), request.app[DEPS]

    async def build() -> Representation:
        await charge_read(request, deps)
        rows = await read_most_discussed(deps, site, window, limit)
        return public_json({"articles": [discussed(row) for row in rows]}, CACHE_CONTROL, site.name)

    return respond(request, await deps.discussed.get(f"{site.name}:{window}:{limit}", build))


def discussed(row: Row) -> dict[str, Any]:
    """An article with what was said there lately."""
    return {**present.article(row, row["article_id"]), "recent_count": int(row["recent_count"])}


async def get_stats(request: web.Request) -> web.Response:
    """What happened on the site by the hour, what checks held and readers flagged, and what is talked about."""
    site, _ = await staff_of(request)
    found = await read_stats(request.app[DEPS], site, choice(request, "window", CHOICES), STATS_ARTICLES)
    return json_response(
        {
            "hours": [
                {
                    "at": rfc3339(hour.at),
                    "comments": hour.comments,
                    "held": hour.held,
                    "removed": hour.removed,
                    "waiting": hour.waiting,
                    "oldest_seconds": hour.oldest_seconds,
                }
                for hour in found.hours
            ],
            "by_check": found.by_check,
            "by_reason": found.by_reason,
            "articles": [discussed(row) for row in found.articles],
        }
    )
