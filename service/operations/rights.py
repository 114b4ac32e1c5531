"""People's rights: taking everything about oneself along, and being forgotten.

Forgetting begins with one transaction that takes the name off everything and remembers the person by a keyed hash only.
The rest is done by whichever process takes the erasure's row, so that a crash loses nothing: first all words, by
batches, then what is not kept is deleted as its author would, comment by comment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from service.deps import Deps
from service.domain.errors import ConfigurationError, NotFound
from service.domain.identity import ERASED_ISSUER, ERASED_NAME, Claims
from service.domain.ids import FIRST_ID, LAST_ID
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations import moderation
from service.operations.authors import Author, read_me, recognise
from service.operations.limits import charge
from service.operations.sites import get_site
from service.store import authors, decisions, events, removals, rights
from service.store.decisions import Decision
from service.store.events import Happening

BATCH = 500
EXPORT_BATCH = 100
LISTS = ("comments", "votes", "flags", "notices", "appeals", "notifications", "decisions", "addresses")


@dataclass(frozen=True, slots=True)
class Erased:
    """What stays of somebody erased: since when, and a ban that outlives them."""

    at: datetime
    banned_until: datetime | None


# Being forgotten


async def erase_me(deps: Deps, site: Site, claims: Claims) -> UUID:
    """Forget whoever asks; the erasure's id, the last one's when there is nobody any more.

    Raises TokenInvalid, Unavailable.
    """
    row = await authors.find_author(deps.database, site.key, claims.issuer, claims.subject)
    if row is None:
        hashes = deps.person_hashes(site.name, claims.issuer, claims.subject)
        last = await rights.last_erasure(deps.database, site.key, hashes)
        if last is not None:
            return UUID(bytes=last["id"].bytes)
    author = await recognise(deps, site, claims, row)
    erasure_id = await erase_author(deps, site, author.key, claims.issuer, claims.subject)
    return erasure_id or await erase_me(deps, site, claims)  # somebody else was quicker


async def erase_author(
    deps: Deps, site: Site, author_key: int, issuer: str, subject: str, *, banned_until: datetime | None = None
) -> UUID | None:
    """Take an author's name off everything and begin to forget the rest; nothing when they are nobody already.

    `banned_until` is a ban that only a newer copy of the database knows of.
    """
    erasure_id, hashes = uuid4(), deps.person_hashes(site.name, issuer, subject)
    hidden: list[str] = []
    async with deps.database.transaction("erase_author") as tx:
        mode = await rights.begin_erasure(
            tx, erasure_id, author_key, hashes, site.settings.erase, ERASED_ISSUER, ERASED_NAME, banned_until
        )
        if mode is None:
            return None
        if mode == "delete":
            hidden = await removals.show_author(tx, author_key, hidden=True, kind="author.hidden")
        decision_id = await decisions.insert_decision(tx, Decision(site.key, "erase", author_key=author_key))
        happening = Happening("author.erased", site.key, author_key=author_key, decision_id=decision_id)
        await events.insert_outbox(tx, happening)
    deps.withdrew(*((site.name, article_id) for article_id in hidden))
    deps.wake_erasures()
    return erasure_id


async def erasure_state(deps: Deps, site: Site, claims: Claims, erasure_id: UUID) -> str:
    """pending or done; for the person alone who asked for it. Raises NotFound."""
    hashes = deps.person_hashes(site.name, claims.issuer, claims.subject)
    found = await rights.find_erasure(deps.database, site.key, erasure_id, hashes)
    if found is None:
        raise NotFound("There is no such erasure.")
    return "done" if found["state"] == "done" else "pending"


async def work_on_erasure(deps: Deps) -> bool:
    """Do a batch of some erasure's work; whether there may be more. Raises Unavailable."""
    erasure = await rights.next_erasure(deps.database)
    if erasure is None:
        return False
    if erasure["state"] == "words":
        return await forget_words(deps, erasure)
    keep = erasure["mode"] == "anonymise"
    left = await rights.left_to_delete(deps.database, erasure["author_key"], erasure["at"], BATCH, keep_published=keep)
    if not left:
        return await finish(deps, erasure)
    site = await get_site(deps, erasure["site"])
    for comment_id in left:
        if not await delete_one(deps, site, erasure, comment_id):
            return False
    return True


async def forget_words(deps: Deps, erasure: Row) -> bool:
    """Clear the next comments' words; False when another process is at it."""
    author_key, at = erasure["author_key"], erasure["at"]
    keep = erasure["mode"] == "anonymise"
    async with deps.database.transaction("forget_words") as tx:
        if not await rights.take_erasure(tx, erasure["id"], "words", at):
            return False
        if at == FIRST_ID:
            await rights.forget_rest(tx, author_key)
        last = await rights.forget_words(tx, author_key, at, BATCH, keep_published=keep)
        if last is None:
            await rights.advance_erasure(tx, erasure["id"], "comments", FIRST_ID)
        else:
            await rights.advance_erasure(tx, erasure["id"], "words", last)
    deps.wake_followers()
    return True


