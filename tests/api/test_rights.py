"""Taking everything about oneself along, and being forgotten: wholly, soon, and for good."""

from __future__ import annotations

import io
import re
import time
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import asyncpg
import jwt
import pytest
import redis.asyncio

from service.domain.identity import ERASED_NAME, Role
from service.domain.networks import address_hash
from service.operations import rights
from service.operations.rights import erase_author, export_erased, replay_erased, work_on_erasure
from service.operations.sites import add_secret
from service.operations.transfer import export_site, import_file
from service.store.rights import EXPORTED
from tests.client import Answer, Service, SiteClient, as_id, canary, until
from tests.conftest import Cluster
from tests.servers import run_sql
from tests.snapshot import dump

ISSUER = "https://login.paper.example"
SECRET = b"the publisher's secret, thirty-two bytes or more"


async def publisher(service: Service, **settings: Any) -> SiteClient:
    """A site whose publisher signs tokens."""
    site = await service.new_site(picture_hosts=["pictures.example"], **settings)
    await add_secret(service.deps, await site.site(), ISSUER, SECRET)
    return site


def token(site: SiteClient, name: str = "Ada", *, later: int = 0, **claims: Any) -> str:
    """A publisher's token; `later` (seconds) is signed so much later, within what clocks may differ."""
    now = int(time.time()) + later
    subject = f"account of {name}"
    payload = {"iss": ISSUER, "aud": site.name, "sub": subject, "name": name, "iat": now, "exp": now + 3600} | claims
    return jwt.encode(payload, SECRET, algorithm="HS256")


async def moderator(site: SiteClient, name: str = "Max") -> str:
    return await site.token(name, Role.MODERATOR)


async def decide(site: SiteClient, comment: str, action: str, **more: Any) -> None:
    body = {"decisions": [{"comment_id": comment, "action": action, **more}]}
    answer = await site.post("/moderation/decisions", body, token=await moderator(site))
    assert answer.json["results"][0]["result"] == "applied", answer.body


def taken(answer: Answer) -> Answer:
    assert answer.status in (200, 201, 202, 204), answer.body
    return answer


async def erase(site: SiteClient, bearer: str) -> str:
    """Ask, and wait until it is done."""
    answer = await site.delete("/me", token=bearer)
    assert answer.status == 202, answer.body
    erase_id: str = answer.json["erase_id"]

    async def done() -> bool:
        state = await site.get(f"/me/erasures/{erase_id}", token=bearer)
        assert state.status == 200, state.body
        return bool(state.json["state"] == "done")

    await until(done)
    return erase_id


async def redis_words(url: str) -> str:
    """Every key and value that Redis holds."""
    client = redis.asyncio.from_url(url)
    readers = {b"string": client.get, b"hash": client.hgetall, b"set": client.smembers}
    try:
        found: list[object] = []
        async for key in client.scan_iter(count=1000):
            kind = await client.type(key)
            if kind == b"list":
                found.append(await client.lrange(key, 0, -1))
            elif kind == b"zset":
                found.append(await client.zrange(key, 0, -1))
            else:
                found.append(await readers[kind](key))
            found.append(key)
        return repr(found)
    finally:
        await client.aclose()


