"""Comments as moderators find and see them: queues, lists, searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("queue")

Place = tuple[float, datetime, UUID]  # where a queue's walk is: urgency, since when it waits, comment


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a walk looks for: ids from `since` on and below `before`; None is any."""

    site_key: int
    before: UUID
    since: UUID
    author_key: int | None = None
    article_key: int | None = None
    section: str | None = None
    reason: str | None = None
    check: str | None = None


async def walk_queue(db: Executor, wanted: Wanted, kind: str, after: Place, *, scan: int, limit: int) -> Rows:
    """What waits in a queue (pending, flagged, appeals) after a place, the most urgent first.

    At most `limit` rows of those that match; the last of `scan` looked at is among them (n = scan), matching or not.
    """
    urgency, since, comment_id = after
    return await db.fetch(QUERIES["walk_queue"], *arguments(wanted, scan, limit), kind, -urgency, since, comment_id)


async def walk_comments(db: Executor, wanted: Wanted, statuses: Sequence[str], *, scan: int, limit: int) -> Rows:
    """Comments of these statuses, newest first, by the narrowest index there is; rows as `walk_queue` gives them."""
    if wanted.author_key is not None:
        query = QUERIES["walk_author"]
    elif wanted.article_key is not None:
        query = QUERIES["walk_article"]
    elif statuses == ["removed"]:
        query = QUERIES["walk_removed"]
    elif statuses == ["spam"]:
        query = QUERIES["walk_spam"]
    else:
        query = QUERIES["walk_site"]
    return await db.fetch(query, *arguments(wanted, scan, limit), list(statuses))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search asks for: words in a language, and which comments may be shown."""

    language: str
    words: str
    statuses: list[str] | None
    kind: str | None


async def search_recent(db: Executor, wanted: Wanted, asked: Asked, *, scan: int) -> Rows:
    """Those of the newest `scan` comments that have the words (`matches`: may be shown), and the last one looked at.

    One row at least, with the number of words that were asked for and of the site's comments; its id may be None.
    """
    return await db.fetch(QUERIES["search_recent"], *arguments(wanted, scan, scan), *what(asked))


async def search_words(db: Executor, wanted: Wanted, asked: Asked, *, scan: int, limit: int) -> Rows:
    """Comments that have the words and may be shown, among the newest `scan` that have them.

    One row at least, with the number found (at most `scan`); its id may be None.
    """
    return await db.fetch(QUERIES["search_words"], *arguments(wanted, scan, limit), *what(asked))


def arguments(wanted: Wanted, scan: int, limit: int) -> tuple[object, ...]:
    """$1 to $10 of every walk."""
    return (
        wanted.site_key,
        wanted.before,
        wanted.since,
        scan,
        limit,
        wanted.author_key,
        wanted.article_key,
        wanted.section,
        wanted.reason,
        wanted.check,
    )


def what(asked: Asked) -> tuple[object, ...]:
    """$11 to $14 of every search."""
    return asked.statuses, asked.language, asked.words, asked.kind


async def read_items(db: Executor, site_key: int, comment_ids: Sequence[UUID]) -> Rows:
    """Comments with everything moderators judge them by, in the given order; unknown ids are left out."""
    return await db.fetch(QUERIES["read_items"], site_key, list(comment_ids))


async def all_ancestors(db: Executor, article_key: int, parent_id: UUID, root_id: UUID) -> Rows:
    """The root and the nearest ancestors, whatever their status, root first."""
    return await db.fetch(QUERIES["all_ancestors"], article_key, parent_id, root_id)


async def neighbours(
    db: Executor, article_key: int, comment_id: UUID, parent_id: UUID | None, root_id: UUID, path: bytes
) -> Rows:
    """The listed siblings around a comment, at most three each way."""
    return await db.fetch(QUERIES["neighbours"], article_key, comment_id, parent_id, root_id, path)


async def revisions_of(db: Executor, article_key: int, comment_id: UUID) -> Rows:
    """Every wording of a comment, first to last."""
    return await db.fetch(QUERIES["revisions_of"], article_key, comment_id)


async def appeals_of(db: Executor, article_key: int, comment_id: UUID) -> Rows:
    """Every appeal against a comment's removal, newest first."""
    return await db.fetch(QUERIES["appeals_of"], article_key, comment_id)


async def notices_of(db: Executor, article_key: int, comment_id: UUID) -> Rows:
    """The notices that a comment is illegal, newest first, at most 100."""
    return await db.fetch(QUERIES["notices_of"], article_key, comment_id)


async def count_queues(db: Executor, site_key: int) -> asyncpg.Record:
    """How many comments wait in each queue, and how many were removed or are spam."""
    row = await db.fetchrow(QUERIES["count_queues"], site_key)
    assert row is not None
    return row
