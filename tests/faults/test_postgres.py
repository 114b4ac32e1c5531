"""PostgreSQL dies, freezes and comes back while people post and read."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import asyncpg
import pytest

from service.store.database import Database
from service.store.queries import Query
from tests.client import Service, until
from tests.faults.conftest import Lab, freeze, thaw
from tests.faults.load import ANSWER_SECONDS, Seen, going_on, post_steadily, read_steadily, until_true


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_nothing_acknowledged_is_lost_and_nobody_waits_for_long(whole: Lab, here: Service, fault: str) -> None:
    site = await here.new_site()
    for _ in range(3):
        await site.posted("read")
    await until(lambda: counts_to(site, "read", 3))
    page = f"{here.url}{site.path}/articles/read/comments"
    await here.session.get(page)
    posting, reading, counting = Seen(), Seen(), Seen()
    token = await site.token()
    async with aiohttp.ClientSession() as session:
        posts = f"{here.url}{site.path}/articles/written/comments"
        writers = [post_steadily(session, posts, token, posting) for _ in range(4)]
        async with going_on(
            *writers,
            read_steadily(session, page, reading),
            read_steadily(session, f"{here.url}{site.path}/counts?article=read", counting),
        ):
            await until_true(lambda: len(posting.acknowledged) >= 50, 20)
            if fault == "killed":
                await asyncio.to_thread(kill_all, whole)
            else:
                freeze(whole.postgres)
            await until_true(lambda: posting.statuses.count(503) >= 8, 6)
            reads = len(reading.statuses)
            await until_true(lambda: len(reading.statuses) >= reads + 20, 3)  # fast again once it is known to be away
            if fault == "killed":
                whole.postgres.start()
            else:
                thaw(whole.postgres)
            back = time.monotonic()
            await until_true(lambda: posting.last_success > back, 10)
            assert posting.last_success - back < 2
            taken = len(posting.acknowledged)
            await until_true(lambda: len(posting.acknowledged) >= taken + 20, 10)
    assert set(posting.statuses) <= {201, 409, 503}
    assert set(reading.statuses) == {200}
    assert set(counting.statuses) == {200}
    assert b'"read":3' in counting.bodies[0]
    for seen in (posting, reading, counting):
        assert seen.slowest() < ANSWER_SECONDS
    connection = await asyncpg.connect(whole.settings.owner_url)
    try:
        stored = [str(row["id"]) for row in await connection.fetch(WRITTEN, site.name)]
        said = await connection.fetchval(TWICE, site.name)
    finally:
        await connection.close()
    assert set(posting.acknowledged.values()) <= set(stored)
    assert said == 0
    await until(lambda: counts_to(site, "written", len(stored)), 3)


WRITTEN = """
SELECT c.id FROM comments c JOIN article_ids i USING (article_key) JOIN sites s ON s.key = i.site_key
WHERE s.name = $1 AND i.external_id = 'written'
"""
TWICE = """
SELECT count(*) FROM (
    SELECT r.text FROM revisions r JOIN comments c ON c.id = r.comment_id
    JOIN article_ids i ON i.article_key = c.article_key JOIN sites s ON s.key = i.site_key
    WHERE s.name = $1 AND i.external_id = 'written' GROUP BY r.text HAVING count(*) > 1) t
"""


def kill_all(lab: Lab) -> None:
    """SIGKILL the postmaster; its children notice and go."""
    lab.postgres.kill()


async def counts_to(site, article: str, number: int) -> bool:  # type: ignore[no-untyped-def]
    return bool(await site.count(article) == number)


async def test_away_from_the_start_it_waits_and_then_is_ready(whole: Lab, here: Service) -> None:
    whole.postgres.kill()

    async def told_down() -> bool:
        answer = await here.request("GET", "/readyz")
        assert answer.status == 200  # it was connected once
        return bool(answer.json["postgres"] == "down")

    await until(told_down)
    assert (await here.request("GET", "/readyz?strict=1")).status == 503
    assert (await here.request("GET", "/livez")).status == 200
    whole.postgres.start()

    async def told_up() -> bool:
        return (await here.request("GET", "/readyz?strict=1")).status == 200

    await until(told_up, 3)


async def test_a_frozen_server_is_told_within_a_second(whole: Lab, here: Service) -> None:
    freeze(whole.postgres)
    started = time.monotonic()
    answer = await here.request("GET", "/readyz")
    assert answer.json["postgres"] == "down"
    assert time.monotonic() - started < 1.5
    started = time.monotonic()
    answer = await here.request("GET", "/metrics")
    assert answer.status == 200
    assert time.monotonic() - started < ANSWER_SECONDS


async def test_a_writer_frozen_with_a_row_lock_holds_up_neither_replies_nor_the_log(whole: Lab, here: Service) -> None:
    site = await here.new_site()
    root = await site.posted("a")
    await until(lambda: counts_to(site, "a", 1))
    other = Database(whole.settings.database_url)
    await other.connect()
    locked = asyncio.Event()

    async def freeze_with_lock() -> None:
        async with other.transaction("frozen") as tx:
            await tx.fetch(Query("lock", "SELECT id FROM comments WHERE id = $1 FOR UPDATE"), root["id"])
            locked.set()
            await asyncio.Event().wait()

    frozen = asyncio.create_task(freeze_with_lock())
    try:
        await locked.wait()
        started = time.monotonic()
        reply = asyncio.create_task(site.comment("a", parent=root["id"]))
        while not reply.done():
            assert not here.deps.tail.silent(here.deps.monotonic())
            await asyncio.wait({reply}, timeout=0.05)
        assert (await reply).status == 201
        assert time.monotonic() - started < 2.8
        await until(lambda: counts_to(site, "a", 2), 3)
    finally:
        frozen.cancel()
        await asyncio.gather(frozen, return_exceptions=True)
        await other.close()
