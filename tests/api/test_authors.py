"""Who is asking: publishers' tokens, guests, roles, and /me."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from service.domain.identity import Role
from service.operations.authors import issue_token
from service.operations.people import ban_author, grant_role, revoke_author, unban_author
from service.operations.sites import add_secret, change_settings
from tests.client import Answer, Service, SiteClient, as_id, until

ISSUER = "https://login.paper.example"
SECRET = b"the publisher's secret, thirty-two bytes or more"


async def publisher(service: Service, **settings: Any) -> SiteClient:
    """A site that trusts its publisher's HS256 key."""
    site = await service.new_site(**settings)
    await add_secret(service.deps, await site.site(), ISSUER, SECRET, "k1")
    return site


def token(site: SiteClient, *, kid: str | None = "k1", secret: bytes = SECRET, **claims: Any) -> str:
    """A publisher's token; a claim of None is left out."""
    now = int(time.time())
    payload = {"iss": ISSUER, "aud": site.name, "sub": "42", "name": "Ada", "iat": now, "exp": now + 3600} | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(payload, secret, algorithm="HS256", headers={"kid": kid} if kid else None)


async def me(site: SiteClient, bearer: str | None, **options: Any) -> Answer:
    return await site.get("/me", token=bearer, **options)


def refused(answer: Answer, code: str, status: int = 401) -> None:
    assert (answer.status, answer.json["code"]) == (status, code), answer.body
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="discuss"')


async def test_me(service: Service) -> None:
    site = await publisher(service)
    answer = await me(site, token(site, labels=["Subscriber"]))
    assert answer.status == 200
    assert answer.json["author"] | {"id": ""} == {
        "id": "",
        "name": "Ada",
        "avatar_url": None,
        "roles": [],
        "labels": ["Subscriber"],
        "guest": False,
    }
    rest = {name: answer.json[name] for name in ("roles", "guest", "ban", "site")}
    assert rest == {"roles": ["reader"], "guest": False, "ban": None, "site": site.name}


async def test_an_author_is_site_issuer_and_subject_and_follows_the_newest_token(service: Service) -> None:
    site, other = await publisher(service, picture_hosts=["pictures.example"]), await publisher(service)
    first = (await me(site, token(site))).json["author"]
    picture = "https://pictures.example/ada.webp"
    renamed = (await me(site, token(site, name="Ada Lovelace", picture=picture, email="x@example.com"))).json["author"]
    assert renamed["id"] == first["id"]
    assert (renamed["name"], renamed["avatar_url"]) == ("Ada Lovelace", picture)
    assert (await me(site, token(site, sub="43"))).json["author"]["id"] != first["id"]
    assert (await me(other, token(other))).json["author"]["id"] != first["id"]
    assert (await me(site, await site.token("Ada"))).json["author"]["id"] != first["id"], "another issuer"
    for odd in (
        "http://pictures.example/a.webp",
        "https://evil.example/a.webp",
        "https://pictures.example.evil.example/a",
    ):
        assert (await me(site, token(site, picture=odd))).json["author"]["avatar_url"] is None


async def test_comments_show_the_author_as_of_now(service: Service) -> None:
    site = await publisher(service)
    posted = await site.posted("a1", token=token(site, name="Ada"))
    await me(site, token(site, name="Countess"))
    permalink = await site.get(f"/comments/{posted['id']}")
    assert permalink.json["comment"]["author"]["name"] == "Countess"


async def test_tokens_that_are_not_valid_here(service: Service) -> None:
    site, other = await publisher(service), await publisher(service)
    now = int(time.time())
    refused(await me(site, None), "token_missing")
    for bad in (
        "nonsense",
        "a.b.c",
        token(other),  # aud is another site
        token(site, aud=[other.name]),
        token(site, aud=None),
        token(site, secret=b"another secret of thirty-two bytes or more!"),
        token(site, iss="https://other.example"),
        token(site, iss=None),
        token(site, sub=None),
        token(site, sub=""),
        token(site, sub="s" * 201),
        token(site, name=None),
        token(site, name=""),
        token(site, name="n" * 81),
        token(site, exp=None),
        token(site, iat=None),
        token(site, exp=now + 25 * 3600),
        token(site, iat=now + 3600, exp=now + 7200),
        token(site, kid="another"),
        jwt.encode(
            {"iss": ISSUER, "aud": site.name, "sub": "1", "name": "A", "iat": now, "exp": now + 9}, None, "none"
        ),
        jwt.encode(
            {"iss": "discuss:cli", "aud": site.name, "sub": "1", "name": "A", "iat": now, "exp": now + 9}, SECRET
        ),
    ):
        answer = await me(site, bad)
        refused(answer, "token_invalid")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    refused(await me(site, token(site, iat=now - 7200, exp=now - 3600)), "token_expired")
    assert (await me(site, token(site, iat=now - 60, exp=now - 10))).status == 200, "30 seconds of leeway"
    assert (await me(site, token(site, aud=["elsewhere", site.name]))).status == 200
    assert (await me(site, token(site, kid=None))).status == 200, "without kid every key is tried"


async def test_the_header(service: Service) -> None:
    site = await publisher(service)
    good = token(site)
    for value in (f"Bearer {good}", f"bearer {good}", f"BEARER  {good}"):
        assert (await me(site, None, headers={"Authorization": value})).status == 200
    for value in (good, f"Basic {good}", "Bearer", f"Bearer {good} x", f"Token {good}"):
        refused(await me(site, None, headers={"Authorization": value}), "token_invalid")
    refused(await me(site, None, headers={"Cookie": f"token={good}"}), "token_missing")


