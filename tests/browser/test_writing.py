"""Writing: comments, replies, edits, votes, flags, deletions, drafts, and what is in the way of them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest_asyncio

from service.domain.identity import Role
from service.operations.moderation import decide
from tests.browser.section import Readers, expect
from tests.browser.writing import Writer
from tests.client import SiteClient, until

LOST = r"answered: 503|status of 503|failed: .*ERR_|ERR_INTERNET|ERR_FAILED|ERR_CONNECTION|ERR_NETWORK"


@pytest_asyncio.fixture
async def ada(readers: Readers) -> Writer:
    """Somebody at a desk."""
    writer: Writer = await readers.new(Writer)
    return writer


async def texts(site: SiteClient, article: str) -> list[str]:
    """The published comments' HTML, newest root first."""
    return [comment["html"] for comment in await site.walk(article) if comment["html"] is not None]


async def counted(site: SiteClient, article: str, number: int) -> None:
    """Wait until pages show so many comments."""

    async def found() -> bool:
        return bool((await site.page(article))["article"]["comment_count"] == number)

    await until(found)


async def act(site: SiteClient, comment_id: str, action: Any, **why: Any) -> None:
    """A moderator's decision."""
    await decide(site.service.deps, await site.site(), UUID(comment_id), action, **why)


async def test_a_comment_is_there_at_once_and_everybody_sees_it(
    readers: Readers, site: SiteClient, ada: Writer
) -> None:
    ben: Writer = await readers.new(Writer)
    await ada.open_as("Ada", "a")
    await ben.open_as("Ben", "a")
    said = await ada.say("Hello world,\nfrom Ada.")
    await expect(said).to_be_focused()
    await expect(ada.box).to_have_value("")
    [told] = await ada.told("discuss-posted")
    assert told["comment"]["text"] == "Hello world,\nfrom Ada."

    await expect(ben.comment("Hello world, from Ada.")).to_be_visible()
    assert await ben.pill.is_hidden(), "nothing was being read that it could move"
    await ben.reply_to(ben.comment("from Ada"), "And _hello_ to you.")
    await expect(ada.pill).to_have_text("1 new comment")
    await ada.pill.click()
    await expect(ada.comment("And hello to you.")).to_be_visible()
    assert await texts(site, "a") == ["<p>Hello world,<br>\nfrom Ada.</p>\n", "<p>And <em>hello</em> to you.</p>\n"]
    assert await ada.pill.is_hidden(), "one's own is not new"


async def test_the_first_comment_says_what_the_article_is(site: SiteClient, ada: Writer) -> None:
    await ada.open_as("Ada", "opened")
    await ada.say("The first.")
    found = await site.get("/moderation/comments?queue=all", token=await site.token("Max", Role.MODERATOR))
    article = found.json["items"][0]["article"]
    assert (article["title"], article["url"]) == ("An article", f"{ada.press.origin}/opened")


async def test_tools_preview_and_the_end_of_the_space(site: SiteClient, ada: Writer) -> None:
    await site.set(max_length=300)
    await ada.open_as("Ada", "a")
    await ada.write("bold")
    await ada.box.press("Control+a")
    await ada.box.press("Control+b")
    await expect(ada.box).to_have_value("**bold**")
    await ada.place.get_by_role("button", name="Quote").click()
    await expect(ada.box).to_have_value("> **bold**")
    await ada.place.get_by_role("button", name="Preview").click()
    await expect(ada.place.locator(".preview blockquote strong")).to_have_text("bold")
    await ada.place.get_by_role("button", name="Write").click()
    await expect(ada.box).to_be_focused()

    await ada.write("e\u0301" * 290)  # counted as the service counts: composed
    await expect(ada.place.locator(".left")).to_have_text("10")
    await ada.write("x" * 301)
    await expect(ada.place.locator(".left")).to_have_text("-1")
    await ada.press_send()
    await expect(ada.complaint).to_contain_text("too long")
    await ada.write("x" * 300)
    await ada.press_send()
    await expect(ada.comments).to_have_count(1)


async def test_drafts_survive_a_reload(site: SiteClient, ada: Writer) -> None:
    parent = await site.posted("a", "Parent.", token=await site.token("Ben"))
    await ada.open_as("Ada", "a")
    await ada.write("Half a thought")
    await ada.push(ada.comment("Parent."), "Reply")
    await ada.answer.fill("Half an answer")
    await ada.page.reload()
    await expect(ada.box).to_have_value("Half a thought")
    await ada.item(parent["id"]).get_by_role("button", name="Go on with your reply").click()
    answer = ada.item(parent["id"]).get_by_role("textbox")
    await expect(answer).to_have_value("Half an answer")
    await answer.fill("")
    await answer.press("Escape")
    await expect(ada.comment("Parent.").get_by_role("button", name="Reply", exact=True)).to_be_focused()


