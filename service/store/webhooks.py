"""Webhooks and their deliveries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from service.store.database import Executor, Rows, Transaction
from service.store.queries import load_queries

QUERIES = load_queries("webhooks")


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery this process may attempt now, for the `attempts`th time."""

    webhook_key: int
    id: UUID
    attempts: int


async def lock_site(tx: Transaction, site_key: int) -> None:
    """Let nobody else add a webhook to the site until the transaction ends."""
    await tx.execute(QUERIES["lock_site"], site_key)


async def insert_webhook(
    tx: Transaction,
    webhook_id: UUID,
    site_key: int,
    *,
    url: str,
    secret: str,
    types: Sequence[str],
    active: bool,
    most: int,
) -> asyncpg.Record | None:
    """A new webhook; nothing when the site, which must be locked, has `most` already."""
    return await tx.fetchrow(QUERIES["insert_webhook"], webhook_id, site_key, url, secret, list(types), active, most)


async def list_webhooks(db: Executor, site_key: int, after: UUID, limit: int) -> Rows:
    """A site's webhooks after an id, oldest first."""
    return await db.fetch(QUERIES["list_webhooks"], site_key, after, limit)


async def find_webhook(db: Executor, site_key: int, webhook_id: UUID) -> asyncpg.Record | None:
    """A webhook of the site."""
    return await db.fetchrow(QUERIES["find_webhook"], site_key, webhook_id)


async def update_webhook(
    db: Executor, site_key: int, webhook_id: UUID, url: str | None, types: Sequence[str] | None, active: bool | None
) -> asyncpg.Record | None:
    """The changed webhook, None leaves as it is; nothing when the site has no such webhook."""
    return await db.fetchrow(QUERIES["update_webhook"], site_key, webhook_id, url, types, active)


async def delete_deliveries(db: Executor, webhook_key: int, most: int) -> int:
    """Delete some of a webhook's deliveries; how many there were."""
    done = await db.execute(QUERIES["delete_deliveries"], webhook_key, most)
    return int(done.rpartition(" ")[2])


async def delete_webhook(db: Executor, webhook_key: int) -> None:
    """Delete a webhook with what belongs to it."""
    await db.execute(QUERIES["delete_webhook"], webhook_key)


async def list_deliveries(db: Executor, webhook_key: int, before: UUID, limit: int) -> Rows:
    """A webhook's deliveries before an id, newest first."""
    return await db.fetch(QUERIES["list_deliveries"], webhook_key, before, limit)


async def replay_delivery(db: Executor, webhook_key: int, delivery_id: UUID) -> asyncpg.Record | None:
    """The delivery, due again; nothing when the webhook has no such delivery."""
    return await db.fetchrow(QUERIES["replay_delivery"], webhook_key, delivery_id)


async def tell_webhooks(db: Executor, batch: int, types: Mapping[str, str]) -> tuple[int, int]:
    """Take the next events and write what is to be delivered; how many of each. `types` are by the events' kinds."""
    row = await db.fetchrow(QUERIES["tell_webhooks"], batch, list(types), list(types.values()))
    assert row is not None
    return row["events"], row["made"]


async def claim_deliveries(
    db: Executor, busy: Collection[int], webhooks: int, each: int, lease: timedelta
) -> list[Claim]:
    """Lease due deliveries: at most `each` of at most so many `webhooks`, the `busy` ones left out."""
    rows = await db.fetch(QUERIES["claim_deliveries"], list(busy), webhooks, each, lease)
    return [Claim(row["webhook_key"], row["id"], row["attempts"]) for row in rows]


async def read_deliveries(db: Executor, claims: Sequence[Claim]) -> Rows:
    """What deliveries are about and where they go, in the order things happened."""
    return await db.fetch(
        QUERIES["read_deliveries"], [claim.webhook_key for claim in claims], [claim.id for claim in claims]
    )


async def save_attempt(
    db: Executor,
    claim: Claim,
    status: str,
    *,
    wait: timedelta | None,
    http_status: int | None,
    unwanted: bool,
    patience: timedelta,
) -> bool:
    """Save what came of an attempt; whether it made the webhook inactive.

    A webhook becomes inactive when its receiver wants no more, and when it has failed for longer than `patience`.
    """
    row = await db.fetchrow(
        QUERIES["save_attempt"],
        claim.webhook_key,
        claim.id,
        claim.attempts,
        status,
        wait,
        http_status,
        unwanted,
        patience,
    )
    return row is not None


async def delivery_lag(db: Executor) -> asyncpg.Record:
    """Deliveries waiting, and for how long the oldest of them has been due (seconds)."""
    row = await db.fetchrow(QUERIES["delivery_lag"])
    assert row is not None
    return row


async def forget_deliveries(db: Executor, older_than: timedelta, most: int) -> None:
    """Drop deliveries of old events, at most so many."""
    await db.execute(QUERIES["forget_deliveries"], older_than, most)


async def tell_overdue(db: Executor) -> int:
    """Tell the log of sites whose queue has become overdue; how many."""
    return len(await db.fetch(QUERIES["tell_overdue"]))
