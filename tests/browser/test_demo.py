"""The made-up newspaper that `make run` opens with."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest_asyncio

from service.api.assets import WEB
from service.launcher import prepare_demo
from service.operations.sites import change_settings, get_site
from tests.browser.engine import Browser
from tests.browser.press import Press
from tests.browser.section import SHIFTS, Section, expect
from tests.client import Service, SiteClient, running_service, until
from tests.conftest import Cluster

NUMBER = re.compile(r"[1-9]\d*")
STORIES = json.loads((WEB / "demo" / "stories.json").read_text())


@pytest_asyncio.fixture(scope="module")
async def demo(cluster: Cluster) -> AsyncIterator[Service]:
    """The service as the launcher starts it."""
    await prepare_demo(cluster.settings)
    async with running_service(cluster.settings, with_demo=True) as started:
        yield started


@pytest_asyncio.fixture
async def visitor(browser: Browser, demo: Service) -> AsyncIterator[Section]:
    """Somebody who opens the newspaper; nothing may go wrong."""
    context = await browser.new_context()
    await context.add_init_script(SHIFTS)
    visitor = Section(context, await context.new_page(), Press(demo.url, 0), SiteClient(demo, "demo"))
    yield visitor
    await context.close()
    assert not visitor.unexpected, "\n".join(visitor.unexpected)


async def test_from_the_front_page_to_a_discussion_as_somebody(demo: Service, visitor: Section) -> None:
    await visitor.page.goto(demo.url)
    assert await visitor.page.locator("article h2").all_inner_texts() == [story["title"] for story in STORIES]
    for count in await visitor.page.locator("discuss-count").all():
        await expect(count).to_have_text(NUMBER)
    assert len(visitor.asked("/counts")) == 1
    await visitor.page.get_by_role("link", name="The last lighthouse keeper").click()
    await visitor.scroll_to_section()
    await expect(visitor.count).to_have_text("45")
    await expect(visitor.thread.get_by_role("button", name="Join the discussion")).to_be_visible()

    me = visitor.page.get_by_role("button", name="Ada")
    async with visitor.page.expect_response(re.compile("/sites/demo/me$")) as recognised:
        await me.click()
    assert (await (await recognised.value).json())["author"]["name"] == "Ada Reader"
    async with visitor.page.expect_response(re.compile("/sites/demo/me$")):
        await visitor.page.reload()
        await visitor.scroll_to_section()
    await expect(me).to_have_attribute("aria-pressed", "true")


async def test_signing_in_leads_back_with_a_token_and_nowhere_else(demo: Service, visitor: Section) -> None:
    sign_in = (await SiteClient(demo, "demo").get("")).json["sign_in_url"]
    address = demo.url + sign_in[sign_in.index("/demo") :]
    moderator = visitor.page.get_by_role("button", name="Max, a moderator")
    await visitor.page.goto(f"{address}?return_to=https%3A%2F%2Fevil.example%2F&state=known")
    await moderator.click()
    await expect(visitor.page.locator("[data-who=moderator]")).to_have_attribute("aria-pressed", "true")
    assert visitor.asked("evil.example") == [f"GET {visitor.page.url}"]
    await expect(visitor.page.get_by_role("alert")).to_contain_text("nothing was sent to evil.example")
    await visitor.page.goto(f"{address}?return_to=http%3A%2F%2F127.0.0.1%3A1%2Fconsole&state=known")
    await moderator.click()
    await expect(visitor.page.get_by_role("alert")).to_contain_text("nothing was sent to 127.0.0.1:1.")

    await visitor.page.goto(f"{address}?return_to=%2Fdemo&state=known")
    await moderator.click()
    await visitor.page.wait_for_url(re.compile("/demo#token=.*&state=known"))


async def test_this_machine_has_two_names(demo: Service, visitor: Section) -> None:
    named = demo.url.replace("127.0.0.1", "localhost")
    site = await get_site(demo.deps, "demo")
    assert (site.settings.sign_in_url or "").startswith("http://localhost:")
    for opened, signs_in in ((demo.url, named), (named, demo.url)):
        await change_settings(demo.deps, site, {"sign_in_url": f"{signs_in}/demo/sign-in"})
        site = await get_site(demo.deps, "demo")
        await visitor.page.goto(f"{opened}/console/demo/queue?queue=flagged")
        await visitor.page.get_by_role("button", name="Sign in at").click()
        await visitor.page.get_by_role("button", name="Max, a moderator").click()
        await expect(visitor.page.locator(".rows .row").first).to_be_visible()
        assert visitor.page.url.startswith(f"{opened}/console/demo/queue")

        await visitor.page.goto(f"{opened}/demo/the-town-clock")
        await visitor.scroll_to_section()
        await visitor.page.get_by_role("button", name="nobody").click()
        await visitor.thread.get_by_role("button", name="Join the discussion").click()
        await visitor.thread.get_by_role("link", name="Sign in").first.click()
        await visitor.page.get_by_role("button", name="Ada, a reader").click()
        await visitor.page.wait_for_url(f"{opened}/demo/the-town-clock")
        await expect(visitor.page.locator("[data-who=reader]")).to_have_attribute("aria-pressed", "true")


async def test_its_day_was_a_busy_one(demo: Service) -> None:
    token = (await demo.request("POST", "/demo/sites/demo/tokens/moderator")).json["token"]
    site = SiteClient(demo, "demo")

    async def counted() -> bool:
        stats = (await site.get("/moderation/stats", token=token)).json
        hours = stats["hours"]
        return bool(
            sum(bool(hour["comments"]) for hour in hours) > 10
            and sum(hour["comments"] for hour in hours) > 40
            and sum(hour["held"] for hour in hours) > 1
            and hours[-1]["waiting"] == 4
            and {"premoderated_guest", "flags"} & set(stats["by_check"])
            and stats["by_reason"].get("abuse") == 3
            and len(stats["articles"]) > 4
        )

    await until(counted)
    log = (await site.get("/moderation/decisions?limit=100", token=token)).json["items"]
    assert not [decision for decision in log if decision["action"] == "update_article"]
    articles = (await site.get("/moderation/articles", token=token)).json["items"]
    assert {urlsplit(article["url"]).path for article in articles} == {f"/demo/{story['id']}" for story in STORIES}


async def test_every_story_can_be_read(demo: Service) -> None:
    for story in STORIES:
        answer = await demo.request("GET", f"/demo/{story['id']}")
        assert answer.status == 200
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; ")
    answer = await demo.request("GET", "/demo/the-last-lighthouse-keeper", headers={"If-None-Match": "*"})
    assert answer.status == 304


async def test_its_moderator_has_something_to_do(demo: Service) -> None:
    token = (await demo.request("POST", "/demo/sites/demo/tokens/moderator")).json["token"]
    site = SiteClient(demo, "demo")

    async def waiting() -> bool:
        counts = (await site.get("/moderation/counts", token=token)).json
        return bool(counts["pending"] == 4 and counts["flagged"] == 3 and counts["spam"] and counts["removed"])

    await until(waiting)


async def test_tokens_are_for_the_demo_alone(demo: Service, cluster: Cluster) -> None:
    path = "/demo/sites/demo/tokens/reader"
    assert (await demo.request("POST", path)).status == 201
    foreign = await demo.request("POST", path, headers={"Origin": "https://evil.example"})
    assert (foreign.status, foreign.json["code"]) == (403, "origin_not_allowed")
    other = await demo.new_site()
    assert (await demo.request("POST", f"/demo/sites/{other.name}/tokens/reader")).status == 404
    assert (await demo.request("POST", "/demo/sites/demo/tokens/admin")).status == 404
    async with running_service(cluster.settings) as without:
        for method, where in (("GET", "/"), ("GET", "/demo"), ("POST", path)):
            assert (await without.request(method, where)).status == 404
