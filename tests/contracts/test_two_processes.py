"""What one process was told, another knows within the contract's time: written here, read from a process of its own."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import jwt
import pytest_asyncio

from service.domain.identity import Role
from service.operations.moderation import decide
from service.operations.people import revoke_author
from service.operations.sites import add_secret, change_settings, retire_signing_key
from tests.client import Answer, Service, SiteClient, as_id, canary, running_service, until
from tests.conftest import Cluster
from tests.processes import serving
from tests.streams import streaming


@pytest_asyncio.fixture(scope="module")
async def here(cluster: Cluster) -> AsyncIterator[Service]:
    """The service in this process, with the limits readers have and a secret that shares them with no other module."""
    secret = "a secret for two processes of thirty-two bytes or more"
    async with running_service(replace(cluster.settings, limits="on", secrets=(secret,))) as service:
        yield service


@pytest_asyncio.fixture(scope="module")
async def there(here: Service) -> AsyncIterator[Service]:
    """The same service as another process answers."""
    async with serving(here.deps.settings) as process:
        yield replace(here, url=process.url)


def seen_from(service: Service, site: SiteClient) -> SiteClient:
    """The same site through another process."""
    return SiteClient(service, site.name)


async def test_a_new_comment_is_on_the_other_processes_page_within_a_second(here: Service, there: Service) -> None:
    site = await here.new_site()
    other = seen_from(there, site)
    await site.posted("a")
    for number in range(1, 4):

        async def followed(number: int = number) -> bool:
            page = await other.page("a")
            told = (len(page["comments"]), page["article"]["comment_count"], await other.count("a"))
            return told == (number, number, number)

        await until(followed, 1)
        await site.posted("a")


async def test_a_removed_comment_is_gone_there_within_a_second(here: Service, there: Service) -> None:
    site = await here.new_site()
    other = seen_from(there, site)
    word = canary()
    comment = await site.posted("a", word)

    async def shows() -> bool:
        answer = await other.get("/articles/a/comments")
        return word.encode() in answer.body and await other.count("a") == 1

    await until(shows, 1)
    await decide(here.deps, await site.site(), as_id(comment["id"]), "remove")

    async def gone() -> bool:
        return not await shows() and await other.count("a") == 0

    await until(gone, 1)
    assert (await other.get(f"/comments/{comment['id']}")).status == 404


async def test_settings_are_known_there_within_two_seconds(here: Service, there: Service) -> None:
    site = await here.new_site()
    other = seen_from(there, site)
    assert (await other.get("")).json["posting"] == "open"
    await change_settings(here.deps, await site.site(), {"posting": "closed"})

    async def closed() -> bool:
        return bool((await other.get("")).json["posting"] == "closed")

    await until(closed, 2)
    assert (await other.comment("a")).json["code"] == "posting_closed"


async def test_a_retry_there_is_answered_as_the_first_try_here(here: Service, there: Service) -> None:
    site = await here.new_site()
    other = seen_from(there, site)
    headers = {"Idempotency-Key": "retry"}
    token = await site.token()
    first = await site.comment("a", "Once.", token=token, headers=headers)
    again = await other.comment("a", "Once.", token=token, headers=headers)
    assert (first.status, again.status, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert again.json["id"] == first.json["id"]
    reused = await other.comment("a", "Something else.", token=token, headers=headers)
    assert (reused.status, reused.json["code"]) == (422, "idempotency_key_reused")


async def test_the_same_key_through_both_at_once_writes_one_comment(here: Service, there: Service) -> None:
    site = await here.new_site()
    both = (site, seen_from(there, site))
    token = await site.token()
    for number in range(4):
        text = f"Said once, {canary()}."
        answers: list[Answer] = await asyncio.gather(
            *(each.comment("a", text, token=token, headers={"Idempotency-Key": f"k{number}"}) for each in both)
        )
        assert {answer.status for answer in answers} == {201}
        assert len({answer.json["id"] for answer in answers}) == 1
    assert len(await site.walk("a")) == 4


async def test_a_limit_counts_what_both_processes_took(here: Service, there: Service) -> None:
    site = await here.new_site()
    both = (site, seen_from(there, site))
    token = await site.token()
    answers = await asyncio.gather(*(both[number % 2].comment("a", token=token) for number in range(14)))
    assert sorted(answer.status for answer in answers) == [201] * 10 + [429] * 4


async def test_a_revoked_authors_token_fails_there_within_five_seconds(here: Service, there: Service) -> None:
    site = await here.new_site()
    other = seen_from(there, site)
    token = await site.token("Mallory", Role.MODERATOR)
    me = await other.get("/me", token=token)
    assert me.status == 200
    await revoke_author(here.deps, await site.site(), as_id(me.json["author"]["id"]))

    async def refused() -> bool:
        return (await other.get("/me", token=token)).status == 401

    await until(refused, 5)
    assert (await other.comment("a", token=token)).json["code"] == "token_invalid"


async def test_a_retired_keys_tokens_fail_there_within_five_seconds(here: Service, there: Service) -> None:
    site = await here.new_site()
    other = seen_from(there, site)
    secret = secrets.token_bytes(32)
    (key,) = await add_secret(here.deps, await site.site(), "https://publisher.example", secret)
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": "https://publisher.example",
        "aud": site.name,
        "sub": "ada",
        "name": "Ada",
        "iat": now,
        "exp": now + 600,
    }
    token = jwt.encode(claims, secret, "HS256")

    async def answered(status: int) -> bool:
        return (await other.get("/me", token=token)).status == status

    await until(lambda: answered(200), 5)
    await retire_signing_key(here.deps, await site.site(), key)
    await until(lambda: answered(401), 5)


async def test_a_stream_that_is_cut_here_goes_on_there_without_gap_or_repeat(here: Service, there: Service) -> None:
    site = await here.new_site()
    other = seen_from(there, site)
    token = await site.token()
    posted = []
    async with streaming(site, "/articles/a/events") as stream:
        for _ in range(2):
            posted.append((await site.posted("a", token=token))["id"])
            last = await stream.event("comment.published")
    posted.append((await site.posted("a", token=token))["id"])
    async with streaming(other, "/articles/a/events", headers={"Last-Event-ID": str(last.id)}) as stream:
        posted.append((await site.posted("a", token=token))["id"])
        told = [await stream.event("comment.published") for _ in range(2)]
        assert [event.data["comment"]["id"] for event in told] == posted[2:]
        await decide(here.deps, await site.site(), as_id(posted[0]), "remove")
        gone = await stream.event("comment.removed")
        assert gone.data["id"] == posted[0]
        ids = [event.id for event in stream.seen if event.id is not None]
        assert ids == sorted(set(ids))
        assert (last.id or 0) < ids[0]


async def test_streams_end_there_when_their_bearer_is_revoked_here(here: Service, there: Service) -> None:
    site = await here.new_site()
    other = seen_from(there, site)
    token, admin = await site.token("Mallory", Role.MODERATOR), await site.token("Anna", Role.ADMIN)
    me = (await site.get("/me", token=token)).json["author"]["id"]
    async with (
        streaming(other, "/me/events", token=token) as mine,
        streaming(other, "/moderation/events", token=token) as moderation,
    ):
        answer = await site.post(f"/moderation/authors/{me}/revoke", {}, token=admin)
        assert answer.status < 300, answer.body
        await asyncio.gather(mine.ended(5), moderation.ended(5))
