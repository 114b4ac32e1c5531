"""The named queries: every one is valid against the schema, documented, and used."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import asyncpg
import pytest

from service.store import queries
from service.store.queries import Query, load_queries, read_blocks
from tests.conftest import Cluster

STORE = Path(queries.__file__).parent
STEMS = sorted(path.stem for path in STORE.glob("*.sql"))
QUERIES = {(stem, name): query for stem in STEMS for name, query in load_queries(stem).items()}


async def test_every_query_can_be_prepared(cluster: Cluster) -> None:
    connection = await asyncpg.connect(cluster.settings.database_url)
    try:
        for (stem, name), query in QUERIES.items():
            try:
                prepared = await connection.prepare(query.sql)
            except asyncpg.PostgresError as error:
                raise AssertionError(f"{stem}.sql {name}: {error}") from error
            documented = {int(n) for n in re.findall(r"\$(\d+)", heading(stem, name))}
            assert documented == set(range(1, len(prepared.get_parameters()) + 1)), f"{stem}.sql {name}: its $n list"
    finally:
        await connection.close()


def heading(stem: str, name: str) -> str:
    """The comment lines below a query's name."""
    lines = dict(read_blocks((STORE / f"{stem}.sql").read_text()))[name]
    first = next(number for number, line in enumerate(lines) if not line.startswith("-- ") or "include" in line)
    return "\n".join(lines[:first])


@pytest.mark.parametrize(("stem", "name"), sorted(QUERIES))
def test_every_query_says_what_it_does(stem: str, name: str) -> None:
    assert heading(stem, name)


SORTS = ("newest", "oldest", "top", "controversial")


@pytest.mark.parametrize("stem", STEMS)
def test_every_query_is_named_in_the_module_beside_it(stem: str) -> None:
    text = (STORE / f"{stem}.py").read_text()
    named = set(re.findall(r'"([a-z_]+)"', text))
    if 'f"page_{sort}"' in text:
        named |= {f"page_{sort}" for sort in SORTS}
    assert set(load_queries(stem)) - named == set()


@pytest.mark.parametrize("stem", STEMS)
def test_every_function_of_the_store_is_called(stem: str) -> None:
    tree = ast.parse((STORE / f"{stem}.py").read_text())
    public = {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and node.name[0] != "_"}
    others = "\n".join(path.read_text() for path in STORE.parent.rglob("*.py") if path != STORE / f"{stem}.py")
    assert {name for name in public if not re.search(rf"\b(?:{stem}\.)?{name}\(", others)} == set()


def test_a_fragment_is_taken_in_and_is_no_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nouns.sql").write_text(
        "-- columns_fragment\na, b\n\n"
        "-- find_noun\n-- A noun. $1 key\nSELECT\n-- include columns_fragment\nFROM nouns;\n"
    )
    monkeypatch.setattr("service.store.queries.__file__", str(tmp_path / "queries.py"))
    assert load_queries("nouns") == {"find_noun": Query("find_noun", "SELECT\na, b\nFROM nouns")}
