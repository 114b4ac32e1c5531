"""Reading a discussion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from service.deps import Deps
from service.domain.errors import CommentNotFound
from service.domain.rows import Row
from service.domain.sites import Site
from service.store import articles, comments

SORTS = ("newest", "oldest", "top", "controversial")


@dataclass(frozen=True, slots=True)
class Replies:
    """Some replies of a root in reading order, and where they go on."""

    items: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Root:
    """A root comment with its first replies."""

    comment: Row
    replies: Replies


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """An article and a page of its discussion as of one log position; `article` is None when nobody commented yet."""

    article: Row | None
    roots: Sequence[Root] = field(default_factory=list)
    next_cursor: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of an article's discussion."""

    sort: str = "newest"
    limit: int = 20
    replies: int = 10
    featured: bool = False
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Permalink:
    """A comment in its context."""

    comment: Row
    ancestors: Sequence[Row]


async def read_page(deps: Deps, site: Site, article_id: str, request: PageRequest) -> ArticlePage:
    """A page of root comments with their first replies. Raises InvalidCursor."""
    scope = f"page:{site.name}:{article_id}:{request.sort}:{request.featured:d}"
    after = open_place(deps, scope, request.cursor)
    article = await articles.find_article(deps.database, site.key, article_id)
    if article is None:
        return ArticlePage(None)
    if article["visibility"] == "hidden":
        return ArticlePage(hidden_article(article), position=article["position"])
    rows = await comments.read_page(
        deps.database,
        article["key"],
        sort=request.sort,
        featured=request.featured,
        after=after,
        limit=request.limit + 1,
        replies=request.replies + 1,
    )
    if not rows or rows[0]["visibility"] == "hidden":  # merged into another, or hidden, a moment ago
        return await read_page(deps, site, article_id, request)
    roots = group_roots(deps, site, rows, request.replies)
    shown, more = roots[: request.limit], len(roots) > request.limit
    cursor = deps.cursors.seal(scope, place_of(shown[-1].comment, request.sort)) if more else None
    return ArticlePage(rows[0], shown, cursor, rows[0]["position"])


def hidden_article(article: asyncpg.Record) -> dict[str, Any]:
    """A hidden article shows nothing but that it is closed."""
    return {
        **dict(article),
        "article_id": article["external_id"],
        "article_created_at": article["created_at"],
        "title": None,
        "url": None,
        "section": None,
        "locked": True,
        "locked_reason": None,
        "comment_count": 0,
    }


def group_roots(deps: Deps, site: Site, rows: Sequence[asyncpg.Record], replies: int) -> list[Root]:
    """The page's rows (each root before its replies) as roots with at most `replies` replies each."""
    roots: list[Root] = []
    below: list[asyncpg.Record] = []
    for row in rows:
        if row["place"] is None:
            continue
        if row["parent_id"] is None:
            below = []
            roots.append(Root(row, Replies(below, None)))
        else:
            below.append(row)
    return [Root(root.comment, cut(deps, site, root.comment["id"], root.replies.items, replies)) for root in roots]


def cut(deps: Deps, site: Site, root_id: UUID, rows: Sequence[Row], limit: int) -> Replies:
    """At most `limit` of the replies, with a cursor to the rest when there are more."""
    if len(rows) <= limit:
        return Replies(rows, None)
    shown = rows[:limit]
    last = shown[-1]["path"].hex() if shown else ""
    return Replies(shown, deps.cursors.seal(replies_scope(site, root_id), [last]))


def replies_scope(site: Site, root_id: UUID) -> str:
    """What a cursor into a root's replies is bound to."""
    return f"replies:{site.name}:{root_id}"


def place_of(row: Row, sort: str) -> list[str | float]:
    """Where a page ended, as its cursor keeps it: rank and id."""
    rank = {"top": "top", "controversial": "controversy"}.get(sort)
    return [float(row[rank]) if rank else 0.0, str(row["id"])]


def open_place(deps: Deps, scope: str, cursor: str | None) -> tuple[float, UUID] | None:
    """The rank and id a page goes on after. Raises InvalidCursor."""
    if cursor is None:
        return None
    rank, comment_id = deps.cursors.open(scope, cursor)
    return float(rank), UUID(str(comment_id))


async def find_comment(deps: Deps, site: Site, comment_id: UUID) -> asyncpg.Record:
    """A listed comment with its article. Raises CommentNotFound for every other id, whatever it is."""
    row = await comments.find_listed(deps.database, site.key, comment_id)
    if row is None:
        raise CommentNotFound
    return row


async def read_replies(deps: Deps, site: Site, root_id: UUID, limit: int, cursor: str | None) -> tuple[str, Replies]:
    """The article's id and a root's replies in reading order. Raises CommentNotFound, InvalidCursor."""
    after = b""
    if cursor is not None:
        (last,) = deps.cursors.open(replies_scope(site, root_id), cursor)
        after = bytes.fromhex(str(last))
    root = await find_comment(deps, site, root_id)
    if root["parent_id"] is not None:
        raise CommentNotFound
    rows = await comments.read_replies(deps.database, root["article_key"], root_id, after, limit + 1)
    return root["article_id"], cut(deps, site, root_id, rows, limit)


async def read_comment(deps: Deps, site: Site, comment_id: UUID) -> Permalink:
    """A comment with its article and the comments above it. Raises CommentNotFound."""
    row = await find_comment(deps, site, comment_id)
    if row["parent_id"] is None:
        return Permalink(row, [])
    above = await comments.ancestors(deps.database, row["article_key"], row["parent_id"], row["root_id"])
    return Permalink(row, above)


async def article_position(deps: Deps, site: Site, article_id: str) -> int:
    """The log position of an article's last event; 0 when there is none. Raises Unavailable."""
    return await articles.article_position(deps.database, site.key, article_id)
