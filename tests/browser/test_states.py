"""Everything the section can look like: each state is brought about for real, and looked at by examining.py.

What a state shows is named by selectors. The styles name everything that can be shown: a part or state of the section
that no row of the table shows is a failure.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from service.api.assets import WEB
from service.domain.identity import Role
from service.operations.moderation import decide
from tests.browser.examining import Rules, examine
from tests.browser.section import Locator, Readers, expect
from tests.browser.writing import Writer
from tests.client import SiteClient, until

RULES = Rules(
    least=44,
    inline="a, .rail, .note .link, .complaint .link, .line button",
    words=".body",
    wide=".spoken",
)


@dataclass
class Scene:
    """Where a state is brought about."""

    site: SiteClient
    readers: Readers
    lang: str = "en"

    async def reader(self, article: str = "a", *, name: str = "", role: Role = Role.READER, **options: Any) -> Writer:
        """Somebody's page, signed in when they have a name."""
        reader: Writer = await self.readers.new(Writer, viewport={"width": 390, "height": 900})
        direction = "rtl" if self.lang == "ar" else "ltr"
        if name:
            options["attributes"] = f'token="{await self.site.token(name, role)}"'
        await reader.open(article, lang=self.lang, direction=direction, **options)
        if name and options.get("loaded", True):
            await expect(reader.box.or_(reader.place.locator(".line")).or_(reader.line)).to_be_visible()
        return reader

    async def say(self, text: str, name: str = "Ben", **options: Any) -> dict[str, Any]:
        """Somebody's comment."""
        return await self.site.posted("a", text, token=await self.site.token(name), **options)

    async def act(self, comment: dict[str, Any], action: Any, **why: Any) -> None:
        """A moderator's decision."""
        await decide(self.site.service.deps, await self.site.site(), UUID(comment["id"]), action, **why)

    async def counted(self, number: int) -> None:
        """Wait until pages show so many comments."""

        async def found() -> bool:
            return bool((await self.site.page("a"))["article"]["comment_count"] == number)

        await until(found)

    async def change_article(self, **changes: Any) -> None:
        """A moderator's change of the article."""
        await self.say("Something said before.")
        token = await self.site.token("Max", Role.MODERATOR)
        assert (await self.site.patch("/moderation/articles/a", changes, token=token)).status == 200


Bring = Callable[[Scene], Awaitable[Writer]]


@dataclass(frozen=True)
class State:
    """One row: what brings it about, and what is to be seen then. `forced`: looked at in forced colours, too."""

    bring: Bring
    shows: tuple[str, ...]
    lang: str = "en"
    forced: bool = False


STATES: dict[str, State] = {}


def state(*shows: str, arabic: bool = False, forced: bool = False) -> Callable[[Bring], Bring]:
    """Put a state into the table, `arabic`: once more from right to left."""

    def add(bring: Bring) -> Bring:
        name = bring.__name__  # type: ignore[attr-defined]
        STATES[name] = State(bring, shows, forced=forced)
        if arabic:
            STATES[f"{name}-ar"] = State(bring, shows, lang="ar")
        return bring

    return add


def button(place: Locator, action: str) -> Locator:
    """A comment's button, whatever the language."""
    return place.locator(f"[data-action={action}]")


async def chosen(reader: Writer, comment: Locator, label: str) -> Writer:
    """Choose from a comment's menu, and see what opens."""
    await reader.choose(comment, label)
    await expect(reader.dialog).to_be_visible()
    return reader


# ---- reading


@state(".header", ".count", "select", ".place", ".join", ".list", ".empty", ".spoken", arabic=True)
async def empty(scene: Scene) -> Writer:
    return await scene.reader()


@state(".skeleton", "[aria-busy=true]")
async def loading(scene: Scene) -> Writer:
    reader: Writer = await scene.readers.new(Writer)
    reader.allow("ERR_ABORTED")
    await reader.page.route("**/articles/a/comments*", lambda route: asyncio.sleep(0))
    await reader.open("a", loaded=False)
    await expect(reader.thread.locator(".skeleton")).to_have_count(3)
    return reader


