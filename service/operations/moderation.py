"""Decisions on comments, by moderators, by rules and by their authors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import asyncpg

from service.deps import Deps
from service.domain.errors import CommentNotFound, Conflict, Forbidden
from service.domain.moderation import Action, Standing
from service.domain.moderation import decide as decide_standing
from service.domain.sites import Site
from service.store import appeals, authors, comments, decisions, events, flags, notices
from service.store.database import Transaction
from service.store.decisions import Decision
from service.store.events import Happening

Result = Literal["applied", "unchanged", "conflict", "not_found"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision."""

    changed: bool
    status: str
    version: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done with a comment. `version` is the one they looked at."""

    comment_id: UUID
    action: Action
    reason: str | None = None
    note: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a wish; status and version are None for a comment that is not there."""

    comment_id: UUID
    result: Result
    status: str | None = None
    version: int | None = None


async def decide(
    deps: Deps,
    site: Site,
    comment_id: UUID,
    action: Action,
    *,
    moderator_key: int | None = None,
    reason: str | None = None,
    note: str | None = None,
    version: int | None = None,
) -> Decided:
    """Apply an action to a comment, in a transaction of its own; doing it again changes nothing.

    Raises CommentNotFound, and Conflict when `version` is stale, when unseen words would be approved, when the appeal
    is another moderator's to decide, or when the state table has no such step.
    """
    async with deps.database.transaction(f"{action}_comment") as tx:
        comment = await locked_comment(tx, site, comment_id)
        await refuse_unseen(tx, comment, action, version)
        if moderator_key is not None:
            await refuse_own_case(tx, site, comment, action, moderator_key)
        decided = await change(tx, site, comment, action, moderator_key=moderator_key, reason=reason, note=note)
    if decided.changed:
        deps.withdrew((site.name, comment["article_id"]))
    return decided


async def decide_all(deps: Deps, site: Site, moderator_key: int, wishes: list[Wish]) -> list[Outcome]:
    """Many decisions, each its own transaction, in order."""
    return [await decide_one(deps, site, moderator_key, wish) for wish in wishes]


async def decide_one(deps: Deps, site: Site, moderator_key: int, wish: Wish) -> Outcome:
    """One of many: what cannot be done is told, not raised."""
    try:
        decided = await decide(
            deps,
            site,
            wish.comment_id,
            wish.action,
            moderator_key=moderator_key,
            reason=wish.reason,
            note=wish.note,
            version=wish.version,
        )
    except CommentNotFound:
        return Outcome(wish.comment_id, "not_found")
    except Conflict:
        row = await comments.find_own(deps.database, site.key, wish.comment_id)
        return Outcome(wish.comment_id, "conflict", row["status"] if row else None, row["version"] if row else None)
    return Outcome(wish.comment_id, "applied" if decided.changed else "unchanged", decided.status, decided.version)


async def delete_comment(deps: Deps, site: Site, comment_id: UUID, author_key: int) -> Decided:
    """Delete one's own comment; again is fine. Raises CommentNotFound, Forbidden for somebody else's."""
    async with deps.database.transaction("delete_comment") as tx:
        comment = await locked_comment(tx, site, comment_id)
        if comment["author_key"] != author_key:
            raise Forbidden if comment["listed"] else CommentNotFound
        decided = await change(tx, site, comment, "delete")
        await comments.forget_text(tx, author_key, comment_id)
    if decided.changed:
        deps.withdrew((site.name, comment["article_id"]))
    return decided


async def locked_comment(tx: Transaction, site: Site, comment_id: UUID) -> asyncpg.Record:
    """The comment, locked until the transaction ends. Raises CommentNotFound."""
    comment = await comments.lock_comment(tx, site.key, comment_id)
    if comment is None:
        raise CommentNotFound
    return comment


async def refuse_unseen(tx: Transaction, comment: asyncpg.Record, action: Action, version: int | None) -> None:
    """Raise Conflict for a stale version, and for approving words that changed since the last decision unseen."""
    if version is not None and version != comment["version"]:
        raise Conflict
    if version is None and action == "approve" and comment["edited"]:
        raise Conflict("It was edited since the last decision: look at it, and say which version you approve.")


async def refuse_own_case(
    tx: Transaction, site: Site, comment: asyncpg.Record, action: Action, moderator_key: int
) -> None:
    """Raise Conflict when a moderator would judge their own case although somebody else could.

    That is bringing back what they wrote themself, and deciding on the appeal against their own removal.
    """
    if action not in ("approve", "restore", "uphold") or comment["status"] not in ("removed", "spam"):
        return
    own = comment["author_key"] == moderator_key
    if comment["appealed"] and not own:
        removal = await decisions.find_removing_decision(tx, comment["id"])
        own = removal is not None and removal["moderator_key"] == moderator_key
    if own and await authors.another_moderator(tx, site.key, moderator_key):
        raise Conflict("This is your own case: another moderator decides.")


