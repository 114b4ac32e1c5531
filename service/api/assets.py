"""The files of the web: the section under articles, the console and the demo, as browsers load them.

Sources in web/ are plain ES modules that run as they are. At start those of the section are joined into few files, all
are minified, and every folder gets a name made of its contents, so that what is imported below it can be kept for ever:
relative imports inside stay as they are. Only the entry (embed/discuss.js, or a page) has an address that stays; it is
kept for minutes and names the folder.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from service.api import headers as h
from service.api.minified import TYPES as MINIFIED
from service.api.minified import minify_all
from service.api.modules import join
from service.api.representations import BEST, Representation, respond
from service.domain.errors import NotFound

WEB = Path(__file__).resolve().parents[2] / "web"
POLICY = (  # of the pages here: nothing but what this service serves
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types discuss"
)
FOREVER = "public, max-age=31536000, immutable"
MINUTES = "public, max-age=300, stale-while-revalidate=86400"
HERE = '"./"'  # an entry names its folder like this; where it is served it is the folder with its contents' name
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
CHUNKS = {"embed": ("thread.js", "account.js", "moderate.js")}  # for who reads, who takes part, who moderates


def prepare(root: Path) -> dict[str, bytes]:
    """The files of a folder as they are served, by their paths in it."""
    files = {str(path.relative_to(root)): path for path in sorted(root.rglob("*")) if path.suffix in TYPES}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items() if path.suffix in MINIFIED}
    served = minify_all(join(texts, CHUNKS.get(root.name, ())))
    others = {name: path.read_bytes() for name, path in files.items() if name not in texts}
    return others | {name: text.encode() for name, text in served.items()}


class Folder:
    """A folder of web/ as it is served: every file below `/NAME/VERSION/`, VERSION made of what is in them."""

    def __init__(self, name: str) -> None:
        bodies = prepare(WEB / name)
        digest = blake2b(digest_size=8)
        for relative, body in bodies.items():
            digest.update(relative.encode() + b"\0" + body + b"\0")
        self.name = name
        self.version = digest.hexdigest()
        self.base = f"/{name}/{self.version}/"
        self.bodies = bodies
        self._kept = {relative: represent_file(body, type_of(relative), FOREVER) for relative, body in bodies.items()}
        self._newer = {relative: represent_file(body, type_of(relative), MINUTES) for relative, body in bodies.items()}

    def entry(self, relative: str) -> Representation:
        """A file whose address stays, for minutes: it names this folder where its source says `"./"`."""
        body = self.bodies[relative].replace(HERE.encode(), f'"./{self.version}/"'.encode())
        return represent_file(body, type_of(relative), MINUTES)

    def find(self, version: str, relative: str) -> Representation:
        """A file, for ever. Raises NotFound.

        Who asks for other contents met another version of the service, as during a rolling update: the file as it is
        here, for minutes.
        """
        files = self._kept if version == self.version else self._newer
        if relative not in files:
            raise NotFound
        return files[relative]


def type_of(relative: str) -> str:
    """The media type of a file."""
    return TYPES[Path(relative).suffix]


def represent_file(body: bytes, content_type: str, cache_control: str) -> Representation:
    """A file for pages of any origin, compressed as far as it goes."""
    headers: CIMultiDict[str] = CIMultiDict(h.SECURITY + h.PUBLIC)
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    headers[hdrs.CONTENT_TYPE] = content_type
    headers[h.CACHE_CONTROL] = cache_control
    headers[h.VARY] = hdrs.ACCEPT_ENCODING
    return Representation(body, headers, BEST)


def represent_page(html: str) -> Representation:
    """A page of ours under POLICY; never kept without asking."""
    headers: CIMultiDict[str] = CIMultiDict(h.SECURITY + h.PUBLIC)
    headers["Content-Security-Policy"] = POLICY
    headers[hdrs.CONTENT_TYPE] = "text/html; charset=utf-8"
    headers[h.CACHE_CONTROL] = "no-cache"
    headers[h.VARY] = hdrs.ACCEPT_ENCODING
    return Representation(html.encode(), headers, BEST)


def serve(representation: Representation) -> Handler:
    """A handler that always answers the same."""

    async def get(request: web.Request) -> web.StreamResponse:
        return respond(request, representation)

    return get


def add_routes(app: web.Application) -> None:
    """Serve /embed/discuss.js and, for ever, what it imports."""
    embed = Folder("embed")
    add_get(app, "/embed/discuss.js", serve(embed.entry("discuss.js")))
    add_folder(app, embed)


def add_folder(app: web.Application, folder: Folder) -> None:
    """Serve a folder's files below its version."""

    async def get(request: web.Request) -> web.StreamResponse:
        return respond(request, folder.find(request.match_info["version"], request.match_info["path"]))

    add_get(app, f"/{folder.name}/{{version:[0-9a-f]{{16}}}}/{{path:.+}}", get)


def add_get(app: web.Application, path: str, handler: Handler) -> None:
    """Serve GET and HEAD."""
    app.router.add_route("GET", path, handler)
    app.router.add_route("HEAD", path, handler)
