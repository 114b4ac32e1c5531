"""Queues, lists and lookups of moderators through HTTP."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest

from service.domain.identity import Role
from service.operations import queue
from tests.client import Answer, Service, SiteClient, until

NOTICE = {"explanation": "It names a child.", "legal_ground": "Privacy", "good_faith": True}


async def ask(site: SiteClient, path: str, **query: str | int) -> Answer:
    wanted = f"?{urlencode(query)}" if query else ""
    return await site.get(f"/moderation{path}{wanted}", token=await site.token("Max", Role.MODERATOR))


async def listed(site: SiteClient, **query: str | int) -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await ask(site, "/comments", **query)
        assert answer.status == 200, answer.body
        found += answer.json["items"]
        if answer.json["next_cursor"] is None:
            return found
        query["cursor"] = answer.json["next_cursor"]


async def ids(site: SiteClient, **query: str | int) -> list[str]:
    return [item["id"] for item in await listed(site, **query)]


async def decide(site: SiteClient, action: str, *comments: dict[str, Any], **more: Any) -> list[str]:
    wishes = [{"comment_id": comment["id"], "action": action, **more} for comment in comments]
    token = await site.token("Max", Role.MODERATOR)
    answer = await site.post("/moderation/decisions", {"decisions": wishes}, token=token)
    return [one["result"] for one in answer.json["results"]]


async def flag(site: SiteClient, comment: dict[str, Any], name: str, reason: str = "abuse", **more: Any) -> None:
    body = {"reason": reason, **more}
    answer = await site.post(f"/comments/{comment['id']}/flags", body, token=await site.token(name))
    assert answer.status in (200, 201), answer.body


async def sequenced(site: SiteClient) -> None:
    """Everything has its place in the log, and what is kept after it is up to date."""

    async def done() -> bool:
        async with site.service.deps.database.transaction("looking") as tx:
            return bool(
                await tx.connection.fetchval(
                    "SELECT NOT EXISTS (SELECT FROM outbox)"
                    " AND NOT EXISTS (SELECT FROM comment_words WHERE words IS NULL)"
                    " AND (SELECT position FROM followers WHERE name = 'search') >= (SELECT max(position) FROM events)"
                )
            )

    await until(done)


async def test_a_queue_begins_with_what_needs_a_person_most_and_says_why(service: Service) -> None:
    site = await service.new_site(flag_threshold=3)
    plain, once, twice, illegal, held = [await site.posted("a") for _ in range(5)]
    await flag(site, once, "B", note="Look at this.")
    for name in ("B", "C"):
        await flag(site, twice, name, "spam")
    await flag(site, illegal, "B", "illegal", notice=NOTICE)
    for name in ("B", "C", "D"):
        await flag(site, held, name)
    found = await listed(site, queue="flagged")
    assert [(item["id"], item["why"]) for item in found] == [
        (illegal["id"], ["illegal"]),
        (held["id"], ["flags", "held"]),
        (twice["id"], ["flags"]),
        (once["id"], ["flags"]),
    ]
    assert found[0]["flags"] == {"total": 1, "by_reason": {"illegal": 1}, "notes": ["It names a child."]}
    assert found[3]["flags"] == {"total": 1, "by_reason": {"abuse": 1}, "notes": ["Look at this."]}
    (waiting,) = await listed(site)
    assert (waiting["id"], waiting["status"], waiting["held_by"]) == (
        held["id"],
        "pending",
        [{"check": "flags", "detail": None}],
    )
    assert plain["id"] not in {item["id"] for item in found}


async def test_flags_move_what_is_held_already(service: Service) -> None:
    site = await service.new_site(moderation="pre", flag_threshold=1)
    older, newer = await site.posted("a"), await site.posted("a")
    assert await ids(site) == [older["id"], newer["id"]], "among equals the oldest first"
    await decide(site, "approve", newer)
    answer = await site.patch(f"/comments/{newer['id']}", {"text": "Other words"}, token=await site.token())
    assert answer.status == 202
    await flag(site, newer, "B", "illegal", notice=NOTICE)
    first, second = await listed(site)
    assert (first["id"], first["why"]) == (newer["id"], ["illegal", "held"])
    assert second["id"] == older["id"]
    await decide(site, "dismiss_flags", newer)
    assert [item["why"] for item in await listed(site)] == [["held"], ["held"]]
    assert (await ids(site))[0] == older["id"], "no more urgent without its flags"


async def test_an_edit_that_waits_shows_beside_the_published_words(service: Service) -> None:
    site = await service.new_site(overdue_minutes=1)
    comment = await site.posted("a", "Old words")
    await site.set(moderation="pre")
    await site.patch(f"/comments/{comment['id']}", {"text": "New *words*"}, token=await site.token())
    (item,) = await listed(site)
    assert (item["text"], item["status"], item["why"], item["version"]) == (
        "Old words",
        "published",
        ["edit_waiting"],
        2,
    )
    assert item["pending_revision"]["html"] == "<p>New <em>words</em></p>\n"
    async with service.deps.database.transaction("time passes") as tx:
        await tx.connection.execute("UPDATE queue SET since = since - interval '2 minutes'")
    assert (await listed(site))[0]["why"] == ["edit_waiting", "old"]


async def test_an_appeal_waits_for_a_decision(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    await decide(site, "remove", comment, reason="abuse")
    body = {"text": "I was quoting."}
    await site.post(f"/me/comments/{comment['id']}/appeal", body, token=await site.token())
    (item,) = await listed(site, queue="appeals")
    assert (item["id"], item["status"], item["why"]) == (comment["id"], "removed", ["appeal"])
    await decide(site, "restore", comment)
    assert await listed(site, queue="appeals") == []


async def test_lists_by_status_are_newest_first_and_tell_the_truth(service: Service) -> None:
    site = await service.new_site()
    comments = [await site.posted("a") for _ in range(6)]
    await decide(site, "remove", comments[0], comments[3])
    await decide(site, "spam", comments[1])
    await site.delete(f"/comments/{comments[2]['id']}", token=await site.token())
    at = {comment["id"]: number for number, comment in enumerate(comments)}

    async def numbers(queue: str) -> list[int]:
        return [at[id] for id in await ids(site, queue=queue, limit=2)]

    assert await numbers("published") == [5, 4]
    assert await numbers("removed") == [3, 0]
    assert await numbers("spam") == [1]
    assert await numbers("all") == [5, 4, 3, 2, 1, 0]
    (spam,) = await listed(site, queue="spam")
    assert (spam["status"], spam["author"]["name"], spam["html"]) == ("spam", "Ada", comments[1]["html"])


async def test_every_filter_leaves_out_what_does_not_match(service: Service) -> None:
    site = await service.new_site(suspect_words=["casino"])
    ada = await site.posted("a")
    grace = await site.posted("b", token=await site.token("Grace"))
    held = await site.posted("a", "A casino", token=await site.token("Grace"))
    await flag(site, ada, "B", "hate")
    await decide(site, "remove", grace, reason="off_topic")
    async with service.deps.database.transaction("section") as tx:
        await tx.connection.execute(
            "UPDATE articles SET section = 'Sports' WHERE external_id = 'b' AND site_key = $1", (await site.site()).key
        )
    check = (await listed(site))[0]["held_by"][0]
    everything = [held["id"], grace["id"], ada["id"]]
    for query, expected in (
        ({}, everything),
        ({"article": "a"}, [held["id"], ada["id"]]),
        ({"article": "nothing"}, []),
        ({"author": grace["author"]["id"]}, [held["id"], grace["id"]]),
        ({"author": grace["author"]["id"], "article": "b"}, [grace["id"]]),
        ({"author": "01999999-0000-7000-8000-000000000000"}, []),
        ({"section": "Sports"}, [grace["id"]]),
        ({"reason": "hate"}, [ada["id"]]),
        ({"reason": "off_topic"}, [grace["id"]]),
        ({"check": check["check"]}, [held["id"]]),
        ({"before": held["created_at"]}, [grace["id"], ada["id"]]),
        ({"after": grace["created_at"]}, [held["id"], grace["id"]]),
        ({"after": grace["created_at"], "before": held["created_at"]}, [grace["id"]]),
    ):
        assert await ids(site, queue="all", **query) == expected, query
        waiting = [held["id"]] if held["id"] in expected else []
        assert await ids(site, **query) == waiting, query
    assert await ids(site, queue="removed", author=grace["author"]["id"]) == [grace["id"]]
    assert await ids(site, queue="removed", section="Culture") == []
    assert check["detail"] == "casino"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("queue=everything", "validation_error"),
        ("author=me", "validation_error"),
        ("before=yesterday", "validation_error"),
        ("after=2026-01-01T12:00:00", "validation_error"),
        ("q=", "validation_error"),
        (f"section={'x' * 201}", "validation_error"),
        ("q=%00", "invalid_text"),
        ("article=a%2Fb", "invalid_article_id"),
        ("limit=101", "validation_error"),
        ("cursor=", "invalid_cursor"),
        ("cursor=abc", "invalid_cursor"),
    ],
)
async def test_what_makes_no_sense_is_refused(query: str, code: str, service: Service) -> None:
    site = await service.new_site()
    answer = await site.get(f"/moderation/comments?{query}", token=await site.token("Max", Role.MODERATOR))
    assert answer.json["code"] == code


async def test_a_cursor_goes_on_only_where_it_came_from(service: Service) -> None:
    site, other = await service.new_site(moderation="pre"), await service.new_site(moderation="pre")
    for at in (site, other):
        for _ in range(2):
            await at.posted("a")
    cursor = (await ask(site, "/comments", limit=1)).json["next_cursor"]
    assert (await ask(site, "/comments", limit=5, cursor=cursor)).status == 200
    for at, query in ((other, {}), (site, {"queue": "all"}), (site, {"article": "a"}), (site, {"q": "comment"})):
        assert (await ask(at, "/comments", cursor=cursor, **query)).json["code"] == "invalid_cursor"
    assert (await ask(site, "/decisions", cursor=cursor)).json["code"] == "invalid_cursor"


async def test_a_walk_neither_skips_nor_repeats_while_things_are_decided(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    comments = [await site.posted("a") for _ in range(9)]
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 2}
    while True:
        page = (await ask(site, "/comments", **query)).json
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        await decide(site, "approve", *page["items"])  # what was shown leaves the queue
        if len(seen) == 4:
            await decide(site, "remove", comments[5])
            comments.append(await site.posted("a"))
    assert seen == [comment["id"] for number, comment in enumerate(comments) if number != 5]


async def test_a_page_looks_at_so_many_and_goes_on(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "SCAN", 3)
    site = await service.new_site(moderation="pre")
    articles = ["b", "a", "a", "a", "a", "b", "a", "a", "b"]
    comments = [await site.posted(article) for article in articles]
    wanted = [comment["id"] for comment in comments if comment["article_id"] == "b"]
    assert await ids(site, section="none") == []
    async with service.deps.database.transaction("section") as tx:
        await tx.connection.execute(
            "UPDATE articles SET section = 'B' WHERE external_id = 'b' AND site_key = $1", (await site.site()).key
        )
    assert await ids(site, section="B") == wanted
    assert await ids(site, queue="all", section="B") == wanted[::-1]
    assert await ids(site, queue="all", section="B", limit=1) == wanted[::-1]
    assert await ids(site, queue="all", limit=2) == [comment["id"] for comment in comments[::-1]]


async def test_a_comment_with_its_surroundings_and_its_history(service: Service) -> None:
    site = await service.new_site()
    root = await site.posted("a", "Root")
    before = await site.posted("a", parent=root["id"])
    comment = await site.posted("a", "First words", parent=root["id"], token=await site.token("Grace"))
    await site.posted("a", parent=comment["id"])
    after = await site.posted("a", parent=root["id"])
    await site.patch(f"/comments/{comment['id']}", {"text": "Second words"}, token=await site.token("Grace"))
    await decide(site, "remove", root, reason="abuse", note="The third time.")
    await decide(site, "remove", comment)
    item = (await ask(site, f"/comments/{comment['id']}")).json
    assert [(above["id"], above["status"], above["html"]) for above in item["ancestors"]] == [
        (root["id"], "removed", "<p>Root</p>\n")
    ]
    assert [near["id"] for near in item["neighbours"]] == [before["id"], after["id"]]
    assert [(one["version"], one["text"]) for one in item["revisions"]] == [(1, "First words"), (2, "Second words")]
    (decision,) = item["decisions"]
    assert (decision["action"], decision["from"], decision["to"], decision["moderator"]["name"]) == (
        "remove",
        "published",
        "removed",
        "Max",
    )
    above = (await ask(site, f"/comments/{root['id']}")).json
    assert above["decisions"][0]["note"] == "The third time."
    assert (above["ancestors"], above["neighbours"]) == ([], [])


async def test_what_became_of_an_authors_comments(service: Service) -> None:
    site = await service.new_site()
    comments = [await site.posted("a") for _ in range(5)]
    await flag(site, comments[0], "B")
    await decide(site, "remove", comments[0])
    await decide(site, "spam", comments[1])
    await flag(site, comments[2], "B")
    await decide(site, "dismiss_flags", comments[2])
    await site.set(moderation="pre")
    await site.posted("a")
    await sequenced(site)
    record = (await ask(site, f"/comments/{comments[4]['id']}")).json["author_record"]
    assert {name: record[name] for name in ("approved", "removed", "pending", "flags_upheld", "ban")} == {
        "approved": 3,
        "removed": 2,
        "pending": 1,
        "flags_upheld": 1,
        "ban": None,
    }


async def test_counts_are_exact_whatever_happens(service: Service) -> None:
    site = await service.new_site(flag_threshold=2, edit_window_seconds=3600)
    await (await service.new_site(moderation="pre")).posted("a")
    chance, most = random.Random(4), Counter[str]()
    token, comments = await site.token(), [await site.posted("a") for _ in range(3)]
    actions = ("approve", "remove", "remove", "spam", "restore", "reject_edit", "dismiss_flags", "uphold")
    things = ("post", "post", "edit", "delete", "flag", "flag", "flag", "appeal", "appeal", *actions)
    for step in range(48):
        comment, what = chance.choice(comments), chance.choice(things)
        if what == "post":
            await site.set(moderation=chance.choice(("pre", "post")))
            comments.append(await site.posted("a"))
        elif what == "edit":
            await site.patch(f"/comments/{comment['id']}", {"text": f"{chance.random()}"}, token=token)
        elif what == "delete" and chance.random() < 0.3:
            await site.delete(f"/comments/{comment['id']}", token=token)
        elif what == "flag":
            body = {"reason": "spam"}
            name = chance.choice("BCD")
            await site.post(f"/comments/{comment['id']}/flags", body, token=await site.token(name))
        elif what == "appeal":
            for one in comments[:4]:  # whichever is removed
                await site.post(f"/me/comments/{one['id']}/appeal", {"text": "Why?"}, token=token)
        elif what in actions:
            await decide(site, what, comment)
        if step % 4:
            continue
        counts = (await ask(site, "/counts")).json
        oldest = counts.pop("oldest_pending_at")
        lists = {name: await listed(site, queue=name) for name in ("pending", "flagged", "appeals", "spam", "removed")}
        assert counts == {name: len(found) for name, found in lists.items()}
        assert (oldest is None) == (counts["pending"] == 0)
        assert all(item["status"] == "pending" or item["pending_revision"] for item in lists["pending"])
        most += Counter(counts)
    assert all(most[name] for name in ("pending", "flagged", "appeals", "spam", "removed")), most
    await sequenced(site)
    key = (await site.site()).key
    kept = await kept_counts(service, key)
    statuses = Counter(item["status"] for item in await listed(site, queue="all", limit=100))
    assert kept == [tuple(statuses[name] for name in ("published", "pending", "removed", "spam", "deleted"))] * 2


async def kept_counts(service: Service, site_key: int) -> list[tuple[int, ...]]:
    """What the log keeps of a site, and of all its authors together."""
    names = ("published", "pending", "removed", "spam", "deleted")
    sums = ", ".join(f"sum({name})::bigint" for name in names)
    async with service.deps.database.transaction("looking") as tx:
        rows: list[asyncpg.Record] = await tx.connection.fetch(
            f"SELECT {sums} FROM site_counts WHERE site_key = $1 UNION ALL SELECT {sums} FROM author_counts"
            " WHERE author_key IN (SELECT key FROM authors WHERE site_key = $1)",
            site_key,
        )
    return [tuple(row) for row in rows]


async def test_the_log_newest_first_by_whatever_is_asked(service: Service) -> None:
    site = await service.new_site()
    comment, other = await site.posted("a"), await site.posted("a", token=await site.token("Grace"))
    moderator = (await site.get("/me", token=await site.token("Max", Role.MODERATOR))).json["author"]
    for action in ("remove", "restore", "spam"):
        await decide(site, action, comment)
    await decide(site, "remove", other, reason="abuse", note="Again.")

    async def log(**query: str | int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while True:
            page = (await ask(site, "/decisions", limit=2, **query)).json
            found += [(one["comment_id"], one["action"]) for one in page["items"]]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    of_comment = [(comment["id"], "spam"), (comment["id"], "restore"), (comment["id"], "remove")]
    everything = [(other["id"], "remove"), *of_comment]
    assert await log() == everything
    assert await log(comment=comment["id"]) == of_comment
    assert await log(author=other["author"]["id"]) == everything[:1]
    assert await log(moderator=moderator["id"]) == everything
    assert await log(moderator=other["author"]["id"]) == []
    assert await log(comment=comment["id"], author=other["author"]["id"]) == []
    newest = (await ask(site, "/decisions", limit=1)).json["items"][0]
    assert {name: newest[name] for name in ("from", "to", "reason", "note", "moderator", "version")} == {
        "from": "published",
        "to": "removed",
        "reason": "abuse",
        "note": "Again.",
        "moderator": {"id": moderator["id"], "name": "Max"},
        "version": 2,
    }


async def test_articles_and_people_are_found_by_how_they_begin(service: Service) -> None:
    site = await service.new_site()
    for number, (article, name) in enumerate((("2026-11", "Élodie"), ("2026-12", "elodia"), ("x_y", "Zoë"))):
        await site.posted(article, token=await site.token(name))
        async with service.deps.database.transaction("titles") as tx:
            await tx.connection.execute(
                "UPDATE articles SET title = $2, section = $3 WHERE external_id = $1 AND site_key = $4",
                article,
                f"Der Müller, Teil {number}",
                "Kultur" if number else "Sport",
                (await site.site()).key,
            )

    async def found(what: str, **query: str | int) -> list[str]:
        seen: list[str] = []
        while True:
            page = (await ask(site, what, limit=1, **query)).json
            seen += [one["name"] if "name" in one else one["id"] for one in page["items"]]
            if page["next_cursor"] is None:
                return seen
            query["cursor"] = page["next_cursor"]

    assert await found("/articles") == ["x_y", "2026-12", "2026-11"]
    assert await found("/articles", q="2026-1") == ["2026-12", "2026-11"]
    assert await found("/articles", q="MULLER teil") == ["x_y", "2026-12", "2026-11"]
    assert await found("/articles", q="müller 2") == ["x_y"]
    assert await found("/articles", section="Kultur") == ["x_y", "2026-12"]
    assert await found("/articles", section="Kultur", q="2026") == ["2026-12"]
    assert await found("/articles", q="%") == []
    assert await found("/authors", q="ÉLO") == ["elodia", "Élodie"]
    assert await found("/authors", q="zoe") == ["Zoë"]
    assert await found("/authors", q="%") == []
    assert set(await found("/authors")) == {"elodia", "Élodie", "Max", "Zoë"}
    (author,) = (await ask(site, "/authors", q="Zoë")).json["items"]
    assert author["author_record"]["ban"] is None
    (article,) = (await ask(site, "/articles", q="x_y")).json["items"]
    assert (article["visibility"], article["moderation"], article["locked"]) == ("shown", None, False)
    assert article["slow_mode_seconds"] is None


PATHS = ("/comments", "/comments/{id}", "/counts", "/decisions", "/articles", "/authors")


async def test_only_moderators_of_this_site_see_any_of_it(service: Service) -> None:
    site, other = await service.new_site(guests=True, moderation="pre"), await service.new_site()
    comment = await site.posted("a", "Secret words")
    await site.set(moderation="post")
    await decide(site, "spam", comment)
    guest = (await site.post("/guests", {"name": "Gast"})).json["token"]
    for path in PATHS:
        address = "/moderation" + path.format(id=comment["id"])
        for token, code in (
            (None, "token_missing"),
            (await site.token("Reader"), "forbidden"),
            (guest, "forbidden"),
            (await other.token("Max", Role.ADMIN), "token_invalid"),
        ):
            assert (await site.get(address, token=token)).json["code"] == code
    assert (await ask(other, f"/comments/{comment['id']}")).json["code"] == "comment_not_found"
    assert await ids(other, queue="all") == []
    assert await ids(other, queue="all", author=comment["author"]["id"]) == []
    assert await ids(other, queue="all", q="secret") == []
    assert (await ask(other, "/decisions", comment=comment["id"])).json["items"] == []
    assert (await ask(other, "/decisions", author=comment["author"]["id"])).json["items"] == []
    assert (await ask(other, "/articles")).json["items"] == []
    assert [one["name"] for one in (await ask(other, "/authors")).json["items"]] == ["Max"]
    assert (await ask(other, "/counts")).json["spam"] == 0
