"""Everything the console can look like: each state is brought about for real, and looked at by examining.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from service.domain.identity import Role
from service.operations.moderation import decide
from tests.browser.desk import Desk
from tests.browser.examining import Rules, examine
from tests.browser.section import Readers, expect
from tests.client import SiteClient, until

# With a mouse it is a dense workbench (WCAG asks for 24 pixels); on a phone its targets are as big as the section's.
MOUSE = Rules(least=24, inline="a", words=".text, .words, .skip", wide=".spoken, .skip, .tabs")
TOUCH = Rules(least=44, inline="a, summary, .chip", words=MOUSE.words, wide=MOUSE.wide)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@dataclass
class Scene:
    """Where a state is brought about: a site with things to decide."""

    site: SiteClient
    readers: Readers
    options: dict[str, Any]

    async def desk(self, path: str, role: Role = Role.MODERATOR, *, live: bool = True) -> Desk:
        """A moderator at a place of the console."""
        desk: Desk = await self.readers.new(Desk, **self.options)
        await desk.sign_in("Max", role)
        await desk.go(path, live=live)
        return desk

    async def say(self, text: str, name: str = "Ada", **options: Any) -> dict[str, Any]:
        """Somebody's comment."""
        return await self.site.posted("harbour-lights", text, token=await self.site.token(name), **options)

    async def flag(self, comment: dict[str, Any], reason: str, by: str, note: str) -> None:
        """A reader's flag."""
        body = {"reason": reason, "note": note}
        answer = await self.site.post(f"/comments/{comment['id']}/flags", body, token=await self.site.token(by))
        assert answer.status == 201

    async def register(self) -> None:
        """Say what the article is."""
        await self.say("Something said before.", "Ben")
        token = await self.site.token("Nora", Role.MODERATOR)
        changes = {"title": "The last lighthouse keeper of the northern coast", "section": "Reportage"}
        answer = await self.site.patch("/moderation/articles/harbour-lights", changes, token=token)
        assert answer.status == 200, answer.body

    async def held(self, number: int = 3) -> list[dict[str, Any]]:
        """Comments that wait."""
        await self.site.set(suspect_words=["gravel"])
        await self.register()
        return [await self.say(f"Gravel, said for the {n + 1}. time.", f"Person {n}") for n in range(number)]


Bring = Callable[[Scene], Awaitable[Desk]]
STATES: dict[str, tuple[Bring, dict[str, Any]]] = {}


def state(*, phone: bool = False) -> Callable[[Bring], Bring]:
    """Put a state into the table; `phone`: once more on one."""

    def add(bring: Bring) -> Bring:
        name = bring.__name__  # type: ignore[attr-defined]
        STATES[name] = (bring, {})
        if phone:
            STATES[f"{name}-phone"] = (bring, PHONE)
        return bring

    return add


# ---- the way in


@state()
async def which_site(scene: Scene) -> Desk:
    desk: Desk = await scene.readers.new(Desk, **scene.options)
    await desk.page.goto(f"{scene.site.service.url}/console")
    await expect(desk.page.get_by_role("textbox")).to_be_focused()
    return desk


@state(phone=True)
async def sign_in(scene: Scene) -> Desk:
    await scene.site.set(sign_in_url="https://www.example.com/login")
    desk: Desk = await scene.readers.new(Desk, **scene.options)
    desk.allow("401")
    await desk.page.goto(desk.address("/queue"))
    await expect(desk.page.get_by_role("button", name="Sign in at www.example.com")).to_be_visible()
    await desk.page.get_by_label("A moderator’s token").fill("nonsense")
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.get_by_role("alert")).not_to_be_empty()
    return desk


@state()
async def unsent(scene: Scene) -> Desk:
    await scene.held(1)
    desk = await scene.desk("/queue")
    desk.allow("401")
    await desk.page.route(
        "**/moderation/decisions", lambda route: route.fulfill(status=401, json={"code": "token_expired"})
    )
    await expect(desk.current).to_be_visible()
    await desk.type("s")
    await expect(desk.page.locator(".signin .note")).to_contain_text("1 decision that could not be sent")
    return desk


