"""The moderators' console: one page for every address below /console, and the modules it is made of."""

from __future__ import annotations

from aiohttp import web

from service.api.assets import Folder, add_get, represent_page, serve
from service.api.representations import Representation, respond

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Discuss console</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="{base}icon.svg">
<link rel="stylesheet" href="{base}console.css">
{preloads}
<script type="module" src="{base}app.js"></script>
</head>
<body><noscript><p>The console needs JavaScript.</p></noscript></body>
</html>
"""


def add_routes(app: web.Application) -> None:
    """Serve the page at /console and every address below it, and its modules, for ever, below their version.

    Addresses of pages never look like those of modules, whatever a site is called: they have no file of ours in their
    second place.
    """
    folder = Folder("console")

    async def get_file(request: web.Request) -> web.StreamResponse:
        return respond(request, folder.find(request.match_info["version"], request.match_info["file"]))

    add_get(app, r"/console/{version:[0-9a-f]{16}}/{file:[a-z]+\.(?:js|css|svg)}", get_file)
    page = serve(represent_console(folder))
    add_get(app, "/console", page)
    add_get(app, "/console/{path:.*}", page)


def represent_console(folder: Folder) -> Representation:
    """The page: its modules are asked for at once, not one after the other as they import each other."""
    modules = (name for name in folder.bodies if name.endswith(".js") and name != "app.js")
    preloads = "\n".join(f'<link rel="modulepreload" href="{folder.base}{name}">' for name in modules)
    return represent_page(PAGE.format(base=folder.base, preloads=preloads))
