"""Webhooks against a real receiver: what it is told, that it can be verified, and what happens when it fails."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from service.adapters.signatures import new_secret, signed_headers
from service.app import make_deps
from service.deps import WEBHOOKS
from service.domain.errors import Unavailable, ValidationFailed
from service.domain.identity import Role
from service.domain.webhooks import RETRY_AFTER, TYPES, retry_after
from service.operations.articles import change_article
from service.operations.people import ban_author, unban_author
from service.operations.webhooks import attempt, check_url, forget_deliveries, tell_overdue
from service.settings import Settings
from service.store import events, webhooks
from service.store.events import Happening
from service.store.webhooks import Claim
from tests.client import Answer, Service, SiteClient, as_id, canary, running_service, until


@dataclass
class Receiver:
    """A publisher's server: answers each path with what it is told to, and keeps what came."""

    server: TestServer
    came: dict[str, list[tuple[dict[str, str], bytes]]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, int] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        self.came[request.path].append((dict(request.headers), await request.read()))
        if gate := self.gates.get(request.path):
            await gate.wait()
        location = {"Location": "/elsewhere"}
        return web.Response(status=self.answers.get(request.path, 200), headers=location, body=b"thanks")

    def url(self, path: str) -> str:
        return str(self.server.make_url(path))


@pytest_asyncio.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    app = web.Application()
    server = TestServer(app)
    made = Receiver(server)
    app.router.add_route("*", "/{tail:.*}", made.answer)
    await server.start_server()
    yield made
    for gate in made.gates.values():
        gate.set()
    await server.close()


@dataclass
class Hook:
    """A webhook of a site at its own path of the receiver."""

    site: SiteClient
    receiver: Receiver
    path: str
    id: str
    secret: str
    admin: str

    @classmethod
    async def make(cls, site: SiteClient, receiver: Receiver, *types: str, path: str | None = None) -> Hook:
        admin = await site.token("Root", Role.ADMIN)
        path = path or f"/{canary()}"
        body = {"url": receiver.url(path), "types": list(types)}
        answer = await site.post("/moderation/webhooks", body, token=admin)
        assert answer.status == 201, answer.body
        return cls(site, receiver, path, answer.json["id"], answer.json["secret"], admin)

    @property
    def ids(self) -> list[str]:
        """The webhook-id of each request that came, in order."""
        return [headers["webhook-id"] for headers, _ in self.receiver.came[self.path]]

    def messages(self) -> list[dict[str, Any]]:
        """What came, each verified as the standard's library does."""
        return [Webhook(self.secret).verify(body, headers) for headers, body in self.receiver.came[self.path]]

    async def came(self, number: int) -> list[dict[str, Any]]:
        """The messages, when there are so many."""

        async def enough() -> bool:
            return len(self.receiver.came[self.path]) >= number

        await until(enough)
        return self.messages()

    async def deliveries(self, query: str = "") -> list[dict[str, Any]]:
        answer = await self.request("GET", f"/deliveries{query}")
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    async def settled(self, **wanted: Any) -> dict[str, Any]:
        """The newest delivery, when it has these values."""

        async def so() -> bool:
            found = await self.deliveries("?limit=1")
            return bool(found) and all(found[0][name] == value for name, value in wanted.items())

        await until(so)
        return (await self.deliveries("?limit=1"))[0]

    async def request(self, method: str, path: str = "", **options: Any) -> Answer:
        options.setdefault("token", self.admin)
        where = f"{self.site.path}/moderation/webhooks/{self.id}{path}"
        return await self.site.service.request(method, where, **options)

    async def is_active(self) -> bool:
        answer = await self.site.get("/moderation/webhooks", token=self.admin)
        return {item["id"]: bool(item["active"]) for item in answer.json["items"]}[self.id]


@asynccontextmanager
async def tables(settings: Settings) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Straight to the tables, as the service's login."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def due_now(service: Service, hook: Hook) -> None:
    """As if the wait for the next attempt were over."""
    async with tables(service.deps.settings) as connection:
        await connection.execute(
            "UPDATE deliveries SET next_at = now() WHERE status = 'pending'"
            " AND webhook_key = (SELECT key FROM webhooks WHERE id = $1)",
            UUID(hook.id),
        )
    service.deps.wakeups.wake(WEBHOOKS)


