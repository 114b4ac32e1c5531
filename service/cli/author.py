"""People: show, revoke, grant, ban, unban, erase, remap."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import UUID

import click
from marshmallow import fields

from schemas.common import Closed, Id, Time
from service.cli.context import patient, run_async, site_parts
from service.deps import Deps
from service.domain.errors import ConfigurationError
from service.domain.identity import FOREVER, Role
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.authors import find_author, find_author_of, parse_moves, remap_authors
from service.operations.people import ban_author, grant_role, revoke_author, unban_author
from service.operations.rights import erase_author, work_on_erasure

MAX_REASON = 500


class StoredAuthorSchema(Closed):
    """An author as operators see them."""

    id = Id()
    issuer = fields.String()
    subject = fields.String()
    name = fields.String()
    roles = fields.List(fields.String())
    granted_role = fields.String()
    labels = fields.List(fields.String())
    guest = fields.Boolean()
    avatar_url = fields.String()
    banned_until = Time()
    ban_reason = fields.String()
    revoked_before = Time()


@click.group()
def author() -> None:
    """Show people, revoke their tokens, grant roles, ban, erase, remap.

    AUTHOR is the id that comments and /me show; or name the account with --issuer and --subject.

    \b
    Examples:
      discuss author show demo 0190c3a4-9b1e-7c3d-8f2a-5b6c7d8e9f00
      discuss author ban demo 0190c3a4-9b1e-7c3d-8f2a-5b6c7d8e9f00 --until forever --reason "Spam."
      discuss author grant demo --issuer https://www.example.com --subject 42 --role moderator
    """


def of_author(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments that name a site and one of its authors."""
    for decorate in (
        click.option("--subject", help="The account's `sub`, with --issuer."),
        click.option("--issuer", help="Whose account it is: the tokens' `iss`."),
        click.argument("author_id", type=click.UUID, metavar="[AUTHOR]", required=False),
        click.argument("site"),
    ):
        command = decorate(command)
    return command


@asynccontextmanager
async def author_parts(
    site: str, author_id: UUID | None, issuer: str | None, subject: str | None
) -> AsyncIterator[tuple[Deps, Site, Row]]:
    """The parts, the site, and the author as they are stored. Raises UsageError, SiteNotFound, NotFound."""
    if (author_id is None) == (issuer is None) or (issuer is None) != (subject is None):
        raise click.UsageError("name the author by id, or by --issuer and --subject")
    async with site_parts(site) as (deps, found):
        if author_id is not None:
            yield deps, found, await find_author(deps, found, author_id)
        else:
            yield deps, found, await find_author_of(deps, found, str(issuer), str(subject))


@author.command()
@of_author
@run_async
async def show(site: str, author_id: UUID | None, issuer: str | None, subject: str | None) -> None:
    """Print what is known of an author as JSON."""
    async with author_parts(site, author_id, issuer, subject) as (_, _, row):
        shown = StoredAuthorSchema().dump(row)
        if row["banned_until"] == FOREVER:
            shown["banned_until"] = "forever"
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))


@author.command()
@of_author
@run_async
async def revoke(site: str, author_id: UUID | None, issuer: str | None, subject: str | None) -> None:
    """Refuse every token the author holds now; later ones count again."""
    async with author_parts(site, author_id, issuer, subject) as (deps, found, row):
        await revoke_author(deps, found, row["id"])
        click.echo(f"Revoked the tokens of {row['name']}.")


@author.command()
@of_author
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="Counts whatever the tokens say; `reader` takes a granted role away.",
)
@run_async
async def grant(site: str, author_id: UUID | None, issuer: str | None, subject: str | None, role: str) -> None:
    """Give an author a role that no token needs to carry."""
    async with author_parts(site, author_id, issuer, subject) as (deps, found, row):
        await grant_role(deps, found, row["id"], Role(role))
        click.echo(f"{row['name']} is granted {role}." if role != "reader" else f"{row['name']} has no granted role.")


class Until(click.ParamType[datetime]):
    """A time to come (RFC 3339 with its zone), or `forever`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time, aware."""
        if isinstance(value, datetime):
            return value
        if value == "forever":
            return FOREVER
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            self.fail(f"{value!r} is not a time like 2030-01-31T12:00:00Z, nor forever", param, ctx)
        if time <= datetime.now(UTC):
            self.fail(f"{value} is over already", param, ctx)
        return time


@author.command()
@of_author
@click.option("--until", type=Until(), required=True, metavar="TIME|forever", help="As 2030-01-31T12:00:00Z.")
@click.option("--reason", required=True, help="What the author is told.")
@click.option("--remove-comments", is_flag=True, help="Remove everything they wrote, too.")
@run_async
async def ban(
    site: str,
    author_id: UUID | None,
    issuer: str | None,
    subject: str | None,
    until: datetime,
    reason: str,
    remove_comments: bool,
) -> None:
    """Keep an author from posting; at once, in every process."""
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise click.UsageError(f"a reason has 1 to {MAX_REASON} characters")
    async with author_parts(site, author_id, issuer, subject) as (deps, found, row):
        banned = await ban_author(deps, found, row["id"], until, reason.strip(), remove_comments=remove_comments)
        end = "for ever" if until == FOREVER else f"until {until.isoformat()}"
        click.echo(f"Banned {row['name']} {end}.")
        if remove_comments and banned.removal is not None:
            click.echo(f"What they wrote is hidden; the service removes {banned.removal['total']} comments now.")


@author.command()
@of_author
@run_async
async def unban(site: str, author_id: UUID | None, issuer: str | None, subject: str | None) -> None:
    """Lift an author's ban."""
    async with author_parts(site, author_id, issuer, subject) as (deps, found, row):
        await unban_author(deps, found, row["id"])
        click.echo(f"{row['name']} is not banned.")


@author.command()
@of_author
@run_async
async def erase(site: str, author_id: UUID | None, issuer: str | None, subject: str | None) -> None:
    """Forget everything about an author, as DELETE /me does; there is no way back.

    Their comments stay without a name or are deleted, as the site's `erase` says.
    """
    async with author_parts(site, author_id, issuer, subject) as (deps, found, row):
        if await erase_author(deps, found, row["key"], row["issuer"], row["subject"]) is None:
            raise ConfigurationError(["this author was erased before"])
        while await work_on_erasure(deps):
            pass
        click.echo("Erased.")


@author.command()
@click.argument("site")
@click.argument("file", type=click.File("rb"))
@run_async
async def remap(site: str, file: BinaryIO) -> None:
    """Give accounts new issuers and subjects, after a change of sign-in vendor.

    FILE (UTF-8) has one account a line: old issuer, old subject, new issuer, new subject, separated by commas or tabs;
    blank lines and lines that start with # don't count. People keep their comments, roles and bans. All lines are
    applied, or none: a line whose new account is another author's already is a conflict and is named. Lines nobody is
    known by are left out, so a second run changes nothing.

    \b
    Retire the old vendor's key first (`discuss site keys SITE retire ID`): who signs in with an old token
    after this would be somebody new.

    \b
    Example of a line:
      https://old.example.com,17,https://new.example.com,user-17
    """
    try:
        moves = parse_moves(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise click.UsageError(f"{file.name} is not UTF-8") from None
    async with site_parts(site) as (deps, found), patient(deps) as working:
        steps, quiet = 2 * len(moves), not sys.stderr.isatty()
        with click.progressbar(length=steps, label="Remapping", file=sys.stderr, hidden=quiet) as bar:
            moved = await remap_authors(working, found, moves, bar.update)
    click.echo(f"Remapped {moved} of {len(moves)} accounts.")
