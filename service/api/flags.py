"""Flags over HTTP."""

from __future__ import annotations

from aiohttp import web

from schemas.flags import FlagRequestSchema
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
from service.domain.times import rfc3339
from service.operations.flags import Notice, flag_comment

REQUEST = FlagRequestSchema()


async def post_flag(request: web.Request) -> web.Response:
    """Tell moderators about a comment. The first flag of an author stands; enough of them hold the comment.

    The reason `illegal` goes with a notice as article 16 of the EU Digital Services Act describes it.
    """
    site, comment_id = await site_of(request), comment_id_of(request)
    claims = await claims_of(request, site)
    body = await body_of(request, REQUEST)
    told = body.get("notice")
    notice = Notice.cleaned(told["explanation"], told["legal_ground"], "notice.") if told else None
    flagged = await flag_comment(
        request.app[DEPS], site, claims, comment_id, body["reason"], body.get("note"), client_address(request), notice
    )
    limit_headers(request, flagged.verdict.headers)
    answer = {"reason": flagged.reason, "created_at": rfc3339(flagged.created_at)}
    return json_response(answer, 201 if flagged.new else 200)
