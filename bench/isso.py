"""Isso 0.14.0 from PyPI, the widespread small comment server, with the same comments, as its documentation runs it.

Isso knows one level of replies, so every reply stands below its root. Its guard (two posts a minute) is off.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.request import Request, urlopen

from bench.seed import AUTHORS, article_comments, written
from bench.servers import DATA, GUNICORN, Server, StartError, running
from service.embedded import free_port

VERSION = "0.14.0"
URI = "/tenthousand"
COMMENTS = 10_000
FIRST_SCREEN = f"/?uri={URI}&sort=newest&limit=20&nested_limit=10"

CONFIGURATION = """[general]
dbpath = {database}
host = http://127.0.0.1:{port}/
[guard]
enabled = false
"""


def install() -> Path:
    """The Python of a virtual environment of its own that has Isso; made when it is not there."""
    folder = DATA / "isso-venv"
    python = folder / "bin" / "python"
    wanted = {f"isso=={VERSION}", f"gunicorn=={version('gunicorn')}"}
    if not python.exists() or not wanted <= _installed(python):
        print(f"installing Isso {VERSION}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *sorted(wanted)], check=True)
    return python


def _installed(python: Path) -> set[str]:
    listed = subprocess.run([str(python), "-m", "pip", "list", "--format=json"], capture_output=True, check=True)
    return {f"{package['name']}=={package['version']}" for package in json.loads(listed.stdout)}


class Isso:
    """A running Isso whose database can be put back to what it was, so that every round begins with 10,000 comments."""

    def __init__(self, server: Server, database: Path, seeded: Path) -> None:
        self.server = server
        self.database = database
        self.seeded = seeded

    def put_back(self) -> None:
        """Only between rounds: Isso opens the file anew for every statement."""
        aside = self.database.with_suffix(".new")
        shutil.copyfile(self.seeded, aside)
        aside.replace(self.database)
        # a journal left by a write that was cut off belongs to the old file, and would be played into the new one
        self.database.with_name(f"{self.database.name}-journal").unlink(missing_ok=True)

    def root_ids(self) -> list[int]:
        """The newest roots of the thread as it was put back."""
        with contextlib.closing(sqlite3.connect(self.seeded)) as database:
            rows = database.execute("SELECT id FROM comments WHERE parent IS NULL ORDER BY id DESC LIMIT 200")
            return [row[0] for row in rows]

    def comments(self) -> int:
        """How many comments are stored."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            count: int = database.execute("SELECT count(*) FROM comments").fetchone()[0]
            return count


@contextlib.contextmanager
def isso(folder: Path) -> Iterator[Isso]:
    """Isso under gunicorn with the seeded thread."""
    python = install()
    database, seeded, port = folder / "isso.db", folder / "isso-seeded.db", free_port()
    configuration = folder / "isso.cfg"
    configuration.write_text(CONFIGURATION.format(database=database, port=port))
    command = [str(python), "-m", "gunicorn", *GUNICORN, "--preload", "--bind", f"127.0.0.1:{port}", "isso.run"]
    with running(
        "isso", command, {"ISSO_SETTINGS": str(configuration)}, port=port, ready="/info", folder=folder
    ) as server:
        _fill(database)
        shutil.copyfile(database, seeded)
        _check_first_screen(server)
        yield Isso(server, database, seeded)


def _fill(path: Path) -> None:
    """Isso made its tables when it started."""
    texts = written()
    numbers = {}
    rows = []
    for number, c in enumerate(article_comments("tenthousand", COMMENTS), start=1):
        numbers[c.id] = number
        parent = None if c.parent is None else numbers[c.root]
        network = f"10.{c.author // 256}.{c.author % 256}.0"
        name = f"Reader {c.author % AUTHORS}"
        rows.append(
            (1, number, parent, c.created_at.timestamp(), 1, network, texts[c.text], name, c.up, c.down, bytes(256))
        )
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO threads (id, uri, title) VALUES (1, ?, 'The article')", (URI,))
        database.executemany(
            "INSERT INTO comments (tid, id, parent, created, mode, remote_addr, text, author, likes, dislikes, voters)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def _check_first_screen(server: Server) -> None:
    with urlopen(Request(server.url + FIRST_SCREEN), timeout=30) as answer:
        page = json.load(answer)
    replies = [len(root["replies"]) for root in page["replies"]]
    if len(replies) != 20 or max(replies) != 10:
        raise StartError(f"Isso's first screen has roots with {replies} replies")
