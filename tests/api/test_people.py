"""People as moderators deal with them: bans, removals of everything, notes, roles, networks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import pytest_asyncio

from service.domain.identity import Role
from service.followers.retention import forget_old
from service.operations import moderation, posting, removals
from service.operations.people import ban_author
from service.settings import Settings
from service.store.removals import next_removal
from tests.client import Answer, Service, SiteClient, as_id, canary, running_service, until
from tests.conftest import Cluster
from tests.servers import run_sql

NOBODY = "01981f6e-5a00-7c3e-9d2f-5b8f6a1c0e11"
PROXIED = {"X-Forwarded-For": "203.0.113.7"}


async def author_id(site: SiteClient, token: str) -> str:
    answer = await site.get("/me", token=token)
    assert answer.status == 200, answer.body
    found: str = answer.json["author"]["id"]
    return found


async def banned(site: SiteClient, author: str, moderator: str, **body: Any) -> dict[str, Any]:
    answer = await site.put(f"/moderation/authors/{author}/ban", {"reason": "Insults.", **body}, token=moderator)
    assert answer.status == 200, answer.body
    ban: dict[str, Any] = answer.json
    return ban


async def removal_of(site: SiteClient, author: str, moderator: str) -> dict[str, Any]:
    removal: dict[str, Any] = (await site.get(f"/moderation/authors/{author}", token=moderator)).json["removal"]
    return removal


async def is_state(site: SiteClient, author: str, moderator: str, state: str) -> bool:
    return (await removal_of(site, author, moderator))["state"] == state


def later(hours: int = 1) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


async def test_a_ban_is_told_and_ends_at_its_time(service: Service, cluster: Cluster) -> None:
    site = await service.new_site()
    ada, mod = await site.token(), await site.token("Max", Role.MODERATOR)
    ada_id, end = await author_id(site, ada), later()
    ban = await banned(site, ada_id, mod, until=end)
    assert ban == {"author_id": ada_id, "until": end, "reason": "Insults.", "removal": None}
    assert (await site.get(f"/moderation/authors/{ada_id}/ban", token=mod)).json == ban
    assert (await site.get("/me", token=ada)).json["ban"] == {"until": end, "reason": "Insults."}
    answer = await site.comment("a", token=ada)
    assert refused(answer) == (403, "banned")
    assert "Insults." in answer.json["detail"]
    owner = cluster.settings.owner_url
    run_sql(owner, f"UPDATE authors SET banned_until = now() - interval '1 second' WHERE id = '{ada_id}'")
    assert (await site.comment("a", token=ada)).status == 201
    assert (await site.get("/me", token=ada)).json["ban"] is None
    assert refused(await site.get(f"/moderation/authors/{ada_id}/ban", token=mod)) == (404, "not_found")
    assert (await banned(site, ada_id, mod))["until"] is None
    assert (await site.get("/me", token=ada)).json["ban"]["until"] is None
    for _ in range(2):
        assert (await site.delete(f"/moderation/authors/{ada_id}/ban", token=mod)).status == 204
    assert (await site.comment("a", token=ada)).status == 201

    async def logged() -> bool:
        rows = run_sql(
            owner,
            "SELECT action, count(*), count(e.position), string_agg(DISTINCT e.kind, ',') FROM decisions d"
            f" JOIN authors u ON u.key = d.author_key AND u.id = '{ada_id}' LEFT JOIN events e ON e.decision_id = d.id"
            " WHERE d.comment_id IS NULL GROUP BY action ORDER BY action",
        )
        return rows.splitlines() == ["ban|2|2|author.banned", "unban|1|1|author.unbanned"]

    await until(logged)


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x", "until": "2020-01-01T00:00:00Z"}])
async def test_a_ban_needs_a_reason_and_a_time_to_come(body: dict[str, str], service: Service) -> None:
    site = await service.new_site()
    ada_id = await author_id(site, await site.token())
    answer = await site.put(f"/moderation/authors/{ada_id}/ban", body, token=await site.token("Max", Role.MODERATOR))
    assert refused(answer) == (422, "validation_error")


ACTIONS: dict[str, Callable[[SiteClient, str, str], Any]] = {
    "ban": lambda site, who, token: site.put(f"/moderation/authors/{who}/ban", {"reason": "x"}, token=token),
    "unban": lambda site, who, token: site.delete(f"/moderation/authors/{who}/ban", token=token),
    "revoke": lambda site, who, token: site.post(f"/moderation/authors/{who}/revoke", None, token=token),
    "roles": lambda site, who, token: site.put(f"/moderation/authors/{who}/roles", {"role": "staff"}, token=token),
}
READS: dict[str, Callable[[SiteClient, str, str], Any]] = {
    "read": lambda site, who, token: site.get(f"/moderation/authors/{who}", token=token),
    "read ban": lambda site, who, token: site.get(f"/moderation/authors/{who}/ban", token=token),
    "note": lambda site, who, token: site.post(f"/moderation/authors/{who}/notes", {"text": "x"}, token=token),
    "undo": lambda site, who, token: site.post(f"/moderation/removals/{who}/undo", None, token=token),
}


async def test_undoing_needs_the_rank_that_banning_does(service: Service) -> None:
    site = await service.new_site()
    mod, mod2 = await site.token("Max", Role.MODERATOR), await site.token("Moira", Role.MODERATOR)
    admin = await site.token("Anna", Role.ADMIN)
    await site.posted("a", token=mod)
    body = {"reason": "Enough.", "remove_comments": True}
    ban = await site.put(f"/moderation/authors/{await author_id(site, mod)}/ban", body, token=admin)
    undo = f"/moderation/removals/{ban.json['removal']['id']}/undo"
    assert refused(await site.post(undo, None, token=mod2)) == (403, "forbidden")
    assert (await site.post(undo, None, token=admin)).status == 200


async def test_nobody_acts_on_an_equal_or_higher_role(service: Service) -> None:
    site = await service.new_site()
    tokens = {
        name: await site.token(name, role)
        for name, role in (
            ("reader", Role.READER), ("staff", Role.STAFF), ("mod", Role.MODERATOR), ("mod2", Role.MODERATOR),
            ("admin", Role.ADMIN), ("admin2", Role.ADMIN),
        )
    }  # fmt: skip
    ids = {name: await author_id(site, token) for name, token in tokens.items()}
    for action, act in ACTIONS.items():
        needs_admin = action in ("revoke", "roles")
        for actor in ("reader", "staff", "mod", "admin"):
            for target in ids:
                rank = {"reader": 0, "staff": 1, "mod": 2, "mod2": 2, "admin": 3, "admin2": 3}
                allowed = rank[actor] >= (3 if needs_admin else 2) and rank[actor] > rank[target]
                if allowed and action == "revoke":
                    continue  # it would end the others' turns
                answer = await act(site, ids[target], tokens[actor])
                assert (answer.status < 300) is allowed, (action, actor, target, answer.body)
                if not allowed:
                    assert refused(answer) == (403, "forbidden")
        await ACTIONS["unban"](site, ids["mod"], tokens["admin"])
    # a granted role counts as one from a token does
    await ACTIONS["unban"](site, ids["reader"], tokens["admin"])
    granted = await site.put(f"/moderation/authors/{ids['reader']}/roles", {"role": "moderator"}, token=tokens["admin"])
    assert granted.json == {"author_id": ids["reader"], "roles": ["reader", "moderator"]}
    assert refused(await ACTIONS["ban"](site, ids["reader"], tokens["mod"])) == (403, "forbidden")
    assert (await ACTIONS["ban"](site, ids["mod2"], tokens["reader"])).status == 403
    assert (await site.get(f"/moderation/authors/{ids['mod']}", token=tokens["reader"])).status == 200


async def test_people_of_another_site_are_as_unknown_as_nobody(service: Service) -> None:
    here, there = await service.new_site(), await service.new_site()
    admin = await here.token("Root", Role.ADMIN)
    foreign = await author_id(there, await there.token())
    for act in (ACTIONS | READS).values():
        answers = [await act(here, who, admin) for who in (foreign, NOBODY, "nothing")]
        assert [refused(answer) for answer in answers] == [(404, "not_found")] * 3
        assert len({answer.json["detail"] for answer in answers[:2]}) == 1
    assert (await there.get("/me", token=await there.token())).json["ban"] is None


async def test_a_revoked_token_is_refused_and_logged(service: Service, cluster: Cluster) -> None:
    site = await service.new_site()
    ada, admin = await site.token(), await site.token("Root", Role.ADMIN)
    ada_id = await author_id(site, ada)
    assert (await ACTIONS["revoke"](site, ada_id, admin)).status == 204
    assert refused(await site.get("/me", token=ada)) == (401, "token_invalid")
    logged = run_sql(cluster.settings.owner_url, "SELECT action FROM decisions ORDER BY created_at DESC LIMIT 1")
    assert logged == "revoke"


async def test_notes_are_for_moderators_only(service: Service) -> None:
    site = await service.new_site()
    ada, mod = await site.token(), await site.token("Max", Role.MODERATOR)
    ada_id, secret = await author_id(site, ada), canary()
    comment = await site.posted("a", token=ada)
    await banned(site, ada_id, mod)
    await ACTIONS["unban"](site, ada_id, mod)
    noted = await site.post(f"/moderation/authors/{ada_id}/notes", {"text": f"Beware: {secret}"}, token=mod)
    assert (noted.status, noted.json["moderator"]["name"]) == (201, "Max")
    person = (await site.get(f"/moderation/authors/{ada_id}", token=mod)).json
    assert person["notes"] == [noted.json]
    assert [one["action"] for one in person["decisions"]] == ["unban", "ban"]
    assert (person["author"]["id"], person["roles"]) == (ada_id, ["reader"])
    paths = ("", "/me", "/articles/a/comments", f"/comments/{comment['id']}", "/me/articles/a", "/me/notifications")
    for path in paths:
        assert secret.encode() not in (await site.get(path, token=ada)).body
    for act in READS.values():
        assert refused(await act(site, ada_id, ada)) == (403, "forbidden")


async def wrote(site: SiteClient, token: str, other: str) -> dict[str, dict[str, Any]]:
    """What somebody wrote on two articles: with and without replies, held, removed before, as spam, deleted."""
    made = {name: await site.posted("a", token=token) for name in ("plain", "answered", "gone", "spam", "deleted")}
    made["reply"] = await site.posted("a", parent=made["answered"]["id"], token=other)
    made["below"] = await site.posted("a", parent=made["reply"]["id"], token=token)
    made["elsewhere"] = await site.posted("b", token=token)
    await site.set(moderation="pre")
    made["held"] = await site.posted("b", token=token)
    await site.set(moderation="post")
    found = await site.site()
    deps = site.service.deps
    await moderation.decide(deps, found, as_id(made["gone"]["id"]), "remove", reason="abuse")
    await moderation.decide(deps, found, as_id(made["spam"]["id"]), "spam")
    await site.delete(f"/comments/{made['deleted']['id']}", token=token)
    return made


async def statuses(cluster: Cluster, made: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The true status of each."""
    ids = ",".join(f"'{comment['id']}'" for comment in made.values())
    rows = run_sql(cluster.settings.owner_url, f"SELECT id, status FROM comments WHERE id IN ({ids})").splitlines()
    by_id = dict(row.split("|") for row in rows)
    return {name: by_id[comment["id"]] for name, comment in made.items()}


