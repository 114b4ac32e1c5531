"""Articles as moderators and publishers' servers change them, through HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest_asyncio

from service.domain.identity import Role
from service.operations.sites import add_api_key, list_api_keys, retire_api_key
from tests.client import Answer, Service, SiteClient, running_service, until
from tests.conftest import Cluster

NOW = datetime.now(UTC)
DAY = timedelta(days=1)

Owner = Any  # asyncpg.Connection is generic for type checkers only


@pytest_asyncio.fixture(scope="module")
async def owner(cluster: Cluster) -> AsyncIterator[Owner]:
    """The tables' owner."""
    connection: Owner = await asyncpg.connect(cluster.settings.owner_url)
    yield connection
    await connection.close()


async def key_of(site: SiteClient) -> str:
    return await add_api_key(site.service.deps, await site.site(), "our CMS")


async def moderate(site: SiteClient, article: str, **changes: Any) -> Answer:
    token = await site.token("Max", Role.MODERATOR)
    return await site.patch(f"/moderation/articles/{article}", changes, token=token)


async def decide(site: SiteClient, comment: dict[str, Any], action: str) -> None:
    body = {"decisions": [{"comment_id": comment["id"], "action": action}]}
    answer = await site.post("/moderation/decisions", body, token=await site.token("Max", Role.MODERATOR))
    assert answer.json["results"][0]["result"] == "applied", answer.body


def at(moment: datetime) -> str:
    return moment.isoformat()


def counts(site: SiteClient, article: str, number: int) -> Callable[[], Awaitable[bool]]:
    async def so_many() -> bool:
        return await site.count(article) == number

    return so_many


async def logged(owner: Owner, site: SiteClient) -> list[str]:
    """What the log of decisions says of articles, in order."""
    rows = await owner.fetch(
        "SELECT d.action FROM decisions d JOIN sites s ON s.key = d.site_key WHERE s.name = $1 AND d.comment_id IS NULL"
        " ORDER BY d.created_at, d.action",
        site.name,
    )
    return [row["action"] for row in rows]


async def test_a_publisher_registers_an_article(service: Service) -> None:
    site = await service.new_site(require_registered_articles=True)
    key, path = await key_of(site), "/articles/a-1"
    assert (await site.comment("a-1")).json["code"] == "article_not_found"
    first = await site.put(path, {"title": " The \n keeper ", "section": "News"}, token=key)
    assert (first.status, first.json["title"], first.json["section"], first.json["locked"]) == (
        201, "The keeper", "News", False
    )  # fmt: skip
    assert (await site.comment("a-1")).status == 201
    url = "https://www.example.com/a-1"
    again = await site.put(path, {"url": url, "section": None}, token=key)
    assert (again.status, again.json["title"], again.json["url"], again.json["section"]) == (
        200, "The keeper", url, None
    )  # fmt: skip
    assert (await site.page("a-1"))["article"]["url"] == url
    assert (await site.put(path, {}, token=await site.token("Grace", Role.ADMIN))).status == 200
    refused = await site.put(path, {"opens_at": at(NOW), "closes_at": at(NOW - DAY)}, token=key)
    assert (refused.status, list(refused.json["errors"])) == (422, ["closes_at"])
    for body in ({"visibility": "hidden"}, {"title": ""}, {"url": "javascript:alert(1)"}, {"locked": "yes"}):
        assert (await site.put(path, body, token=key)).status == 422, body
    assert (await site.put("/articles/a%2F1", {}, token=key)).json["code"] == "invalid_article_id"


