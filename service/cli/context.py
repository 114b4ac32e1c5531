"""What sub-commands share: the settings of the instance they work on, and its joined parts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import wraps
from typing import Any

from service.app import close_parts, make_deps, open_parts
from service.deps import Deps
from service.domain.errors import ConfigurationError
from service.domain.sites import Site
from service.embedded import running_environment
from service.operations.sites import get_site
from service.settings import Settings, data_folder, load_settings
from service.store.database import Database

HOUR = 3600.0  # seconds that a command may take with one connection


def environment() -> Mapping[str, str]:
    """The process's variables, with those of the instance running in the data folder where DATABASE_URL is not set.

    Raises ConfigurationError when there is neither.
    """
    if os.environ.get("DATABASE_URL"):
        return os.environ
    running = running_environment(data_folder())
    if running is None:
        wanted = "start it with `make run`, or set DATABASE_URL, REDIS_URL and DISCUSS_SECRET"
        raise ConfigurationError([f"nothing runs in {data_folder()}: {wanted}"])
    return {**os.environ, **running}


def settings() -> Settings:
    """The settings of the instance to work on. Raises ConfigurationError."""
    return load_settings(environment())


@asynccontextmanager
async def parts() -> AsyncIterator[Deps]:
    """The joined parts of the instance, connected."""
    deps = make_deps(settings())
    await open_parts(deps)
    try:
        yield deps
    finally:
        await close_parts(deps)


@asynccontextmanager
async def site_parts(name: str) -> AsyncIterator[tuple[Deps, Site]]:
    """The parts and one site. Raises SiteNotFound."""
    async with parts() as deps:
        yield deps, await get_site(deps, name)


@asynccontextmanager
async def patient(deps: Deps) -> AsyncIterator[Deps]:
    """The same parts with a pool whose statements and transactions may be long."""
    database = Database(deps.settings.database_url, patience=HOUR)
    await database.connect()
    try:
        yield replace(deps, database=database)
    finally:
        await database.close()


def run_async(command: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a coroutine function be a sub-command."""

    @wraps(command)
    def runner(*args: Any, **kwargs: Any) -> None:
        asyncio.run(command(*args, **kwargs))

    return runner
