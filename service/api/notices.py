"""Notices of illegal content over HTTP, for people without an account."""

from __future__ import annotations

from aiohttp import web

from schemas.notices import NoticeRequestSchema
from service.api import present
from service.api.pages import charge_read
from service.api.requests import DEPS, body_of, client_address, id_of, json_response, limit_headers, site_of
from service.domain.times import rfc3339
from service.operations.flags import Notice
from service.operations.notices import Sender, give_notice, read_notice

REQUEST = NoticeRequestSchema()


async def post_notice(request: web.Request) -> web.Response:
    """Tell moderators that a comment is illegal, without an account.

    A notice as article 16 of the EU Digital Services Act describes it. Name, contact and words are for moderators only.
    """
    site = await site_of(request)
    body = await body_of(request, REQUEST)
    notice = Notice.cleaned(body["explanation"], body["legal_ground"])
    sender = Sender.cleaned(body["name"], body["contact"])
    given = await give_notice(request.app[DEPS], site, body["comment_id"], notice, sender, client_address(request))
    limit_headers(request, given.verdict.headers)
    return json_response({"id": str(given.id), "created_at": rfc3339(given.created_at)}, 201)


async def get_notice(request: web.Request) -> web.Response:
    """How a notice stands. Its id, which cannot be guessed, is all it takes to ask."""
    site = await site_of(request)
    notice_id = id_of(request, "notice_id")
    await charge_read(request, request.app[DEPS])
    return json_response(present.notice(await read_notice(request.app[DEPS], site, notice_id)))