@dataclass
class Life:
    """Somebody who left a canary in every place there is."""

    site: SiteClient
    token: str
    canaries: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def plant(self, place: str) -> str:
        self.canaries[place] = canary()
        return self.canaries[place]

    @classmethod
    async def lead(cls, service: Service, mode: str) -> Life:
        """Post, edit, flag, appeal, be noted and banned."""
        site = await publisher(service, erase=mode)
        life = cls(site, "")
        plant = life.plant
        life.token = token(
            site, plant("name"), picture=f"https://pictures.example/{plant('picture')}", labels=[plant("label")]
        )
        others = await site.posted("a", token=token(site, "Grace"))
        key = {"Idempotency-Key": plant("idempotency key")}
        mine = await site.posted("a", f"First {plant('old text')}.", token=life.token, headers=key)
        edit = await site.patch(f"/comments/{mine['id']}", {"text": f"Now {plant('text')}."}, token=life.token)
        taken(edit)
        reply = await site.posted("a", parent=mine["id"], token=token(site, "Grace"))
        removed = await site.posted("a", f"Removed {plant('removed text')}.", token=life.token)
        await decide(site, removed["id"], "remove", reason="abuse", note=plant("decision note"))
        appeal = {"text": f"But {plant('appeal')}."}
        taken(await site.post(f"/me/comments/{removed['id']}/appeal", appeal, token=life.token))
        notice = {"explanation": plant("explanation"), "legal_ground": plant("legal ground"), "good_faith": True}
        flag = {"reason": "illegal", "note": plant("flag note"), "notice": notice}
        taken(await site.post(f"/comments/{others['id']}/flags", flag, token=life.token))
        taken(await site.put(f"/comments/{others['id']}/vote", {"value": 1}, token=life.token))
        deleted = await site.posted("a", f"Deleted {plant('deleted text')}.", token=life.token)
        taken(await site.delete(f"/comments/{deleted['id']}", token=life.token))
        author = f"/moderation/authors/{mine['author']['id']}"
        taken(await site.post(f"{author}/notes", {"text": plant("author note")}, token=await moderator(site)))
        taken(await site.put(f"{author}/ban", {"reason": plant("ban reason")}, token=await moderator(site)))
        hashed = address_hash(service.deps.address_key, (await site.site()).key, "127.0.0.1").hex()
        life.canaries["address"] = hashed
        life.ids = {"mine": mine["id"], "reply": reply["id"], "others": others["id"], "removed": removed["id"]}
        life.ids["author"] = mine["author"]["id"]
        return life

    def in_database(self, cluster: Cluster) -> set[str]:
        """The places whose canary the database still holds."""
        data = dump(cluster.settings.owner_url, "--data-only", "--inserts")
        addresses = "\n".join(line for line in data.splitlines() if "addresses" in line)
        return {place for place, word in self.canaries.items() if word in (addresses if place == "address" else data)}


