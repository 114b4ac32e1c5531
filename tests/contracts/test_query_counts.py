"""What every route costs in queries: none for what is kept, two for a post."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from service.api.routes import ROUTES
from service.domain.identity import Role
from tests.client import Answer, Service, SiteClient, until
from tests.conftest import QueryCount
from tests.streams import streaming

Ask = Callable[["Scene"], Awaitable[Answer]]
NOBODYS = "01999999-0000-7000-8000-000000000000"


class Scene:
    """A site with an article that has a root, a reply and a reply to that; its author's token and a moderator's."""

    def __init__(self, site: SiteClient, token: str, other: str, admin: str, comments: list[dict[str, Any]]) -> None:
        self.site, self.token, self.other, self.admin = site, token, other, admin
        self.root, self.reply, self.deep = comments

    @classmethod
    async def make(cls, service: Service) -> Scene:
        site = await service.new_site(guests=True)
        token = await site.token()
        comments: list[dict[str, Any]] = []
        for _ in range(3):
            parent = comments[-1]["id"] if comments else None
            comments.append(await site.posted("a", parent=parent, token=token))

        async def settled() -> bool:
            return await site.count("a") == 3

        await until(settled)
        other, admin = await site.token("Max", Role.MODERATOR), await site.token("Root", Role.ADMIN)
        await site.get("/me", token=other)
        await site.get("/me", token=admin)
        await site.site()  # as every process knows it within the second
        return cls(site, token, other, admin, comments)


def get(path: str) -> Ask:
    return lambda scene: scene.site.get(path.format(**vars(scene)))


NOTICE = {"explanation": "It names a victim.", "legal_ground": "Criminal code, 201a", "good_faith": True}


def by_moderator(method: str, path: str, body: Any = None) -> Ask:
    def ask(scene: Scene) -> Awaitable[Answer]:
        where = scene.site.path + path.format(**vars(scene))
        return scene.site.service.request(method.upper(), where, token=scene.other, json=body)

    return ask


def stream(path: str, who: str | None = None) -> Ask:
    """The beginning of a stream."""

    async def ask(scene: Scene) -> Answer:
        token = getattr(scene, who) if who else None
        async with streaming(scene.site, path, token=token) as opened:
            if "after" in path:
                await opened.event("count")
            return Answer(opened.response.status, opened.response.headers, b"", None)

    return ask


# what it is: the request, its queries, its status
COSTS: dict[str, tuple[Ask, int, int]] = {
    "GET the site": (get(""), 0, 200),
    "GET a page": (get("/articles/a/comments"), 2, 200),
    "GET a page of 100 with 50 replies each": (get("/articles/a/comments?limit=100&replies=50"), 2, 200),
    "GET a page of featured ones": (get("/articles/a/comments?featured=true"), 2, 200),
    "GET a page of an article nobody commented on": (get("/articles/none/comments"), 1, 200),
    "GET replies": (get("/comments/{root[id]}/replies"), 2, 200),
    "GET replies of none": (get("/comments/{reply[id]}/replies"), 1, 404),
    "GET a root": (get("/comments/{root[id]}"), 1, 200),
    "GET a reply": (get("/comments/{deep[id]}"), 2, 200),
    "GET comments.html": (get("/articles/a/comments.html"), 2, 200),
    "GET comments.html of one thread": (get("/articles/a/comments.html?root={root[id]}"), 2, 200),
    "GET an article's feed.atom": (get("/articles/a/feed.atom"), 1, 200),
    "GET the site's feed.atom": (get("/feed.atom"), 1, 200),
    "GET what is not there": (get("/comments/01999999-0000-7000-8000-000000000000"), 1, 404),
    "GET what is no id": (get("/comments/nothing"), 0, 404),
    "GET articles most_discussed": (get("/articles/most_discussed"), 1, 200),
    "PUT an article": (lambda s: s.site.put("/articles/new", {"title": "New"}, token=s.admin), 8, 201),
    "PUT an alias": (lambda s: s.site.put("/articles/a/aliases/b", None, token=s.admin), 7, 204),
    "PATCH an article": (lambda s: s.site.patch("/moderation/articles/a", {"locked": True}, token=s.other), 6, 200),
    "POST merge": (lambda s: s.site.post("/moderation/articles/a/merge", {"into": "none"}, token=s.admin), 5, 404),
    "GET settings": (lambda s: s.site.get("/moderation/settings", token=s.admin), 2, 200),
    "POST settings try": (lambda s: s.site.post("/moderation/settings/try", {"max_links": 0}, token=s.admin), 2, 200),
    "PATCH settings": (
        lambda s: s.site.patch("/moderation/settings", {"max_links": 5, "version": 1}, token=s.admin),
        7,
        200,
    ),
    "GET stats": (lambda s: s.site.get("/moderation/stats", token=s.other), 3, 200),
    "GET counts known here": (get("/counts?article=a"), 0, 200),
    "GET counts of 200": (get("/counts?" + "&".join(f"article=x{n}" for n in range(200))), 1, 200),
    "POST counts of 200": (lambda s: s.site.post("/counts", {"articles": [f"y{n}" for n in range(200)]}), 1, 200),
    "GET me export": (lambda s: s.site.get("/me/export", token=s.token), 10, 200),
    "GET me erasures": (
        lambda s: s.site.get("/me/erasures/6f1f7a0e-3c52-4d0b-8a6e-2b7c9d0e1f42", token=s.token),
        1,
        404,
    ),
    "DELETE me": (lambda s: s.site.delete("/me", token=s.token), 4, 202),
    "GET me": (lambda s: s.site.get("/me", token=s.token), 1, 200),
    "POST preview": (lambda s: s.site.post("/preview", {"text": "x"}, token=s.token), 1, 200),
    "POST a comment": (lambda s: s.site.comment("a", token=s.token), 2, 201),
    "POST a reply": (lambda s: s.site.comment("a", parent=s.deep["id"], token=s.token), 2, 201),
    "POST by nobody": (lambda s: s.site.post("/articles/a/comments", {"text": "x"}), 0, 401),
    "POST with a bad body": (lambda s: s.site.post("/articles/a/comments", {}, token=s.token), 0, 422),
    "POST below nothing": (
        lambda s: s.site.comment("a", parent="01999999-0000-7000-8000-000000000000", token=s.token),
        1,
        404,
    ),
    "POST that opens its article": (lambda s: s.site.comment("new", token=s.token), 3, 201),
    "PATCH a comment": (
        lambda s: s.site.patch(f"/comments/{s.deep['id']}", {"text": "Other words."}, token=s.token),
        10,
        200,
    ),
    "DELETE a comment": (lambda s: s.site.delete(f"/comments/{s.deep['id']}", token=s.token), 8, 204),
    "PUT a vote": (lambda s: s.site.put(f"/comments/{s.deep['id']}/vote", {"value": 1}, token=s.other), 2, 200),
    "POST flags": (
        lambda s: s.site.post(f"/comments/{s.deep['id']}/flags", {"reason": "spam"}, token=s.other),
        7,
        201,
    ),
    "POST flags with a notice": (
        lambda s: s.site.post(
            f"/comments/{s.deep['id']}/flags", {"reason": "illegal", "notice": NOTICE}, token=s.other
        ),
        8,
        201,
    ),
    "POST notices": (
        lambda s: s.site.post(
            "/notices", {"comment_id": s.deep["id"], **NOTICE, "name": "Eve", "contact": "eve@example.com"}
        ),
        6,
        201,
    ),
    "GET notices of nobody": (get("/notices/01999999-0000-7000-8000-000000000000"), 1, 404),
    "POST appeal of what is not removed": (
        lambda s: s.site.post(f"/me/comments/{s.deep['id']}/appeal", {"text": "Please."}, token=s.token),
        3,
        409,
    ),
    "GET notifications": (lambda s: s.site.get("/me/notifications", token=s.token), 2, 200),
    "GET me articles": (lambda s: s.site.get("/me/articles/a", token=s.token), 6, 200),
    "GET a queue of comments": (lambda s: s.site.get("/moderation/comments?queue=all", token=s.other), 3, 200),
    "GET comments by words": (lambda s: s.site.get("/moderation/comments?q=comment", token=s.other), 3, 200),
    "GET a comment and its history": (
        lambda s: s.site.get(f"/moderation/comments/{s.deep['id']}", token=s.other),
        6,
        200,
    ),
    "GET a comment's statements": (
        lambda s: s.site.get(f"/moderation/comments/{s.deep['id']}/statements", token=s.other),
        4,
        200,
    ),
    "GET counts of queues": (lambda s: s.site.get("/moderation/counts", token=s.other), 2, 200),
    "GET decisions": (lambda s: s.site.get("/moderation/decisions", token=s.other), 2, 200),
    "GET articles": (lambda s: s.site.get("/moderation/articles?q=a", token=s.other), 2, 200),
    "GET authors": (lambda s: s.site.get("/moderation/authors?q=A", token=s.other), 2, 200),
    "POST decisions": (
        lambda s: s.site.post(
            "/moderation/decisions", {"decisions": [{"comment_id": s.deep["id"], "action": "remove"}]}, token=s.other
        ),
        7,
        200,
    ),
    "GET webhooks": (lambda s: s.site.get("/moderation/webhooks", token=s.admin), 2, 200),
    "POST webhooks": (
        lambda s: s.site.post("/moderation/webhooks", {"url": "https://hooks.example/"}, token=s.admin),
        3,
        201,
    ),
    "PATCH a webhook": (
        lambda s: s.site.patch(f"/moderation/webhooks/{NOBODYS}", {"active": False}, token=s.admin),
        2,
        404,
    ),
    "DELETE a webhook": (lambda s: s.site.delete(f"/moderation/webhooks/{NOBODYS}", token=s.admin), 2, 404),
    "GET deliveries": (lambda s: s.site.get(f"/moderation/webhooks/{NOBODYS}/deliveries", token=s.admin), 2, 404),
    "POST replay": (
        lambda s: s.site.post(f"/moderation/webhooks/{NOBODYS}/deliveries/{NOBODYS}/replay", None, token=s.admin),
        2,
        404,
    ),
    "GET events": (stream("/articles/a/events"), 1, 200),
    "GET events of an article nobody commented on": (stream("/articles/none/events"), 1, 200),
    "GET events to resume": (stream("/articles/a/events?after=0"), 2, 200),
    "GET me events": (stream("/me/events", "token"), 2, 200),
    "GET moderation events": (stream("/moderation/events", "other"), 2, 200),
    "POST guests": (lambda s: s.site.post("/guests", {"name": "Grace"}), 2, 201),
    "GET moderation an author": (by_moderator("get", "/moderation/authors/{root[author][id]}"), 7, 200),
    "GET moderation an author's ban": (by_moderator("get", "/moderation/authors/{root[author][id]}/ban"), 2, 404),
    "PUT moderation ban": (by_moderator("put", "/moderation/authors/{root[author][id]}/ban", {"reason": "x"}), 6, 200),
    "DELETE moderation ban": (by_moderator("delete", "/moderation/authors/{root[author][id]}/ban"), 2, 204),
    "POST moderation notes": (
        by_moderator("post", "/moderation/authors/{root[author][id]}/notes", {"text": "x"}),
        3,
        201,
    ),
    "POST moderation revoke by no admin": (
        by_moderator("post", "/moderation/authors/{root[author][id]}/revoke"),
        1,
        403,
    ),
    "PUT moderation roles by no admin": (
        by_moderator("put", "/moderation/authors/{root[author][id]}/roles", {}),
        1,
        403,
    ),
    "POST moderation undo of nothing": (by_moderator("post", "/moderation/removals/{root[id]}/undo"), 2, 404),
    "GET moderation network_bans": (by_moderator("get", "/moderation/network_bans"), 2, 200),
    "PUT moderation network_bans": (
        by_moderator("put", "/moderation/network_bans", {"network": "192.0.2.0/24", "reason": "x"}),
        4,
        200,
    ),
    "DELETE moderation network_bans": (by_moderator("delete", "/moderation/network_bans?network=192.0.2.0/24"), 2, 204),
}


@pytest.mark.parametrize("what", COSTS)
async def test_a_request_costs_so_many_queries(what: str, service: Service, query_count: QueryCount) -> None:
    ask, queries, status = COSTS[what]
    scene = await Scene.make(service)
    answer, cost = await query_count.of(ask(scene))
    assert (answer.status, cost) == (status, queries), answer.body


async def test_a_first_post_also_stores_its_author(service: Service, query_count: QueryCount) -> None:
    scene = await Scene.make(service)
    token = await scene.site.token("Somebody new")
    await scene.site.site()
    answer, cost = await query_count.of(scene.site.comment("a", token=token))
    assert (answer.status, cost) == (201, 3)


@pytest.mark.parametrize(
    "path",
    [
        "/articles/a/comments",
        "/articles/a/comments?sort=top",
        "/articles/a/comments.html",
        "/feed.atom",
        "/counts?article=a",
        "",
    ],
)
async def test_a_kept_answer_costs_nothing(path: str, service: Service, query_count: QueryCount) -> None:
    scene = await Scene.make(service)
    first = await scene.site.get(path)
    for headers in ({}, {"If-None-Match": first.headers["ETag"]}, {"Accept-Encoding": "br"}):
        answer, cost = await query_count.of(scene.site.get(path, headers=headers))
        assert (answer.status, cost) == (304 if "If-None-Match" in headers else 200, 0)


async def test_a_replay_costs_three(service: Service, query_count: QueryCount) -> None:
    scene = await Scene.make(service)
    body, headers = {"text": "Once."}, {"Idempotency-Key": "k"}
    first = await scene.site.post("/articles/a/comments", body, token=scene.token, headers=headers)
    await scene.site.site()
    again, cost = await query_count.of(
        scene.site.post("/articles/a/comments", body, token=scene.token, headers=headers)
    )
    assert (again.status, again.headers["Idempotency-Replayed"], cost) == (first.status, "true", 3)


def test_every_route_of_a_site_is_measured() -> None:
    measured = {what.split()[0] for what in COSTS}
    assert {route.method for route in ROUTES if "{site}" in route.path} <= measured
    names = " ".join(COSTS).lower()
    for route in ROUTES:
        if "{site}" in route.path:
            tail = route.path.rsplit("}", 1)[-1].strip("/").rsplit("/", 1)[-1] or "the site"
            assert {"comments": "a comment"}.get(tail, tail) in names, f"{route.path} is not in COSTS"