# ---- the workbench


@state(phone=True)
async def nothing_waits(scene: Scene) -> Desk:
    return await scene.desk("/queue")


@state(phone=True)
async def queue(scene: Scene) -> Desk:
    await scene.held(12)
    desk = await scene.desk("/queue")
    await expect(desk.rows).to_have_count(12)
    return desk


@state(phone=True)
async def item(scene: Scene) -> Desk:
    await scene.site.set(flag_threshold=10)
    await scene.register()
    said = await scene.say("An old word.", "Rude")
    root = await scene.say("What they all answer.", "Ben")
    bad = await scene.say("A rude word about [somebody](https://example.com/).", "Rude", parent=root["id"])
    await scene.say("An answer beside it.", "Cleo", parent=root["id"])
    await decide(scene.site.service.deps, await scene.site.site(), UUID(said["id"]), "remove", reason="abuse")
    for reason, by in (("abuse", "One"), ("abuse", "Two"), ("hate", "Three")):
        await scene.flag(bad, reason, by, "He means me, and everybody knows it.")
    desk = await scene.desk(f"/queue/{bad['id']}?queue=flagged")
    await expect(desk.item.locator(".context")).to_be_visible()
    return desk


@state()
async def edit(scene: Scene) -> Desk:
    await scene.site.set(suspect_words=["gravel"])
    said = await scene.say("The road is made of sand.")
    token = await scene.site.token("Ada")
    assert (await scene.site.patch(f"/comments/{said['id']}", {"text": "It is gravel."}, token=token)).status == 202
    desk = await scene.desk("/queue")
    await expect(desk.item.locator("ins").first).to_be_visible()
    return desk


@state()
async def appeal(scene: Scene) -> Desk:
    said = await scene.say("He said so.")
    body = {"decisions": [{"comment_id": said["id"], "action": "remove", "reason": "abuse", "note": "Third time."}]}
    await scene.site.post("/moderation/decisions", body, token=await scene.site.token("Nora", Role.MODERATOR))
    path = f"/me/comments/{said['id']}/appeal"
    await scene.site.post(path, {"text": "I quoted him."}, token=await scene.site.token("Ada"))
    desk = await scene.desk("/queue?queue=appeals")
    await expect(desk.item.locator("blockquote")).to_be_visible()
    return desk


@state(phone=True)
async def removing(scene: Scene) -> Desk:
    [said] = await scene.held(1)
    desk = await scene.desk(f"/queue/{said['id']}")
    await desk.item.get_by_role("button", name="Remove").click()
    await expect(desk.page.get_by_role("dialog")).to_be_visible()
    return desk


@state()
async def banning(scene: Scene) -> Desk:
    await scene.held(1)
    desk = await scene.desk("/queue")
    await expect(desk.item.locator(".text").first).to_be_visible()
    await desk.type("b")
    await expect(desk.page.get_by_role("dialog")).to_be_visible()
    return desk


@state()
async def decided(scene: Scene) -> Desk:
    await scene.held(3)
    desk = await scene.desk("/queue")
    await expect(desk.current).to_be_visible()
    await desk.type("s")
    await expect(desk.page.locator(".row[data-decided] .undo")).to_be_visible()
    return desk


@state(phone=True)
async def taken_back_anywhere(scene: Scene) -> Desk:
    first, *_ = await scene.held(3)
    desk = await scene.desk(f"/queue/{first['id']}")
    await desk.item.get_by_role("button", name="Spam").click()
    await expect(desk.page.locator(".undo-line").get_by_role("button", name="Undo")).to_be_visible()
    return desk


@state()
async def something_to_know(scene: Scene) -> Desk:
    [said] = await scene.held(1)
    kept = f'{{"author": "x", "wishes": [{{"comment_id": "{said["id"]}", "action": "spam", "version": 1}}]}}'
    key = f"discuss-console-unsent:{scene.site.name}"
    desk: Desk = await scene.readers.new(Desk, **scene.options)
    await desk.sign_in("Max", Role.MODERATOR)
    await desk.context.add_init_script(f"sessionStorage.setItem('{key}', '{kept}')")
    await desk.go("/queue")
    await expect(desk.page.locator(".undo-line")).to_contain_text("was not sent")
    return desk


