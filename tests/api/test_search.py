"""Moderators find comments by their words."""

from __future__ import annotations

from io import BytesIO

import orjson
import pytest

from service.operations import search
from service.operations.transfer import import_file
from tests.api.test_queue import ask, decide, ids, listed, sequenced
from tests.client import Service, SiteClient, until


async def found(site: SiteClient, words: str, **query: str | int) -> list[str]:
    """The texts that are found, newest first, when everything has been read."""
    await sequenced(site)
    return [item["text"] for item in await listed(site, q=words, **({"queue": "all"} | query))]


async def test_words_are_found_whatever_their_case_and_accents(service: Service) -> None:
    site = await service.new_site(language="fr")
    texts = ("Une CRÈME brûlée", "la creme brulee", "Æsir, Straße et Łódź", "rien")
    for text in texts:
        await site.posted("a", text)
    assert await found(site, "crème BRULÉE") == [texts[1], texts[0]]
    assert await found(site, "aesir strasse lodz") == [texts[2]]
    assert await found(site, "brulee") == [texts[1], texts[0]]
    assert await found(site, "brulee rien") == []


@pytest.mark.parametrize(
    ("language", "said", "asked"),
    [
        ("en", "They were running", "runs"),
        ("de-CH", "Die Häuser brennen", "Haus"),
        ("fr", "Les chevaux mangés", "cheval manger"),
        ("ru", "Красивые слова", "слово"),
        ("xx", "Words as they are", "WORDS"),
    ],
)
async def test_words_are_inflected_as_the_sites_language_does(
    language: str, said: str, asked: str, service: Service
) -> None:
    site = await service.new_site(language=language)
    await site.posted("a", said)
    assert await found(site, asked) == [said]


async def test_no_language_leaves_words_as_they_are(service: Service) -> None:
    site = await service.new_site(language="xx")
    await site.posted("a", "They were running")
    assert await found(site, "runs") == []
    assert await found(site, "were") == ["They were running"]


async def test_parts_of_addresses_and_compounds_are_words(service: Service) -> None:
    site = await service.new_site(max_links=10)
    texts = ("See https://bit.ly/offer-now!", "well-known l’été and/or", "nothing of it")
    for text in texts:
        await site.posted("a", text)
    assert await found(site, "bit.ly") == texts_with(texts, 0)
    assert await found(site, "offer") == texts_with(texts, 0)
    assert await found(site, "well-known") == texts_with(texts, 1)
    assert await found(site, "ete") == texts_with(texts, 1)
    assert await found(site, '"known well"') == []
    assert await found(site, '"well known"') == texts_with(texts, 1)
    assert await found(site, "nothing -see") == texts_with(texts, 2)


def texts_with(texts: tuple[str, ...], *numbers: int) -> list[str]:
    return [texts[number] for number in numbers]


