"""Without eyes or a mouse: the order of the Tab key, focus that is seen, and what a screen reader is told."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from tests.browser.section import Readers, expect
from tests.browser.writing import Writer
from tests.client import SiteClient

# Where the focus is, by what it is called, and whether it can be seen there.
FOCUS = """() => {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  if (!one || one === document.body) return null;
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
  const around = one.closest("form.composer");
  const framed = around && getComputedStyle(around).borderTopColor !== getComputedStyle(around).color;
  const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && !/0\\)$/.test(outlineColor);
  const { top, bottom } = one.getBoundingClientRect();
  const name = one.getAttribute("aria-label") ?? one.innerText.trim();
  return { name, seen: (outlined || framed) && bottom > 0 && top < innerHeight };
}"""


@pytest_asyncio.fixture
async def ada(readers: Readers) -> Writer:
    """Somebody who has no mouse."""
    writer: Writer = await readers.new(Writer)
    return writer


async def walked(writer: Writer, key: str, steps: int) -> list[str]:
    """What a key leads to, step by step; each is seen to have the focus."""
    names: list[str] = []
    for _ in range(steps):
        await writer.page.keyboard.press(key)
        found: dict[str, Any] | None = await writer.page.evaluate(FOCUS)
        assert found is not None, f"nothing has the focus after {names[-1:]}"
        assert found["seen"], f"nobody sees that {found['name']} has the focus"
        names.append(found["name"])
    return names


def of_comment(*others: str, up: int = 0) -> list[str]:
    """What one comment offers, in order."""
    return ["now", f"Vote up, {up} vote{'' if up == 1 else 's'}", "Vote down, 0 votes", "Reply", "More", *others]


async def test_the_tab_key_goes_through_everything_in_the_order_of_reading(site: SiteClient, ada: Writer) -> None:
    for number in range(20):
        await site.posted("a", f"Filler {number}.", token=await site.token("Ben"))
    first = await site.posted("a", "A question.", token=await site.token("Ada"))
    await site.posted("a", "An answer.", parent=first["id"], token=await site.token("Ben"))
    await site.put(f"/comments/{first['id']}/vote", {"value": 1}, token=await site.token("Ben"))
    await ada.open_as("Ada", "a")
    await expect(ada.comment("A question.").get_by_role("button", name="Vote up, 1 vote")).to_be_visible()
    await expect(ada.thread.get_by_role("button", name="1 reply to you")).to_be_visible()
    composer = ["Join the discussion", "Bold", "Preview", "Post"]  # the tools are one stop, with arrows inside
    ahead = [
        *("1 reply to you", "Order of comments", *composer),
        *of_comment("Fold away 1 reply", up=1),
        *of_comment(),
        *(name for _ in range(19) for name in of_comment()),
        "Show more comments",
    ]
    assert await walked(ada, "Tab", len(ahead)) == ahead
    await ada.page.keyboard.press("Tab")
    assert await ada.page.evaluate(FOCUS) is None, "the page ends here"
    assert await walked(ada, "Shift+Tab", len(ahead)) == ahead[::-1]


async def test_a_discussion_is_joined_without_a_mouse(readers: Readers, site: SiteClient, ada: Writer) -> None:
    keyboard = ada.page.keyboard
    await site.posted("a", "A question.", token=await site.token("Ben"))
    await ada.open("a")
    for key in ("Tab", "Tab", "Enter"):  # past the order, to the way in
        await keyboard.press(key)
    await expect(ada.place.get_by_role("button", name="Sign in")).to_be_focused()
    for key in ("Tab", "Enter"):
        await keyboard.press(key)
    await keyboard.type("Ada")
    await keyboard.press("Enter")
    await expect(ada.box).to_be_focused()
    await keyboard.type("dark")
    for key in ("Control+a", "Tab", "ArrowRight", "Enter"):  # Italic
        await keyboard.press(key)
    await expect(ada.box).to_have_value("_dark_")
    for key in ("Tab", "Tab", "Enter"):  # past the tools, to Preview
        await keyboard.press(key)
    await expect(ada.place.locator(".preview em")).to_have_text("dark")
    for key in ("Tab", "Enter"):
        await keyboard.press(key)
    said = ada.comment("dark")
    await expect(said).to_be_focused()

    question = ada.comment("A question.")
    await question.focus()
    for key in ("Tab", "Tab", "Enter"):
        await keyboard.press(key)
    await expect(question.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    for key in ("Tab", "Tab", "Enter"):
        await keyboard.press(key)
    await expect(ada.answer).to_be_focused()
    await keyboard.type("An answer.")
    await keyboard.press("Control+Enter")
    await expect(ada.comment("An answer.")).to_be_focused()
    await keyboard.press("Shift+Tab")
    await expect(ada.thread.get_by_role("button", name="Fold away 1 reply")).to_be_focused()


async def test_what_happens_is_said_politely(site: SiteClient, ada: Writer) -> None:
    await site.posted("a", "A question.", token=await site.token("Ben"))
    await ada.open_as("Ada", "a")
    spoken = ada.thread.get_by_role("status")
    await expect(spoken).to_have_count(1)  # there from the beginning: else its first words are not heard
    await spoken.evaluate(
        "(element) => { window.said = []; new MutationObserver(() => window.said.push(element.textContent))"
        ".observe(element, { childList: true }) }"
    )
    await ada.say("An answer.")
    await site.posted("a", "News.", token=await site.token("Ben"))
    await expect(ada.pill).to_be_visible()
    await ada.choose(ada.comment("An answer."), "Delete")
    assert await ada.page.evaluate("said") == [
        *("Sending", "Your comment is published.", "1 new comment", "Your comment is being deleted."),
    ]
    assert await ada.thread.locator("[aria-live=assertive]").count() == 0


async def test_headings_and_lists_make_sense_to_a_screen_reader(site: SiteClient, ada: Writer) -> None:
    first = await site.posted("a", "A question.", token=await site.token("Ben"))
    await site.posted("a", "An answer.", parent=first["id"], token=await site.token("Cleo"))
    await ada.open("a")
    await expect(ada.comments).to_have_count(2)
    await expect(ada.thread.get_by_role("region")).to_match_aria_snapshot("""
      - region "Discuss 2":
        - heading "Discuss 2" [level=2]
        - combobox "Order of comments"
        - button "Join the discussion"
        - list:
          - listitem:
            - article /Ben.*now/:
              - link "now"
              - paragraph: A question.
              - button "Vote up, 0 votes"
              - button "Vote down, 0 votes"
              - button "Reply"
              - button "More"
            - button "Fold away 1 reply"
            - list:
              - listitem:
                - article /Cleo.*now/:
                  - paragraph: An answer.
    """)
