"""Who may call what: one table, walked with every kind of token there is, over every route of the OpenAPI document."""

from __future__ import annotations

import itertools
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest

from service.app import described
from service.domain.identity import Role
from service.operations.people import ban_author
from service.operations.sites import add_api_key, add_secret
from tests.client import Answer, Service, SiteClient, as_id

SECRET = "a publisher's secret of thirty-two bytes"
ISSUER = "https://publisher.example"
KINDS = (
    "anonymous", "guest", "reader", "another reader", "moderator", "moderator of another site", "admin", "API key",
    "API key of another site", "banned", "banned admin", "revoked", "expired",
)  # fmt: skip

ANYBODY = frozenset(KINDS)
PEOPLE = frozenset(
    {"guest", "reader", "another reader", "moderator", "admin", "banned", "banned admin"}
)  # who they say they are
WELCOME = PEOPLE - {"banned", "banned admin"}
AUTHOR = frozenset({"reader"})  # the one the thing in the path belongs to
MODERATORS = frozenset({"moderator", "admin"})
ADMINS = frozenset({"admin"})
PUBLISHERS = frozenset({"admin", "API key"})

SITE = "/api/v1/sites/{site}"
numbers = itertools.count(1)


@dataclass
class Scene:
    """A site with one of everything, and everybody who may ask for it."""

    service: Service
    site: SiteClient
    other: SiteClient
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    async def moderate(self, method: str, path: str, body: Any = None) -> Answer:
        """Something an admin does first."""
        answer = await self.service.request(
            method, f"{self.site.path}/moderation{path}", json=body, token=self.tokens["admin"]
        )
        assert answer.status < 300, answer.body
        return answer

    async def comment(self, text: str | None = None) -> str:
        """A new comment by the reader."""
        posted = await self.site.posted("a", text, token=self.tokens["reader"])
        return str(posted["id"])

    async def removed(self) -> str:
        """A removed comment of the reader's."""
        comment = await self.comment()
        decision = {"comment_id": comment, "action": "remove", "reason": "rude"}
        await self.moderate("POST", "/decisions", {"decisions": [decision]})
        return comment

    async def author_id(self, kind: str) -> str:
        """Somebody's public id."""
        me = await self.site.get("/me", token=self.tokens[kind])
        return str(me.json["author"]["id"])

    async def newcomer(self) -> str:
        """The id of somebody new, whom nobody else is."""
        me = await self.site.get("/me", token=await self.site.token(f"Newcomer {next(numbers)}"))
        return str(me.json["author"]["id"])

    async def webhook(self) -> str:
        """A new webhook's id, in the place of the last one."""
        path, admin = f"{self.site.path}/moderation/webhooks", self.tokens["admin"]
        if "webhook" in self.ids:
            await self.service.request("DELETE", f"{path}/{self.ids['webhook']}", token=admin)
        made = await self.moderate("POST", "/webhooks", WEBHOOK)
        self.ids["webhook"] = str(made.json["id"])
        return self.ids["webhook"]


WEBHOOK = {"url": "http://127.0.0.1:9/hook", "types": []}
Body = dict[str, Any] | None
Ask = Callable[[Scene], Awaitable[tuple[str, Body]]]  # the path below the site, and the body


def at(path: str, body: Body = None) -> Ask:
    """A call that is the same for everybody."""

    async def ask(scene: Scene) -> tuple[str, Body]:
        return path, body

    return ask


def on_comment(path: str, body: Body = None) -> Ask:
    """A call about a new comment of the reader's."""

    async def ask(scene: Scene) -> tuple[str, Body]:
        return path.replace("{id}", await scene.comment()), body

    return ask


def on_author(path: str, body: Body = None) -> Ask:
    """A call about somebody new."""

    async def ask(scene: Scene) -> tuple[str, Body]:
        return path.replace("{id}", await scene.newcomer()), body

    return ask


def on_webhook(path: str, body: Body = None) -> Ask:
    """A call about a new webhook."""

    async def ask(scene: Scene) -> tuple[str, Body]:
        return path.replace("{id}", await scene.webhook()), body

    return ask


async def posting(scene: Scene) -> tuple[str, Body]:
    """A new text each time, as nobody may repeat themself."""
    return "/articles/a/comments", {"text": f"Words number {next(numbers)}."}


async def counting(scene: Scene) -> tuple[str, Body]:
    return "/counts", {"articles": ["a"]}


async def root(scene: Scene) -> tuple[str, Body]:
    return f"/comments/{await scene.comment()}/replies", None


