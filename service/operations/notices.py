"""Notices of illegal content from people without an account (EU Digital Services Act, article 16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from service.adapters.limits import Verdict
from service.deps import Deps
from service.domain.errors import CommentNotFound, NotFound
from service.domain.sites import Site
from service.operations.flags import Notice, enqueue_flagged
from service.operations.limits import charge
from service.operations.moderation import locked_comment
from service.operations.posting import usable_text
from service.store import events, notices
from service.store.events import Happening
from service.store.notices import NewNotice


@dataclass(frozen=True, slots=True)
class Sender:
    """Who gives notice without an account, and how to reach them: for moderators only."""

    name: str
    contact: str

    @classmethod
    def cleaned(cls, name: str, contact: str) -> Sender:
        """The words as they are stored. Raises InvalidText, ValidationFailed."""
        return cls(usable_text(name, 200, "name"), usable_text(contact, 500, "contact"))


@dataclass(frozen=True, slots=True)
class Noticed:
    """What somebody needs to ask for the answer later."""

    id: UUID
    created_at: datetime
    verdict: Verdict


async def give_notice(
    deps: Deps, site: Site, comment_id: UUID, notice: Notice, sender: Sender, address: str
) -> Noticed:
    """Tell moderators that a published comment is illegal. Raises CommentNotFound, RateLimited."""
    verdict = await charge(deps, "notices", address=address)
    async with deps.database.transaction("give_notice") as tx:
        comment = await locked_comment(tx, site, comment_id)
        if comment["status"] != "published" or comment["visibility"] == "hidden":
            raise CommentNotFound
        article_key, status = comment["article_key"], comment["status"]
        new = NewNotice(
            site.key,
            article_key,
            comment_id,
            notice.explanation,
            notice.legal_ground,
            name=sender.name,
            contact=sender.contact,
        )
        made = await notices.insert_notice(tx, new)
        await enqueue_flagged(tx, site, comment)
        happening = Happening(
            "comment.flagged", site.key, article_key, comment_id, comment["author_key"], status, status
        )
        await events.insert_outbox(tx, happening)
    deps.wake_followers()
    return Noticed(made["id"], made["created_at"], verdict)


async def read_notice(deps: Deps, site: Site, notice_id: UUID) -> asyncpg.Record:
    """How a notice stands; whoever knows its id may ask. Raises NotFound."""
    row = await notices.find_notice(deps.database, site.key, notice_id)
    if row is None:
        raise NotFound
    return row