REMOVED = {"plain", "answered", "below", "elsewhere", "held"}


async def test_removing_everything_hides_it_at_once_and_undoing_restores_exactly_that(
    service: Service, settings: Settings, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await service.new_site()
    ada, bob, mod = await site.token(), await site.token("Bob"), await site.token("Max", Role.MODERATOR)
    ada_id = await author_id(site, ada)
    made = await wrote(site, ada, bob)
    words = {name: comment["text"].split()[-1][:-1].encode() for name, comment in made.items()}
    before = await statuses(cluster, made)
    gate = asyncio.Event()

    async def waits(database: Any) -> Any:
        await gate.wait()
        return await next_removal(database)

    monkeypatch.setattr("service.store.removals.next_removal", waits)
    async with running_service(replace(settings)) as other:
        there = SiteClient(other, site.name)
        reads = ("/articles/a/comments", "/articles/b/comments", f"/comments/{made['answered']['id']}/replies")
        for path in reads:  # so that both processes hold pages with the words
            for answer in (await there.get(path), await site.get(path)):
                assert any(word in answer.body for word in words.values())
        ban = await banned(site, ada_id, mod, remove_comments=True)
        assert (ban["removal"]["state"], ban["removal"]["done"], ban["removal"]["total"]) == ("running", 0, 5)
        for path in reads:
            body = (await site.get(path)).body
            assert not any(words[name] in body for name in REMOVED | {"gone"})
        assert await statuses(cluster, made) == before, "not a row has followed yet"

        async def hidden_there() -> bool:
            bodies = [(await there.get(path)).body for path in reads]
            return not any(words[name] in body for name in REMOVED for body in bodies)

        await until(hidden_there, 1.5)
        page = (await site.page("a"))["comments"]
        assert [(one["id"], one["status"], one["author"]) for one in page] == [
            (made["answered"]["id"], "removed", None)
        ]
        assert [one["status"] for one in page[0]["replies"]["items"]] == ["published"], "Bob's, and no empty tombstone"
        assert refused(await site.get(f"/comments/{made['plain']['id']}")) == (404, "comment_not_found")
        assert (await site.get(f"/comments/{made['answered']['id']}")).json["comment"]["status"] == "removed"
        assert (await banned(site, ada_id, mod, remove_comments=True))["removal"]["id"] == ban["removal"]["id"]
        gate.set()
        await until(lambda: is_state(site, ada_id, mod, "done"))
        after = await statuses(cluster, made)
        assert after == before | dict.fromkeys(REMOVED, "removed")
        assert (await removal_of(site, ada_id, mod))["done"] == 5
        await until(lambda: counted(site, 1, 0))
        run = "SELECT count(*) FROM queue WHERE kind = 'pending'"
        assert run_sql(cluster.settings.owner_url, f"{run} AND comment_id = '{made['held']['id']}'") == "0"
        assert (await banned(site, ada_id, mod, remove_comments=True))["removal"]["id"] == ban["removal"]["id"]

        # somebody decides otherwise on one of them: that stands
        await moderation.decide(service.deps, await site.site(), as_id(made["plain"]["id"]), "spam")
        undone = await site.post(f"/moderation/removals/{ban['removal']['id']}/undo", None, token=mod)
        assert (undone.status, undone.json["total"]) == (200, 5)
        await until(lambda: is_state(site, ada_id, mod, "undone"))
        assert await statuses(cluster, made) == before | {"plain": "spam"}
        await until(lambda: counted(site, 3, 1))
        assert run_sql(cluster.settings.owner_url, f"{run} AND comment_id = '{made['held']['id']}'") == "1"
        again = await site.post(f"/moderation/removals/{ban['removal']['id']}/undo", None, token=mod)
        assert again.json["state"] == "undone"
        assert refused(await site.comment("a", token=ada)) == (403, "banned"), "undoing is no pardon"


async def counted(site: SiteClient, a: int, b: int) -> bool:
    return (await site.count("a"), await site.count("b")) == (a, b)


async def test_a_removal_that_is_undone_half_way_or_dies_goes_on_where_it_was(
    service: Service, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await service.new_site()
    ada, mod = await site.token(), await site.token("Max", Role.MODERATOR)
    ada_id = await author_id(site, ada)
    made = {str(n): await site.posted("a", token=ada) for n in range(8)}
    step, left = removals.step, {"steps": 3}
    dead = asyncio.Event()

    async def dies(*args: Any) -> bool:
        if left["steps"] == 0:
            dead.set()
            raise RuntimeError("killed in the middle")
        left["steps"] -= 1
        return await step(*args)

    monkeypatch.setattr(removals, "step", dies)
    ban = await banned(site, ada_id, mod, remove_comments=True)
    await asyncio.wait_for(dead.wait(), 5)
    assert list((await statuses(cluster, made)).values()).count("removed") == 3
    assert (await site.get(f"/moderation/authors/{ada_id}/ban", token=mod)).json["removal"]["done"] == 3
    assert (await site.page("a"))["comments"] == []
    left["steps"] = 2  # it goes on, and dies again
    dead.clear()
    await asyncio.wait_for(dead.wait(), 5)
    assert (await removal_of(site, ada_id, mod))["done"] == 5
    undo = await site.post(f"/moderation/removals/{ban['removal']['id']}/undo", None, token=mod)
    assert (undo.json["state"], undo.json["done"], undo.json["total"]) == ("undoing", 0, 5)
    assert len((await site.page("a"))["comments"]) == 3, "what was not removed yet shows at once"
    refusal = await site.put(f"/moderation/authors/{ada_id}/ban", {"reason": "x", "remove_comments": True}, token=mod)
    assert refused(refusal) == (409, "conflict")
    left["steps"] = 100
    await until(lambda: is_state(site, ada_id, mod, "undone"))
    assert set((await statuses(cluster, made)).values()) == {"published"}

    async def back() -> bool:
        return await site.count("a") == len((await site.page("a"))["comments"]) == 8

    await until(back)
    kinds = run_sql(
        cluster.settings.owner_url,
        "SELECT action, count(*), min(reason), count(moderator_key) FROM decisions d"
        f" JOIN authors u ON u.key = d.author_key AND u.id = '{ada_id}'"
        " WHERE comment_id IS NOT NULL GROUP BY action ORDER BY action",
    )
    assert kinds.splitlines() == ["remove|5|banned|5", "restore|5|removal_undone|5"]


async def test_the_command_removes_as_moderators_do(service: Service) -> None:
    site = await service.new_site()
    ada, mod = await site.token(), await site.token("Max", Role.MODERATOR)
    ada_id, comment = await author_id(site, ada), await site.posted("a", token=ada)
    await ban_author(service.deps, await site.site(), as_id(ada_id), None, "Spam.", remove_comments=True)
    await until(lambda: is_state(site, ada_id, mod, "done"))
    assert refused(await site.get(f"/comments/{comment['id']}")) == (404, "comment_not_found")


@pytest_asyncio.fixture
async def proxied(settings: Settings) -> AsyncIterator[Service]:
    """The service behind a proxy, so that requests come from any address."""
    async with running_service(replace(settings, trusted_proxies=(ip_network("127.0.0.0/8"),))) as started:
        yield started


def via(address: str) -> dict[str, Any]:
    return {"headers": {"X-Forwarded-For": address}}


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("203.0.113.0/24", "203.0.113.77", "203.0.114.77"),
        ("203.0.113.7", "::ffff:203.0.113.7", "203.0.113.8"),
        ("2001:db8:1::/48", "2001:db8:1:2::3", "2001:db8:2::3"),
    ],
)
async def test_nobody_takes_part_from_a_banned_network(
    network: str, inside: str, outside: str, proxied: Service, cluster: Cluster
) -> None:
    site = await proxied.new_site(guests=True)
    mod, bob = await site.token("Max", Role.MODERATOR), await site.token("Bob")
    theirs = await site.posted("a", token=bob, **via(outside))
    put = await site.put("/moderation/network_bans", {"network": network, "reason": "Advertising."}, token=mod)
    assert (put.status, put.json["until"], put.json["moderator"]["name"]) == (200, None, "Max")
    new = await site.token("Somebody new")
    tries: list[Callable[[str], Any]] = [
        lambda address: site.comment("a", token=new, **via(address)),
        lambda address: site.put(f"/comments/{theirs['id']}/vote", {"value": 1}, token=new, **via(address)),
        lambda address: site.post(f"/comments/{theirs['id']}/flags", {"reason": "spam"}, token=new, **via(address)),
        lambda address: site.post("/guests", {"name": "Grace"}, **via(address)),
    ]
    for attempt in tries:
        answer = await attempt(inside)
        assert refused(answer) == (403, "banned")
        assert "Advertising." in answer.json["detail"]
        assert (await attempt(outside)).status in (200, 201, 202)
    assert (await site.comment("a", token=mod, **via(inside))).status == 201, "staff are let through"
    assert [one["network"] for one in (await site.get("/moderation/network_bans", token=mod)).json["items"]] == [
        put.json["network"]
    ]
    run_sql(cluster.settings.owner_url, "UPDATE network_bans SET until = now() - interval '1 second'")
    assert (await site.comment("a", token=new, **via(inside))).status == 201, "it is over"
    assert (await site.get("/moderation/network_bans", token=mod)).json["items"] == []


