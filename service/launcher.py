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
from service.operations.articles import register_article
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
THIS_MACHINE = ("127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104 (what people are told, nothing is bound to it)
NOWHERE = "127.0.0.1"  # the address of the demo's readers
SINCE_LAST = timedelta(minutes=12)  # between the newest comment of the demo and its making
FASTER = 2  # its days go by so much faster than they were written for, so that the last one is a busy one


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
            site, words = await get_site(deps, SITE), recent(settings, DISCUSSION.read_bytes(), datetime.now(UTC))
            await import_file(deps, site, "dataset", BytesIO(words), source=SITE)
            await flag_some(deps, site, words)
        site = await get_site(deps, SITE)
        await change_settings(deps, site, {"sign_in_url": address_of(settings) + SIGN_IN})
        for article_id in articles_of(DISCUSSION.read_bytes()):
            await register_article(deps, site, article_id, {"url": story_url(settings, article_id)})
    finally:
        await close_parts(deps)


def recent(settings: Settings, lines: bytes, now: datetime) -> bytes:
    """The demo's lines as if they were written lately, the newest comment a few minutes ago, below its own stories."""
    records = [orjson.loads(line) for line in lines.splitlines()]
    newest = max(datetime.fromisoformat(record["created"]) for record in records)
    for record in records:
        age = (newest - datetime.fromisoformat(record["created"])) / FASTER
        record["created"] = (now - SINCE_LAST - age).isoformat(timespec="milliseconds")
        if record.get("type") == "article":
            record["url"] = story_url(settings, record["article"])
    return b"\n".join(map(orjson.dumps, records))


def articles_of(lines: bytes) -> list[str]:
    """The stories that the demo's lines open."""
    return [record["article"] for record in map(orjson.loads, lines.splitlines()) if record.get("type") == "article"]


def story_url(settings: Settings, article_id: str) -> str:
    """Where the newspaper has a story."""
    return f"{address_of(settings)}/demo/{article_id}"


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
    host = "localhost" if settings.host in THIS_MACHINE else settings.host
    return settings.public_url or f"http://{host}:{settings.port}"


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
