"""The publisher's own server: article pages on another origin than the service, under the guide's strict policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape

from aiohttp import web

from service.embedded import free_port

STYLE = """
:root { color-scheme: light dark; --paper-ground: #fffdf8; --paper-text: #1b1a17; --paper-link: #8c2f1d }
@media (prefers-color-scheme: dark) { :root { --paper-ground: #15171b; --paper-text: #dedbd4; --paper-link: #e9a08c } }
body { margin: 0 auto; max-width: 40rem; padding: 1rem; background: var(--paper-ground); color: var(--paper-text) }
body { font: 17px/1.5 serif }
a { color: var(--paper-link) }
html { overflow-anchor: none } /* as in browsers that do not keep the place themselves */
.story { height: 3000px }
discuss-thread:not(:defined) { display: block; min-height: 100vh }
"""


def policy(service: str) -> str:
    """What docs/embedding.md asks of a page's Content-Security-Policy, and the page's own style."""
    return (
        f"default-src 'none'; script-src {service}; connect-src {service}; style-src 'self'; "
        "require-trusted-types-for 'script'; trusted-types discuss"
    )


@dataclass
class Press:
    """Pages by their paths, on an origin of their own."""

    service: str
    port: int
    pages: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)  # anything else, with its headers

    @property
    def origin(self) -> str:
        """Another host and port than the service's."""
        return f"http://localhost:{self.port}"

    def print(self, path: str, body: str, *, lang: str = "en", direction: str = "ltr", script: bool = True) -> str:
        """Put a page at a path; its address."""
        loader = f'<script type="module" src="{self.service}/embed/discuss.js"></script>' if script else ""
        self.pages[path] = (
            f'<!doctype html><html lang="{escape(lang)}" dir="{direction}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>An article</title>'
            f'<link rel="stylesheet" href="/paper.css">{loader}</head>'
            f"<body><main><h1>An article</h1>{body}</main></body></html>"
        )
        return self.origin + path

    async def get(self, request: web.Request) -> web.Response:
        """A page, its style, another file, or nothing."""
        if request.path == "/paper.css":
            return web.Response(text=STYLE, content_type="text/css")
        if request.path in self.files:
            text, sent = self.files[request.path]
            return web.Response(text=text, headers=sent)
        if request.path not in self.pages:
            return web.Response(status=204)  # browsers ask for icons
        headers = {"Content-Security-Policy": policy(self.service)}
        return web.Response(text=self.pages[request.path], content_type="text/html", headers=headers)


@asynccontextmanager
async def running_press(service: str) -> AsyncIterator[Press]:
    """A publisher's server for pages with discussions of the service."""
    press = Press(service, free_port())
    app = web.Application()
    app.router.add_get("/{path:.*}", press.get)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", press.port).start()
        yield press
    finally:
        await runner.cleanup()
