"""Tokens for people at a terminal."""

from __future__ import annotations

import hashlib

import click

from service.cli.context import run_async, site_parts
from service.domain.identity import Role, clean_name
from service.operations.authors import issue_token


@click.command()
@click.option("--site", "site_name", required=True, help="The site the token is for.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="reader", show_default=True)
@click.option("--name", required=True, help="The name others see.")
@click.option("--sub", help="Who it is (default: made from the name, so that another name is another person).")
@run_async
async def token(site_name: str, role: str, name: str, sub: str | None) -> None:
    """Print a token, valid for 24 hours, and nothing else.

    It is signed with DISCUSS_SECRET, and its role counts in full: for trying things, scripts, and the first moderator.

    \b
    Example:
      TOKEN=$(discuss token --site demo --name "Ada Reader")
      curl localhost:8080/api/v1/sites/demo/me -H "Authorization: Bearer $TOKEN"
    """
    try:
        name = clean_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--name") from None
    subject = sub or "name:" + hashlib.sha256(name.encode()).hexdigest()[:32]
    async with site_parts(site_name) as (deps, site):
        click.echo(await issue_token(deps, site, name=name, subject=subject, role=Role(role)))
