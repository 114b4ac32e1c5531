"""Reading a discussion: pages, order, branches, links to comments, and how it all looks to whom."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from service.domain.identity import Role
from service.operations.moderation import decide
from tests.browser.section import Readers, Section, expect
from tests.client import SiteClient, until

SORTS = {"Newest first": "newest", "Oldest first": "oldest", "Best first": "top", "Most debated": "controversial"}


async def counted(site: SiteClient, article: str, number: int) -> None:
    """Wait until pages show so many comments."""

    async def found() -> bool:
        return bool((await site.page(article))["article"]["comment_count"] == number)

    await until(found)


async def chain(site: SiteClient, article: str, length: int) -> list[dict[str, Any]]:
    """A comment, a reply to it, a reply to that, and so on."""
    comments = [await site.posted(article, "Link 0.")]
    for number in range(1, length):
        comments.append(await site.posted(article, f"Link {number}.", parent=comments[-1]["id"]))
    return comments


async def act(site: SiteClient, comment: dict[str, Any], action: Any) -> None:
    """A moderator's decision."""
    await decide(site.service.deps, await site.site(), UUID(comment["id"]), action)


@pytest.fixture
async def long(site: SiteClient) -> str:
    """An article with 23 roots, the last of which has 14 replies."""
    for number in range(22):
        await site.posted("long", f"Root {number}.")
    busy = await site.posted("long", "The busy one.")
    for number in range(14):
        await site.posted("long", f"Reply {number}.", parent=busy["id"])
    await counted(site, "long", 37)
    return "long"


# ---- pages


async def test_the_rest_comes_when_asked_for_and_nothing_twice(reader: Section, site: SiteClient, long: str) -> None:
    await reader.open(long)
    await expect(reader.roots).to_have_count(20)
    await expect(reader.comments).to_have_count(30)
    await expect(reader.count).to_have_text("37")

    await reader.thread.get_by_role("button", name="Show 4 more replies").click()
    await expect(reader.comments).to_have_count(34)
    await expect(reader.comment("Reply 10.")).to_be_focused()
    await expect(reader.thread.get_by_role("button", name="more repl")).to_have_count(0)

    await reader.more.click()
    await expect(reader.roots).to_have_count(23)
    await expect(reader.more).to_be_hidden()
    shown = await reader.ids()
    assert shown == [comment["id"] for comment in await site.walk(long)]


async def test_every_order_is_the_services(reader: Section, site: SiteClient, long: str) -> None:
    page = await site.page(long)
    voted = page["comments"][7]["id"]
    await site.put(f"/comments/{voted}/vote", {"value": 1}, token=await site.token("Voter"))

    async def ranked() -> bool:
        return bool((await site.page(long, "?sort=top"))["comments"][0]["id"] == voted)

    await until(ranked)
    await reader.open(long)
    for label, sort in SORTS.items():
        await reader.sort(label)
        wanted = [root["id"] for root in (await site.page(long, f"?sort={sort}"))["comments"]]
        await expect(reader.thread.locator("ol.list > li").first).to_have_id(f"c-{wanted[0]}")
        assert await reader.roots.evaluate_all("(all) => all.map((one) => one.parentElement.id.slice(2))") == wanted
    assert len(await reader.told("discuss-ready")) == 1


async def test_an_article_nobody_commented_on_invites(reader: Section) -> None:
    await reader.open("empty")
    await expect(reader.thread.get_by_text("Be the first to say something.")).to_be_visible()
    await expect(reader.count).to_have_text("0")


# ---- branches


async def test_deep_replies_step_in_no_more_and_say_whom_they_answer(reader: Section, site: SiteClient) -> None:
    comments = await chain(site, "a", 12)
    await counted(site, "a", 12)
    await reader.open("a")
    await reader.thread.get_by_role("button", name="Show 1 more reply").click()
    await expect(reader.comments).to_have_count(12)
    assert await reader.ids() == [comment["id"] for comment in comments]
    lefts = await reader.comments.evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().left)")
    assert lefts[0] < lefts[1] < lefts[2] < lefts[3]
    assert set(lefts[3:]) == {lefts[3]}
    await expect(reader.item(comments[2]["id"]).get_by_text("in reply to")).to_have_count(8)  # of those below it

    await reader.comment("Link 11.").get_by_role("button", name="in reply to Ada").click()
    await expect(reader.comment("Link 10.")).to_be_focused()