async def test_edits_are_found_held_ones_too_and_what_is_gone_is_not(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a", "alpha")
    token = await site.token()
    await site.patch(f"/comments/{comment['id']}", {"text": "beta"}, token=token)
    assert (await found(site, "alpha"), await found(site, "beta")) == ([], ["beta"])
    await site.set(moderation="pre")
    await site.patch(f"/comments/{comment['id']}", {"text": "gamma"}, token=token)
    assert (await found(site, "beta"), await found(site, "gamma")) == (["beta"], ["beta"])
    assert await found(site, "gamma", queue="pending") == ["beta"]
    await decide(site, "reject_edit", comment)
    assert await found(site, "gamma") == []
    await decide(site, "remove", comment)
    assert await found(site, "beta", queue="removed") == ["beta"]
    await site.delete(f"/comments/{comment['id']}", token=token)
    assert await found(site, "beta") == []
    assert await words_kept(service, comment["id"]) is None


async def words_kept(service: Service, comment_id: str) -> str | None:
    """What is stored of a comment's words for the search."""
    async with service.deps.database.transaction("looking") as tx:
        kept: str | None = await tx.connection.fetchval(
            "SELECT coalesce(words::text, '') FROM comment_words WHERE comment_id = $1::text::uuid", comment_id
        )
        return kept


async def test_words_that_are_cleared_are_gone_from_the_search_in_the_same_transaction(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a", "epsilon")
    assert await found(site, "epsilon") == ["epsilon"]
    async with service.deps.database.transaction("erase") as tx:
        await tx.connection.execute("UPDATE revisions SET text = '' WHERE comment_id = $1::text::uuid", comment["id"])
        kept = "SELECT words FROM comment_words WHERE comment_id = $1::text::uuid"
        assert await tx.connection.fetchval(kept, comment["id"]) is None
    await sequenced(site)
    assert await words_kept(service, comment["id"]) == ""


async def test_what_was_there_before_is_read_by_and_by(service: Service) -> None:
    site = await service.new_site()
    comments = [await site.posted("a", f"zeta {number}") for number in range(3)]
    await sequenced(site)
    async with service.deps.database.transaction("as a migration leaves it") as tx:
        await tx.connection.execute("UPDATE comment_words SET words = NULL")
    assert await found(site, "zeta") == [comment["text"] for comment in reversed(comments)]


async def test_imports_are_found_and_counted(service: Service) -> None:
    site = await service.new_site()
    rows = [
        {"article": "a", "id": number, "author": "Ann", "created": "2020-02-03T04:05:06Z", "text": f"theta {number}"}
        | ({"status": "spam"} if number == 2 else {})
        for number in range(3)
    ]
    content = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    for _ in range(2):  # the second time nothing is new
        await import_file(service.deps, await site.site(), "dataset", BytesIO(content))
        assert sorted(await found(site, "theta")) == ["theta 0", "theta 1", "theta 2"]
        assert (await ask(site, "/counts")).json["spam"] == len(await ids(site, queue="spam")) == 1


async def test_an_erased_persons_words_are_not_found(service: Service) -> None:
    site = await service.new_site(erase="delete")
    await site.posted("a", "iota", token=await site.token("Gone"))
    removed = await site.posted("a", "iota too", token=await site.token("Gone"))
    await decide(site, "remove", removed)
    assert len(await found(site, "iota")) == 2
    assert (await site.delete("/me", token=await site.token("Gone"))).status == 202

    async def erased() -> bool:
        return await ids(site, queue="all", q="iota") == [] and (await ask(site, "/counts")).json["removed"] == 0

    await until(erased, 10)
    await sequenced(site)
    async with service.deps.database.transaction("looking") as tx:
        kept = await tx.connection.fetchval("SELECT count(*) FROM comment_words WHERE words @@ 'iota'")
    assert kept == 0


async def test_a_search_keeps_to_its_queue_and_filters(service: Service) -> None:
    site = await service.new_site()
    first = await site.posted("a", "eta one")
    second = await site.posted("b", "eta two", token=await site.token("Grace"))
    third = await site.posted("a", "eta three")
    await decide(site, "spam", second)
    await site.set(moderation="pre")
    fourth = await site.posted("b", "eta four")
    await sequenced(site)
    for query, expected in (
        ({"queue": "all"}, [fourth, third, second, first]),
        ({}, [fourth]),
        ({"queue": "spam"}, [second]),
        ({"queue": "published"}, [third, first]),
        ({"queue": "all", "article": "b"}, [fourth, second]),
        ({"queue": "all", "author": second["author"]["id"]}, [second]),
        ({"queue": "all", "before": third["created_at"]}, [second, first]),
        ({"queue": "all", "after": third["created_at"]}, [fourth, third]),
        ({"queue": "flagged"}, []),
    ):
        wanted = [comment["id"] for comment in expected]
        assert await ids(site, q="eta", **query) == wanted, query
        assert await ids(site, q="eta", limit=1, **query) == wanted, query


async def pages(site: SiteClient, words: str, limit: int) -> tuple[list[str], list[bool]]:
    """The ids of a walk, and what each page says of its completeness."""
    seen: list[str] = []
    complete: list[bool] = []
    query: dict[str, str | int] = {"q": words, "queue": "all", "limit": limit}
    while True:
        page = (await ask(site, "/comments", **query)).json
        seen += [item["id"] for item in page["items"]]
        complete.append(page["complete"])
        if page["next_cursor"] is None:
            return seen, complete
        query["cursor"] = page["next_cursor"]


async def test_rare_words_come_from_the_index_and_common_ones_from_a_walk(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RECENT", 4)
    monkeypatch.setattr(search, "SCAN", 6)
    monkeypatch.setattr(search, "MOST", 8)
    site = await service.new_site()
    comments = [await site.posted("a", f"common {'rare' if number in (1, 7) else ''} {number}") for number in range(12)]
    await sequenced(site)
    newest = [comment["id"] for comment in reversed(comments)]
    for limit in (1, 2, 3, 20):
        seen, complete = await pages(site, "rare", limit)
        assert seen == [comments[7]["id"], comments[1]["id"]]
        assert all(complete)
        seen, complete = await pages(site, "common", limit)
        assert seen == newest[:8], "the newest MOST matches"
        assert not any(complete)
    monkeypatch.setattr(search, "MOST", 12)
    seen, complete = await pages(site, "common", 5)
    assert (seen, complete) == (newest, [True] * len(complete))
    monkeypatch.setattr(search, "MOST", 11)
    monkeypatch.setattr(search, "RECENT", 2)
    for number in range(2):
        await site.posted("a", f"nothing {number}")
    await sequenced(site)
    seen, complete = await pages(site, "common", 20)  # rare lately, so the index is asked, and finds too many
    assert (seen, complete) == (newest[:11], [False])


async def test_words_that_every_text_has_are_not_looked_for(service: Service) -> None:
    site = await service.new_site()
    await site.posted("a", "The end")
    await sequenced(site)
    for words in ("the", "!!!"):
        page = (await ask(site, "/comments", q=words, queue="all")).json
        assert (page["items"], page["complete"]) == ([], False)
    page = (await ask(site, "/comments", q="nothing", queue="all")).json
    assert (page["items"], page["complete"]) == ([], True)
    assert "complete" not in (await ask(site, "/comments", queue="all")).json
