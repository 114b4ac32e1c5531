"""Authors: people as their publisher vouches for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from service.domain.limits import client_ip
from service.store.database import Executor
from service.store.queries import load_queries

QUERIES = load_queries("authors")


async def find_author(db: Executor, site_key: int, issuer: str, subject: str) -> asyncpg.Record | None:
    """An author by who vouches for them."""
    return await db.fetchrow(QUERIES["find_author"], site_key, issuer, subject)


async def find_author_by_id(db: Executor, site_key: int, author_id: UUID) -> asyncpg.Record | None:
    """An author by public id."""
    return await db.fetchrow(QUERIES["find_author_by_id"], site_key, author_id)


async def find_participant(db: Executor, site_key: int, issuer: str, subject: str, address: str) -> asyncpg.Record:
    """An author about to take part (key is None for somebody new), and why nobody may from their address."""
    row = await db.fetchrow(QUERIES["find_participant"], site_key, issuer, subject, client_ip(address))
    assert row is not None
    return row


async def lock_author(db: Executor, site_key: int, author_id: UUID) -> asyncpg.Record | None:
    """An author by public id, locked until the transaction ends."""
    return await db.fetchrow(QUERIES["lock_author"], site_key, author_id)


async def lock_author_key(db: Executor, author_key: int) -> None:
    """Lock an author until the transaction ends."""
    await db.execute(QUERIES["lock_author_key"], author_key)


async def upsert_author(
    db: Executor,
    new_id: UUID,
    site_key: int,
    issuer: str,
    subject: str,
    *,
    name: str,
    avatar_url: str | None,
    roles: Sequence[str],
    labels: Sequence[str],
    guest: bool,
    hashes: Sequence[bytes],
    issued_at: datetime,
) -> asyncpg.Record | None:
    """The author, made or brought up to date with the newest token; nothing when it is older than their erasure."""
    return await db.fetchrow(
        QUERIES["upsert_author"],
        new_id,
        site_key,
        issuer,
        subject,
        name,
        avatar_url,
        list(roles),
        list(labels),
        guest,
        list(hashes),
        issued_at,
    )


async def revoke_author(db: Executor, author_key: int) -> None:
    """Refuse every token issued up to now."""
    await db.execute(QUERIES["revoke_author"], author_key)


async def grant_role(db: Executor, author_key: int, role: str | None) -> None:
    """Give a role beyond what tokens carry; None takes it away."""
    await db.execute(QUERIES["grant_role"], author_key, role)


async def ban_author(db: Executor, author_key: int, until: datetime | None, reason: str | None) -> None:
    """Ban until a time; None lifts the ban."""
    await db.execute(QUERIES["ban_author"], author_key, until, reason)


async def remap_author(db: Executor, site_key: int, old: tuple[str, str], new: tuple[str, str]) -> bool:
    """Give an author a new (issuer, subject); whether there was one."""
    return await db.fetchrow(QUERIES["remap_author"], site_key, *old, *new) is not None


async def another_moderator(db: Executor, site_key: int, moderator_key: int) -> bool:
    """Whether a site has a moderator or admin beside this one who is not banned."""
    row = await db.fetchrow(QUERIES["another_moderator"], site_key, moderator_key)
    return row is not None and bool(row["found"])
