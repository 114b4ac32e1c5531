"""Moderators at the console: deciding by keyboard, two at once, taking back, finding, and what people may write."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from service.domain.identity import Role
from tests.browser.desk import Desk
from tests.browser.section import Readers, expect
from tests.client import SiteClient, until

from playwright.async_api import Route  # isort: skip (after the engine, which says so when it is missing)


CONSOLE = Path(__file__).parents[2] / "web" / "console"


def test_every_word_is_there_and_used() -> None:
    sources = {path.name: path.read_text() for path in CONSOLE.glob("*.js")}
    known = set(re.findall(r'^  "([\w.]+)":', sources["words.js"], re.MULTILINE))
    code = "".join(sources.values())
    asked = set(re.findall(r'\bt\("([^"]+)"', code))
    groups = set(re.findall(r"`([a-z_.]+\.)\$\{", code)) | {f"{name}." for name in re.findall(r'named\("(\w+)"', code)}
    named = set(re.findall(r'"((?:\w+\.)+\w+)"', code.replace(sources["words.js"], "")))
    assert asked <= known
    assert {key for key in known if not key.startswith(tuple(groups))} <= asked | named


async def status(site: SiteClient, comment: dict[str, Any]) -> str:
    """What a comment really is."""
    token = await site.token("Looker", Role.MODERATOR)
    found: str = (await site.get(f"/moderation/comments/{comment['id']}", token=token)).json["status"]
    return found


def is_status(site: SiteClient, comment: dict[str, Any], wanted: str) -> Callable[[], Awaitable[bool]]:
    """Whether a comment is so by now."""

    async def check() -> bool:
        return await status(site, comment) == wanted

    return check


async def flag(site: SiteClient, comment: dict[str, Any], reason: str, by: str, note: str | None = None) -> None:
    """A reader's flag."""
    body = {"reason": reason, **({"note": note} if note else {})}
    assert (await site.post(f"/comments/{comment['id']}/flags", body, token=await site.token(by))).status == 201


async def desk(readers: Readers, name: str = "Max", role: Role = Role.MODERATOR, **options: Any) -> Desk:
    """A moderator's page."""
    opened: Desk = await readers.new(Desk, **options)
    await opened.sign_in(name, role)
    return opened


async def test_from_flag_to_removal_by_keyboard_alone_and_back(readers: Readers, site: SiteClient) -> None:
    await site.set(flag_threshold=10)
    bad = await site.posted("a", "A rude word about somebody.", token=await site.token("Rude"))
    fine = await site.posted("a", "A kind word.", token=await site.token("Kind"))
    for reason, by, note in (("abuse", "One", "He means me."), ("abuse", "Two", None), ("hate", "One more", None)):
        await flag(site, bad, reason, by, note)
    await flag(site, fine, "off_topic", "Two")
    moderator = await desk(readers)
    await moderator.go("/queue?queue=flagged")

    await expect(moderator.current).to_contain_text("A rude word")
    await expect(moderator.current.locator(".why")).to_contain_text("Flagged 3 · abuse 2, hate 1")
    await expect(moderator.item).to_contain_text("He means me.")
    place = await moderator.y(moderator.row("A kind word."))
    await moderator.type("r")
    await expect(moderator.page.get_by_role("radio", name="Abuse")).to_be_checked()
    await moderator.type("3", "Enter")

    await until(is_status(site, bad, "removed"))
    await expect(moderator.row("A rude word").locator(".state")).to_contain_text("Removed · Hate")
    await expect(moderator.current).to_contain_text("A kind word.")
    await expect(moderator.item).to_contain_text("A kind word.")
    assert await moderator.y(moderator.row("A kind word.")) == place

    await moderator.type("z")
    await until(is_status(site, bad, "published"))
    await expect(moderator.row("A rude word").locator(".state")).to_be_empty()
    await moderator.type("k", "?")
    await expect(moderator.page.get_by_role("dialog")).to_contain_text("Take back the last decision")
    await moderator.type("Escape", "/")
    await expect(moderator.page.get_by_label("Search words")).to_be_focused()


