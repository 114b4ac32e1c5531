"""Flags and moderators' decisions through HTTP."""

from __future__ import annotations

from typing import Any

from service.domain.identity import Role
from tests.client import Service, SiteClient, until


async def decided(site: SiteClient, *decisions: dict[str, Any], name: str = "Max") -> list[dict[str, Any]]:
    token = await site.token(name, Role.MODERATOR)
    answer = await site.post("/moderation/decisions", {"decisions": list(decisions)}, token=token)
    assert answer.status == 200, answer.body
    results: list[dict[str, Any]] = answer.json["results"]
    return results


async def flag(site: SiteClient, comment_id: str, name: str, reason: str = "abuse") -> tuple[int, dict[str, Any]]:
    answer = await site.post(f"/comments/{comment_id}/flags", {"reason": reason}, token=await site.token(name))
    return answer.status, answer.json


async def gone(site: SiteClient, article: str) -> bool:
    return bool((await site.page(article))["comments"] == [])


async def test_enough_flags_hold_a_comment_and_approval_protects_it(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    assert (await flag(site, comment["id"], "B"))[0] == 201
    assert (await flag(site, comment["id"], "B", "spam")) == (200, (await flag(site, comment["id"], "B"))[1])
    assert (await flag(site, comment["id"], "C"))[0] == 201
    assert not await gone(site, "a")
    assert (await flag(site, comment["id"], "D"))[0] == 201
    await until(lambda: gone(site, "a"))
    assert (await flag(site, comment["id"], "E"))[1]["code"] == "comment_not_found"
    (result,) = await decided(site, {"comment_id": comment["id"], "action": "approve"})
    assert (result["result"], result["status"]) == ("applied", "published")
    for name in ("E", "F", "G"):
        assert (await flag(site, comment["id"], name))[0] == 201
    assert not await gone(site, "a"), "what a person approved is not held by flags"


async def test_decisions_are_told_one_by_one(service: Service) -> None:
    site = await service.new_site()
    first, second = await site.posted("a"), await site.posted("a")
    nobodys = "01981f6e-5a00-7c3e-9d2f-5b8f6a1c0e11"
    results = await decided(
        site,
        {"comment_id": first["id"], "action": "remove", "reason": "abuse", "note": "third time", "version": 1},
        {"comment_id": second["id"], "action": "remove", "version": 7},
        {"comment_id": nobodys, "action": "remove"},
    )
    assert [(one["result"], one["status"], one["version"]) for one in results] == [
        ("applied", "removed", 2),
        ("conflict", "published", 1),
        ("not_found", None, None),
    ]
    (again,) = await decided(site, {"comment_id": first["id"], "action": "remove"})
    assert again["result"] == "unchanged"
    (back,) = await decided(site, {"comment_id": first["id"], "action": "restore"})
    assert (back["result"], back["status"]) == ("applied", "published")
    (plain,) = await decided(site, {"comment_id": second["id"], "action": "approve"})
    assert plain["result"] == "unchanged"


async def test_words_nobody_looked_at_are_not_approved(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    comment = await site.posted("a", "Harmless")
    await site.patch(f"/comments/{comment['id']}", {"text": "Not so harmless"}, token=await site.token())
    (blind,) = await decided(site, {"comment_id": comment["id"], "action": "approve"})
    assert (blind["result"], blind["version"]) == ("conflict", 2)
    (seen,) = await decided(site, {"comment_id": comment["id"], "action": "approve", "version": 2})
    assert seen["result"] == "applied"
    assert (await site.page("a"))["comments"][0]["html"] == "<p>Not so harmless</p>\n"


async def test_featured_comments(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    await site.posted("a")
    await decided(site, {"comment_id": comment["id"], "action": "feature"})
    page = await site.page("a", "?featured=true")
    assert [(root["id"], root["featured"]) for root in page["comments"]] == [(comment["id"], True)]
    await decided(site, {"comment_id": comment["id"], "action": "remove"})
    (refused,) = await decided(site, {"comment_id": comment["id"], "action": "feature"})
    assert refused["result"] == "conflict"


async def test_only_moderators_of_this_site_decide(service: Service) -> None:
    site, other = await service.new_site(guests=True), await service.new_site()
    comment = await site.posted("a")
    body = {"decisions": [{"comment_id": comment["id"], "action": "remove"}]}
    guest = (await site.post("/guests", {"name": "Gast"})).json["token"]
    for token, code in (
        (None, "token_missing"),
        (await site.token("Reader"), "forbidden"),
        (guest, "forbidden"),
        (await other.token("Max", Role.ADMIN), "token_invalid"),
    ):
        answer = await site.post("/moderation/decisions", body, token=token)
        assert answer.json["code"] == code
    (result,) = await decided(other, {"comment_id": comment["id"], "action": "remove"})
    assert result == {"comment_id": comment["id"], "result": "not_found", "status": None, "version": None}
    twice = {"decisions": body["decisions"] * 2}
    answer = await site.post("/moderation/decisions", twice, token=await site.token("Max", Role.MODERATOR))
    assert answer.json["code"] == "validation_error"