async def notice(scene: Scene) -> tuple[str, Body]:
    about = {"comment_id": await scene.comment(), "explanation": "It is against the law.", "legal_ground": "defamation"}
    return "/notices", about | {"good_faith": True, "name": "Nora", "contact": "nora@example.org"}


async def kept_notice(scene: Scene) -> tuple[str, Body]:
    path, body = await notice(scene)
    made = await scene.site.post(path, body)
    return f"/notices/{made.json['id']}", None


async def appeal(scene: Scene) -> tuple[str, Body]:
    return f"/me/comments/{await scene.removed()}/appeal", {"text": "I meant it kindly."}


async def deciding(scene: Scene) -> tuple[str, Body]:
    return "/moderation/decisions", {"decisions": [{"comment_id": await scene.comment(), "action": "feature"}]}


async def changing(scene: Scene) -> tuple[str, Body]:
    settings = await scene.moderate("GET", "/settings")
    return "/moderation/settings", {"version": settings.json["version"], "max_links": next(numbers) % 50}


async def registering(scene: Scene) -> tuple[str, Body]:
    return f"/articles/registered-{next(numbers)}", {"title": "An article"}


async def aliasing(scene: Scene) -> tuple[str, Body]:
    return f"/articles/a/aliases/alias-{next(numbers)}", None


async def merging(scene: Scene) -> tuple[str, Body]:
    await scene.site.posted(name := f"merged-{next(numbers)}", token=scene.tokens["reader"])
    return f"/moderation/articles/{name}/merge", {"into": "a"}


async def undoing(scene: Scene) -> tuple[str, Body]:
    token = await scene.site.token(f"Sorry {next(numbers)}")
    await scene.site.posted("a", token=token)
    me = await scene.site.get("/me", token=token)
    ban = {"reason": "spam", "remove_comments": True}
    banned = await scene.moderate("PUT", f"/authors/{me.json['author']['id']}/ban", ban)
    return f"/moderation/removals/{banned.json['removal']['id']}/undo", {}


async def looking_at_a_ban(scene: Scene) -> tuple[str, Body]:
    author = await scene.newcomer()
    await scene.moderate("PUT", f"/authors/{author}/ban", BAN)
    return f"/moderation/authors/{author}/ban", None


async def replaying(scene: Scene) -> tuple[str, Body]:
    webhook = await scene.webhook()
    await scene.comment()
    while True:
        deliveries = await scene.moderate("GET", f"/webhooks/{webhook}/deliveries")
        if deliveries.json["items"]:
            return f"/moderation/webhooks/{webhook}/deliveries/{deliveries.json['items'][0]['id']}/replay", {}


BAN = {"reason": "spam"}
NETWORK = {"network": "192.0.2.0/24", "reason": "spam"}


@dataclass(frozen=True)
class Row:
    """Who may, and how to ask."""

    may: frozenset[str]
    ask: Ask
    stream: bool = False


