"""The event log: nothing is lost or told twice, whoever writes, rolls back or sequences at the same time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest_asyncio

from service.domain.ids import created_at_of, uuid7
from service.domain.moderation import Standing
from service.store import articles, authors, comments, events, sites
from service.store.comments import NewComment
from service.store.database import Database, Executor
from service.store.events import Happening
from tests.client import SiteClient, running_service, until
from tests.conftest import Cluster
from tests.oracle import tally, walk
from tests.snapshot import dump, restore


@dataclass(frozen=True)
class Log:
    """A database nobody else follows, with a site, an article and an author."""

    database: Database
    url: str
    site: int
    article: int
    author: int

    async def say(self, db: Executor, parent: uuid.UUID | None = None, status: str = "published") -> uuid.UUID:
        """Write a comment as posting does."""
        comment_id = uuid7(1_760_000_000_000)
        new = NewComment(
            site_key=self.site,
            article_key=self.article,
            id=comment_id,
            parent_id=parent,
            author_key=self.author,
            status=status,
            held_by=[],
            text="Words.",
            html="<p>Words.</p>",
            renderer=1,
            created_at=created_at_of(comment_id),
            fingerprint=comment_id.bytes,
            said_again_before=created_at_of(comment_id),
            idempotency_key=None,
            request_hash=b"",
            answered=201,
            address=bytes(16),
            held_details={},
            near=[],
        )
        assert await comments.insert_comment(db, new) is not None
        return comment_id

    async def told(self, after: int) -> list[uuid.UUID]:
        """The comments of the events after a position, in order."""
        return [row["comment_id"] for row in await events.read_events(self.database, after, 10_000)]

    async def end(self) -> int:
        """The last event's position."""
        position, _ = await events.last_position(self.database)
        return position

    async def count(self) -> tuple[int, int]:
        """The article's count, and the position it is right for."""
        return (await articles.count_comments(self.database, self.site, ["article"]))["article"]


@pytest_asyncio.fixture(scope="module")
async def log(cluster: Cluster) -> AsyncIterator[Log]:
    """The module's log."""
    database = Database(cluster.settings.database_url, size=20)
    await database.connect()
    site = await sites.insert_site(database, "log", {})
    assert site is not None
    article = await articles.insert_article(database, site, "article")
    assert await events.advance_log(database, 100) == 1  # that it was opened
    person: dict[str, Any] = {"name": "Ada", "avatar_url": None, "roles": [], "labels": [], "guest": False}
    person |= {"hashes": [], "issued_at": datetime.now(UTC)}
    author = await authors.upsert_author(database, uuid.uuid4(), site, "issuer", "ada", **person)
    yield Log(database, cluster.settings.database_url, site, article, author["key"])
    await database.close()


