"""Comments, their words, and the decisions on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

import asyncpg

from service.domain.errors import DiscussError, DuplicateComment, IdempotencyInProgress, Unavailable
from service.domain.ids import FIRST_ID, LAST_ID
from service.domain.moderation import Standing
from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("comments")


class IdempotencyKeyTaken(DiscussError):
    """Another request wrote this Idempotency-Key first."""


CONSTRAINTS: dict[str, type[DiscussError]] = {
    "idempotency_keys_pkey": IdempotencyKeyTaken,
    "recent_texts_same_text_again": DuplicateComment,
    "comments_article_key_fkey": Unavailable,  # a merge took the article away meanwhile: the next try finds the other
}


@dataclass(frozen=True, slots=True)
class NewComment:
    """Everything that is written for one post."""

    site_key: int
    article_key: int
    id: UUID
    parent_id: UUID | None
    author_key: int
    status: str
    held_by: list[str]
    text: str
    html: str
    renderer: int
    created_at: datetime
    fingerprint: bytes
    said_again_before: datetime
    idempotency_key: str | None
    request_hash: bytes
    answered: int
    address: bytes  # its hash
    held_details: dict[str, str]  # by the check
    near: list[int]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a site wants to know of an author before they say something; 0 and [] where it does not ask."""

    address: IPv4Address | IPv6Address
    approvals: int
    history: int
    near: list[int]
    near_minutes: int
    near_authors: int

    @property
    def plain(self) -> bool:
        """Whether it asks no more than every site."""
        return not (self.approvals or self.history or self.near)

    def arguments(self) -> tuple[object, ...]:
        """As the queries take them."""
        return (self.address, self.approvals, self.history, self.near, self.near_minutes, self.near_authors)


async def posting_context(
    db: Executor,
    site_key: int,
    article_id: str,
    issuer: str,
    subject: str,
    inquiry: Inquiry,
    parent_id: UUID | None,
    idempotency_key: str | None,
) -> asyncpg.Record:
    """Everything a post is judged by, in one row."""
    who = (issuer, subject, *inquiry.arguments())
    query = QUERIES["plain_posting_context" if inquiry.plain else "posting_context"]
    row = await db.fetchrow(query, site_key, article_id, *who, parent_id, idempotency_key)
    assert row is not None
    return row


async def editing_context(
    db: Executor, site_key: int, comment_id: UUID, issuer: str, subject: str, inquiry: Inquiry
) -> asyncpg.Record:
    """Everything an edit is judged by, in one row; `status` is None when there is no such comment."""
    who = (issuer, subject, *inquiry.arguments())
    row = await db.fetchrow(QUERIES["editing_context"], site_key, comment_id, *who)
    assert row is not None
    return row


async def insert_comment(db: Executor, new: NewComment) -> asyncpg.Record | None:
    """Write a comment with all that belongs to it; nothing when its parent is not visible any more.

    Raises IdempotencyKeyTaken, DuplicateComment, IdempotencyInProgress; then nothing was written.
    """
    try:
        return await db.fetchrow(
            QUERIES["insert_comment"],
            new.site_key,
            new.article_key,
            new.id,
            new.parent_id,
            new.author_key,
            new.status,
            new.held_by,
            new.text,
            new.html,
            new.renderer,
            new.created_at,
            new.fingerprint,
            new.said_again_before,
            new.idempotency_key,
            new.request_hash,
            new.answered,
            new.address,
            new.held_details or None,
            new.near,
        )
    except asyncpg.IntegrityConstraintViolationError as error:
        raise CONSTRAINTS[error.constraint_name or ""] from error
    except DiscussError as error:
        if new.idempotency_key is not None and isinstance(error.__cause__, asyncpg.LockNotAvailableError):
            raise IdempotencyInProgress from error
        raise


async def touch_idempotency_key(db: Executor, author_key: int, key: str) -> asyncpg.Record | None:
    """What the first request with this key was answered."""
    return await db.fetchrow(QUERIES["touch_idempotency_key"], author_key, key)


async def read_page(
    db: Executor,
    article_key: int,
    *,
    sort: str,
    featured: bool,
    after: tuple[float, UUID] | None,
    limit: int,
    replies: int,
) -> Rows:
    """An article and its listed roots with their first replies, in order, in one snapshot.

    The first row always holds the article; `place` is None when no root follows.
    """
    rank, comment_id = after or (float("inf"), FIRST_ID if sort == "oldest" else LAST_ID)
    if featured:
        return await db.fetch(QUERIES["page_featured"], article_key, comment_id, limit, replies, rank, sort)
    ranked = (rank,) if sort in ("top", "controversial") else ()
    return await db.fetch(QUERIES[f"page_{sort}"], article_key, comment_id, limit, replies, *ranked)


async def read_replies(db: Executor, article_key: int, root_id: UUID, after: bytes, limit: int) -> Rows:
    """A root's listed replies in reading order, after a path."""
    return await db.fetch(QUERIES["replies_of_root"], article_key, root_id, after, limit)


async def find_listed(db: Executor, site_key: int, comment_id: UUID) -> asyncpg.Record | None:
    """A comment the public may see (or its tombstone), with its article."""
    return await db.fetchrow(QUERIES["find_listed"], site_key, comment_id)