async def test_a_branch_folds_away_and_comes_back(reader: Section, site: SiteClient) -> None:
    comments = await chain(site, "a", 3)
    await counted(site, "a", 3)
    await reader.open("a")
    rail = reader.item(comments[0]["id"]).get_by_role("button", name="Fold away 2 replies")
    await rail.focus()
    await reader.page.keyboard.press("Enter")
    folded = reader.thread.get_by_role("button", name="Show 2 replies")
    await expect(folded).to_be_focused()
    await expect(reader.comment("Link 1.")).to_be_hidden()
    await folded.click()
    await expect(reader.comment("Link 2.")).to_be_visible()
    await expect(rail).to_be_focused()


# ---- one comment


async def test_a_link_opens_the_comment_in_its_context(reader: Section, site: SiteClient, long: str) -> None:
    oldest = (await site.page(long, "?sort=oldest"))["comments"][0]
    reply = await site.posted(long, "The one that is meant.", parent=oldest["id"])
    await counted(site, long, 38)
    await reader.open(long, fragment=f"#comment-{reply['id']}", above=True)
    meant = reader.comment("The one that is meant.")
    await expect(meant).to_be_focused()
    await expect(meant).to_be_in_viewport()
    assert (await reader.ids())[:2] == [oldest["id"], reply["id"]]

    await reader.more.click()
    await expect(reader.more).to_be_hidden()
    shown = await reader.ids()
    assert len(shown) == len(set(shown))
    assert oldest["id"] in shown


async def test_a_link_within_the_page_leads_to_a_comment_that_is_folded_away(reader: Section, site: SiteClient) -> None:
    comments = await chain(site, "a", 3)
    await counted(site, "a", 3)
    await reader.open("a")
    await reader.thread.get_by_role("button", name="Fold away 2 replies").click()
    await reader.page.evaluate(f"location.hash = '#comment-{comments[2]['id']}'")
    await expect(reader.comment("Link 2.")).to_be_focused()
    link = reader.comment("Link 2.").locator("a.time")
    assert (await link.get_attribute("href")) == f"#comment-{comments[2]['id']}"


async def test_a_link_to_a_comment_that_is_gone_says_so(reader: Section, site: SiteClient) -> None:
    kept, gone = await site.posted("a", "Kept."), await site.posted("a", "Gone.")
    await act(site, gone, "remove")
    await counted(site, "a", 1)
    reader.allow(f"404.*{gone['id']}")
    await reader.open("a", fragment=f"#comment-{gone['id']}")
    await expect(reader.line).to_have_text("This comment is not there any more.")
    assert await reader.ids() == [kept["id"]]


async def test_comments_that_are_gone_leave_a_line(reader: Section, site: SiteClient) -> None:
    token = await site.token("Cleo")
    deleted = await site.posted("a", "Deleted.", token=token)
    removed = await site.posted("a", "Removed.")
    for parent in (deleted, removed):
        await site.posted("a", "A reply stays.", parent=parent["id"])
    await site.delete(f"/comments/{deleted['id']}", token=token)
    await act(site, removed, "remove")
    await counted(site, "a", 2)
    await reader.open("a")
    for comment, line in (
        (deleted, "Its author deleted this comment."),
        (removed, "A moderator removed this comment."),
    ):
        article = reader.item(comment["id"]).locator("> article")
        await expect(article).to_have_text(line)
        await expect(article.locator(".actions")).to_have_count(0)
    await expect(reader.thread.get_by_text("A reply stays.")).to_have_count(2)
    await expect(reader.thread.get_by_text("Cleo")).to_have_count(0)


async def test_a_very_long_comment_is_cut_short_until_somebody_reads_on(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "A short one.")
    await site.posted("a", "A long story about nothing. " * 350 + "[The end.](https://example.com/)")
    await counted(site, "a", 2)
    await reader.open("a")
    long = reader.comment("A long story")
    body = long.locator(".body")
    height = "(element) => element.getBoundingClientRect().height"
    assert await body.evaluate(height) < 600
    await expect(reader.comment("A short one.").get_by_role("button", name="Read on")).to_be_hidden()
    await long.get_by_role("button", name="Read on").click()
    assert await body.evaluate(height) > 1000
    await expect(long).to_be_focused()
    await expect(long.get_by_role("button", name="Read on")).to_be_hidden()


