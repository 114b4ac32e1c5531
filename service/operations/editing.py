"""Editing one's own comment within the site's window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from service.deps import Deps
from service.domain.errors import CommentNotFound, DuplicateComment, EditWindowClosed, Forbidden, NotVisible
from service.domain.identity import Claims
from service.domain.ids import created_at_of
from service.domain.markup import RENDERER, render_markdown
from service.domain.moderation import Held, details_of
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.authors import Author, recognise
from service.operations.checks import Words, again_before, asked, draft_of, inquiry_of, judged, said_again
from service.operations.limits import charge
from service.operations.moderation import locked_comment, standing_of
from service.operations.posting import MAX_TEXT, said_fingerprint, usable_text
from service.store import comments, decisions, events
from service.store.comments import Inquiry
from service.store.database import Transaction
from service.store.decisions import Decision
from service.store.events import Happening


@dataclass(frozen=True, slots=True)
class Edited:
    """The comment as it is now, and the text that waits for a moderator, if it does."""

    comment: Row
    pending_text: str | None


async def edit_comment(deps: Deps, site: Site, claims: Claims, comment_id: UUID, text: str, address: str) -> Edited:
    """Give one's own comment new words: the checks run again, and a held edit waits while the old words stay.

    Raises CommentNotFound, Forbidden, NotVisible, EditWindowClosed and what posting raises.
    """
    cleaned = usable_text(text, MAX_TEXT)
    inquiry = inquiry_of(site.settings, cleaned, address)
    context = await comments.editing_context(
        deps.database, site.key, comment_id, claims.issuer, claims.subject, inquiry
    )
    author = await recognise(deps, site, claims, context if context["key"] is not None else None)
    await charge(deps, "posts", address=address, account=(site.name, str(author.id)))
    if context["status"] is None:
        raise CommentNotFound
    refuse_late(site, author, comment_id, context)
    words = Words(cleaned, render_markdown(cleaned))
    held: Held = {}
    if cleaned != context["last_text"]:
        held = judged(deps, replace(await draft_of(deps, site, author, words, context), last_said_at=None))
        held = await asked(deps, site, author, words, comment_id, place_of(context), held)
    async with deps.database.transaction("edit_comment") as tx:
        comment = await locked_comment(tx, site, comment_id)
        refuse_late(site, author, comment_id, comment)
        if cleaned != comment["last_text"]:
            await remember(tx, deps, site, comment, cleaned, inquiry)
            await write_edit(tx, site, comment, words, held)
        row = await comments.find_own(tx, site.key, comment_id)
    deps.withdrew((site.name, comment["article_id"]))
    if row is None:
        raise CommentNotFound
    waits = row["pending_revision"] is not None
    return Edited(row, row["pending_text"] if waits else None)


def place_of(context: asyncpg.Record) -> dict[str, Any]:
    """Article and parent of a comment, as the publisher's own service is told."""
    return {
        "article": {"id": context["canonical_id"], "title": context["title"], "section": context["section"]},
        "parent_id": str(context["parent_id"]) if context["parent_id"] else None,
    }


async def remember(
    tx: Transaction, deps: Deps, site: Site, comment: asyncpg.Record, text: str, inquiry: Inquiry
) -> None:
    """What is said now must not be said again, nor by many others. Raises DuplicateComment."""
    said = said_fingerprint(comment["article_key"], comment["parent_id"], text)
    before = again_before(site, comment["now"])
    try:
        await comments.remember_text(tx, comment["author_key"], said, comment["id"], before)
    except DuplicateComment as error:
        raise said_again(deps, error) from None
    if inquiry.near:
        await comments.remember_near(tx, site.key, comment["author_key"], inquiry.near)


def refuse_late(site: Site, author: Author, comment_id: UUID, comment: asyncpg.Record) -> None:
    """Raise unless this author may edit this comment now."""
    if comment["author_key"] != author.key:
        raise Forbidden if comment["listed"] else CommentNotFound
    if comment["status"] not in ("published", "pending"):
        raise NotVisible
    until = created_at_of(comment_id) + timedelta(seconds=site.settings.edit_window_seconds)
    if comment["now"] > until:
        raise EditWindowClosed


async def write_edit(tx: Transaction, site: Site, comment: asyncpg.Record, words: Words, held: Held) -> None:
    """The new words: published, or waiting beside the published ones; a held comment stays held."""
    held_by = list(held)
    article_key, comment_id, author_key = comment["article_key"], comment["id"], comment["author_key"]
    number = comment["last_revision"] + 1
    before = standing_of(comment)
    waits = before.status == "published" and bool(held_by)
    after = replace(
        before,
        approved=False,
        edited=True,
        revision=before.revision if waits else number,
        pending_revision=number if waits else None,
    )
    published = before.status == "published" and not held_by
    await comments.insert_revision(
        tx, article_key, comment_id, number, words.text, words.html, RENDERER, "published" if published else "pending"
    )
    await comments.judge_revisions(tx, article_key, comment_id, number if published else None, number)
    edited_at = comment["now"] if published else None
    version = await comments.save_standing(tx, article_key, comment_id, after, grows=True, edited_at=edited_at)
    if held_by:
        await comments.hold_comment(tx, article_key, comment_id, held_by, details_of(held))
        checks = sorted({*comment["held_by"], *held_by})
        await comments.enqueue(tx, site.key, "pending", article_key, comment_id, author_key, checks=checks)
        for check in held_by:
            decision = Decision(
                site.key,
                "hold_edit",
                article_key,
                comment_id,
                author_key,
                before.status,
                before.status,
                version,
                check,
            )
            await decisions.insert_decision(tx, decision)
    elif before.status == "published":
        await comments.dequeue(tx, article_key, comment_id, "pending")
    kind = "comment.updated" if published else "comment.edit_held"
    status = before.status
    await events.insert_outbox(tx, Happening(kind, site.key, article_key, comment_id, author_key, status, status))
