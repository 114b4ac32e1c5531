"""Floor (a): a bare aiohttp handler that answers with bytes the service gave, under the same gunicorn.

BENCH_FLOOR_BYTES is a folder of files `NAME` (identity) and `NAME.br`; each is served at `/NAME`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web


def bare_handler(body: bytes, headers: dict[str, str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that does nothing but answer."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    return answer


async def create_app() -> web.Application:
    """The floor's application: one route per file, nothing else."""
    app = web.Application()
    add_files(app, Path(os.environ["BENCH_FLOOR_BYTES"]))
    return app


def add_files(app: web.Application, folder: Path) -> None:
    """One route for each file."""
    for file in sorted(folder.iterdir()):
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if file.suffix == ".br":
            headers["Content-Encoding"] = "br"
        app.router.add_get(f"/{file.name}", bare_handler(file.read_bytes(), headers))
