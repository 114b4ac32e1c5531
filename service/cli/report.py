"""Reports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from service.cli.context import parts, patient, run_async
from service.operations.reports import dsa_report
from service.operations.sites import get_site

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def report() -> None:
    """Print figures of a period.

    \b
    Example:
      discuss report dsa --from 2026-01-01 --to 2026-06-30 --site demo
    """


@report.command()
@click.option("--from", "first", type=DAY, required=True, metavar="DAY", help="The first day, as 2026-01-01 (UTC).")
@click.option("--to", "last", type=DAY, required=True, metavar="DAY", help="The last day, which is in it.")
@click.option("--site", help="One site; all of them without it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@run_async
async def dsa(first: datetime, last: datetime, site: str | None, as_json: bool) -> None:
    """Print what the EU Digital Services Act asks to be published.

    Notices of illegal content and how they were answered, readers' flags, restrictions by people and by rules, appeals,
    suspensions. Notices and appeals count in the period in which they came.
    """
    if last < first:
        raise click.UsageError("--to is before --from")
    async with parts() as deps, patient(deps) as working:
        found = await get_site(deps, site) if site is not None else None
        until = last.replace(tzinfo=UTC) + timedelta(days=1)
        figures = await dsa_report(working, first.replace(tzinfo=UTC), until, found)
    if as_json:
        click.echo(json.dumps(figures, indent=2, ensure_ascii=False))
        return
    click.echo(f"{site or 'All sites'}, {first:%Y-%m-%d} to {last:%Y-%m-%d} (UTC)")
    for line in table(figures):
        click.echo(line)


def table(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures in lines, a paragraph for each part."""
    for part, numbers in figures.items():
        if isinstance(numbers, Mapping):
            yield ""
            yield words(part).capitalize()
            yield from lines(numbers)


def lines(numbers: Mapping[str, Any], indent: str = "  ") -> Iterator[str]:
    """Names and numbers; what is counted by something stands below it."""
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            yield f"{indent}{words(name)}" + ("" if value else ": none")
            yield from lines(value, indent + "  ")
        else:
            shown = duration(value) if name == "median_seconds" else value
            label = "median time to answer" if name == "median_seconds" else words(name)
            yield f"{indent}{label:<{60 - len(indent)}} {shown:>12}"


def words(name: str) -> str:
    """A key as people read it."""
    return name.replace("_", " ")


def duration(seconds: float | None) -> str:
    """A duration in words of days, hours and minutes."""
    if seconds is None:
        return "-"
    minutes = round(seconds / 60)
    return f"{minutes // 1440} d {minutes // 60 % 24} h {minutes % 60} min"
