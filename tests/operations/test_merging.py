"""Merging articles: everything that hangs on comments moves, and nothing is counted twice or forgotten."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from service.domain.identity import Role
from service.followers import timers
from service.operations import merging
from service.operations.merging import merge_article, move_next
from service.operations.sites import add_api_key
from service.store import events
from tests.client import Answer, Service, SiteClient, until
from tests.conftest import Cluster

# Tables with an article_key that do not follow comments by a foreign key, and why their rows are right all the same.
BY_HAND = {
    "article_counts", "article_hours", "article_ids", "comments", "notifications", "outbox",  # store/merging.sql
}  # fmt: skip
LEFT_BEHIND = {
    "decisions": "append-only; found by comment",
    "events": "append-only; what happened there happened there",
    "idempotency_keys": "found by author and key; the comment is found by its id",
    "deliveries": "the comment is found by its id",
}

Owner = Any  # asyncpg.Connection is generic for type checkers only


@pytest_asyncio.fixture(scope="module")
async def owner(cluster: Cluster) -> AsyncIterator[Owner]:
    """The tables' owner."""
    connection: Owner = await asyncpg.connect(cluster.settings.owner_url)
    yield connection
    await connection.close()


async def test_every_table_with_an_article_follows_its_comments(owner: Owner) -> None:
    rows = await owner.fetch(
        "SELECT c.table_name FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_name, table_schema)"
        " WHERE c.table_schema = 'public' AND c.column_name = 'article_key' AND t.table_type = 'BASE TABLE'"
    )
    links = await owner.fetch(
        "SELECT conrelid::regclass::text AS name, confupdtype FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid = 'comments'::regclass"
    )
    following = {row["name"] for row in links if row["confupdtype"] == b"c"}
    assert {row["name"] for row in links} == following
    assert {row["table_name"] for row in rows} == following | BY_HAND | set(LEFT_BEHIND)


