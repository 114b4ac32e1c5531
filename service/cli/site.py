"""Sites: create, list, show, set, and their keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO
from uuid import UUID

import click

from schemas.sites import SettingsSchema
from service.cli.assignments import parse_assignments
from service.cli.context import parts, run_async, site_parts
from service.operations.sites import (
    ALGORITHMS,
    add_api_key,
    add_key_address,
    add_key_set,
    add_secret,
    change_settings,
    create_site,
    full_settings,
    generate_secret,
    hook_secret,
    list_api_keys,
    list_settings_changes,
    list_signing_keys,
    list_sites,
    retire_api_key,
    retire_signing_key,
)

MAX_FILE = 256 * 1024  # bytes of a key file


@click.group()
def site() -> None:
    """Sites, their settings and keys.

    \b
    Examples:
      discuss site create daily 'allowed_origins=["https://www.example.com"]'
      discuss site set daily posting=closed closed_text="Back on Monday."
      discuss site keys daily add --issuer https://www.example.com --generate
    """


@site.command()
@click.argument("name")
@click.argument("settings", nargs=-1, metavar="[KEY=VALUE]...")
@run_async
async def create(name: str, settings: tuple[str, ...]) -> None:
    """Make a new site; its name is part of every address.

    A name has 1 to 40 of a-z, 0-9 and -. Settings may follow as for `discuss site set`.

    \b
    Example:
      discuss site create daily guests=true
    """
    chosen = parse_assignments(settings, SettingsSchema())
    async with parts() as deps:
        await create_site(deps, name, chosen)
        click.echo(f"Created {name}.")


@site.command(name="list")
@run_async
async def list_() -> None:
    """Every site's name, one a line."""
    async with parts() as deps:
        for row in await list_sites(deps):
            click.echo(row["name"])


@site.command()
@click.argument("name")
@run_async
async def show(name: str) -> None:
    """Print a site's settings as JSON, defaults filled in."""
    async with site_parts(name) as (_, found):
        click.echo(json.dumps(full_settings(found), indent=2, ensure_ascii=False))


@site.command(name="set")
@click.argument("name")
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.option("--version", type=int, help="Change nothing unless the settings still have this version.")
@run_async
async def set_(name: str, settings: tuple[str, ...], version: int | None) -> None:
    """Change settings of a site; every process follows within 2 seconds.

    Values are JSON; plain words will do for texts. `KEY=` clears a list or an optional setting. All of the changes are
    made, or none. `discuss site show NAME` lists the settings.

    \b
    Examples:
      discuss site set demo posting=closed
      discuss site set demo guests=true max_links=5
      discuss site set demo 'allowed_origins=["https://www.example.com"]'
      discuss site set demo 'retention_days={"deleted_text": 7}'
      discuss site set demo closed_text=
    """
    changes = parse_assignments(settings, SettingsSchema())
    async with site_parts(name) as (deps, found):
        changed = await change_settings(deps, found, changes, version)
        click.echo(f"Changed {', '.join(changes)} of {name}; version {changed}.")


@site.command()
@click.argument("name")
@run_async
async def history(name: str) -> None:
    """The last changes of a site's settings, newest first, as JSON lines: who, when, and what was there before."""
    async with site_parts(name) as (deps, found):
        for row in await list_settings_changes(deps, found):
            who = row["moderator_name"] or "the command"
            line = {
                "version": row["version"],
                "at": row["created_at"].isoformat(),
                "by": who,
                "before": row["previous"],
            }
            click.echo(json.dumps(line, ensure_ascii=False))


@site.command(name="hook-secret")
@click.argument("name")
@click.option("--renew", is_flag=True, help="Make a new one; the old one signs nothing more within 2 seconds.")
@run_async
async def hook_secret_(name: str, renew: bool) -> None:
    """Print the secret that signs requests to the site's own check (setting `hook`), alone on stdout.

    Your service verifies them with it as Standard Webhooks describes.
    """
    async with site_parts(name) as (deps, found):
        click.echo(await hook_secret(deps, found, renew=renew))


@site.group()
@click.argument("name")
@click.pass_context
def keys(ctx: click.Context, name: str) -> None:
    """Keys that sign readers' tokens, and API keys of servers.

    \b
    Examples:
      discuss site keys demo add --issuer https://www.example.com --generate
      discuss site keys demo add --issuer https://id.example.com --jwks-url https://id.example.com/jwks.json
      discuss site keys demo list
      discuss site keys demo retire 0f8fad5b-d9cb-469f-a165-70867728950e
      discuss site keys demo api-key add --name "our CMS"
    """
    ctx.obj = name


