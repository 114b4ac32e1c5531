"""Lists to find articles and people by, over HTTP."""

from __future__ import annotations

from aiohttp import web

from service.api import present
from service.api.requests import DEPS, cursor_of, listed, staff_of, text_parameter, whole_number
from service.operations.directory import list_articles, list_authors

MAX_WORDS = 200


async def get_articles(request: web.Request) -> web.Response:
    """Articles, newest first; with `q` those that have these words in the title, or whose id begins so."""
    site, _ = await staff_of(request)
    found = await list_articles(
        request.app[DEPS],
        site,
        words=text_parameter(request, "q", MAX_WORDS),
        section=text_parameter(request, "section", MAX_WORDS),
        limit=whole_number(request, "limit", 20, 1, 100),
        cursor=cursor_of(request),
    )
    return listed(found, present.listed_article)


async def get_authors(request: web.Request) -> web.Response:
    """People by name; with `q` those whose name begins so, whatever its case and accents."""
    site, _ = await staff_of(request)
    found = await list_authors(
        request.app[DEPS],
        site,
        name=text_parameter(request, "q", MAX_WORDS) or "",
        limit=whole_number(request, "limit", 20, 1, 100),
        cursor=cursor_of(request),
    )
    return listed(found, present.listed_author)
