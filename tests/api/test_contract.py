"""An independent client of the HTTP contract: all it says of reading and posting, through the running service."""

from __future__ import annotations

import asyncio
import gzip
import math
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import brotli  # type: ignore[import-untyped]
import pytest
import pytest_asyncio

from service.operations.moderation import decide, delete_comment
from service.operations.sites import change_settings
from service.store.queries import Query
from tests.api.serving import Answer as RawAnswer
from tests.api.serving import exchange, parse
from tests.client import Answer, Service, SiteClient, as_id, running_service, until
from tests.conftest import Cluster

TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
ORIGIN = "https://www.paper.example"
FRESH = "public, max-age=0, s-maxage=1, stale-while-revalidate=2"
EXPOSED = "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, Idempotency-Replayed"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-ID"
AUTHOR_OF = Query("author_of", "SELECT author_key FROM comments WHERE id = $1")
SET_VOTES = Query("set_votes", "UPDATE comments SET up = $2, down = $3 WHERE id = $1")
UNKNOWN = "01981f6e-5a00-7c3e-9d2f-5b8f6a1c0e11"


def refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The problem, which must be this one."""
    assert (answer.status, answer.json["code"]) == (status, code), answer.body
    problem: dict[str, Any] = answer.json
    return problem


async def raw(service: Service, method: str, target: str, **headers: str) -> RawAnswer:
    """One request byte by byte, its answer not decompressed; underscores in header names are hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    sent = "\r\n".join((f"{method} {target} HTTP/1.1", "Host: a", "Connection: close", *lines, "", ""))
    return parse(await exchange(urlsplit(service.url).port or 0, sent.encode("latin-1")))


async def act(site: SiteClient, comment_id: str, action: Any) -> None:
    """What moderators do; `delete` is its author's."""
    deps, known = site.service.deps, await site.site()
    if action == "delete":
        row = await deps.database.fetchrow(AUTHOR_OF, as_id(comment_id))
        assert row is not None
        await delete_comment(deps, known, as_id(comment_id), row["author_key"])
    else:
        await decide(deps, known, as_id(comment_id), action)


async def settle(site: SiteClient, article: str, count: int) -> None:
    """Wait until an article's count is this."""

    async def settled() -> bool:
        return await site.count(article) == count

    await until(settled)


async def change(site: SiteClient, **settings: Any) -> None:
    """Change the site's rules."""
    await change_settings(site.service.deps, await site.site(), settings)


# ---- Common


async def test_a_comment_has_ids_times_and_its_place(service: Service) -> None:
    site = await service.new_site()
    root = await site.posted("a1", token=await site.token("Ada"))
    reply = await site.posted("a1", parent=root["id"], token=await site.token("Grace"))
    assert UUID(root["id"]).version == UUID(root["author"]["id"]).version == 7
    assert (root["parent_id"], root["root_id"], root["depth"]) == (None, root["id"], 0)
    assert (reply["parent_id"], reply["root_id"], reply["depth"]) == (root["id"], root["id"], 1)
    assert TIME.fullmatch(root["created_at"])
    assert TIME.fullmatch(root["editable_until"])
    assert (root["status"], root["held_by"], root["edited_at"], root["featured"]) == ("published", [], None, False)
    assert root["votes"] == {"up": 0, "down": 0, "score": 0}
    assert root["author"] | {"id": ""} == {
        "id": "",
        "name": "Ada",
        "avatar_url": None,
        "roles": [],
        "labels": [],
        "guest": False,
    }


async def test_an_article_nobody_commented_on_is_an_empty_page(service: Service) -> None:
    site = await service.new_site()
    page = await site.page("nothing")
    assert page == {
        "article": {
            "id": "nothing",
            "title": None,
            "url": None,
            "section": None,
            "locked": False,
            "locked_reason": None,
            "comment_count": 0,
            "created_at": None,
        },
        "comments": [],
        "next_cursor": None,
        "last_event_id": "0",
    }


async def test_article_ids(service: Service) -> None:
    site = await service.new_site()
    for article in ("a", "A.z_~:-", "a" * 200, "..."):
        assert (await raw(service, "GET", f"{site.path}/articles/{article}/comments")).status == 200
    for article in ("a" * 201, "a%20b", "%C3%A9", "a%2Fb", "%2E%2E", "%2E", "a%00", "a@b", "a+b", "%0A"):
        answer = await raw(service, "GET", f"{site.path}/articles/{article}/comments")
        assert (answer.status, answer.json()["code"]) == (422, "invalid_article_id"), article
        refused(await site.get(f"/counts?article={article}"), 422, "invalid_article_id")


async def test_numbers_and_words_out_of_range_are_422_and_name_the_parameter(service: Service) -> None:
    site = await service.new_site()
    for query in ("limit=1", "limit=100", "replies=0", "replies=50", "featured=true", "featured=false"):
        assert (await site.get(f"/articles/a/comments?{query}")).status == 200, query
    for query in (
        *(f"limit={value}" for value in ("0", "101", "-1", "x", "", "1.0", "1e1", "%EF%BC%91", "9" * 30, "%20")),
        *(f"replies={value}" for value in ("51", "-1", "")),
        *(f"sort={value}" for value in ("", "best", "Newest")),
        *(f"featured={value}" for value in ("1", "yes", "")),
    ):
        problem = refused(await site.get(f"/articles/a/comments?{query}"), 422, "validation_error")
        assert list(problem["errors"]) == [query.partition("=")[0]], query


