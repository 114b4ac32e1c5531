"""The `discuss` command: argument parsing only. One file per noun; each sub-command calls one operation."""

from __future__ import annotations

import re
import sys
from typing import Any, NoReturn

import asyncpg
import click

from service.cli.article import article
from service.cli.author import author
from service.cli.doctor import doctor
from service.cli.erasures import erasures
from service.cli.report import report
from service.cli.run import follow, migrate, run, serve
from service.cli.site import site
from service.cli.token import token
from service.cli.transfer import export, import_
from service.domain.errors import DiscussError
from service.logs import configure_logging

REFUSED, USAGE = 1, 2  # exit codes; 0 is done


class OneLineErrors(click.Group):
    """A group whose errors are lines, not tracebacks, and whose commands stand in the order they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the tuple below."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the beginning of its first sentence, whole."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, re.split(r"[:.(]", one.help or "")[0]) for name, one in self.commands.items()])

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a sub-command and exit: 0 done, 1 refused, 2 wrong usage."""
        try:
            done = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            asked_for_help = error.ctx is None or error.ctx.parent is None
            click.echo(error.format_message(), err=not asked_for_help)
            sys.exit(0 if asked_for_help else USAGE)
        except click.ClickException as error:
            where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "discuss"
            fail(USAGE, [f"{' '.join(error.format_message().split())} (`{where} --help` says more)"])
        except click.Abort:
            fail(REFUSED, ["stopped"])
        except DiscussError as error:
            fail(REFUSED, explain(error))
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError) as error:
            fail(REFUSED, [f"the tables are not up to date ({error}): run `discuss migrate`"])
        except asyncpg.DataError as error:  # half a character on the command line, NUL in a JSON value
            fail(REFUSED, [f"a value cannot be stored: {' '.join(str(error).split())}"])
        sys.exit(done if isinstance(done, int) else 0)


def explain(error: DiscussError) -> list[str]:
    """An error in one line for each problem; an operator is told why a server cannot be used."""
    problems: list[str] | None = getattr(error, "problems", None)
    because = f" ({error.__cause__})" if error.__cause__ is not None and str(error.__cause__) else ""
    return problems or [error.detail + because]


def fail(code: int, problems: list[str]) -> NoReturn:
    """Tell the problems and exit."""
    for problem in problems:
        click.echo(f"discuss: {problem}", err=True)
    sys.exit(code)


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Threaded comments for articles.

    Beside a running `make run` the commands find its servers by themselves (DATA, or DISCUSS_DATA, names its folder);
    elsewhere set DATABASE_URL, REDIS_URL and DISCUSS_SECRET. Exit codes: 0 done, 1 refused, 2 wrong usage.

    \b
    Examples:
      discuss token --site demo --name "Ada Reader"
      discuss site set demo posting=closed
    """
    configure_logging("error", pretty=True)  # commands tell what went wrong themselves; run and serve choose anew


for command in (run, serve, follow, migrate, site, article, token, author, erasures, import_, export, report, doctor):
    main.add_command(command)
