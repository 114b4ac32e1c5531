"""docs/embedding.md in a browser: its pages and components as they stand there, under the policy it asks for."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest_asyncio

from service.domain.identity import Role
from tests.browser.desk import Desk
from tests.browser.section import Readers, expect
from tests.browser.test_pages import counted, fragment_of
from tests.browser.writing import Writer
from tests.client import SiteClient
from tests.contracts.test_docs import ROOT, blocks

GUIDE = ROOT / "docs" / "embedding.md"
HOST = "https://comments.example.com"
KEEPS_PLACE = "discuss-thread:not(:defined, :has(.discuss)) { display: block; min-height: 100vh }"

# As much of React as the component uses: one component, drawn anew for other properties, effects after it.
REACT = """
let hooks = [], at = 0, later = [];
export const useRef = (first) => (hooks[at++] ??= { current: first });
export function useEffect(effect, needs) {
  const hook = (hooks[at++] ??= {});
  if (hook.needs && needs?.every((one, index) => Object.is(one, hook.needs[index]))) return;
  hook.needs = needs;
  later.push(() => { hook.undo?.(); hook.undo = effect(); });
}
export function element(tag, { ref, ...attributes }, children) {
  ref.current ??= document.body.appendChild(document.createElement(tag));
  for (const [name, value] of Object.entries(attributes)) ref.current.setAttribute(name, value);
  if (children && !ref.current.firstChild) ref.current.append(children);
}
export function draw(component, properties) {
  at = 0;
  component(properties);
  for (const run of later.splice(0)) run();
}
export function leave() {
  for (const hook of hooks.splice(0)) { hook.undo?.(); hook.current?.remove?.(); }
}
"""
EMBEDS = """
import { draw, leave } from "./react.js";
import { Discussion } from "./discussion.js";
window.posted = [];
window.wanted = [];
window.show = (properties) => draw(Discussion, {
  article: "a", onPosted: (comment) => posted.push(comment.id), onSignIn: (url) => wanted.push(url), ...properties,
});
window.leave = leave;
"""


def snippet(language: str, word: str, service: str, site: str) -> str:
    """The guide's block that has a word in it, for this service and site."""
    (found,) = [block for block in blocks(GUIDE, language) if word in block]
    return found.replace(HOST, service).replace('"daily"', f'"{site}"').replace("keeper-2026", "a")


def policy(service: str) -> str:
    """The header of the guide's example."""
    (found,) = [block for block in blocks(GUIDE, "") if "Content-Security-Policy:" in block]
    return " ".join(found.replace(HOST, service).split()).removeprefix("Content-Security-Policy: ")


class Paper(Writer):
    """A reader of pages that are made of the guide."""

    token = ""  # of who is signed in at the publisher

    async def publish(self, files: dict[str, str], **headers: str) -> None:
        """Put files on the publisher's server; unless there are headers, under the guide's policy."""
        kinds = {"js": "text/javascript", "css": "text/css"}
        given = headers or {"Content-Security-Policy": policy(self.press.service)}
        for path, text in files.items():
            kind = kinds.get(path.rpartition(".")[2], "text/html")
            self.press.files[path] = (text, {"Content-Type": f"{kind}; charset=utf-8", **given})

        async def hand_over(route: Any) -> None:
            await route.fulfill(status=200 if self.token else 401, body=self.token)

        await self.page.route(f"{self.press.origin}/discuss-token", hand_over)

    def snippet(self, language: str, word: str) -> str:
        """A block of the guide, for this reader's site."""
        return snippet(language, word, self.press.service, self.site.name)

    async def visit(self, path: str) -> None:
        await self.page.goto(self.press.origin + path)


@pytest_asyncio.fixture
async def paper(readers: Readers) -> Paper:
    opened: Paper = await readers.new(Paper)
    return opened