async def test_a_lost_answer_and_a_reload_do_not_post_twice(site: SiteClient, ada: Writer) -> None:
    ada.allow(LOST)
    await ada.open_as("Ada", "a")

    async def lose(route: Any) -> None:
        await route.fetch()  # the service has it
        await route.abort("connectionreset")  # and nobody knows

    await ada.page.route("**/articles/a/comments", lose)
    await ada.write("Only once.")
    await ada.press_send()
    await expect(ada.complaint).to_contain_text("cannot be reached")
    await expect(ada.box).to_have_value("Only once.")
    await expect(ada.state("sending")).to_have_count(0)
    await ada.complaint.get_by_role("button", name="Try again").click()
    await expect(ada.complaint).to_contain_text("cannot be reached")
    await ada.page.unroute("**/articles/a/comments")
    await ada.page.reload()
    await expect(ada.box).to_have_value("Only once.")
    await ada.press_send()
    await expect(ada.box).to_have_value("")
    await expect(ada.state("published")).to_have_count(1)
    assert len(await site.walk("a")) == 1


async def test_offline_and_back(site: SiteClient, ada: Writer) -> None:
    ada.allow(LOST)
    await ada.open_as("Ada", "a")
    await ada.write("From a tunnel.")
    await ada.context.set_offline(True)
    await ada.press_send()
    await expect(ada.complaint).to_contain_text("offline")
    await ada.context.set_offline(False)
    await expect(ada.state("published")).to_have_count(1)
    assert len(await site.walk("a")) == 1


async def test_back_online_nothing_is_sent_that_nobody_sent(site: SiteClient, ada: Writer) -> None:
    ada.allow(LOST)
    parent = await site.posted("a", "Said before.")
    await counted(site, "a", 1)
    await ada.open_as("Ada", "a")
    await ada.context.set_offline(True)
    await ada.write("From a tunnel.")
    await ada.press_send()
    await expect(ada.complaint).to_contain_text("offline")
    await ada.box.press_sequentially(" And another half sen")
    said = ada.item(parent["id"]).locator("article")
    await ada.reply_to(said, "Better not.")
    await expect(ada.item(parent["id"]).locator(".complaint")).to_contain_text("offline")
    await ada.item(parent["id"]).get_by_role("button", name="Cancel").click()
    await ada.context.set_offline(False)
    await ada.page.evaluate("() => new Promise((done) => setTimeout(done, 500))")
    assert await texts(site, "a") == ["<p>Said before.</p>\n"]
    await expect(ada.box).to_have_value("From a tunnel. And another half sen")


async def test_another_order_keeps_what_is_being_written(site: SiteClient, ada: Writer) -> None:
    for number in range(25):
        await site.posted("a", f"Number {number}.")
    parent = await site.posted("a", "Said before.")
    await counted(site, "a", 26)
    await ada.open_as("Ada", "a")
    said = await ada.say("First words.")
    await ada.choose(said, "Edit")
    edit = ada.thread.get_by_role("textbox", name="Edit your comment")
    await edit.fill("Better words, not yet sent.")
    await ada.push(ada.item(parent["id"]).locator("article"), "Reply")
    await ada.answer.fill("A reply, not yet sent.")
    await ada.sort("Oldest first")
    await expect(edit).to_have_value("Better words, not yet sent.")
    reply = ada.item(parent["id"]).get_by_role("textbox")
    await expect(reply).to_have_value("A reply, not yet sent.")
    await reply.press("Control+Enter")
    await expect(ada.item(parent["id"]).locator("article").last).to_contain_text("A reply, not yet sent.")
    await edit.press("Control+Enter")
    await expect(ada.comment("Better words, not yet sent.")).to_contain_text("edited")


async def test_a_discussion_that_is_closed_while_somebody_writes_keeps_their_words(
    site: SiteClient, ada: Writer
) -> None:
    await site.posted("a", "Said in time.")
    await counted(site, "a", 1)
    await ada.open_as("Ada", "a")
    await expect(ada.comments).to_have_count(1)
    await ada.write("Half a thou")
    token = await site.token("Max", Role.MODERATOR)
    change = {"locked": True, "locked_reason": "Closed for the night."}
    assert (await site.patch("/moderation/articles/a", change, token=token)).status == 200
    await expect(ada.complaint).to_have_text("Closed for the night.")
    await expect(ada.box).to_have_value("Half a thou")