async def test_network_bans_are_listed_lifted_and_narrow(service: Service) -> None:
    site, elsewhere = await service.new_site(), await service.new_site()
    mod, ada = await site.token("Max", Role.MODERATOR), await site.token()
    for network in ("10.0.0.0/15", "2001:db8::/31", "192.0.2.1/24", "::ffff:192.0.2.0/120", "nonsense", "fe80::1%eth0"):
        answer = await site.put("/moderation/network_bans", {"network": network, "reason": "x"}, token=mod)
        assert refused(answer) == (422, "validation_error")
        assert "network" in answer.json["errors"]
    for network in ("10.1.0.0/16", "192.0.2.0/24", "2001:db8::/32"):
        for reason in ("first", "second"):
            body = {"network": network, "reason": reason, "until": later()}
            assert (await site.put("/moderation/network_bans", body, token=mod)).status == 200
    first = (await site.get("/moderation/network_bans?limit=2", token=mod)).json
    rest = (await site.get(f"/moderation/network_bans?limit=2&cursor={first['next_cursor']}", token=mod)).json
    found = [(one["network"], one["reason"]) for one in first["items"] + rest["items"]]
    assert found == [("10.1.0.0/16", "second"), ("192.0.2.0/24", "second"), ("2001:db8::/32", "second")]
    assert rest["next_cursor"] is None
    stranger = await elsewhere.token("Max", Role.MODERATOR)
    assert (await elsewhere.delete("/moderation/network_bans?network=10.1.0.0/16", token=stranger)).status == 204
    assert len((await site.get("/moderation/network_bans", token=mod)).json["items"]) == 3
    for _ in range(2):
        assert (await site.delete("/moderation/network_bans?network=10.1.0.0/16", token=mod)).status == 204
    assert len((await site.get("/moderation/network_bans", token=mod)).json["items"]) == 2
    assert (await site.delete("/moderation/network_bans", token=mod)).status == 422
    for token in (ada, stranger):
        assert (await site.get("/moderation/network_bans", token=token)).status in (401, 403)
        body = {"network": "192.0.2.0/24", "reason": "x"}
        assert (await site.put("/moderation/network_bans", body, token=token)).status in (401, 403)
        answer = await site.delete("/moderation/network_bans?network=192.0.2.0/24", token=token)
        assert answer.status in (401, 403)