# fmt: off
TABLE: dict[str, Row] = {
    "GET ": Row(ANYBODY, at("")),
    "GET /articles/{article_id}/comments": Row(ANYBODY, at("/articles/a/comments")),
    "GET /articles/{article_id}/comments.html": Row(ANYBODY, at("/articles/a/comments.html")),
    "GET /articles/{article_id}/feed.atom": Row(ANYBODY, at("/articles/a/feed.atom")),
    "GET /feed.atom": Row(ANYBODY, at("/feed.atom")),
    "GET /articles/most_discussed": Row(ANYBODY, at("/articles/most_discussed")),
    "GET /articles/{article_id}/events": Row(ANYBODY, at("/articles/a/events"), stream=True),
    "GET /counts": Row(ANYBODY, at("/counts?article=a")),
    "POST /counts": Row(ANYBODY, counting),
    "GET /comments/{comment_id}": Row(ANYBODY, on_comment("/comments/{id}")),
    "GET /comments/{comment_id}/replies": Row(ANYBODY, root),
    "POST /notices": Row(ANYBODY, notice),
    "GET /notices/{notice_id}": Row(ANYBODY, kept_notice),
    "POST /guests": Row(ANYBODY, at("/guests", {"name": "Grace"})),

    "POST /articles/{article_id}/comments": Row(WELCOME, posting),
    "POST /preview": Row(PEOPLE, at("/preview", {"text": "Words."})),
    "PATCH /comments/{comment_id}": Row(AUTHOR, on_comment("/comments/{id}", {"text": "Better words."})),
    "DELETE /comments/{comment_id}": Row(AUTHOR, on_comment("/comments/{id}")),
    "PUT /comments/{comment_id}/vote": Row(frozenset({"another reader", "moderator", "admin"}), on_comment("/comments/{id}/vote", {"value": 1})),
    "POST /comments/{comment_id}/flags": Row(frozenset({"another reader", "moderator", "admin"}), on_comment("/comments/{id}/flags", {"reason": "spam"})),
    "GET /me": Row(PEOPLE, at("/me")),
    "GET /me/articles/{article_id}": Row(PEOPLE, at("/me/articles/a")),
    "GET /me/notifications": Row(PEOPLE, at("/me/notifications")),
    "GET /me/events": Row(PEOPLE, at("/me/events"), stream=True),
    "POST /me/comments/{comment_id}/appeal": Row(AUTHOR, appeal),
    "GET /me/export": Row(PEOPLE, at("/me/export")),

    "GET /moderation/comments": Row(MODERATORS, at("/moderation/comments")),
    "GET /moderation/comments/{comment_id}": Row(MODERATORS, on_comment("/moderation/comments/{id}")),
    "GET /moderation/comments/{comment_id}/statements": Row(
        MODERATORS, on_comment("/moderation/comments/{id}/statements")
    ),
    "POST /moderation/decisions": Row(MODERATORS, deciding),
    "GET /moderation/decisions": Row(MODERATORS, at("/moderation/decisions")),
    "GET /moderation/counts": Row(MODERATORS, at("/moderation/counts")),
    "GET /moderation/stats": Row(MODERATORS, at("/moderation/stats")),
    "GET /moderation/events": Row(MODERATORS, at("/moderation/events"), stream=True),
    "GET /moderation/articles": Row(MODERATORS, at("/moderation/articles")),
    "PATCH /moderation/articles/{article_id}": Row(MODERATORS, at("/moderation/articles/a", {"locked": False})),
    "GET /moderation/authors": Row(MODERATORS, at("/moderation/authors")),
    "GET /moderation/authors/{author_id}": Row(MODERATORS, on_author("/moderation/authors/{id}")),
    "POST /moderation/authors/{author_id}/notes": Row(MODERATORS, on_author("/moderation/authors/{id}/notes", {"text": "Kind, mostly."})),
    "GET /moderation/authors/{author_id}/ban": Row(MODERATORS, looking_at_a_ban),
    "PUT /moderation/authors/{author_id}/ban": Row(MODERATORS, on_author("/moderation/authors/{id}/ban", BAN)),
    "DELETE /moderation/authors/{author_id}/ban": Row(MODERATORS, on_author("/moderation/authors/{id}/ban")),
    "POST /moderation/removals/{removal_id}/undo": Row(MODERATORS, undoing),
    "GET /moderation/network_bans": Row(MODERATORS, at("/moderation/network_bans")),
    "PUT /moderation/network_bans": Row(MODERATORS, at("/moderation/network_bans", NETWORK)),
    "DELETE /moderation/network_bans": Row(MODERATORS, at("/moderation/network_bans?network=192.0.2.0/24")),

    "POST /moderation/authors/{author_id}/revoke": Row(ADMINS, on_author("/moderation/authors/{id}/revoke")),
    "PUT /moderation/authors/{author_id}/roles": Row(ADMINS, on_author("/moderation/authors/{id}/roles", {"role": "staff"})),
    "GET /moderation/settings": Row(ADMINS, at("/moderation/settings")),
    "PATCH /moderation/settings": Row(ADMINS, changing),
    "POST /moderation/settings/try": Row(ADMINS, at("/moderation/settings/try", {"max_links": 0})),
    "GET /moderation/webhooks": Row(ADMINS, at("/moderation/webhooks")),
    "POST /moderation/webhooks": Row(ADMINS, at("/moderation/webhooks", WEBHOOK)),
    "PATCH /moderation/webhooks/{webhook_id}": Row(ADMINS, on_webhook("/moderation/webhooks/{id}", {"active": False})),
    "DELETE /moderation/webhooks/{webhook_id}": Row(ADMINS, on_webhook("/moderation/webhooks/{id}")),
    "GET /moderation/webhooks/{webhook_id}/deliveries": Row(ADMINS, on_webhook("/moderation/webhooks/{id}/deliveries")),
    "POST /moderation/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": Row(ADMINS, replaying),

    "PUT /articles/{article_id}": Row(PUBLISHERS, registering),
    "PUT /articles/{article_id}/aliases/{other_id}": Row(PUBLISHERS, aliasing),
    "POST /moderation/articles/{article_id}/merge": Row(PUBLISHERS, merging),
}
# fmt: on
BY_HAND = {"DELETE /me", "GET /me/erasures/{erase_id}"}  # tests/api/test_rights.py: they end who asks


