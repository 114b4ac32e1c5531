"""The section as a guest on somebody's page: when it loads, what it moves, counts, and pages without JavaScript."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from service.api.assets import WEB
from service.domain.identity import Role
from tests.browser.section import Readers, Section, expect
from tests.client import SiteClient, until

LANGUAGES = sorted(path.stem for path in (WEB / "embed" / "lang").glob("??.js"))
RIGHT_TO_LEFT = ("ar",)


async def counted(site: SiteClient, article: str, number: int) -> None:
    """Wait until pages show so many comments."""

    async def found() -> bool:
        return bool((await site.page(article))["article"]["comment_count"] == number)

    await until(found)


async def fragment_of(site: SiteClient, article: str) -> str:
    """The discussion as the page's server puts it into the page."""
    answer = await site.get(f"/articles/{article}/comments.html")
    return answer.body.decode()


# ---- loading


async def test_nothing_loads_before_the_section_is_near(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "Far below.")
    await counted(site, "a", 1)
    await reader.open("a", above=True, loaded=False)
    await expect(reader.thread).to_have_attribute("loading", "")
    assert reader.asked("thread.js") == []
    assert reader.asked("/api/") == []
    await reader.page.mouse.wheel(0, 1900)
    await reader.ready()
    await expect(reader.comment("Far below.")).to_be_attached()
    assert len(reader.asked("thread.js")) == 1
    assert len(reader.asked("/articles/a/comments")) == 1
    assert all(reader.site.service.url in one or reader.press.origin in one for one in reader.requests)


@pytest.mark.parametrize("above", [False, True], ids=["in sight", "below"])
async def test_no_layout_shift(reader: Section, site: SiteClient, above: bool) -> None:
    for number in range(20):
        await site.posted("a", f"Root {number}.")
    await counted(site, "a", 20)
    await reader.open("a", above=above, loaded=False)
    if above:
        await reader.scroll_to_section()
    await expect(reader.comments).to_have_count(20)
    assert await reader.shifted() == 0


@pytest.mark.parametrize("width", [320, 1280])
async def test_what_only_its_reader_sees_shifts_nothing(readers: Readers, site: SiteClient, width: int) -> None:
    for number in range(20):
        await site.posted("a", f"Root {number}.")
    ada, ben, max_ = await site.token("Ada"), await site.token("Ben"), await site.token("Max", Role.MODERATOR)
    mine = await site.posted("a", "Mine.", token=ada)
    await site.posted("a", "A reply to me.", parent=mine["id"], token=ben)
    await site.patch("/moderation/articles/a", {"moderation": "pre"}, token=max_)
    await site.posted("a", "This one waits.", token=ada)
    await counted(site, "a", 22)
    for token in (ada, max_):
        reader: Section = await readers.new(viewport={"width": width, "height": 900})
        await reader.open("a", attributes=f'token="{token}"')
        await expect(reader.comment("This one waits.")).to_be_visible()
        await expect(reader.comments.first).to_contain_text("This one waits.")
        assert await reader.shifted() == 0


@pytest.mark.parametrize("file", ["thread.js", "lang/en.js"])
async def test_a_section_that_cannot_be_loaded_offers_to_try_again(
    reader: Section, site: SiteClient, file: str
) -> None:
    reader.allow("ERR_FAILED", "Failed to fetch dynamically imported module")
    await site.posted("a", "Here.")
    await counted(site, "a", 1)
    refused = True

    async def refuse(route: Any) -> None:
        await (route.abort() if refused else route.continue_())

    await reader.page.route(f"**/{file}", refuse)
    await reader.open("a", loaded=False)
    again = reader.thread.get_by_role("button", name="↻ Discuss")
    await expect(again).to_be_visible()
    refused = False
    await again.click()
    await expect(reader.comment("Here.")).to_be_visible()
    await expect(reader.thread.get_by_role("button", name="↻ Discuss")).to_have_count(0)


async def test_what_takes_part_and_cannot_be_loaded_says_so(reader: Section, site: SiteClient) -> None:
    reader.allow("ERR_FAILED")
    await reader.open("a")
    await reader.page.route("**/account.js", lambda route: route.abort(), times=1)
    await reader.thread.get_by_role("button", name="Join the discussion").click()
    await expect(reader.line).to_contain_text("Are you offline?")
    await reader.line.get_by_role("button", name="Try again").click()
    await expect(reader.thread.get_by_role("button", name="Go on as a guest")).to_be_visible()
    await expect(reader.line).to_have_count(0)


async def test_who_cannot_take_part_can_still_read(reader: Section, site: SiteClient) -> None:
    reader.allow("ERR_FAILED")
    await site.posted("a", "Here.")
    await counted(site, "a", 1)
    await reader.page.route("**/lang/writing/en.js", lambda route: route.abort(), times=1)
    await reader.open("a", attributes=f'token="{await site.token("Ada")}"')
    await expect(reader.comment("Here.")).to_be_visible()
    await expect(reader.line).to_contain_text("Are you offline?")
    await reader.line.get_by_role("button", name="Try again").click()
    await expect(reader.thread.get_by_role("textbox", name="Join the discussion")).to_be_visible()


