"""Appeals over HTTP."""

from __future__ import annotations

from aiohttp import web

from schemas.appeals import AppealRequestSchema
from service.api.requests import DEPS, body_of, claims_of, comment_id_of, json_response, site_of
from service.domain.times import rfc3339
from service.operations.appeals import appeal_removal

REQUEST = AppealRequestSchema()


async def post_appeal(request: web.Request) -> web.Response:
    """Appeal against the removal of one's own comment, once for each removal.

    Where there is another moderator than the one who removed it, that one decides.
    """
    site, comment_id = await site_of(request), comment_id_of(request)
    claims = await claims_of(request, site)
    body = await body_of(request, REQUEST)
    created_at = await appeal_removal(request.app[DEPS], site, claims, comment_id, body["text"])
    return json_response({"comment_id": str(comment_id), "created_at": rfc3339(created_at)}, 201)
