"""Atom feeds (RFC 4287): the newest comments of an article, and of a site.

Written with the standard library's ElementTree, which escapes everything: feedgen would bring lxml along, a compiled
library larger than this service, to write a dozen elements.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urldefrag
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree import ElementTree

from aiohttp import web

from service.api.pages import hot, kept, public_body
from service.api.representations import Representation
from service.api.requests import DEPS, article_id_of, site_of
from service.domain.articles import SITE_WIDE
from service.domain.ids import created_at_of
from service.domain.rows import Row
from service.domain.sites import Site
from service.domain.times import rfc3339
from service.operations.feeds import Feed, read_article_feed, read_site_feed

ATOM = "http://www.w3.org/2005/Atom"
THREADS = "http://purl.org/syndication/thread/1.0"  # RFC 4685: what a reply replies to
CACHE_CONTROL = "public, max-age=60"
CONTENT_TYPE = "application/atom+xml; charset=utf-8"
NEVER = "1970-01-01T00:00:00.000Z"  # when a feed without entries was updated
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2

ElementTree.register_namespace("", ATOM)
ElementTree.register_namespace("thr", THREADS)


async def get_article_feed(request: web.Request) -> web.Response:
    """An article's newest 50 comments as Atom.

    Empty for an article that the publisher did not register.
    """
    known = hot(request)
    if known is not None:
        return known
    site, article_id = await site_of(request), article_id_of(request)
    deps = request.app[DEPS]

    async def build() -> tuple[Representation, int]:
        feed = await read_article_feed(deps, site, article_id)
        path = f"/api/v1/sites/{site.name}/articles/{article_id}/feed.atom"
        title, page = (feed.article["title"], feed.article["url"]) if feed.article is not None else (None, None)
        title = title or article_id
        return atom(site, feed, title, path, deps.settings.public_url or "", page, article_id), feed.position

    return await kept(request, site, article_id, f"feed:{site.name}:{article_id}", build)


async def get_site_feed(request: web.Request) -> web.Response:
    """A site's newest 50 comments on registered articles as Atom.

    Looked for among the newest 2,000 comments of the site.
    """
    known = hot(request)
    if known is not None:
        return known
    site = await site_of(request)
    deps = request.app[DEPS]

    async def build() -> tuple[Representation, int]:
        feed = await read_site_feed(deps, site)
        path = f"/api/v1/sites/{site.name}/feed.atom"
        return atom(site, feed, site.name, path, deps.settings.public_url or "", None, None), feed.position

    return await kept(request, site, SITE_WIDE, f"feed:{site.name}", build)


def atom(
    site: Site, feed: Feed, title: str, path: str, public_url: str, page: str | None, article_id: str | None
) -> Representation:
    """A feed's document. `path` is its own below `public_url`, `page` the article's URL."""
    root = ElementTree.Element(f"{{{ATOM}}}feed")
    put(root, "id", uuid5(NAMESPACE_URL, public_url + path).urn)
    put(root, "title", title)
    put(root, "updated", max((updated(entry) for entry in feed.entries), default=NEVER))
    put(put(root, "author"), "name", site.name)
    put(root, "generator", "Discuss")
    put(root, "link", rel="self", type="application/atom+xml", href=public_url + path)
    if page:
        put(root, "link", rel="alternate", type="text/html", href=page)
    for entry in feed.entries:
        add_entry(root, site, entry, public_url)
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return public_body(body, CONTENT_TYPE, CACHE_CONTROL, site.name, article_id)


def add_entry(root: ElementTree.Element, site: Site, row: Row, public_url: str) -> None:
    """One comment."""
    entry = put(root, "entry")
    put(entry, "id", UUID(str(row["id"])).urn)
    put(entry, "title", f"{row['author_name']} · {row['title'] or row['article_id']}")
    put(entry, "published", time(created_at_of(row["id"])))
    put(entry, "updated", updated(row))
    put(put(entry, "author"), "name", row["author_name"])
    put(entry, "link", rel="alternate", href=permalink(site, row["id"], row["url"], public_url))
    if row["parent_id"] is not None:
        ElementTree.SubElement(entry, f"{{{THREADS}}}in-reply-to", ref=UUID(str(row["parent_id"])).urn)
    put(entry, "content", row["html"], type="html")


def put(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    """Add an element of Atom's with what XML allows of a text."""
    allowed = {key: NOT_XML.sub("", value) for key, value in attributes.items()}
    element = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", allowed)
    element.text = None if text is None else NOT_XML.sub("", text)
    return element


def permalink(site: Site, comment_id: UUID, page: str | None, public_url: str) -> str:
    """Where a comment is read: on its article's page where that is known, else in the API."""
    if page:
        return f"{urldefrag(page).url}#comment-{comment_id}"
    return f"{public_url}/api/v1/sites/{site.name}/comments/{comment_id}"


def updated(row: Row) -> str:
    """When a comment's words last changed."""
    return time(row["edited_at"] or created_at_of(row["id"]))


def time(moment: datetime) -> str:
    """As everywhere in the contract."""
    return rfc3339(moment) or NEVER
