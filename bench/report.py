"""The table on the screen and bench/RESULTS.md."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bench.isso import VERSION as ISSO
from bench.load import wrk_version
from bench.rounds import Row
from bench.servers import ROOT

RESULTS = Path(__file__).with_name("RESULTS.md")
KEPT = "## Where the time goes"  # what follows is written by hand and stays

HEADINGS = ("figure", "service", "beside it", "ratio (lowest to highest)", "wanted", "", "shares", "CPU µs", "wrong")


def verdict(row: Row) -> str:
    """One word: wrong answers are a failure whatever the ratio."""
    if row.wrong:
        return "**failed**"
    return "" if row.met is None else "yes" if row.met else "**no**"


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    ratio = ""
    if row.ratios:
        ratio = (
            f"**{_number(statistics.median(row.ratios))}** ({_number(min(row.ratios))} to {_number(max(row.ratios))})"
        )
    return (
        row.what,
        row.measured,
        row.beside,
        ratio,
        row.wanted,
        verdict(row),
        row.shares,
        row.cost,
        str(row.wrong),
    )


def _number(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def table(rows: Sequence[Row]) -> str:
    """Markdown, with columns that line up on a screen too."""
    lines = [HEADINGS, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def versions(circumstances: Sequence[str]) -> str:
    """What took part, in one line, and what was said of the circumstances."""
    names = ("aiohttp", "uvloop", "gunicorn", "asyncpg", "redis", "marshmallow", "markdown-it-py", "nh3")
    packages = [f"{name} {version(name)}" for name in names]
    return ", ".join([f"Python {platform.python_version()}", *packages, wrk_version(), f"Isso {ISSO}", *circumstances])


def commit() -> str:
    """The commit that was measured, and whether files differed from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"


def processor() -> str:
    """Model and number of cores."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{os.cpu_count()} cores ({model})"


def write(rows: Sequence[Row], *, command: str, rounds: int, seconds: float, circumstances: Sequence[str]) -> None:
    """Replace the table of RESULTS.md and keep what was written by hand below it."""
    kept = ""
    if RESULTS.exists():
        _, mark, rest = RESULTS.read_text().partition(KEPT)
        kept = mark + rest
    now = datetime.datetime.now(datetime.UTC)
    RESULTS.write_text(
        f"""# Results

`{command}` on {now:%Y-%m-%d %H:%M} UTC, commit {commit()}, {processor()}, the load on the same cores.

{versions(circumstances)}.

Medians of {rounds} interleaved rounds of {seconds:g} s. A ratio compares two neighbouring rounds of this run; it is
what counts, the rates belong to this machine and moment. *shares*: smallest and biggest part of the CPU time that one
of the two workers had, service · beside it. *CPU µs*: both workers' CPU time for one right answer. *wrong*: answers
with another status or body, broken connections and timeouts of all rounds. [README.md](README.md) says how each figure
is measured.

{table(rows)}

{kept or KEPT + chr(10)}"""
    )