async def test_what_gets_the_focus_in_a_long_comment_is_seen(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "A long story about nothing. " * 350 + "[The end.](https://example.com/)")
    await counted(site, "a", 1)
    await reader.open("a")
    link = reader.comments.get_by_role("link", name="The end.")
    await link.focus()
    await expect(link).to_be_in_viewport()


async def test_names_badges_and_times(reader: Section, site: SiteClient) -> None:
    guest = (await site.post("/guests", {"name": "A passer-by"})).json["token"]
    by_guest = await site.posted("a", "From a guest.", token=guest)
    by_staff = await site.posted("a", "From the house.", token=await site.token("Max", Role.MODERATOR))
    token = await site.token("Ada")
    featured = await site.posted("a", "Worth reading.", token=token)
    await act(site, featured, "feature")
    await site.patch(f"/comments/{featured['id']}", {"text": "Worth reading twice."}, token=token)
    await counted(site, "a", 3)
    await reader.open("a")
    for comment, badge in ((by_guest, "Guest"), (by_staff, "Moderator"), (featured, "Editors’ pick")):
        await expect(reader.item(comment["id"]).locator(".badge")).to_have_text(badge)
    await expect(reader.comment("Worth reading twice.").locator(".edited")).to_have_text("edited")
    time = reader.item(by_guest["id"]).locator("time")
    await expect(time).to_have_text("now")
    await expect(time).to_have_attribute("datetime", by_guest["created_at"])
    await expect(time).to_have_attribute("title", re.compile(r"\d{4}"))


async def test_times_go_on_without_moving_the_words(readers: Readers, site: SiteClient) -> None:
    comment = await site.posted("a", "Written once.")
    await counted(site, "a", 1)
    reader = await readers.new()
    await reader.page.clock.install()
    await reader.open("a")
    time = reader.item(comment["id"]).locator("time")
    await expect(time).to_have_text("now")
    before = await reader.y(reader.comment("Written once.").locator(".body"))
    await reader.page.clock.fast_forward("12:00")
    await expect(time).to_have_text("12 min")
    assert await reader.y(reader.comment("Written once.").locator(".body")) == before


# ---- looks


NARROW = {"viewport": {"width": 320, "height": 640}}


@pytest.mark.parametrize(
    "options", [NARROW, {"viewport": {"width": 390, "height": 844}}, {}], ids=["320", "390", "1280"]
)
async def test_nothing_is_wider_than_the_window(readers: Readers, site: SiteClient, options: dict[str, Any]) -> None:
    comments = await chain(site, "a", 8)
    await site.posted("a", "`" + "code " * 80 + "`\n\n    " + "indented " * 60, parent=comments[4]["id"])
    await site.posted("a", "https://www.example.org/" + "a" * 300)
    await counted(site, "a", 10)
    reader = await readers.new(**options)
    await reader.open("a")
    await expect(reader.comments).to_have_count(10)
    assert await reader.fits()
    small = await reader.thread.locator("button:visible, select, a.time").evaluate_all(
        "(all) => all.filter((one) => one.getBoundingClientRect().height < 43.9 && !one.matches('.rail'))"
        ".map((one) => one.outerHTML)"
    )
    assert small == []