async def find_own(db: Executor, site_key: int, comment_id: UUID) -> asyncpg.Record | None:
    """A comment whatever its status, with its words: for its author and moderators only."""
    return await db.fetchrow(QUERIES["find_own"], site_key, comment_id)


async def find_listed_many(db: Executor, article_keys: list[int], comment_ids: list[UUID]) -> Rows:
    """Those of the comments that the public may see, or their tombstones."""
    return await db.fetch(QUERIES["find_listed_many"], article_keys, comment_ids)


async def find_own_many(db: Executor, article_keys: list[int], comment_ids: list[UUID], author_key: int) -> Rows:
    """Those of the comments that an author wrote and did not delete, with their words."""
    return await db.fetch(QUERIES["find_own_many"], article_keys, comment_ids, author_key)


async def live_comments(
    db: Executor, article_keys: Sequence[int], ids: Sequence[UUID], above: Sequence[bool], heard: int
) -> Rows:
    """Comments of articles as the public sees them now, with those above where asked for; each row has its article."""
    return await db.fetch(QUERIES["live_comments"], list(article_keys), list(ids), list(above), heard)


async def ancestors(db: Executor, article_key: int, parent_id: UUID, root_id: UUID) -> Rows:
    """The root and the nearest listed ancestors, root first."""
    return await db.fetch(QUERIES["ancestors"], article_key, parent_id, root_id)


async def lock_comment(db: Executor, site_key: int, comment_id: UUID) -> asyncpg.Record | None:
    """A comment about to change; nobody else changes it or replies to it until the transaction ends."""
    await db.execute(QUERIES["take_comment"], site_key, comment_id)
    return await db.fetchrow(QUERIES["lock_comment"], site_key, comment_id)


async def save_standing(
    db: Executor,
    article_key: int,
    comment_id: UUID,
    standing: Standing,
    *,
    grows: bool,
    edited_at: datetime | None = None,
) -> int:
    """Give a locked comment its new standing; its version, which `grows` with a change of text or status."""
    row = await db.fetchrow(
        QUERIES["save_standing"],
        article_key,
        comment_id,
        standing.status,
        standing.prior,
        standing.featured,
        standing.approved,
        standing.edited,
        standing.revision,
        standing.pending_revision,
        edited_at,
        grows,
    )
    assert row is not None
    return int(row["version"])


async def insert_revision(
    db: Executor, article_key: int, comment_id: UUID, number: int, text: str, html: str, renderer: int, status: str
) -> None:
    """Keep new words."""
    await db.execute(QUERIES["insert_revision"], article_key, comment_id, number, text, html, renderer, status)


async def judge_revisions(
    db: Executor, article_key: int, comment_id: UUID, published: int | None, waiting: int | None
) -> None:
    """Publish one of the revisions that wait; the others are rejected, but for the one that still waits."""
    await db.execute(QUERIES["judge_revisions"], article_key, comment_id, published, waiting)


async def hold_comment(
    db: Executor, article_key: int, comment_id: UUID, checks: list[str], details: dict[str, str] | None = None
) -> None:
    """Note which checks hold it, and what they found."""
    await db.execute(QUERIES["hold_comment"], article_key, comment_id, checks, details or None)


async def remember_text(db: Executor, author_key: int, said: bytes, comment_id: UUID, again_before: datetime) -> None:
    """Somebody changed their words to these. Raises DuplicateComment when they said the same there lately."""
    try:
        await db.execute(QUERIES["remember_text"], author_key, said, comment_id, again_before)
    except asyncpg.IntegrityConstraintViolationError as error:
        raise CONSTRAINTS[error.constraint_name or ""] from error


async def remember_near(db: Executor, site_key: int, author_key: int, near: list[int]) -> None:
    """Somebody said something that has these fingerprints."""
    await db.execute(QUERIES["remember_near"], site_key, author_key, near)


async def recent_comments(db: Executor, site_key: int, limit: int, approvals: int, history: int) -> Rows:
    """The last comments of a site, oldest first, as checks see them."""
    return await db.fetch(QUERIES["recent_comments"], site_key, limit, approvals, history)


async def enqueue(
    db: Executor,
    site_key: int,
    kind: str,
    article_key: int,
    comment_id: UUID,
    author_key: int,
    *,
    urgency: float = 0,
    checks: Sequence[str] = (),
    reasons: Sequence[str] = (),
) -> None:
    """Let a comment wait for a person in a queue: pending, flagged or appeals."""
    await db.execute(
        QUERIES["enqueue"], site_key, kind, article_key, comment_id, author_key, urgency, list(checks), list(reasons)
    )


async def dequeue(db: Executor, article_key: int, comment_id: UUID, *kinds: str) -> None:
    """It waits no longer in these queues."""
    await db.execute(QUERIES["dequeue"], article_key, comment_id, list(kinds))


async def forget_text(db: Executor, author_key: int, comment_id: UUID) -> None:
    """Its author may say it again."""
    await db.execute(QUERIES["forget_text"], author_key, comment_id)