def page(body: str, scripts: str = "", style: str = "") -> str:
    """A page around a block."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Guide</title>{style}{scripts}</head>'
        f"<body>{body}</body></html>"
    )


async def test_the_plain_page(paper: Paper, site: SiteClient) -> None:
    for number in range(5):
        await site.posted("a", f"Said {number}.")
    await counted(site, "a", 5)
    await paper.publish({"/plain": paper.snippet("html", "<!doctype")}, Server="plain")
    await paper.visit("/plain")
    await paper.ready()
    await expect(paper.comments).to_have_count(5)
    await expect(paper.page.locator("discuss-count")).to_have_text("5")
    assert await paper.shifted() == 0


async def test_a_page_with_its_servers_comments_under_the_policy(paper: Paper, site: SiteClient) -> None:
    admin = await site.token("Root", Role.ADMIN)
    assert (await site.put("/articles/a", {"title": "</script>Keeper"}, token=admin)).status == 201
    await site.posted("a", "Written <b>plainly</b>.")
    await counted(site, "a", 1)
    fragment = await fragment_of(site, "a")
    assert "application/ld+json" in fragment
    assert f"`{KEEPS_PLACE}`" in GUIDE.read_text()
    loader = paper.snippet("html", "ARTICLE_ID").splitlines()[0]
    element = f'<discuss-thread site="{site.name}" article="a">{fragment}</discuss-thread><footer>The end.</footer>'
    style = '<link rel="stylesheet" href="/paper.css">'
    await paper.publish({"/ssr": page(element, loader, style), "/paper.css": KEEPS_PLACE})
    await paper.visit("/ssr")
    await paper.ready()
    await expect(paper.comment("Written <b>plainly</b>.")).to_be_visible()
    await expect(paper.page.locator("discuss-thread > .discuss")).to_be_hidden()


async def test_strict_dynamic_needs_a_nonce(paper: Paper, site: SiteClient) -> None:
    await site.posted("a", "Trusted.")
    await counted(site, "a", 1)
    loader, element = paper.snippet("html", "ARTICLE_ID").replace("ARTICLE_ID", "a").splitlines()
    strict = f"default-src 'none'; script-src 'nonce-n0nce' 'strict-dynamic'; connect-src {site.service.url}"
    await paper.publish(
        {"/nonce": page(element, loader.replace("<script", '<script nonce="n0nce"'))},
        **{"Content-Security-Policy": strict},
    )
    await paper.visit("/nonce")
    await paper.ready()
    await expect(paper.comment("Trusted.")).to_be_visible()


async def test_handing_over_tokens_and_signing_in(paper: Paper, site: SiteClient) -> None:
    paper.allow("(answered|status of).* ?401", "ERR_FAILED.*discuss-token|discuss-token.*ERR_FAILED")
    await site.set(guests=False)
    element = paper.snippet("html", "ARTICLE_ID").replace("ARTICLE_ID", "a")
    script = paper.snippet("js", "fetchToken()") + paper.snippet("js", "discuss-sign-in")
    await paper.publish(
        {"/a": page(element, '<script src="/page.js"></script>'), "/page.js": script, "/sign-in": "Who?"}
    )
    await paper.page.route(
        "**/discuss-token", lambda route: route.abort(), times=2
    )  # asked at the start, and by the button
    await paper.visit("/a?from=front")
    join = paper.place.get_by_role("button", name="Join the discussion")
    sign_in = paper.place.get_by_role("button", name="Sign in")
    await join.click()
    await expect(sign_in).to_be_visible()
    await paper.page.reload()
    await join.click()
    await sign_in.click()
    await paper.page.wait_for_url(f"{paper.press.origin}/sign-in?next=" + quote("/a?from=front", safe=""))
    paper.token = await site.token("Ada")
    await paper.visit("/a?from=front")
    await paper.say("With the page's token.")
    assert [root["author"]["name"] for root in await site.walk("a")] == ["Ada"]


async def test_the_react_component(paper: Paper, site: SiteClient) -> None:
    """With a stand-in for React: what the component does with the element, and that it is JavaScript."""
    paper.allow("(answered|status of).* ?401")
    await site.set(guests=False)
    jsx = paper.snippet("jsx", "useEffect")
    drawn = jsx.replace(
        f'<discuss-thread ref={{element}} site="{site.name}" article={{article}}>{{children}}</discuss-thread>',
        f'h("discuss-thread", {{ ref: element, site: "{site.name}", article }}, children)',
    )
    assert drawn != jsx
    files = {
        "/app": page("", '<script type="module" src="/app.js"></script>'),
        "/app.js": EMBEDS,
        "/react.js": REACT,
        "/discussion.js": drawn.replace(
            'import { useEffect, useRef } from "react"', 'import { element as h, useEffect, useRef } from "./react.js"'
        ),
    }
    await paper.publish(files)
    await paper.visit("/app")
    await takes_part_in_react(paper, site)


async def takes_part_in_react(paper: Paper, site: SiteClient) -> None:
    """Read, sign in in three ways, post, sign out, go to another article, leave."""
    run = paper.page.evaluate
    await site.posted("b", "Elsewhere.")
    await counted(site, "b", 1)
    ada, bob = await site.token("Ada"), await site.token("Bob")
    join = paper.place.get_by_role("button", name="Join the discussion")
    await run("() => show({ fetchToken: () => Promise.reject(new Error('offline')) })")
    await join.click()
    await paper.place.get_by_role("button", name="Sign in").click()
    assert await run("wanted") == [None]
    await run("(token) => show({ fetchToken: async () => token })", ada)  # the newest is asked
    await paper.place.get_by_role("button", name="Sign in").click()
    assert await run("wanted") == [None, None]
    await run("(token) => show({ token })", bob)
    said = await paper.say("By Bob.")
    await expect(said).to_contain_text("Bob")
    assert await run("posted") == await paper.ids()
    await run("() => show({ token: null, fetchToken: async () => '' })")
    await expect(join).to_be_visible()
    await run("(token) => show({ token: null, fetchToken: async () => token })", ada)
    await join.click()
    await paper.say("By Ada.")
    await run("() => show({ article: 'b' })")
    await expect(paper.comment("Elsewhere.")).to_be_visible()
    await expect(paper.comment("By Ada.")).to_have_count(0)
    await run("() => leave()")
    await expect(paper.thread).to_have_count(0)
    assert len([one for one in paper.requests if one.endswith("/embed/discuss.js")]) == 1


async def test_a_sign_in_page_for_the_console(paper: Paper, site: SiteClient, readers: Readers) -> None:
    (code,) = [block for block in blocks(GUIDE, "python") if "after_sign_in" in block]
    names: dict[str, Any] = {}
    exec(code.replace(HOST, site.service.url), names)
    after_sign_in = names["after_sign_in"]
    for wrong in ("", f"{site.service.url}/console.evil.example", "https://evil.example/console", "/console"):
        assert after_sign_in({"return_to": wrong, "state": "s"}, "t") is None
    await site.set(sign_in_url=f"{paper.press.origin}/sign-in?from=console")
    await site.posted("a", "Waiting for a moderator.")
    person: Desk = await readers.new(Desk)
    token = await site.token("Max", Role.MODERATOR)

    async def sign_in(route: Any) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        headers = {"Location": after_sign_in(query, token), "Cache-Control": "no-store"}
        await route.fulfill(status=303, headers=headers)

    await person.page.route(re.compile("/sign-in"), sign_in)
    await person.page.goto(person.address("/queue?queue=published"))
    await person.page.get_by_role("button", name=f"Sign in at {urlsplit(paper.press.origin).netloc}").click()
    await expect(person.row("Waiting for a moderator.")).to_be_visible()
    assert "#" not in person.page.url