async def test_a_held_comment_that_was_deleted_stays_away(site: SiteClient, ada: Writer) -> None:
    for number in range(21):
        await site.posted("a", f"Number {number}.")
    await site.patch("/moderation/articles/a", {"moderation": "pre"}, token=await site.token("Max", Role.MODERATOR))
    await site.posted("a", "Waits.", token=await site.token("Ada"))
    await ada.open_as("Ada", "a")
    await ada.choose(ada.comment("Waits."), "Delete")
    await expect(ada.comment("Waits.")).to_have_count(0, timeout=10_000)
    await ada.more.click()
    await expect(ada.comments).to_have_count(21)
    await expect(ada.comment("Waits.")).to_have_count(0)


async def test_the_time_left_to_edit_stays_while_typing(site: SiteClient, ada: Writer) -> None:
    await site.set(max_length=300)
    await ada.open_as("Ada", "a")
    await ada.choose(await ada.say("First words."), "Edit")
    await ada.thread.get_by_role("textbox", name="Edit your comment").fill("x" * 290)
    await expect(ada.thread.get_by_title("Time left to edit")).to_have_text(re.compile(r"^[45]:\d\d$"))
    await expect(ada.thread.get_by_title("10 characters left")).to_have_text("10")


async def test_seconds_left_are_counted_down(site: SiteClient, ada: Writer) -> None:
    ada.allow("429")
    await ada.open_as("Ada", "a")
    body = '{"code": "slow_mode", "status": 429, "title": "", "detail": "", "type": "", "request_id": "x"}'
    headers = {
        "Retry-After": "2",
        "Access-Control-Allow-Origin": ada.press.origin,
        "Access-Control-Expose-Headers": "Retry-After",
    }
    await ada.page.route(
        "**/articles/a/comments",
        lambda route: route.fulfill(status=429, body=body, headers=headers, content_type="application/problem+json"),
        times=1,
    )
    await ada.write("Too quick.")
    await ada.press_send()
    await expect(ada.complaint).to_have_text("Slow mode: you can post again in 2 seconds.")
    await expect(ada.place.get_by_role("button", name="Post")).to_be_disabled()
    await expect(ada.complaint).to_have_text("Slow mode: you can post again in 1 second.")
    await expect(ada.complaint).to_have_count(0)
    await ada.press_send()
    await expect(ada.comment("Too quick.")).to_have_count(1)


async def test_refusals_are_told_in_words_and_the_text_stays(site: SiteClient, ada: Writer) -> None:
    ada.allow("422")
    await site.set(banned_words=["mudlark"])
    await ada.open_as("Ada", "a")
    await ada.write("A mudlark.")
    await ada.press_send()
    await expect(ada.complaint).to_have_text("It has a word that this site does not allow.")
    await expect(ada.box).to_have_value("A mudlark.")
    await ada.write("A lark.")
    await ada.press_send()
    await expect(ada.comment("A lark.")).to_have_count(1)
    await expect(ada.complaint).to_have_count(0)


async def test_votes_toggle_and_survive_a_reload(site: SiteClient, ada: Writer) -> None:
    await site.posted("a", "Good.", token=await site.token("Ben"))
    await site.posted("a", "Mine.", token=await site.token("Ada"))
    await ada.open_as("Ada", "a")
    good = ada.comment("Good.")
    up, down = good.get_by_role("button", name="Vote up"), good.get_by_role("button", name="Vote down")
    async with ada.page.expect_response("**/vote"):
        await up.click()
    await expect(up).to_have_attribute("aria-pressed", "true")
    await expect(up).to_have_text("1")
    await expect(up).to_be_focused()
    async with ada.page.expect_response("**/vote"):
        await down.click()
    await expect(down).to_have_attribute("aria-pressed", "true")
    await expect(up).to_have_text("")
    await expect(down).to_have_accessible_name("Vote down, 1 vote")
    async with ada.page.expect_response("**/vote"):
        await up.click()
    await ada.page.reload()
    await expect(up).to_have_attribute("aria-pressed", "true")
    await up.click()
    await expect(up).to_have_attribute("aria-pressed", "false")
    await ada.push(ada.comment("Mine."), "Vote up")
    await expect(ada.note(ada.comment("Mine."))).to_have_text("This is your own comment.")