@pytest.mark.parametrize(
    ("allowed", "counting"),
    [
        ("none", []),
        ("staff", ["staff"]),
        ("moderator", ["moderator", "staff"]),
        ("admin", ["admin", "moderator", "staff"]),
    ],
)
async def test_roles_in_tokens_count_up_to_the_sites_limit(service: Service, allowed: str, counting: list[str]) -> None:
    site = await publisher(service, token_roles=allowed)
    claimed = ["reader", "staff", "moderator", "admin", "emperor"]
    answer = await me(site, token(site, roles=claimed))
    assert sorted(answer.json["roles"]) == sorted(["reader", *counting])
    assert sorted(answer.json["author"]["roles"]) == counting


async def test_command_line_tokens_and_granted_roles_count_in_full(service: Service) -> None:
    site = await publisher(service)
    answer = await me(site, await site.token("Root", Role.ADMIN))
    assert "admin" in answer.json["roles"]
    reader = await me(site, token(site))
    await grant_role(service.deps, await site.site(), as_id(reader.json["author"]["id"]), Role.MODERATOR)
    assert "moderator" in (await me(site, token(site))).json["roles"]
    await grant_role(service.deps, await site.site(), as_id(reader.json["author"]["id"]), None)
    assert (await me(site, token(site))).json["roles"] == ["reader"]


async def test_a_revoked_persons_tokens_fail(service: Service) -> None:
    site = await publisher(service)
    old = token(site, iat=int(time.time()) - 5)
    author = (await me(site, old)).json["author"]["id"]
    await revoke_author(service.deps, await site.site(), as_id(author))

    async def fails() -> bool:
        return (await me(site, old)).status == 401

    await until(fails)
    refused(await site.comment("a1", token=old), "token_invalid")
    fresh = token(site, iat=int(time.time()) + 2, exp=int(time.time()) + 60)
    assert (await me(site, fresh)).status == 200, "signed in again"


async def test_a_ban_is_told_and_keeps_from_posting(service: Service) -> None:
    site = await publisher(service)
    author = as_id((await me(site, token(site))).json["author"]["id"])
    until_then = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    await ban_author(service.deps, await site.site(), author, until_then, "Insults.")
    told = (await me(site, token(site))).json["ban"]
    assert told == {"until": until_then.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "reason": "Insults."}
    answer = await site.comment("a1", token=token(site))
    refused(answer, "banned", 403)
    assert "Insults." in answer.json["detail"]
    await unban_author(service.deps, await site.site(), author)
    assert (await me(site, token(site))).json["ban"] is None
    assert (await site.comment("a1", token=token(site))).status == 201


async def test_guests(service: Service) -> None:
    site = await service.new_site(guests=True)
    answer = await site.post("/guests", {"name": "  Ada   G. "})
    assert answer.status == 201
    assert set(answer.json) == {"token", "author"}
    author = answer.json["author"]
    assert (author["name"], author["guest"], author["roles"]) == ("Ada G.", True, [])
    claims = jwt.decode(answer.json["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 30 * 24 * 3600
    shown = await me(site, answer.json["token"])
    assert (shown.json["author"], shown.json["guest"], shown.json["roles"]) == (author, True, ["reader"])
    posted = await site.comment("a1", token=answer.json["token"])
    assert (posted.status, posted.json["status"], posted.json["held_by"]) == (202, "pending", ["premoderated_guest"])
    assert (await site.post("/guests", {"name": "Ada G."})).json["author"]["id"] != author["id"], "another person"


async def test_guests_may_be_published_or_not_be_taken_at_all(service: Service) -> None:
    trusting = await service.new_site(guests=True, guest_moderation="post")
    guest = (await trusting.post("/guests", {"name": "Ada"})).json["token"]
    assert (await trusting.comment("a1", token=guest)).status == 201
    closed = await service.new_site()
    refused(await closed.post("/guests", {"name": "Ada"}), "guests_not_allowed", 403)
    refused(await me(closed, guest), "token_invalid")


async def test_a_site_that_stops_taking_guests_takes_no_more_posts_of_them(service: Service) -> None:
    site = await service.new_site(guests=True)
    guest = (await site.post("/guests", {"name": "Ada"})).json["token"]
    await change_settings(service.deps, await site.site(), {"guests": False})
    refused(await site.comment("a1", token=guest), "guests_not_allowed", 403)


async def test_names_of_guests(service: Service) -> None:
    site = await service.new_site(guests=True)
    for name in ("", " ", "n" * 81, "\u200b", "a\x07b", "\u202e"):
        answer = await site.post("/guests", {"name": name})
        refused(answer, "validation_error", 422)
        assert list(answer.json["errors"]) == ["name"]
    for name in ("n" * 80, "李雷", "e\u0301" * 80, "👩‍👩‍👧"):
        assert (await site.post("/guests", {"name": name})).status == 201, name


async def test_a_token_of_one_site_is_worth_nothing_on_another(service: Service) -> None:
    site, other = await service.new_site(guests=True), await service.new_site(guests=True)
    guest = (await site.post("/guests", {"name": "Ada"})).json["token"]
    cli = await issue_token(service.deps, await site.site(), name="Root", subject="r", role=Role.ADMIN)
    for bearer in (guest, cli):
        refused(await me(other, bearer), "token_invalid")
        refused(await other.comment("a1", token=bearer), "token_invalid")
