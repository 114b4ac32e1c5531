"""What happens while a discussion is read: it arrives, and nothing that is being read moves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.operations.articles import change_article
from service.operations.moderation import decide
from tests.browser.section import Readers, Section, expect
from tests.client import SiteClient, until


async def counted(site: SiteClient, article: str, number: int) -> None:
    """Wait until pages show so many comments."""

    async def found() -> bool:
        return bool((await site.page(article))["article"]["comment_count"] == number)

    await until(found)


async def act(site: SiteClient, comment: dict[str, Any], action: Any) -> None:
    """A moderator's decision."""
    await decide(site.service.deps, await site.site(), UUID(comment["id"]), action)


async def streams(reader: Section, number: int) -> None:
    """Wait until so many of the reader's streams are open."""

    async def open_now() -> bool:
        return reader.streams == number

    await until(open_now)


async def test_a_new_comment_waits_behind_a_button_and_moves_nothing(readers: Readers, site: SiteClient) -> None:
    roots = [await site.posted("a", f"Root {number}. " + "Words. " * 40) for number in range(6)]
    await counted(site, "a", 6)
    first, second = await readers.new(), await readers.new()
    for reader in (first, second):
        await reader.open("a", above=True, loaded=False)
        await reader.scroll_to_section()
        await expect(reader.comments).to_have_count(6)
        await streams(reader, 1)
    read = first.item(roots[2]["id"]).locator("> article")
    await read.scroll_into_view_if_needed()
    before = await first.y(read)

    await site.posted("a", "Just said.")
    await site.posted("a", "Just answered.", parent=roots[5]["id"])
    await expect(first.pill).to_have_text("2 new comments")
    await expect(first.pill).to_be_in_viewport()
    await expect(first.count).to_have_text("8")
    await expect(first.thread.get_by_role("status")).to_have_text("1 new comment")
    assert await first.y(read) == before

    await expect(second.pill).to_have_text("2 new comments")
    await second.pill.click()
    await expect(second.comment("Just said.")).to_be_visible()
    await expect(second.comment("Just answered.")).to_be_visible()
    await expect(second.pill).to_be_hidden()
    assert (await second.ids()).index(roots[5]["id"]) == 1
    await expect(first.comment("Just said.")).to_have_count(0)
    assert await first.y(read) == before


async def test_what_is_removed_above_moves_nothing_and_leaves_a_line(reader: Section, site: SiteClient) -> None:
    roots = [await site.posted("a", f"Root {number}. " + "Words. " * 40) for number in range(12)]
    await counted(site, "a", 12)
    await reader.open("a")
    await expect(reader.comments).to_have_count(12)
    await streams(reader, 1)
    read = reader.item(roots[7]["id"]).locator("> article")
    await read.evaluate("(element) => element.scrollIntoView()")
    before = await reader.y(read)
    await act(site, roots[9], "remove")
    await expect(reader.item(roots[9]["id"]).locator("> article")).to_have_text("This comment is not shown.")
    await expect(reader.count).to_have_text("11")
    assert abs(await reader.y(read) - before) < 1


async def test_an_edit_and_a_vote_change_only_what_differs(reader: Section, site: SiteClient) -> None:
    token = await site.token("Ada")
    comment = await site.posted("a", "First words.", token=token)
    await counted(site, "a", 1)
    await reader.open("a")
    await streams(reader, 1)
    reply = reader.comment("First words.").get_by_role("button", name="Reply")
    await reply.focus()
    await site.patch(f"/comments/{comment['id']}", {"text": "Better words."}, token=token)
    await expect(reader.comment("Better words.").locator(".edited")).to_be_visible()
    await site.put(f"/comments/{comment['id']}/vote", {"value": 1}, token=await site.token("Ben"))
    up = reader.thread.get_by_role("button", name="Vote up, 1 vote")
    await expect(up).to_be_visible(timeout=15_000)
    await expect(reader.comment("Better words.").get_by_role("button", name="Reply")).to_be_focused()


async def test_a_discussion_that_is_closed_says_so_at_once(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "Said in time.")
    await counted(site, "a", 1)
    await reader.open("a")
    await streams(reader, 1)
    deps = site.service.deps
    await change_article(deps, await site.site(), "a", {"locked": True, "locked_reason": "This got out of hand."})
    await expect(reader.line).to_have_text("This got out of hand.")
    await expect(reader.thread.get_by_role("button", name="Join the discussion")).to_be_hidden()
    await change_article(deps, await site.site(), "a", {"locked": False, "locked_reason": None})
    await expect(reader.line).to_have_count(0)
    await expect(reader.thread.get_by_role("button", name="Join the discussion")).to_be_visible()


HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_the_stream_is_open_only_while_the_section_is_seen_and_misses_nothing(
    reader: Section, site: SiteClient
) -> None:
    await site.posted("a", "There before.")
    await counted(site, "a", 1)
    await reader.open("a", above=True, loaded=False)
    await reader.page.mouse.wheel(0, 1900)
    await expect(reader.comment("There before.")).to_be_attached()
    assert reader.streams == 0, "near is not seen"
    await reader.scroll_to_section()
    await streams(reader, 1)

    await reader.page.evaluate("scrollTo(0, 0)")
    await streams(reader, 0)
    await site.posted("a", "Said meanwhile.")
    await counted(site, "a", 2)
    await reader.scroll_to_section()
    await expect(reader.pill).to_have_text("1 new comment")

    await reader.page.evaluate(HIDE, "hidden")
    await streams(reader, 0)
    await site.posted("a", "Said behind.")
    await reader.page.evaluate(HIDE, "visible")
    await expect(reader.pill).to_have_text("2 new comments")
    await streams(reader, 1)
