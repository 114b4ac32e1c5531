"""Removing everything an author wrote: out of sight at once, then comment by comment, and back again when undone.

While `authors.hidden` is set nobody sees what they published. Meanwhile any process takes the removal's row, removes
one comment, notes it, and gives the row free; so a crash loses nothing, and undoing restores exactly what was removed.
"""

from __future__ import annotations

from uuid import UUID

import asyncpg

from service.deps import Deps
from service.domain.errors import Conflict, NotFound
from service.domain.ids import uuid7
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations import moderation
from service.operations.authors import Author, lock_target
from service.operations.sites import get_site
from service.store import authors, comments, decisions, events, removals
from service.store.database import Transaction
from service.store.decisions import Decision
from service.store.events import Happening

BATCH = 500
REASON = "banned"  # of the decisions on the comments
UNDONE = "removal_undone"


async def start_removal(
    deps: Deps, tx: Transaction, site: Site, author_key: int, moderator_key: int | None
) -> tuple[Row, list[str]]:
    """Hide everything a locked author wrote, and begin to remove it; the ids of the articles it stands on.

    One that runs goes on, and one that is done is not done again for nothing. Raises Conflict while an earlier one
    is being undone.
    """
    last = await removals.find_removal(tx, author_key)
    if last is not None and last["state"] == "running":
        return last, []
    again, new_id = last is not None and last["state"] == "done", uuid7(int(deps.now() * 1000))
    try:
        removal = await removals.insert_removal(tx, new_id, site.key, author_key, moderator_key, again=again)
    except asyncpg.UniqueViolationError:
        raise Conflict("An earlier removal is being undone; try again when it is.") from None
    if removal is None:
        assert last is not None
        return last, []
    return removal, await removals.show_author(tx, author_key, hidden=True, kind="author.hidden")


async def undo_removal(deps: Deps, site: Site, removal_id: UUID, actor: Author) -> Row:
    """Restore what a removal removed, also while it still runs; again is fine. Raises NotFound, Forbidden, Conflict."""
    author_id = await removals.removed_author(deps.database, site.key, removal_id)
    if author_id is None:
        raise NotFound("There is no such removal.")
    async with deps.database.transaction("undo_removal") as tx:
        author = await lock_target(tx, site, author_id, actor)
        removal = await removals.lock_removal(tx, removal_id)
        if removal["state"] in ("undoing", "undone"):
            return removal
        articles: list[str] = []
        if removal["state"] == "running":
            articles = await removals.show_author(tx, author["key"], hidden=False, kind="author.shown")
        try:
            removal = await removals.undo_removal(tx, removal_id)
        except asyncpg.UniqueViolationError:
            raise Conflict("A later removal is still running; undo that one first.") from None
        decision = Decision(site.key, "undo_removal", author_key=author["key"], moderator_key=actor.key)
        decision_id = await decisions.insert_decision(tx, decision)
        happening = Happening("author.judged", site.key, author_key=author["key"], decision_id=decision_id)
        await events.insert_outbox(tx, happening)
    deps.withdrew(*((site.name, article_id) for article_id in articles))
    deps.wake_removals()
    return removal


async def work_on_removal(deps: Deps) -> bool:
    """Do a batch of some removal's work; whether there may be more. Raises Unavailable."""
    removal = await removals.next_removal(deps.database)
    if removal is None:
        return False
    site = await get_site(deps, removal["site"])
    if removal["state"] == "running":
        batch = await removals.written_after(
            deps.database, removal["author_key"], removal["at"], BATCH, removal["created_at"]
        )
    else:
        batch = await removals.removed_after(deps.database, removal["id"], removal["at"], BATCH)
    if not batch:
        return await finish(deps, removal)
    for item in batch:
        if not await step(deps, site, removal, item):
            return False
    return True


async def step(deps: Deps, site: Site, removal: Row, item: Row) -> bool:
    """Remove or restore one comment; False when another process is at it, or the removal changed its mind."""
    comment_id, undoing = item["comment_id"], removal["state"] == "undoing"
    async with deps.database.transaction("step_of_removal") as tx:
        at = await removals.take_removal(tx, removal["id"], removal["state"])
        if at is None or at >= comment_id:
            return False
        comment = await comments.lock_comment(tx, site.key, comment_id)
        if comment is None:
            done = False
        elif undoing:
            done = await restore(tx, site, removal, comment, item["version"])
        else:
            done = await remove(tx, site, removal, comment)
        await removals.advance_removal(tx, removal["id"], comment_id, 1 if undoing else int(done))
    if comment is not None and done:
        deps.withdrew((site.name, comment["article_id"]))
    return True


async def remove(tx: Transaction, site: Site, removal: Row, comment: asyncpg.Record) -> bool:
    """Remove a comment that is published or held, and note it; whether it was."""
    if comment["status"] not in ("published", "pending"):
        return False
    decided = await moderation.change(
        tx, site, comment, "remove", moderator_key=removal["moderator_key"], reason=REASON
    )
    await removals.insert_removed(tx, removal["id"], comment["id"], decided.version)
    return True


async def restore(tx: Transaction, site: Site, removal: Row, comment: asyncpg.Record, version: int) -> bool:
    """Restore a comment that is still as the removal left it; whether it was."""
    if comment["status"] != "removed" or comment["version"] != version:
        return False
    await moderation.change(tx, site, comment, "restore", moderator_key=removal["moderator_key"], reason=UNDONE)
    return True


async def finish(deps: Deps, removal: Row) -> bool:
    """Nothing is left to do; True, as another removal may wait."""
    async with deps.database.transaction("finish_removal") as tx:
        await authors.lock_author_key(tx, removal["author_key"])
        if await removals.take_removal(tx, removal["id"], removal["state"]) is None:
            return False
        if removal["state"] == "running":
            await removals.reveal_author(tx, removal["author_key"])
        await removals.finish_removal(tx, removal["id"], "done" if removal["state"] == "running" else "undone")
    return True
