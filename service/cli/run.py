"""Running the service: run, serve, follow, migrate."""

from __future__ import annotations

import asyncio
import os

import click
import uvloop

from service.cli.context import settings
from service.launcher import launch
from service.logs import configure_logging
from service.serving import follow_only, require_safe, run_server, run_workers
from service.store.migrations import migrate as apply_migrations
from service.store.migrations import migration_status


@click.command()
def run() -> None:
    """Start everything on this machine: servers of its own, a demo site, the service.

    DISCUSS_PORT and DISCUSS_DATA choose port and folder; with DATABASE_URL and REDIS_URL those servers are used.
    """
    launch()


@click.command()
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes (above 1: gunicorn)."
)
@click.option("--host", help="Address to listen on (default: DISCUSS_HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (default: DISCUSS_PORT).")
@click.option("--reuse-port", is_flag=True, help="One listening socket for each worker, so that they share evenly.")
def serve(workers: int, host: str | None, port: int | None, reuse_port: bool) -> None:
    """Serve HTTP until told to stop (SIGTERM: not ready first, requests in flight finish)."""
    if host:
        os.environ["DISCUSS_HOST"] = host
    if port:
        os.environ["DISCUSS_PORT"] = str(port)
    chosen = settings()
    configure_logging(chosen.log_level)
    require_safe(chosen, reuse_port=reuse_port)
    if workers > 1:
        run_workers(chosen, workers, reuse_port)
    else:
        run_server(chosen, lambda: click.echo(f"Serving on http://{chosen.host}:{chosen.port}", err=True))


@click.command()
def follow() -> None:
    """Follow the event log without serving: counts and retention go on when no server runs."""
    chosen = settings()
    configure_logging(chosen.log_level)
    uvloop.run(follow_only(chosen))


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be applied, and apply nothing.")
@click.option("--status", is_flag=True, help="Say what is applied and what is not.")
def migrate(dry_run: bool, status: bool) -> None:
    """Bring the database's tables up to date."""
    chosen = settings()
    if status or dry_run:
        done, todo = asyncio.run(migration_status(chosen.owner_url))
        for row in done if status else ():
            click.echo(f"applied  {row['version']:04} {row['name']}  {row['applied_at']:%Y-%m-%d %H:%M}")
        for migration in todo:
            click.echo(f"pending  {migration.version:04} {migration.name}")
        if not todo:
            click.echo("Up to date.")
        return
    applied = asyncio.run(apply_migrations(chosen.owner_url, chosen.database_url))
    for migration in applied:
        click.echo(f"applied  {migration.version:04} {migration.name}")
    if not applied:
        click.echo("Up to date.")
