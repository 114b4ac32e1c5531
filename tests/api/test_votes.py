"""Voting through HTTP."""

from __future__ import annotations

import asyncio

from service.domain.identity import Role
from tests.client import Service, until


async def test_totals_follow_and_are_exact(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a1")
    path = f"/comments/{comment['id']}/vote"
    voters = [await site.token(f"Voter {number}") for number in range(6)]
    for token, value in zip(voters, (1, 1, 1, -1, 1, 0), strict=True):
        answer = await site.put(path, {"value": value}, token=token)
        assert answer.status == 200

    async def placed() -> bool:
        shown = (await site.page("a1"))["comments"][0]
        return bool(shown["votes"] == {"up": 4, "down": 1, "score": 3})

    await until(placed)
    again = await site.put(path, {"value": -1}, token=voters[0])
    assert again.json == {"votes": {"up": 3, "down": 2, "score": 1}, "value": -1}
    await site.put(path, {"value": 0}, token=voters[3])

    async def followed() -> bool:
        shown = (await site.page("a1"))["comments"][0]
        return bool(shown["votes"] == {"up": 3, "down": 1, "score": 2})

    await until(followed)


async def test_parallel_votes_of_one_author_are_one(service: Service) -> None:
    site = await service.new_site()
    comment, token = await site.posted("a1"), await site.token("Voter")
    path = f"/comments/{comment['id']}/vote"
    values = [1, -1, 0, 1] * 50
    answers = await asyncio.gather(*(site.put(path, {"value": value}, token=token) for value in values))
    assert {answer.status for answer in answers} == {200}
    await site.put(path, {"value": 1}, token=token)

    async def followed() -> bool:
        shown = (await site.page("a1"))["comments"][0]
        return bool(shown["votes"] == {"up": 1, "down": 0, "score": 1})

    await until(followed)


async def test_top_follows_votes(service: Service) -> None:
    site = await service.new_site()
    comments = [await site.posted("a1") for _ in range(3)]
    for name in ("B", "C"):
        await site.put(f"/comments/{comments[0]['id']}/vote", {"value": 1}, token=await site.token(name))
    await site.put(f"/comments/{comments[1]['id']}/vote", {"value": -1}, token=await site.token("B"))

    async def ranked() -> bool:
        first = (await site.page("a1", "?sort=top"))["comments"][0]
        return bool(first["id"] == comments[0]["id"])

    await until(ranked)


async def test_who_may_not_vote(service: Service) -> None:
    site = await service.new_site(guests=True)
    comment = await site.posted("a1")
    path = f"/comments/{comment['id']}/vote"
    assert (await site.put(path, {"value": 1}, token=await site.token())).json["code"] == "own_comment"
    guest = (await site.post("/guests", {"name": "Gast"})).json["token"]
    assert (await site.put(path, {"value": 1}, token=guest)).json["code"] == "guests_not_allowed"
    assert (await site.put(path, {"value": 1})).json["code"] == "token_missing"
    assert (await site.put(path, {"value": 2}, token=await site.token("B"))).json["code"] == "validation_error"
    other = await service.new_site()
    answer = await other.put(path, {"value": 1}, token=await other.token("B", Role.MODERATOR))
    assert answer.json["code"] == "comment_not_found"
