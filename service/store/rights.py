"""People's rights: what is stored of somebody, and forgetting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from service.domain.ids import FIRST_ID
from service.store.database import Executor, Rows
from service.store.queries import Query, load_queries

QUERIES = load_queries("rights")
FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)


async def begin_erasure(
    db: Executor,
    erasure_id: UUID,
    author_key: int,
    hashes: Sequence[bytes],
    mode: str,
    issuer_of_nobody: str,
    name_of_nobody: str,
    banned_until: datetime | None,
) -> str | None:
    """Take the name off everything and note what is left to do: anonymise or delete; nothing when it was done before.

    `hashes` are the person's, by the present key first; `banned_until` is a ban that their row does not know of.
    """
    row = await db.fetchrow(
        QUERIES["begin_erasure"],
        erasure_id,
        author_key,
        hashes[0],
        list(hashes),
        mode,
        issuer_of_nobody,
        name_of_nobody,
        banned_until,
    )
    return row["mode"] if row is not None else None


async def last_erasure(db: Executor, site_key: int, hashes: Sequence[bytes]) -> asyncpg.Record | None:
    """A person's last erasure."""
    return await db.fetchrow(QUERIES["last_erasure"], site_key, list(hashes))


async def find_erasure(db: Executor, site_key: int, erasure_id: UUID, hashes: Sequence[bytes]) -> asyncpg.Record | None:
    """A person's erasure by id."""
    return await db.fetchrow(QUERIES["find_erasure"], site_key, erasure_id, list(hashes))


async def next_erasure(db: Executor) -> asyncpg.Record | None:
    """An erasure that has work left."""
    return await db.fetchrow(QUERIES["next_erasure"])


async def take_erasure(db: Executor, erasure_id: UUID, state: str, at: UUID) -> bool:
    """Whether this transaction may do the step after `at`."""
    return await db.fetchrow(QUERIES["take_erasure"], erasure_id, state, at) is not None


async def advance_erasure(db: Executor, erasure_id: UUID, state: str, at: UUID) -> None:
    """The comments up to `at` were looked at."""
    await db.execute(QUERIES["advance_erasure"], erasure_id, state, at)


async def finish_erasure(db: Executor, erasure_id: UUID) -> None:
    """Nothing is left to do."""
    await db.execute(QUERIES["finish_erasure"], erasure_id)


async def forget_words(db: Executor, author_key: int, after: UUID, limit: int, *, keep_published: bool) -> UUID | None:
    """Clear the words of the next comments; the last one looked at, nothing at the end."""
    row = await db.fetchrow(QUERIES["forget_words"], author_key, after, limit, keep_published)
    return row["id"] if row is not None else None


async def left_to_delete(db: Executor, author_key: int, after: UUID, limit: int, *, keep_published: bool) -> list[UUID]:
    """The next comments that are to go, or have an edit that is."""
    rows = await db.fetch(QUERIES["left_to_delete"], author_key, after, limit, keep_published)
    return [row["id"] for row in rows]


async def clear_comment(db: Executor, article_key: int, comment_id: UUID, kept: int | None) -> None:
    """Clear a locked comment's words, but for the revision of that number."""
    await db.execute(QUERIES["clear_comment"], article_key, comment_id, kept)


FORGOTTEN = tuple(
    QUERIES[name]
    for name in (
        "forget_keys",
        "forget_texts",
        "forget_near_texts",
        "forget_addresses_of",
        "forget_notes",
        "forget_notifications",
        "forget_flags",
        "forget_notices",
        "forget_appeals",
    )
)


async def forget_rest(db: Executor, author_key: int) -> None:
    """Forget whatever else is stored of somebody."""
    for query in FORGOTTEN:
        await db.execute(query, author_key)


async def known_erased(db: Executor, site_key: int, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of the hashes that are of erased people."""
    return {row["hash"] for row in await db.fetch(QUERIES["known_erased"], site_key, list(hashes))}


async def each_erased(db: Executor) -> Rows:
    """Everybody who was erased."""
    return await db.fetch(QUERIES["each_erased"])


async def remember_erased(
    db: Executor, site_key: int, person: bytes, banned_until: datetime | None, erased_at: datetime
) -> None:
    """Add somebody to the list."""
    await db.execute(QUERIES["remember_erased"], site_key, person, banned_until, erased_at)


async def next_authors(db: Executor, site_key: int, after: int, limit: int, issuer_of_nobody: str) -> Rows:
    """A site's authors but for erased ones, in order."""
    return await db.fetch(QUERIES["next_authors"], site_key, after, limit, issuer_of_nobody)


@dataclass(frozen=True, slots=True)
class ExportedList:
    """One list of an export: its query, the columns it is ordered by, and the place before its beginning."""

    query: Query
    columns: tuple[str, ...]
    first: tuple[Any, ...]


EXPORTED = {
    "comments": ExportedList(QUERIES["export_comments"], ("id",), (FIRST_ID,)),
    "votes": ExportedList(QUERIES["export_votes"], ("article_key", "comment_id"), (0, FIRST_ID)),
    "flags": ExportedList(QUERIES["export_flags"], ("article_key", "comment_id"), (0, FIRST_ID)),
    "notices": ExportedList(QUERIES["export_notices"], ("id",), (FIRST_ID,)),
    "appeals": ExportedList(QUERIES["export_appeals"], ("article_key", "comment_id", "version"), (0, FIRST_ID, 0)),
    "notifications": ExportedList(QUERIES["export_notifications"], ("position", "type"), (0, "")),
    "decisions": ExportedList(QUERIES["export_decisions"], ("created_at", "id"), (FIRST_TIME, FIRST_ID)),
    "addresses": ExportedList(QUERIES["export_addresses"], ("hash",), (b"",)),
}


async def export_author(db: Executor, author_key: int) -> asyncpg.Record:
    """What is stored of a person themself."""
    row = await db.fetchrow(QUERIES["export_author"], author_key)
    assert row is not None
    return row


async def export_batch(db: Executor, name: str, author_key: int, after: Sequence[Any] | None, limit: int) -> Rows:
    """The next rows of one list (a name of EXPORTED), after the place where the last ended."""
    exported = EXPORTED[name]
    return await db.fetch(exported.query, author_key, *(exported.first if after is None else after), limit)
