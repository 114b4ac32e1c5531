"""The demo: a made-up newspaper with a discussion below every story, and tokens to take part with.

Only the launcher (`make run`) adds it to the service, and not in production.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from html import escape
from string import Template
from typing import Any

from aiohttp import web

from service.api.assets import WEB, Folder, add_folder, add_get, represent_page, serve
from service.api.representations import Representation
from service.api.requests import DEPS, site_of
from service.domain.errors import NotFound
from service.domain.identity import Role
from service.operations.authors import issue_token

SITE = "demo"
SIGN_IN = "/demo/sign-in"
NAME = "The Marrowby Chronicle"
PEOPLE = {
    "reader": ("Ada Reader", Role.READER),
    "second": ("Ben Reader", Role.READER),
    "moderator": ("Max Moderator", Role.MODERATOR),
}


def add_routes(app: web.Application) -> None:
    """Serve the newspaper at / and /demo, and give out tokens."""
    folder = Folder("demo")
    stories = json.loads((WEB / "demo" / "stories.json").read_text())
    paper = Paper(folder)
    for path in ("/", "/demo"):
        add_get(app, path, serve(paper.front(stories)))
    add_get(app, SIGN_IN, serve(paper.sign_in()))
    for story in stories:
        add_get(app, f"/demo/{story['id']}", serve(paper.article(story)))
    add_folder(app, folder)
    app.router.add_post("/demo/sites/{site}/tokens/{who}", post_token)


async def post_token(request: web.Request) -> web.Response:
    """A token of one of the demo's people, as a publisher's server gives its readers theirs."""
    site, who = await site_of(request), request.match_info["who"]
    if site.name != SITE or who not in PEOPLE:
        raise NotFound
    name, role = PEOPLE[who]
    token = await issue_token(request.app[DEPS], site, name=name, subject=f"demo:{who}", role=role)
    return web.json_response({"token": token}, status=201)


class Paper:
    """Writes the newspaper's pages from the templates in web/demo/."""

    def __init__(self, folder: Folder) -> None:
        self.base = folder.base

    def front(self, stories: list[Mapping[str, Any]]) -> Representation:
        """The front page."""
        today = f"{date.today():%A} {date.today().day} {date.today():%B %Y}"  # noqa: DTZ011 (the machine's own day)
        teasers = "".join(self.teaser(story, leads=story is stories[0]) for story in stories)
        return self.page(NAME, fill("front.html", {"today": today}, stories=teasers))

    def sign_in(self) -> Representation:
        """Where somebody says who they are: what a site's `sign_in_url` is."""
        return self.page(f"Sign in | {NAME}", fill("sign-in.html", {}))

    def teaser(self, story: Mapping[str, Any], leads: bool) -> str:
        """A story on the front page; the one that leads it begins there."""
        opening = f'<div class="opening">{text_of(story).splitlines()[0]}</div>' if leads else ""
        return fill("teaser.html", words_of(story), picture=self.picture(story, alt=""), opening=opening)

    def article(self, story: Mapping[str, Any]) -> Representation:
        """One story with its discussion."""
        figure = ""
        if "picture" in story:
            caption = escape(story["caption"])
            figure = f"<figure>{self.picture(story, story['alt'])}<figcaption>{caption}</figcaption></figure>"
        content = fill("article.html", words_of(story), text=text_of(story), figure=figure)
        return self.page(f"{story['title']} | {NAME}", content)

    def picture(self, story: Mapping[str, Any], alt: str) -> str:
        """The story's picture, if it has one; as wide as its place, and of the height it will have."""
        if "picture" not in story:
            return ""
        return f'<img src="{self.base}{story["picture"]}" alt="{escape(alt)}" width="1200" height="{story["height"]}">'

    def page(self, title: str, content: str) -> Representation:
        """A whole page."""
        return represent_page(fill("page.html", {"title": title, "base": self.base}, content=content))


def text_of(story: Mapping[str, Any]) -> str:
    """A story's paragraphs, one a line."""
    return (WEB / "demo" / "stories" / f"{story['id']}.html").read_text()


def words_of(story: Mapping[str, Any]) -> dict[str, str]:
    """What a story's templates show of it."""
    return {name: story[name] for name in ("id", "section", "title", "standfirst", "author")}


def fill(template: str, words: Mapping[str, str], **html: str) -> str:
    """A template of web/demo/ with words, which are escaped, and HTML, which is not."""
    escaped = {name: escape(word) for name, word in words.items()}
    return Template((WEB / "demo" / template).read_text()).substitute(escaped, **html)
