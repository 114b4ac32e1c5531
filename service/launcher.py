"""`make run`: servers of its own, migrations, a demo site, the service, all in one process tree."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import click

from service.app import close_parts, make_deps, open_parts
from service.domain.identity import Role
from service.embedded import EmbeddedServers
from service.logs import configure_logging
from service.operations.authors import issue_token
from service.operations.sites import create_site, get_site, list_sites
from service.operations.transfer import import_file
from service.serving import require_free_port, run_server
from service.settings import Settings, data_folder, load_settings
from service.store.migrations import migrate

DEMO = "demo"
DISCUSSION = Path(__file__).parents[1] / "web" / "demo" / "discussion.jsonl"
READERS = {"reader": ("Ada Reader", Role.READER), "moderator": ("Max Moderator", Role.MODERATOR)}


def say(text: str) -> None:
    """Tell the person at the terminal what goes on."""
    click.echo(text, err=True)


def launch() -> None:
    """Start everything and serve until told to stop. Raises ConfigurationError, one line a problem."""
    with ExitStack() as stack:
        revive: Callable[[], object] | None = None
        variables: Mapping[str, str] = os.environ
        if not os.environ.get("DATABASE_URL"):
            say(f"Starting PostgreSQL and Valkey in {data_folder()} …")
            servers = stack.enter_context(EmbeddedServers(data_folder()))
            variables = {**os.environ, **servers.environment, "DISCUSS_PROCESSES": "1"}
            revive = servers.revive
        settings = load_settings(variables)
        require_free_port(settings.host, settings.port, advice="try `make run PORT=8081`")
        say("Preparing the database …")
        asyncio.run(migrate(settings.owner_url, settings.database_url))
        tokens = asyncio.run(prepare_demo(settings))
        configure_logging("warning", pretty=sys.stderr.isatty())
        run_server(settings, lambda: introduce(settings, tokens), revive)
        say("Stopped.")


async def prepare_demo(settings: Settings) -> dict[str, str]:
    """The demo site with its discussion, made once, and tokens to try it with."""
    deps = make_deps(settings)
    await open_parts(deps)
    try:
        if all(row["name"] != DEMO for row in await list_sites(deps)):
            say("Making the demo site …")
            await create_site(deps, DEMO, {"guests": True})
            with DISCUSSION.open("rb") as stream:
                await import_file(deps, await get_site(deps, DEMO), "dataset", stream, source=DEMO)
        site = await get_site(deps, DEMO)
        return {
            kind: await issue_token(deps, site, name=name, subject=f"demo:{kind}", role=role)
            for kind, (name, role) in READERS.items()
        }
    finally:
        await close_parts(deps)


def introduce(settings: Settings, tokens: Mapping[str, str]) -> None:
    """Say where it is and how to try it."""
    address = f"http://{settings.host}:{settings.port}"
    api = f"{address}/api/v1/sites/{DEMO}"
    say(f"""
Discuss is running. Ctrl-C stops it.

  discussion   {api}/articles/the-last-lighthouse-keeper/comments
  counts       {api}/counts?article=the-last-lighthouse-keeper
  API          {address}/docs

  reader's token (24 h)
    {tokens["reader"]}
  moderator's token (24 h)
    {tokens["moderator"]}
""")
