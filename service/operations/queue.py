"""What waits for a moderator, and whatever else they look for among comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import orjson

from service.deps import Deps
from service.domain.errors import CommentNotFound
from service.domain.ids import FIRST_ID, LAST_ID, first_id_at
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.search import Found, before, search_comments, search_words
from service.store import articles, authors, comments, decisions, queue
from service.store.decisions import NEWEST
from service.store.queue import Asked, Place, Wanted

WAITING = ("pending", "flagged", "appeals")
STATUSES = {
    "published": ["published"],
    "removed": ["removed"],
    "spam": ["spam"],
    "all": ["published", "pending", "removed", "spam", "deleted"],
}
QUEUES = (*WAITING, *STATUSES)
SCAN = 10_000  # comments looked at for one page, however few of them match
DECISIONS = 100  # shown with a comment
FIRST_PLACE: Place = (float("inf"), datetime(1, 1, 1, tzinfo=UTC), FIRST_ID)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a moderator looks for; None is any. Times are when comments were written: from `after`, below `before`."""

    queue: str = "pending"
    article_id: str | None = None
    author_id: UUID | None = None
    section: str | None = None
    reason: str | None = None
    check: str | None = None
    before: datetime | None = None
    after: datetime | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A page of comments with everything they are judged by; `complete` is None unless words were looked for."""

    rows: Sequence[Row] = field(default_factory=list)
    next_cursor: str | None = None
    complete: bool | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A comment with its surroundings and its history."""

    row: Row
    ancestors: Sequence[Row]
    neighbours: Sequence[Row]
    revisions: Sequence[Row]
    decisions: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Statements:
    """What people told moderators about a comment: its author's appeals, and notices that it is illegal."""

    appeals: Sequence[Row]
    notices: Sequence[Row]


async def list_items(deps: Deps, site: Site, filters: Filters, limit: int, cursor: str | None) -> Items:
    """A page of a queue or of comments by status; with words of a search.

    A page may have fewer than `limit`, even none, and go on: no more than SCAN comments are looked at for each.
    Raises InvalidCursor.
    """
    scope = scope_of(site, filters)
    place = None if cursor is None else deps.cursors.open(scope, cursor)
    wanted = await resolve(deps, site, filters)
    if wanted is None:
        return Items(complete=None if filters.words is None else True)
    if filters.words is not None:
        found = await search(deps, site, filters, wanted, place, limit)
        end = None if found.end is None else deps.cursors.seal(scope, [str(found.end[0]), found.end[1]])
        return Items(await queue.read_items(deps.database, site.key, found.ids), end, found.complete)
    if filters.queue in WAITING:
        after = FIRST_PLACE if place is None else opened(place)
        rows = await queue.walk_queue(deps.database, wanted, filters.queue, after, scan=SCAN, limit=limit + 1)
    else:
        if place is not None:
            wanted = before(wanted, UUID(str(place[0])))
        statuses = STATUSES[filters.queue]
        rows = await queue.walk_comments(deps.database, wanted, statuses, scan=SCAN, limit=limit + 1)
    matching = [row for row in rows if row["matches"]]
    last = matching[limit - 1] if len(matching) > limit else None
    if last is None and rows and rows[-1]["n"] == SCAN:
        last = rows[-1]
    end = None if last is None else deps.cursors.seal(scope, place_of(last, filters))
    ids = [row["id"] for row in matching[:limit]]
    return Items(await queue.read_items(deps.database, site.key, ids), end)


def scope_of(site: Site, filters: Filters) -> str:
    """What a cursor is bound to: the list and every filter."""
    return f"items:{site.name}:{orjson.dumps(filters, option=orjson.OPT_UTC_Z).decode()}"


def place_of(row: Row, filters: Filters) -> list[str | float]:
    """Where a page ended, as its cursor keeps it."""
    if filters.queue in WAITING:
        return [float(row["urgency"]), row["since"].isoformat(), str(row["id"])]
    return [str(row["id"])]


def opened(place: Sequence[str | int | float]) -> Place:
    """A queue's place out of its cursor."""
    urgency, since, comment_id = place
    return float(urgency), datetime.fromisoformat(str(since)), UUID(str(comment_id))


async def resolve(deps: Deps, site: Site, filters: Filters) -> Wanted | None:
    """The filters as the store takes them; nothing when the article or the author is unknown here."""
    author_key = article_key = None
    if filters.author_id is not None:
        author = await authors.find_author_by_id(deps.database, site.key, filters.author_id)
        if author is None:
            return None
        author_key = author["key"]
    if filters.article_id is not None:
        article = await articles.find_article(deps.database, site.key, filters.article_id)
        if article is None:
            return None
        article_key = article["key"]
    return Wanted(
        site.key,
        LAST_ID if filters.before is None else first_id_at(filters.before),
        FIRST_ID if filters.after is None else first_id_at(filters.after),
        author_key,
        article_key,
        filters.section,
        filters.reason,
        filters.check,
    )


async def search(
    deps: Deps, site: Site, filters: Filters, wanted: Wanted, place: Sequence[str | int | float] | None, limit: int
) -> Found:
    """A page of a queue's comments that have the words, newest first."""
    seen = 0
    if place is not None:
        wanted, seen = before(wanted, UUID(str(place[0]))), int(place[1])
    waiting = filters.queue in WAITING
    asked = Asked(
        site.settings.language,
        search_words(filters.words or ""),
        None if waiting else STATUSES[filters.queue],
        filters.queue if waiting else None,
    )
    return await search_comments(deps, wanted, asked, seen, limit)


async def read_item(deps: Deps, site: Site, comment_id: UUID) -> Item:
    """A comment with its surroundings and its history. Raises CommentNotFound."""
    rows = await queue.read_items(deps.database, site.key, [comment_id])
    if not rows:
        raise CommentNotFound
    row = rows[0]
    article_key, parent_id, root_id = row["article_key"], row["parent_id"], row["root_id"]
    above = [] if parent_id is None else await queue.all_ancestors(deps.database, article_key, parent_id, root_id)
    return Item(
        row,
        above,
        await queue.neighbours(deps.database, article_key, comment_id, parent_id, root_id, row["path"]),
        await queue.revisions_of(deps.database, article_key, comment_id),
        await decisions.read_decisions(deps.database, site.key, NEWEST, DECISIONS, comment_id=comment_id),
    )


async def read_statements(deps: Deps, site: Site, comment_id: UUID) -> Statements:
    """What people told moderators about a comment. Raises CommentNotFound."""
    row = await comments.find_own(deps.database, site.key, comment_id)
    if row is None:
        raise CommentNotFound
    return Statements(
        await queue.appeals_of(deps.database, row["article_key"], comment_id),
        await queue.notices_of(deps.database, row["article_key"], comment_id),
    )


async def read_queue_counts(deps: Deps, site_key: int) -> Row:
    """How many wait in `pending`, `flagged` and `appeals`, `oldest_pending_at`, and how many are `removed` or `spam`.

    Exact as of one snapshot. Raises Unavailable.
    """
    return await queue.count_queues(deps.database, site_key)