def of_the_document() -> set[str]:
    """Every method and path below a site."""
    return {
        f"{method.upper()} {path.removeprefix(SITE)}"
        for path, item in described()["paths"].items()
        if path.startswith(SITE)
        for method in item
    }


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert set(TABLE) | BY_HAND == of_the_document()


def publishers_token(site: SiteClient, name: str, *, issued_ago: int = 0, lives: int = 3600) -> str:
    """A token as a publisher signs it."""
    now = int(time.time()) - issued_ago
    claims = {"sub": name, "name": name, "iss": ISSUER, "aud": site.name, "iat": now, "exp": now + lives}
    return jwt.encode(claims, SECRET, algorithm="HS256", headers={"kid": "k"})


@pytest.fixture(scope="module")
async def scene(service: Service) -> Scene:
    site, other = await service.new_site(guests=True, guest_moderation="post"), await service.new_site()
    for one in (site, other):
        await add_secret(service.deps, await one.site(), ISSUER, SECRET.encode(), "k")
    made = Scene(service, site, other)
    guest = await site.post("/guests", {"name": "Gwen"})
    made.tokens = {
        "guest": guest.json["token"],
        "reader": await site.token("Rita"),
        "another reader": await site.token("Rob"),
        "moderator": await site.token("Mona", Role.MODERATOR),
        "moderator of another site": await other.token("Otto", Role.ADMIN),
        "admin": await site.token("Anna", Role.ADMIN),
        "API key": await add_api_key(service.deps, await site.site(), "test"),
        "API key of another site": await add_api_key(service.deps, await other.site(), "test"),
        "banned": await site.token("Bert"),
        "banned admin": await site.token("Bea", Role.ADMIN),
        "revoked": publishers_token(site, "rex", issued_ago=10),
        "expired": publishers_token(site, "ed", issued_ago=7200),
    }
    await made.moderate("PUT", f"/authors/{await made.author_id('banned')}/ban", BAN)
    await ban_author(service.deps, await site.site(), as_id(await made.author_id("banned admin")), None, "spam")
    await made.moderate("POST", f"/authors/{await made.author_id('revoked')}/revoke")
    return made


async def call(scene: Scene, method: str, path: str, body: Body, kind: str, *, stream: bool = False) -> Answer:
    """One request by somebody; of a stream its beginning."""
    headers = {"Authorization": f"Bearer {scene.tokens[kind]}"} if kind in scene.tokens else {}
    if stream:
        url = scene.service.url + scene.site.path + path
        async with scene.service.session.get(url, headers=headers) as response:
            return Answer(response.status, response.headers, b"", None)
    return await scene.service.request(method, scene.site.path + path, json=body, headers=headers)


@pytest.mark.parametrize("route", TABLE)
async def test_who_may(route: str, scene: Scene) -> None:
    method, row = route.partition(" ")[0], TABLE[route]
    allowed = set()
    for kind in KINDS:
        path, body = await row.ask(scene)
        answer = await call(scene, method, path, body, kind, stream=row.stream)
        assert answer.status < 500, answer.body
        if answer.status < 300:
            allowed.add(kind)
        elif kind in {"anonymous", "revoked", "expired", "moderator of another site", "API key of another site"}:
            assert answer.status == 401, (kind, answer.body)
        else:
            assert answer.status in (401, 403, 404), (kind, answer.body)
    assert allowed == row.may


NAMED = re.compile(r"\{(comment|author|webhook|removal|notice|delivery)_id\}")


@pytest.mark.parametrize("route", [route for route in TABLE if NAMED.search(route)])
async def test_an_id_of_another_site_is_an_unknown_one(route: str, scene: Scene) -> None:
    method, row = route.partition(" ")[0], TABLE[route]
    elsewhere = Scene(scene.service, scene.other, scene.site, dict(scene.tokens))
    elsewhere.tokens["reader"] = await scene.other.token("Rita")
    elsewhere.tokens["admin"] = scene.tokens["moderator of another site"]
    path, body = await row.ask(elsewhere)
    unknown = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda _: str(uuid.uuid4()), path)
    kind = sorted(row.may)[0] if row.may != ANYBODY else "anonymous"
    foreign, missing = [await call(scene, method, one, body, kind) for one in (path, unknown)]
    assert foreign.status == missing.status == 404
    assert {**foreign.json, "request_id": ""} == {**missing.json, "request_id": ""}
