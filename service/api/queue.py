"""Queues, lists and searches of comments over HTTP, for moderators."""

from __future__ import annotations

from aiohttp import web

from service.api import present
from service.api.requests import (
    DEPS,
    checked_article_id,
    choice,
    comment_id_of,
    cursor_of,
    id_parameter,
    json_response,
    staff_of,
    text_parameter,
    time_parameter,
    whole_number,
)
from service.operations.queue import QUEUES, Filters, list_items, read_item, read_queue_counts, read_statements

MAX_FILTER, MAX_WORDS = 200, 500


def filters_of(request: web.Request) -> Filters:
    """What is asked for. Raises ValidationFailed, InvalidArticleId, InvalidText."""
    article_id = request.query.get("article")
    return Filters(
        queue=choice(request, "queue", QUEUES),
        article_id=None if article_id is None else checked_article_id(article_id),
        author_id=id_parameter(request, "author"),
        section=text_parameter(request, "section", MAX_FILTER),
        reason=text_parameter(request, "reason", MAX_FILTER),
        check=text_parameter(request, "check", MAX_FILTER),
        before=time_parameter(request, "before"),
        after=time_parameter(request, "after"),
        words=text_parameter(request, "q", MAX_WORDS),
    )


async def get_comments(request: web.Request) -> web.Response:
    """What waits in a queue, ordered by what needs a person most, or comments by status, newest first.

    `pending`, `flagged` and `appeals` begin with what somebody calls illegal; then the weight of flags counts, then
    age. With `q` the answer is newest first in every queue: all words must occur, whatever their case and accents, as
    the site's language inflects them; "quoted words" stand together, and -word excludes.
    """
    site, _ = await staff_of(request)
    filters, limit, cursor = filters_of(request), whole_number(request, "limit", 20, 1, 100), cursor_of(request)
    found = await list_items(request.app[DEPS], site, filters, limit, cursor)
    return json_response(present.items(found, site))


async def get_comment(request: web.Request) -> web.Response:
    """A comment, whatever its status, with its surroundings and its history."""
    site, _ = await staff_of(request)
    return json_response(present.item_detail(await read_item(request.app[DEPS], site, comment_id_of(request)), site))


async def get_statements(request: web.Request) -> web.Response:
    """What people told moderators about a comment: its author's appeals, and notices that it is illegal."""
    site, _ = await staff_of(request)
    found = await read_statements(request.app[DEPS], site, comment_id_of(request))
    return json_response(present.statements(found))


async def get_counts(request: web.Request) -> web.Response:
    """How many comments wait in each queue, and how many are removed or spam."""
    site, _ = await staff_of(request)
    return json_response(present.queue_counts(await read_queue_counts(request.app[DEPS], site.key)))
