"""What somebody was told of, each with the comment as they may see it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from service.deps import Deps
from service.domain.identity import Claims
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.authors import Author, read_me
from service.operations.lists import listed
from service.store import comments, notifications

OTHERS = ("reply", "flag_answered")  # types that are about other people's comments
LAST = (2**63 - 1, "")  # a place after every notification


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing somebody was told of. `own`: the comment is theirs; `comment` is None when they may not see it."""

    position: int
    type: str
    reason: str | None
    created_at: datetime
    own: bool
    comment: Row | None


@dataclass(frozen=True, slots=True)
class Notifications:
    """Some of them, and where they go on."""

    items: Sequence[Notification]
    next_cursor: str | None


async def read_notifications(deps: Deps, site: Site, claims: Claims, limit: int, cursor: str | None) -> Notifications:
    """What somebody was told of, newest first. Raises InvalidCursor."""
    author, _ = await read_me(deps, site, claims)
    scope = f"notifications:{site.name}:{author.id}"
    before = LAST
    if cursor is not None:
        position, kind = deps.cursors.open(scope, cursor)
        before = (int(position), str(kind))
    rows = await notifications.notifications_of(deps.database, author.key, before, limit + 1)
    found = listed(deps, scope, rows, limit, lambda last: [last["position"], last["type"]])
    return Notifications(await as_seen_by(deps, author, rows[:limit]), found.next_cursor)


async def as_seen_by(deps: Deps, author: Author, rows: Sequence[asyncpg.Record]) -> list[Notification]:
    """An author's notifications with the comments as they may see them now; at most two queries."""
    own = [row for row in rows if row["comment_id"] is not None and row["type"] not in OTHERS]
    others = [row for row in rows if row["type"] in OTHERS]
    found: dict[tuple[bool, object], Row] = {}
    if own:
        keys, ids = [row["article_key"] for row in own], [row["comment_id"] for row in own]
        seen = await comments.find_own_many(deps.database, keys, ids, author.key)
        found |= {(True, row["id"]): row for row in seen}
    if others:
        keys, ids = [row["article_key"] for row in others], [row["comment_id"] for row in others]
        seen = await comments.find_listed_many(deps.database, keys, ids)
        found |= {(False, row["id"]): row for row in seen}
    return [notification(author, row, found) for row in rows]


def notification(author: Author, row: asyncpg.Record, found: dict[tuple[bool, object], Row]) -> Notification:
    """One notification; of a ban, its reason is told until it is lifted."""
    own = row["type"] not in OTHERS
    reason = row["reason"]
    if row["type"] == "ban_changed" and reason == "banned":
        reason = author.ban_reason or reason
    comment = found.get((own, row["comment_id"]))
    return Notification(row["position"], row["type"], reason, row["created_at"], own, comment)
