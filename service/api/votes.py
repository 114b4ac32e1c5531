"""Votes over HTTP."""

from __future__ import annotations

from aiohttp import web

from schemas.votes import VoteRequestSchema
from service.api.requests import (
    DEPS,
    body_of,
    claims_of,
    client_address,
    comment_id_of,
    json_response,
    limit_headers,
    site_of,
)
from service.operations.votes import vote

REQUEST = VoteRequestSchema()


async def put_vote(request: web.Request) -> web.Response:
    """Vote on somebody else's comment; repeating it changes nothing, 0 withdraws it."""
    site, comment_id = await site_of(request), comment_id_of(request)
    claims = await claims_of(request, site)
    body = await body_of(request, REQUEST)
    voted = await vote(request.app[DEPS], site, claims, comment_id, body["value"], client_address(request))
    limit_headers(request, voted.verdict.headers)
    totals = {"up": voted.up, "down": voted.down, "score": voted.up - voted.down}
    return json_response({"votes": totals, "value": voted.value})