async def test_an_edit_within_the_window(site: SiteClient, ada: Writer) -> None:
    await ada.open_as("Ada", "a")
    said = await ada.say("First words.")
    await ada.choose(said, "Edit")
    edit = ada.thread.get_by_role("textbox", name="Edit your comment")
    await expect(edit).to_have_value("First words.")
    await expect(ada.thread.get_by_title("Time left to edit")).to_have_text(re.compile(r"^[45]:\d\d$"))
    await edit.fill("Better words.")
    await edit.press("Control+Enter")
    better = ada.comment("Better words.")
    await expect(better).to_contain_text("edited")
    await expect(better.get_by_role("button", name="More")).to_be_focused()

    await site.set(banned_words=[], suspect_words=["gravel"])
    await ada.choose(better, "Edit")
    await edit.fill("Gravel words.")
    await edit.press("Control+Enter")
    await expect(ada.note(better)).to_contain_text("Your changes wait for a moderator")
    assert "Better" in (await texts(site, "a"))[0]


async def test_a_deletion_can_be_undone_and_is_sent_when_the_page_is_left(site: SiteClient, ada: Writer) -> None:
    await ada.open_as("Ada", "a")
    said = await ada.say("Regretted.")
    await ada.choose(said, "Delete")
    await expect(said.locator(".body")).to_be_hidden()
    await ada.state("leaving").get_by_role("button", name="Undo").click()
    await expect(said.locator(".body")).to_be_visible()
    await ada.choose(said, "Delete")
    await ada.page.goto(f"{ada.press.origin}/paper.css")

    async def gone() -> bool:
        return await texts(site, "a") == []

    await until(gone)


async def test_a_deletion_is_sent_by_itself(readers: Readers, site: SiteClient, ada: Writer) -> None:
    await ada.page.clock.install()
    await ada.open_as("Ada", "a")
    said = await ada.say("Regretted.")
    await ada.choose(said, "Delete")
    await expect(ada.state("leaving")).to_have_count(1)
    await ada.page.clock.fast_forward(5_000)
    await expect(ada.thread.locator(".tombstone")).to_have_text("Its author deleted this comment.")
    assert await texts(site, "a") == []


async def test_flags_and_a_notice_without_an_account(readers: Readers, site: SiteClient, ada: Writer) -> None:
    comment = await site.posted("a", "Questionable.", token=await site.token("Ben"))
    await ada.open_as("Ada", "a")
    said = ada.comment("Questionable.")
    await ada.choose(said, "Flag")
    await expect(ada.dialog.get_by_label("Why is it illegal?")).to_be_hidden()
    await ada.dialog.get_by_label("Off topic").check()
    await ada.dialog.get_by_label("Anything a moderator should know").fill("Not about larks.")
    await ada.dialog.get_by_role("button", name="Send").click()
    await expect(ada.note(said)).to_contain_text("A moderator will look at it.")
    await expect(ada.dialog).to_have_count(0)
    await ada.choose(said, "Flagged")
    await expect(ada.note(said)).to_contain_text("already")

    nobody: Writer = await readers.new(Writer)
    await nobody.open("a")
    await nobody.choose(nobody.comment("Questionable."), "Flag")
    await expect(nobody.dialog).to_contain_text("sign in first")
    for label, words in (
        ("Why is it illegal?", "It is."),
        ("Which law", "A law"),
        ("Your name", "Nobody"),
        ("How to reach you", "nobody@example.com"),
    ):
        await nobody.dialog.get_by_label(label).fill(words)
    await nobody.dialog.get_by_label("good faith").check()
    await nobody.dialog.get_by_role("button", name="Send").click()
    await expect(nobody.note(nobody.comment("Questionable."))).to_contain_text("A moderator will look at it.")
    token = await site.token("Max", Role.MODERATOR)
    item = (await site.get(f"/moderation/comments/{comment['id']}", token=token)).json
    assert item["flags"]["by_reason"] == {"off_topic": 1, "illegal": 1}


async def test_a_muted_author_is_not_read_until_shown_again(readers: Readers, site: SiteClient) -> None:
    await site.posted("a", "Loud.", token=await site.token("Ben"))
    await site.posted("a", "Quiet.", token=await site.token("Cleo"))
    nobody: Writer = await readers.new(Writer)
    await nobody.open("a")
    await nobody.choose(nobody.comment("Loud."), "Mute Ben")
    await expect(nobody.comment("Loud.").locator(".body")).to_be_hidden()
    await nobody.page.reload()
    await expect(nobody.comment("Loud.").locator(".body")).to_be_hidden()
    await expect(nobody.comment("Quiet.").locator(".body")).to_be_visible()
    await nobody.state("muted").get_by_role("button", name="Show again").click()
    await expect(nobody.comment("Loud.").locator(".body")).to_be_visible()