async def decide(site: SiteClient, comment: dict[str, Any], action: str, **more: Any) -> None:
    token = await site.token("Max", Role.MODERATOR)
    decision = {"comment_id": comment["id"], "action": action, **more}
    answer = await site.post("/moderation/decisions", {"decisions": [decision]}, token=token)
    assert answer.json["results"][0]["result"] == "applied", answer.body


async def told(service: Service, site: SiteClient, kind: str, author_key: int | None = None) -> None:
    """Write an event whose operation is elsewhere."""
    happening = Happening(kind, (await site.site()).key, author_key=author_key)
    await events.insert_outbox(service.deps.database, happening)


async def make_overdue(service: Service, site: SiteClient) -> None:
    """As if what is held had waited for an hour."""
    async with tables(service.deps.settings) as connection:
        await connection.execute(
            "UPDATE queue SET since = now() - interval '1 hour' WHERE site_key = $1", (await site.site()).key
        )
    await tell_overdue(service.deps)


async def test_every_type_is_delivered_once_and_verified(service: Service, receiver: Receiver) -> None:
    site = await service.new_site(flag_threshold=1)
    hook = await Hook.make(site, receiver)
    some = await Hook.make(site, receiver, "comment.held", "queue.overdue")
    token = await site.token()

    first = await site.posted("a", token=token)
    await site.patch(f"/comments/{first['id']}", {"text": f"Other words, {canary()}."}, token=token)
    await site.post(f"/comments/{first['id']}/flags", {"reason": "abuse"}, token=await site.token("Bob"))
    await decide(site, first, "approve", reason="fine", note="Harmless.", version=3)
    await decide(site, first, "feature")
    await decide(site, first, "remove")
    await decide(site, first, "restore")
    await decide(site, first, "spam")
    await site.set(moderation="pre", overdue_minutes=1)
    held = await site.posted("a", token=token)
    await make_overdue(service, site)
    await site.delete(f"/comments/{held['id']}", token=token)
    known = await site.site()
    await change_article(service.deps, known, "a", {"closes_at": datetime.now(UTC) - timedelta(hours=1)})
    await ban_author(service.deps, known, as_id(first["author"]["id"]), None, "Insults.")
    await unban_author(service.deps, known, as_id(first["author"]["id"]))
    async with tables(service.deps.settings) as connection:
        key = await connection.fetchval("SELECT key FROM authors WHERE id = $1", UUID(first["author"]["id"]))
    await told(service, site, "author.erased", key)

    expected = Counter(TYPES)
    expected["comment.created"] += 1
    expected["comment.updated"] += 1  # featured
    messages = await hook.came(expected.total())
    assert Counter(message["type"] for message in messages) == expected
    assert len(set(hook.ids)) == expected.total(), "webhook-id names one event"
    listed = await hook.deliveries("?limit=100")
    assert {one["id"] for one in listed} == set(hook.ids)

    async def done() -> bool:
        return {one["status"] for one in await hook.deliveries("?limit=100")} == {"delivered"}

    await until(done)
    wanted = {"comment.held", "queue.overdue"}
    assert {message["type"] for message in await some.came(2)} == wanted
    assert {one["type"] for one in await some.deliveries()} == wanted
    assert not set(some.ids) & set(hook.ids)

    by_type = {message["type"]: message for message in messages}
    assert all(set(message) == {"type", "timestamp", "data"} for message in messages)
    assert all(message["data"]["site"] == site.name for message in messages)
    for kind, message in by_type.items():
        subject = "comment" if kind == "queue.overdue" else kind.partition(".")[0]
        assert set(message["data"]) - {"decision"} == {"site", subject}, kind
        assert message["data"][subject]["id"] == {
            "article.updated": "a", "queue.overdue": held["id"], "comment.deleted": held["id"],
            "author.banned": first["author"]["id"], "author.unbanned": first["author"]["id"],
            "author.erased": first["author"]["id"],
        }.get(kind, message["data"][subject]["id"])  # fmt: skip
    decision = by_type["comment.published"]["data"]["decision"]
    assert (decision["action"], decision["reason"], decision["note"]) == ("approve", "fine", "Harmless.")
    assert (decision["from"], decision["to"], decision["moderator"]["name"]) == ("pending", "published", "Max")
    article = by_type["article.updated"]["data"]["article"]
    assert (article["locked"], article["locked_reason"]) == (True, "This discussion is closed.")
    assert by_type["author.unbanned"]["data"]["author"]["ban"] is None


