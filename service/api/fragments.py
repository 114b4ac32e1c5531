"""A discussion as HTML that reads well without JavaScript, for servers that put it into their own pages.

Made of the same objects that the JSON answers hold, so nothing stands here that they do not show. The widget takes it
over by its data attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urldefrag, urlencode

import orjson
from aiohttp import web

from service.api import present
from service.api.pages import FRESH, charge_read, hot, kept, public_body
from service.api.representations import Representation, respond
from service.api.requests import DEPS, article_id_of, cursor_of, site_of
from service.domain.errors import CommentNotFound
from service.domain.ids import parse_id
from service.domain.markup import text_of
from service.domain.sites import Site
from service.operations.comments import PageRequest, read_page, read_replies

CONTENT_TYPE = "text/html; charset=utf-8"
THREAD_LIMIT = 100  # replies on a page of one thread
TOMBSTONES = {
    "deleted": "This comment was deleted by its author.",
    "removed": "This comment was removed by a moderator.",
    "hidden": "This comment is not visible.",
}
# What would end the script element, or break JavaScript that reads it as its own.
JSON_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where links lead: the fragment's own address, the article's page where its publisher named it, the language."""

    fragment: str
    page: str | None
    language: str

    def permalink(self, comment_id: str) -> str:
        """A comment's address; without a page's the one within whatever page holds the fragment."""
        return f"{urldefrag(self.page or '').url}#comment-{comment_id}"

    def more(self, **query: str) -> str:
        """Another page of the fragment."""
        return f"{self.fragment}?{urlencode(query)}"


async def get_fragment(request: web.Request) -> web.Response:
    """The first page of a discussion as an HTML fragment.

    With schema.org JSON-LD for articles that the publisher registered. `cursor` goes on, `root` shows one thread's
    replies; the fragment links to both.
    """
    known = hot(request)
    if known is not None:
        return known
    site, article_id, cursor = await site_of(request), article_id_of(request), cursor_of(request)
    deps = request.app[DEPS]
    public_url = deps.settings.public_url or ""
    fragment = f"{public_url}/api/v1/sites/{site.name}/articles/{article_id}/comments.html"

    async def build() -> tuple[Representation, int]:
        found = await read_page(deps, site, article_id, PageRequest(cursor=cursor))
        registered = found.article is not None and found.article["registered"]
        document = present.page(found, article_id)
        place = Place(fragment, document["article"]["url"] if registered else None, site.settings.language)
        linked = registered and cursor is None and document["comments"]
        html = page_html(document, site, place) + (json_ld_html(document, site, place) if linked else "")
        return represented(f"{html}</section>\n", site, article_id), found.position

    if "root" in request.query:
        await charge_read(request, deps)
        place = Place(fragment, None, site.settings.language)
        html = await read_thread(request, site, article_id, place, cursor)
        return respond(request, represented(html, site, article_id))
    if cursor is None:
        return await kept(request, site, article_id, f"fragment:{site.name}:{article_id}", build)
    await charge_read(request, deps)
    return respond(request, (await build())[0])


def represented(html: str, site: Site, article_id: str) -> Representation:
    """The fragment's bytes with the headers of a page."""
    return public_body(html.encode(), CONTENT_TYPE, FRESH, site.name, article_id)


async def read_thread(request: web.Request, site: Site, article_id: str, place: Place, cursor: str | None) -> str:
    """A root's replies. Raises CommentNotFound, InvalidCursor."""
    try:
        root_id = parse_id(request.query["root"])
    except ValueError:
        raise CommentNotFound from None
    canonical, found = await read_replies(request.app[DEPS], site, root_id, THREAD_LIMIT, cursor)
    replies = present.replies(found, canonical)
    attributes = {"data-site": site.name, "data-article-id": article_id, "data-root-id": str(root_id)}
    return (
        f'<section class="discuss-thread" lang="en"{written(attributes)}>\n'
        f"{thread_html(str(root_id), replies, place)}</section>\n"
    )


# HTML


def page_html(document: Object, site: Site, place: Place) -> str:
    """A page's element without its end: heading, root comments with their replies, the link to the rest."""
    article = document["article"]
    number = article["comment_count"]
    attributes = {
        "data-site": site.name,
        "data-article-id": article["id"],
        "data-last-event-id": document["last_event_id"],
        "data-comment-count": str(number),
        "data-next-cursor": document["next_cursor"],
    }
    parts = [f'<section class="discuss" lang="en"{written(attributes)}>\n']
    parts.append(f"<h2>{number:,} comment{'' if number == 1 else 's'}</h2>\n")
    if article["locked"]:
        parts.append(f'<p dir="auto">{escape(article["locked_reason"] or "This discussion is closed.")}</p>\n')
    if document["comments"]:
        parts.append(f"<ol>\n{''.join(root_html(root, place) for root in document['comments'])}</ol>\n")
    if document["next_cursor"]:
        parts.append(link_html(place.more(cursor=document["next_cursor"]), "More comments", "next"))
    return "".join(parts)


def root_html(root: Object, place: Place) -> str:
    """A root comment and its replies."""
    return item_html(root, thread_html(root["id"], root["replies"], place), place)


