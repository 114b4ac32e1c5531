"""What is talked about, and what moderators had to do, through HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import asyncpg
import orjson
import pytest_asyncio

from service.domain.identity import Role
from service.operations.activity import stats_of
from service.operations.transfer import import_file
from tests.client import Service, SiteClient, until
from tests.conftest import Cluster

Owner = Any  # asyncpg.Connection is generic for type checkers only


@pytest_asyncio.fixture(scope="module")
async def owner(cluster: Cluster) -> AsyncIterator[Owner]:
    """The tables' owner."""
    connection: Owner = await asyncpg.connect(cluster.settings.owner_url)
    yield connection
    await connection.close()


async def register(site: SiteClient, *articles: str) -> None:
    for article in articles:
        answer = await site.put(f"/articles/{article}", {}, token=await site.token("Grace", Role.ADMIN))
        assert answer.status == 201


async def decide(site: SiteClient, comment: dict[str, Any], action: str) -> None:
    body = {"decisions": [{"comment_id": comment["id"], "action": action}]}
    answer = await site.post("/moderation/decisions", body, token=await site.token("Max", Role.MODERATOR))
    assert answer.json["results"][0]["result"] == "applied", answer.body


async def discussed(site: SiteClient, query: str = "") -> dict[str, int]:
    answer = await site.get(f"/articles/most_discussed{query}")
    assert answer.status == 200, answer.body
    return {article["id"]: article["recent_count"] for article in answer.json["articles"]}


async def becomes(site: SiteClient, expected: dict[str, int], query: str = "") -> None:
    """Wait until these articles are discussed, most first."""

    async def so() -> bool:
        return list((await discussed(site, query)).items()) == list(expected.items())

    await until(so)


async def test_the_most_discussed_articles_follow_what_is_published(service: Service, owner: Owner) -> None:
    site, other = await service.new_site(), await service.new_site()
    await register(site, "a", "b", "silent")
    await register(other, "a")
    said = [await site.posted(article) for article in ("a", "b", "b", "b", "by-a-reader")]
    await other.posted("a")
    await becomes(site, {"b": 3, "a": 1})
    await becomes(site, {"b": 3}, "?limit=1")
    await decide(site, said[1], "remove")
    await becomes(site, {"b": 2, "a": 1})
    await decide(site, said[1], "restore")
    await site.delete(f"/comments/{said[0]['id']}", token=await site.token())
    await becomes(site, {"b": 3})
    await owner.execute(
        "UPDATE article_hours h SET hour = hour - interval '2 days' FROM sites s"
        " WHERE s.key = h.site_key AND s.name = $1",
        site.name,
    )
    await becomes(site, {})
    await becomes(site, {"b": 3}, "?window=7d")
    answer = await site.get("/articles/most_discussed")
    assert answer.headers["Cache-Control"] == "public, max-age=5, s-maxage=1"
    assert (await site.get("/articles/most_discussed", headers={"If-None-Match": answer.headers["ETag"]})).status == 304
    for query in ("?window=1h", "?limit=0", "?limit=101"):
        assert (await site.get(f"/articles/most_discussed{query}")).status == 422


async def test_stats_tell_what_happened_by_the_hour(service: Service) -> None:
    site = await service.new_site()
    await register(site, "a")
    said = [await site.posted("a") for _ in range(3)]
    await site.set(moderation="pre")
    held = [await site.posted("a") for _ in range(2)]
    await decide(site, held[0], "approve")
    await decide(site, said[0], "remove")
    for reason, name in (("spam", "B"), ("spam", "C"), ("abuse", "D")):
        answer = await site.post(f"/comments/{said[1]['id']}/flags", {"reason": reason}, token=await site.token(name))
        assert answer.status == 201
    await decide(site, said[1], "approve")
    token = await site.token("Max", Role.MODERATOR)

    async def counted() -> bool:
        answer = await site.get("/moderation/stats", token=token)
        hours = answer.json["hours"][-2:]  # the hour may change meanwhile
        numbers = {name: sum(hour[name] for hour in hours) for name in ("comments", "held", "removed")}
        return bool(
            numbers == {"comments": 5, "held": 3, "removed": 1}
            and hours[-1]["waiting"] == 1
            and answer.json["by_check"] == {"premoderated_site": 2, "flags": 1}
            and answer.json["by_reason"] == {"spam": 2, "abuse": 1}
            and [(one["id"], one["recent_count"]) for one in answer.json["articles"]] == [("a", 3)]
        )

    await until(counted, 10)
    week = (await site.get("/moderation/stats?window=7d", token=token)).json["hours"]
    assert (len(week), sum(hour["comments"] for hour in week)) == (168, 5)
    assert (await site.get("/moderation/stats?window=1y", token=token)).status == 422
    assert (await site.get("/moderation/stats", token=await site.token())).json["code"] == "forbidden"


async def test_what_was_imported_counts_in_the_hour_it_was_written(service: Service) -> None:
    site = await service.new_site()
    now = datetime.now(UTC)
    held = {"status": "pending", "held_by": ["new_author"]}
    written: list[tuple[int, dict[str, Any]]] = [(5, {}), (5, held), (9, {"status": "spam"}), (20 * 24, {})]
    lines = [
        {"article": "a", "id": str(number), "author": {"name": "Ada", "subject": "ada"}, "text": "Hello."}
        | {"created": (now - timedelta(hours=hours)).isoformat(timespec="milliseconds"), **more}
        for number, (hours, more) in enumerate(written)
    ]
    await import_file(service.deps, await site.site(), "dataset", BytesIO(b"\n".join(map(orjson.dumps, lines))))
    token = await site.token("Max", Role.MODERATOR)

    async def counted() -> bool:
        stats = (await site.get("/moderation/stats?window=7d", token=token)).json
        numbers = {name: [hour[name] for hour in stats["hours"]] for name in ("comments", "held", "removed")}
        return (
            [sum(numbers[name]) for name in ("comments", "held", "removed")] == [3, 1, 1]
            and max(numbers["comments"]) == 2
            and stats["by_check"] == {"new_author": 1}
        )

    await until(counted, 10)


def test_what_waits_is_what_was_last_seen_and_grows_older() -> None:
    now = datetime(2026, 1, 15, 12, 30, tzinfo=UTC)
    oldest = int(datetime(2026, 1, 15, 8, 0, tzinfo=UTC).timestamp())
    seen = [(9, "waiting", 2), (9, "oldest", oldest), (9, "comments", 4), (11, "waiting", 0), (11, "oldest", 0)]
    rows = [
        {"hour": now.replace(hour=hour, minute=0), "measure": measure, "number": number, "now": now}
        for hour, measure, number in seen
    ]
    hours = {hour.at.hour: hour for hour in stats_of(rows, 24).hours}
    assert [(hours[n].waiting, hours[n].oldest_seconds) for n in (8, 9, 10, 11, 12)] == [
        (0, 0), (2, 7200), (2, 10800), (0, 0), (0, 0)
    ]  # fmt: skip
    assert (hours[9].comments, hours[10].comments) == (4, 0)
    later = [{**row, "now": now + timedelta(days=1)} for row in rows[:2]]
    assert {hour.waiting for hour in stats_of(later, 24).hours} == {2}
    assert [hour.at.hour for hour in stats_of([{"hour": None, "now": now}], 24).hours][-2:] == [11, 12]