def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Merges only begin; the test goes on with them."""

    async def nothing(*args: object) -> bool:
        return False

    monkeypatch.setattr(merging, "PATIENCE", 0.0)
    monkeypatch.setattr(timers, "move_next", nothing)


async def merged(site: SiteClient, article: str, into: str) -> Answer:
    key = await add_api_key(site.service.deps, await site.site(), "our CMS")
    return await site.post(f"/moderation/articles/{article}/merge", {"into": into}, token=key)


async def decide(site: SiteClient, comment: dict[str, Any], action: str) -> None:
    body = {"decisions": [{"comment_id": comment["id"], "action": action}]}
    await site.post("/moderation/decisions", body, token=await site.token("Max", Role.MODERATOR))


async def quiet(owner: Owner) -> None:
    """Wait until everything has its place in the log."""

    async def empty() -> bool:
        return bool(await owner.fetchval("SELECT count(*) = 0 FROM outbox"))

    await until(empty)


async def check_counts(owner: Owner, site: SiteClient) -> None:
    """What is kept of articles is what their comments say."""
    wrong = await owner.fetch(
        "SELECT a.external_id, n.comment_count, c.published, c.lately, h.comments"
        " FROM articles a JOIN sites s ON s.key = a.site_key JOIN article_counts n ON n.article_key = a.key"
        " CROSS JOIN LATERAL (SELECT count(*) AS published, count(*) AS lately FROM comments c"
        "   WHERE c.article_key = a.key AND c.status = 'published') c"
        " CROSS JOIN LATERAL (SELECT coalesce(sum(comments), 0) AS comments FROM article_hours h"
        "   WHERE h.article_key = a.key) h"
        " WHERE s.name = $1 AND (n.comment_count <> c.published OR h.comments <> c.published)",
        site.name,
    )
    assert wrong == []
    replies = await owner.fetchval(
        "SELECT count(*) FROM comments c JOIN sites s ON s.key = c.site_key WHERE s.name = $1 AND c.reply_count <>"
        " (SELECT count(*) FROM comments r WHERE r.article_key = c.article_key AND r.parent_id = c.id"
        "  AND r.status = 'published')",
        site.name,
    )
    assert replies == 0


async def test_everything_on_comments_moves_while_people_go_on(service: Service, owner: Owner) -> None:
    site = await service.new_site(edit_window_seconds=3600)
    chance = random.Random(7)
    people = [await site.token(f"Reader {n}") for n in range(4)]
    said: list[dict[str, Any]] = []
    for number in range(40):
        article = "new" if number % 5 == 0 else "old"
        here = [one for one in said if one["article_id"] == article]
        parent = chance.choice(here)["id"] if here and chance.random() < 0.7 else None
        said.append(await site.posted(article, parent=parent, token=people[number % 4]))
    ids = {one["id"] for one in said}

    async def stir(number: int) -> None:
        comment, token = chance.choice(said), people[number % 4]
        what = chance.choice(("vote", "flag", "edit", "remove", "restore", "approve", "delete", "hold"))
        if what == "vote":
            value = chance.choice((-1, 0, 1))
            answer = await site.put(f"/comments/{comment['id']}/vote", {"value": value}, token=token)
        elif what == "flag":
            answer = await site.post(f"/comments/{comment['id']}/flags", {"reason": "abuse"}, token=token)
        elif what == "edit":
            answer = await site.patch(f"/comments/{comment['id']}", {"text": f"Other words {number}."}, token=token)
        elif what == "delete" and number % 3 == 0:
            answer = await site.delete(f"/comments/{comment['id']}", token=token)
        elif what in ("remove", "restore", "approve"):
            await decide(site, comment, what)
            return
        else:
            article = chance.choice(("old", "new"))
            answer = await site.comment(article, token=token)
            if answer.status == 201:
                ids.add(answer.json["id"])
        assert answer.status < 500, answer.body

    async def stirring() -> None:
        for number in range(60):
            await stir(number)

    for number in range(30):
        await stir(number)
    answers: list[Any] = await asyncio.gather(merged(site, "old", "new"), stirring(), stirring())
    assert answers[0].status in (200, 202), answers[0].body

    async def is_done() -> bool:
        again = await merged(site, "old", "new")
        return bool(again.status == 200 and again.json["state"] == "done")

    await until(is_done)
    await quiet(owner)
    stored = await owner.fetch("SELECT id::text, a.external_id FROM comments c JOIN articles a ON a.key = c.article_key"
                               " JOIN sites s ON s.key = a.site_key WHERE s.name = $1", site.name)  # fmt: skip
    assert {row["external_id"] for row in stored} == {"new"}
    assert {row["id"] for row in stored} == ids
    await check_counts(owner, site)
    votes = await owner.fetchval(
        "SELECT count(*) FROM comments c WHERE (c.up, c.down) <>"
        " (SELECT count(*) FILTER (WHERE v.value = 1), count(*) FILTER (WHERE v.value = -1)"
        "  FROM votes v WHERE v.article_key = c.article_key AND v.comment_id = c.id)"
    )
    assert votes == 0
    published = {one["id"] for one in await site.walk("old") if one["status"] == "published"}
    assert len(published) == await site.count("old") == await site.count("new")
    assert (await site.page("old"))["article"]["id"] == "new"
    assert await site.walk("old") == await site.walk("new")


async def test_a_merge_stops_and_goes_on_anywhere(
    service: Service, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await service.new_site()
    roots = [await site.posted("old") for _ in range(3)]
    await site.posted("old", parent=roots[0]["id"])
    await site.posted("new")
    await quiet(owner)
    step_by_step(monkeypatch)
    answer = await merged(site, "old", "new")
    assert (answer.status, answer.json["state"]) == (202, "merging")
    refused = await site.comment("old")
    assert (refused.json["code"], refused.json["detail"]) == (
        "article_locked", "This discussion is moving to another article."
    )  # fmt: skip
    assert (
        await site.put(f"/comments/{roots[2]['id']}/vote", {"value": 1}, token=await site.token("Bob"))
    ).status == 200

    seen = []
    while await move_next(service.deps):

        async def told() -> bool:
            return await site.count("old") + await site.count("new") == 5

        await until(told)
        both = [one["id"] for article in ("old", "new") for one in await site.walk(article)]
        assert len(both) == len(set(both)) == 5
        seen.append(len(both))
        assert (await site.get(f"/comments/{roots[2]['id']}")).status == 200
    assert len(seen) == 3
    assert (await merged(site, "old", "new")).json["state"] == "done"
    assert (await site.posted("old", parent=roots[1]["id"]))["article_id"] == "new"
    await quiet(owner)
    await check_counts(owner, site)


async def test_a_change_that_waits_for_its_place_is_counted_where_the_comment_went(
    service: Service, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await service.new_site()

    async def stopped(*args: object) -> int:
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(events, "advance_log", stopped)
        root = await site.posted("old")
        await site.posted("old", parent=root["id"])
        await site.put(f"/comments/{root['id']}/vote", {"value": 1}, token=await site.token("Bob"))
        await site.posted("new")
        merge = await merge_article(service.deps, await site.site(), "old", "new")
        assert merge.state == "done"
        assert merge.article["comment_count"] == 0
    await quiet(owner)
    await check_counts(owner, site)
    assert await site.count("old") == 3
    shown = next(one for one in await site.walk("new") if one["id"] == root["id"])
    assert (shown["votes"]["up"], shown["reply_count"]) == (1, 1)


async def test_what_cannot_be_merged(service: Service) -> None:
    site = await service.new_site()
    for article in ("a", "b", "hidden"):
        await site.posted(article)
    admin = await site.token("Grace", Role.ADMIN)
    await site.patch("/moderation/articles/hidden", {"visibility": "hidden"}, token=admin)
    assert (await merged(site, "a", "a")).status == 422
    assert (await merged(site, "a", "x/y")).status == 422
    assert (await merged(site, "a", "nothing")).json["code"] == "article_not_found"
    assert (await merged(site, "nothing", "a")).json["code"] == "article_not_found"
    assert (await merged(site, "hidden", "a")).json["code"] == "conflict"
    assert (await merged(site, "a", "hidden")).json["code"] == "conflict"


async def test_two_merges_that_meet_do_not_go_round_in_circles(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await service.new_site()
    for article in ("a", "b", "c"):
        await site.posted(article)
    step_by_step(monkeypatch)
    answers = await asyncio.gather(merged(site, "a", "b"), merged(site, "b", "a"))
    assert sorted(answer.status for answer in answers) == [202, 409]
    source, target = ("a", "b") if answers[0].status == 202 else ("b", "a")
    for article, into in ((target, "c"), ("c", source)):
        assert (await merged(site, article, into)).json["code"] == "conflict"
    while await move_next(service.deps):
        pass
    assert (await merged(site, target, "c")).status == 202
    while await move_next(service.deps):
        pass
    assert len(await site.walk("a")) == 3


@pytest.mark.parametrize("gone", ["merged", "hidden"])
async def test_a_page_that_is_read_while_its_article_goes(service: Service, owner: Owner, gone: str) -> None:
    site = await service.new_site()
    assert (await site.put("/articles/a", {}, token=await site.token("Max", Role.ADMIN))).status == 201
    kept = await site.posted("b")
    find = "SELECT i.article_key FROM article_ids i JOIN sites s ON s.key = i.site_key WHERE s.name = $1"
    a, b = [await owner.fetchval(f"{find} AND i.external_id = $2", site.name, one) for one in ("a", "b")]
    async with owner.transaction():
        await owner.execute("LOCK TABLE comments")  # the reader has found the article then, and waits for its comments
        reading = asyncio.create_task(site.page("a", "?limit=7"))

        async def waits() -> bool:
            locks = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'comments'::regclass AND NOT granted)"
            return bool(await owner.fetchval(locks))

        await until(waits)
        if gone == "merged":
            await owner.execute("UPDATE article_ids SET article_key = $2 WHERE article_key = $1", a, b)
            await owner.execute("DELETE FROM article_counts WHERE article_key = $1", a)
            await owner.execute("DELETE FROM articles WHERE key = $1", a)
        else:
            await owner.execute("UPDATE articles SET visibility = 'hidden' WHERE key = $1", a)
    page = await reading
    assert [root["id"] for root in page["comments"]] == ([kept["id"]] if gone == "merged" else [])
    assert page["article"]["locked"] is (gone == "hidden")