def thread_html(root_id: str, replies: Object, place: Place) -> str:
    """Replies in their places below each other, and the link to the rest of them."""
    parts = []
    if replies["items"]:
        below = by_parent(replies["items"])
        parts.append(f"<ol>\n{''.join(reply_html(reply, below, place) for reply in below.pop(None))}</ol>\n")
    if replies["next_cursor"]:
        parts.append(link_html(place.more(root=root_id, cursor=replies["next_cursor"]), "More replies", "nofollow"))
    return "".join(parts)


def by_parent(items: Sequence[Object]) -> dict[str | None, list[Object]]:
    """Comments by the parent they stand below; those whose parent is not among them stand below None."""
    ids = {item["id"] for item in items}
    found: dict[str | None, list[Object]] = {None: []}
    for item in items:
        found.setdefault(item["parent_id"] if item["parent_id"] in ids else None, []).append(item)
    return found


def reply_html(reply: Object, below: Mapping[str | None, list[Object]], place: Place) -> str:
    """A reply and those below it."""
    answers = below.get(reply["id"], ())
    inner = "".join(reply_html(answer, below, place) for answer in answers)
    return item_html(reply, f"<ol>\n{inner}</ol>\n" if inner else "", place)


def item_html(comment: Object, below: str, place: Place) -> str:
    """One comment as an item of a list, with what stands below it."""
    attributes = {
        "data-comment-id": comment["id"],
        "data-parent-id": comment["parent_id"],
        "data-depth": str(comment["depth"]),
        "data-status": comment["status"],
    }
    shown = comment["author"] is not None
    body = comment_html(comment, place) if shown else f"<p>{TOMBSTONES[comment['status']]}</p>\n"
    return f'<li id="comment-{comment["id"]}"{written(attributes)}>\n<article>\n{body}</article>\n{below}</li>\n'


def comment_html(comment: Object, place: Place) -> str:
    """Who wrote it, when, and the words, which were sanitised when they were written."""
    author = comment["author"]
    badges = "".join(f' <small dir="auto">{escape(badge)}</small>' for badge in (*author["roles"], *author["labels"]))
    edited = f" <small>edited {time_html(comment['edited_at'])}</small>" if comment["edited_at"] else ""
    score = comment["votes"]["score"]
    votes = f"<footer><small>{score:,} point{'' if score == 1 else 's'}</small></footer>\n" if score else ""
    return (
        f'<header><cite dir="auto">{escape(author["name"])}</cite>{badges} '
        f'<a href="{escape(place.permalink(comment["id"]))}" rel="bookmark">{time_html(comment["created_at"])}</a>'
        f"{edited}</header>\n"
        f'<div lang="{escape(place.language)}" dir="auto">\n{comment["html"]}</div>\n{votes}'
    )


def time_html(time: str) -> str:
    """A moment for people and for programs."""
    shown = datetime.fromisoformat(time)
    return f'<time datetime="{time}">{shown.day} {shown:%B %Y, %H:%M} UTC</time>'


def link_html(address: str, text: str, rel: str) -> str:
    """A link in a paragraph of its own."""
    return f'<p><a href="{escape(address)}" rel="{rel}">{text}</a></p>\n'


def written(attributes: Mapping[str, str | None]) -> str:
    """Attributes as they stand in a tag; those without a value are left out."""
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items() if value is not None)


# JSON-LD


def json_ld_html(document: Object, site: Site, place: Place) -> str:
    """The page's published comments as schema.org has them."""
    article = document["article"]
    title = article["title"] or article["id"]
    posting = {
        "@context": "https://schema.org",
        "@type": "DiscussionForumPosting",
        **({"@id": article["url"], "url": article["url"]} if article["url"] else {}),
        "headline": title,
        "text": title,
        "author": {"@type": "Organization", "name": site.name},
        "datePublished": article["created_at"],
        "commentCount": article["comment_count"],
        "comment": [found for root in document["comments"] for found in linked(root, place)],
    }
    text = orjson.dumps(posting).decode().translate(JSON_ESCAPES)
    return f'<script type="application/ld+json">{text}</script>\n'


def linked(root: Object, place: Place) -> Iterator[dict[str, Any]]:
    """A root's published comments, each below the nearest published one above it."""
    made: dict[str, dict[str, Any]] = {}
    above: dict[str, str | None] = {}
    for comment in (root, *root["replies"]["items"]):
        parent = comment["parent_id"]
        while parent is not None and parent not in made:
            parent = above.get(parent)
        above[comment["id"]] = parent
        if comment["author"] is None:
            continue
        node = made[comment["id"]] = linked_comment(comment, place)
        if parent is None:
            yield node
        else:
            made[parent].setdefault("comment", []).append(node)


def linked_comment(comment: Object, place: Place) -> dict[str, Any]:
    """One comment as schema.org has it."""
    return {
        "@type": "Comment",
        **({"url": place.permalink(comment["id"])} if place.page else {}),
        "text": text_of(comment["html"]).strip(),
        "datePublished": comment["created_at"],
        **({"dateModified": comment["edited_at"]} if comment["edited_at"] else {}),
        "author": {"@type": "Person", "name": comment["author"]["name"]},
        "upvoteCount": comment["votes"]["up"],
        "downvoteCount": comment["votes"]["down"],
    }
