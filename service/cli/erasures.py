"""Who was erased: taking the list along, and erasing again what a backup brought back."""

from __future__ import annotations

from typing import BinaryIO

import click
import orjson

from service.cli.context import parts, run_async
from service.domain.errors import ConfigurationError
from service.operations.rights import export_erased, replay_erased, work_on_erasure


@click.group()
def erasures() -> None:
    """People who were erased: export the list, replay it after restoring a backup.

    The list has hashes only, made with DISCUSS_SECRET: it works where that is the same.

    \b
    Examples:
      discuss erasures export erased.jsonl
      discuss erasures replay erased.jsonl
    """


@erasures.command(name="export")
@click.argument("file", type=click.File("wb"))
@run_async
async def export_list(file: BinaryIO) -> None:
    """Write the list as JSON Lines, to FILE or (-) to standard output; keep it beside backups, and newer than them."""
    async with parts() as deps:
        people = await export_erased(deps)
    for person in people:
        file.write(orjson.dumps(person, option=orjson.OPT_APPEND_NEWLINE))
    click.echo(f"Exported {len(people)}.", err=True)


@erasures.command()
@click.argument("file", type=click.File("rb"))
@run_async
async def replay(file: BinaryIO) -> None:
    """Erase again everybody in FILE whom a restored backup brought back, before the service is started.

    Whoever signed in again after their erasure is left alone. Running it again changes nothing.
    """
    try:
        people = [orjson.loads(line) for line in file if line.strip()]
    except orjson.JSONDecodeError as error:
        raise ConfigurationError([f"{file.name} is not JSON Lines: {error}"]) from None
    async with parts() as deps:
        erased = await replay_erased(deps, people)
        while await work_on_erasure(deps):
            pass
    click.echo(f"Erased {erased} again, of {len(people)}.")
