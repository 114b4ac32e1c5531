"""Is this installation in order? One line for everything looked at, and what to do about what is not."""

from __future__ import annotations

import sys

import click

from service.cli.context import parts, run_async
from service.operations.health import examine


@click.command()
@run_async
async def doctor() -> None:
    """Examine settings, servers, migrations, rights, clocks and the log; exit code 1 if something must be done."""
    async with parts() as deps:
        click.echo("ok    the settings are complete and safe here")
        findings = await examine(deps)
    for finding in findings:
        mark = "ok  " if finding.remedy is None else "BAD " if finding.serious else "note"
        click.echo(f"{mark}  {finding.what}" + (f": {finding.remedy}" if finding.remedy else ""))
    sys.exit(any(finding.remedy and finding.serious for finding in findings))