@pytest.mark.parametrize("mode", ["delete", "anonymise"])
async def test_nothing_is_left_of_somebody_erased(
    mode: str, service: Service, cluster: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    life = await Life.lead(service, mode)
    site, ids = life.site, life.ids
    run_sql(
        cluster.settings.owner_url,
        f"DELETE FROM addresses WHERE author_key IN (SELECT key FROM authors WHERE id <> '{ids['author']}')",
    )  # others post from here too
    assert life.in_database(cluster) == set(life.canaries)
    assert len(life.canaries) >= 12
    for path in ("/articles/a/comments", "/articles/a/comments.html"):
        assert life.canaries["text"] in (await site.get(path)).body.decode()
    await erase(site, life.token)

    left = {"text"} if mode == "anonymise" else set()
    assert life.in_database(cluster) == left
    elsewhere = await redis_words(cluster.settings.redis_url) + "".join(capfd.readouterr())
    assert {place for place, word in life.canaries.items() if word in elsewhere} == set()

    async def settled() -> bool:
        return await site.count("a") == 2 + (mode == "anonymise")

    await until(settled)
    for path in ("/articles/a/comments", "/articles/a/comments.html"):
        body = (await site.get(path)).body.decode()
        assert {place for place, word in life.canaries.items() if word in body} == left
    mine = (await site.get(f"/comments/{ids['mine']}")).json["comment"]
    others = (await site.get(f"/comments/{ids['others']}")).json["comment"]
    assert (await site.get(f"/comments/{ids['reply']}")).json["comment"]["html"], "replies of others are intact"
    assert (mine["reply_count"], others["votes"]["up"]) == (1, 1)
    if mode == "delete":
        assert (mine["status"], mine["author"]) == ("deleted", None)
    else:
        nobody = {"name": ERASED_NAME, "avatar_url": None, "roles": [], "labels": [], "guest": False}
        assert mine["author"] == {"id": ids["author"], **nobody}
    queue = await site.get("/moderation/comments?queue=appeals", token=await moderator(site))
    assert queue.status == 404 or queue.json["items"] == []


async def test_somebody_erased_comes_back_as_somebody_new_and_still_banned(service: Service) -> None:
    site = await publisher(service)
    bearer = token(site)
    comment = await site.posted("a", token=bearer)
    ban = f"/moderation/authors/{comment['author']['id']}/ban"
    taken(await site.put(ban, {"reason": "Insults."}, token=await moderator(site)))
    first = await erase(site, bearer)
    for path in ("/me", "/me/export"):
        answer = await site.get(path, token=bearer)
        assert (answer.status, answer.json["code"]) == (401, "token_invalid"), "an old token makes nobody anew"
    assert (await site.delete("/me", token=bearer)).json["erase_id"] == first
    again = token(site, later=5)
    me = (await site.get("/me", token=again)).json
    assert me["author"]["id"] != comment["author"]["id"]
    assert me["ban"] is not None
    refused = await site.comment("a", token=again)
    assert (refused.status, refused.json["code"]) == (403, "banned")
    assert (await site.get("/me", token=bearer)).status == 401
    unbanned = await site.delete(f"/moderation/authors/{me['author']['id']}/ban", token=await moderator(site))
    taken(unbanned)
    assert (await site.comment("a", token=again)).status == 201


async def test_an_erasure_is_nobody_elses_business(service: Service) -> None:
    site, elsewhere = await publisher(service, guests=True), await publisher(service)
    erase_id = await erase(site, token(site))
    for bearer in (token(site, "Grace"), await site.token("Max", Role.ADMIN)):
        assert (await site.get(f"/me/erasures/{erase_id}", token=bearer)).status == 404
    foreign = await elsewhere.get(f"/me/erasures/{erase_id}", token=token(elsewhere))
    unknown = await site.get(f"/me/erasures/{uuid4()}", token=token(site))
    assert (foreign.status, unknown.status) == (404, 404)
    assert (await site.get(f"/me/erasures/{erase_id}")).status == 401
    assert (await site.delete("/me", token=None)).status == 401
    guest = (await site.post("/guests", {"name": "Passing by"})).json["token"]
    for bearer in (guest, await moderator(site)):
        await erase(site, bearer)
        assert (await site.get("/me", token=bearer)).status == 401


async def test_the_name_is_off_everything_at_once_and_the_rest_survives_a_crash(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await publisher(service, erase="delete")
    bearer = token(site, "Somebody with a name")
    comments = [await site.posted("a", f"Say {canary()}.", token=bearer) for _ in range(5)]
    held = rights.delete_one
    seen: list[object] = []

    async def crashing(*args: Any) -> bool:
        seen.append(args[3])
        if len(seen) == 3:
            raise RuntimeError("the process is gone")
        return await held(*args)

    monkeypatch.setattr(rights, "BATCH", 2)
    monkeypatch.setattr(rights, "delete_one", crashing)
    answer = await site.delete("/me", token=bearer)
    page = (await site.get("/articles/a/comments")).body.decode()
    assert "Somebody with a name" not in page
    assert not re.search(r"Say canary", page)

    async def done() -> bool:
        state = await site.get(f"/me/erasures/{answer.json['erase_id']}", token=bearer)
        return bool(state.json["state"] == "done")

    await until(done)
    assert len(seen) == 6, "each once, and the one that failed again"
    for comment in comments:
        assert (await site.get(f"/comments/{comment['id']}")).status == 404


async def test_the_export_is_everything(service: Service, cluster: Cluster) -> None:
    life = await Life.lead(service, "delete")
    site = life.site
    answer = await site.get("/me/export", token=life.token)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    text = answer.body.decode()
    others = {"decision note", "author note"}  # moderators' words
    missing = {place for place, word in life.canaries.items() if word not in text}
    assert missing == others | {"idempotency key", "address"}
    document = answer.json
    assert [len(document[name]) for name in ("comments", "votes", "flags", "notices", "appeals", "addresses")] == [
        *(3, 1, 1, 1, 1, 1)
    ]
    assert document["idempotency_keys"] == 1
    assert document["ban"] == {"until": None, "reason": life.canaries["ban reason"]}
    assert {decision["action"] for decision in document["decisions"]} >= {"remove", "delete", "ban"}
    assert "Max" not in text
    (mine,) = (comment for comment in document["comments"] if comment["id"] == life.ids["mine"])
    assert [revision["version"] for revision in mine["revisions"]] == [1, 2]
    grace = await site.get("/me/export", token=token(site, "Grace"))
    assert life.canaries["text"] not in grace.body.decode()


async def test_a_long_export_is_written_in_batches(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    site = await publisher(service)
    ids = [(await site.posted("a", token=token(site)))["id"] for _ in range(5)]
    for comment in ids:
        await site.put(f"/comments/{comment}/vote", {"value": 1}, token=token(site, "Grace"))
    monkeypatch.setattr(rights, "EXPORT_BATCH", 2)
    monkeypatch.setattr("service.api.rights.CHUNK", 100)
    document = (await site.get("/me/export", token=token(site))).json
    assert [comment["id"] for comment in document["comments"]] == ids
    votes = (await site.get("/me/export", token=token(site, "Grace"))).json["votes"]
    assert {vote["comment_id"] for vote in votes} == set(ids)
    head = await site.service.request("HEAD", f"{site.path}/me/export", token=token(site))
    assert (head.status, head.body) == (200, b"")


# Every table that knows an author: where an export tells of it, and what an erasure does to it.
TABLES = {
    "comments.author_key": ("comments", "kept nameless, or deleted"),
    "votes.author_key": ("votes", "kept: they count on"),
    "flags.author_key": ("flags", "forget_flags"),
    "flags.upheld_against": (None, "kept: a number of the nameless author's"),
    "notices.author_key": ("notices", "forget_notices"),
    "appeals.author_key": ("appeals", "forget_appeals"),
    "notifications.author_key": ("notifications", "forget_notifications"),
    "decisions.author_key": ("decisions", "append-only: ids and codes; notes go by forget_notes"),
    "decisions.moderator_key": (None, "append-only: ids and codes; what somebody did as a moderator"),
    "addresses.author_key": ("addresses", "forget_addresses_of"),
    "idempotency_keys.author_key": ("idempotency_keys", "forget_keys"),
    "recent_texts.author_key": ("recent_texts", "forget_texts"),
    "near_texts.author_key": (None, "forget_near_texts; hashes of texts that are in the export"),
    "author_notes.author_key": (None, "forget_notes; moderators' words"),
    "author_notes.moderator_key": (None, "kept nameless: about somebody else"),
    "network_bans.moderator_key": (None, "kept nameless: about somebody else"),
    "removals.author_key": (None, "ids only; the decisions are in the export"),
    "removals.moderator_key": (None, "ids only"),
    "queue.author_key": (None, "deleted with what waits; ids only"),
    "outbox.author_key": (None, "ids only, for a moment"),
    "events.author_key": (None, "ids only, for 30 days"),
    "deliveries.author_key": (None, "ids only, for 30 days"),
    "author_counts.author_key": (None, "numbers of comments that are in the export"),
    "erasures.author_key": (None, "the erasure itself, empty once it is done"),
}


async def test_every_table_that_knows_people_is_thought_of(cluster: Cluster) -> None:
    connection = await asyncpg.connect(cluster.settings.database_url)
    rows = await connection.fetch(
        "SELECT table_name || '.' || column_name AS place FROM information_schema.columns WHERE table_schema = 'public'"
        " AND (column_name LIKE '%author_key' OR column_name LIKE '%moderator_key' OR column_name = 'upheld_against')"
        " UNION SELECT c.conrelid::regclass || '.' || a.attname FROM pg_constraint c JOIN pg_attribute a"
        " ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) WHERE c.confrelid = 'authors'::regclass"
    )
    await connection.close()
    assert {row["place"] for row in rows} == set(TABLES)
    told = {where for where, _ in TABLES.values() if where is not None}
    assert told == {*EXPORTED, "idempotency_keys", "recent_texts"}
    forgotten = {query.name for query in rights.rights.FORGOTTEN}
    assert forgotten <= set(re.findall(r"forget_\w+", " ".join(what for _, what in TABLES.values())))


@pytest.mark.parametrize("mode", ["delete", "anonymise"])
async def test_imports_do_not_bring_them_back(mode: str, service: Service) -> None:
    elsewhere, site = await publisher(service), await publisher(service, erase=mode)
    words, name = canary(), f"Ada {canary()}"
    first = await elsewhere.posted("a", f"Say {words}.", token=token(elsewhere, name))
    await elsewhere.posted("a", parent=first["id"], token=token(elsewhere, "Grace"))
    exported = io.BytesIO()
    await export_site(service.deps, await elsewhere.site(), exported.write)
    await site.get("/me", token=token(site, name))
    await erase(site, token(site, name))
    exported.seek(0)
    report = await import_file(service.deps, await site.site(), "dataset", exported)
    assert (report.imported, report.erased) == (2, 1)
    (root,) = (await site.page("a"))["comments"]
    assert [reply["author"]["name"] for reply in root["replies"]["items"]] == ["Grace"]
    if mode == "delete":
        assert (root["status"], root["author"]) == ("deleted", None)
    else:
        assert words in root["html"]
        assert root["author"]["name"] == "Anonymous"


async def test_a_list_of_the_erased_is_replayed_over_a_restored_backup(service: Service, cluster: Cluster) -> None:
    site = await publisher(service)
    bearer = token(site, "Ada")
    comment = await site.posted("a", token=bearer)
    await site.posted("a", token=token(site, "Grace"))
    for name in ("Ada", "Grace"):
        await erase(site, token(site, name))
    await site.get("/me", token=token(site, "Grace", later=5))  # she signed in again
    people = [person for person in await export_erased(service.deps) if person["site"] == site.name]
    assert len(people) == 2
    run_sql(
        cluster.settings.owner_url,
        "DELETE FROM erased_people; "
        f"UPDATE authors SET issuer = '{ISSUER}', subject = 'account of Ada', name = 'Ada'"
        f" WHERE id = '{comment['author']['id']}'",
    )
    assert await replay_erased(service.deps, people) == 1
    assert await replay_erased(service.deps, people) == 0
    while await work_on_erasure(service.deps):
        pass
    assert {item["author"]["name"] for item in await site.walk("a")} == {ERASED_NAME}


async def test_an_operator_may_erase_somebody(service: Service) -> None:
    site = await publisher(service)
    comment = await site.posted("a", token=token(site))
    found = await site.site()
    row = await rights.authors.find_author_by_id(service.deps.database, found.key, as_id(comment["author"]["id"]))
    assert row is not None
    assert await erase_author(service.deps, found, row["key"], row["issuer"], row["subject"]) is not None
    assert await erase_author(service.deps, found, row["key"], row["issuer"], row["subject"]) is None


async def test_hashes_follow_a_new_secret(service: Service) -> None:
    site = await publisher(service)
    await erase(site, token(site))
    key = service.deps.person_keys[0]
    rotated = replace(service.deps, person_keys=(b"x" * 32, key))
    found = await site.site()
    assert await rights.rights.known_erased(
        rotated.database, found.key, rotated.person_hashes(site.name, ISSUER, "account of Ada")
    )
