"""Loads the .sql files beside the store's modules.

A file is a list of blocks. Each begins with a line `-- name` (the query's name, which goes to logs and metrics), then
comment lines: one sentence, and what $1, $2 ... are. A line `-- include other` takes in another block's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = re.compile(r"^-- ([a-z][a-z0-9_]*)$")
INCLUDE = re.compile(r"^\s*-- include ([a-z][a-z0-9_]*)$")
FRAGMENT = "fragment"


@dataclass(frozen=True, slots=True)
class Query:
    """One named statement."""

    name: str
    sql: str


def read_blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """The named blocks of a .sql file, in order."""
    name, lines = "", list[str]()
    for line in text.splitlines():
        if header := HEADER.match(line):
            if name:
                yield name, lines
            name, lines = header[1], []
        elif name:
            lines.append(line)
    if name:
        yield name, lines


def expand(lines: list[str], blocks: dict[str, list[str]]) -> str:
    """The block's SQL with its includes taken in and its comments left out."""
    out = []
    for line in lines:
        if include := INCLUDE.match(line):
            out.append(expand(blocks[include[1]], blocks))
        elif not line.lstrip().startswith("--"):
            out.append(line)
    return "\n".join(out).strip().removesuffix(";")


def load_queries(stem: str) -> dict[str, Query]:
    """The queries of service/store/STEM.sql by name; blocks whose name ends in _fragment are only for inclusion."""
    text = (Path(__file__).parent / f"{stem}.sql").read_text()
    blocks = dict(read_blocks(text))
    return {
        name: Query(name, expand(lines, blocks)) for name, lines in blocks.items() if not name.endswith(f"_{FRAGMENT}")
    }