async def test_only_the_article_that_is_wanted_last_is_shown(reader: Section, site: SiteClient) -> None:
    for article in ("a", "b", "c"):
        await site.posted(article, f"Of {article}.")
        await counted(site, article, 1)
    held: list[Any] = []

    async def hold(route: Any) -> None:
        held.append(route)

    await reader.page.route("**/thread.js", hold, times=1)
    await reader.open("a", loaded=False)

    async def asked() -> bool:
        return bool(held)

    await until(asked)
    await reader.thread.evaluate("(element) => element.setAttribute('article', 'b')")
    await held[0].continue_()
    await expect(reader.comments).to_have_count(1)
    await expect(reader.comment("Of b.")).to_be_visible()
    change = "(element) => { for (const id of ['a', 'c']) element.setAttribute('article', id) }"
    await reader.thread.evaluate(change)
    await expect(reader.comment("Of c.")).to_be_visible()
    await expect(reader.comments).to_have_count(1)

    async def one_stream() -> bool:
        return reader.streams == 1

    await until(one_stream)


async def test_a_section_that_was_not_reached_is_printed(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "On paper.")
    await counted(site, "a", 1)
    await reader.open("a", above=True, loaded=False)
    await reader.page.evaluate("() => customElements.whenDefined('discuss-thread').then(() => true)")
    assert reader.asked("/comments") == []
    await reader.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    await expect(reader.comment("On paper.")).to_have_count(1)


async def test_cookies_and_storage_stay_empty(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "Read.")
    await counted(site, "a", 1)
    await reader.open("a")
    assert await reader.context.cookies() == []
    assert await reader.page.evaluate("localStorage.length + sessionStorage.length") == 0


async def test_an_element_that_goes_takes_everything_along(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "Here.")
    await counted(site, "a", 1)
    await reader.open("a")
    await expect(reader.comment("Here.")).to_be_visible()

    async def streaming() -> bool:
        return reader.streams == 1

    async def silent() -> bool:
        return reader.streams == 0

    await until(streaming)
    element = await reader.thread.element_handle()
    await reader.thread.evaluate("(element) => element.remove()")
    await until(silent)
    assert element is not None
    await element.evaluate("(element) => document.body.append(element)")
    await expect(reader.comment("Here.")).to_be_visible()


# ---- counts


LATE = """(site) => {
  for (const id of ["late-0", "late-1"]) {
    const count = Object.assign(document.createElement("discuss-count"), { id });
    count.setAttribute("site", site);
    count.setAttribute("article", "one");
    document.body.append(count);
  }
}"""


async def test_all_counts_of_a_page_come_in_one_request(reader: Section, site: SiteClient) -> None:
    await site.posted("one", "Counted.")
    await counted(site, "one", 1)
    ids = ["one", *(f"article-{number}" for number in range(40)), "one"]
    counts = "".join(f'<discuss-count site="{site.name}" article="{one}"></discuss-count> ' for one in ids)
    await reader.page.goto(reader.press.print("/list", counts))
    await expect(reader.page.locator("discuss-count").first).to_have_text("1")
    await expect(reader.page.locator("discuss-count").last).to_have_text("1")
    await expect(reader.page.locator("discuss-count").nth(5)).to_have_text("0")
    assert len(reader.asked("/counts")) == 1
    assert [request for request in reader.requests if request.endswith(".js")] == [
        f"GET {site.service.url}/embed/discuss.js"
    ]
    await reader.page.evaluate(LATE, site.name)
    await expect(reader.page.locator("#late-1")).to_have_text("1")
    assert len(reader.asked("/counts")) == 2


async def test_a_count_beside_a_section_follows_it(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "One.")
    await counted(site, "a", 1)
    await site.posted("one", "Another article's.")
    await reader.open("a")
    await reader.page.evaluate(LATE, site.name)
    await reader.page.evaluate("document.querySelector('#late-0').setAttribute('article', 'a')")
    await expect(reader.page.locator("discuss-count")).to_have_text(["1", "1"])
    await site.posted("a", "Two.")
    await expect(reader.page.locator("discuss-count")).to_have_text(["2", "1"])


async def test_a_thousand_long_ids_are_asked_for_in_batches(reader: Section, site: SiteClient) -> None:
    ids = [f"{'a' * 150}-{number}" for number in range(201)]
    counts = "".join(f'<discuss-count site="{site.name}" article="{one}"></discuss-count> ' for one in ids)
    await reader.page.goto(reader.press.print("/list", counts))
    await expect(reader.page.locator("discuss-count").last).to_have_text("0")
    assert sorted(one.split()[0] for one in reader.asked("/counts")) == ["GET", "POST"]


async def test_a_count_that_cannot_be_had_shows_nothing(reader: Section, site: SiteClient) -> None:
    reader.allow("/counts", "404")
    count = '<discuss-count site="{}" article="a"></discuss-count>'
    both = count.format("nowhere") + count.format(site.name)
    await reader.page.goto(reader.press.print("/list", both))
    await expect(reader.page.locator("discuss-count").last).to_have_text("0")
    await expect(reader.page.locator("discuss-count").first).to_be_empty()
    await reader.page.route("**/counts*", lambda route: route.abort())
    await reader.page.reload(wait_until="networkidle")
    await expect(reader.page.locator("discuss-count").last).to_be_empty()