async def delete_one(deps: Deps, site: Site, erasure: Row, comment_id: UUID) -> bool:
    """Delete a comment, or discard the edit that waits beside one that is kept; False when another process is at it."""
    async with deps.database.transaction("erase_comment") as tx:
        if not await rights.take_erasure(tx, erasure["id"], "comments", comment_id):
            return False
        comment = await moderation.locked_comment(tx, site, comment_id)
        kept = erasure["mode"] == "anonymise" and comment["status"] == "published"
        decided = await moderation.change(tx, site, comment, "reject_edit" if kept else "delete")
        await rights.clear_comment(tx, comment["article_key"], comment_id, comment["revision"] if kept else None)
        await rights.advance_erasure(tx, erasure["id"], "comments", comment_id)
    if decided.changed:
        deps.withdrew((site.name, comment["article_id"]))
    return True


async def finish(deps: Deps, erasure: Row) -> bool:
    """Forget what came meanwhile, and whose erasure it was; True, as another may wait."""
    async with deps.database.transaction("finish_erasure") as tx:
        if not await rights.take_erasure(tx, erasure["id"], "comments", LAST_ID):
            return False
        await rights.forget_rest(tx, erasure["author_key"])
        await rights.finish_erasure(tx, erasure["id"])
    return True


# Staying forgotten


async def export_erased(deps: Deps) -> list[dict[str, Any]]:
    """Everybody who was erased, by their hashes: for a copy of the database that is older than this list."""
    return [
        {
            "site": row["site"],
            "hash": row["hash"].hex(),
            "banned_until": row["banned_until"].isoformat() if row["banned_until"] else None,
            "erased_at": row["erased_at"].isoformat(),
        }
        for row in await rights.each_erased(deps.database)
    ]


async def replay_erased(
    deps: Deps, people: Iterable[dict[str, Any]], told: Callable[[int], None] = lambda erased: None
) -> int:
    """Erase again whoever a restored copy brought back; how many. `told` hears the number so far.

    Raises ConfigurationError for what is no such list, SiteNotFound.
    """
    known: dict[str, dict[bytes, Erased]] = {}
    for number, person in enumerate(people, start=1):
        try:
            hashed, erased = erased_from(person)
            name = str(person["site"])
        except (KeyError, TypeError, ValueError):
            raise ConfigurationError([f"line {number} is not one of `discuss erasures export`"]) from None
        site = await get_site(deps, name)
        await rights.remember_erased(deps.database, site.key, hashed, erased.banned_until, erased.at)
        known.setdefault(name, {})[hashed] = erased
    count = 0
    for name, people_of_site in known.items():
        site = await get_site(deps, name)
        async for row, until in brought_back(deps, site, people_of_site):
            again = await erase_author(deps, site, row["key"], row["issuer"], row["subject"], banned_until=until)
            count += again is not None
            told(count)
    return count


def erased_from(person: dict[str, Any]) -> tuple[bytes, Erased]:
    """A line of the list: the hash, and what stays of its person. Raises KeyError, TypeError, ValueError."""
    until = person["banned_until"]
    at = datetime.fromisoformat(person["erased_at"])
    return bytes.fromhex(person["hash"]), Erased(at, None if until is None else datetime.fromisoformat(until))


async def brought_back(
    deps: Deps, site: Site, known: dict[bytes, Erased]
) -> AsyncIterator[tuple[asyncpg.Record, datetime | None]]:
    """The site's authors who were erased, with their bans; not those who came again since."""
    after = 0
    while rows := await rights.next_authors(deps.database, site.key, after, BATCH, ERASED_ISSUER):
        for row in rows:
            hashes = deps.person_hashes(site.name, row["issuer"], row["subject"])
            for erased in (known[hashed] for hashed in hashes if hashed in known):
                if row["created_at"] <= erased.at:
                    yield row, erased.banned_until
                    break
        after = rows[-1]["key"]


# Taking it along


async def may_export(deps: Deps, site: Site, claims: Claims, address: str) -> Author:
    """Whoever asks for everything about themself. Raises RateLimited, TokenInvalid."""
    author, _ = await read_me(deps, site, claims)
    await charge(deps, "exports", address=address, account=(site.name, str(author.id)))
    return author


async def read_export(deps: Deps, author: Author) -> Row:
    """What is stored of the person themself."""
    return await rights.export_author(deps.database, author.key)


async def each_exported(deps: Deps, author: Author, name: str) -> AsyncIterator[list[asyncpg.Record]]:
    """One of LISTS in batches, each its own query, so that a slow reader holds nothing up."""
    columns = rights.EXPORTED[name].columns
    after, more = None, True
    while more:
        rows = await rights.export_batch(deps.database, name, author.key, after, EXPORT_BATCH)
        yield rows
        more = len(rows) == EXPORT_BATCH
        after = [rows[-1][column] for column in columns] if more else None
