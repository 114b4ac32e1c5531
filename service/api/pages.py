"""Public answers that are kept: found by the raw path, built once, the same bytes for everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from service.api.representations import Representation, represent, respond
from service.api.requests import DEPS, client_address
from service.deps import Deps
from service.domain.errors import Unavailable
from service.domain.sites import Site
from service.operations.comments import article_position
from service.operations.limits import charge

FRESH = "public, max-age=0, s-maxage=1, stale-while-revalidate=2"
MAXIMAL_ALIASES = 20_000
MAXIMAL_LENGTH = 512  # characters of a path worth remembering

Build = Callable[[], Awaitable[tuple[Representation, int]]]


class Aliases:
    """Raw paths that are known to mean a kept page, so that a hot read parses nothing."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def find(self, raw_path: str) -> str | None:
        """The page's key."""
        return self._keys.get(raw_path)

    def learn(self, raw_path: str, key: str) -> None:
        """Remember a spelling; strangers' spellings must not fill the memory."""
        if len(raw_path) > MAXIMAL_LENGTH:
            return
        if len(self._keys) >= MAXIMAL_ALIASES:
            self._keys.clear()
        self._keys[raw_path] = key


ALIASES = web.AppKey("aliases", Aliases)


def public_json(document: Any, cache_control: str, site: str, article_id: str | None = None) -> Representation:
    """A public JSON body with its caching headers."""
    return public_body(orjson.dumps(document), "application/json", cache_control, site, article_id)


def public_body(
    body: bytes, content_type: str, cache_control: str, site: str, article_id: str | None = None
) -> Representation:
    """A public body with its caching headers; a cache in front may purge it by site and article."""
    surrogate = f"site/{site}" + (f" article/{site}/{article_id}" if article_id else "")
    return represent(body, content_type=content_type, cache_control=cache_control, surrogate_key=surrogate)


def hot(request: web.Request) -> web.Response | None:
    """The kept page this raw path is known for, when it may be served unasked."""
    app = request.app
    key = app[ALIASES].find(request.raw_path)
    if key is None:
        return None
    deps = app[DEPS]
    now = deps.monotonic()
    page = deps.pages.find(key, now)
    if page is None or deps.tail.silent(now):
        return None
    return respond(request, page.value)


async def kept(request: web.Request, site: Site, article_id: str, key: str, build: Build) -> web.Response:
    """Answer with the kept page, building it when there is none; the read limit is charged for the first time only.

    While the tail is silent a kept page is compared with the article's last event before it is served.
    """
    deps = request.app[DEPS]
    request.app[ALIASES].learn(request.raw_path, key)
    now = deps.monotonic()
    page = deps.pages.find(key, now)
    if page is not None and deps.tail.silent(now) and not await unchanged(deps, site, article_id, page):
        deps.pages.drop(page.tag, withdrawn=True)
        page = None
    if page is not None:
        return respond(request, page.value)
    if not deps.pages.holds(key):
        await charge_read(request, deps)
    return respond(request, await deps.pages.get(key, (site.name, article_id), build))


async def unchanged(deps: Deps, site: Site, article_id: str, page: Any) -> bool:
    """Whether the article had no event since the page was built; with PostgreSQL away nothing can have happened."""
    try:
        position = await article_position(deps, site, article_id)
    except Unavailable:
        return True
    return bool(position == page.position)


async def charge_read(request: web.Request, deps: Deps) -> None:
    """Charge a read that costs a query. Raises RateLimited."""
    await charge(deps, "reads", address=client_address(request))
