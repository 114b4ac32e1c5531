"""Voting."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from service.adapters.limits import Verdict
from service.deps import Deps
from service.domain.errors import CommentNotFound, GuestsNotAllowed, NotVisible, OwnComment
from service.domain.identity import Claims
from service.domain.sites import Site
from service.operations.authors import allowed_author
from service.operations.limits import charge
from service.store import votes


@dataclass(frozen=True, slots=True)
class Voted:
    """A comment's totals with this vote in them."""

    up: int
    down: int
    value: int
    verdict: Verdict


async def vote(deps: Deps, site: Site, claims: Claims, comment_id: UUID, value: int, address: str) -> Voted:
    """Vote -1 or +1, or withdraw with 0; repeating it changes nothing.

    Raises CommentNotFound, NotVisible for a tombstone, OwnComment, Banned, GuestsNotAllowed, RateLimited.
    """
    author = await allowed_author(deps, site, claims, address)
    if author.guest and not site.settings.guest_votes:
        raise GuestsNotAllowed("Guests do not vote here.")
    verdict = await charge(deps, "votes", address=address, account=(site.name, str(author.id)))
    row = await votes.upsert_vote(deps.database, site.key, comment_id, author.key, value)
    if row is None or not row["listed"]:
        raise CommentNotFound
    if row["status"] != "published":
        raise NotVisible
    if row["own"]:
        raise OwnComment
    deps.wake_followers()
    return Voted(row["up"], row["down"], value, verdict)