async def test_unknown_query_parameters_are_ignored_and_part_of_no_cache_key(service: Service) -> None:
    site = await service.new_site()
    await site.posted("a1")
    await settle(site, "a1", 1)
    plain = await site.get("/articles/a1/comments")
    hits = service.deps.pages.hits
    for query in ("?utm_source=x", "?a=1&b=2", "?limit=20", "?sort=newest&replies=10&x=y", "?%00=%00"):
        answer = await site.get(f"/articles/a1/comments{query}")
        assert (answer.body, answer.headers["ETag"]) == (plain.body, plain.headers["ETag"])
    assert service.deps.pages.hits >= hits + 5, "one kept page, whatever is appended"
    assert (await site.get("?x=1")).status == (await site.get("/counts?article=a1&x=1")).status == 200


async def test_unknown_and_wrong_fields_are_refused_by_name(service: Service) -> None:
    site = await service.new_site(guests=True)
    token = await site.token()
    for path, body, field in (
        ("/articles/a/comments", {"text": "x", "html": "<b>"}, "html"),
        ("/articles/a/comments", {"text": "x", "article": {"section": "s"}}, "article.section"),
        ("/articles/a/comments", {"text": "x", "article": "s"}, "article"),
        ("/articles/a/comments", {"text": 1}, "text"),
        ("/articles/a/comments", {"text": None}, "text"),
        ("/articles/a/comments", {}, "text"),
        ("/articles/a/comments", {"text": "x", "parent_id": 1}, "parent_id"),
        ("/preview", {"text": "x", "more": 1}, "more"),
        ("/guests", {"name": "Ada", "role": "admin"}, "role"),
        ("/counts", {"articles": ["a"], "site": "b"}, "site"),
        ("/counts", {"articles": "a"}, "articles"),
    ):
        problem = refused(await site.post(path, body, token=token), 422, "validation_error")
        assert [name for name in problem["errors"] if name.startswith(field)], (body, problem["errors"])


async def test_cursors_belong_to_their_list(service: Service) -> None:
    site, other = await service.new_site(), await service.new_site()
    roots = [await site.posted("a1") for _ in range(3)]
    for _ in range(3):
        await site.posted("a1", parent=roots[0]["id"])
        await other.posted("a1")
    page = await site.page("a1", "?limit=1&replies=1&sort=oldest")
    cursor, below = page["next_cursor"], page["comments"][0]["replies"]["next_cursor"]
    assert (await site.page("a1", f"?limit=1&sort=oldest&cursor={cursor}"))["comments"][0]["id"] == roots[1]["id"]
    middle = len(cursor) // 2
    tampered = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    strangers = [
        "",
        "%00",
        "%0A",
        "%1F",
        "x",
        tampered,
        cursor[:-1],
        cursor + "A",
        cursor + "%0A",
        cursor + "=",
        "a" * 5000,
    ]
    for stranger in (*strangers, below):
        refused(await site.get(f"/articles/a1/comments?sort=oldest&cursor={stranger}"), 400, "invalid_cursor")
    for path in (
        f"/articles/a1/comments?cursor={cursor}",
        f"/articles/a1/comments?sort=top&cursor={cursor}",
        f"/articles/a2/comments?sort=oldest&cursor={cursor}",
        f"/comments/{roots[0]['id']}/replies?cursor={cursor}",
        f"/comments/{roots[1]['id']}/replies?cursor={below}",
        f"/comments/{roots[0]['id']}/replies?cursor=",
    ):
        refused(await site.get(path), 400, "invalid_cursor")
    refused(await other.get(f"/articles/a1/comments?sort=oldest&cursor={cursor}"), 400, "invalid_cursor")


