"""Atom feeds and the fragment: what they hold, that they are sound, and that what is gone is gone from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest

from service.domain.identity import Role
from service.operations.articles import change_article
from tests.client import Answer, Service, SiteClient, canary, until
from tests.conftest import Cluster
from tests.servers import run_sql

ATOM = "{http://www.w3.org/2005/Atom}"
URL = "https://www.example.com/lighthouse?page=1#top"
ODD = "\x01<b>&amp; \ufffe\u202e\U0001f600"


async def register(site: SiteClient, article: str, **known: Any) -> None:
    """What a publisher's server does."""
    await change_article(site.service.deps, await site.site(), article, known, create=True)


async def decide(site: SiteClient, comment: str, action: str) -> None:
    token = await site.token("Max", Role.MODERATOR)
    body = {"decisions": [{"comment_id": comment, "action": action}]}
    answer = await site.post("/moderation/decisions", body, token=token)
    assert answer.json["results"][0]["result"] == "applied"


async def feed(site: SiteClient, path: str) -> tuple[Answer, ElementTree.Element]:
    """A feed that keeps what RFC 4287 asks of every feed and entry."""
    answer = await site.get(path)
    assert answer.status == 200, answer.body
    root = ElementTree.fromstring(answer.body)
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated", "author"):
            assert len(element.findall(ATOM + name)) == 1, f"{element.tag} without one {name}"
        assert UUID(element.findtext(f"{ATOM}id", "").removeprefix("urn:uuid:"))
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated", "")).tzinfo
        assert element.findtext(f"{ATOM}author/{ATOM}name")
        links = [link.get("rel") for link in element.findall(f"{ATOM}link")]
        assert ("self" if element is root else "alternate") in links
    return answer, root


def entry_ids(root: ElementTree.Element) -> list[str]:
    return [entry.findtext(f"{ATOM}id", "").removeprefix("urn:uuid:") for entry in root.iter(f"{ATOM}entry")]


async def test_a_feed_holds_the_newest_published_comments(service: Service) -> None:
    site = await service.new_site()
    await register(site, "a", title=f"Keeper {ODD}", url=URL)
    first = await site.posted("a", "One & <two>")
    reply = await site.posted("a", parent=first["id"], token=await site.token("Grace"))
    for path in ("/articles/a/feed.atom", "/feed.atom"):
        answer, root = await feed(site, path)
        assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert entry_ids(root) == [reply["id"], first["id"]]
        newest, oldest = root.iter(f"{ATOM}entry")
        assert newest.findtext(f"{ATOM}author/{ATOM}name") == "Grace"
        assert oldest.findtext(f"{ATOM}content") == first["html"]
        assert oldest.find(f"{ATOM}content").get("type") == "html"  # type: ignore[union-attr]
        assert (
            oldest.find(f"{ATOM}link").get("href") == f"https://www.example.com/lighthouse?page=1#comment-{first['id']}"
        )  # type: ignore[union-attr]
        assert (
            newest.find("{http://purl.org/syndication/thread/1.0}in-reply-to").get("ref") == f"urn:uuid:{first['id']}"
        )  # type: ignore[union-attr]
    assert (await site.get("/articles/a/feed.atom")).headers[
        "Surrogate-Key"
    ] == f"site/{site.name} article/{site.name}/a"


async def test_what_readers_open_stays_out_of_feeds_and_json_ld(service: Service) -> None:
    site = await service.new_site(allowed_origins=["https://www.example.com"])
    body = {"text": "First!", "article": {"title": "Buy this", "url": "https://www.example.com/x"}}
    assert (await site.post("/articles/opened/comments", body, token=await site.token())).status == 201
    await register(site, "hidden", title="Court order", visibility="hidden")
    for path in (
        "/articles/opened/feed.atom",
        "/articles/hidden/feed.atom",
        "/articles/unknown/feed.atom",
        "/feed.atom",
    ):
        _, root = await feed(site, path)
        assert entry_ids(root) == []
    html = (await site.get("/articles/opened/comments.html")).body.decode()
    assert "First!" in html
    assert "ld+json" not in html
    assert "https://www.example.com/x" not in html


PATHS = ("/articles/a/comments.html", "/articles/a/feed.atom", "/feed.atom")


