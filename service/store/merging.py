"""Moving the comments of one article to another, thread by thread."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from service.store.database import Executor, Transaction
from service.store.queries import load_queries

QUERIES = load_queries("merging")


async def start_merge(db: Executor, article_key: int, into_key: int) -> None:
    """From now on the article takes no comments, and its own have to move."""
    await db.execute(QUERIES["start_merge"], article_key, into_key)


async def merges_into(db: Executor, article_key: int) -> bool:
    """Whether comments of other articles are still moving to this one."""
    row = await db.fetchrow(QUERIES["merges_into"], article_key)
    assert row is not None
    return bool(row["merging"])


async def next_merge(tx: Transaction, article_key: int | None) -> asyncpg.Record | None:
    """An article (this one, or any) whose comments have to move, locked; nothing while another process moves them."""
    return await tx.fetchrow(QUERIES["next_merge"], article_key)


async def next_thread(tx: Transaction, article_key: int) -> UUID | None:
    """A root comment that is still there."""
    row = await tx.fetchrow(QUERIES["next_thread"], article_key)
    return UUID(bytes=row["id"].bytes) if row else None


async def move_notifications(tx: Transaction, article_key: int, into_key: int) -> None:
    """What people were told of comments that moved is found where they are."""
    await tx.execute(QUERIES["move_notifications"], article_key, into_key)


async def move_thread(tx: Transaction, article_key: int, into_key: int, root_id: UUID) -> int:
    """A root and everything below it move, counts and log included; how many comments."""
    await tx.execute(QUERIES["stop_log"])
    await tx.execute(QUERIES["move_thread"], article_key, into_key, root_id)
    row = await tx.fetchrow(QUERIES["settle_thread"], article_key, into_key, root_id)
    assert row is not None
    return int(row["moved"])
