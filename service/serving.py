"""Serving HTTP: in this process, or by gunicorn's workers."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import click
import structlog
import uvloop
from aiohttp import GunicornUVLoopWebWorker, web
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from service.adapters.streams import raise_file_limit, streams_that_fit
from service.api.board import Board, Seat
from service.api.health import READINESS
from service.api.metrics import add_up
from service.api.server import make_runner
from service.app import close_parts, create_app, make_deps, open_parts
from service.domain.errors import ConfigurationError
from service.followers.loop import followers
from service.logs import configure_logging, request_log
from service.operations.health import unsafe_rights
from service.settings import Settings

log = structlog.get_logger()

DRAINING_SECONDS = 1.0  # in production, so that a balancer sees "not ready" before connections are refused
FINISH_SECONDS = 9.0  # for requests in flight
CANCEL_SECONDS = 2.0  # for those that are not done even then
KILL_SECONDS = 14  # gunicorn kills its workers then
LOOK_SECONDS = 0.02
REVIVE_SECONDS = 0.5


# ---- before


def make_room() -> None:
    """Let this process and its workers open as many files as they may, and say how many streams that makes."""
    log.info("open files", limit=raise_file_limit(), streams_per_process=streams_that_fit())


def require_free_port(
    host: str, port: int, *, shared: bool = False, advice: str = "stop it, or choose another port"
) -> None:
    """Raise ConfigurationError when something else listens there; `shared` if others with --reuse-port may."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            problem = f"port {port} on {host} is not free ({error.strerror or error}): {advice}"
            raise ConfigurationError([problem]) from None


def require_safe(settings: Settings, *, reuse_port: bool = False) -> None:
    """Look at what makes starting pointless or unsafe. Raises ConfigurationError that names every problem."""
    problems: list[str] = []
    ports = {settings.port: reuse_port}
    if settings.metrics_port is not None:
        ports[settings.metrics_port] = False
    for port, shared in ports.items():
        try:
            require_free_port(settings.host, port, shared=shared)
        except ConfigurationError as error:
            problems.extend(error.problems)
    if settings.production:
        problems.extend(asyncio.run(find_unsafe_rights(settings)))
    if problems:
        raise ConfigurationError(problems)


async def find_unsafe_rights(settings: Settings) -> list[str]:
    """What production refuses about the database login; nothing while PostgreSQL is away."""
    deps = make_deps(settings)
    await deps.database.connect()
    try:
        return await unsafe_rights(deps)
    finally:
        await deps.database.close()


# ---- in this process