async def test_accounts_of_one_network_are_known_by_a_hash_that_is_forgotten(
    proxied: Service, cluster: Cluster
) -> None:
    site, elsewhere = await proxied.new_site(), await proxied.new_site()
    mod = await site.token("Max", Role.MODERATOR)
    tokens = {name: await site.token(name) for name in ("Ada", "Bob", "Cleo")}
    address = {"Ada": "2001:db8:7:7::1", "Bob": "2001:db8:7:7:8::2", "Cleo": "2001:db8:7:8::1"}
    for name, token in tokens.items():
        for _ in range(2):
            await site.posted("a", token=token, **via(address[name]))
    await elsewhere.posted("a", token=await elsewhere.token("Ada"), **via(address["Ada"]))
    ids = {name: await author_id(site, token) for name, token in tokens.items()}

    async def neighbours(name: str) -> list[str]:
        same = (await site.get(f"/moderation/authors/{ids[name]}", token=mod)).json["same_network"]
        assert same["count"] == len(same["authors"])
        return [one["author"]["name"] for one in same["authors"]]

    assert [await neighbours(name) for name in tokens] == [["Bob"], ["Ada"], []]
    owner, here = cluster.settings.owner_url, f"WHERE site_key = {(await site.site()).key}"
    assert run_sql(owner, f"SELECT count(*), count(DISTINCT hash) FROM addresses {here}") == "3|2"
    run_sql(owner, f"UPDATE addresses SET last_seen = now() - interval '29 days' {here}")
    await forget_old(proxied.deps)
    assert await neighbours("Ada") == ["Bob"]
    await site.set(retention_days={"deleted_text": 30, "addresses": 28})
    await forget_old(proxied.deps)
    assert run_sql(owner, f"SELECT count(*) FROM addresses {here}") == "0"
    assert await neighbours("Ada") == []