@state(
    *(".comment", ".by", ".avatar", "[class*=tone-]", ".name", ".time", ".badge", ".edited", ".actions", ".votes"),
    *("[data-clip]", ".mark", "[data-action=up]", "[data-action=down]", "[data-action=reply]", "[data-action=menu]"),
    *(".body", ".body a", ".body ul", ".body ol", "pre", "code", "blockquote"),
    *(".more", ".branch", ".rail", ".replies", ".to"),
    arabic=True,
    forced=True,
)
async def long_thread(scene: Scene) -> Writer:
    for number in range(20):
        await scene.say(f"Number {number} has something to say about lighthouses.", name=f"Person {number}")
    token = await scene.site.token("Max Mustermann-Oberhuber", Role.MODERATOR)
    said = await scene.site.posted("a", "> Who lights it?\n\nI do: `lamp on`\n\n- oil\n- wick\n\n1. match", token=token)
    await scene.site.patch(
        f"/comments/{said['id']}",
        {"text": "> Who lights it?\n\nI [do](https://example.com/):\n\n    lamp on\n\n- `oil`\n- wick\n\n1. match"},
        token=token,
    )
    await scene.site.put(f"/comments/{said['id']}/vote", {"value": 1}, token=await scene.site.token("Voter"))
    parent = said
    for number in range(11):
        parent = await scene.say(f"Deeper {number}.", name=f"Person {number}", parent=parent["id"])
    await scene.counted(32)
    reader = await scene.reader()
    await expect(reader.roots).to_have_count(20)
    await expect(reader.comments.first.locator(".votes")).to_have_text("1")
    return reader


@state(".comment > .more")
async def folded(scene: Scene) -> Writer:
    parent = await scene.say("A question.")
    await scene.say("An answer.", parent=parent["id"])
    await scene.counted(2)
    reader = await scene.reader()
    await reader.thread.locator(".rail:visible").click()
    await expect(reader.comments).to_have_count(2)
    return reader


@state(".new", "article:focus")
async def linked(scene: Scene) -> Writer:
    said = await scene.say("The one that is meant.")
    await scene.counted(1)
    reader = await scene.reader(fragment=f"#comment-{said['id']}")
    await expect(reader.comments).to_be_focused()
    return reader


@state(".tombstone")
async def tombstones(scene: Scene) -> Writer:
    for action in ("remove", "spam"):
        said = await scene.say(f"To be gone by {action}.")
        await scene.say(f"A reply to what is gone by {action}.", parent=said["id"])
        await scene.act(said, action)
    await scene.counted(2)
    reader = await scene.reader()
    await expect(reader.thread.locator(".tombstone")).to_have_count(2)
    return reader


@state(".badge", "[data-featured]")
async def featured(scene: Scene) -> Writer:
    said = await scene.say("Worth reading.")
    await scene.act(said, "feature")
    await scene.counted(1)
    return await scene.reader()


@state(".afloat", ".pill", arabic=True, forced=True)
async def new_comments(scene: Scene) -> Writer:
    await scene.say("Here first.")
    reader = await scene.reader()
    for number in range(3):
        await scene.say(f"News {number}.")
    await expect(reader.pill).to_have_text(re.compile("[3٣]"))
    return reader


@state(".line", ".line button")
async def out_of_reach(scene: Scene) -> Writer:
    reader: Writer = await scene.readers.new(Writer)
    reader.allow("ERR_FAILED")
    await reader.page.route("**/articles/a/comments*", lambda route: route.abort())
    await reader.open("a")
    await expect(reader.line).to_contain_text("offline")
    return reader


