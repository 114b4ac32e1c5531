"""Counts as pages that link to articles read them: by GET and by POST."""

from __future__ import annotations

import asyncio
from typing import Any

from service.operations.moderation import decide
from tests.client import Answer, Service, SiteClient, as_id, until


async def counts(answer: Answer) -> dict[str, int]:
    assert answer.status == 200, answer.body
    assert set(answer.json) == {"counts"}
    found: dict[str, int] = answer.json["counts"]
    return found


async def asked_both_ways(site: SiteClient, *articles: str) -> tuple[dict[str, int], dict[str, int]]:
    got = await counts(await site.get("/counts?" + "&".join(f"article={article}" for article in articles)))
    return got, await counts(await site.post("/counts", {"articles": list(articles)}))


async def both(site: SiteClient, *articles: str) -> dict[str, int]:
    """The counts asked both ways, which must agree."""
    got, posted = await asked_both_ways(site, *articles)
    assert got == posted
    return got


async def settle(site: SiteClient, **wanted: int) -> None:
    async def settled() -> bool:
        return await asked_both_ways(site, *wanted) == (wanted, wanted)  # they may differ while a count changes

    await until(settled)


async def test_published_comments_count_and_nothing_else(service: Service) -> None:
    site = await service.new_site()
    root = await site.posted("a1")
    reply = await site.posted("a1", parent=root["id"])
    await site.posted("a2")
    await settle(site, a1=2, a2=1, never=0)
    known = await site.site()
    for action, left in (("remove", 1), ("restore", 2), ("hold", 1), ("approve", 2), ("spam", 1), ("approve", 2)):
        await decide(service.deps, known, as_id(root["id"]), action)  # type: ignore[arg-type]
        await settle(site, a1=left, a2=1)
    await decide(service.deps, known, as_id(reply["id"]), "remove")
    await settle(site, a1=1)


async def test_held_comments_do_not_count_until_they_are_approved(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    held = await site.posted("a1")
    assert await both(site, "a1") == {"a1": 0}
    await decide(service.deps, await site.site(), as_id(held["id"]), "approve")
    await settle(site, a1=1)


async def test_one_to_two_hundred_articles(service: Service) -> None:
    site = await service.new_site()
    many = [f"a{number}" for number in range(200)]
    assert await both(site, *many) == dict.fromkeys(many, 0)
    for article_ids in ([], [*many, "one-more"]):
        query = "&".join(f"article={article}" for article in article_ids)
        for answer in (await site.get(f"/counts?{query}"), await site.post("/counts", {"articles": article_ids})):
            assert (answer.status, answer.json["code"]) == (422, "validation_error")
            assert answer.json["errors"]


async def test_naming_an_article_twice_counts_it_once(service: Service) -> None:
    site = await service.new_site()
    await site.posted("a1")
    await settle(site, a1=1)
    assert await both(site, "a1", "a1", "b", "a1") == {"a1": 1, "b": 0}


async def test_ids_are_told_apart_by_case_and_by_site(service: Service) -> None:
    site, other = await service.new_site(), await service.new_site()
    await site.posted("Article")
    await settle(site, Article=1, article=0)
    await settle(other, Article=0)


async def test_wrong_ids_and_bodies(service: Service) -> None:
    site = await service.new_site()
    for odd in ("", "a/b", "..", "a" * 201, "é"):
        answer = await site.post("/counts", {"articles": ["fine", odd]})
        assert (answer.status, answer.json["code"]) == (422, "invalid_article_id"), odd
    wrong: list[Any] = [{"articles": [1]}, {"articles": None}, {"articles": {"a": 1}}, {"articles": [["a"]]}, {}]
    for body in wrong:
        answer = await site.post("/counts", body)
        assert (answer.status, answer.json["code"]) == (422, "validation_error"), body


async def test_both_ways_are_kept_alike(service: Service) -> None:
    site = await service.new_site()
    got = await site.get("/counts?article=a1")
    posted = await site.post("/counts", {"articles": ["a1"]})
    for answer in (got, posted):
        assert answer.headers["Cache-Control"] == "public, max-age=5, s-maxage=1"
        assert answer.headers["Surrogate-Key"] == f"site/{site.name}"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (got.body, got.headers["ETag"]) == (posted.body, posted.headers["ETag"])
    again = await site.get("/counts?article=a1", headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


async def test_a_tag_changes_with_the_number(service: Service) -> None:
    site = await service.new_site()
    before = await site.get("/counts?article=a1")
    await site.posted("a1")
    await settle(site, a1=1)
    after = await site.get("/counts?article=a1", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status == 200


async def test_a_token_changes_nothing(service: Service) -> None:
    site = await service.new_site()
    plain = await site.get("/counts?article=a1")
    for token in (await site.token(), "nonsense"):
        answer = await site.get("/counts?article=a1", token=token)
        assert (answer.status, answer.body) == (200, plain.body)


async def test_counts_follow_many_at_once(service: Service) -> None:
    site = await service.new_site()
    tokens = [await site.token(f"P{number}") for number in range(10)]
    answers = await asyncio.gather(*(site.comment("a1", token=token) for token in tokens for _ in range(5)))
    assert {answer.status for answer in answers} == {201}
    await settle(site, a1=50)
    page = await site.page("a1")
    assert page["article"]["comment_count"] == 50
