"""Posting, reading and counting through HTTP."""

from __future__ import annotations

from tests.client import Service, until


async def test_a_posted_comment_is_read_and_counted(service: Service) -> None:
    site = await service.new_site()
    root = await site.posted("a1", "Hello *world*")
    reply = await site.posted("a1", "An answer", parent=root["id"])
    assert root["html"] == "<p>Hello <em>world</em></p>\n"

    async def counted() -> bool:
        return await site.count("a1") == 2

    await until(counted)
    page = await site.page("a1")
    assert page["article"]["comment_count"] == 2
    (shown,) = page["comments"]
    assert shown["id"] == root["id"]
    assert shown["reply_count"] == shown["descendant_count"] == 1
    assert [item["id"] for item in shown["replies"]["items"]] == [reply["id"]]
