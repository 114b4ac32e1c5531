"""Joins ES modules into chunks, so that browsers load few files, each compressed as a whole.

What it understands is what web/ is written in: `import { a, b } from "./x.js";` on a line of its own, dynamic imports
of literal names, and names that no two modules of a chunk have at their top level.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

STATIC = re.compile(r'^import \{ (.+) \} from "\./([\w-]+\.js)";\n', re.MULTILINE)
DYNAMIC = re.compile(r'(?<=import\("\./)[\w-]+\.js(?="\))')
TOP = re.compile(r"^(?:export )?(?:(?:async )?function|class|const|let) (\w+)", re.MULTILINE)


def join(sources: Mapping[str, str], entries: Sequence[str]) -> dict[str, str]:
    """The files to serve: each entry with every module it imports that no earlier entry brings, and the rest as it is.

    `sources`: modules by file name. Raises ValueError where two modules of a chunk declare the same name.
    """
    home: dict[str, str] = {}  # the entry that brings a module
    chunks: dict[str, list[str]] = {}
    for entry in entries:
        chunks[entry] = [name for name in _closure(sources, entry, set()) if name not in home]
        home.update(dict.fromkeys(chunks[entry], entry))
    joined = {entry: _chunk(entry, {name: sources[name] for name in names}, home) for entry, names in chunks.items()}
    return {name: source for name, source in sources.items() if name not in home} | joined


def _closure(sources: Mapping[str, str], name: str, seen: set[str]) -> Iterator[str]:
    """A module after all that it imports."""
    seen.add(name)
    for _, imported in STATIC.findall(sources[name]):
        if imported not in seen:
            yield from _closure(sources, imported, seen)
    yield name


def _chunk(entry: str, modules: Mapping[str, str], home: Mapping[str, str]) -> str:
    """Modules one after the other; what they import from other chunks is imported once."""
    declared = Counter(name for source in modules.values() for name in TOP.findall(source))
    if twice := [name for name, times in declared.items() if times > 1]:
        raise ValueError(f"modules of {entry} declare the same names: {', '.join(twice)}")
    imported: dict[str, set[str]] = defaultdict(set)
    for source in modules.values():
        for names, module in STATIC.findall(source):
            if home[module] != entry:
                imported[home[module]].update(names.split(", "))
    head = "".join(f'import {{ {", ".join(sorted(names))} }} from "./{file}";\n' for file, names in imported.items())
    body = "".join(STATIC.sub("", source) for source in modules.values())
    return head + DYNAMIC.sub(lambda found: home[found[0]], body)