@state(".wrong")
async def offline(scene: Scene) -> Writer:
    for number in range(21):
        await scene.say(f"Number {number}.")
    await scene.counted(21)
    reader = await scene.reader()
    reader.allow("ERR_INTERNET_DISCONNECTED")
    await reader.context.set_offline(True)
    await reader.more.click()
    await expect(reader.thread.locator(".wrong")).to_be_visible()
    return reader


@state(".line", "[data-closed]", arabic=True)
async def locked(scene: Scene) -> Writer:
    await scene.change_article(locked=True, locked_reason="Everything was said.")
    await scene.counted(1)
    return await scene.reader()


@state(".line")
async def closed(scene: Scene) -> Writer:
    await scene.site.set(posting="closed")
    return await scene.reader()


HOSTILE = (
    "w" * 9_999,
    "<script>document.title = 'run'</script> <img src=x onerror=alert(1)>",
    "\u202eevil\u2066 override \u202d and \u2067more without an end",
    "Z" + "\u0334\u0321\u0350\u0312\u033e" * 40 + "algo comes",
    "https://www.example.org/" + "a" * 300,
    "`" + "code" * 200 + "`\n\n    " + "indented " * 60,
)


@state(".body")
async def hostile(scene: Scene) -> Writer:
    for number, text in enumerate(HOSTILE):
        await scene.say(text, name=f"{'</script>' if number % 2 else 'Anamewithoutanyspace' * 3}{number}")
    await scene.counted(len(HOSTILE))
    return await scene.reader()


@state("[data-long]", "article > .more", arabic=True)
async def cut_short(scene: Scene) -> Writer:
    await scene.say("A [long](https://example.com/) story: " + "nothing at all happens in it. " * 100)
    await scene.counted(1)
    return await scene.reader()


@state(".body")
async def enlarged(scene: Scene) -> Writer:
    parent = await scene.say("Large letters for tired eyes.")
    await scene.say("As large as they want them.", parent=parent["id"])
    await scene.counted(2)
    reader = await scene.reader(name="Ada")
    await reader.box.fill("Twice as large.")
    await reader.page.evaluate("document.documentElement.style.fontSize = document.body.style.fontSize = '34px'")
    return reader


# ---- writing


@state(".composer", ".grow", ".input", "[data-open]", ".foot", ".tools", ".quiet", ".send", arabic=True, forced=True)
async def composing(scene: Scene) -> Writer:
    await scene.say("Here first.")
    await scene.counted(1)
    reader = await scene.reader(name="Ada")
    await reader.box.fill("Half a thought\n\nand the other half of it")
    return reader


@state(".preview")
async def previewing(scene: Scene) -> Writer:
    reader = await scene.reader(name="Ada")
    await reader.box.fill("**Bold**\n\n> quoted")
    await reader.place.get_by_role("button", name="Preview").click()
    await expect(reader.place.locator(".preview strong")).to_be_visible()
    return reader


@state(".left", "[data-over]", ".complaint")
async def too_long(scene: Scene) -> Writer:
    await scene.site.set(max_length=300)
    reader = await scene.reader(name="Ada")
    await reader.box.fill("x " * 151)
    await reader.press_send()
    await expect(reader.complaint).to_be_visible()
    return reader


@state(".complaint", ".complaint .link", arabic=True)
async def refused(scene: Scene) -> Writer:
    reader = await scene.reader(name="Ada")
    reader.allow("ERR_INTERNET_DISCONNECTED")
    await reader.box.fill("From a tunnel.")
    await reader.context.set_offline(True)
    await reader.box.press("Control+Enter")
    await expect(reader.complaint).to_be_visible()
    return reader


@state(".complaint")
async def rate_limited(scene: Scene) -> Writer:
    await scene.change_article(slow_mode_seconds=900)
    await scene.say("The first of mine.", name="Ada")
    reader = await scene.reader(name="Ada")
    reader.allow("429")
    await reader.box.fill("Too soon.")
    await reader.press_send()
    await expect(reader.complaint).to_contain_text("Slow mode")
    return reader


