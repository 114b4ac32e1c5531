"""A reader who takes part: what they write, press and are told."""

from __future__ import annotations

from typing import Any

from service.domain.identity import Role
from tests.browser.section import Locator, Section, expect


class Writer(Section):
    """Somebody's page, signed in or not."""

    name = ""

    async def open_as(self, name: str, article: str, *, role: Role = Role.READER, **options: Any) -> None:
        """Open an article with a token that the page has put into the element."""
        self.name = name
        token = await self.site.token(name, role)
        await self.open(article, attributes=f'token="{token}"', **options)
        await expect(self.box).to_be_visible()

    # Writing

    @property
    def place(self) -> Locator:
        """What stands under the header."""
        return self.thread.locator(".place")

    @property
    def box(self) -> Locator:
        """Where a new comment is written."""
        return self.place.locator("textarea")

    @property
    def answer(self) -> Locator:
        """Where a reply is written, as soon as it has the focus."""
        return self.thread.locator("li .composer textarea:focus")

    @property
    def complaint(self) -> Locator:
        """What is wrong with what is being written."""
        return self.thread.locator(".complaint:visible")

    async def write(self, text: str) -> None:
        """Write under the header."""
        await self.box.fill(text)

    async def press_send(self) -> None:
        """Press Post under the header."""
        await self.place.get_by_role("button", name="Post").click()

    async def say(self, text: str) -> Locator:
        """Post a comment, and wait until the service has it; the comment."""
        await self.write(text)
        async with self.page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
            await self.press_send()
        said = self.comment(text)
        await expect(said).to_have_count(1)
        return said

    async def reply_to(self, comment: Locator, text: str) -> None:
        """Write below a comment and send it."""
        await self.push(comment, "Reply")
        await self.answer.fill(text)
        await self.answer.press("Control+Enter")

    # Actions

    async def push(self, comment: Locator, label: str) -> None:
        """Press a button of a comment."""
        await comment.get_by_role("button", name=label).click()

    async def choose(self, comment: Locator, label: str) -> None:
        """Choose from a comment's menu."""
        await self.push(comment, "More")
        await self.thread.get_by_role("menuitem", name=label).click()

    def note(self, comment: Locator) -> Locator:
        """What is said under a comment."""
        return comment.locator(".notes")

    def state(self, name: str) -> Locator:
        """The comments in a state that only some people see."""
        return self.thread.locator(f"li[data-state={name}] > article")

    @property
    def dialog(self) -> Locator:
        """What is being asked."""
        return self.thread.get_by_role("dialog")
