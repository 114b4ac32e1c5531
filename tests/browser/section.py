"""A reader's browser on a page with a discussion: what they do and see there. Tests of other parts extend it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from tests.browser.engine import Browser
from tests.browser.press import Press
from tests.client import SiteClient

from playwright.async_api import (  # isort: skip (after the engine, which says so when it is missing)
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
)

SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
window.told = [];
for (const name of ["discuss-ready", "discuss-count", "discuss-posted", "discuss-sign-in"])
  document.addEventListener(name, (event) => window.told.push([name, event.detail]));
"""


class Section:
    """One reader's page. Whatever goes wrong in the browser is kept in `problems`, but for what a test allows."""

    def __init__(self, context: BrowserContext, page: Page, press: Press, site: SiteClient) -> None:
        self.context = context
        self.page = page
        self.press = press
        self.site = site
        self.problems: list[str] = []
        self.allowed: list[str] = []
        self.requests: list[str] = []
        self.streams = 0  # of the article, open now
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("request", self._count)
        page.on("requestfailed", self._notice)
        page.on("response", self._read)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text} {message.location.get('url', '')}")

    def _count(self, request: Request) -> None:
        self.requests.append(f"{request.method} {request.url}")
        if "/events" in request.url:
            self.streams += 1

    def _notice(self, request: Request) -> None:
        if "/events" in request.url:
            self.streams -= 1
        if request.failure != "net::ERR_ABORTED":  # by the page itself, which closed or was left
            self.problems.append(f"failed: {request.url} {request.failure}")

    def _read(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"answered: {response.status} {response.url}")

    def allow(self, *patterns: str) -> None:
        """Problems that the test provokes, as regular expressions."""
        self.allowed.extend(patterns)

    @property
    def unexpected(self) -> list[str]:
        """What went wrong and should not have."""
        return [problem for problem in self.problems if not any(re.search(one, problem) for one in self.allowed)]

    # The page

    async def open(
        self,
        article: str,
        *,
        fragment: str = "",
        above: bool = False,
        inlined: str = "",
        attributes: str = "",
        lang: str = "en",
        direction: str = "ltr",
        loaded: bool = True,
    ) -> None:
        """Open an article's page and wait for its comments.

        `fragment` of the address; `above`: a long story stands above the section; `inlined`: HTML that the page's
        server put into it; `loaded=False` does not wait.
        """
        story = '<div class="story">A long story.</div>' if above else "<p>A short story.</p>"
        named = f'site="{self.site.name}" article="{escape(article)}"'
        element = f"<discuss-thread {named} {attributes}>{inlined}</discuss-thread>"
        address = self.press.print(
            f"/{article}", f"{story}{element}<footer>The end.</footer>", lang=lang, direction=direction
        )
        await self.page.goto(address + fragment)
        if loaded:
            await self.ready()

    async def ready(self) -> None:
        """Wait until a page of comments is shown."""
        await expect(self.thread.locator("section ol.list")).not_to_have_attribute("aria-busy", "true")

    async def scroll_to_section(self) -> None:
        """Look at the section's beginning."""
        await self.thread.evaluate("(element) => element.scrollIntoView()")

    # The section

    @property
    def thread(self) -> Locator:
        """The element."""
        return self.page.locator("discuss-thread")

    @property
    def comments(self) -> Locator:
        """Every comment, tombstones included, in the order of reading."""
        return self.thread.locator("li.comment > article")

    @property
    def roots(self) -> Locator:
        """Comments that answer none."""
        return self.thread.locator("ol.list > li.comment > article")

    @property
    def count(self) -> Locator:
        """The number beside the heading."""
        return self.thread.locator(".count")

    @property
    def line(self) -> Locator:
        """What is wrong, said above the list."""
        return self.thread.locator("p.line:visible")

    @property
    def pill(self) -> Locator:
        """The button that brings new comments."""
        return self.thread.locator(".pill")

    @property
    def more(self) -> Locator:
        """The button at the end of the list."""
        return self.thread.locator("section > .more")

    def comment(self, text: str) -> Locator:
        """The comment with these words."""
        return self.comments.filter(has=self.page.locator(".body", has_text=text))

    def item(self, comment_id: str) -> Locator:
        """A comment with its replies, by id."""
        return self.thread.locator(f'[id="c-{comment_id}"]')

    async def ids(self) -> list[str]:
        """The ids of all comments shown, in order."""
        found: list[str] = await self.comments.evaluate_all("(all) => all.map((one) => one.parentElement.id.slice(2))")
        return found

    async def sort(self, label: str) -> None:
        """Choose an order."""
        await self.thread.get_by_label("Order of comments").select_option(label=label)
        await self.ready()

    async def y(self, locator: Locator) -> float:
        """Where it is in the window, in pixels from the top."""
        top: float = await locator.evaluate("(element) => element.getBoundingClientRect().top")
        return top

    # The page around it

    async def told(self, name: str) -> list[Any]:
        """The details of the events that the page was told."""
        found: list[Any] = await self.page.evaluate(
            "(name) => told.filter(([n]) => n === name).map(([, d]) => d)", name
        )
        return found

    async def shifted(self) -> float:
        """How much the page's layout shifted by itself."""
        await self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
        total: float = await self.page.evaluate("() => shifts.reduce((sum, one) => sum + one, 0)")
        return total

    async def fits(self) -> bool:
        """Whether nothing is wider than the window."""
        wide: bool = await self.page.evaluate(
            "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        return wide

    def asked(self, part: str) -> list[str]:
        """The requests that had this in their address."""
        return [request for request in self.requests if part in request]


class Readers:
    """Opens browsers for one test and looks at the end whether anything went wrong in them."""

    def __init__(self, browser: Browser, press: Press, site: SiteClient) -> None:
        self.browser = browser
        self.press = press
        self.site = site
        self.sections: list[Section] = []

    async def new(self, kind: type[Section] = Section, **options: Any) -> Any:
        """A reader with a browser of their own: Playwright's options of a context, and which model to use."""
        context = await self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(10_000)
        if options.get("java_script_enabled", True):
            await context.add_init_script(SHIFTS)
        section = kind(context, await context.new_page(), self.press, self.site)
        self.sections.append(section)
        return section

    async def leave(self) -> None:
        """Close all; fails when something went wrong in one."""
        for section in self.sections:
            await section.context.close()
        unexpected: Sequence[str] = [problem for section in self.sections for problem in section.unexpected]
        assert not unexpected, "\n".join(unexpected)
