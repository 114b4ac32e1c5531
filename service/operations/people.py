"""What moderators and operators do with people: ban, revoke, give roles, and what they know of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.deps import Deps
from service.domain.errors import Forbidden, NotFound, ValidationFailed
from service.domain.identity import FOREVER, Role, highest
from service.domain.ids import uuid7
from service.domain.rows import Row
from service.domain.sites import Site
from service.domain.text import clean_text, is_blank
from service.operations.authors import Author, find_author, lock_target
from service.operations.removals import start_removal
from service.store import authors, decisions, events, people, removals
from service.store.database import Transaction
from service.store.decisions import Decision
from service.store.events import Happening

RECENT = 20  # decisions


@dataclass(frozen=True, slots=True)
class Ban:
    """An author's running ban (`until` FOREVER for good), and the last removal of what they wrote."""

    author_id: UUID
    until: datetime
    reason: str
    removal: Row | None


@dataclass(frozen=True, slots=True)
class Person:
    """What moderators know of an author."""

    author: Row
    record: Row
    notes: Sequence[Row]
    decisions: Sequence[Row]
    same_network: Sequence[Row]
    removal: Row | None


async def log(
    tx: Transaction, site: Site, action: str, author: Row, actor: Author | None, *, kind: str, note: str | None = None
) -> None:
    """Log what was done to an author, and tell the log of events."""
    decision = Decision(
        site.key,
        action,
        author_key=author["key"],
        moderator_key=None if actor is None else actor.key,
        note=note,
    )
    decision_id = await decisions.insert_decision(tx, decision)
    await events.insert_outbox(tx, Happening(kind, site.key, author_key=author["key"], decision_id=decision_id))


async def ban_author(
    deps: Deps,
    site: Site,
    author_id: UUID,
    until: datetime | None,
    reason: str,
    *,
    actor: Author | None = None,
    remove_comments: bool = False,
) -> Ban:
    """Ban an author until a time, or for good (None); they are told the reason. `actor` is None for the command.

    With `remove_comments` everything they wrote is out of sight at once, and removed soon after. Raises NotFound,
    Forbidden, ValidationFailed, Conflict.
    """
    end = until or FOREVER
    articles: list[str] = []
    removal: Row | None
    async with deps.database.transaction("ban_author") as tx:
        author = await lock_target(tx, site, author_id, actor)
        if end <= author["now"]:
            raise ValidationFailed({"until": ["This time is over already."]})
        if (author["banned_until"], author["ban_reason"]) != (end, reason):
            await authors.ban_author(tx, author["key"], end, reason)
            await log(tx, site, "ban", author, actor, kind="author.banned", note=reason)
        if remove_comments:
            actor_key = None if actor is None else actor.key
            removal, articles = await start_removal(deps, tx, site, author["key"], actor_key)
        else:
            removal = await removals.find_removal(tx, author["key"])
    deps.withdrew(*((site.name, article_id) for article_id in articles))
    deps.wake_removals()
    return Ban(author["id"], end, reason, removal)


async def unban_author(deps: Deps, site: Site, author_id: UUID, *, actor: Author | None = None) -> None:
    """Lift a ban; one who is not banned stays so. Raises NotFound, Forbidden."""
    async with deps.database.transaction("unban_author") as tx:
        author = await lock_target(tx, site, author_id, actor)
        if author["banned_until"] is not None:
            await authors.ban_author(tx, author["key"], None, None)
            await log(tx, site, "unban", author, actor, kind="author.unbanned")
    deps.wake_followers()


async def read_ban(deps: Deps, site: Site, author_id: UUID) -> Ban:
    """An author's running ban. Raises NotFound, also for one who is not banned."""
    author = await find_author(deps, site, author_id)
    if author["banned_until"] is None or author["banned_until"] <= author["now"]:
        raise NotFound("They are not banned.")
    removal = await removals.find_removal(deps.database, author["key"])
    return Ban(author["id"], author["banned_until"], author["ban_reason"], removal)


async def revoke_author(deps: Deps, site: Site, author_id: UUID, *, actor: Author | None = None) -> None:
    """Refuse every token the author holds now, in every process. Raises NotFound, Forbidden."""
    async with deps.database.transaction("revoke_author") as tx:
        author = await lock_target(tx, site, author_id, actor)
        await authors.revoke_author(tx, author["key"])
        await log(tx, site, "revoke", author, actor, kind="author.judged")
    deps.wake_followers()


async def grant_role(
    deps: Deps, site: Site, author_id: UUID, role: Role | None, *, actor: Author | None = None
) -> tuple[str, ...]:
    """Give a role that no token needs to carry; None or reader takes it away. The roles they have now.

    Raises NotFound, and Forbidden for a role above the actor's own.
    """
    granted = None if role is None or role is Role.READER else role
    if actor is not None and granted is not None and granted > highest(actor.roles):
        raise Forbidden("This role is above yours.")
    async with deps.database.transaction("grant_role") as tx:
        author = await lock_target(tx, site, author_id, actor)
        name = None if granted is None else granted.value
        if author["granted_role"] != name:
            await authors.grant_role(tx, author["key"], name)
            await log(tx, site, f"grant_{name or Role.READER.value}", author, actor, kind="author.judged")
    deps.wake_followers()
    return roles_with(author["roles"], name)


def roles_with(roles: Iterable[str], granted: str | None) -> tuple[str, ...]:
    """Roles above reader, lowest first, with the one that was granted."""
    return tuple(role.value for role in sorted(Role(role) for role in {*roles, granted} - {None}))


async def read_person(deps: Deps, site: Site, author_id: UUID) -> Person:
    """What moderators know of an author. Raises NotFound."""
    author = await find_author(deps, site, author_id)
    key = author["key"]
    return Person(
        author,
        record=await people.author_record(deps.database, key),
        notes=await people.read_notes(deps.database, key),
        decisions=await decisions.read_decisions(deps.database, site.key, decisions.NEWEST, RECENT, author_key=key),
        same_network=await people.same_network(deps.database, key),
        removal=await removals.find_removal(deps.database, key),
    )


async def add_note(deps: Deps, site: Site, author_id: UUID, text: str, actor: Author) -> Row:
    """Tell the other moderators something about an author. Raises NotFound, InvalidText, ValidationFailed."""
    cleaned = clean_text(text)
    if is_blank(cleaned):
        raise ValidationFailed({"text": ["Write something first."]})
    author = await find_author(deps, site, author_id)
    new_id = uuid7(int(deps.now() * 1000))
    return await people.insert_note(deps.database, new_id, site.key, author["key"], actor.key, cleaned)
