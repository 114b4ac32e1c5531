"""Moving in and out: import, export."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.cli.context import run_async, site_parts
from service.domain.errors import ConfigurationError
from service.importers.article_ids import ArticleIds
from service.operations.transfer import (
    READERS,
    ExportReport,
    Format,
    ImportReport,
    Reasons,
    export_site,
    import_file,
)

STANDARD_OUTPUT = Path("-")


@click.command(name="import")
@click.argument("format", type=click.Choice(list(READERS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--site", "site_name", required=True, help="The site the comments go to.")
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Lines of `page of the source,article id`.")
@click.option("--source", help="A name of its own for this source (default: the format), where two blogs meet.")
@run_async
async def import_(format: Format, file: Path, site_name: str, map_file: Path | None, source: str | None) -> None:
    """Import an export: of Disqus, WordPress, Commento, or JSON Lines (of `discuss export` too).

    Stopped or killed, run it again: it goes on where it was, and adds nothing twice. docs/import.md has the rules.

    \b
    Example:
      discuss import disqus export.xml --site demo
    """
    if source is not None and not (0 < len(source) <= 100 and source.isprintable()):
        raise ConfigurationError(["--source takes a name of 1 to 100 printable characters"])
    with opened(file) as stream, opened(map_file) if map_file else no_map() as lines:
        ids = ArticleIds.load(lines) if lines else ArticleIds()
        async with site_parts(site_name) as (deps, site):
            with progress_bar(BarColumn(), TaskProgressColumn(), TimeRemainingColumn()) as bar:
                task = bar.add_task("Importing", total=os.fstat(stream.fileno()).st_size or 1)

                def show(position: int, report: ImportReport) -> None:
                    bar.update(task, completed=position, description=f"{report.read:,} comments")

                report = await import_file(deps, site, format, stream, ids=ids, source=source, progress=show)
    for line in report_lines(report):
        click.echo(line)


@click.command(name="export")
@click.argument("file", type=click.Path(path_type=Path), default=STANDARD_OUTPUT)
@click.option("--site", "site_name", required=True, help="The site to export.")
@run_async
async def export(file: Path, site_name: str) -> None:
    """Export a site as JSON Lines, to FILE or to standard output.

    Everything but secrets: settings, articles and comments of every status. `discuss import dataset` reads it.

    \b
    Example:
      discuss export --site demo demo.jsonl
    """
    async with site_parts(site_name) as (deps, site):
        with written(file) as stream, progress_bar() as bar:
            task = bar.add_task("Exporting", total=None)

            def show(report: ExportReport) -> None:
                bar.update(task, description=f"{report.comments:,} comments")

            def write(line: bytes) -> None:
                try:
                    stream.write(line)
                except OSError as error:
                    raise ConfigurationError([f"{file}: {error.strerror}"]) from None

            report = await export_site(deps, site, write, progress=show)
    click.echo(f"Exported {plural(report.comments, 'comment')} of {plural(report.articles, 'article')}.", err=True)


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """A file to read, from the beginning and perhaps twice. Raises ConfigurationError."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise ConfigurationError([f"{file}: {error.strerror}"]) from None
    with stream:
        if not stream.seekable():
            raise ConfigurationError([f"{file}: not a plain file"])
        yield stream


@contextmanager
def no_map() -> Iterator[None]:
    """The naming rule alone."""
    yield None


@contextmanager
def written(file: Path) -> Iterator[BinaryIO]:
    """A file that is there only once it is whole; `-` is standard output. Raises ConfigurationError.

    A link stays one, and a device or pipe is written to: as root, a new file would take the place of /dev/null.
    """
    if file == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        if file.exists() and not file.is_file():
            with file.open("wb") as device:
                yield device
            return
        whole = file.resolve()
        with tempfile.NamedTemporaryFile(dir=whole.parent, prefix=f".{whole.name}.", delete=False) as stream:
            unfinished = Path(stream.name)
            try:
                yield stream  # type: ignore[misc]  # what is wrapped is a BinaryIO
                stream.flush()
                os.fsync(stream.fileno())
                unfinished.replace(whole)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ConfigurationError([f"{file}: {error.strerror}"]) from None


def progress_bar(*columns: ProgressColumn) -> Progress:
    """A bar on standard error, only where that is a terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def plural(number: int, noun: str) -> str:
    """`1 comment`, `2,000 comments`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def report_lines(report: ImportReport) -> Iterator[str]:
    """What an import did; read = imported + skipped + already there."""
    skipped = report.skipped.counts.total()
    yield (
        f"Read {plural(report.read, 'comment')}: {report.imported:,} imported, {skipped:,} skipped, "
        f"{report.already_there:,} already there."
    )
    yield f"New: {plural(report.articles, 'article')}, {plural(report.authors, 'author')}."
    if report.erased:
        yield f"{plural(report.erased, 'comment')} of people who were erased here came without their names."
    if report.settings_taken:
        yield "The site had no settings: those of the file were taken."
    if skipped:
        yield "Skipped:"
        yield from reason_lines(report.skipped)
    if report.rooted.counts:
        yield "Replies that became root comments:"
        yield from reason_lines(report.rooted)


def reason_lines(reasons: Reasons) -> Iterator[str]:
    """One line for each reason, the most frequent first."""
    for reason, count in reasons.counts.most_common():
        shown = reasons.examples[reason]
        more = ", …" if count > len(shown) else ""
        yield f"  {reason}  {count:,}: {', '.join(shown)}{more}"