@pytest.mark.parametrize("gone", ["removed", "deleted", "hidden author", "hidden article"])
async def test_what_is_gone_is_gone_from_kept_copies(gone: str, service: Service, cluster: Cluster) -> None:
    site = await service.new_site()
    await register(site, "a", title="A", url=URL)
    words, token = canary(), await site.token()
    comment = await site.posted("a", f"Say {words}.", token=token)
    etags = {}
    for path in PATHS:
        answer = await site.get(path)
        assert words in answer.body.decode()
        etags[path] = answer.headers["ETag"]
    if gone == "removed":
        await decide(site, comment["id"], "remove")
    elif gone == "deleted":
        assert (await site.delete(f"/comments/{comment['id']}", token=token)).status == 204
    elif gone == "hidden article":
        await change_article(service.deps, await site.site(), "a", {"visibility": "hidden"})
    else:
        author = comment["author"]["id"]
        run_sql(
            cluster.settings.owner_url,
            f"WITH u AS (UPDATE authors SET hidden = true WHERE id = '{author}' RETURNING key, site_key)"
            " INSERT INTO outbox (kind, site_key, article_key, author_key)"
            " SELECT 'author.hidden', u.site_key, c.article_key, u.key FROM u JOIN comments c ON c.author_key = u.key",
        )

    async def without() -> bool:
        answers = [await site.get(path, headers={"If-None-Match": etags[path]}) for path in PATHS]
        return all(answer.status == 200 and words not in answer.body.decode() for answer in answers)

    await until(without, seconds=1.0 if gone == "hidden author" else 0.5)


class Outline(HTMLParser):
    """A fragment's elements, with those that stay open at its end."""

    VOID = ("br",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs), tuple(self.open)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)


def outline(answer: Answer) -> Outline:
    found = Outline()
    found.feed(answer.body.decode())
    found.close()
    assert found.open == []
    return found


def linked(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for comment in document.get("comment", ()):
        yield comment
        yield from linked(comment)


async def test_the_fragment_reads_well_and_can_be_taken_over(service: Service) -> None:
    site = await service.new_site(language="de")
    await register(site, "a", title="Ende </script><!-- & \u2028", url=URL)
    evil = "</script><script>alert(1)</script> & \u2028 <!-- `x`"
    root = await site.posted("a", evil, token=await site.token('"><img src=x> Ada'))
    gone = await site.posted("a", f"Gone {canary()}.", parent=root["id"])
    below = await site.posted("a", "Below.", parent=gone["id"])
    await decide(site, gone["id"], "remove")

    async def settled() -> bool:
        return await site.count("a") == 2

    await until(settled)
    answer = await site.get("/articles/a/comments.html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=1, stale-while-revalidate=2"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found = outline(answer)
    names = {tag for tag, _, _ in found.tags}
    assert names >= {"section", "ol", "li", "article", "time", "cite"}
    assert not names & {"img", "style", "b"}
    assert not any(key.startswith("on") or key == "style" for _, attrs, _ in found.tags for key in attrs)
    top = found.tags[0][1]
    page = await site.page("a")
    assert (top["data-last-event-id"], top["data-article-id"]) == (page["last_event_id"], "a")
    items = {attrs["data-comment-id"]: (attrs, above) for tag, attrs, above in found.tags if tag == "li"}
    assert {key: attrs["data-status"] for key, (attrs, _) in items.items()} == {
        root["id"]: "published",
        gone["id"]: "removed",
        below["id"]: "published",
    }
    assert [items[one["id"]][1].count("li") for one in (root, gone, below)] == [0, 1, 2]
    assert items[below["id"]][0]["id"] == f"comment-{below['id']}"
    assert "removed by a moderator" in answer.body.decode()
    assert [attrs["lang"] for tag, attrs, _ in found.tags if tag == "div"] == ["de", "de"]

    (script,) = found.scripts
    assert not set(script) & set("<>&\u2028\u2029")
    document = json.loads(script)
    assert document["@type"] == "DiscussionForumPosting"
    assert (document["headline"], document["url"]) == ("Ende </script><!-- & \u2028", URL)
    comments = list(linked(document))
    assert [comment["author"]["name"] for comment in comments] == ['"><img src=x> Ada', "Ada"]
    assert "</script><script>alert(1)</script>" in comments[0]["text"]
    assert comments[0]["comment"] == [comments[1]]


async def test_the_rest_of_a_discussion_is_a_link_away(service: Service) -> None:
    site = await service.new_site()
    token = await site.token()
    await register(site, "a", title="A")
    oldest = await site.posted("a", token=token)
    replies = [(await site.posted("a", parent=oldest["id"], token=token))["id"] for _ in range(12)]
    for _ in range(20):
        await site.posted("a", token=token)

    async def settled() -> bool:
        return await site.count("a") == 33

    await until(settled)
    seen: list[str] = []
    path: str | None = "/articles/a/comments.html"
    while path is not None:
        found = outline(await site.get(path))
        seen += [str(attrs["data-comment-id"]) for tag, attrs, _ in found.tags if tag == "li"]
        links = {attrs.get("rel"): str(attrs["href"]) for tag, attrs, _ in found.tags if tag == "a"}
        more = links.get("next") or links.get("nofollow")
        path = more.removeprefix(site.path) if more else None
    assert len(seen) == len(set(seen)) == 33
    assert set(replies) < set(seen)
    assert (await site.get("/articles/a/comments.html?cursor=none")).json["code"] == "invalid_cursor"
    assert (await site.get("/articles/a/comments.html?root=none")).json["code"] == "comment_not_found"
