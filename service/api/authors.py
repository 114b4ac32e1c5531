"""People over HTTP: who am I, and becoming a guest."""

from __future__ import annotations

from aiohttp import web

from schemas.authors import GuestRequestSchema
from service.api import present
from service.api.requests import (
    DEPS,
    article_id_of,
    body_of,
    claims_of,
    client_address,
    json_response,
    limit_headers,
    site_of,
)
from service.operations.authors import make_guest, read_me
from service.operations.me import read_mine

GUEST_REQUEST = GuestRequestSchema()


async def get_me(request: web.Request) -> web.Response:
    """The person behind the token."""
    site = await site_of(request)
    claims = await claims_of(request, site)
    author, now = await read_me(request.app[DEPS], site, claims)
    return json_response(present.me(author, site, now))


async def post_guest(request: web.Request) -> web.Response:
    """Become a guest."""
    site = await site_of(request)
    body = await body_of(request, GUEST_REQUEST)
    token, author, verdict = await make_guest(request.app[DEPS], site, body["name"], client_address(request))
    limit_headers(request, verdict.headers)
    return json_response({"token": token, "author": present.known_author(author)}, 201)


async def get_mine(request: web.Request) -> web.Response:
    """One's own votes, flags, held, editable and removed comments on an article, and whether one may post."""
    site, article_id = await site_of(request), article_id_of(request)
    mine = await read_mine(request.app[DEPS], site, await claims_of(request, site), article_id)
    return json_response(present.mine(mine, site, article_id))