@state(phone=True)
async def removed(scene: Scene) -> Desk:
    await scene.register()
    root = await scene.say("What they all answer.", "Ben")
    bad = await scene.say("A rude word about somebody.", "Rude", parent=root["id"])
    await scene.say("At length. " * 100, "Cleo", parent=root["id"])
    body = {"decisions": [{"comment_id": bad["id"], "action": "remove", "reason": "abuse", "note": "Third time."}]}
    await scene.site.post("/moderation/decisions", body, token=await scene.site.token("Nora", Role.MODERATOR))
    desk = await scene.desk(f"/queue/{bad['id']}?queue=removed")
    await expect(desk.item.locator(".judged")).to_be_visible()
    await expect(desk.item.get_by_role("button", name="Show all")).to_be_visible()
    return desk


@state()
async def own_removal(scene: Scene) -> Desk:
    said = await scene.say("He said so.")
    body = {"decisions": [{"comment_id": said["id"], "action": "remove", "reason": "abuse"}]}
    await scene.site.post("/moderation/decisions", body, token=await scene.site.token("Max", Role.MODERATOR))
    path = f"/me/comments/{said['id']}/appeal"
    await scene.site.post(path, {"text": "I quoted him."}, token=await scene.site.token("Ada"))
    desk = await scene.desk("/queue?queue=appeals")
    await expect(desk.item.locator(".standing")).to_be_visible()
    return desk


@state(phone=True)
async def long_rows(scene: Scene) -> Desk:
    await scene.site.set(moderation="pre")
    for number in range(3):
        await scene.say(f"At length, {number}. " * 100)
    desk = await scene.desk("/queue")
    await expect(desk.page.get_by_role("button", name="Show all its words").first).to_be_visible()
    return desk


@state()
async def conflict(scene: Scene) -> Desk:
    said, _ = await scene.held(2)
    desk = await scene.desk(f"/queue/{said['id']}")
    await expect(desk.item.locator(".text").first).to_be_visible()
    body = {"decisions": [{"comment_id": said["id"], "action": "remove", "reason": "abuse"}]}
    await scene.site.post("/moderation/decisions", body, token=await scene.site.token("Nora", Role.MODERATOR))
    await expect(desk.item.locator(".standing")).to_contain_text("Nora removed it")
    return desk


@state()
async def selected(scene: Scene) -> Desk:
    await scene.held(3)
    desk = await scene.desk("/queue")
    await expect(desk.current).to_be_visible()
    await desk.type("x", "j", "x")
    await expect(desk.page.locator(".bulk strong")).to_have_text("2 selected")
    return desk


@state()
async def filtered(scene: Scene) -> Desk:
    await scene.held(2)
    desk = await scene.desk("/queue?queue=all&article=harbour-lights&q=gravel&check=suspect_word")
    await expect(desk.page.locator(".chip")).to_have_count(3)
    return desk


@state()
async def all_keys(scene: Scene) -> Desk:
    desk = await scene.desk("/queue")
    await desk.type("?")
    await expect(desk.page.get_by_role("dialog")).to_be_visible()
    return desk


@state(phone=True)
async def places(scene: Scene) -> Desk:
    desk = await scene.desk("/queue")
    menu = desk.page.get_by_role("button", name="Menu")
    if await menu.is_visible():
        await menu.click()
    await expect(desk.page.locator(".side")).to_be_visible()
    return desk


# ---- people, articles and rules


@state()
async def authors(scene: Scene) -> Desk:
    await scene.held(3)
    desk = await scene.desk("/authors")
    await expect(desk.page.locator(".lines li").first).to_be_visible()
    return desk