async def test_words_of_deleted_comments_are_forgotten_and_removed_ones_are_not(
    service: Service, cluster: Cluster
) -> None:
    site = await service.new_site(retention_days={"deleted_text": 7, "addresses": 30})
    ada = await site.token()
    deleted, fresh, removed = [await site.posted("a", token=ada) for _ in range(3)]
    await site.patch(f"/comments/{deleted['id']}", {"text": f"Other words, {canary()}."}, token=ada)
    for comment in (deleted, fresh):
        await site.delete(f"/comments/{comment['id']}", token=ada)
    await moderation.decide(service.deps, await site.site(), as_id(removed["id"]), "remove")
    owner = cluster.settings.owner_url

    async def words(comment: dict[str, Any]) -> str:
        await forget_old(service.deps)
        return run_sql(
            owner,
            f"SELECT coalesce(string_agg(text || html, ''), '') FROM revisions WHERE comment_id = '{comment['id']}'",
        )

    run_sql(owner, f"UPDATE comments SET deleted_at = now() - interval '6 days' WHERE id = '{deleted['id']}'")
    assert "Other words" in await words(deleted)
    run_sql(owner, f"UPDATE comments SET deleted_at = now() - interval '8 days' WHERE id = '{deleted['id']}'")
    assert await words(deleted) == ""
    assert fresh["text"] in await words(fresh)
    assert removed["text"] in await words(removed)
    logged = run_sql(owner, f"SELECT count(*) FROM decisions WHERE comment_id = '{deleted['id']}'")
    assert int(logged) >= 1, "the log keeps its ids"


async def test_a_ban_counts_for_what_is_being_judged(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    site = await service.new_site()
    ada = await site.token()
    ada_id = await author_id(site, ada)
    open_article = posting.open_article

    async def meanwhile(*args: Any) -> int:
        await ban_author(service.deps, await site.site(), as_id(ada_id), None, "Spam.", remove_comments=True)
        return await open_article(*args)

    monkeypatch.setattr(posting, "open_article", meanwhile)
    assert refused(await site.comment("a", token=ada)) == (403, "banned")
    assert await site.count("a") == 0
