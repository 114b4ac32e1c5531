"""Editing one's own comment within the site's window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import asyncpg

from service.deps import Deps
from service.domain.errors import CommentNotFound, EditWindowClosed, Forbidden, NotVisible
from service.domain.identity import Claims
from service.domain.ids import created_at_of
from service.domain.markup import RENDERER, render_markdown
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.authors import Author, read_me
from service.operations.limits import charge
from service.operations.moderation import locked_comment, standing_of
from service.operations.posting import draft_of, judged, usable_text
from service.store import comments, decisions, events
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
    cleaned = usable_text(text, site.settings.max_length)
    author, _ = await read_me(deps, site, claims)
    await charge(deps, "posts", address=address, account=(site.name, str(author.id)))
    html = render_markdown(cleaned)
    async with deps.database.transaction("edit_comment") as tx:
        comment = await locked_comment(tx, site, comment_id)
        refuse_late(site, author, comment)
        if cleaned != comment["last_text"]:
            held_by = judged(deps, draft_of(site, author, html, comment))
            await write_edit(tx, site, comment, cleaned, html, held_by)
        row = await comments.find_own(tx, site.key, comment_id)
    deps.withdrew((site.name, comment["article_id"]))
    if row is None:
        raise CommentNotFound
    waits = row["pending_revision"] is not None
    return Edited(row, row["pending_text"] if waits else None)


def refuse_late(site: Site, author: Author, comment: asyncpg.Record) -> None:
    """Raise unless this author may edit this comment now."""
    if comment["author_key"] != author.key:
        raise Forbidden if comment["listed"] else CommentNotFound
    if comment["status"] not in ("published", "pending"):
        raise NotVisible
    until = created_at_of(comment["id"]) + timedelta(seconds=site.settings.edit_window_seconds)
    if comment["now"] > until:
        raise EditWindowClosed


async def write_edit(
    tx: Transaction, site: Site, comment: asyncpg.Record, text: str, html: str, held_by: list[str]
) -> None:
    """The new words: published, or waiting beside the published ones; a held comment stays held."""
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
        tx, article_key, comment_id, number, text, html, RENDERER, "published" if published else "pending"
    )
    await comments.judge_revisions(tx, article_key, comment_id, number if published else None, number)
    edited_at = comment["now"] if published else None
    version = await comments.save_standing(tx, article_key, comment_id, after, grows=True, edited_at=edited_at)
    if held_by:
        await comments.hold_comment(tx, article_key, comment_id, held_by)
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