def standing_of(comment: asyncpg.Record) -> Standing:
    """A locked comment's standing."""
    return Standing(
        status=comment["status"],
        prior=comment["prior_status"],
        featured=comment["featured"],
        approved=comment["approved"],
        edited=comment["edited"],
        revision=comment["revision"],
        pending_revision=comment["pending_revision"],
        flagged=comment["flagged"],
        appealed=comment["appealed"],
    )


async def change(
    tx: Transaction,
    site: Site,
    comment: asyncpg.Record,
    action: Action,
    *,
    moderator_key: int | None = None,
    reason: str | None = None,
    note: str | None = None,
    check: str | None = None,
) -> Decided:
    """Apply an action to a locked comment, with its decision and its place in the log, all in one transaction."""
    before = standing_of(comment)
    after = decide_standing(action, before)
    if after == before:
        return Decided(False, comment["status"], comment["version"])
    grows = (after.status, after.revision, after.pending_revision) != (
        before.status,
        before.revision,
        before.pending_revision,
    )
    article_key, comment_id, author_key = comment["article_key"], comment["id"], comment["author_key"]
    edited_at = comment["now"] if before.status == "published" and after.revision != before.revision else None
    version = await comments.save_standing(tx, article_key, comment_id, after, grows=grows, edited_at=edited_at)
    if replace(after, approved=before.approved, edited=before.edited) == before:
        # approving what is published already is no news, but a person has looked at it now
        return Decided(False, comment["status"], version)
    decision_id = await decisions.insert_decision(
        tx,
        Decision(
            site_key=site.key,
            article_key=article_key,
            comment_id=comment_id,
            author_key=author_key,
            action=action,
            from_status=before.status,
            to_status=after.status,
            version=version,
            check=check,
            moderator_key=moderator_key,
            reason=reason,
            note=note,
        ),
    )
    await settle(tx, comment, before, after, action, decision_id)
    happening = Happening(
        kind_of(action, before, after),
        site.key,
        article_key,
        comment_id,
        author_key,
        before.status,
        after.status,
        decision_id,
    )
    await events.insert_outbox(tx, happening)
    return Decided(True, after.status, version)


async def settle(
    tx: Transaction, comment: asyncpg.Record, before: Standing, after: Standing, action: Action, decision_id: UUID
) -> None:
    """What hangs on a comment follows its standing: revisions, flags, notices, the appeal, the queues it waits in."""
    article_key, comment_id = comment["article_key"], comment["id"]
    if after.status == "published" or after.pending_revision != before.pending_revision:
        published = after.revision if after.status == "published" else None
        await comments.judge_revisions(tx, article_key, comment_id, published, after.pending_revision)
    if before.flagged and not after.flagged:
        state = "dismissed" if action in ("approve", "dismiss_flags") else "upheld"
        await flags.answer_flags(tx, article_key, comment_id, state, decision_id)
        await notices.answer_notices(tx, article_key, comment_id, state, decision_id)
    if before.appealed and (not after.appealed or after.status == "deleted"):
        answer = {"uphold": "refused", "delete": "withdrawn"}.get(action, "granted")
        await appeals.close_appeal(tx, article_key, comment_id, answer, decision_id)
    waits = {
        "pending": after.status == "pending" or after.pending_revision is not None,
        "flagged": after.flagged,
        "appeals": after.appealed and after.status != "deleted",
    }
    await comments.dequeue(tx, article_key, comment_id, *(kind for kind, still in waits.items() if not still))
    if after.status == "pending" and before.status != "pending":
        site_key = comment["site_key"]
        checks = comment["held_by"]
        await comments.enqueue(tx, site_key, "pending", article_key, comment_id, comment["author_key"], checks=checks)


def kind_of(action: Action, before: Standing, after: Standing) -> str:
    """The event's kind: what everybody else would call what happened."""
    if before.status != after.status:
        return "comment.restored" if action == "restore" else f"comment.{HAPPENED[after.status]}"
    shown = (after.revision, after.featured) != (before.revision, before.featured)
    return "comment.updated" if shown else "comment.judged"


HAPPENED = {
    "pending": "held",
    "published": "published",
    "removed": "removed",
    "spam": "spam",
    "deleted": "deleted",
}
