"""Decisions, one by one and many at once, on a real database."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import asyncpg
import pytest

from service.domain.errors import CommentNotFound, Conflict, DiscussError, Forbidden
from service.domain.moderation import Action
from service.operations.moderation import Decided, decide, delete_comment
from service.store import comments
from tests.client import Service, SiteClient, as_id, until
from tests.conftest import Cluster
from tests.oracle import tally, walk


async def act(site: SiteClient, comment: dict[str, Any], action: Action, **how: Any) -> Decided:
    """Decide as a moderator."""
    return await decide(site.service.deps, await site.site(), as_id(comment["id"]), action, **how)


async def stored(site: SiteClient, comment: dict[str, Any]) -> asyncpg.Record:
    """The comment as its author and moderators see it."""
    row = await comments.find_own(site.service.deps.database, (await site.site()).key, as_id(comment["id"]))
    assert row is not None
    return row


async def settled(site: SiteClient, article: str) -> list[dict[str, Any]]:
    """Everything the public sees, once all counts agree with what is seen."""
    walked: list[dict[str, Any]] = []

    async def agrees() -> bool:
        nonlocal walked
        walked = await walk(site, article, limit=100, replies=50, replies_limit=100)
        told = {c["id"]: (c["reply_count"], c["descendant_count"]) for c in walked}
        published = sum(c["status"] == "published" for c in walked)
        return told == tally(walked) and await site.count(article) == published

    await until(agrees, 10)
    return walked


async def outcome(work: Awaitable[Any]) -> Any:
    """What came of it, or the code of its refusal."""
    try:
        return await work
    except DiscussError as error:
        return error.code


async def test_a_decision_is_logged_with_who_why_and_the_version(service: Service, cluster: Cluster) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    removed = await act(site, comment, "remove", moderator_key=7, reason="abuse", version=1)
    assert removed == Decided(True, "removed", 2)
    assert await act(site, comment, "remove") == Decided(False, "removed", 2)
    assert await act(site, comment, "restore") == Decided(True, "published", 3)
    connection = await asyncpg.connect(cluster.settings.database_url)
    try:
        rows = await connection.fetch(
            "SELECT action, from_status, to_status, moderator_key, reason, version FROM decisions"
            " WHERE comment_id = $1 ORDER BY created_at",
            as_id(comment["id"]),
        )
    finally:
        await connection.close()
    assert [tuple(row) for row in rows] == [
        ("remove", "published", "removed", 7, "abuse", 2),
        ("restore", "removed", "published", None, None, 3),
    ]


async def test_a_stale_version_changes_nothing(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    await act(site, comment, "hold")
    with pytest.raises(Conflict):
        await act(site, comment, "approve", version=1)
    assert (await stored(site, comment))["status"] == "pending"
    assert (await act(site, comment, "approve", version=2)).status == "published"


async def test_a_held_comments_words_appear_when_it_is_approved(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    held = await site.posted("a", "Words that wait.")
    assert (held["status"], held["held_by"]) == ("pending", ["premoderated_site"])
    assert (await site.get(f"/comments/{held['id']}")).status == 404
    await act(site, held, "approve")
    shown = await site.get(f"/comments/{held['id']}")
    assert "Words that wait." in shown.json["comment"]["html"]
    assert (await stored(site, held))["held_by"] == []


async def test_comments_of_another_site_are_not_found(service: Service) -> None:
    site, other = await service.new_site(), await service.new_site()
    comment = await site.posted("a")
    with pytest.raises(CommentNotFound):
        await act(other, comment, "remove")
    assert (await stored(site, comment))["status"] == "published"


async def test_only_its_author_deletes_a_comment_and_that_is_final(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a", "Said once.")
    author = (await stored(site, comment))["author_key"]
    place = (service.deps, await site.site(), as_id(comment["id"]))
    with pytest.raises(Forbidden):
        await delete_comment(*place, author + 1)
    assert (await delete_comment(*place, author)).changed
    assert not (await delete_comment(*place, author)).changed
    final: tuple[Action, ...] = ("approve", "restore", "remove")
    for action in final:
        with pytest.raises(Conflict):
            await act(site, comment, action)
    assert (await site.comment("a", "Said once.")).status == 201  # as what was deleted was not said


async def test_what_is_not_public_cannot_be_told_from_nothing_by_trying_to_delete_it(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    held = await site.posted("a")
    author = (await stored(site, held))["author_key"]
    with pytest.raises(CommentNotFound):
        await delete_comment(service.deps, await site.site(), as_id(held["id"]), author + 1)


async def test_of_200_decisions_at_once_each_step_is_taken_once(service: Service, cluster: Cluster) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    deciding: list[Action] = ["remove", "restore", "spam", "hold", "approve"]
    await site.site()
    outcomes = await asyncio.gather(*(outcome(act(site, comment, deciding[n % 5])) for n in range(200)))
    assert {type(each) for each in outcomes} <= {Decided, str}
    assert {each for each in outcomes if isinstance(each, str)} <= {"conflict"}
    changes = [each for each in outcomes if isinstance(each, Decided) and each.changed]
    assert sorted(each.version for each in changes) == list(range(2, len(changes) + 2))
    connection = await asyncpg.connect(cluster.settings.database_url)
    try:
        logged = await connection.fetch(
            "SELECT version, from_status, to_status FROM decisions WHERE comment_id = $1 ORDER BY version",
            as_id(comment["id"]),
        )
    finally:
        await connection.close()
    assert [row["version"] for row in logged] == sorted(each.version for each in changes)
    statuses = ["published", *(row["to_status"] for row in logged)]
    assert [row["from_status"] for row in logged] == statuses[:-1]
    await settled(site, "a")


async def test_200_comments_decided_at_once_are_counted_exactly(service: Service) -> None:
    site = await service.new_site()
    token = await site.token()
    root = await site.posted("a", token=token)
    below = [await site.posted("a", parent=root["id"], token=token) for _ in range(200)]
    chosen: list[Action] = ["remove" if n % 3 else "hold" for n in range(200)]
    decided = await asyncio.gather(*(act(site, c, action) for c, action in zip(below, chosen, strict=True)))
    assert all(each.changed for each in decided)
    await asyncio.gather(*(act(site, comment, "approve") for comment in below[:50]))
    walked = await settled(site, "a")
    assert walked[0]["descendant_count"] == 50
    assert {c["id"] for c in walked[1:]} == {c["id"] for c in below[:50]}


async def test_32_writers_and_moderators_on_one_parent(service: Service) -> None:
    site = await service.new_site()
    tokens = [await site.token(f"Writer {n}") for n in range(24)]
    root = await site.posted("a", token=tokens[0])
    written = [root]
    chance = random.Random(1)

    async def write(token: str) -> None:
        for _ in range(8):
            parent = chance.choice((root, chance.choice(written)))
            answer = await site.comment("a", parent=parent["id"], token=token)
            if answer.status == 201:
                written.append(answer.json)
            else:
                assert answer.json["code"] in ("parent_not_visible", "comment_not_found"), answer.body

    async def moderate() -> None:
        actions: tuple[Action, ...] = ("remove", "restore", "hold", "approve", "spam")
        for _ in range(12):
            comment = chance.choice(written)
            if comment is not root:
                await outcome(act(site, comment, chance.choice(actions)))
            await asyncio.sleep(0)

    await asyncio.gather(*(write(token) for token in tokens), *(moderate() for _ in range(8)))
    statuses = {comment["id"]: (await stored(site, comment))["status"] for comment in written}
    walked = await settled(site, "a")
    shown = {comment["id"] for comment in walked if comment["status"] == "published"}
    assert shown == {key for key, status in statuses.items() if status == "published"}
    assert Counter(statuses.values())["published"] == await site.count("a")


async def test_a_reply_racing_with_the_removal_of_its_parent_is_refused_or_stays_reachable(service: Service) -> None:
    site = await service.new_site()
    token = await site.token()
    refused = accepted = 0
    for _ in range(25):
        parent = await site.posted("a", parent=(await site.posted("a", token=token))["id"], token=token)
        first = asyncio.create_task(site.comment("a", parent=parent["id"], token=token))
        removing = asyncio.create_task(act(site, parent, "remove"))
        answers = (await site.comment("a", parent=parent["id"], token=token), await first)
        assert (await removing).changed
        for answer in answers:
            if answer.status == 201:
                accepted += 1
                assert (await site.get(f"/comments/{answer.json['id']}")).status == 200
            else:
                refused += 1
                assert answer.json["code"] == "parent_not_visible", answer.body
    walked = await settled(site, "a")
    assert sum(c["status"] == "published" for c in walked) == 25 + accepted
    assert sum(c["status"] == "removed" for c in walked) <= 25
    assert accepted + refused == 50


async def test_a_reply_waits_for_the_decision_that_came_first(service: Service, cluster: Cluster) -> None:
    """The decision holds the row; the reply is written after it or not at all, never below what is gone."""
    site = await service.new_site()
    parent = await site.posted("a")
    connection = await asyncpg.connect(cluster.settings.database_url)
    try:
        deciding = connection.transaction()
        await deciding.start()
        await connection.fetch(comments.QUERIES["lock_comment"].sql, (await site.site()).key, as_id(parent["id"]))
        replying = asyncio.create_task(site.comment("a", parent=parent["id"]))
        await until(lambda: waits_for_a_lock(service))
        await connection.execute("UPDATE comments SET status = 'removed' WHERE id = $1", as_id(parent["id"]))
        await deciding.commit()
        answer = await replying
        assert (answer.status, answer.json["code"]) == (409, "parent_not_visible")
    finally:
        await connection.close()


async def test_a_decision_that_waited_answers_what_was_flagged_meanwhile(service: Service, cluster: Cluster) -> None:
    """Who waits for a comment sees its flags as they are then, not as they were before."""
    site = await service.new_site()
    comment = await site.posted("a")
    await site.posted("b", token=await site.token("Bob"))
    connection = await asyncpg.connect(cluster.settings.database_url)
    try:
        flagging = connection.transaction()
        await flagging.start()
        await connection.fetch("SELECT FROM comments WHERE id = $1 FOR UPDATE", as_id(comment["id"]))
        deciding = asyncio.create_task(act(site, comment, "remove"))
        await until(lambda: waits_for_a_lock(service))
        await connection.execute(
            """INSERT INTO flags (article_key, comment_id, author_key, reason)
               SELECT c.article_key, c.id, u.key, 'abuse'
               FROM comments c JOIN authors u ON u.site_key = c.site_key AND u.name = 'Bob' WHERE c.id = $1""",
            as_id(comment["id"]),
        )
        await flagging.commit()
        assert (await deciding).changed
        state = await connection.fetchval("SELECT state FROM flags WHERE comment_id = $1", as_id(comment["id"]))
        assert state == "upheld"
    finally:
        await connection.close()


async def waits_for_a_lock(service: Service) -> bool:
    """Whether somebody waits for a row."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with service.deps.database.transaction("look") as tx:
        return bool(await tx.connection.fetchval(waiting))