CONTRAST = """([text, ground]) => {
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const [a, b] = [light(text), light(ground)];
  return Math.max(a, b) / Math.min(a, b);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_colours_are_worn_and_can_be_read(readers: Readers, site: SiteClient, scheme: str) -> None:
    await site.posted("a", "See [this](https://www.example.org/).")
    await counted(site, "a", 1)
    reader = await readers.new(color_scheme=scheme)
    await reader.open("a")
    colour = "(element) => getComputedStyle(element).color"
    ground = await reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
    words = await reader.thread.locator(".body").evaluate(colour)
    assert words == await reader.page.locator("h1").evaluate(colour)
    link = await reader.thread.locator(".body a").evaluate(colour)
    for part in (words, link, await reader.thread.locator(".time").evaluate(colour)):
        assert await reader.page.evaluate(CONTRAST, [part, ground]) >= 4.5
    await reader.page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    await expect(reader.thread.locator(".body")).not_to_have_css("color", words)


async def test_a_page_that_is_always_dark_is_read_on_dark(readers: Readers, site: SiteClient) -> None:
    await site.posted("a", "Readable.")
    await counted(site, "a", 1)
    reader = await readers.new()
    dark = "body { background: #101418 !important; color: #e8e6e3 !important }"
    sheet = f"new CSSStyleSheet().replace('{dark}').then((sheet) => document.adoptedStyleSheets = [sheet])"
    await reader.page.add_init_script(f"addEventListener('DOMContentLoaded', () => {sheet})")
    await reader.open("a")
    await expect(reader.thread.locator(".body")).to_have_css("color", "rgb(232, 230, 227)")
    name = await reader.thread.locator(".time").evaluate("(element) => getComputedStyle(element).color")
    assert await reader.page.evaluate(CONTRAST, [name, "rgb(16, 20, 24)"]) >= 4.5


async def test_more_of_an_order_that_was_left_is_not_shown(reader: Section, site: SiteClient, long: str) -> None:
    await reader.open(long)
    held: list[Any] = []

    async def hold(route: Any) -> None:
        held.append(route)

    await reader.page.route("**/comments?sort=newest&cursor=*", hold)
    await reader.more.click()

    async def asked() -> bool:
        return bool(held)

    await until(asked)
    await reader.sort("Oldest first")
    await held[0].continue_()
    await expect(reader.more).to_be_visible()
    await expect(reader.roots).to_have_count(20)
    await reader.more.click()
    await expect(reader.roots).to_have_count(23)


async def test_a_switch_of_the_pages_own_changes_the_colours(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "Readable.")
    await counted(site, "a", 1)
    await reader.open("a")
    body = reader.thread.locator(".body")
    words = await body.evaluate("(element) => getComputedStyle(element).color")
    dark = "--paper-ground: #15171b; --paper-text: #dedbd4"
    await reader.page.evaluate("(dark) => (document.documentElement.style.cssText = dark)", dark)
    await expect(body).to_have_css("color", "rgb(222, 219, 212)")
    assert words != "rgb(222, 219, 212)"


# ---- hostile words

BOMBS = {
    "script": "<script>bombed = 1</script> <img src=x onerror='bombed = 2'> <svg onload='bombed = 3'>",
    "links": "[a](javascript:window.bombed=4) [b](data:text/html,<script>bombed=5</script>) <javascript:bombed=6>",
    "bidi": "\u202eevil\u2066 override \u202d and \u2067more without an end",
    "zalgo": "Z" + "\u0334\u0321\u0350\u0312\u033e" * 40 + "algo comes",
    "endless": "w" * 9_999,
    "templates": "${bombed} {{bombed}} <template><img src=x onerror='window.bombed = 7'></template>",
}
NAMES = (
    "</script><script>window.bombed = 8</script>",
    "Аdа Rеаdеr",  # looks like Ada Reader, in Cyrillic
    "\u202ereverof sdnetxe",
    "Z" + "\u0334\u0321\u0350" * 20 + "o",
    "A name without an end " * 3,
    '"><img src=x onerror="window.bombed = 9">',
)


async def test_hostile_words_and_names_do_nothing(readers: Readers, site: SiteClient) -> None:
    for text, name in zip(BOMBS.values(), NAMES, strict=True):
        taken = await site.post("/guests", {"name": name})
        token = taken.json["token"] if taken.status == 201 else await site.token(name)
        assert (await site.comment("a", text, token=token)).status == 201
    posted = len(BOMBS)
    harmless = await site.posted("a", "A harmless one below.")
    await counted(site, "a", posted + 1)
    for options in (NARROW, {}):
        reader = await readers.new(**options)
        await reader.open("a")
        await expect(reader.comments).to_have_count(posted + 1)
        assert await reader.fits()
        assert await reader.page.evaluate("window.bombed") is None
        found = await reader.thread.evaluate(
            "(element) => element.shadowRoot.querySelectorAll('script, img, svg, iframe, [onload], [onerror]').length"
        )
        assert found == 0
        hrefs = await reader.thread.locator("a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        assert all(re.match(r"(https?:|mailto:|#comment-)", href) for href in hrefs), hrefs
        # nobody's words leave their own place
        article = reader.item(harmless["id"]).locator("> article")
        box, top = await article.bounding_box(), reader.comments.nth(1)
        assert box is not None
        above = await top.bounding_box()
        assert above is not None
        assert above["y"] >= box["y"] + box["height"]
        direction = "(element) => getComputedStyle(element).direction"
        assert await reader.item(harmless["id"]).locator(".by").evaluate(direction) == "ltr"
