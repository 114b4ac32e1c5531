"""Moderating in place: what waits is shown where it will stand, and readers see decisions at once."""

from __future__ import annotations

import pytest_asyncio

from service.domain.identity import Role
from tests.browser.section import Readers, expect
from tests.browser.writing import Writer
from tests.client import SiteClient

SOON = 2_000  # milliseconds until another reader sees a decision


@pytest_asyncio.fixture
async def max_(readers: Readers) -> Writer:
    """A moderator's page."""
    writer: Writer = await readers.new(Writer)
    return writer


@pytest_asyncio.fixture
async def ben(readers: Readers) -> Writer:
    """A reader's page."""
    writer: Writer = await readers.new(Writer)
    return writer


async def test_held_comments_come_in_place_and_are_published(site: SiteClient, max_: Writer, ben: Writer) -> None:
    await site.set(suspect_words=["gravel"])
    root = await site.posted("a", "Root.")
    await max_.open_as("Max", "a", role=Role.MODERATOR)
    await ben.open_as("Ben", "a")
    await site.posted("a", "A gravel reply.", parent=root["id"], token=await site.token("Cleo"))
    held = max_.item(root["id"]).locator("li[data-state=pending] > article")
    await expect(held).to_contain_text("A gravel reply.")
    await expect(max_.note(held)).to_contain_text("(gravel)")
    await expect(ben.comments).to_have_count(1)
    await held.get_by_role("button", name="Approve").click()
    await expect(max_.comment("gravel")).to_contain_text("Published.")
    await expect(ben.pill).to_have_text("1 new comment", timeout=SOON)
    await expect(max_.state("pending")).to_have_count(0)


async def test_a_removal_is_seen_by_readers_and_can_be_undone(site: SiteClient, max_: Writer, ben: Writer) -> None:
    await site.posted("a", "Too sharp.", token=await site.token("Cleo"))
    await max_.open_as("Max", "a", role=Role.MODERATOR)
    await ben.open_as("Ben", "a")
    await max_.choose(max_.comment("Too sharp."), "Remove")
    await max_.dialog.get_by_label("Insults").check()
    await max_.dialog.get_by_label("Note for moderators").fill("Second time.")
    await max_.dialog.get_by_role("button", name="Remove").click()
    await expect(ben.thread.locator(".tombstone")).to_have_count(1, timeout=SOON)
    token = await site.token("Max", Role.MODERATOR)
    [decision] = (await site.get("/moderation/decisions", token=token)).json["items"]
    assert (decision["action"], decision["reason"], decision["note"]) == ("remove", "abuse", "Second time.")
    undo = max_.thread.get_by_role("button", name="Undo")
    await expect(undo).to_be_focused()
    await undo.click()
    await expect(max_.comment("Too sharp.")).to_be_visible()
    await expect(ben.comment("Too sharp.")).to_be_visible(timeout=SOON)


async def test_spam_and_featuring(site: SiteClient, max_: Writer, ben: Writer) -> None:
    await site.posted("a", "Fine words.", token=await site.token("Cleo"))
    await site.posted("a", "Buy now.", token=await site.token("Dora"))
    await max_.open_as("Max", "a", role=Role.MODERATOR)
    await ben.open_as("Ben", "a")
    await max_.choose(max_.comment("Fine words."), "Feature")
    await expect(ben.comment("Fine words.")).to_contain_text("Editors’ pick", timeout=SOON)
    await max_.choose(max_.comment("Buy now."), "Spam")
    await expect(ben.comment("Buy now.")).to_have_count(0, timeout=SOON)
    await max_.choose(max_.comment("Fine words."), "Stop featuring")
    await expect(ben.comment("Fine words.")).not_to_contain_text("Editors’ pick", timeout=SOON)


async def test_a_ban_says_what_it_will_do_and_does_it(site: SiteClient, max_: Writer, ben: Writer) -> None:
    cleo = await site.token("Cleo")
    for number in range(3):
        await site.posted("a", f"Noise {number}.", token=cleo)
    await max_.open_as("Max", "a", role=Role.MODERATOR)
    await ben.open_as("Ben", "a")
    await max_.choose(max_.comment("Noise 1."), "Ban Cleo")
    await expect(max_.dialog).to_contain_text("So far 3 of their comments were published and 0 removed.")
    await max_.dialog.get_by_label("For how long").select_option("for good")
    await max_.dialog.get_by_label("Reason").fill("Noise.")
    await max_.dialog.get_by_label("Also remove all 3").check()
    await max_.dialog.get_by_role("button", name="Ban Cleo for good and remove 3 comments").click()
    await expect(max_.note(max_.comments).get_by_text("Cleo is banned.")).to_be_visible()
    await expect(ben.comment("Noise")).to_have_count(0)
    assert (await site.comment("a", "More noise.", token=cleo)).json["code"] == "banned"
    await max_.thread.get_by_role("button", name="Undo").click()
    await expect(ben.comment("Noise")).to_have_count(3)
    assert (await site.comment("a", "Back again.", token=cleo)).status == 201


async def test_two_moderators_do_not_collide(readers: Readers, site: SiteClient, max_: Writer) -> None:
    await site.set(suspect_words=["gravel"])
    other: Writer = await readers.new(Writer)
    await max_.open_as("Max", "a", role=Role.MODERATOR)
    await other.open_as("Mia", "a", role=Role.MODERATOR)
    await site.posted("a", "A gravel path.", token=await site.token("Cleo"))
    await expect(other.state("pending")).to_have_count(1)
    await max_.state("pending").get_by_role("button", name="Spam").click()
    await expect(other.state("pending")).to_have_count(0, timeout=SOON)


async def test_readers_are_offered_no_decisions(site: SiteClient, ben: Writer) -> None:
    await site.posted("a", "Somebody's.", token=await site.token("Cleo"))
    await ben.open_as("Ben", "a")
    await ben.push(ben.comment("Somebody's."), "More")
    await expect(ben.thread.get_by_role("menuitem")).to_have_text(["Copy link", "Flag", "Mute Cleo"])
    assert not any("moderat" in asked for asked in ben.requests)