@asynccontextmanager
async def held_open(log: Log) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection of its own, to leave transactions open on."""
    connection = await asyncpg.connect(log.url)
    try:
        yield connection
    finally:
        await connection.close()


TELL = "INSERT INTO outbox (kind, site_key, article_key, comment_id) VALUES ('comment.updated', $1, $2, $3)"


async def test_of_two_open_transactions_both_are_told_in_the_order_they_became_visible(log: Log) -> None:
    early, late = uuid.uuid4(), uuid.uuid4()
    async with held_open(log) as first, held_open(log) as second:
        await events.advance_log(log.database, 100)
        start = await log.end()
        one, other = first.transaction(), second.transaction()
        await one.start()
        await other.start()
        await first.execute(TELL, log.site, log.article, early)
        await second.execute(TELL, log.site, log.article, late)
        assert await events.advance_log(log.database, 100) == 0
        await other.commit()
        assert await events.advance_log(log.database, 100) == 1
        assert await log.told(start) == [late]
        seen = await log.end()
        await one.commit()
        assert await events.advance_log(log.database, 100) == 1
        assert await log.told(seen) == [early]
    assert await log.told(start) == [late, early]


async def test_what_was_rolled_back_is_not_told_and_delays_nothing(log: Log) -> None:
    start = await log.end()
    kept = [uuid.uuid4(), uuid.uuid4()]
    async with held_open(log) as connection:
        await connection.execute(TELL, log.site, log.article, kept[0])
        given_up = connection.transaction()
        await given_up.start()
        await connection.execute(TELL, log.site, log.article, uuid.uuid4())
        await given_up.rollback()
        await connection.execute(TELL, log.site, log.article, kept[1])
    assert await events.advance_log(log.database, 100) == 2
    assert await log.told(start) == kept


async def test_a_refused_comment_leaves_nothing_behind(log: Log) -> None:
    before = await events.log_lag(log.database)
    parent = await log.say(log.database)
    removed = Standing("removed", prior="published")
    await comments.save_standing(log.database, log.article, parent, removed, grows=True)
    new = uuid.uuid4()
    async with held_open(log) as connection:
        tables = ("comments", "revisions", "outbox", "recent_texts", "idempotency_keys")

        async def rows() -> list[int]:
            return [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]

        there = await rows()
        arguments: tuple[Any, ...] = (log.site, log.article, new, parent, log.author, "published", [], "x", "x", 1)
        said = (created_at_of(parent), new.bytes, created_at_of(parent), "key", b"", 201, bytes(16), {}, [])
        assert await log.database.fetch(comments.QUERIES["insert_comment"], *arguments, *said) == []
        assert await rows() == there
    assert before["waiting"] == 0


async def test_of_many_sequencers_at_once_each_change_is_placed_once_and_counted_once(log: Log) -> None:
    await events.advance_log(log.database, 10_000)
    start, (count, _) = await log.end(), await log.count()
    done = False

    async def sequence() -> None:
        while not done:
            await events.advance_log(log.database, 7)

    sequencers = [asyncio.create_task(sequence()) for _ in range(6)]
    written = await asyncio.gather(*(write_some(log, 20) for _ in range(10)))
    done = True
    await asyncio.gather(*sequencers)
    while await events.advance_log(log.database, 10_000):
        pass
    told = await log.told(start)
    assert sorted(told) == sorted(comment for some in written for comment in some)
    positions = [row["position"] for row in await events.read_events(log.database, start, 10_000)]
    assert positions == sorted(set(positions))
    assert await log.count() == (count + 200, positions[-1])


async def write_some(log: Log, number: int) -> list[uuid.UUID]:
    return [await log.say(log.database) for _ in range(number)]


async def test_whoever_finds_the_lane_taken_goes_on_at_once(log: Log) -> None:
    await log.say(log.database)
    async with held_open(log) as connection, connection.transaction():
        await connection.execute("SELECT FROM followers WHERE name = 'log' FOR UPDATE")
        async with asyncio.timeout(1):
            assert await events.advance_log(log.database, 100) == 0
        assert (await events.log_lag(log.database))["waiting"] == 1
    assert await events.advance_log(log.database, 100) == 1


async def test_a_batch_takes_the_oldest_first_and_leaves_the_rest(log: Log) -> None:
    start = await log.end()
    written = await write_some(log, 5)
    assert [await events.advance_log(log.database, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert await log.told(start) == written


async def test_a_reply_in_the_making_does_not_hold_up_the_counters_of_its_parent(log: Log) -> None:
    parent = await log.say(log.database)
    await log.say(log.database, parent)
    async with held_open(log) as connection, connection.transaction():
        await connection.execute("SELECT FROM comments WHERE id = $1 FOR KEY SHARE", parent)
        async with asyncio.timeout(1):
            await events.advance_log(log.database, 100)
    own = await comments.find_own(log.database, log.site, parent)
    assert own is not None
    assert (own["reply_count"], own["descendant_count"]) == (1, 1)


async def test_held_and_published_again_in_one_batch_counts_once(log: Log) -> None:
    count, _ = await log.count()
    comment = await log.say(log.database, status="pending")
    for before, after in (("pending", "published"), ("published", "removed"), ("removed", "published")):
        happening = Happening("comment.changed", log.site, log.article, comment, log.author, before, after)
        await events.insert_outbox(log.database, happening)
    await events.advance_log(log.database, 100)
    assert (await log.count())[0] == count + 1


async def test_an_event_names_every_id_its_article_is_known_by(log: Log) -> None:
    async with held_open(log) as connection:
        await connection.execute("INSERT INTO article_ids VALUES ($1, 'also', $2)", log.site, log.article)
    start = await log.end()
    await log.say(log.database)
    await events.advance_log(log.database, 100)
    (event,) = await events.read_events(log.database, start, 10)
    assert (event["site"], sorted(event["article_ids"])) == ("log", ["also", "article"])


async def test_a_hidden_articles_changed_count_is_told_as_nothing(log: Log) -> None:
    start = await log.end()
    await articles.update_article(log.database, log.article, {"visibility": "hidden"})
    await log.say(log.database)
    await events.advance_log(log.database, 100)
    told = {row["article_id"]: row["comment_count"] for row in await events.counts_since(log.database, start)}
    assert told["article"] == 0
    await articles.update_article(log.database, log.article, {"visibility": "shown"})


async def test_a_restored_dump_goes_on_where_it_was(cluster: Cluster, servers_copy: str) -> None:
    """What waited in the outbox is placed, new events follow, counts are exact."""
    servers, settings = cluster.servers, cluster.settings
    async with running_service(settings) as service:
        site = await service.new_site()
        root = await site.posted("dumped")
        await site.posted("dumped", parent=root["id"])

        async def counted() -> bool:
            return await site.count("dumped") == 2

        await until(counted)
    database = Database(settings.database_url)
    await database.connect()
    last, _ = await events.last_position(database)
    found = await sites.find_site(database, site.name)
    assert found is not None
    await events.insert_outbox(database, Happening("author.banned", found.key))
    await database.close()

    restore(servers.owner_url(servers_copy), dump(settings.owner_url))
    copy = replace(settings, database_url=servers.app_url(servers_copy), owner_url=servers.owner_url(servers_copy))
    async with running_service(copy) as service:
        there = SiteClient(service, site.name)
        reply = await there.posted("dumped", parent=root["id"])
        await there.posted("dumped", parent=reply["id"])

        async def followed() -> bool:
            page = await there.page("dumped")
            return page["article"]["comment_count"] == 4 and await there.count("dumped") == 4

        await until(followed)
        told = await events.read_events(service.deps.database, last, 100)
        assert [row["kind"] for row in told] == ["author.banned", "comment.created", "comment.created"]
        walked = await walk(there, "dumped")
        assert {c["id"]: (c["reply_count"], c["descendant_count"]) for c in walked} == tally(walked)


@pytest_asyncio.fixture
async def servers_copy(cluster: Cluster) -> AsyncIterator[str]:
    """The name of an empty database."""
    name = f"discuss_{uuid.uuid4().hex[:12]}"
    cluster.servers.create_database(name)
    yield name
    cluster.servers.drop_database(name)