async def test_held_comments_wait_in_their_place_until_approved(
    readers: Readers, site: SiteClient, ada: Writer
) -> None:
    await site.set(suspect_words=["gravel"])
    ben: Writer = await readers.new(Writer)
    await ben.open_as("Ben", "a")
    await ada.open_as("Ada", "a")
    await ada.write("A gravel road.")
    await ada.press_send()
    waits = ada.state("pending")
    await expect(ada.note(waits)).to_contain_text("Waiting for a moderator. Only you can see it. It has a word")
    await ada.page.reload()
    await expect(ada.note(waits)).to_contain_text("Only you can see it.")
    await expect(ben.comments).to_have_count(0)
    [comment_id] = await ada.ids()
    await act(site, comment_id, "approve")
    await expect(ada.state("published")).to_have_count(1)
    await expect(ada.note(ada.comment("gravel"))).to_have_text("")
    await expect(ada.thread.get_by_role("button", name="1 new notice")).to_be_visible()


async def test_a_removed_comment_tells_why_and_takes_an_appeal(site: SiteClient, ada: Writer) -> None:
    await ada.open_as("Ada", "a")
    await ada.say("Too sharp.")
    [comment_id] = await ada.ids()
    await act(site, comment_id, "remove", reason="abuse")
    gone = ada.state("refused")
    await expect(ada.note(gone)).to_contain_text("A moderator removed this: Insults or attacks. Only you can see it.")
    await ada.page.reload()
    await expect(gone.locator(".body")).to_have_text("Too sharp.")
    await ada.push(gone, "Appeal")
    await ada.dialog.get_by_label("Why should it come back?").fill("It was a joke.")
    await ada.dialog.get_by_role("button", name="Send").click()
    await expect(ada.note(gone)).to_contain_text("Your appeal waits for a moderator.")
    await expect(gone.get_by_role("button", name="Appeal")).to_have_count(0)


async def test_removals_are_told_of_with_their_reason_where_there_is_one(site: SiteClient, ada: Writer) -> None:
    await ada.open_as("Ada", "a")
    for text, action, why in (("Sharp.", "remove", {"reason": "abuse"}), ("Buy this.", "spam", {})):
        comment = await site.posted("a", text, token=await site.token("Ada"))
        await act(site, comment["id"], action, **why)
    await ada.thread.get_by_role("button", name="2 new notices").click()
    told = ada.thread.locator(".notices .link")
    await expect(told).to_have_text(["Your comment was removed", "Your comment was removed (Insults or attacks)"])


async def test_replies_are_told_of_and_lead_there(readers: Readers, site: SiteClient, ada: Writer) -> None:
    mine = await site.posted("a", "Mine.", token=await site.token("Ada"))
    await ada.open_as("Ada", "a")
    await expect(ada.comment("Mine.")).to_be_visible()
    await site.posted("a", "An answer.", parent=mine["id"], token=await site.token("Ben"))
    bell = ada.thread.get_by_role("button", name="1 reply to you")
    await bell.click()
    await ada.thread.get_by_role("button", name="Ben replied to you").click()
    await expect(ada.comment("An answer.")).to_be_focused()
    await ada.page.reload()
    await expect(ada.thread.get_by_role("button", name="Notices")).to_be_visible()


async def test_everything_by_keyboard(site: SiteClient, ada: Writer) -> None:
    await site.posted("a", "Parent.", token=await site.token("Ben"))
    await ada.open_as("Ada", "a")
    await ada.box.focus()
    await ada.page.keyboard.type("Typed.")
    await ada.page.keyboard.press("Control+Enter")
    said = ada.comment("Typed.")
    await expect(said).to_be_focused()
    more = said.get_by_role("button", name="More")
    for _ in range(5):  # time, up, down, reply, more
        await ada.page.keyboard.press("Tab")
    await expect(more).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(ada.thread.get_by_role("menuitem").first).to_be_focused()
    await ada.page.keyboard.press("ArrowDown")
    await expect(ada.thread.get_by_role("menuitem", name="Edit")).to_be_focused()
    await ada.page.keyboard.press("Escape")
    await expect(ada.thread.get_by_role("menu")).to_have_count(0)
    await expect(more).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(ada.thread.get_by_role("menuitem").first).to_be_focused()
    await ada.page.keyboard.press("End")
    await ada.page.keyboard.press("Enter")
    await expect(ada.state("leaving").get_by_role("button", name="Undo")).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(said).to_be_focused()
    await ada.comment("Parent.").get_by_role("button", name="More").focus()
    await ada.page.keyboard.press("Enter")
    await ada.thread.get_by_role("menuitem", name="Flag").press("Enter")
    await expect(ada.dialog).to_be_visible()
    await ada.page.keyboard.press("Escape")
    await expect(ada.comment("Parent.").get_by_role("button", name="More")).to_be_focused()
