"""Moderation over HTTP."""

from __future__ import annotations

from aiohttp import web

from schemas.moderation import DecisionsRequestSchema
from service.api.requests import DEPS, body_of, json_response, staff_of
from service.domain.errors import ValidationFailed
from service.operations.moderation import Wish, decide_all

REQUEST = DecisionsRequestSchema()


async def post_decisions(request: web.Request) -> web.Response:
    """Decide on up to 100 comments, each in its own transaction; what cannot be done is told, not refused."""
    site, moderator = await staff_of(request)
    body = await body_of(request, REQUEST)
    wishes = [Wish(**wish) for wish in body["decisions"]]
    if len({wish.comment_id for wish in wishes}) < len(wishes):
        raise ValidationFailed({"decisions": ["Name each comment once."]})
    outcomes = await decide_all(request.app[DEPS], site, moderator.key, wishes)
    results = [
        {"comment_id": str(one.comment_id), "result": one.result, "status": one.status, "version": one.version}
        for one in outcomes
    ]
    return json_response({"results": results})