@state("[data-state=sending]")
async def sending(scene: Scene) -> Writer:
    reader = await scene.reader(name="Ada")
    reader.allow("ERR_ABORTED")
    await reader.page.route("**/articles/a/comments", lambda route: asyncio.sleep(0))
    await reader.box.fill("On its way.")
    await reader.press_send()
    await expect(reader.state("sending")).to_be_visible()
    return reader


@state("li [part=composer]", "li .composer", arabic=True)
async def replying(scene: Scene) -> Writer:
    await scene.say("A question.")
    await scene.counted(1)
    reader = await scene.reader(name="Ada")
    await button(reader.comments.first, "reply").click()
    await reader.answer.fill("An answer")
    return reader


@state("[data-editing]", ".left")
async def editing(scene: Scene) -> Writer:
    await scene.say("My words.", name="Ada")
    await scene.counted(1)
    reader = await scene.reader(name="Ada")
    await reader.choose(reader.comments.first, "Edit")
    await expect(reader.thread.get_by_role("textbox", name="Edit your comment")).to_be_focused()
    return reader


@state("[data-state=pending]", ".notes", ".note", "[data-note=held]", forced=True, arabic=True)
async def held(scene: Scene) -> Writer:
    await scene.site.set(suspect_words=["gravel"])
    await scene.say("Here first.")
    await scene.say("A gravel road.", name="Ada")
    await scene.counted(1)
    reader = await scene.reader(name="Ada")
    await expect(reader.note(reader.state("pending"))).to_be_visible()
    return reader


@state("[data-note=edit]")
async def held_edit(scene: Scene) -> Writer:
    await scene.site.set(suspect_words=["gravel"])
    await scene.say("A road.", name="Ada")
    await scene.counted(1)
    reader = await scene.reader(name="Ada")
    await reader.choose(reader.comments.first, "Edit")
    box = reader.thread.get_by_role("textbox", name="Edit your comment")
    await box.fill("A gravel road.")
    await box.press("Control+Enter")
    await expect(reader.note(reader.comments)).to_contain_text("wait")
    return reader


async def removed_one(scene: Scene) -> Writer:
    """Somebody at their own removed comment."""
    said = await scene.say("Too sharp.", name="Ada")
    reader = await scene.reader(name="Ada")
    await expect(reader.comments).to_have_count(1)
    await scene.act(said, "remove", reason="abuse")
    await expect(reader.note(reader.state("refused"))).to_be_visible()
    return reader


@state("[data-state=refused]", "[data-note=removed]", ".note .link", forced=True)
async def removed(scene: Scene) -> Writer:
    return await removed_one(scene)


@state("dialog", ".hint", "fieldset", "fieldset .input")
async def appealing(scene: Scene) -> Writer:
    reader = await removed_one(scene)
    await reader.push(reader.state("refused"), "Appeal")
    await expect(reader.dialog).to_be_visible()
    return reader


@state("[data-state=leaving]", "[data-note=leaving]")
async def leaving(scene: Scene) -> Writer:
    await scene.say("Regretted.", name="Ada")
    await scene.counted(1)
    reader = await scene.reader(name="Ada")
    await reader.page.clock.install()
    await reader.choose(reader.comments.first, "Delete")
    await expect(reader.state("leaving")).to_be_visible()
    return reader


# ---- taking part


@state("[data-state=muted]", "[data-note=muted]")
async def muted(scene: Scene) -> Writer:
    await scene.say("Loud.")
    await scene.say("Quiet.", name="Cleo")
    await scene.counted(2)
    reader = await scene.reader()
    await reader.choose(reader.comment("Loud."), "Mute Ben")
    await expect(reader.state("muted")).to_be_visible()
    return reader


