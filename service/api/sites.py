"""The site over HTTP."""

from __future__ import annotations

from aiohttp import web

from service.api import present
from service.api.pages import FRESH, public_json
from service.api.representations import respond
from service.api.requests import site_of


async def get_site(request: web.Request) -> web.Response:
    """What a page needs to know of the site."""
    site = await site_of(request)
    return respond(request, public_json(present.site(site), FRESH, site.name))