async def wait_for_stop() -> None:
    """Return at SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def drain(app: web.Application, settings: Settings) -> None:
    """Be not ready; in production, long enough for a balancer to see it."""
    app[READINESS].draining = True
    if settings.production:
        await asyncio.sleep(DRAINING_SECONDS)


async def stop_serving(runner: web.AppRunner, settings: Settings) -> None:
    """Be not ready, then take no connection any more, and let the requests in flight finish.

    Closing connections is left until they are idle: aiohttp's own shutdown drops what a request's body still lacks.
    """
    await drain(runner.app, settings)
    for site in list(runner.sites):
        await site.stop()
    await runner.shutdown()  # tells streams to end
    server, loop = runner.server, asyncio.get_running_loop()
    deadline = loop.time() + FINISH_SECONDS
    while server is not None and server.connections and loop.time() < deadline:
        for connection in server.connections:
            if connection._waiter is not None and not connection._messages:  # idle
                connection.force_close()
        await asyncio.sleep(LOOK_SECONDS)


async def serve(
    settings: Settings, ready: Callable[[], None], revive: Callable[[], object] | None, with_demo: bool
) -> None:
    """Serve until told to stop; `ready` is called when requests are taken, `revive` twice a second."""
    runner = make_runner(create_app(settings, with_demo=with_demo), shutdown=CANCEL_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, backlog=1024).start()
        ready()
        reviving = asyncio.create_task(keep_reviving(revive)) if revive else None
        await wait_for_stop()
        if reviving:
            reviving.cancel()
        await stop_serving(runner, settings)
    finally:
        await runner.cleanup()


async def keep_reviving(revive: Callable[[], object]) -> None:
    """Start servers again that died."""
    while True:
        revive()
        await asyncio.sleep(REVIVE_SECONDS)


def run_server(
    settings: Settings,
    ready: Callable[[], None],
    revive: Callable[[], object] | None = None,
    *,
    with_demo: bool = False,
) -> None:
    """Serve in this process until told to stop; `with_demo` the made-up newspaper, too."""
    make_room()
    uvloop.run(serve(settings, ready, revive, with_demo))


async def follow_only(settings: Settings) -> None:
    """Follow the log without serving, until told to stop."""
    deps = make_deps(settings)
    await open_parts(deps)
    try:
        async with followers(deps):
            await wait_for_stop()
    finally:
        await close_parts(deps)


# ---- by gunicorn's workers


class Worker(GunicornUVLoopWebWorker):
    """aiohttp's worker, which is not ready before it stops, and stops at once when told to."""

    seat: Seat  # told by the master before it forks
    runner: web.AppRunner
    stopping: asyncio.Task[None] | None = None

    def init_process(self) -> None:
        """Make the application this worker runs, and run it."""
        settings: Settings = self.app.settings
        configure(settings)

        async def make() -> web.AppRunner:
            self.runner = make_runner(create_app(settings, self.seat), shutdown=CANCEL_SECONDS)
            return self.runner

        self.app.callable = make
        super().init_process()
        request_log.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM."""
        self.begin_to_stop()

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """SIGQUIT and SIGINT: the same."""
        self.begin_to_stop()

    def begin_to_stop(self) -> None:
        """Once: finish, then let the loop of aiohttp's worker end."""
        if self.stopping is None:
            self.stopping = self.loop.create_task(self.finish())

    async def finish(self) -> None:
        """Take leave; the runner's cleanup follows."""
        await stop_serving(self.runner, self.app.settings)
        self.alive = False
        self._notify_waiter_done()


class Master(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured from our settings."""

    def __init__(self, settings: Settings, workers: int, reuse_port: bool) -> None:
        self.settings = settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self.options = {
            "bind": f"{host}:{settings.port}",
            "workers": workers,
            "worker_class": Worker,
            "graceful_timeout": KILL_SECONDS,
            "reuse_port": reuse_port,
            "control_socket_disable": True,  # its default path is shared by every gunicorn of the user
            "loglevel": "warning",
            "on_starting": lambda master: configure(settings),
            "when_ready": lambda master: click.echo(f"Serving on http://{host}:{settings.port}", err=True),
            "pre_fork": self.seat,
            "child_exit": self.bury,
        }
        self.board = Board()
        super().__init__()

    def load_config(self) -> None:
        """gunicorn's own variables and files are none of ours."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> object:
        """What the worker made."""
        return self.callable

    def seat(self, master: Any, worker: Any) -> None:
        """Give a worker its place on the board."""
        place = self.board.free_place(other.seat.place for other in master.WORKERS.values())
        worker.seat = Seat(self.board, place, worker.age)

    def bury(self, master: Any, worker: Any) -> None:
        """Keep what a worker that ended has counted."""
        self.board.bury((other.age for other in master.WORKERS.values()), master.worker_age, add_up)


def configure(settings: Settings) -> None:
    """Our logging; gunicorn, which set up its own when it started, says only what is wrong."""
    configure_logging(settings.log_level)
    logging.getLogger("gunicorn.error").setLevel(logging.WARNING)


def run_workers(settings: Settings, workers: int, reuse_port: bool) -> None:
    """Be gunicorn's master of so many workers, until told to stop."""
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    make_room()
    Master(settings, workers, reuse_port).run()
