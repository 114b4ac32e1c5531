"""Articles: show, set."""

from __future__ import annotations

import json

import click
from marshmallow import fields

from schemas.articles import ArticlePatchSchema, RegistrationSchema
from schemas.common import Time, Truth
from service.cli.assignments import parse_assignments
from service.cli.context import run_async, site_parts
from service.domain.rows import Row
from service.operations.articles import change_article, find_article


class ArticleSettingsSchema(RegistrationSchema, ArticlePatchSchema):
    """What may be set of an article."""

    registered = Truth()


class ArticleSchema(ArticleSettingsSchema):
    """An article as its operator sees it."""

    id = fields.String(attribute="external_id")
    created_at = Time()
    comment_count = fields.Integer()


@click.group()
def article() -> None:
    """Show an article, lock it, hide it.

    \b
    Examples:
      discuss article show demo the-last-lighthouse-keeper
      discuss article set demo the-last-lighthouse-keeper locked=true locked_reason="This got out of hand."
    """


@article.command()
@click.argument("site")
@click.argument("article_id", metavar="ID")
@run_async
async def show(site: str, article_id: str) -> None:
    """Print an article as JSON, by any of its ids."""
    async with site_parts(site) as (deps, found):
        echo_article(await find_article(deps, found, article_id))


@article.command(name="set")
@click.argument("site")
@click.argument("article_id", metavar="ID")
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.option("--create", is_flag=True, help="Register the article when there is none yet.")
@run_async
async def set_(site: str, article_id: str, settings: tuple[str, ...], create: bool) -> None:
    """Change an article and print it; readers see it everywhere within a second.

    Keys: title, url, section, locked, locked_reason, moderation (pre, post, or null: as the site), visibility (shown
    or hidden), registered, opens_at, closes_at, slow_mode_seconds. Values are JSON; plain words will do for texts;
    `KEY=` clears. All of it is changed, or nothing. A hidden article is answered as an empty, locked one; its comments
    are kept.

    \b
    Examples:
      discuss article set demo my-article locked=true
      discuss article set demo my-article visibility=hidden
      discuss article set demo my-article moderation=pre section=News
      discuss article set demo next-week title="Next week" url=https://www.example.com/next --create
    """
    changes = parse_assignments(settings, ArticleSettingsSchema())
    async with site_parts(site) as (deps, found):
        echo_article(await change_article(deps, found, article_id, changes, create=create))


def echo_article(row: Row) -> None:
    """Print it as JSON."""
    click.echo(json.dumps(ArticleSchema().dump(row), indent=2, ensure_ascii=False))
