"""What a reader sees of their own beside a discussion that is the same for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from service.deps import Deps
from service.domain.errors import DiscussError
from service.domain.identity import Claims
from service.domain.ids import first_id_at
from service.domain.moderation import Draft, Refused, judge
from service.domain.rows import Row
from service.domain.rules import Rules, skeletons
from service.domain.sites import Site
from service.operations.authors import Author, read_me
from service.operations.rules import rules_of
from service.store import articles, me


@dataclass(frozen=True, slots=True)
class Mine:
    """A reader's own on one article. `refusal` is why they may not post now."""

    refusal: DiscussError | None
    votes: dict[UUID, int] = field(default_factory=dict)
    flags: Sequence[UUID] = ()
    held: Sequence[Row] = ()
    removed: Sequence[Row] = ()
    editable: Sequence[Row] = ()


async def read_mine(deps: Deps, site: Site, claims: Claims, article_id: str) -> Mine:
    """A reader's votes, flags, held, editable and removed comments on an article, and whether they may post."""
    author, now = await read_me(deps, site, claims)
    article = await articles.find_article(deps.database, site.key, article_id)
    refusal = refusal_of(site, await rules_of(deps, site), author, article, now)
    if article is None:
        return Mine(refusal)
    key = article["key"]
    editable_since = now - timedelta(seconds=site.settings.edit_window_seconds)
    unpublished = await me.own_unpublished(deps.database, author.key, key)
    return Mine(
        refusal,
        votes=await me.own_votes(deps.database, author.key, key),
        flags=await me.own_flags(deps.database, author.key, key),
        held=[row for row in unpublished if row["status"] == "pending"],
        removed=[row for row in unpublished if row["status"] != "pending"],
        editable=await me.own_editable(deps.database, author.key, key, first_id_at(editable_since)),
    )


def refusal_of(
    site: Site, rules: Rules, author: Author, article: asyncpg.Record | None, now: datetime
) -> DiscussError | None:
    """Why this reader may not post here now; nothing when they may."""
    draft = Draft(
        now=now,
        settings=site.settings,
        links=0,
        guest=author.guest,
        rules=rules,
        name=author.name,
        staff=bool(author.roles),
        staff_names=skeletons(site.staff_names),
        banned_until=author.banned_until,
        ban_reason=author.ban_reason,
        article_locked=article is not None and article["locked"],
        locked_reason=article["locked_reason"] if article is not None else None,
    )
    try:
        judge(draft)
    except Refused as refused:
        return refused.error
    return None
