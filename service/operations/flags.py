"""Flagging: readers tell moderators about a comment, and enough of them hold it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from service.adapters.limits import Verdict
from service.deps import Deps
from service.domain.errors import CommentNotFound, GuestsNotAllowed, NotVisible, OwnComment
from service.domain.identity import Claims
from service.domain.sites import Site
from service.domain.text import clean_text
from service.operations.authors import allowed_author
from service.operations.limits import charge
from service.operations.moderation import change, locked_comment
from service.operations.posting import usable_text
from service.store import comments, events, flags, notices
from service.store.database import Transaction
from service.store.events import Happening
from service.store.notices import NewNotice

ILLEGAL = 1000  # added to the urgency of what somebody calls illegal
MAX_EXPLANATION, MAX_LEGAL_GROUND = 5000, 200


@dataclass(frozen=True, slots=True)
class Notice:
    """Why somebody says that a comment is illegal."""

    explanation: str
    legal_ground: str

    @classmethod
    def cleaned(cls, explanation: str, legal_ground: str, prefix: str = "") -> Notice:
        """The words as they are stored. Raises InvalidText, and ValidationFailed for fields below `prefix`."""
        return cls(
            usable_text(explanation, MAX_EXPLANATION, f"{prefix}explanation"),
            usable_text(legal_ground, MAX_LEGAL_GROUND, f"{prefix}legal_ground"),
        )


@dataclass(frozen=True, slots=True)
class Flagged:
    """The flag that stands, and whether it is new."""

    reason: str
    created_at: datetime
    new: bool
    verdict: Verdict


async def flag_comment(
    deps: Deps,
    site: Site,
    claims: Claims,
    comment_id: UUID,
    reason: str,
    note: str | None,
    address: str,
    notice: Notice | None = None,
) -> Flagged:
    """Flag somebody else's published comment; the first flag of an author stands. `notice` goes with `illegal`.

    At the site's threshold the comment is held, unless a person approved it as it is. Raises CommentNotFound,
    NotVisible, OwnComment, Banned, GuestsNotAllowed, RateLimited.
    """
    author = await allowed_author(deps, site, claims, address)
    if author.guest and not site.settings.guest_votes:
        raise GuestsNotAllowed("Guests do not flag here.")
    verdict = await charge(deps, "flags", address=address, account=(site.name, str(author.id)))
    cleaned = clean_text(note) if note else None
    async with deps.database.transaction("flag_comment") as tx:
        comment = await locked_comment(tx, site, comment_id)
        if not comment["listed"] or comment["visibility"] == "hidden":
            raise CommentNotFound
        if comment["author_key"] == author.key:
            raise OwnComment
        if comment["status"] != "published":
            raise NotVisible
        article_key = comment["article_key"]
        made = await flags.insert_flag(tx, article_key, comment_id, author.key, reason, cleaned)
        if made is None:
            first = await flags.find_flag(tx, article_key, comment_id, author.key)
            assert first is not None
            return Flagged(first["reason"], first["created_at"], False, verdict)
        if notice is not None:
            words = (notice.explanation, notice.legal_ground)
            await notices.insert_notice(tx, NewNotice(site.key, article_key, comment_id, *words, author.key))
        weight = await enqueue_flagged(tx, site, comment)
        held = weight >= site.settings.flag_threshold and not comment["approved"]
        if held:
            await comments.hold_comment(tx, article_key, comment_id, ["flags"])
            await change(tx, site, await locked_comment(tx, site, comment_id), "hold", check="flags")
        status = comment["status"]
        happening = Happening(
            "comment.flagged", site.key, article_key, comment_id, comment["author_key"], status, status, reason=reason
        )
        await events.insert_outbox(tx, happening)
    if held:
        deps.withdrew((site.name, comment["article_id"]))
    deps.wake_followers()
    return Flagged(reason, made["created_at"], True, verdict)


async def enqueue_flagged(tx: Transaction, site: Site, comment: asyncpg.Record) -> float:
    """Let a comment wait with what its open flags and notices say; what the flags weigh."""
    article_key, comment_id, author_key = comment["article_key"], comment["id"], comment["author_key"]
    weight, reasons = await flags.open_flags(tx, article_key, comment_id)
    urgency = weight + (ILLEGAL if "illegal" in reasons else 0)
    await comments.enqueue(
        tx, site.key, "flagged", article_key, comment_id, author_key, urgency=urgency, reasons=reasons
    )
    return weight
