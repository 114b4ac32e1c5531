"""Appeals: the author of a removed comment asks for another look, once for each removal."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from service.deps import Deps
from service.domain.errors import AlreadyAppealed, CommentNotFound, Conflict, Forbidden
from service.domain.identity import Claims
from service.domain.sites import Site
from service.operations.authors import read_me
from service.operations.moderation import locked_comment
from service.operations.posting import usable_text
from service.store import appeals, comments, decisions, events
from service.store.events import Happening

MAX_TEXT = 2000  # characters of an appeal
IMPORTED = 1  # the version of what came out of sight by no decision of ours


async def appeal_removal(deps: Deps, site: Site, claims: Claims, comment_id: UUID, text: str) -> datetime:
    """Appeal against the removal of one's own comment; when that was. Banned people may, too.

    Raises CommentNotFound, Forbidden for somebody else's comment, Conflict for one that is not removed,
    AlreadyAppealed, ValidationFailed.
    """
    cleaned = usable_text(text, MAX_TEXT)
    author, _ = await read_me(deps, site, claims)
    async with deps.database.transaction("appeal_removal") as tx:
        comment = await locked_comment(tx, site, comment_id)
        if comment["author_key"] != author.key:
            raise Forbidden if comment["listed"] else CommentNotFound
        if comment["status"] not in ("removed", "spam"):
            raise Conflict("Only what was removed can be appealed.")
        removal = await decisions.find_removing_decision(tx, comment_id)
        version = removal["version"] if removal is not None else IMPORTED
        article_key, status = comment["article_key"], comment["status"]
        made = await appeals.insert_appeal(tx, article_key, comment_id, version, author.key, cleaned)
        if made is None or comment["appealed"]:
            raise AlreadyAppealed
        await comments.enqueue(tx, site.key, "appeals", article_key, comment_id, author.key)
        happening = Happening("comment.appealed", site.key, article_key, comment_id, author.key, status, status)
        await events.insert_outbox(tx, happening)
    deps.wake_followers()
    created_at: datetime = made["created_at"]
    return created_at