@state(phone=True)
async def author(scene: Scene) -> Desk:
    [said] = await scene.held(1)
    token = await scene.site.token("Nora", Role.MODERATOR)
    who = f"/moderation/authors/{said['author']['id']}"
    await scene.site.post(f"{who}/notes", {"text": "Called her."}, token=token)
    await scene.site.put(f"{who}/ban", {"reason": "Shouting.", "until": "2099-01-01T00:00:00Z"}, token=token)
    desk = await scene.desk(f"/authors/{said['author']['id']}", Role.ADMIN)
    await expect(desk.page.locator(".note-text")).to_be_visible()
    await expect(desk.rows).to_have_count(1)
    return desk


@state()
async def articles(scene: Scene) -> Desk:
    await scene.register()
    desk = await scene.desk("/articles")
    await expect(desk.page.locator(".lines li").first).to_be_visible()
    return desk


@state(phone=True)
async def article(scene: Scene) -> Desk:
    await scene.held(1)
    desk = await scene.desk("/articles/harbour-lights")
    await expect(desk.page.get_by_role("button", name="Lock")).to_be_visible()
    return desk


@state()
async def networks(scene: Scene) -> Desk:
    token = await scene.site.token("Nora", Role.MODERATOR)
    await scene.site.put("/moderation/network_bans", {"network": "192.0.2.0/24", "reason": "Spam."}, token=token)
    desk = await scene.desk("/networks")
    await expect(desk.page.locator(".lines li")).to_have_count(1)
    return desk


@state(phone=True)
async def log(scene: Scene) -> Desk:
    for said in await scene.held(3):
        body = {"decisions": [{"comment_id": said["id"], "action": "remove", "reason": "abuse", "note": "Again."}]}
        await scene.site.post("/moderation/decisions", body, token=await scene.site.token("Nora", Role.MODERATOR))
    nora = (await scene.site.get("/me", token=await scene.site.token("Nora", Role.MODERATOR))).json["author"]
    desk = await scene.desk(f"/log?moderator={nora['id']}")
    await expect(desk.page.locator(".lines li").first).to_be_visible()
    return desk


@state(phone=True)
async def settings(scene: Scene) -> Desk:
    await scene.say("Casino, casino.")
    desk = await scene.desk("/settings", Role.ADMIN)
    await desk.page.get_by_label("Suspect words").fill("casino")
    await desk.page.get_by_role("button", name="Try these rules").click()
    await expect(desk.page.locator(".trial .lines li")).to_have_count(1)
    return desk


@state(phone=True)
async def settings_refused(scene: Scene) -> Desk:
    desk = await scene.desk("/settings", Role.ADMIN)
    desk.allow("422")
    await desk.page.get_by_label("Language").fill("nonsense!")
    await desk.page.get_by_role("button", name="Save").click()
    await expect(desk.page.locator("[data-setting=language] small.wrong")).to_be_visible()
    return desk


@state()
async def webhooks(scene: Scene) -> Desk:
    desk = await scene.desk("/webhooks", Role.ADMIN)
    await desk.page.get_by_label("Address").fill("https://example.com/hook")
    await desk.page.get_by_role("button", name="Add webhook").click()
    await expect(desk.page.locator(".lines li")).to_have_count(1)
    return desk


@state(phone=True)
async def dashboard(scene: Scene) -> Desk:
    await scene.held(6)
    await scene.flag(await scene.say("Not so kind."), "abuse", "One", "No.")
    token = await scene.site.token("Max", Role.MODERATOR)

    async def counted() -> bool:
        stats = (await scene.site.get("/moderation/stats", token=token)).json
        return bool(stats["hours"][-1]["waiting"] == 6 and stats["by_reason"])

    await until(counted)
    desk = await scene.desk("/dashboard")
    await expect(desk.page.locator(".tile")).to_have_count(4)
    return desk


@pytest.mark.parametrize("name", STATES)
async def test_a_state(readers: Readers, site: SiteClient, name: str) -> None:
    bring, options = STATES[name]
    desk = await bring(Scene(site, readers, options))
    await examine(desk.page, f"console-{name}", TOUCH if options else MOUSE, axes=not options)
    if not options:
        assert await desk.fits()
