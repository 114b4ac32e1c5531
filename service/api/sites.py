"""The site over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from schemas.sites import SettingsPatchSchema, TrialSchema
from service.api import present
from service.api.pages import FRESH, public_json
from service.api.representations import respond
from service.api.requests import DEPS, body_of, json_response, site_of, staff_of
from service.domain.errors import Conflict
from service.domain.identity import Role
from service.operations.checks import try_settings
from service.operations.sites import change_settings, read_settings

PATCH, TRIAL = SettingsPatchSchema(), TrialSchema()


async def get_site(request: web.Request) -> web.Response:
    """What a page needs to know of the site."""
    site = await site_of(request)
    return respond(request, public_json(present.site(site, now_of(request)), FRESH, site.name))


def now_of(request: web.Request) -> datetime:
    """The time by this process's clock: opening hours are by the minute."""
    return datetime.fromtimestamp(request.app[DEPS].now(), UTC)


async def get_settings(request: web.Request) -> web.Response:
    """All settings of the site, with their version."""
    site, _ = await staff_of(request, Role.ADMIN)
    return json_response(await read_settings(request.app[DEPS], site))


async def patch_settings(request: web.Request) -> web.Response:
    """Change settings of the site, all or none; every process follows within 2 seconds.

    `posting: closed` stops all posting. Each change is logged, with what was there before.
    """
    site, admin = await staff_of(request, Role.ADMIN)
    deps, changes = request.app[DEPS], await body_of(request, PATCH)
    version = changes.pop("version", None)
    if version is None:
        raise Conflict("Send the version of the settings that you have read.")
    await change_settings(deps, site, changes, version, admin.key)
    return json_response(await read_settings(deps, site))


async def post_try(request: web.Request) -> web.Response:
    """What proposed settings would do to the last 1,000 comments; nothing is changed.

    The body has the settings that would change. Published and pending comments are judged as if they were posted now,
    by what they say and who says it. Bans, locks, closing, slow mode and the hook are not tried.
    """
    site, _ = await staff_of(request, Role.ADMIN)
    tried = await try_settings(request.app[DEPS], site, await body_of(request, TRIAL))
    lists = {"held": tried.held, "refused": tried.refused, "freed": tried.freed}
    found = {
        name: [{"comment_id": str(comment_id), "checks": checks} for comment_id, checks in comments.items()]
        for name, comments in lists.items()
    }
    return json_response({"tried": tried.tried, **found})
