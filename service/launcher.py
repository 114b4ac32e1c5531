"""`make run`: servers of its own, migrations, a demo site, the service, all in one process tree."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import click
import orjson

from service.api.demo import SIGN_IN, SITE
from service.app import close_parts, make_deps, open_parts
from service.deps import Deps
from service.domain.identity import Role
from service.domain.sites import Site
from service.embedded import EmbeddedServers
from service.importers.article_ids import ArticleIds
from service.importers.dataset import read_dataset
from service.importers.records import ImportedComment
from service.logs import configure_logging
from service.operations.authors import authenticate, issue_token
from service.operations.flags import flag_comment
from service.operations.sites import change_settings, create_site, get_site, list_sites
from service.operations.transfer import comment_id, import_file
from service.serving import require_free_port, run_server
from service.settings import Settings, data_folder, load_settings
from service.store.migrations import migrate

DEMO = Path(__file__).parents[1] / "web" / "demo"
DISCUSSION = DEMO / "discussion.jsonl"
FLAGS = DEMO / "flags.jsonl"
NOWHERE = "127.0.0.1"  # the address of the demo's readers
SINCE_LAST = timedelta(minutes=12)  # between the newest comment of the demo and its making


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
        with_demo = not settings.production
        if with_demo:
            asyncio.run(prepare_demo(settings))
        configure_logging("warning", pretty=sys.stderr.isatty())
        run_server(settings, lambda: introduce(settings, with_demo), revive, with_demo=with_demo)
        say("Stopped.")


async def prepare_demo(settings: Settings) -> None:
    """The demo site with its discussions, made once."""
    deps = make_deps(settings)
    await open_parts(deps)
    try:
        if all(row["name"] != SITE for row in await list_sites(deps)):
            say("Making the demo site …")
            await create_site(deps, SITE, {"guests": True})
            site, words = await get_site(deps, SITE), recent(DISCUSSION.read_bytes(), datetime.now(UTC))
            await import_file(deps, site, "dataset", BytesIO(words), source=SITE)
            await flag_some(deps, site, words)
        site = await get_site(deps, SITE)
        await change_settings(deps, site, {"sign_in_url": address_of(settings) + SIGN_IN})
    finally:
        await close_parts(deps)


def recent(lines: bytes, now: datetime) -> bytes:
    """The demo's lines with all times moved by as much as lets the newest comment be a few minutes old."""
    records = [orjson.loads(line) for line in lines.splitlines()]
    newest = max(datetime.fromisoformat(record["created"]) for record in records)
    later = now - SINCE_LAST - newest
    for record in records:
        moved = datetime.fromisoformat(record["created"]) + later
        record["created"] = moved.isoformat(timespec="milliseconds")
    return b"\n".join(map(orjson.dumps, records))


async def flag_some(deps: Deps, site: Site, words: bytes) -> None:
    """What readers of the demo flagged, so that its moderators have something to do."""
    records = read_dataset(BytesIO(words), ids=ArticleIds(), source=SITE)
    ids = {item.source_id: comment_id(site, item) for item in records if isinstance(item, ImportedComment)}
    for flag in map(orjson.loads, FLAGS.read_bytes().splitlines()):
        token = await issue_token(deps, site, name=flag["by"], subject=flag["subject"], role=Role.READER)
        claims = await authenticate(deps, site, token)
        await flag_comment(deps, site, claims, ids[flag["comment"]], flag["reason"], flag.get("note"), NOWHERE)


def address_of(settings: Settings) -> str:
    """Where browsers of this machine find it."""
    return settings.public_url or f"http://{settings.host}:{settings.port}"


def introduce(settings: Settings, with_demo: bool) -> None:
    """Say where it is."""
    address = address_of(settings)
    demo = f"  newspaper  {address}/   (made up; take part as Ada, as Ben or as a moderator)\n" if with_demo else ""
    say(f"""
Discuss is running: open {address}{"/" if with_demo else "/docs"}

{demo}  console    {address}/console
  API        {address}/docs

Ctrl-C stops it.
""")
