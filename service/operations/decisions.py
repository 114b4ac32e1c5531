"""Reading the log of decisions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from service.deps import Deps
from service.domain.sites import Site
from service.operations.lists import Listed, listed
from service.store import authors, decisions
from service.store.decisions import NEWEST


async def read_log(
    deps: Deps,
    site: Site,
    *,
    comment_id: UUID | None,
    moderator_id: UUID | None,
    author_id: UUID | None,
    limit: int,
    cursor: str | None,
) -> Listed:
    """What was decided on a comment, by a moderator, on an author, newest first; None is any. Raises InvalidCursor."""
    scope = f"decisions:{site.name}:{comment_id}:{moderator_id}:{author_id}"
    before = NEWEST
    if cursor is not None:
        at, decision_id = deps.cursors.open(scope, cursor)
        before = datetime.fromisoformat(str(at)), UUID(str(decision_id))
    keys: list[int | None] = []
    for public_id in (author_id, moderator_id):
        person = None if public_id is None else await authors.find_author_by_id(deps.database, site.key, public_id)
        if public_id is not None and person is None:
            return Listed([], None)
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
    return listed(deps, scope, rows, limit, lambda last: [last["created_at"].isoformat(), str(last["id"])])