async def test_what_it_says_is_what_the_api_shows(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    comment = await site.posted("a", "Hello, *you*.")
    (message,) = await hook.came(1)
    shown = (await site.get(f"/comments/{comment['id']}")).json["comment"]
    said = message["data"]["comment"]
    assert {name: said[name] for name in shown} == shown
    assert (said["text"], said["held_by"], said["pending_text"], said["version"]) == ("Hello, *you*.", [], None, 1)
    assert datetime.fromisoformat(message["timestamp"]) >= datetime.fromisoformat(comment["created_at"])
    headers, body = receiver.came[hook.path][0]
    assert (headers["Content-Type"], headers["User-Agent"]) == ("application/json", "Discuss")
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(hook.secret).verify(body.replace(b"Hello", b"hello"), headers)


async def test_a_held_comment_and_a_held_edit_are_told_though_nobody_sees_them(
    service: Service, receiver: Receiver
) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    token = await site.token()
    public = await site.posted("a", "Public.", token=token)
    await site.set(moderation="pre")
    held = await site.posted("a", "Held.", token=token)
    await site.patch(f"/comments/{public['id']}", {"text": "Held edit."}, token=token)
    messages = await hook.came(3)
    told = {
        (message["type"], said["status"], said["text"], said["pending_text"], tuple(said["held_by"]))
        for message in messages
        for said in [message["data"]["comment"]]
    }
    assert ("comment.created", "pending", "Held.", None, ("premoderated_site",)) in told
    assert ("comment.held", "published", "Public.", "Held edit.", ("premoderated_site",)) in told
    assert (await site.get(f"/comments/{held['id']}")).status == 404


async def test_two_processes_deliver_once(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    async with running_service(service.deps.settings) as other:
        there = SiteClient(other, site.name)
        tokens = [await site.token(f"Reader {n}") for n in range(6)]
        await asyncio.gather(*((site, there)[n % 2].posted("a", token=tokens[n % 6]) for n in range(24)))
        await hook.came(24)

        async def all_delivered() -> bool:
            found = await hook.deliveries("?limit=100")
            return len(found) == 24 and all(one["status"] == "delivered" for one in found)

        await until(all_delivered)
    assert len(hook.ids) == len(set(hook.ids)) == 24
    assert {one["attempts"] for one in await hook.deliveries("?limit=100")} == {1}


async def test_failures_are_tried_again_for_days_then_given_up(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    receiver.answers[hook.path] = 500
    token = await site.token()
    comment = await site.posted("a", "First words.", token=token)
    for number, wait in enumerate(RETRY_AFTER, start=1):
        before = datetime.now(UTC)
        delivery = await hook.settled(attempts=number, last_status=500, status="pending")

        async def saved(number: int = number, wait: int = wait, before: datetime = before) -> bool:
            # while it is under way, next_at is the end of its lease
            one = (await hook.deliveries("?limit=1"))[0]
            due = datetime.fromisoformat(one["next_at"]) - before
            return timedelta(seconds=wait - 1) < due < timedelta(seconds=wait * 1.2 + 5)

        await until(saved)
        if number == 1:
            await site.patch(f"/comments/{comment['id']}", {"text": "Second words."}, token=token)
            await hook.settled(type="comment.updated", last_status=500)
            async with tables(service.deps.settings) as connection:
                await connection.execute("DELETE FROM deliveries WHERE type = 'comment.updated'")
            receiver.came[hook.path] = receiver.came[hook.path][:1]
        await due_now(service, hook)
    delivery = await hook.settled(status="failed", attempts=10, next_at=None)
    assert hook.ids == [delivery["id"]] * 10, "always the same id"
    texts = [message["data"]["comment"]["text"] for message in hook.messages()]
    assert texts == ["First words."] + ["Second words."] * 9, "words are looked up when they are sent"


def test_the_schedule_is_the_standards() -> None:
    hours = [round(retry_after(n, 0) / 3600, 3) for n in range(3, 10)]  # type: ignore[operator]
    assert [retry_after(1, 0), retry_after(2, 0)] == [5, 300]
    assert hours == [0.5, 2, 5, 10, 14, 20, 24]
    assert retry_after(10, 0) is None
    assert 5 < retry_after(1, 0.5) < retry_after(1, 1) == 6  # type: ignore[operator]


async def test_a_receiver_that_is_gone_is_told_nothing_until_it_is_activated(
    service: Service, receiver: Receiver
) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    receiver.answers[hook.path] = 410
    with structlog.testing.capture_logs() as logs:
        await site.posted("a")
        delivery = await hook.settled(status="failed", last_status=410, next_at=None)
    assert not await hook.is_active()
    (warning,) = [entry for entry in logs if entry["event"] == "webhook deactivated"]
    assert warning["webhook"] == hook.id
    assert hook.secret not in json.dumps(logs)
    lost = await site.posted("a")
    receiver.answers[hook.path] = 200
    refused = await hook.request("POST", f"/deliveries/{delivery['id']}/replay")
    assert (refused.status, refused.json["code"]) == (409, "conflict")
    await collected(service)
    changed = await hook.request("PATCH", json={"active": True})
    assert (changed.status, changed.json["active"]) == (200, True)
    again = await site.posted("a")
    messages = await hook.came(2)
    assert messages[1]["data"]["comment"]["id"] == again["id"]
    assert lost["id"] not in {message["data"]["comment"]["id"] for message in messages}


async def collected(service: Service) -> None:
    """Wait until the lane has read all that happened."""
    async with tables(service.deps.settings) as connection:

        async def read() -> bool:
            behind = "SELECT (SELECT max(position) FROM events) = position FROM followers WHERE name = 'webhooks'"
            waits = await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)")
            return not waits and bool(await connection.fetchval(behind))

        await until(read)


async def test_a_webhook_that_fails_for_five_days_is_deactivated(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    receiver.answers[hook.path] = 503
    for days, active in ((4, True), (6, False)):
        await site.posted("a")
        await hook.settled(attempts=1, last_status=503)
        async with tables(service.deps.settings) as connection:
            await connection.execute(
                "UPDATE webhooks SET failing_since = now() - $2 * interval '1 day' WHERE id = $1", UUID(hook.id), days
            )
        seen = len(hook.ids)
        await due_now(service, hook)
        await hook.came(seen + 1)

        async def judged(active: bool = active) -> bool:
            return await hook.is_active() is active

        await until(judged)
    receiver.answers[hook.path] = 200
    await hook.request("PATCH", json={"active": True})
    await due_now(service, hook)
    await hook.settled(status="delivered")
    async with tables(service.deps.settings) as connection:
        assert await connection.fetchval("SELECT failing_since FROM webhooks WHERE id = $1", UUID(hook.id)) is None


async def test_redirects_are_failures_and_not_followed(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    receiver.answers[hook.path] = 307
    await site.posted("a")
    await hook.settled(status="pending", last_status=307)
    assert "/elsewhere" not in receiver.came


async def test_a_slow_receiver_delays_no_other_and_holds_no_transaction(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    slow, quick = await Hook.make(site, receiver), await Hook.make(site, receiver)
    gate = receiver.gates[slow.path] = asyncio.Event()
    for _ in range(6):
        await site.posted("a")
    await quick.came(6)
    assert 0 < len(slow.ids) < 6, "a few at once, not all"
    async with tables(service.deps.settings) as connection:
        open_ones = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        assert await connection.fetchval(open_ones) == 0
    gate.set()
    await slow.came(6)
    assert len(set(slow.ids)) == 6


async def test_a_crash_between_sending_and_saving_sends_it_again_under_its_id(
    service: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)

    async def crash(*_: Any, **__: Any) -> bool:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "save_attempt", crash)
        await site.posted("a")
        await hook.came(1)
    leased = await hook.settled(status="pending", attempts=1, last_status=None)
    assert datetime.fromisoformat(leased["next_at"]) > datetime.now(UTC) + timedelta(seconds=15)
    await due_now(service, hook)
    delivery = await hook.settled(status="delivered", attempts=2)
    assert hook.ids == [delivery["id"]] * 2


async def test_a_late_failure_does_not_undo_a_success(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    await site.posted("a")
    delivery = await hook.settled(status="delivered")
    async with tables(service.deps.settings) as connection:
        key = await connection.fetchval("SELECT key FROM webhooks WHERE id = $1", UUID(hook.id))
    late = Claim(key, UUID(delivery["id"]), 1)
    options: dict[str, Any] = {"http_status": 500, "unwanted": True, "patience": timedelta(days=5)}
    assert not await webhooks.save_attempt(service.deps.database, late, "pending", wait=timedelta(1), **options)
    assert await hook.settled(status="delivered", last_status=200)
    assert await hook.is_active()


async def test_replay(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    await site.posted("a")
    delivery = await hook.settled(status="delivered")
    answer = await hook.request("POST", f"/deliveries/{delivery['id']}/replay")
    assert (answer.status, answer.json["id"], answer.json["status"]) == (202, delivery["id"], "pending")
    assert answer.json["attempts"] == 0
    service.deps.wakeups.wake(WEBHOOKS)
    await hook.came(2)
    await hook.settled(status="delivered", attempts=1)
    assert hook.ids == [delivery["id"]] * 2


async def test_deliveries_are_paged_newest_first(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    other = await Hook.make(site, receiver)
    for _ in range(5):
        await site.posted("a")
    await hook.came(5)
    found: list[str] = []
    cursor = ""
    while True:
        answer = await hook.request("GET", f"/deliveries?limit=2{cursor}")
        found += [item["id"] for item in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json['next_cursor']}"
    assert found == sorted(hook.ids, reverse=True)
    assert (await other.request("GET", f"/deliveries?limit=2{cursor}")).json["code"] == "invalid_cursor"


async def test_webhooks_are_listed_changed_and_deleted_with_all_they_had(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hooks = [await Hook.make(site, receiver) for _ in range(3)]
    listed = await site.get("/moderation/webhooks?limit=2", token=hooks[0].admin)
    rest = await site.get(f"/moderation/webhooks?cursor={listed.json['next_cursor']}", token=hooks[0].admin)
    assert [one["id"] for one in listed.json["items"] + rest.json["items"]] == [hook.id for hook in hooks]
    assert not any(hook.secret.encode() in answer.body for hook in hooks for answer in (listed, rest))
    url = receiver.url("/other")
    changed = await hooks[0].request("PATCH", json={"url": url, "types": ["comment.flagged"]})
    assert (changed.json["url"], changed.json["types"], "secret" in changed.json) == (url, ["comment.flagged"], False)
    assert (await hooks[0].request("PATCH", json={})).json == changed.json
    await site.posted("a")
    await hooks[1].came(1)
    assert (await hooks[1].request("DELETE")).status == 204
    assert (await hooks[1].request("DELETE")).json["code"] == "not_found"
    assert (await hooks[1].request("GET", "/deliveries")).json["code"] == "not_found"
    async with tables(service.deps.settings) as connection:
        left = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM webhooks WHERE secret = $1) AS hooks,"
            " (SELECT count(*) FROM deliveries WHERE id = $2) AS deliveries",
            hooks[1].secret,
            UUID(hooks[1].ids[0]),
        )
    assert left is not None
    assert (left["hooks"], left["deliveries"]) == (0, 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://hooks.example/"}, "url"),
        ({"url": "https://user:password@hooks.example/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://hooks.example/", "types": ["comment.voted"]}, "types.0"),
        ({"url": "https://hooks.example/", "types": ["comment.spam", "comment.spam"]}, "types"),
        ({"url": "https://hooks.example/", "active": "yes"}, "active"),
        ({"url": "https://hooks.example/", "secret": "whsec_mine"}, "secret"),
    ],
)
async def test_webhooks_that_are_refused(body: dict[str, Any], field: str, service: Service) -> None:
    site = await service.new_site()
    answer = await site.post("/moderation/webhooks", body, token=await site.token("Root", Role.ADMIN))
    assert (answer.status, set(answer.json["errors"])) == (422, {field}), answer.body


async def test_a_site_has_twenty_at_most_even_at_once(service: Service) -> None:
    site = await service.new_site()
    admin = await site.token("Root", Role.ADMIN)
    body = {"url": "https://hooks.example/", "active": False}
    await site.get("/me", token=admin)
    answers = await asyncio.gather(*(site.post("/moderation/webhooks", body, token=admin) for _ in range(24)))
    assert Counter(answer.status for answer in answers) == {201: 20, 409: 4}


PRIVATE = """
http://hooks.example/ https://localhost/ https://a.localhost/ https://LOCALHOST./ https://127.0.0.1/ https://127.1/
https://2130706433/ https://0x7f000001/ https://017700000001/ https://0177.0.0.1/ https://10.0.0.1/ https://192.168.0.1/
https://172.16.0.1/ https://169.254.169.254/ https://100.64.0.1/ https://0.0.0.0/ https://0/ https://[::1]/ https://[::]/
https://[::ffff:127.0.0.1]/ https://[::ffff:a00:1]/ https://[64:ff9b::7f00:1]/ https://[2002:7f00:1::]/ https://[fe80::1]/
https://[fc00::1]/ https://user@hooks.example/ https://hooks.example:0/
"""


async def test_no_webhook_leads_inside(settings: Settings, receiver: Receiver) -> None:
    deps = make_deps(replace(settings, allow_private_targets=False))
    for url in PRIVATE.split():
        with pytest.raises(ValidationFailed):
            check_url(deps, url)
    check_url(deps, "https://hooks.example:8443/a?b=c")
    check_url(deps, "https://93.184.216.34/")
    # one that was taken while it was allowed, and names that lead inside, are refused when they are called
    port = receiver.server.port
    row = {"type": "author.erased", "site": "s", "author_id": None, "decision_id": None, "webhook_id": "w"}
    row |= {"happened_at": datetime.now(UTC), "secret": "whsec_c2VjcmV0"}
    for url in (f"http://127.0.0.1:{port}/in", f"https://127.0.0.1:{port}/in", f"https://localhost:{port}/in"):
        assert await attempt(deps, Claim(1, UUID(int=1), 1), row | {"url": url}) is None
    await deps.outbound.close()
    assert "/in" not in receiver.came
    allowed = make_deps(settings)
    assert await attempt(allowed, Claim(1, UUID(int=1), 1), row | {"url": receiver.url("/in")}) == 200
    await allowed.outbound.close()


async def test_only_admins_of_the_site_have_to_do_with_webhooks(service: Service, receiver: Receiver) -> None:
    site, other = await service.new_site(guests=True), await service.new_site()
    hook = await Hook.make(site, receiver)
    await site.posted("a")
    delivery = (await hook.settled(status="delivered"))["id"]
    whole = f"/moderation/webhooks/{hook.id}"
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/moderation/webhooks", None),
        ("POST", "/moderation/webhooks", {"url": receiver.url("/mine")}),
        ("PATCH", whole, {"url": receiver.url("/mine")}),
        ("DELETE", whole, None),
        ("GET", f"{whole}/deliveries", None),
        ("POST", f"{whole}/deliveries/{delivery}/replay", None),
    ]
    guest = (await site.post("/guests", {"name": "Gast"})).json["token"]
    callers = {
        None: "token_missing",
        await site.token("Max", Role.MODERATOR): "forbidden",
        await site.token("Reader"): "forbidden",
        guest: "forbidden",
        await other.token("Root", Role.ADMIN): "token_invalid",
    }
    for token, code in callers.items():
        for method, path, body in requests:
            answer = await service.request(method, site.path + path, token=token, json=body)
            assert answer.json["code"] == code, (method, path)
    root = await other.token("Root", Role.ADMIN)
    nobodys = "01981f6e-5a00-7c3e-9d2f-5b8f6a1c0e11"
    for method, path, body in requests[2:]:
        foreign = await service.request(method, other.path + path, token=root, json=body)
        unknown = await service.request(method, other.path + path.replace(hook.id, nobodys), token=root, json=body)
        nothing = await service.request(method, other.path + path.replace(hook.id, "nothing"), token=root, json=body)
        told = [{**answer.json, "request_id": ""} for answer in (foreign, unknown, nothing)]
        assert (foreign.status, told[0]["code"]) == (404, "not_found")
        assert told[0] == told[1] == told[2]
    second = await Hook.make(site, receiver)
    answer = await second.request("POST", f"/deliveries/{delivery}/replay")
    assert answer.json["code"] == "not_found", "another webhook's delivery"
    assert len(hook.ids) == 1
    assert await hook.is_active()


async def test_an_overdue_queue_is_told_once_until_it_is_caught_up_with(service: Service, receiver: Receiver) -> None:
    site = await service.new_site(moderation="pre", overdue_minutes=1)
    hook = await Hook.make(site, receiver, "queue.overdue")
    await tell_overdue(service.deps)
    first, second = await site.posted("a"), await site.posted("a")
    await tell_overdue(service.deps)
    for _ in range(2):
        await make_overdue(service, site)
    (message,) = await hook.came(1)
    assert message["data"]["comment"]["id"] == first["id"]
    await decide(site, first, "approve")
    await tell_overdue(service.deps)
    await decide(site, second, "approve")
    await tell_overdue(service.deps)
    third = await site.posted("a")
    await make_overdue(service, site)
    messages = await hook.came(2)
    assert messages[1]["data"]["comment"]["id"] == third["id"]
    await collected(service)
    assert len(await hook.deliveries()) == 2


async def test_deliveries_are_forgotten_after_thirty_days(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    hook = await Hook.make(site, receiver)
    for _ in range(2):
        await site.posted("a")
    await hook.came(2)
    newest = await hook.settled(status="delivered")
    async with tables(service.deps.settings) as connection:
        aged = "UPDATE deliveries SET happened_at = now() - interval '30 days 1 minute' WHERE id = ANY ($1::uuid[])"
        await connection.execute(aged, [one for one in hook.ids if one != newest["id"]])
    assert len(await hook.deliveries()) == 2
    await forget_deliveries(service.deps)
    assert [one["id"] for one in await hook.deliveries()] == [newest["id"]]


def test_the_verification_that_receivers_are_shown() -> None:
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    scope: dict[str, Any] = {}
    exec(text.partition("```python\n")[2].partition("```")[0], scope)
    secret, body = new_secret(), '{"text": "Zoë"}'.encode()
    headers = signed_headers(secret, "01981f6e", body, time.time())
    assert scope["verified"](secret, headers, body)
    assert not scope["verified"](secret, headers, body + b" ")
    assert not scope["verified"](new_secret(), headers, body)
    assert not scope["verified"](secret, signed_headers(secret, "01981f6e", body, time.time() - 400), body)
    assert set(re.findall(r"`([a-z]+\.[a-z]+)`", text)) - {"comment.status", "comment.version"} == set(TYPES)


async def test_metrics_tell_of_deliveries(service: Service, receiver: Receiver) -> None:
    site = await service.new_site()
    for status in (200, 500):
        receiver.answers[(await Hook.make(site, receiver)).path] = status
    await site.posted("a")

    async def read() -> str:
        return (await service.request("GET", "/metrics")).body.decode()

    async def both_told() -> bool:
        text = await read()
        return all(
            f'discuss_webhook_attempts_total{{outcome="{outcome}"}}' in text for outcome in ("delivered", "retry")
        )

    await until(both_told)
    text = await read()
    assert "discuss_webhook_deliveries_waiting " in text
    assert "discuss_webhook_lag_seconds " in text
