"""Notices of illegal content, their answers, appeals, and what people are told."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from service.domain.identity import FOREVER, Role
from service.followers.notifications import tell_people
from service.operations.people import ban_author, unban_author
from tests.client import Answer, Service, SiteClient, as_id, canary, until
from tests.conftest import Cluster

NOTICE = {"explanation": "It names a victim.", "legal_ground": "Criminal code, 201a", "good_faith": True}
SENDER = {"name": "Eve Example", "contact": "eve@example.com"}
NOBODYS = "01981f6e-5a00-7c3e-9d2f-5b8f6a1c0e11"


async def decide(site: SiteClient, comment: dict[str, Any], action: str, by: str = "Max", **more: Any) -> str:
    body = {"decisions": [{"comment_id": comment["id"], "action": action, **more}]}
    answer = await site.post("/moderation/decisions", body, token=await site.token(by, Role.MODERATOR))
    result: str = answer.json["results"][0]["result"]
    return result


async def flag(site: SiteClient, comment: dict[str, Any], by: str, reason: str = "abuse", **more: Any) -> Answer:
    body = {"reason": reason, **more}
    return await site.post(f"/comments/{comment['id']}/flags", body, token=await site.token(by))


async def notice(site: SiteClient, comment_id: str, **more: Any) -> Answer:
    return await site.post("/notices", {"comment_id": comment_id, **NOTICE, **SENDER, **more})


async def appeal(site: SiteClient, comment: dict[str, Any], by: str = "Ada", text: str = "A quotation.") -> Answer:
    return await site.post(f"/me/comments/{comment['id']}/appeal", {"text": text}, token=await site.token(by))


async def told(site: SiteClient, who: str, query: str = "") -> list[dict[str, Any]]:
    answer = await site.get(f"/me/notifications{query}", token=await site.token(who))
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.json["items"]
    return items


async def hears(site: SiteClient, who: str, *types: str) -> list[dict[str, Any]]:
    """What somebody was told, newest first, once it is of these types."""

    async def heard() -> bool:
        return [item["type"] for item in await told(site, who)] == list(types)

    await until(heard)
    return await told(site, who)


@pytest.fixture(scope="module")
async def owner(cluster: Cluster) -> Any:
    connection = await asyncpg.connect(cluster.settings.owner_url)
    yield connection
    await connection.close()


async def waiting(owner: Any, comment: dict[str, Any]) -> dict[str, tuple[float, list[str]]]:
    """What a comment waits in the queues for."""
    rows = await owner.fetch("SELECT kind, urgency, reasons FROM queue WHERE comment_id = $1", as_id(comment["id"]))
    return {row["kind"]: (row["urgency"], row["reasons"]) for row in rows}


async def test_illegal_content_is_flagged_with_a_notice_that_gets_an_answer(service: Service, owner: Any) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    for reason, more in (
        ("illegal", {}),
        ("spam", {"notice": NOTICE}),
        ("illegal", {"notice": {**NOTICE, "good_faith": False}}),
        ("illegal", {"notice": {**NOTICE, "good_faith": 1}}),
        ("illegal", {"notice": {**NOTICE, "explanation": " "}}),
        ("illegal", {"notice": {**NOTICE, **SENDER}}),
    ):
        assert (await flag(site, comment, "Bea", reason, **more)).json["code"] == "validation_error", (reason, more)
    assert (await flag(site, comment, "Bea", "illegal", notice=NOTICE)).status == 201
    assert (await flag(site, comment, "Bea", "illegal", notice=NOTICE)).status == 200
    assert await waiting(owner, comment) == {"flagged": (1001, ["illegal"])}
    assert await decide(site, comment, "remove", reason="court_order") == "applied"
    row = await owner.fetchrow(
        "SELECT n.*, d.action FROM notices n JOIN decisions d ON d.id = n.decision_id WHERE n.comment_id = $1",
        as_id(comment["id"]),
    )
    assert (row["state"], row["action"], row["explanation"], row["name"]) == (
        "upheld",
        "remove",
        NOTICE["explanation"],
        None,
    )
    assert await waiting(owner, comment) == {}
    (answer,) = await hears(site, "Bea", "flag_answered")
    assert (answer["reason"], answer["comment"]) == ("upheld", None)


async def test_a_notice_needs_no_account_and_its_answer_can_be_looked_up(service: Service, owner: Any) -> None:
    site, other = await service.new_site(), await service.new_site()
    comment = await site.posted("a")
    assert (await notice(site, comment["id"], good_faith=False)).json["code"] == "validation_error"
    assert set((await notice(site, comment["id"], name=" ")).json["errors"]) == {"name"}
    first, second = await notice(site, comment["id"]), await notice(site, comment["id"])
    assert (first.status, set(first.json)) == (201, {"id", "created_at"})
    assert await waiting(owner, comment) == {"flagged": (1000, ["illegal"])}, "outsiders hold nothing by themselves"
    path = f"/notices/{first.json['id']}"
    stands = {**first.json, "state": "open", "answered_at": None, "reason": None}
    assert (await site.get(path)).json == stands
    unknown = [
        await where.get(f"/notices/{given}")
        for where, given in ((other, first.json["id"]), (site, NOBODYS), (site, "nothing"))
    ]
    assert [(answer.status, answer.json["code"]) for answer in unknown] == [(404, "not_found")] * 3
    assert await decide(site, comment, "dismiss_flags", reason="satire") == "applied"
    for given in (first, second):
        now = (await site.get(f"/notices/{given.json['id']}")).json
        assert (now["state"], now["reason"], now["answered_at"] is None) == ("dismissed", "satire", False)
    assert await waiting(owner, comment) == {}
    public = b"".join(
        [(await site.get(p)).body for p in ("/articles/a/comments", f"/comments/{comment['id']}", "", path)]
    )
    assert not any(word.encode() in public for word in (*SENDER.values(), str(NOTICE["explanation"])))


async def test_only_published_comments_of_this_site_get_notices(service: Service) -> None:
    site, other = await service.new_site(moderation="pre"), await service.new_site()
    held, removed = await site.posted("a"), await other.posted("a")
    await other.posted("a", parent=removed["id"])
    await decide(other, removed, "remove")
    for where, comment_id in ((site, held["id"]), (other, removed["id"]), (other, held["id"]), (site, NOBODYS)):
        answer = await notice(where, comment_id)
        assert (answer.status, answer.json["code"]) == (404, "comment_not_found")


async def test_flags_of_people_who_were_mostly_wrong_hold_nothing(service: Service) -> None:
    site = await service.new_site()
    crying = ("B", "C", "D")
    for _ in range(3):
        comment = await site.posted("a")
        for name in crying:
            await flag(site, comment, name)
        assert await decide(site, comment, "approve") == "applied"
    comment = await site.posted("b")
    for name in crying:
        assert (await flag(site, comment, name)).status == 201
    assert (await site.page("b"))["comments"][0]["status"] == "published"
    for name in ("E", "F", "G"):
        await flag(site, comment, name)
    assert (await site.page("b"))["comments"] == []


async def test_a_removal_is_appealed_once_and_by_its_author_only(service: Service, owner: Any) -> None:
    site, other = await service.new_site(guests=True, guest_moderation="post"), await service.new_site()
    comment = await site.posted("a")
    assert (await appeal(site, comment)).json["code"] == "conflict"
    await site.posted("a", parent=comment["id"], token=await site.token("Bea"))
    await until(lambda: below(site, comment, 1))
    await decide(site, comment, "remove", reason="abuse")
    removed = (await site.get("/me/articles/a", token=await site.token())).json["removed"]
    assert removed == [{"id": comment["id"], "reason": "abuse", "appealable": True}]

    guest = (await site.post("/guests", {"name": "Gast"})).json["token"]
    path, text = f"/me/comments/{comment['id']}/appeal", {"text": "Please."}
    for token, code in (
        (None, "token_missing"),
        (await site.token("Bea"), "forbidden"),
        (guest, "forbidden"),
        (await other.token(), "token_invalid"),
    ):
        assert (await site.post(path, text, token=token)).json["code"] == code
    foreign = await other.post(path, text, token=await other.token())
    unknown = await other.post(f"/me/comments/{NOBODYS}/appeal", text, token=await other.token())
    assert (
        (foreign.status, foreign.json["code"]) == (unknown.status, unknown.json["code"]) == (404, "comment_not_found")
    )
    assert (await appeal(site, comment, text=" ")).json["code"] == "validation_error"

    answers = await asyncio.gather(*(appeal(site, comment) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"already_appealed"}
    assert await waiting(owner, comment) == {"appeals": (0, [])}
    assert await decide(site, comment, "uphold", reason="still_abuse") == "applied"
    assert await waiting(owner, comment) == {}
    assert (await appeal(site, comment)).json["code"] == "already_appealed"
    removed = (await site.get("/me/articles/a", token=await site.token())).json["removed"]
    assert removed == [{"id": comment["id"], "reason": "abuse", "appealable": False}]
    await decide(site, comment, "restore")
    await decide(site, comment, "spam")
    assert (await appeal(site, comment)).status == 201, "another removal, another appeal"
    assert (await site.delete(f"/comments/{comment['id']}", token=await site.token())).status == 204
    states = "SELECT array_agg(state ORDER BY version) FROM appeals WHERE comment_id = $1"
    assert await owner.fetchval(states, as_id(comment["id"])) == ["refused", "withdrawn"]


async def test_another_moderator_decides_on_an_appeal_where_there_is_one(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    await decide(site, comment, "remove")
    await appeal(site, comment)
    assert await decide(site, comment, "uphold") == "applied", "there is nobody else"
    await decide(site, comment, "restore")
    await decide(site, comment, "remove")
    await appeal(site, comment)
    moira = (await site.get("/me", token=await site.token("Moira", Role.MODERATOR))).json["author"]
    for action in ("uphold", "approve", "restore"):
        assert await decide(site, comment, action) == "conflict"
    await ban_author(service.deps, await site.site(), as_id(moira["id"]), FOREVER, "Left us.")
    await site.posted("b", token=await site.token("Somebody"))
    assert await decide(site, comment, "uphold") == "applied", "a banned moderator is none"
    await decide(site, comment, "restore")
    await unban_author(service.deps, await site.site(), as_id(moira["id"]))
    await decide(site, comment, "remove")
    await appeal(site, comment)
    assert await decide(site, comment, "approve") == "conflict"
    assert await decide(site, comment, "approve", by="Moira") == "applied"


async def test_moderators_do_not_judge_themselves(service: Service) -> None:
    site = await service.new_site()
    moira = await site.token("Moira", Role.MODERATOR)
    comment = await site.posted("a", token=moira)
    assert await decide(site, comment, "remove") == "applied"
    for action in ("approve", "restore"):
        assert await decide(site, comment, action, by="Moira") == "conflict"
    assert (await site.post(f"/me/comments/{comment['id']}/appeal", {"text": "But."}, token=moira)).status == 201
    for action in ("approve", "restore"):
        assert await decide(site, comment, action, by="Moira") == "conflict"


async def test_each_type_is_told_once_however_often_the_lane_runs(service: Service, owner: Any) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    await site.posted("a", parent=comment["id"])  # one's own reply is no news
    await site.set(moderation="pre")
    held = await site.posted("a", parent=comment["id"], token=await site.token("Bea"))
    assert await told(site, "Ada") == []
    for action in ("approve", "remove", "restore"):
        assert await decide(site, held, action, reason="why") == "applied"
    (reply,) = await hears(site, "Ada", "reply")
    shown = (await site.get(f"/comments/{held['id']}")).json["comment"]
    assert (reply["comment"], reply["reason"]) == (shown, None)
    removed, approved = await hears(site, "Bea", "removed", "approved")
    assert (removed["reason"], removed["comment"]["status"]) == ("why", "published")
    assert approved["comment"]["text"]
    await flag(site, held, "Cleo")
    await decide(site, held, "remove", reason="abuse")
    await appeal(site, held, "Bea")
    await decide(site, held, "restore", by="Moira")
    cleo = (await site.get("/me", token=await site.token("Cleo"))).json["author"]
    await ban_author(service.deps, await site.site(), as_id(cleo["id"]), FOREVER, "Insults.")
    (ban, answered) = await hears(site, "Cleo", "ban_changed", "flag_answered")
    assert (ban["reason"], ban["comment"], answered["reason"]) == ("Insults.", None, "upheld")
    await unban_author(service.deps, await site.site(), as_id(cleo["id"]))
    lifted, ban, _ = await hears(site, "Cleo", "ban_changed", "ban_changed", "flag_answered")
    assert (lifted["reason"], ban["reason"]) == ("unbanned", "banned")
    (granted, *_) = await hears(site, "Bea", "appeal_decided", "removed", "removed", "approved")
    assert granted["reason"] == "granted"
    assert [item["type"] for item in await told(site, "Ada")] == ["reply"], "once, though restored twice"

    count = "SELECT count(*) FROM notifications"
    before = await owner.fetchval(count)
    await owner.execute("UPDATE followers SET position = 0 WHERE name = 'notifications'")

    async def again() -> bool:
        await asyncio.gather(*(tell_people(service.deps) for _ in range(4)))
        end = "SELECT (SELECT max(position) FROM events) = position FROM followers WHERE name = 'notifications'"
        return bool(await owner.fetchval(end))

    await until(again)
    assert await owner.fetchval(count) == before


async def test_nobody_is_told_of_their_own_doing(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    token = await site.token("Max", Role.MODERATOR)
    own, others = await site.posted("a", token=token), await site.posted("a")
    for action in ("approve", "remove"):
        assert await decide(site, own, action) == "applied"
        assert await decide(site, others, action) == "applied"
    await hears(site, "Ada", "removed", "approved")
    assert await told(site, "Max") == []


async def test_notifications_never_show_what_is_hidden_from_their_reader(service: Service) -> None:
    site, word = await service.new_site(), canary()
    comment = await site.posted("a")
    reply = await site.posted("a", f"Look, {word}.", parent=comment["id"], token=await site.token("Bea"))
    deep = await site.posted("a", parent=reply["id"], token=await site.token("Cleo"))
    (item,) = await hears(site, "Ada", "reply")
    assert word in item["comment"]["html"]

    async def shows(status: str | None) -> bool:
        answer = await site.get("/me/notifications", token=await site.token())
        (item,) = answer.json["items"]
        return item["comment"] is None if status is None else bool(item["comment"]["status"] == status)

    await until(lambda: below(site, reply, 1))
    await decide(site, reply, "remove")
    assert await shows("removed"), "a tombstone, as it has a reply"
    assert word.encode() not in (await site.get("/me/notifications", token=await site.token())).body
    await decide(site, deep, "remove")
    await until(lambda: shows(None))
    (own,) = [item for item in await hears(site, "Bea", "removed", "reply") if item["type"] == "removed"]
    assert (own["comment"]["status"], word in own["comment"]["text"]) == ("removed", True)
    await site.delete(f"/comments/{reply['id']}", token=await site.token("Bea"))
    assert word.encode() not in (await site.get("/me/notifications", token=await site.token("Bea"))).body


async def below(site: SiteClient, comment: dict[str, Any], replies: int) -> bool:
    answer = await site.get(f"/comments/{comment['id']}")
    return bool(answer.json["comment"]["reply_count"] == replies)


async def test_notifications_are_walked_newest_first_by_their_own_reader(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    replies = [await site.posted("a", parent=comment["id"], token=await site.token("Bea")) for _ in range(5)]
    await hears(site, "Ada", *["reply"] * 5)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        answer = await site.get(f"/me/notifications{query}", token=await site.token())
        seen += [item["comment"]["id"] for item in answer.json["items"]]
        cursor = answer.json["next_cursor"]
    assert seen == [reply["id"] for reply in reversed(replies)]
    first = (await site.get("/me/notifications?limit=2", token=await site.token())).json["next_cursor"]
    for token, code in ((await site.token("Bea"), "invalid_cursor"), (None, "token_missing")):
        answer = await site.get(f"/me/notifications?cursor={first}", token=token)
        assert answer.json["code"] == code


async def test_moderators_read_what_they_were_told_about_a_comment(service: Service) -> None:
    site = await service.new_site()
    told, other = await site.posted("a"), await site.posted("a")
    assert (await notice(site, told["id"])).status == 201
    await decide(site, told, "remove", reason="abuse")
    assert (await appeal(site, told, text="I was quoting him.")).status == 201
    max_token = await site.token("Max", Role.MODERATOR)

    found = (await site.get(f"/moderation/comments/{told['id']}/statements", token=max_token)).json
    assert [(one["text"], one["state"], one["decided_at"]) for one in found["appeals"]] == [
        ("I was quoting him.", "open", None)
    ]
    [said] = found["notices"]
    assert (said["explanation"], said["legal_ground"], said["name"], said["contact"], said["state"]) == (
        "It names a victim.", "Criminal code, 201a", "Eve Example", "eve@example.com", "upheld"
    )  # fmt: skip
    nothing = await site.get(f"/moderation/comments/{other['id']}/statements", token=max_token)
    assert nothing.json == {"appeals": [], "notices": []}
    assert (await site.get(f"/moderation/comments/{NOBODYS}/statements", token=max_token)).status == 404
    refused = await site.get(f"/moderation/comments/{told['id']}/statements", token=await site.token("Eve"))
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
