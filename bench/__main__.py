"""`make bench`: builds the data set once, measures every figure beside its floor, prints one table, writes RESULTS.md.

python -m bench [--quick] [--only FIGURE] [--profile page|uncached|posts]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import report, seed, servers, spy
from bench import stage as on
from bench.figures import FIGURES
from bench.isso import isso
from bench.load import LoadError, wrk_version
from bench.reading import FLOOR_BYTES
from bench.rounds import Row
from bench.stage import Stage, WrongAnswerError
from service.domain.errors import ConfigurationError
from service.embedded import EmbeddedServers
from service.store.migrations import migrate


@dataclass(frozen=True)
class Size:
    """How long and how much. `seconds` of one round, `big`: comments of the biggest article."""

    rounds: int
    seconds: float
    big: int


FULL = Size(rounds=5, seconds=3, big=1_000_000)
QUICK = Size(rounds=2, seconds=1, big=100_000)


def main() -> int:
    """0 when every answer was right, 1 otherwise; whether promises were met is in the table."""
    arguments = _arguments()
    size = QUICK if arguments.quick else FULL
    try:
        wrk_version()
        seeded = _seeded(size)
        with _stage(seeded, size, profiling=bool(arguments.profile)) as (stage, circumstances):
            if arguments.profile:
                spy.profile(stage, arguments.profile)
                return 0
            rows, failures = _measure(stage, arguments.only)
    except (ConfigurationError, LoadError, WrongAnswerError, servers.StartError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report.table(rows))
    if not arguments.quick and not arguments.only and not failures:
        command = "make bench"
        report.write(rows, command=command, rounds=size.rounds, seconds=size.seconds, circumstances=circumstances)
    for failure in failures:
        print(f"bench: FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the service beside its floors.")
    parser.add_argument("--quick", action="store_true", help="two short rounds, 100,000 comments, no RESULTS.md")
    parser.add_argument("--only", choices=list(FIGURES), help="one figure, no RESULTS.md")
    parser.add_argument("--profile", choices=("page", "uncached", "posts"), help="py-spy instead of figures")
    return parser.parse_args()


def _seeded(size: Size) -> Path:
    """The folder of the stopped servers that hold the data set; built when it is not there, older ones dropped."""
    folder = servers.DATA / f"seeded-{size.big}-{seed.checksum(servers.ROOT / 'migrations', size.big)}"
    if folder.exists():
        return folder
    for older in servers.DATA.glob(f"seeded-{size.big}-*"):
        shutil.rmtree(older)
    aside = servers.DATA / "seeding"
    shutil.rmtree(aside, ignore_errors=True)
    print(f"building the data set of {size.big:,} comments, once", flush=True)
    started = time.monotonic()
    with EmbeddedServers(aside) as database:
        owner_url = database.environment["DISCUSS_OWNER_URL"]
        on.run(migrate(owner_url, database.environment["DATABASE_URL"]))
        on.run(seed.fill(owner_url, size.big))
    aside.rename(folder)
    print(f"built in {time.monotonic() - started:.0f} s", flush=True)
    return folder


@contextlib.contextmanager
def _stage(seeded: Path, size: Size, *, profiling: bool) -> Iterator[tuple[Stage, list[str]]]:
    """Everything that is measured, on a copy of the data set that is deleted afterwards; logs stay."""
    folder = servers.DATA / "run"
    shutil.rmtree(folder, ignore_errors=True)
    # cp keeps the owner of the cluster's files, which is not us when we are root
    subprocess.run(["cp", "--archive", "--reflink=auto", str(seeded), str(folder)], check=True)
    os.sync()  # or the copy would still be written while the first figures are measured
    others = psutil.cpu_percent(2)
    print(f"other processes use {others:.0f} % of the processors", file=sys.stderr)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(EmbeddedServers(folder))
        service = stack.enter_context(servers.service(database.environment, folder))
        on.check_dressed(service)
        _keep_bytes(service, folder / "bytes")
        floor = None if profiling else stack.enter_context(servers.floor(folder))
        beside = None if profiling else stack.enter_context(isso(folder))
        url = database.environment["DATABASE_URL"]
        stage = Stage(folder, url, service, floor, beside, size.rounds, size.seconds, on.tokens())
        yield stage, _circumstances(database.environment, others)
    for part in ("postgres", "valkey"):
        shutil.rmtree(folder / part, ignore_errors=True)


def _keep_bytes(service: servers.Server, folder: Path) -> None:
    """What the floor answers with."""
    folder.mkdir()
    for name, (path, coding) in FLOOR_BYTES.items():
        (folder / name).write_bytes(on.fetch(service, path, coding))


def _circumstances(environment: Mapping[str, str], others: float) -> list[str]:
    """The versions of the servers, and what else the machine did just before."""
    postgres = on.query(environment["DATABASE_URL"], "SHOW server_version")
    return [f"PostgreSQL {postgres}", f"before the run other processes used {others:.0f} % of the processors"]


def _measure(stage: Stage, only: str | None) -> tuple[list[Row], list[str]]:
    """All rows, and what went wrong: wrong answers, and figures that could not be measured."""
    rows: list[Row] = []
    failures: list[str] = []
    for name, figure in FIGURES.items():
        if only and name != only:
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            for row in figure(stage):
                rows.append(row)
                if row.wrong:
                    failures.append(f"{row.what}: {row.wrong} wrong answers, the first: {row.sample}")
        except (WrongAnswerError, LoadError, OSError, sqlite3.Error) as error:
            failures.append(f"{name}: {error}")
        stage.service.forget_log()
    return rows, failures


if __name__ == "__main__":
    sys.exit(main())