@keys.command(name="add")
@click.option("--issuer", required=True, help="What the tokens have as `iss`; this key counts for no other.")
@click.option("--generate", is_flag=True, help="Make an HS256 secret and print it, this once, alone on stdout.")
@click.option("--secret-file", type=click.File("rb"), help="File with an HS256 secret, 32 bytes or more; - is stdin.")
@click.option("--jwk-file", type=click.File("rb"), help="File with a public JWK, or with a JWKS: each key is added.")
@click.option("--jwks-url", help="https address of a JWKS; fetched when a token needs it, kept for 10 minutes.")
@click.option("--kid", help="Only for tokens that name this key id (a JWK has its own).")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="With --jwks-url: RS256 (default), ES256 or EdDSA.")
@click.pass_obj
@run_async
async def add_key(
    name: str,
    issuer: str,
    generate: bool,
    secret_file: BinaryIO | None,
    jwk_file: BinaryIO | None,
    jwks_url: str | None,
    kid: str | None,
    algorithm: str | None,
) -> None:
    """Trust a key that signs readers' tokens: a shared secret (HS256) or public keys (RS256, ES256, EdDSA).

    Several keys may count at once: to change one, add the new, sign with it, then retire the old.
    """
    materials = {
        "--generate": generate,
        "--secret-file": secret_file,
        "--jwk-file": jwk_file,
        "--jwks-url": jwks_url,
    }
    if sum(bool(given) for given in materials.values()) != 1:
        raise click.UsageError(f"give one of {', '.join(materials)}")
    if algorithm is not None and (algorithm == "HS256") != (generate or secret_file is not None):
        raise click.UsageError("HS256 is for secrets, every other algorithm for public keys")
    if jwks_url and kid is not None:
        raise click.UsageError("keys behind --jwks-url have key ids of their own: leave --kid out")
    async with site_parts(name) as (deps, found):
        if jwks_url:
            added = await add_key_address(deps, found, issuer, jwks_url, algorithm or "RS256")
        elif jwk_file is not None:
            added = await add_key_set(deps, found, issuer, read_file(jwk_file), kid, algorithm)
        else:
            secret = read_file(secret_file).rstrip(b"\r\n") if secret_file is not None else generate_secret()
            added = await add_secret(deps, found, issuer, secret, kid)
            if generate:
                click.echo(secret.decode())
        for key_id in added:
            click.echo(f"Added key {key_id}.", err=True)


@keys.command(name="list")
@click.pass_obj
@run_async
async def list_keys(name: str) -> None:
    """The keys that sign readers' tokens, retired ones too, without secrets."""
    async with site_parts(name) as (deps, found):
        rows = await list_signing_keys(deps, found)
    names = ("id", "algorithm", "issuer", "kid", "jwks_url", "created_at", "retired_at")
    echo_table(names, ([row[column] for column in names] for row in rows))


@keys.command()
@click.argument("key_id", type=click.UUID, metavar="ID")
@click.pass_obj
@run_async
async def retire(name: str, key_id: UUID) -> None:
    """Stop trusting a key: tokens it signed are refused everywhere within 2 seconds."""
    async with site_parts(name) as (deps, found):
        await retire_signing_key(deps, found, key_id)
        click.echo(f"Retired {key_id}.")


@keys.group(name="api-key")
def api_key() -> None:
    """Keys of publishers' servers, `dk_...`: shown once, stored hashed."""


@api_key.command(name="add")
@click.option("--name", "label", required=True, help="What it is for, to know it by in the list.")
@click.pass_obj
@run_async
async def add_api(name: str, label: str) -> None:
    """Make an API key and print it, this once, alone on stdout."""
    async with site_parts(name) as (deps, found):
        click.echo(await add_api_key(deps, found, label))
        click.echo("Keep it now: it is stored hashed and cannot be shown again.", err=True)


@api_key.command(name="list")
@click.pass_obj
@run_async
async def list_api(name: str) -> None:
    """The API keys, retired ones too, without the keys themselves."""
    async with site_parts(name) as (deps, found):
        rows = await list_api_keys(deps, found)
    names = ("id", "name", "created_at", "retired_at")
    echo_table(names, ([row[column] for column in names] for row in rows))


@api_key.command(name="retire")
@click.argument("key_id", type=click.UUID, metavar="ID")
@click.pass_obj
@run_async
async def retire_api(name: str, key_id: UUID) -> None:
    """Stop trusting an API key."""
    async with site_parts(name) as (deps, found):
        await retire_api_key(deps, found, key_id)
        click.echo(f"Retired {key_id}.")


def read_file(stream: BinaryIO) -> bytes:
    """A small file as it is. Raises UsageError for a large one."""
    content = stream.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise click.UsageError(f"{stream.name}: a key file has at most {MAX_FILE} bytes")
    return content


def echo_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Aligned columns under their names; nothing is told as -."""
    table = [list(names), *([as_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(names))]
    for row in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def as_cell(value: Any) -> str:
    """A value as a table shows it; times to the second."""
    if value is None:
        return "-"
    return value.isoformat(timespec="seconds").replace("+00:00", "Z") if hasattr(value, "isoformat") else str(value)