@state("[aria-pressed=true]", "[data-note=told]")
async def voted(scene: Scene) -> Writer:
    await scene.say("Good.")
    await scene.say("Mine.", name="Ada")
    await scene.counted(2)
    reader = await scene.reader(name="Ada")
    reader.allow("403")
    await button(reader.comment("Good."), "up").click()
    await expect(button(reader.comment("Good."), "up")).to_have_attribute("aria-pressed", "true")
    await button(reader.comment("Mine."), "up").click()
    await expect(reader.note(reader.comment("Mine."))).to_be_visible()
    return reader


@state(".menu", arabic=True, forced=True)
async def menu(scene: Scene) -> Writer:
    await scene.say("Something.")
    await scene.counted(1)
    reader = await scene.reader(name="Ada")
    await button(reader.comments.first, "menu").click()
    await expect(reader.thread.get_by_role("menu")).to_be_visible()
    return reader


@state("dialog", ".choice", "legend", arabic=True, forced=True)
async def flagging(scene: Scene) -> Writer:
    await scene.say("Questionable.")
    await scene.counted(1)
    reader = await scene.reader(name="Ada")
    await button(reader.comments.first, "menu").click()
    await reader.thread.get_by_role("menuitem").nth(1).click()
    await expect(reader.dialog).to_be_visible()
    return reader


@state("dialog .complaint")
async def flag_refused(scene: Scene) -> Writer:
    reader = await flagging(scene)
    reader.allow("ERR_INTERNET_DISCONNECTED")
    await reader.context.set_offline(True)
    await reader.dialog.get_by_label("Against the law").check()
    for box in await reader.dialog.locator("textarea:visible, input:not([type]):visible").all():
        await box.fill("It is.")
    await reader.dialog.get_by_label("good faith").check()
    await reader.dialog.get_by_role("button", name="Send").click()
    await expect(reader.dialog.locator(".complaint")).to_be_visible()
    return reader


@state("dialog", ".hint")
async def reporting_without_account(scene: Scene) -> Writer:
    await scene.say("Questionable.")
    await scene.counted(1)
    reader = await scene.reader()
    return await chosen(reader, reader.comments.first, "Flag")


@state(".bell", ".bell[data-new]", arabic=True)
async def told_of_replies(scene: Scene) -> Writer:
    mine = await scene.say("Mine.", name="Ada")
    await scene.say("An answer.", parent=mine["id"])
    await scene.counted(2)
    reader = await scene.reader(name="Ada")
    await expect(reader.thread.locator(".bell[data-new]")).to_be_visible()
    return reader


@state(".notices", ".notices .link")
async def notices(scene: Scene) -> Writer:
    reader = await told_of_replies(scene)
    await reader.thread.locator(".bell").click()
    await expect(reader.thread.locator(".notices li")).to_have_count(1)
    return reader


# ---- signing in


async def signing_in(scene: Scene, **settings: Any) -> Writer:
    """Somebody without an account who wants to take part."""
    await scene.site.set(**settings)
    reader = await scene.reader()
    await reader.place.locator(".join").click()
    await expect(reader.place.locator(".sign-in")).to_be_visible()
    return reader


@state(".sign-in a", arabic=True)
async def signed_out(scene: Scene) -> Writer:
    return await signing_in(scene, guests=False, sign_in_url="https://www.example.com/login")


@state(".sign-in .link")
async def signed_out_without_a_link(scene: Scene) -> Writer:
    return await signing_in(scene)


@state(".sign-in .input", arabic=True)
async def guest(scene: Scene) -> Writer:
    reader = await signing_in(scene)
    await reader.place.locator(".sign-in .link").last.click()
    await expect(reader.place.locator("input")).to_be_focused()
    return reader


@state(".place > .composer + .sign-in", arabic=True)
async def guest_writing(scene: Scene) -> Writer:
    reader = await guest(scene)
    await reader.thread.locator(".sign-in .input").fill("Passer-by")
    await reader.page.keyboard.press("Enter")
    await expect(reader.thread.locator(".place > .composer + .sign-in")).to_be_visible()
    return reader


