"""Bans by network."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from service.domain.limits import client_ip
from service.domain.networks import Network
from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("network_bans")


async def network_ban(db: Executor, site_key: int, address: str) -> asyncpg.Record | None:
    """The reason why nobody takes part from a client's address now, if so. Raises ValueError for no address."""
    return await db.fetchrow(QUERIES["network_ban"], site_key, client_ip(address))


async def read_network_bans(db: Executor, site_key: int, after: Network | None, limit: int) -> Rows:
    """A site's running bans in the order of their networks, after one of them."""
    return await db.fetch(QUERIES["read_network_bans"], site_key, after, limit)


async def upsert_network_ban(
    db: Executor, site_key: int, network: Network, until: datetime, reason: str, moderator_key: int
) -> asyncpg.Record:
    """Ban a network until a time, or ban it anew."""
    row = await db.fetchrow(QUERIES["upsert_network_ban"], site_key, network, until, reason, moderator_key)
    assert row is not None
    return row


async def delete_network_ban(db: Executor, site_key: int, network: Network) -> bool:
    """Lift a ban; whether there was one."""
    return await db.fetchrow(QUERIES["delete_network_ban"], site_key, network) is not None


async def forget_network_bans(db: Executor) -> None:
    """Drop bans that are over, at most 1,000."""
    await db.execute(QUERIES["forget_network_bans"])
