"""Comments over HTTP: pages, replies, permalinks, posting, preview."""

from __future__ import annotations

import hashlib

import orjson
from aiohttp import web

from schemas.comments import EditSchema, PostSchema, PreviewRequestSchema
from service.api import present
from service.api.pages import FRESH, charge_read, hot, kept, public_json
from service.api.representations import Representation, respond
from service.api.requests import (
    DEPS,
    article_id_of,
    body_of,
    choice,
    claims_of,
    client_address,
    comment_id_of,
    cursor_of,
    idempotency_key_of,
    json_response,
    limit_headers,
    site_of,
    whole_number,
)
from service.domain.sites import Site
from service.operations.authors import read_me
from service.operations.comments import SORTS, PageRequest, read_comment, read_page, read_replies
from service.operations.editing import edit_comment
from service.operations.moderation import delete_comment
from service.operations.posting import Post, post_comment, preview

POST, PREVIEW, EDIT = PostSchema(), PreviewRequestSchema(), EditSchema()


async def get_page(request: web.Request) -> web.Response:
    """A page of an article's discussion."""
    known = hot(request)
    if known is not None:
        return known
    site, article_id = await site_of(request), article_id_of(request)
    wanted = PageRequest(
        sort=choice(request, "sort", SORTS),
        limit=whole_number(request, "limit", 20, 1, 100),
        replies=whole_number(request, "replies", 10, 0, 50),
        featured=choice(request, "featured", ("false", "true")) == "true",
        cursor=cursor_of(request),
    )

    deps = request.app[DEPS]

    async def build() -> tuple[Representation, int]:
        page = await read_page(deps, site, article_id, wanted)
        document = present.page(page, article_id)
        return public_json(document, FRESH, site.name, article_id), page.position

    if wanted == PageRequest(sort=wanted.sort):
        return await kept(request, site, article_id, f"page:{site.name}:{article_id}:{wanted.sort}", build)
    await charge_read(request, deps)
    return respond(request, (await build())[0])


async def get_replies(request: web.Request) -> web.Response:
    """The rest of a root's replies."""
    site, root_id = await site_of(request), comment_id_of(request)
    limit, cursor = whole_number(request, "limit", 20, 1, 100), cursor_of(request)
    await charge_read(request, request.app[DEPS])
    article_id, found = await read_replies(request.app[DEPS], site, root_id, limit, cursor)
    document = present.replies(found, article_id)
    return respond(request, public_json(document, FRESH, site.name, article_id))


async def get_comment(request: web.Request) -> web.Response:
    """A comment in its context."""
    site, comment_id = await site_of(request), comment_id_of(request)
    await charge_read(request, request.app[DEPS])
    found = await read_comment(request.app[DEPS], site, comment_id)
    document = present.permalink(found)
    return respond(request, public_json(document, FRESH, site.name, found.comment["article_id"]))


async def post(request: web.Request) -> web.Response:
    """Post a comment."""
    site, article_id = await site_of(request), article_id_of(request)
    claims = await claims_of(request, site)
    key = idempotency_key_of(request)
    body = await body_of(request, POST)
    opened = body.get("article", {})
    posted = await post_comment(
        request.app[DEPS],
        site,
        claims,
        Post(
            article_id=article_id,
            text=body["text"],
            parent_id=body.get("parent_id"),
            title=opened.get("title"),
            url=opened.get("url"),
            idempotency_key=key,
            request_hash=request_hash(request, body),
        ),
        client_address(request),
    )
    if posted.verdict is not None:
        limit_headers(request, posted.verdict.headers)
    headers = {"Location": location_of(site, str(posted.comment["id"]))}
    if posted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return json_response(present.own_comment(posted.comment, site), posted.status, headers)


def request_hash(request: web.Request, body: object) -> bytes:
    """What makes two requests the same: method, path and parsed body."""
    parsed = orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + parsed).digest()


def location_of(site: Site, comment_id: str) -> str:
    """A comment's address."""
    return f"/api/v1/sites/{site.name}/comments/{comment_id}"


async def post_preview(request: web.Request) -> web.Response:
    """A text as it would look."""
    site = await site_of(request)
    claims = await claims_of(request, site)
    body = await body_of(request, PREVIEW)
    html, verdict = await preview(request.app[DEPS], site, claims, body["text"], client_address(request))
    limit_headers(request, verdict.headers)
    return json_response({"html": html})


async def patch_comment(request: web.Request) -> web.Response:
    """Edit one's own comment while the site's window is open.

    The checks run again. When one of them holds the edit, the answer is 202: the old words stay until a moderator
    decides. A comment that is held already stays so with its new words.
    """
    site, comment_id = await site_of(request), comment_id_of(request)
    claims = await claims_of(request, site)
    body = await body_of(request, EDIT)
    edited = await edit_comment(request.app[DEPS], site, claims, comment_id, body["text"], client_address(request))
    comment = present.own_comment(edited.comment, site)
    if edited.pending_text is None:
        return json_response(comment)
    return json_response({"comment": comment, "pending_text": edited.pending_text}, 202)


async def delete(request: web.Request) -> web.Response:
    """Delete one's own comment, at any time; again is fine. Replies stay below a tombstone."""
    site, comment_id = await site_of(request), comment_id_of(request)
    claims = await claims_of(request, site)
    author, _ = await read_me(request.app[DEPS], site, claims)
    await delete_comment(request.app[DEPS], site, comment_id, author.key)
    return web.Response(status=204)
