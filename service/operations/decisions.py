"""Reading the log of decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.deps import Deps
from service.domain.rows import Row
from service.domain.sites import Site
from service.store import authors, decisions
from service.store.decisions import NEWEST


@dataclass(frozen=True, slots=True)
class DecisionLog:
    """A page of the log, newest first."""

    rows: Sequence[Row]
    next_cursor: str | None


async def read_log(
    deps: Deps,
    site: Site,
    *,
    comment_id: UUID | None,
    moderator_id: UUID | None,
    author_id: UUID | None,
    limit: int,
    cursor: str | None,
) -> DecisionLog:
    """What was decided on a comment, by a moderator, on an author; None is any. Raises InvalidCursor."""
    scope = f"decisions:{site.name}:{comment_id}:{moderator_id}:{author_id}"
    before = NEWEST
    if cursor is not None:
        at, decision_id = deps.cursors.open(scope, cursor)
        before = datetime.fromisoformat(str(at)), UUID(str(decision_id))
    keys: list[int | None] = []
    for public_id in (author_id, moderator_id):
        person = None if public_id is None else await authors.find_author_by_id(deps.database, site.key, public_id)
        if public_id is not None and person is None:
            return DecisionLog([], None)
        keys.append(None if person is None else person["key"])
    author_key, moderator_key = keys
    rows = await decisions.read_decisions(
        deps.database,
        site.key,
        before,
        limit + 1,
        comment_id=comment_id,
        author_key=author_key,
        moderator_key=moderator_key,
    )
    shown = rows[:limit]
    more = len(rows) > limit
    end = deps.cursors.seal(scope, [shown[-1]["created_at"].isoformat(), str(shown[-1]["id"])]) if more else None
    return DecisionLog(shown, end)