@state("[data-note=sign-in]")
async def signed_out_at_a_comment(scene: Scene) -> Writer:
    await scene.say("Good.")
    await scene.counted(1)
    reader = await scene.reader()
    await button(reader.comments.first, "up").click()
    await expect(reader.note(reader.comments).locator(".sign-in")).to_be_visible()
    return reader


@state(".complaint .sign-in")
async def session_ended(scene: Scene) -> Writer:
    reader = await scene.reader(name="Ada")
    reader.allow("401")
    headers = {"Access-Control-Allow-Origin": reader.press.origin}
    body = '{"code": "token_expired"}'
    await reader.page.route(
        "**/articles/a/comments",
        lambda route: route.fulfill(status=401, body=body, headers=headers, content_type="application/problem+json"),
    )
    await reader.box.fill("Not lost.")
    await reader.press_send()
    await expect(reader.complaint.locator(".sign-in")).to_be_visible()
    return reader


@state(".place .line")
async def banned(scene: Scene) -> Writer:
    said = await scene.say("Mine.", name="Ada")
    token = await scene.site.token("Max", Role.MODERATOR)
    path = f"/moderation/authors/{said['author']['id']}/ban"
    assert (await scene.site.put(path, {"reason": "Shouting."}, token=token)).status == 200
    return await scene.reader(name="Ada")


# ---- moderating in place


async def moderating(scene: Scene, text: str = "Something.") -> Writer:
    """A moderator at somebody's comment."""
    await scene.site.set(suspect_words=["gravel"])
    await scene.say(text, name="Cleo")
    reader = await scene.reader(name="Max", role=Role.MODERATOR)
    await expect(reader.comments).to_have_count(1)
    return reader


@state("[data-state=pending]", ".note .link", arabic=True)
async def moderating_held(scene: Scene) -> Writer:
    return await moderating(scene, "A gravel road.")


@state("[data-apart]", forced=True)
async def moderating_menu(scene: Scene) -> Writer:
    reader = await moderating(scene)
    await button(reader.comments.first, "menu").click()
    await expect(reader.thread.get_by_role("menu")).to_be_visible()
    return reader


@state("dialog")
async def removing(scene: Scene) -> Writer:
    reader = await moderating(scene)
    return await chosen(reader, reader.comments.first, "Remove")


@state("dialog select")
async def banning(scene: Scene) -> Writer:
    reader = await moderating(scene)
    return await chosen(reader, reader.comments.first, "Ban Cleo")


@pytest.mark.parametrize("name", STATES)
async def test_a_state(readers: Readers, site: SiteClient, name: str) -> None:
    row = STATES[name]
    reader = await row.bring(Scene(site, readers, row.lang))
    for mark in row.shows:
        await expect(reader.thread.locator(mark).first).to_be_attached()
    await examine(reader.page, name, RULES, forced=row.forced, axes=row.lang == "en")


def marks() -> set[str]:
    """Everything that styles and scripts of the section name as a part or state of it."""
    found: set[str] = set()
    for path in (WEB / "embed").glob("*.js"):
        source = path.read_text()
        found |= {f"[data-note={kind}]" for kind in re.findall(r'\bnote\(view, "([a-z-]+)"', source)}
        if not path.stem.endswith("style"):
            continue
        sheet = re.sub(r"\{[^{}]*\}", " ", source.split("CSS = `")[1].split("`;")[0])
        found |= set(re.findall(r"\.[a-z-]*[a-z](?![\w-])|\[(?:data|aria)-[a-z-]+(?:=[a-z-]+)?\]", sheet))
    return found


def test_everything_the_section_can_show_is_shown_by_a_state() -> None:
    shown = " ".join(mark for row in STATES.values() for mark in row.shows)
    named = marks()
    assert len(named) > 50
    assert {mark for mark in named if mark not in shown} == set()