# ---- without JavaScript, and without the network


async def test_a_page_without_javascript_shows_its_servers_fragment(readers: Readers, site: SiteClient) -> None:
    parent = await site.posted("a", "Written *plainly*.")
    await site.posted("a", "Answered.", parent=parent["id"])
    await counted(site, "a", 2)
    reader = await readers.new(java_script_enabled=False)
    await reader.open("a", inlined=await fragment_of(site, "a"), loaded=False)
    await expect(reader.page.get_by_text("Written plainly.")).to_be_visible()
    await expect(reader.page.get_by_text("Answered.")).to_be_visible()
    assert await reader.fits()


BLANKS = """
window.blanks = 0;
(function look() {
  const thread = document.querySelector("discuss-thread");
  const inlined = thread?.querySelector("article")?.checkVisibility();
  const shown = thread?.shadowRoot?.querySelector("article")?.checkVisibility();
  if (thread && !inlined && !shown) window.blanks += 1;
  requestAnimationFrame(look);
})();
"""


async def test_the_fragment_is_taken_over_without_a_blank_frame(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "Written once.")
    await counted(site, "a", 1)

    async def slowly(route: Any) -> None:
        await asyncio.sleep(0.3)
        await route.continue_()

    await reader.page.route("**/articles/a/comments*", slowly)
    await reader.page.add_init_script(BLANKS)
    await reader.open("a", inlined=await fragment_of(site, "a"))
    await expect(reader.comment("Written once.")).to_be_visible()
    await expect(reader.page.get_by_text("Written once.").locator("visible=true")).to_have_count(1)
    assert await reader.page.evaluate("blanks") == 0


async def test_a_service_out_of_reach_is_told_and_tried_again(reader: Section, site: SiteClient) -> None:
    await site.posted("a", "There again.")
    await counted(site, "a", 1)
    reader.allow("/articles/a/comments", "ERR_FAILED")
    await reader.page.route("**/articles/a/comments*", lambda route: route.abort())
    await reader.open("a")
    await expect(reader.line).to_contain_text("The discussion cannot be reached. Are you offline?")
    await reader.page.unroute("**/articles/a/comments*")
    await reader.line.get_by_role("button", name="Try again").click()
    await expect(reader.comment("There again.")).to_be_visible()
    await expect(reader.line).to_have_count(0)


async def test_what_the_pages_server_put_there_stays_when_the_service_is_out_of_reach(
    reader: Section, site: SiteClient
) -> None:
    await site.posted("a", "Still to be read.")
    await counted(site, "a", 1)
    reader.allow("/articles/a/comments", "ERR_FAILED")
    await reader.page.route("**/articles/a/comments*", lambda route: route.abort())
    await reader.open("a", inlined=await fragment_of(site, "a"), loaded=False)
    await expect(reader.line).to_contain_text("cannot be reached")
    await expect(reader.page.get_by_text("Still to be read.")).to_be_visible()


async def test_more_comments_offline_are_told_beside_the_button(reader: Section, site: SiteClient) -> None:
    for number in range(21):
        await site.posted("a", f"Root {number}.")
    await counted(site, "a", 21)
    reader.allow("ERR_INTERNET_DISCONNECTED")
    await reader.open("a")
    await reader.context.set_offline(True)
    await reader.more.click()
    await expect(reader.thread.locator(".wrong")).to_contain_text("cannot be reached")
    await expect(reader.roots).to_have_count(20)
    await reader.context.set_offline(False)
    await reader.more.click()
    await expect(reader.roots).to_have_count(21)
    await expect(reader.thread.locator(".wrong")).to_have_count(0)


# ---- languages


async def test_every_language(readers: Readers, site: SiteClient) -> None:
    await site.posted("a", "Words that stay as they are.")
    await counted(site, "a", 1)
    reader = await readers.new(viewport={"width": 320, "height": 640})
    element = '<discuss-thread site="{}" article="a" lang="{}"></discuss-thread>'
    await reader.page.goto(
        reader.press.print("/all", "".join(element.format(site.name, language) for language in LANGUAGES))
    )
    for language in LANGUAGES:
        section = reader.page.locator(f"discuss-thread[lang={language}]")
        await section.scroll_into_view_if_needed()
        await expect(section.get_by_text("Words that stay as they are.")).to_be_visible()
        heading, order = await section.locator("h2").bounding_box(), await section.locator("select").bounding_box()
        assert heading is not None
        assert order is not None
        assert (heading["x"] < order["x"]) == (language not in RIGHT_TO_LEFT)
        await expect(section.locator(".body")).to_have_css("direction", "ltr")
    assert await reader.fits()
    assert sorted(one.rsplit("/", 1)[1] for one in reader.asked("/lang/")) == [f"{one}.js" for one in LANGUAGES]
