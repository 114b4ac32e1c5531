"""Sites, their settings and their keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg

from service.domain.sites import SigningKey, Site, settings_from
from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("sites")


async def find_site(db: Executor, name: str) -> Site | None:
    """A site with its settings and active signing keys."""
    row = await db.fetchrow(QUERIES["find_site"], name)
    return site_from(row) if row else None


def site_from(row: asyncpg.Record) -> Site:
    """A row of find_site as the domain knows it."""
    keys = tuple(
        SigningKey(
            id=key["id"],
            kid=key["kid"],
            algorithm=key["algorithm"],
            issuer=key["issuer"],
            secret=bytes.fromhex(key["secret"]) if key["secret"] else None,
            public_jwk=key["public_jwk"],
            jwks_url=key["jwks_url"],
        )
        for key in row["keys"]
    )
    return Site(
        row["key"],
        row["name"],
        row["version"],
        settings_from(row["settings"]),
        keys,
        staff_names=tuple(sorted(row["staff"])),
        hook_secret=row["hook_secret"],
    )


async def list_sites(db: Executor) -> Rows:
    """Every site by name."""
    return await db.fetch(QUERIES["list_sites"])


async def insert_site(db: Executor, name: str, settings: dict[str, Any]) -> int | None:
    """A new site's key; nothing when the name is taken."""
    row = await db.fetchrow(QUERIES["insert_site"], name, settings)
    return row["key"] if row else None


async def update_settings(db: Executor, site_key: int, settings: dict[str, Any], version: int) -> int | None:
    """The new version; nothing when somebody else changed the settings meanwhile."""
    row = await db.fetchrow(QUERIES["update_settings"], site_key, settings, version)
    return row["version"] if row else None


async def renew_hook_secret(db: Executor, site_key: int) -> bytes:
    """A new secret for the publisher's own check."""
    row = await db.fetchrow(QUERIES["renew_hook_secret"], site_key)
    assert row is not None
    return bytes(row["hook_secret"])


async def lock_settings(db: Executor, site_key: int) -> asyncpg.Record | None:
    """Settings as they are stored, and their version; nobody else changes them until the transaction ends."""
    return await db.fetchrow(QUERIES["lock_settings"], site_key)


async def insert_settings_change(
    db: Executor, decision_id: UUID, site_key: int, version: int, previous: dict[str, Any]
) -> None:
    """Log what a change was: the names and what they were before."""
    await db.execute(QUERIES["insert_settings_change"], decision_id, site_key, version, sorted(previous), previous)


async def list_settings_changes(db: Executor, site_key: int, limit: int) -> Rows:
    """Who changed which settings when, newest first."""
    return await db.fetch(QUERIES["list_settings_changes"], site_key, limit)


async def insert_signing_key(db: Executor, site_key: int, key: SigningKey) -> UUID:
    """Trust a key; its id."""
    row = await db.fetchrow(
        QUERIES["insert_signing_key"],
        site_key,
        key.kid,
        key.algorithm,
        key.issuer,
        key.secret,
        dict(key.public_jwk) if key.public_jwk else None,
        key.jwks_url,
    )
    assert row is not None
    return UUID(str(row["id"]))


async def list_signing_keys(db: Executor, site_key: int) -> Rows:
    """All signing keys of a site, without their secrets."""
    return await db.fetch(QUERIES["list_signing_keys"], site_key)


async def retire_signing_key(db: Executor, site_key: int, key_id: UUID) -> bool:
    """Stop trusting a key; whether there was one."""
    return await db.fetchrow(QUERIES["retire_signing_key"], site_key, key_id) is not None


async def insert_api_key(db: Executor, site_key: int, name: str, digest: bytes) -> UUID:
    """Store a server's key by its SHA-256; its id."""
    row = await db.fetchrow(QUERIES["insert_api_key"], site_key, name, digest)
    assert row is not None
    return UUID(str(row["id"]))


async def list_api_keys(db: Executor, site_key: int) -> Rows:
    """All API keys of a site."""
    return await db.fetch(QUERIES["list_api_keys"], site_key)


async def find_api_key(db: Executor, site_key: int, digest: bytes) -> UUID | None:
    """The id of an API key of this site that counts."""
    row = await db.fetchrow(QUERIES["find_api_key"], site_key, digest)
    return UUID(str(row["id"])) if row else None


async def retire_api_key(db: Executor, site_key: int, key_id: UUID) -> bool:
    """Stop trusting an API key; whether there was one."""
    return await db.fetchrow(QUERIES["retire_api_key"], site_key, key_id) is not None
