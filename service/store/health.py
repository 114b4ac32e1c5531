"""What the service must know of the database itself."""

from __future__ import annotations

import asyncpg

from service.store.database import Database
from service.store.queries import load_queries

QUERIES = load_queries("health")


async def schema_version(db: Database, patience: float) -> int:
    """The newest applied migration, 0 where there is none or we may not look yet.

    Raises Unavailable after `patience` seconds.
    """
    try:
        rows = await db.fetch(QUERIES["schema_version"], patience=patience)
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return 0
    return int(rows[0]["version"])


async def server_facts(db: Database, patience: float) -> asyncpg.Record:
    """Version, clock, and what the login may do to the logs. Raises Unavailable after `patience` seconds."""
    return (await db.fetch(QUERIES["server_facts"], patience=patience))[0]
