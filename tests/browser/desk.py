"""A moderator's browser at the console."""

from __future__ import annotations

from playwright.async_api import Locator

from service.domain.identity import Role
from tests.browser.section import Section, expect


class Desk(Section):
    """One moderator's page."""

    async def sign_in(self, name: str, role: Role = Role.MODERATOR) -> None:
        """Have a token in this tab, as after signing in."""
        token = await self.site.token(name, role)
        key = f"discuss-console-token:{self.site.name}"
        await self.context.add_init_script(
            f"if (location.pathname.startsWith('/console') && !sessionStorage.getItem('opened')) {{"
            f"sessionStorage.setItem('opened', '1'); sessionStorage.setItem('{key}', '{token}') }}"
        )

    def address(self, path: str = "") -> str:
        """Below the site's console."""
        return f"{self.site.service.url}/console/{self.site.name}{path}"

    async def go(self, path: str, *, live: bool = True) -> None:
        """Open a place; `live`: wait until the stream has told the counts."""
        await self.page.goto(self.address(path))
        await expect(self.page.locator("#content h1").first).to_be_visible()
        if live:
            await expect(self.page.locator(".side [data-count=pending]")).not_to_be_empty()

    async def fits(self) -> bool:
        """Whether nothing is wider than its place; code and the row of queues may be, and scroll."""
        wide: list[str] = await self.page.evaluate(
            "() => [...document.querySelectorAll('*')].filter((one) => one.scrollWidth > one.clientWidth + 1"
            " && /auto|scroll|visible/.test(getComputedStyle(one).overflowX) && one.clientWidth"
            " && !one.matches('pre, .tabs, .spoken, svg *')).map((one) => one.outerHTML.slice(0, 80))"
        )
        assert not wide, wide
        return True

    @property
    def rows(self) -> Locator:
        """Every comment in the list."""
        return self.page.locator(".rows > .row")

    def row(self, words: str) -> Locator:
        """The one with these words."""
        return self.rows.filter(has=self.page.locator(".words", has_text=words))

    @property
    def current(self) -> Locator:
        """The row that is looked at."""
        return self.page.locator(".row[aria-current=true]")

    @property
    def item(self) -> Locator:
        """The comment that is looked at."""
        return self.page.locator(".item")

    @property
    def decisions(self) -> Locator:
        """The buttons under it."""
        return self.item.locator(".decisions button")

    async def type(self, *keys: str) -> None:
        """Keys one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)
