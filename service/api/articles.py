"""Articles over HTTP: what moderators and publishers' servers change of them."""

from __future__ import annotations

from aiohttp import web

from schemas.articles import ArticlePatchSchema, MergeRequestSchema, RegistrationSchema
from service.api import present
from service.api.requests import (
    DEPS,
    article_id_of,
    body_of,
    checked_article_id,
    json_response,
    publisher_of,
    staff_of,
)
from service.operations.articles import add_alias, change_article, register_article
from service.operations.merging import merge_article

PATCH, REGISTRATION, MERGE = ArticlePatchSchema(), RegistrationSchema(), MergeRequestSchema()


async def patch_article(request: web.Request) -> web.Response:
    """Lock, hide or hold an article, slow it down, or correct what is known of it.

    Unlocking one that was locked for its age has `auto_lock_days` begin anew; its own opening and closing times stay.
    """
    site, moderator = await staff_of(request)
    article_id, changes = article_id_of(request), await body_of(request, PATCH)
    row = await change_article(request.app[DEPS], site, article_id, changes, moderator_key=moderator.key)
    return json_response(present.article(row, article_id))


async def put_article(request: web.Request) -> web.Response:
    """Register an article, or tell what changed of it, with an API key or as admin.

    What is left out stays, null clears.
    """
    site, admin_key = await publisher_of(request)
    article_id, known = article_id_of(request), await body_of(request, REGISTRATION)
    row, new = await register_article(request.app[DEPS], site, article_id, known, admin_key)
    return json_response(present.article(row, article_id), 201 if new else 200)


async def put_alias(request: web.Request) -> web.Response:
    """Let another id name the article, too, with an API key or as admin; 409 when that one has comments of its own."""
    site, _ = await publisher_of(request)
    other_id = checked_article_id(request.match_info["other_id"])
    await add_alias(request.app[DEPS], site, article_id_of(request), other_id)
    return web.Response(status=204)


async def post_merge(request: web.Request) -> web.Response:
    """Move all comments of an article to another, whose id the first one becomes, with an API key or as admin.

    Until it is `done` the article takes no comments. What takes more than a few seconds is answered with 202 and goes
    on by itself; asking again tells how far it is.
    """
    site, admin_key = await publisher_of(request)
    article_id, body = article_id_of(request), await body_of(request, MERGE)
    merge = await merge_article(request.app[DEPS], site, article_id, body["into"], admin_key)
    answer = {"article": present.article(merge.article, body["into"]), "state": merge.state}
    return json_response(answer, 200 if merge.state == "done" else 202)