async def test_what_readers_would_hear_of_waits_for_ten_seconds(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    one, two, three = [await site.posted("a", f"Held number {number}.") for number in (1, 2, 3)]
    moderator = await desk(readers)
    await moderator.page.clock.install()
    await moderator.go("/queue")
    await expect(moderator.current).to_contain_text("Held number 1.")
    await moderator.type("a")
    await expect(moderator.row("Held number 1.").get_by_role("button", name="Undo")).to_be_visible()
    await moderator.row("Held number 1.").get_by_role("button", name="Undo").click()
    await moderator.page.clock.fast_forward(11_000)
    await expect(moderator.row("Held number 1.").locator(".state")).to_be_empty()

    await expect(moderator.current).to_contain_text("Held number 2.")
    await moderator.type("a")
    await moderator.page.clock.fast_forward(11_000)
    await until(is_status(site, two, "published"))
    await expect(moderator.row("Held number 2.").get_by_role("button", name="Undo")).to_be_hidden()
    await moderator.row("Held number 3.").click()
    await moderator.type("a")
    await expect(moderator.row("Held number 3.").locator(".state")).to_contain_text("Approved")
    await moderator.page.goto("about:blank")  # what is left to send is sent then
    await until(is_status(site, three, "published"))
    assert await status(site, one) == "pending"


async def test_two_moderators_never_collide(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    seen, late = await site.posted("a", "Seen by both."), await site.posted("a", "Decided blindly.")
    max_desk, nora = await desk(readers), await desk(readers, "Nora")
    await nora.go("/queue")
    await max_desk.go("/queue")
    await expect(nora.item).to_contain_text("Seen by both.")
    await max_desk.type("r", "2", "Enter")
    await expect(nora.row("Seen by both.").locator(".state")).to_have_text("Max removed it · Abuse")
    await expect(nora.item.locator(".standing")).to_have_text("Max removed it · Abuse")
    await expect(nora.decisions).to_have_count(0)
    assert await status(site, seen) == "removed"

    blind = await desk(readers, "Blind")
    blind.allow("/moderation/events")
    await blind.page.route("**/moderation/events", lambda route: route.abort())
    await blind.page.goto(blind.address("/queue"))
    await expect(blind.current).to_contain_text("Decided blindly.")
    await max_desk.type("s")
    await until(is_status(site, late, "spam"))
    await blind.type("r", "1", "Enter")
    said = "Max marked it as spam · your removal did not count"
    await expect(blind.item.locator(".standing")).to_have_text(said)
    await expect(blind.row("Decided blindly.").locator(".state")).to_have_text(said)
    assert await status(site, late) == "spam"

    await nora.page.locator(".tabs a", has_text="Removed").evaluate("(link) => link.click()")
    await expect(nora.row("Seen by both.")).to_be_visible()
    await max_desk.go(f"/queue/{late['id']}?queue=all")
    await expect(max_desk.item.locator(".history")).to_contain_text("Max marked it as spam")


async def test_a_changed_text_is_shown_before_it_can_be_decided(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    comment = await site.posted("a", "First words.")
    moderator = await desk(readers)
    await moderator.go("/queue")
    await expect(moderator.current).to_contain_text("First words.")
    answer = await site.patch(f"/comments/{comment['id']}", {"text": "Other words."}, token=await site.token())
    assert answer.status in (200, 202)
    await moderator.type("s")
    await expect(moderator.item.locator(".standing")).to_contain_text("changed after you looked")
    await expect(moderator.item).to_contain_text("Other words.")
    assert await status(site, comment) == "pending"
    await moderator.type("s")
    await until(is_status(site, comment, "spam"))


async def test_many_at_once(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    posted = [await site.posted("a", f"Advertisement {number}.") for number in range(60)]
    moderator = await desk(readers)
    await moderator.go("/queue")
    await expect(moderator.rows).to_have_count(50)
    await moderator.type("x", "j", "j", "x")
    await moderator.row("Advertisement 4.").get_by_role("checkbox").click(modifiers=["Shift"])
    await expect(moderator.page.locator(".bulk strong")).to_have_text("4 selected")
    await moderator.type("s")
    for number in (0, 2, 3, 4):
        await until(is_status(site, posted[number], "spam"))
    assert await status(site, posted[1]) == "pending"
    await moderator.row("Advertisement 4.").get_by_role("button", name="Undo").click()
    await until(is_status(site, posted[0], "pending"))
    await until(is_status(site, posted[4], "pending"))
    await moderator.page.locator(".list-column .scroll").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
    await expect(moderator.rows).to_have_count(60)


async def test_the_buttons_below_a_comment_decide_that_comment(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    posted = [await site.posted("a", f"Number {n}.", token=await site.token(f"Person {n}")) for n in range(6)]
    moderator = await desk(readers)
    await moderator.go("/queue")
    spam = moderator.item.get_by_role("button", name="Spam", include_hidden=True)
    for number in (0, 1):
        await moderator.row(f"Number {number}.").get_by_role("checkbox").check()
    await moderator.row("Number 4.").click()
    await expect(spam).to_be_hidden()
    await moderator.type("b")
    await expect(moderator.page.get_by_role("dialog")).to_contain_text("Ban Person 4")
    await moderator.type("Escape")
    await spam.evaluate("(button) => button.click()")
    await until(is_status(site, posted[4], "spam"))
    await expect(moderator.page.locator(".bulk strong")).to_have_text("2 selected")
    await moderator.page.locator(".bulk").get_by_role("button", name="Spam").click()
    await until(is_status(site, posted[1], "spam"))
    await expect(spam).to_be_visible()

    phone = await desk(readers, viewport={"width": 390, "height": 700}, has_touch=True)
    await phone.go("/queue")
    await phone.row("Number 2.").get_by_role("checkbox").check()
    await phone.row("Number 5.").tap()
    await phone.item.get_by_role("button", name="Spam").tap()
    await until(is_status(site, posted[5], "spam"))
    await phone.item.get_by_role("button", name="Back").tap()
    await expect(phone.page.locator(".bulk")).to_be_hidden()
    assert await status(site, posted[2]) == "pending"


async def test_what_waits_for_undo_is_not_lost_when_the_page_is_left(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    posted = [await site.posted("a", f"Held {number}.") for number in range(250)]
    moderator = await desk(readers)
    await moderator.go("/queue")
    for shown in range(100, 300, 50):
        await moderator.page.locator(".list-column .scroll").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
        await expect(moderator.rows).to_have_count(min(shown, 250))
    await moderator.type("*", "a")
    await expect(moderator.rows.last.locator(".state")).to_contain_text("Approved")
    await moderator.page.goto("about:blank")
    token = await site.token("Looker", Role.MODERATOR)

    async def all_sent() -> bool:
        return bool((await site.get("/moderation/counts", token=token)).json["pending"] == 0)

    await until(all_sent)
    assert await status(site, posted[-1]) == "published"


async def test_leaving_is_warned_of_while_more_is_unsent_than_browsers_send(readers: Readers, site: SiteClient) -> None:
    for number in range(40):
        await site.posted("a", f"Number {number}.")
    moderator = await desk(readers)
    asked: list[str] = []
    moderator.page.on("dialog", lambda dialog: asked.append(dialog.type) or asyncio.ensure_future(dialog.accept()))
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await moderator.page.route("**/moderation/decisions", hold)
    await moderator.go("/queue?queue=published")
    await expect(moderator.rows).to_have_count(40)
    await moderator.type("*", "r", "1")
    await moderator.page.get_by_label("Note for moderators").fill("Long. " * 330)
    await moderator.page.get_by_role("button", name="Remove 40 comments").click()
    await expect(moderator.rows.first.locator(".state")).to_contain_text("Removed")
    await moderator.page.close(run_before_unload=True)
    await until(lambda: asyncio.sleep(0, asked == ["beforeunload"]))
    held.set()


async def test_decisions_that_an_ended_session_could_not_send_are_sent_by_the_next(
    readers: Readers, site: SiteClient
) -> None:
    await site.set(moderation="pre")
    one, two = await site.posted("a", "Number one."), await site.posted("a", "Number two.")
    moderator = await desk(readers)
    moderator.allow("401")

    async def refuse(route: Route) -> None:
        await route.fulfill(status=401, json={"code": "token_expired", "status": 401})

    for name in ("Max", "Somebody else"):
        await moderator.page.route("**/moderation/decisions", refuse)
        await moderator.page.clock.install()
        await moderator.go("/queue")
        await expect(moderator.current).to_contain_text("Number one." if name == "Max" else "Number two.")
        await moderator.type("a")
        await moderator.page.clock.fast_forward(11_000)
        note = moderator.page.locator(".signin .note")
        await expect(note).to_contain_text("1 decision that could not be sent is sent then")
        await moderator.page.unroute("**/moderation/decisions")
        await moderator.page.get_by_label("A moderator’s token").fill(await site.token(name, Role.MODERATOR))
        await moderator.page.keyboard.press("Enter")
        said = "from before you signed in again was sent" if name == "Max" else "was not sent"
        await expect(moderator.page.locator(".undo-line")).to_contain_text(said)
    await until(is_status(site, one, "published"))
    assert await status(site, two) == "pending"
    await moderator.page.get_by_role("button", name="Close").click()
    await expect(moderator.page.locator(".undo-line")).to_be_hidden()


async def test_the_last_step_can_be_taken_back_wherever_one_is(readers: Readers, site: SiteClient) -> None:
    posted = [await site.posted("a", f"Number {n}.", token=await site.token(f"Person {n}")) for n in range(4)]
    moderator = await desk(readers)
    line = moderator.page.locator(".undo-line")
    await moderator.go("/queue?queue=published")
    await moderator.type("s")
    await until(is_status(site, posted[3], "spam"))
    await moderator.page.locator(".side a", has_text="Dashboard").click()
    await expect(moderator.page.locator(".tile").first).to_be_visible()
    await expect(line).to_contain_text("Marked as spam · \u2068Person 3")
    await moderator.type("z")
    await until(is_status(site, posted[3], "published"))
    await expect(line).to_be_hidden()

    await moderator.go("/queue?queue=published")
    await moderator.row("Number 2.").click()
    await moderator.type("b")
    await moderator.page.get_by_label("Reason, which they read").fill("Insults.")
    await moderator.page.get_by_role("dialog").get_by_role("button", name="Ban Person 2").click()
    await expect(line).to_contain_text("Person 2 is banned.")
    banned = await site.token("Person 2")
    assert (await site.get("/me", token=banned)).json["ban"]
    await line.get_by_role("button", name="Undo").click()

    async def free() -> bool:
        return (await site.get("/me", token=banned)).json["ban"] is None

    await until(free)

    phone = await desk(readers, viewport={"width": 390, "height": 700}, has_touch=True)
    await phone.go("/queue?queue=published")
    await phone.row("Number 3.").tap()
    await phone.item.get_by_role("button", name="Spam").tap()
    await until(is_status(site, posted[3], "spam"))
    line = phone.page.locator(".undo-line")
    await expect(line).to_contain_text("Marked as spam")
    ends = await line.evaluate("(line) => line.getBoundingClientRect().bottom")
    assert ends <= await phone.y(phone.item.locator(".decisions"))
    await line.get_by_role("button", name="Undo").tap()
    await until(is_status(site, posted[3], "published"))
    await phone.item.get_by_role("button", name="Feature").tap()
    await expect(line).to_contain_text("Featured")
    await line.get_by_role("button", name="Undo").tap()
    await expect(phone.item.get_by_role("button", name="Feature")).to_be_visible()


async def test_a_decision_that_came_too_late_is_told(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    await site.posted("a", "Seen by both.")
    max_desk, nora = await desk(readers), await desk(readers, "Nora")
    await max_desk.go("/queue")
    await nora.go("/queue")
    await expect(max_desk.current).to_contain_text("Seen by both.")
    await max_desk.type("a")
    await nora.type("s")
    said = "Nora marked it as spam · your approval did not count"
    await expect(max_desk.row("Seen by both.").locator(".state")).to_have_text(said)
    await expect(max_desk.page.locator(".frame > .spoken")).to_have_text(said)
    await expect(max_desk.page.locator(".undo-line")).to_be_hidden()


async def test_why_it_was_removed_stands_where_it_is_judged(readers: Readers, site: SiteClient) -> None:
    root = await site.posted("a", "What they all answer.", token=await site.token("Ben"))
    ada = await site.token("Ada")
    said = await site.posted("a", "He said so.", token=ada, parent=root["id"])
    await site.posted("a", "Long. " * 200, token=await site.token("Cleo"), parent=root["id"])
    wish = {"comment_id": said["id"], "action": "remove", "reason": "abuse", "note": "Third time."}
    nora = await site.token("Nora", Role.MODERATOR)
    await site.post("/moderation/decisions", {"decisions": [wish]}, token=nora)
    await site.post(f"/me/comments/{said['id']}/appeal", {"text": "I quoted him."}, token=ada)
    moderator = await desk(readers)
    await moderator.go("/queue?queue=appeals")
    await expect(moderator.item.locator(".reasons")).to_contain_text("Nora removed it · Abuse Third time.")
    await expect(moderator.item.locator(".standing")).to_have_count(0)
    assert await moderator.y(moderator.item.locator(".history")) < await moderator.y(moderator.item.locator(".context"))
    neighbour = moderator.item.locator(".context li", has_text="Long.")
    short = (await neighbour.bounding_box() or {})["height"]
    await neighbour.get_by_role("button", name="Show all").click()
    assert (await neighbour.bounding_box() or {})["height"] > short + 100
    judge = await desk(readers, "Nora")
    await judge.go("/queue?queue=appeals")
    await expect(judge.item.locator(".standing")).to_contain_text("You removed this comment yourself.")


async def test_three_lines_open_in_place_by_a_press(readers: Readers, site: SiteClient) -> None:
    await site.posted("a", "Short.")
    await site.posted("a", "Long. " * 200)
    moderator = await desk(readers)
    await moderator.go("/queue?queue=published")
    await expect(moderator.row("Long.").get_by_role("button", name="Show all its words")).to_be_visible()
    await expect(moderator.row("Short.").get_by_role("button", name="Show all its words")).to_have_count(0)
    short = (await moderator.row("Long.").bounding_box() or {})["height"]
    await moderator.row("Long.").get_by_role("button", name="Show all its words").click()
    assert (await moderator.row("Long.").bounding_box() or {})["height"] > short + 100


async def test_the_list_keeps_still_while_a_page_of_it_is_decided(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    for number in range(16):
        await site.posted("a", f"Number {number}.")
    moderator = await desk(readers)
    await moderator.go("/queue")
    await expect(moderator.rows).to_have_count(16)
    scroll = moderator.page.locator(".list-column .scroll")
    bottom = await scroll.evaluate("(list) => list.getBoundingClientRect().bottom")
    seen = len([row for row in await moderator.rows.all() if await moderator.y(row) < bottom])
    for number in range(seen):
        await expect(moderator.current).to_contain_text(f"Number {number}.")
        assert await scroll.evaluate("(list) => list.scrollTop") == 0
        await moderator.type("s")
    await expect(moderator.current).to_contain_text(f"Number {seen}.")
    await expect(moderator.current).to_be_in_viewport()
    assert await scroll.evaluate("(list) => list.scrollTop") > 100


async def test_filters_and_empty_lists_say_what_they_are(readers: Readers, site: SiteClient) -> None:
    said = await site.posted("a", "A word.", token=await site.token("Ada"))
    token = await site.token("Nora", Role.MODERATOR)
    changes = {"title": "The lighthouse", "section": "Reportage"}
    await site.patch("/moderation/articles/a", changes, token=token)
    moderator = await desk(readers)
    await moderator.go(f"/queue?queue=all&article=a&author={said['author']['id']}")
    await expect(moderator.page.locator(".chip")).to_have_text(["Article The lighthouse ×", "Author Ada ×"])
    await moderator.page.get_by_role("combobox", name="Section").focus()
    await expect(moderator.page.locator("#filter-section-known option")).to_have_attribute("value", "Reportage")
    await moderator.go("/queue?queue=pending&section=reportage")
    await expect(moderator.page.get_by_text("No comment is like this.")).to_be_visible()
    await moderator.go("/queue")
    await expect(moderator.page.get_by_text("Nothing waits here.")).to_be_visible()


async def test_the_dashboard_says_what_the_queue_says(readers: Readers, site: SiteClient) -> None:
    await site.set(suspect_words=["gravel"])
    said = await site.posted("a", "The road is made of sand.")
    await site.posted("a", "Gravel.", token=await site.token("Ben"))
    answer = await site.patch(f"/comments/{said['id']}", {"text": "It is gravel."}, token=await site.token())
    assert answer.status == 202
    moderator = await desk(readers)
    await moderator.go("/dashboard")
    await expect(moderator.page.locator(".side [data-count=pending]")).to_have_text("2")
    waiting = moderator.page.locator(".tile", has_text="Waiting").locator(".value").first
    await expect(waiting).to_have_text("2")
    await site.posted("a", "More gravel.", token=await site.token("Cleo"))
    await expect(waiting).to_have_text("3")


async def test_an_authors_comments_follow_a_ban_that_removed_them(readers: Readers, site: SiteClient) -> None:
    said = await site.posted("a", "A word.", token=await site.token("Ada"))
    moderator = await desk(readers)
    await moderator.go(f"/authors/{said['author']['id']}")
    await expect(moderator.rows.locator(".why")).to_have_text("Published")
    await moderator.page.get_by_role("button", name="Ban …").click()
    await moderator.page.get_by_label("Reason, which they read").fill("Insults.")
    await moderator.page.get_by_label("Remove the 1 comment").check()
    await moderator.page.get_by_role("button", name=re.compile("Ban Ada .* and remove 1 comment")).click()
    await expect(moderator.rows.locator(".why")).to_have_text("Removed")


async def test_settings_say_what_is_wrong_beside_it_and_keep_what_is_not_saved(
    readers: Readers, site: SiteClient
) -> None:
    await site.posted("a", "Casino, casino.")
    await site.posted("a", "A lottery.")
    admin = await desk(readers, "Ruth", Role.ADMIN)
    page = admin.page
    await admin.go("/settings")
    await page.get_by_label("Sections that differ").fill("Letters: post\nSport")
    wrong = await page.get_by_label("Sections that differ").evaluate("(field) => field.validationMessage")
    assert wrong == "Line 2, “Sport”: write it like “Sport: pre” or “Sport: post”."
    await page.get_by_label("Sections that differ").fill("Letters: post\nSport: pre")

    await page.get_by_label("Suspect words").fill("casino")
    await page.get_by_label("Banned words").fill("lottery")
    await page.get_by_role("button", name="Try these rules").click()
    await expect(page.get_by_text("1 would be held, 1 would be refused, 0 would not be held")).to_be_visible()
    heading = page.get_by_role("heading", name="Try these rules")
    await expect(heading).to_be_focused()
    await expect(heading).to_be_in_viewport()

    await page.get_by_label("Language").fill("nonsense!")
    admin.allow("422")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Language")).to_be_focused()
    bar = await admin.y(page.locator(".settings-bar"))
    assert await admin.y(page.locator("[data-setting=language] small.wrong")) < bar - 12
    await expect(page.get_by_label("Language")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("[data-setting=language] small.wrong")).not_to_be_empty()
    await expect(page.locator(".settings-bar [role=alert]")).to_contain_text("Language.")
    assert "language:" not in await page.locator(".settings-bar").inner_text()

    await page.locator(".side a", has_text="Dashboard").click()
    await expect(page.locator(".tile").first).to_be_visible()
    await page.locator(".side a", has_text="Rules and settings").click()
    await expect(page.get_by_text("Your changes are still here")).to_be_visible()
    await expect(page.get_by_label("Suspect words")).to_have_value("casino")
    await page.get_by_label("Language").fill("en")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Every process follows")).to_be_visible()
    assert (await site.site()).settings.section_moderation == {"Letters": "post", "Sport": "pre"}


async def test_what_cannot_be_undone_waits_and_what_can_be_is_undone(readers: Readers, site: SiteClient) -> None:
    said = await site.posted("a", "A word.", token=(ada := await site.token("Ada")))
    admin = await desk(readers, "Ruth", Role.ADMIN)
    undo = admin.page.locator(".undo-line").get_by_role("button", name="Undo")
    await admin.go("/webhooks")
    await admin.page.get_by_label("Address").fill("https://example.com/hook")
    await admin.page.get_by_role("button", name="Add webhook").click()
    await admin.page.get_by_role("button", name="Delete this webhook").click()
    await expect(admin.page.get_by_text("No webhooks.")).to_be_visible()
    await undo.click()
    await expect(admin.page.locator(".lines li")).to_have_count(1)

    await admin.go("/articles/a")
    await admin.page.get_by_role("button", name="Hide the discussion").click()
    await expect(admin.page.locator(".undo-line")).to_contain_text("The discussion is hidden.")
    await undo.click()
    await expect(admin.page.get_by_role("button", name="Hide the discussion")).to_be_visible()
    assert (await site.page("a"))["article"]["comment_count"] == 1

    await admin.page.clock.install()
    await admin.go(f"/authors/{said['author']['id']}")
    await admin.page.get_by_role("button", name="End all their sessions").click()
    await expect(admin.page.locator(".undo-line")).to_contain_text("All sessions of Ada end.")
    assert (await site.get("/me", token=ada)).status == 200
    await admin.page.clock.fast_forward(11_000)
    await expect(admin.page.get_by_text("All their tokens are refused")).to_be_visible()


async def test_the_log_names_what_was_decided_about(readers: Readers, site: SiteClient) -> None:
    said = await site.posted("a", "A rude word.", token=await site.token("Ada"))
    wish = {"comment_id": said["id"], "action": "remove", "reason": "abuse"}
    await site.post("/moderation/decisions", {"decisions": [wish]}, token=await site.token("Nora", Role.MODERATOR))
    moderator = await desk(readers)
    await moderator.go("/log")
    line = moderator.page.locator(".decision")
    await expect(line).to_contain_text("Nora removed it · Abuse")
    await expect(line.get_by_role("link", name="A rude word.")).to_be_visible()
    await expect(line.get_by_role("link", name="Ada")).to_be_visible()
    await line.get_by_role("link", name="Nora").click()
    await moderator.page.get_by_role("button", name="Without this filter: Decided by Nora").click()
    await expect(moderator.page.locator(".chip")).to_have_count(0)


async def test_what_is_not_sent_yet_stays_decided_in_every_list(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    one = await site.posted("a", "Number one.")
    await site.posted("a", "Number two.")
    moderator = await desk(readers)
    await moderator.go("/queue")
    await expect(moderator.current).to_contain_text("Number one.")
    await moderator.type("a")
    await moderator.page.locator(".side a", has_text="Dashboard").click()
    await moderator.page.locator(".side a", has_text="Held").click()
    await expect(moderator.row("Number one.").locator(".state")).to_contain_text("Approved")
    await expect(moderator.current).to_contain_text("Number two.")
    await site.posted("a", "Number three.")
    await moderator.page.get_by_role("button", name="1 new comment").click()
    await expect(moderator.rows).to_have_count(3)
    await expect(moderator.row("Number one.").locator(".state")).to_contain_text("Approved")
    await moderator.type("z")
    await expect(moderator.row("Number one.").locator(".state")).to_be_empty()
    await moderator.row("Number one.").click()
    await expect(moderator.item.get_by_role("button", name="Approve")).to_be_visible()
    assert await status(site, one) == "pending"


async def test_new_comments_wait_behind_a_button(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    first = await site.posted("a", "First.")
    moderator = await desk(readers)
    await moderator.go("/queue")
    place = await moderator.y(moderator.row("First."))
    await site.posted("a", "Second.")
    await site.posted("a", "Third.")
    await expect(moderator.page.get_by_role("button", name="2 new comments")).to_be_visible()
    assert await moderator.y(moderator.row("First.")) == place
    await moderator.page.get_by_role("button", name="2 new comments").click()
    await expect(moderator.rows).to_have_count(3)
    await expect(moderator.page.locator(".side [data-count=pending]")).to_have_text("3")
    await expect(moderator.page.locator(".arrived")).to_be_hidden()
    await moderator.type("s", "s")
    await until(is_status(site, first, "spam"))
    await expect(moderator.page.locator(".side [data-count=pending]")).to_have_text("1")
    await expect(moderator.page.locator(".arrived")).to_be_hidden()


async def test_the_list_without_single_keys(readers: Readers, site: SiteClient) -> None:
    for number in range(3):
        await site.posted("a", f"Number {number}.")
    moderator = await desk(readers)
    await moderator.go("/queue?queue=published")
    await moderator.type("?")
    await moderator.page.get_by_label("Single keys are on").uncheck()
    await moderator.type("Escape", "j", "s")
    await expect(moderator.current).to_contain_text("Number 2.")
    await expect(moderator.rows.locator(".state:not(:empty)")).to_have_count(0)
    await moderator.current.focus()
    await moderator.type("ArrowDown")
    await expect(moderator.current).to_contain_text("Number 1.")
    await moderator.rows.last.focus()
    await moderator.type("Enter")
    await expect(moderator.item).to_contain_text("Number 0.")


async def test_filters_are_in_the_address(readers: Readers, site: SiteClient) -> None:
    await site.posted("a", "Herring and lamps.")
    wanted = await site.posted("b", "Herring again.", token=await site.token("Grace"))
    await site.posted("b", "Something else.")
    moderator = await desk(readers)
    await moderator.go("/queue?queue=published&article=b")
    await expect(moderator.rows).to_have_count(2)
    await moderator.type("/")
    await moderator.page.keyboard.type("herring")
    await moderator.type("Enter")
    await expect(moderator.rows).to_have_count(1)
    address = urlsplit(moderator.page.url)
    assert parse_qs(address.query) == {"queue": ["published"], "article": ["b"], "q": ["herring"]}
    assert address.path.endswith(f"/queue/{wanted['id']}") or address.path.endswith("/queue")

    await moderator.page.reload()
    await expect(moderator.rows).to_have_count(1)
    await expect(moderator.current).to_contain_text("Herring again.")
    await moderator.page.get_by_role("button", name="Without this filter: Article id b").click()
    await expect(moderator.rows).to_have_count(2)
    await moderator.page.go_back()
    await expect(moderator.rows).to_have_count(1)


async def test_signing_in_at_the_publishers_page_and_back(readers: Readers, site: SiteClient, press: Any) -> None:
    await site.set(sign_in_url=f"{press.origin}/sign-in?from=console")
    await site.posted("a", "Waiting for a moderator.")
    person: Desk = await readers.new(Desk)
    asked: list[dict[str, list[str]]] = []
    token, forged = await site.token("Max", Role.MODERATOR), await site.token("Mallory", Role.MODERATOR)

    async def sign_in(route: Route) -> None:
        asked.append(parse_qs(urlsplit(route.request.url).query))
        back = f"{asked[-1]['return_to'][0]}#token={token}&amp;state={asked[-1]['state'][0]}"
        page = f'<!doctype html><title>Sign in</title><a href="{back}">I am Max</a>'
        await route.fulfill(content_type="text/html", body=page)

    await person.page.route(re.compile("/sign-in"), sign_in)
    wanted = person.address("/queue?queue=published&article=a")
    await person.page.goto(wanted)
    await person.page.get_by_role("button", name=f"Sign in at {urlsplit(press.origin).netloc}").click()
    await person.page.get_by_role("link", name="I am Max").click()
    await expect(person.row("Waiting for a moderator.")).to_be_visible()
    assert person.page.url.split("#")[0].replace(re.findall(r"/[0-9a-f-]{36}", person.page.url)[0], "") == wanted
    assert "#" not in person.page.url
    assert token not in person.page.url
    assert (asked[0]["return_to"], asked[0]["from"]) == ([f"{site.service.url}/console"], ["console"])
    assert await person.page.evaluate("() => localStorage.length + document.cookie.length") == 0

    other: Desk = await readers.new(Desk)
    await other.page.goto(f"{site.service.url}/console/{site.name}/queue#token={forged}&state=guessed")
    await expect(other.page.get_by_text("not started in this tab")).to_be_visible()
    assert forged not in other.page.url
    other.allow("answered: 401", "status of 401")
    for pasted, said in ((await site.token("Reader"), "no moderator"), ("nonsense", "not valid")):
        await other.page.get_by_label("A moderator’s token").fill(pasted)
        await other.type("Enter")
        await expect(other.page.get_by_role("alert")).to_contain_text(said)
    await other.page.get_by_label("A moderator’s token").fill(token)
    await other.type("Enter")
    await expect(other.page.get_by_role("heading", name="Held")).to_be_visible()
    await other.page.get_by_role("button", name="Sign out").click()
    await expect(other.page.get_by_text("You are signed out.")).to_be_visible()
    assert await other.page.evaluate("() => Object.keys(sessionStorage).join()") == ""


async def test_a_session_that_ends_comes_back_to_its_place(readers: Readers, site: SiteClient) -> None:
    await site.posted("a", "Still here.")
    moderator = await desk(readers)
    moderator.allow("answered: 401", "status of 401", "/moderation/events")
    await moderator.go("/queue?queue=published")
    await moderator.page.route("**/moderation/comments?*", lambda route: route.fulfill(
        status=401, content_type="application/problem+json", body='{"code": "token_expired"}'
    ))  # fmt: skip
    await moderator.type("7")
    await expect(moderator.page.get_by_text("Your session ended.")).to_be_visible()
    await moderator.page.unroute("**/moderation/comments?*")
    await moderator.page.get_by_label("A moderator’s token").fill(await site.token("Max", Role.MODERATOR))
    await moderator.type("Enter")
    await expect(moderator.page.get_by_role("heading", name="Everything")).to_be_visible()
    await expect(moderator.row("Still here.")).to_be_visible()


async def test_a_ban_says_what_will_happen_and_can_be_taken_back(readers: Readers, site: SiteClient) -> None:
    ada = await site.token("Ada")
    posted = [await site.posted("a", f"Ada says {number}.", token=ada) for number in range(3)]
    await site.posted("a", "Somebody else.", token=await site.token("Ben"))
    moderator = await desk(readers)
    await moderator.go("/queue?queue=published")
    await moderator.row("Ada says 1.").click()
    await moderator.type("b")
    dialog = moderator.page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name=re.compile(r"Ban Ada until \d+ \w+ \d{4}$"))).to_be_visible()
    await dialog.get_by_label("Reason").fill("Insults.")
    await dialog.get_by_label("Until").select_option("for_good")
    await dialog.get_by_label("Remove the 3 comments").check()
    await dialog.get_by_role("button", name="Ban Ada for good and remove 3 comments").click()
    await until(is_status(site, posted[2], "removed"))
    await expect(moderator.row("Ada says 0.").locator(".state")).to_contain_text("Author banned")
    await expect(moderator.row("Somebody else.").locator(".state")).to_be_empty()
    await expect(moderator.current).to_contain_text("Somebody else.")
    await moderator.type("z")
    for comment in posted:
        await until(is_status(site, comment, "published"))
    assert (await site.get("/me", token=ada)).json["ban"] is None


async def test_an_edit_and_an_appeal_are_judged_by_what_they_say(readers: Readers, site: SiteClient) -> None:
    await site.set(suspect_words=["idiots"])
    edited = await site.posted("a", "The clock is ten minutes slow.")
    answer = await site.patch(
        f"/comments/{edited['id']}", {"text": "The clock is slow, idiots."}, token=await site.token()
    )
    assert answer.status == 202
    removed = await site.posted("a", "He said so.", token=await site.token("Ben"))
    body = {"decisions": [{"comment_id": removed["id"], "action": "remove", "reason": "abuse"}]}
    await site.post("/moderation/decisions", body, token=await site.token("Nora", Role.MODERATOR))
    await site.post(f"/me/comments/{removed['id']}/appeal", {"text": "I quoted him."}, token=await site.token("Ben"))

    moderator = await desk(readers)
    await moderator.go("/queue")
    await expect(moderator.current.locator(".why")).to_contain_text("An edit waits")
    await expect(moderator.item.locator("del").first).to_contain_text("ten minutes")
    await expect(moderator.item.locator("ins").last).to_contain_text("idiots.")
    await moderator.type("e")
    await expect(moderator.row("The clock").locator(".state")).to_contain_text("Edit rejected")
    await moderator.type("3")
    await expect(moderator.item.locator("blockquote")).to_have_text("I quoted him.")
    await expect(moderator.item.locator(".history")).to_contain_text("Nora removed it · Abuse")
    await moderator.item.get_by_role("button", name="Grant appeal").click()
    await moderator.page.goto("about:blank")
    await until(is_status(site, removed, "published"))
    token = await site.token("Max", Role.MODERATOR)
    assert (await site.get(f"/moderation/comments/{edited['id']}", token=token)).json["pending_revision"] is None


async def test_on_a_phone_a_comment_fills_the_screen(readers: Readers, site: SiteClient) -> None:
    await site.set(moderation="pre")
    first, _ = await site.posted("a", "One. " * 300), await site.posted("a", "Two.")
    phone = await desk(readers, viewport={"width": 390, "height": 700}, has_touch=True)
    await phone.go("/queue")
    await expect(phone.item).to_be_hidden()
    await phone.row("One.").tap()
    await expect(phone.rows.first).to_be_hidden()
    button = phone.item.get_by_role("button", name="Spam")
    await expect(button).to_be_in_viewport()
    box = await button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] > 550
    assert await phone.fits()
    await button.tap()
    await until(is_status(site, first, "spam"))
    await expect(phone.item).to_contain_text("Two.")
    await phone.page.go_back()
    await expect(phone.rows).to_have_count(2)
    await expect(phone.row("Two.")).to_be_visible()


HOSTILE = (
    "</script><script>document.title='run'</script>",
    "<img src=x onerror=\"document.title='run'\"> <svg onload=document.title='run'>",
    "[press](javascript:document.title='run') <javascript:alert(1)>",
    "a" * 10_000,
    "\u202eright to left for ever \u2066 and isolated",
    "Z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307algo " * 40,
    "# heading\n\n" + "> " * 50 + "deep",
)


async def test_whatever_people_write_is_harmless(readers: Readers, site: SiteClient) -> None:
    nasty = await site.token("</script><script>document.title='run'</script>")
    for words in HOSTILE:
        await site.posted("a", words, token=nasty)
    moderator = await desk(readers)
    await moderator.go("/queue?queue=published")
    await expect(moderator.rows).to_have_count(len(HOSTILE))
    for number in range(len(HOSTILE)):
        await expect(moderator.rows.nth(number)).to_have_attribute("aria-current", "true")
        await expect(moderator.item.locator(".text").first).to_be_visible()
        assert await moderator.fits()
        await moderator.type("j")
    await moderator.go("/authors")
    await moderator.page.get_by_role("link", name="</script>").click()
    await expect(moderator.rows).to_have_count(len(HOSTILE))
    assert await moderator.fits()
    await moderator.page.set_viewport_size({"width": 320, "height": 700})
    assert await moderator.fits()
    await moderator.go("/queue?queue=published")
    assert await moderator.fits()
    await moderator.row("aaaa").click()
    await expect(moderator.item.locator(".text").first).to_be_visible()
    assert await moderator.fits()
    assert await moderator.page.title() == f"Published · {site.name} · Discuss console"


async def test_every_other_place(readers: Readers, site: SiteClient) -> None:
    comment = await site.posted("the-article", "Casino, casino.", token=await site.token("Ada"))
    admin = await desk(readers, "Ruth", Role.ADMIN)

    await admin.go(f"/authors/{comment['author']['id']}")
    await admin.page.get_by_label("New note").fill("Called her.")
    await admin.page.get_by_role("button", name="Add a note").click()
    await expect(admin.page.locator(".note-text")).to_have_text("Called her.")
    await admin.page.get_by_label("Role").select_option("moderator")
    await admin.page.get_by_role("button", name="Save").click()
    await expect(admin.page.locator(".page .badge", has_text="Moderator")).to_be_visible()

    await admin.go("/articles/the-article")
    await admin.page.get_by_label("What readers are told").fill("Settled.")
    await admin.page.get_by_role("button", name="Lock").click()
    await expect(admin.page.get_by_role("button", name="Unlock")).to_be_visible()
    assert (await site.page("the-article"))["article"]["locked_reason"] == "Settled."
    await admin.page.get_by_label("Slow mode").select_option("300")
    await admin.page.locator("section", has=admin.page.get_by_label("Slow mode")).get_by_role("button").click()
    await expect(admin.page.get_by_text("Saved.")).to_be_visible()
    await admin.page.reload()
    await expect(admin.page.get_by_label("Slow mode")).to_have_value("300")
    await admin.page.get_by_role("button", name="Hide the discussion").click()
    await expect(admin.page.get_by_role("button", name="Show the discussion")).to_be_visible()

    await admin.go("/networks")
    await admin.page.get_by_label("Network").fill("192.0.2.0/24")
    await admin.page.get_by_label("Reason, which they read").fill("Spam.")
    await admin.page.get_by_role("button", name="Ban this network").click()
    await expect(admin.page.locator(".lines li")).to_contain_text("192.0.2.0/24")
    await admin.page.get_by_role("button", name="Lift").click()
    await expect(admin.page.get_by_text("No network is banned.")).to_be_visible()

    await admin.go("/settings")
    await admin.page.get_by_label("Suspect words").fill("casino\nlottery")
    await admin.page.get_by_role("button", name="Try these rules").click()
    await expect(admin.page.locator(".trial .lines li")).to_contain_text(["Casino, casino."])
    await expect(admin.page.locator(".settings-bar strong")).to_have_text("1 change")
    await site.set(max_links=4)  # somebody else, meanwhile
    admin.allow("answered: 409", "status of 409")
    await admin.page.get_by_role("button", name="Save").click()
    await expect(admin.page.get_by_text("Somebody else changed the settings")).to_be_visible()
    await admin.page.get_by_role("button", name="Save").click()
    await expect(admin.page.get_by_text("Every process follows")).to_be_visible()
    settings = (await site.site()).settings
    assert (settings.suspect_words, settings.max_links) == (["casino", "lottery"], 4)

    await admin.go("/webhooks")
    await admin.page.get_by_label("Address").fill("https://example.com/hook")
    await admin.page.get_by_role("button", name="Add webhook").click()
    await expect(admin.page.get_by_text("whsec_")).to_be_visible()
    await admin.page.get_by_role("button", name="Delete").click()
    await expect(admin.page.get_by_text("No webhooks.")).to_be_visible()

    await admin.go("/log")
    for words in ("changed the settings", "lifted a network’s ban", "hid an article", "made them a moderator"):
        await expect(admin.page.locator(".decision", has_text=words).first).to_be_visible()
    await admin.go("/dashboard?window=7d")
    await expect(admin.page.locator(".tile")).to_have_count(4)
    await expect(admin.page.locator(".tile .value").nth(2)).to_have_text("1")

    moderator = await desk(readers)
    await moderator.go("/queue")
    await expect(moderator.page.locator(".side a", has_text="Decision log")).to_be_visible()
    await expect(moderator.page.locator(".side a", has_text="Webhooks")).to_have_count(0)