@pytest.mark.parametrize("sort", ["newest", "oldest"])
async def test_a_walk_shows_what_was_there_throughout_once_while_others_come_and_go(
    service: Service, sort: str
) -> None:
    site = await service.new_site()
    roots = [await site.posted("a1") for _ in range(9)]
    gone = roots[4]["id"]
    seen: list[str] = []
    cursor = ""
    for step in range(20):
        page = await site.page("a1", f"?sort={sort}&limit=2{cursor}")
        seen += [comment["id"] for comment in page["comments"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        if step < 3:
            await site.posted("a1")
        if step == 1:
            await act(site, gone, "remove")
    throughout = {root["id"] for root in roots} - {gone}
    assert throughout <= set(seen)
    assert len(seen) == len(set(seen))


async def test_request_ids_are_answered(service: Service) -> None:
    for sent in ("reader-1", "a" * 128, "A.b_c-9"):
        answer = await service.request("GET", "/livez", headers={"X-Request-ID": sent})
        assert answer.headers["X-Request-ID"] == sent
    for odd in ("a" * 129, "a b", "<script>", "a;b"):
        answer = await service.request("GET", "/livez", headers={"X-Request-ID": odd})
        assert answer.headers["X-Request-ID"] not in ("", odd)


# ---- Caching


@pytest_asyncio.fixture(scope="module")
async def paper(service: Service) -> SiteClient:
    """A site with an article that is long enough to be compressed."""
    site = await service.new_site(allowed_origins=[ORIGIN])
    root = await site.posted("a1", "A lighthouse keeper keeps the light. " * 20)
    await site.posted("a1", parent=root["id"])
    await settle(site, "a1", 2)
    return site


PUBLIC_READS = [
    "",
    "/articles/a1/comments",
    "/articles/a1/comments?limit=3",
    "/comments/{id}",
    "/comments/{id}/replies",
    "/counts?article=a1",
]


async def address(site: SiteClient, path: str) -> str:
    root = (await site.page("a1"))["comments"][0]["id"]
    return site.path + path.replace("{id}", root)


@pytest.mark.parametrize("path", PUBLIC_READS)
async def test_public_reads_are_the_same_bytes_for_everybody(paper: SiteClient, path: str) -> None:
    target, service = await address(paper, path), paper.service
    plain = await raw(service, "GET", target)
    assert plain.status == 200
    for authorization in (f"Bearer {await paper.token('Grace')}", "Bearer nonsense", "Basic YTpi", ""):
        answer = await raw(service, "GET", target, Authorization=authorization, Origin="https://evil.example")
        assert (answer.status, answer.body, answer.headers["etag"]) == (200, plain.body, plain.headers["etag"])
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["access-control-allow-origin"] == "*"
    assert plain.headers["access-control-expose-headers"] == EXPOSED
    counts = path.startswith("/counts")
    assert plain.headers["cache-control"] == ("public, max-age=5, s-maxage=1" if counts else FRESH)
    article = "" if counts or not path else f" article/{paper.name}/a1"
    assert plain.headers["surrogate-key"] == f"site/{paper.name}{article}"
    assert plain.headers["content-type"] == "application/json"
    head = await raw(service, "HEAD", target)
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", plain.headers["etag"])


async def test_codings_have_their_own_tags_and_any_of_them_is_enough(paper: SiteClient) -> None:
    service, target = paper.service, f"{paper.path}/articles/a1/comments"
    plain = await raw(service, "GET", target)
    zipped = await raw(service, "GET", target, Accept_Encoding="gzip")
    small = await raw(service, "GET", target, Accept_Encoding="gzip, deflate, br")
    assert (zipped.headers["content-encoding"], gzip.decompress(zipped.body)) == ("gzip", plain.body)
    assert (small.headers["content-encoding"], brotli.decompress(small.body)) == ("br", plain.body)
    tags = [answer.headers["etag"] for answer in (plain, zipped, small)]
    assert len(set(tags)) == 3
    assert all(tag.startswith('"') for tag in tags), "strong"
    for sent in (*tags, f'"other", {tags[1]}', f"W/{tags[2]}", "*"):
        for coding in ("identity", "gzip", "br"):
            answer = await raw(service, "GET", target, If_None_Match=sent, Accept_Encoding=coding)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers["cache-control"] == FRESH
            assert answer.headers["vary"] == "Accept-Encoding"
            assert answer.headers["etag"] in tags
    assert (await raw(service, "GET", target, If_None_Match='"other"')).status == 200
    tiny = await raw(service, "GET", f"{paper.path}/counts?article=a1", Accept_Encoding="br")
    assert "content-encoding" not in tiny.headers, "below 256 bytes"


async def test_a_post_changes_the_tag_at_once(service: Service) -> None:
    site = await service.new_site()
    before = await site.get("/articles/a1/comments")
    posted = await site.posted("a1")

    async def shown() -> bool:
        return [comment["id"] for comment in (await site.page("a1"))["comments"]] == [posted["id"]]

    await until(shown)
    after = await site.get("/articles/a1/comments", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert after.headers["ETag"] != before.headers["ETag"]


async def test_errors_and_private_answers_are_kept_by_nobody(paper: SiteClient) -> None:
    token = await paper.token()
    for answer in (
        await paper.get("/me", token=token),
        await paper.get("/me"),
        await paper.get("/articles/a1/comments?limit=0"),
        await paper.get(f"/comments/{UNKNOWN}"),
        await paper.comment("private"),
        await paper.post("/preview", {"text": "x"}, token=token),
        await paper.service.request("GET", "/nowhere"),
        await paper.service.request("DELETE", "/docs"),
    ):
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "ETag" not in answer.headers


# ---- CORS

PRIVATE = [("GET", "/me"), ("POST", "/preview"), ("POST", "/articles/a1/comments"), ("POST", "/guests")]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
async def test_private_routes_are_for_the_sites_origins(paper: SiteClient, method: str, path: str) -> None:
    service, target = paper.service, paper.path + path
    for origin in (ORIGIN, service.url):
        answer = await service.request(method, target, headers={"Origin": origin})
        assert answer.status != 403
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Expose-Headers"] == EXPOSED
        assert "Origin" in answer.headers["Vary"]
    for origin in (
        "null",
        "https://evil.example",
        "http://www.paper.example",
        f"{ORIGIN}:8443",
        f"{ORIGIN}.evil.example",
    ):
        answer = await service.request(method, target, headers={"Origin": origin})
        refused(answer, 403, "origin_not_allowed")
        assert "Access-Control-Allow-Origin" not in answer.headers
        preflight = {"Origin": origin, "Access-Control-Request-Method": method}
        refused(await service.request("OPTIONS", target, headers=preflight), 403, "origin_not_allowed")
    assert (await service.request(method, target)).status != 403, "servers send no Origin"
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    answer = await service.request("OPTIONS", target, headers=preflight)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == ALLOWED
    assert answer.headers["Access-Control-Max-Age"] == "7200"
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_public_reads_are_for_every_origin_and_counting_by_post_is_one(paper: SiteClient) -> None:
    for origin in (ORIGIN, "https://evil.example", "null"):
        for method, path in (
            ("GET", "/articles/a1/comments"),
            ("GET", "/counts?article=a"),
            ("POST", "/counts"),
            ("GET", ""),
        ):
            preflight = {"Origin": origin, "Access-Control-Request-Method": method}
            answer = await paper.service.request("OPTIONS", paper.path + path, headers=preflight)
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
        answer = await paper.post("/counts", {"articles": ["a1"]}, headers={"Origin": origin})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


async def test_an_unknown_site_allows_no_origin(service: Service) -> None:
    answer = await service.request(
        "POST", "/api/v1/sites/nowhere/guests", json={"name": "A"}, headers={"Origin": ORIGIN}
    )
    refused(answer, 404, "site_not_found")


# ---- Posting


async def test_lengths_are_code_points_after_nfc_and_newlines_count_once(service: Service) -> None:
    site = await service.new_site(max_length=10)
    for text in ("e\u0301" * 10, "a\r\nb\r\nc\r\nd\r\n.", "\U0001f600" * 10, "\x07" * 50 + "bell", "o" + "\u0323" * 50):
        posted = await site.posted("a1", text)
        assert len(posted["text"]) <= 10
    for text in ("e\u0301" * 11, "12345678901", "\U0001f600" * 11):
        problem = refused(await site.comment("a1", text), 422, "validation_error")
        assert list(problem["errors"]) == ["text"]
    for text in ("", " ", "\n\t \r\n", "\u200b", "\u00a0\u3000", "\x07"):
        problem = refused(await site.comment("a1", text), 422, "validation_error")
        assert list(problem["errors"]) == ["text"]
    marks = await site.posted("a1", "z" + "\u0301" * 9)
    assert sum(character == "\u0301" for character in marks["text"]) <= 8
    assert (await site.posted("a2", "tab\tnew\nl"))["text"] == "tab\tnew\nl"


async def test_text_that_cannot_be_stored(service: Service) -> None:
    site = await service.new_site()
    headers = {"Content-Type": "application/json"}
    for body in (rb'{"text":"a\u0000b"}', rb'{"text":"\ud800"}', rb'{"text":"\udc00\ud800"}', rb'{"te\u0000xt":"a"}'):
        answer = await service.request(
            "POST", f"{site.path}/articles/a1/comments", token=await site.token(), headers=headers, data=body
        )
        problem = refused(answer, 422, "invalid_text")
        assert problem["errors"]
    whole = await service.request(
        "POST",
        f"{site.path}/articles/a1/comments",
        token=await site.token(),
        headers=headers,
        data=rb'{"text":"\ud83d\ude00"}',
    )
    assert whole.json["text"] == "\U0001f600"


async def test_markdown_and_links(service: Service) -> None:
    site = await service.new_site(max_links=1)
    posted = await site.posted(
        "a1", "See https://example.com/x now\nand **this** <b>not</b> ![no](https://e.example/i.png)"[:45]
    )
    assert 'href="https://example.com/x"' in posted["html"]
    assert 'rel="nofollow ugc noopener"' in posted["html"]
    for text in ("https://a.example https://b.example", "[a](https://a.example) [b](mailto:b@b.example)"):
        refused(await site.comment("a1", text), 422, "too_many_links")
    raw_html = await site.posted("a2", "<img src=x onerror=alert(1)> [x](javascript:alert(1))\nnext")
    assert "<img" not in raw_html["html"]
    assert "href" not in raw_html["html"]
    assert "<br" in raw_html["html"]
    preview = await site.post("/preview", {"text": "a *b*"}, token=await site.token())
    assert preview.json == {"html": "<p>a <em>b</em></p>\n"}
    refused(await site.post("/preview", {"text": "a"}), 401, "token_missing")


async def test_parents(service: Service) -> None:
    site, other = await service.new_site(), await service.new_site()
    here, elsewhere, foreign = await site.posted("a1"), await site.posted("a2"), await other.posted("a1")
    for parent in (UNKNOWN, elsewhere["id"], foreign["id"]):
        refused(await site.comment("a1", parent=parent), 404, "comment_not_found")
        refused(await site.comment("unopened", parent=parent), 404, "comment_not_found")
    assert (await site.get("/articles/unopened/comments")).json["article"]["created_at"] is None, "nothing was opened"
    for action in ("remove", "delete"):
        parent = (await site.posted("a1"))["id"]
        await act(site, parent, action)
        refused(await site.comment("a1", parent=parent), 409, "parent_not_visible")
    held = (await site.posted("a1"))["id"]
    await site.posted("a1", parent=held)
    await settle(site, "a1", 3)
    await act(site, held, "hold")
    refused(await site.comment("a1", parent=held), 409, "parent_not_visible")
    assert (await site.comment("a1", parent=here["id"])).status == 201
    null = await site.post("/articles/a1/comments", {"text": "a root", "parent_id": None}, token=await site.token())
    assert null.status == 201


async def test_a_comment_never_judged_is_no_parent_and_looks_like_none(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    held = await site.comment("a1")
    assert (held.status, held.json["status"], held.json["held_by"]) == (202, "pending", ["premoderated_site"])
    refused(await site.comment("a1", parent=held.json["id"]), 404, "comment_not_found")
    refused(await site.get(f"/comments/{held.json['id']}"), 404, "comment_not_found")
    assert await site.walk("a1") == []
    assert await site.count("a1") == 0


async def test_the_same_text_twice(service: Service) -> None:
    site = await service.new_site()
    ada, grace = await site.token("Ada"), await site.token("Grace")
    first = await site.posted("a1", "The lamp is lit again.", token=ada)
    for text in ("The lamp is lit again.", "the  lamp is lit AGAIN", "The lamp is lit again!\n"):
        refused(await site.comment("a1", text, token=ada), 422, "duplicate_comment")
    assert (await site.comment("a2", "The lamp is lit again.", token=ada)).status == 201
    assert (await site.comment("a1", "The lamp is lit again.", token=grace)).status == 201
    assert (await site.comment("a1", "The lamp is lit again.", parent=first["id"], token=ada)).status == 201
    await act(site, first["id"], "delete")
    assert (await site.comment("a1", "The lamp is lit again.", token=ada)).status == 201, "deleted: may be said again"


async def test_of_fifty_identical_posts_at_once_one_is_stored(service: Service) -> None:
    site = await service.new_site()
    token = await site.token()
    answers = await asyncio.gather(*(site.comment("a1", "All at once.", token=token) for _ in range(50)))
    assert sorted(answer.status for answer in answers) == [201] + [422] * 49
    assert {answer.json["code"] for answer in answers if answer.status == 422} == {"duplicate_comment"}
    assert len(await site.walk("a1")) == 1
    await settle(site, "a1", 1)


async def test_opening_an_article(service: Service) -> None:
    site = await service.new_site(allowed_origins=[ORIGIN])
    token = await site.token()

    async def opened(article: str, about: dict[str, str]) -> Answer:
        body = {"text": f"About {article} {about}", "article": about}
        return await site.post(f"/articles/{article}/comments", body, token=token)

    for url in ("https://evil.example/a", "http://www.paper.example/a", f"{ORIGIN}:8443/a", f"{ORIGIN}@evil.example/"):
        refused(await opened("a1", {"title": "T", "url": url}), 422, "validation_error")
    for url in ("javascript:alert(1)", "/relative", "ftp://www.paper.example/"):
        refused(await opened("a1", {"url": url}), 422, "validation_error")
    assert (await opened("a1", {"title": " The  lamp ", "url": f"{ORIGIN}/lamp"})).status == 201
    article = (await site.page("a1"))["article"]
    assert (article["title"], article["url"]) == ("The lamp", f"{ORIGIN}/lamp")
    assert TIME.fullmatch(article["created_at"])
    for about in ({"title": "Changed", "url": f"{ORIGIN}/other"}, {"url": "https://evil.example/a"}):
        assert (await opened("a1", about)).status == 201, "counts only when it opens the article"
    assert (await site.page("a1"))["article"] | {"comment_count": 0} == article | {"comment_count": 0}


async def test_a_site_may_demand_registered_articles(service: Service) -> None:
    site = await service.new_site(require_registered_articles=True)
    refused(await site.comment("a1"), 404, "article_not_found")
    assert (await site.get("/articles/a1/comments")).status == 200


async def test_closed_posting_says_what_the_site_says(service: Service) -> None:
    site = await service.new_site(posting="closed", closed_text="Back on Monday.")
    problem = refused(await site.comment("a1"), 409, "posting_closed")
    assert problem["detail"] == "Back on Monday."
    assert (await site.get("")).json["posting"] == "closed"


async def test_posting_answers_where_the_comment_is(service: Service) -> None:
    site = await service.new_site()
    answer = await site.comment("a1", "Hello.")
    assert answer.status == 201
    assert urlsplit(answer.headers["Location"]).path == f"{site.path}/comments/{answer.json['id']}"
    assert (await service.request("GET", answer.headers["Location"])).json["comment"]["id"] == answer.json["id"]
    assert answer.json["text"] == "Hello."
    assert "Idempotency-Replayed" not in answer.headers
    assert re.search(r'"posts";r=\d+;t=\d+', answer.headers["RateLimit"])
    assert re.search(r'"posts";q=\d+;w=60', answer.headers["RateLimit-Policy"])


# ---- Idempotency


async def send(site: SiteClient, key: str, text: str = "Once.", article: str = "a1", name: str = "Ada") -> Answer:
    return await site.comment(article, text, token=await site.token(name), headers={"Idempotency-Key": key})


def same(first: Answer, again: Answer) -> None:
    """A replay: status, Location and comment of the first."""
    assert (again.status, again.headers["Location"]) == (first.status, first.headers["Location"]), again.body
    assert again.json["id"] == first.json["id"]
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_retry_is_answered_as_the_first_try(service: Service) -> None:
    site = await service.new_site()
    first = await send(site, "key-1")
    assert first.status == 201
    for key in ("key-1", '"key-1"'):
        again = await send(site, key)
        same(first, again)
        assert again.json == first.json
    assert len(await site.walk("a1")) == 1
    refused(await send(site, "key-1", "Another body."), 422, "idempotency_key_reused")
    refused(await send(site, "key-1", article="a2"), 422, "idempotency_key_reused")
    assert (await send(site, "key-1", name="Grace")).json["id"] != first.json["id"], "each author's keys are their own"
    elsewhere = await service.new_site()
    assert "Idempotency-Replayed" not in (await send(elsewhere, "key-1")).headers


async def test_odd_keys(service: Service) -> None:
    site = await service.new_site()
    for key in ("", '""', "k" * 201, '"' + "k" * 201 + '"', "k\u00e9"):
        refused(await send(site, key), 400, "invalid_idempotency_key")
    for key in ("k" * 200, '"' + "j" * 200 + '"', "a b"):
        assert (await send(site, key, text=key)).status == 201
    answer = await raw(service, "POST", f"{site.path}/articles/a1/comments", Idempotency_Key="k")
    assert answer.json()["code"] == "token_missing", "who is asking comes first"


async def test_parallel_retries_make_one_comment(service: Service) -> None:
    site = await service.new_site()
    for attempt in range(5):
        answers = await asyncio.gather(*(send(site, f"k{attempt}", f"Number {attempt}.") for _ in range(5)))
        assert [answer.status for answer in answers] == [201] * 5
        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 4
        assert len(await site.walk("a1")) == attempt + 1


async def test_refusals_are_not_remembered_and_do_not_meet_retries(service: Service) -> None:
    site = await service.new_site(posting="closed")
    refused(await send(site, "k"), 409, "posting_closed")
    await change(site, posting="open")
    first = await send(site, "k")
    assert first.status == 201
    assert "Idempotency-Replayed" not in first.headers
    await change(site, posting="closed", require_registered_articles=True, max_links=0)
    same(first, await send(site, "k"))
    await act(site, first.json["id"], "remove")
    again = await send(site, "k")
    same(first, again)
    assert again.json["status"] == "removed", "the comment as it is now"


async def test_a_held_comment_is_answered_202_again_after_it_was_published(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    first = await send(site, "k")
    assert (first.status, first.json["status"]) == (202, "pending")
    await act(site, first.json["id"], "approve")
    again = await send(site, "k")
    same(first, again)
    assert again.json["status"] == "published"


# ---- Reading


async def test_time_orders(service: Service) -> None:
    site = await service.new_site()
    ids = [(await site.posted("a1"))["id"] for _ in range(5)]
    assert [comment["id"] for comment in (await site.page("a1"))["comments"]] == ids[::-1]
    assert [comment["id"] for comment in (await site.page("a1", "?sort=oldest"))["comments"]] == ids
    assert [comment["id"] for comment in await site.walk("a1", sort="oldest", limit=2)] == ids
    assert (await site.page("a1", "?limit=5"))["next_cursor"] is None, "no empty last page"


def wilson(up: int, down: int) -> float:
    """Lower bound of the Wilson interval at 95 %."""
    n, z = up + down, 1.96
    if n == 0:
        return 0.0
    share = up / n
    return (share + z * z / (2 * n) - z * math.sqrt((share * (1 - share) + z * z / (4 * n)) / n)) / (1 + z * z / n)


async def test_rank_orders(service: Service) -> None:
    site = await service.new_site()
    votes = [(0, 0), (1, 0), (10, 0), (100, 90), (3, 3), (0, 9), (40, 1)]
    ids = {}
    for up, down in votes:
        ids[up, down] = (await site.posted("a1"))["id"]
        await service.deps.database.execute(SET_VOTES, as_id(ids[up, down]), up, down)
    service.deps.withdrew((site.name, "a1"))
    by_top = sorted(votes, key=lambda vote: wilson(*vote), reverse=True)
    shown = [comment["id"] for comment in await site.walk("a1", sort="top", limit=2)]
    distinct = [vote for vote in by_top if wilson(*vote) > 0]
    assert shown[: len(distinct)] == [ids[vote] for vote in distinct]
    assert set(shown) == set(ids.values())
    disputed = [comment["id"] for comment in await site.walk("a1", sort="controversial", limit=2)]
    assert disputed[:2] == [ids[100, 90], ids[3, 3]]
    assert set(disputed) == set(ids.values())


async def test_replies_stand_in_reading_order_and_go_on(service: Service) -> None:
    site = await service.new_site()
    root = (await site.posted("a1"))["id"]
    first = (await site.posted("a1", parent=root))["id"]
    second = (await site.posted("a1", parent=root))["id"]
    under_second = (await site.posted("a1", parent=second))["id"]
    under_first = (await site.posted("a1", parent=first))["id"]
    deeper = (await site.posted("a1", parent=under_first))["id"]
    third = (await site.posted("a1", parent=root))["id"]
    order = [first, under_first, deeper, second, under_second, third]
    await settle(site, "a1", 7)
    (shown,) = (await site.page("a1", "?replies=50"))["comments"]
    assert [reply["id"] for reply in shown["replies"]["items"]] == order
    assert (shown["reply_count"], shown["descendant_count"], shown["replies"]["next_cursor"]) == (3, 6, None)
    assert [comment["id"] for comment in await site.walk("a1", limit=1, replies=2)] == [root, *order]
    assert [comment["id"] for comment in await site.walk("a1", limit=1, replies=0)] == [root, *order]
    answer = await site.get(f"/comments/{root}/replies?limit=100")
    assert [reply["id"] for reply in answer.json["items"]] == order, "from the first without a cursor"
    assert answer.json["next_cursor"] is None
    refused(await site.get(f"/comments/{first}/replies"), 404, "comment_not_found")
    refused(await site.get(f"/comments/{root}/replies?limit=101"), 422, "validation_error")


async def test_a_page_shows_ten_replies_unless_asked(service: Service) -> None:
    site = await service.new_site()
    root = (await site.posted("a1"))["id"]
    replies = [(await site.posted("a1", parent=root))["id"] for _ in range(12)]
    (shown,) = (await site.page("a1"))["comments"]
    assert [reply["id"] for reply in shown["replies"]["items"]] == replies[:10]
    answer = await site.get(f"/comments/{root}/replies?cursor={shown['replies']['next_cursor']}")
    assert [reply["id"] for reply in answer.json["items"]] == replies[10:]


@pytest.mark.parametrize(
    ("action", "status"), [("remove", "removed"), ("delete", "deleted"), ("hold", "hidden"), ("spam", "hidden")]
)
async def test_tombstones(service: Service, action: str, status: str) -> None:
    site = await service.new_site()
    root = await site.posted("a1", "Secret words.")
    reply = await site.posted("a1", parent=root["id"])
    await settle(site, "a1", 2)
    await act(site, root["id"], action)
    await settle(site, "a1", 1)
    (shown,) = (await site.page("a1"))["comments"]
    told = {"html": None, "author": None, "status": status, "featured": False, "edited_at": None}
    assert shown | told == shown
    assert shown["votes"] == {"up": 0, "down": 0, "score": 0}
    assert (shown["id"], shown["reply_count"], shown["descendant_count"]) == (root["id"], 1, 1)
    assert [item["id"] for item in shown["replies"]["items"]] == [reply["id"]]
    permalink = (await site.get(f"/comments/{reply['id']}")).json
    assert permalink["ancestors"] == [{name: value for name, value in shown.items() if name != "replies"}]
    assert (await site.get(f"/comments/{root['id']}")).json["comment"]["status"] == status
    await act(site, reply["id"], "remove")
    await settle(site, "a1", 0)

    async def vanished() -> bool:
        return await site.walk("a1") == []

    await until(vanished)
    for gone in (root["id"], reply["id"]):
        refused(await site.get(f"/comments/{gone}"), 404, "comment_not_found")


async def test_a_restored_comment_is_back_with_its_words(service: Service) -> None:
    site = await service.new_site()
    root = await site.posted("a1", "Back again.")
    await act(site, root["id"], "remove")
    refused(await site.get(f"/comments/{root['id']}"), 404, "comment_not_found")
    await act(site, root["id"], "restore")
    await settle(site, "a1", 1)
    shown = (await site.get(f"/comments/{root['id']}")).json["comment"]
    assert (shown["html"], shown["status"]) == (root["html"], "published")


async def test_depth_ends_at_eight_and_ancestors_are_the_root_and_the_nearest_eight(service: Service) -> None:
    site = await service.new_site()
    chain = [await site.posted("a1")]
    for _ in range(12):
        chain.append(await site.posted("a1", parent=chain[-1]["id"]))
    assert [comment["depth"] for comment in chain] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 8]
    await settle(site, "a1", 13)
    ids = [comment["id"] for comment in chain]
    for place in (0, 1, 8, 9, 10, 12):
        permalink = (await site.get(f"/comments/{ids[place]}")).json
        assert permalink["comment"]["id"] == ids[place]
        assert permalink["article"]["comment_count"] == 13
        nearest = ids[max(0, place - 8) : place]
        wanted = nearest if place <= 8 else [ids[0], *nearest]
        assert [ancestor["id"] for ancestor in permalink["ancestors"]] == wanted, place
    shown = {comment["id"]: comment for comment in await site.walk("a1")}
    assert [comment["id"] for comment in await site.walk("a1", replies=3, limit=4)] == ids
    assert all(shown[one]["reply_count"] == 1 for one in ids[:-1])
    assert all(shown[one]["descendant_count"] == shown[one]["reply_count"] for one in ids[8:])
    assert shown[ids[0]]["descendant_count"] == 12


async def test_the_site_itself(service: Service) -> None:
    site = await service.new_site(sign_in_url="https://www.paper.example/sign-in", language="de")
    assert (await site.get("")).json == {
        "site": site.name,
        "posting": "open",
        "moderation": "post",
        "guests": False,
        "edit_window_seconds": 300,
        "max_length": 10000,
        "sign_in_url": "https://www.paper.example/sign-in",
        "language": "de",
    }


# ---- Rate limits


@pytest_asyncio.fixture(scope="module")
async def limited(service: Service, cluster: Cluster) -> AsyncIterator[Service]:
    """Another process on the same servers, with the real limits, behind proxies on this machine."""
    proxies = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))
    async with running_service(replace(cluster.settings, limits="on", trusted_proxies=proxies)) as started:
        yield started


def via(*addresses: str) -> dict[str, str]:
    return {"X-Forwarded-For": ", ".join(addresses)}


def is_limited(answer: Answer, limit: str) -> int:
    """A 429 of a limit; seconds to wait."""
    refused(answer, 429, "rate_limited")
    assert re.search(rf'"{limit}";r=0;t=\d+', answer.headers["RateLimit"])
    assert f'"{limit}";q=' in answer.headers["RateLimit-Policy"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    return int(answer.headers["Retry-After"])


async def test_posts_of_an_account(limited: Service) -> None:
    site = await limited.new_site()
    token, headers = await site.token(), via("198.51.100.1")
    kept = {**headers, "Idempotency-Key": "kept"}
    first = await site.comment("a1", "Kept.", token=token, headers=kept)
    for left in range(8, -1, -1):
        answer = await site.comment("a1", token=token, headers=headers)
        assert answer.status == 201
        assert f'"posts";r={left};' in answer.headers["RateLimit"]
        assert '"posts";q=10;w=60' in answer.headers["RateLimit-Policy"]
        assert '"posts_network";q=60;w=60' in answer.headers["RateLimit-Policy"]
    waits = [is_limited(await site.comment("a1", token=token, headers=headers), "posts") for _ in range(3)]
    assert 1 <= waits[0] <= 61
    assert waits == sorted(waits, reverse=True), "a refused try does not prolong the wait"
    same(first, await site.comment("a1", "Kept.", token=token, headers=kept))
    grace = await site.comment("a1", token=await site.token("Grace"), headers=headers)
    assert grace.status == 201, "another account"
    assert '"posts_network";r=49;' in grace.headers["RateLimit"], (
        "refusals of the account were not charged to the network"
    )


async def test_guests_of_a_network_and_what_a_network_is(limited: Service) -> None:
    site = await limited.new_site(guests=True)

    async def become(*addresses: str) -> Answer:
        return await site.post("/guests", {"name": "Ada"}, headers=via(*addresses))

    for number in range(20):
        assert (await become(f"2001:db8:1:1::{number:x}")).status == 201
    is_limited(await become("2001:db8:1:1:ffff::1"), "guests_network")
    assert (await become("2001:db8:1:2::1")).status == 201, "another /64"
    for number in range(20):
        assert (await become(f"192.0.2.{number}", "198.51.100.7", "10.1.2.3")).status == 201, (
            "what clients claim is not believed"
        )
    is_limited(await become("192.0.2.99", "198.51.100.7"), "guests_network")
    assert (await become("198.51.100.8")).status == 201


async def test_opened_articles_of_a_network(limited: Service) -> None:
    site = await limited.new_site()
    headers = via("198.51.100.20")
    for number in range(20):
        answer = await site.comment(f"a{number}", token=await site.token(f"P{number}"), headers=headers)
        assert answer.status == 201
    is_limited(await site.comment("a20", token=await site.token("Q"), headers=headers), "articles_network")
    assert (await site.comment("a1", token=await site.token("Q"), headers=headers)).status == 201, "already open"


async def test_previews_and_reads_that_are_not_kept(limited: Service) -> None:
    site = await limited.new_site()
    token, headers = await site.token(), via("198.51.100.30")
    for _ in range(60):
        assert (await site.post("/preview", {"text": "x"}, token=token, headers=headers)).status == 200
    is_limited(await site.post("/preview", {"text": "x"}, token=token, headers=headers), "previews")
    await site.posted("a1", headers=headers)

    async def counted() -> bool:
        page = await site.get("/articles/a1/comments", headers=headers)
        return bool(page.json["article"]["comment_count"] == 1)

    await until(counted)
    answers = [await site.get("/articles/a1/comments?limit=3", headers=headers) for _ in range(300)]
    await until(counted)  # kept now, after the last event of the article
    answers += [await site.get("/articles/a1/comments?limit=3", headers=headers) for _ in range(300)]
    assert [answer.status for answer in answers[:400]] == [200] * 400
    is_limited(await site.get("/articles/a1/comments?limit=3", headers=headers), "reads_network")
    assert (await site.get("/articles/a1/comments", headers=headers)).status == 200, "kept pages are not limited"


async def test_forwarded_addresses_from_strangers_are_not_believed(service: Service, cluster: Cluster) -> None:
    async with running_service(replace(cluster.settings, limits="on")) as direct:
        site = await direct.new_site(guests=True)
        answers = [await site.post("/guests", {"name": "Ada"}, headers=via(f"203.0.113.{n}")) for n in range(21)]
    assert answers[-1].status == 429
