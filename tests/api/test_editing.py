"""Editing and deleting one's own comments through HTTP."""

from __future__ import annotations

import asyncio
from uuid import UUID

from service.domain.identity import Role
from service.operations.moderation import decide
from tests.client import Service, SiteClient, until


async def edit(site: SiteClient, comment_id: str, text: str, name: str = "Ada") -> tuple[int, dict[str, object]]:
    answer = await site.patch(f"/comments/{comment_id}", {"text": text}, token=await site.token(name))
    return answer.status, answer.json


async def test_an_edit_replaces_the_words_everywhere(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a", "Frist words")
    status, edited = await edit(site, comment["id"], "First *words*")
    assert status == 200
    assert (edited["text"], edited["html"]) == ("First *words*", "<p>First <em>words</em></p>\n")
    assert edited["edited_at"] is not None
    shown = (await site.page("a"))["comments"][0]
    assert (shown["html"], shown["edited_at"]) == (edited["html"], edited["edited_at"])


async def test_identical_text_changes_nothing(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a", "The same")
    status, edited = await edit(site, comment["id"], "The same")
    assert (status, edited["edited_at"]) == (200, None)


async def test_a_held_edit_leaves_the_published_words(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a", "Old words")
    await site.set(moderation="pre")
    status, answer = await edit(site, comment["id"], "New words")
    assert status == 202
    assert answer["pending_text"] == "New words"
    assert answer["comment"]["text"] == "Old words"  # type: ignore[index]
    assert (await site.page("a"))["comments"][0]["html"] == "<p>Old words</p>\n"
    decided = await decide(service.deps, await site.site(), UUID(comment["id"]), "approve", version=2)
    assert decided.changed

    async def published() -> bool:
        return bool((await site.page("a"))["comments"][0]["html"] == "<p>New words</p>\n")

    await until(published)


async def test_a_rejected_edit_is_gone(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a", "Old words")
    await site.set(moderation="pre")
    await edit(site, comment["id"], "New words")
    await decide(service.deps, await site.site(), UUID(comment["id"]), "reject_edit")
    mine = (await site.get("/me/articles/a", token=await site.token())).json
    assert mine["editable"][0]["text"] == "Old words"


async def test_who_may_edit_what_and_when(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    assert (await edit(site, comment["id"], "Mine now", "Eve"))[1]["code"] == "forbidden"
    assert (await edit(site, comment["id"], "http://a.example http://b.example http://c.example http://d.example"))[1][
        "code"
    ] == "too_many_links"
    await decide(service.deps, await site.site(), UUID(comment["id"]), "remove")
    assert (await edit(site, comment["id"], "Back again"))[1]["code"] == "not_visible"
    assert (await edit(site, comment["id"], "Mine now", "Eve"))[1]["code"] == "comment_not_found"
    late = await site.posted("b")
    await site.set(edit_window_seconds=0)
    assert (await edit(site, late["id"], "Too late"))[1]["code"] == "edit_window_closed"


async def test_deleting_ones_own_leaves_a_tombstone_where_others_replied(service: Service) -> None:
    site = await service.new_site()
    root = await site.posted("a", "Regretted")
    reply = await site.posted("a", parent=root["id"], token=await site.token("Bob"))
    path = f"/comments/{root['id']}"
    assert (await site.delete(path, token=await site.token("Bob"))).json["code"] == "forbidden"

    async def replied() -> bool:
        return bool((await site.page("a"))["comments"][0]["reply_count"] == 1)

    await until(replied)
    for _ in range(2):
        assert (await site.delete(path, token=await site.token())).status == 204
    shown = (await site.page("a"))["comments"][0]
    assert (shown["status"], shown["html"], shown["author"]) == ("deleted", None, None)
    assert [item["id"] for item in shown["replies"]["items"]] == [reply["id"]]

    async def counted() -> bool:
        return await site.count("a") == 1

    await until(counted)
    assert (await site.comment("a", "Regretted")).status == 201, "it may be said again"


async def test_my_own_beside_the_discussion(service: Service) -> None:
    site = await service.new_site()
    mine, other = await site.posted("a", "Mine"), await site.posted("a", token=await site.token("Bob"))
    token = await site.token()
    await site.put(f"/comments/{other['id']}/vote", {"value": -1}, token=token)
    await site.post(f"/comments/{other['id']}/flags", {"reason": "spam"}, token=token)
    removed = await site.posted("a", "Removed later")
    await decide(service.deps, await site.site(), UUID(removed["id"]), "remove", reason="off_topic")
    await site.set(moderation="pre")
    held = await site.posted("a", "Held")
    answer = (await site.get("/me/articles/a", token=token)).json
    assert answer["votes"] == {other["id"]: -1}
    assert answer["flags"] == [other["id"]]
    assert [one["id"] for one in answer["held"]] == [held["id"]]
    assert answer["removed"] == [{"id": removed["id"], "reason": "off_topic", "appealable": True}]
    assert {one["id"] for one in answer["editable"]} == {mine["id"], held["id"]}
    assert (answer["can_post"], answer["why_not"]) == (True, None)
    await site.set(posting="closed")
    answer = (await site.get("/me/articles/a", token=token)).json
    assert (answer["can_post"], answer["why_not"]) == (False, "posting_closed")
    nothing = (await site.get("/me/articles/a", token=await site.token("Eve", Role.MODERATOR))).json
    assert (nothing["votes"], nothing["held"], nothing["removed"]) == ({}, [], [])


async def test_edits_at_once_come_one_after_the_other(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    edits = await asyncio.gather(*(edit(site, comment["id"], f"Words {n}") for n in range(8)))
    assert [status for status, _ in edits] == [200] * 8
    item = await site.get(f"/moderation/comments/{comment['id']}", token=await site.token("Max", Role.MODERATOR))
    revisions = item.json["revisions"]
    assert [one["version"] for one in revisions] == list(range(1, 10))
    assert {one["text"] for one in revisions[1:]} == {f"Words {n}" for n in range(8)}
