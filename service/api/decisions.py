"""The log of decisions over HTTP."""

from __future__ import annotations

from aiohttp import web

from service.api import present
from service.api.requests import DEPS, cursor_of, id_parameter, listed, staff_of, whole_number
from service.operations.decisions import read_log


async def get_decisions(request: web.Request) -> web.Response:
    """What was decided, by whom and why, newest first: on a comment, by a moderator, on an author."""
    site, _ = await staff_of(request)
    found = await read_log(
        request.app[DEPS],
        site,
        comment_id=id_parameter(request, "comment"),
        moderator_id=id_parameter(request, "moderator"),
        author_id=id_parameter(request, "author"),
        limit=whole_number(request, "limit", 20, 1, 100),
        cursor=cursor_of(request),
    )
    return listed(found, present.decision)