async def test_registering_what_is_known_already_is_no_event(service: Service, owner: Owner) -> None:
    site = await service.new_site()
    key, body = await key_of(site), {"title": "The keeper", "closes_at": at(NOW + DAY)}
    answers = await asyncio.gather(*(site.put("/articles/a", body, token=key) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 200, 201]

    async def places() -> int:
        return int(
            await owner.fetchval(
                "SELECT (SELECT count(*) FROM events e WHERE e.site_key = s.key)"
                " + (SELECT count(*) FROM outbox o WHERE o.site_key = s.key) FROM sites s WHERE s.name = $1",
                site.name,
            )
        )

    assert await places() == 2  # opened, and told of by the one who opened it
    assert (await site.put("/articles/a", {"title": "The keeper"}, token=key)).status == 200
    assert await places() == 2


async def test_api_keys_open_the_publishers_routes_of_their_site_and_nothing_else(service: Service) -> None:
    site, other = await service.new_site(), await service.new_site()
    key = await key_of(site)
    for article in ("a", "b"):
        await site.put(f"/articles/{article}", {}, token=key)
    comment = await site.posted("a")

    def publishers(at_site: SiteClient) -> list[Callable[[str | None], Awaitable[Answer]]]:
        return [
            lambda token: at_site.put("/articles/a", {}, token=token),
            lambda token: at_site.put("/articles/a/aliases/c", None, token=token),
            lambda token: at_site.post("/moderation/articles/b/merge", {"into": "a"}, token=token),
        ]

    for call in publishers(other):
        assert (await call(key)).json["code"] == "token_invalid"
    for call in publishers(site):
        for token, code in (
            (f"{key}x", "token_invalid"),
            ("dk_", "token_invalid"),
            (None, "token_missing"),
            (await site.token(), "forbidden"),
            (await site.token("Max", Role.MODERATOR), "forbidden"),
            (await other.token("Grace", Role.ADMIN), "token_invalid"),
        ):
            assert (await call(token)).json["code"] == code
        assert (await call(key)).status in (200, 204)
    for elsewhere in (
        site.get("/me", token=key),
        site.comment("a", token=key),
        site.put(f"/comments/{comment['id']}/vote", {"value": 1}, token=key),
        site.patch("/moderation/articles/a", {"locked": True}, token=key),
        site.get("/moderation/settings", token=key),
        site.get("/moderation/stats", token=key),
        site.post("/moderation/decisions", {"decisions": []}, token=key),
    ):
        answer = await elsewhere
        assert (answer.status, answer.json["code"]) == (401, "token_invalid")
    (row,) = await list_api_keys(service.deps, await site.site())
    await retire_api_key(service.deps, await site.site(), row["id"])
    for call in publishers(site):
        assert (await call(key)).json["code"] == "token_invalid"


async def test_an_alias_names_the_same_article(service: Service) -> None:
    site = await service.new_site()
    key = await key_of(site)
    await site.posted("old")
    assert await site.count("new") == 0  # remembered
    assert (await site.page("new"))["comments"] == []
    for _ in range(2):
        assert (await site.put("/articles/old/aliases/new", None, token=key)).status == 204
    assert (await site.page("new"))["article"]["id"] == "old"
    await until(counts(site, "new", 1))
    assert (await site.posted("new"))["article_id"] == "old"
    await until(counts(site, "old", 2))
    assert (await site.get("/counts?article=old&article=new")).json["counts"] == {"old": 2, "new": 2}
    assert len((await site.page("old"))["comments"]) == 2
    assert (await site.put("/articles/old/aliases/old", None, token=key)).status == 204
    assert (await site.put("/articles/unknown/aliases/x", None, token=key)).json["code"] == "article_not_found"


async def test_only_an_article_without_comments_gives_up_its_id(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    key = await key_of(site)
    await site.put("/articles/a", {"title": "A"}, token=key)
    await site.put("/articles/empty", {"title": "Nobody came"}, token=key)
    await site.put("/articles/also-empty", {}, token=key)
    assert (await site.put("/articles/empty/aliases/also-empty", None, token=key)).status == 204
    assert (await site.put("/articles/a/aliases/empty", None, token=key)).status == 204
    for known in ("empty", "also-empty"):
        assert (await site.page(known))["article"]["title"] == "A"
    await site.posted("held")
    assert (await site.put("/articles/a/aliases/held", None, token=key)).json["code"] == "conflict"
    assert (await site.put("/articles/held/aliases/a", None, token=key)).status == 204
    assert (await site.page("a"))["article"]["id"] == "held"


async def test_a_hidden_article_shows_nothing_anywhere(service: Service, cluster: Cluster, owner: Owner) -> None:
    site = await service.new_site()
    key, token = await key_of(site), await site.token("Bob")
    await site.put("/articles/a", {"title": "A secret"}, token=key)
    await site.put("/articles/a/aliases/also", None, token=key)
    comment = await site.posted("a")
    await site.posted("a", parent=comment["id"])
    await until(counts(site, "also", 2))

    async def talked_about(through: SiteClient) -> list[str]:
        answer = await through.get("/articles/most_discussed")
        return [article["id"] for article in answer.json["articles"]]

    async def is_hidden(through: SiteClient) -> bool:
        pages = [await through.page(known) for known in ("a", "also")]
        numbers = [await through.count(known) for known in ("a", "also")]
        if any(page["comments"] for page in pages) or any(numbers) or await talked_about(through):
            return False
        shown = [
            (page["article"]["locked"], page["article"]["title"], page["article"]["comment_count"]) for page in pages
        ]
        return shown == [(True, None, 0)] * 2

    async with running_service(cluster.settings) as second:
        there = SiteClient(second, site.name)
        for through in (site, there):
            assert len((await through.page("also"))["comments"]) == 1

            async def listed(through: SiteClient = through) -> bool:
                return await talked_about(through) == ["a"]

            await until(listed)
        answer = await moderate(site, "also", visibility="hidden")
        assert (answer.status, answer.json["title"]) == (200, "A secret")
        assert (await site.page("also"))["comments"] == []
        for through in (site, there):
            await until(lambda through=through: is_hidden(through), 1.0)  # type: ignore[misc]
    for path in (f"/comments/{comment['id']}", f"/comments/{comment['id']}/replies"):
        assert (await site.get(path)).json["code"] == "comment_not_found"
    for answer in (
        await site.put(f"/comments/{comment['id']}/vote", {"value": 1}, token=token),
        await site.post(f"/comments/{comment['id']}/flags", {"reason": "spam"}, token=token),
    ):
        assert answer.json["code"] == "comment_not_found"
    for path in ("/articles/a/comments.html", "/articles/a/feed.atom", "/feed.atom"):
        told = await site.get(path)
        assert told.status == 200
        assert b"A secret" not in told.body
        assert b"Comment number" not in told.body
    for known in ("a", "also"):
        assert (await site.comment(known)).json["code"] == "article_locked"
    assert (await site.get("/me/articles/a", token=token)).json["can_post"] is False
    await moderate(site, "a", visibility="shown")
    await until(counts(site, "a", 2))
    assert "hide_article" in await logged(owner, site)
    assert "show_article" in await logged(owner, site)


async def test_moderators_lock_and_correct(service: Service, owner: Owner) -> None:
    site = await service.new_site()
    await site.posted("a")
    answer = await moderate(site, "a", locked=True, locked_reason="This got out of hand.", section="News")
    assert (answer.json["locked"], answer.json["locked_reason"], answer.json["section"]) == (
        True, "This got out of hand.", "News"
    )  # fmt: skip
    refused = await site.comment("a")
    assert (refused.json["code"], refused.json["detail"]) == ("article_locked", "This got out of hand.")
    assert (await moderate(site, "a", locked=False)).json["locked_reason"] is None
    assert (await moderate(site, "a", moderation="pre", slow_mode_seconds=30)).status == 200
    assert (await site.comment("a", token=await site.token("Zoe"))).status == 202
    assert await logged(owner, site) == ["lock_article", "update_article", "unlock_article", "update_article"]

    async def told() -> bool:
        number = await owner.fetchval(
            "SELECT count(*) FROM decisions d JOIN sites s ON s.key = d.site_key"
            " JOIN authors u ON u.key = d.moderator_key JOIN events e ON e.decision_id = d.id"
            " WHERE s.name = $1 AND u.name = 'Max' AND e.kind = 'article.updated'",
            site.name,
        )
        return bool(number == 3)

    await until(told)
    assert (await moderate(site, "nothing", locked=True)).json["code"] == "article_not_found"
    for body in ({"visibility": "gone"}, {"slow_mode_seconds": -1}, {"moderation": "maybe"}, {"closes_at": None}):
        assert (await moderate(site, "a", **body)).status == 422, body
    other = await service.new_site()
    path, reader = "/moderation/articles/a", await site.token()
    assert (await site.patch(path, {"locked": True}, token=reader)).json["code"] == "forbidden"
    token = await other.token("Max", Role.MODERATOR)
    assert (await other.patch(path, {"locked": True}, token=token)).json["code"] == "article_not_found"
    assert (await site.patch(path, {"locked": True}, token=token)).json["code"] == "token_invalid"


async def test_articles_open_and_close_by_themselves(service: Service, owner: Owner) -> None:
    site = await service.new_site()
    key = await key_of(site)
    for article, opens, closes, reason in (
        ("soon", NOW + DAY, None, "This discussion is not open yet."),
        ("over", NOW - 2 * DAY, NOW - DAY, "This discussion is closed."),
    ):
        body = {"opens_at": at(opens), "closes_at": at(closes) if closes else None}
        answer = await site.put(f"/articles/{article}", body, token=key)
        assert (answer.json["locked"], answer.json["locked_reason"]) == (True, reason)
        refused = await site.comment(article)
        assert (refused.json["code"], refused.json["detail"]) == ("article_locked", reason)
        assert (await site.get(f"/me/articles/{article}", token=await site.token())).json["why_not"] == "article_locked"
        assert (await site.page(article))["article"]["locked_reason"] == reason
        await site.put(f"/articles/{article}", {"opens_at": None, "closes_at": at(NOW + DAY)}, token=key)
        assert (await site.page(article))["article"]["locked"] is False
        # its time comes: whoever remembers the page hears of it
        await owner.execute(
            "UPDATE articles SET closes_at = clock_timestamp() + interval '10 milliseconds' WHERE external_id = $1",
            article,
        )

        async def closed(article: str = article) -> bool:
            return bool((await site.page(article))["article"]["locked"])

        await until(closed)


async def test_old_articles_are_locked_unless_they_close_by_themselves_or_somebody_opens_them(
    service: Service, owner: Owner
) -> None:
    site = await service.new_site()
    key = await key_of(site)
    for article in ("old", "long", "young", "reopened"):
        await site.put(f"/articles/{article}", {}, token=key)
    await site.put("/articles/long", {"closes_at": at(NOW + 100 * DAY)}, token=key)
    await owner.execute(
        "UPDATE articles SET created_at = now() - interval '30 days' FROM sites s"
        " WHERE s.key = site_key AND s.name = $1 AND external_id <> 'young'",
        site.name,
    )

    async def locked() -> list[str]:
        articles = ("old", "long", "young", "reopened")
        return [one for one in articles if (await site.page(one))["article"]["locked"]]

    assert await locked() == []
    await site.set(auto_lock_days=7)
    assert await locked() == ["old", "reopened"]
    assert (await site.comment("old")).json["code"] == "article_locked"
    assert (await moderate(site, "reopened", locked=False)).json["locked"] is False
    assert (await site.comment("reopened")).status == 201
    await site.put("/articles/old", {"locked": False}, token=key)
    assert await locked() == ["old"]
    await owner.execute(
        "UPDATE articles SET created_at = clock_timestamp() - interval '7 days' + interval '10 milliseconds'"
        " FROM sites s WHERE s.key = site_key AND s.name = $1 AND external_id = 'young'",
        site.name,
    )

    async def too_old() -> bool:
        return await locked() == ["old", "young"]

    await until(too_old)
    await site.set(auto_lock_days=None)
    assert await locked() == []


async def test_outside_its_opening_hours_a_site_is_closed(service: Service) -> None:
    now = datetime.now(UTC)
    later, earlier = (now + timedelta(hours=3)).strftime("%H:%M"), (now - timedelta(hours=3)).strftime("%H:%M")
    site = await service.new_site(open_hours={"from": later, "to": earlier, "zone": "UTC"}, closed_text="Good night.")
    assert (await site.get("")).json["posting"] == "closed"
    refused = await site.comment("a")
    assert (refused.json["code"], refused.json["detail"]) == ("posting_closed", "Good night.")
    await site.set(open_hours={"from": earlier, "to": later, "zone": "UTC"})
    assert (await site.get("")).json["posting"] == "open"
    assert (await site.comment("a")).status == 201
