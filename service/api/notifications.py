"""What somebody was told of, over HTTP."""

from __future__ import annotations

from aiohttp import web

from service.api import present
from service.api.requests import DEPS, claims_of, cursor_of, json_response, site_of, whole_number
from service.operations.notifications import read_notifications


async def get_notifications(request: web.Request) -> web.Response:
    """What one was told of, newest first, with the comments as one may see them now."""
    site = await site_of(request)
    claims = await claims_of(request, site)
    limit, cursor = whole_number(request, "limit", 20, 1, 100), cursor_of(request)
    found = await read_notifications(request.app[DEPS], site, claims, limit, cursor)
    return json_response(present.notifications(found, site))
