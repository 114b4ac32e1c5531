"""Load from wrk: every answer's status and body are checked, and what the workers spent is measured."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers import Server

SCRIPT = Path(__file__).with_name("load.lua")
_SUMMARY = re.compile(r"^SUMMARY (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)
_SAMPLE = re.compile(r"^SAMPLE (.*)$", re.MULTILINE)


class LoadError(Exception):
    """wrk is missing or did not finish."""


@dataclass(frozen=True)
class Expected:
    """What a right answer is: its status, its length in bytes (both ends belong to it) and a part of its body.

    `marker` is plain text; empty for a compressed body. `headers` go with the request.
    """

    least: int
    most: int
    marker: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)  # to send


@dataclass(frozen=True)
class Posts:
    """What load.lua posts: `body` is a format of (text, parent part), `text` one of (a word unique in all runs)."""

    run: str
    body: str
    text: str
    parents: Sequence[str]
    tokens: Sequence[str] = ()


@dataclass(frozen=True)
class Votes:
    """What load.lua votes with: each of `tokens` in turn, and another of `values` each time round."""

    values: Sequence[str]
    tokens: Sequence[str]


@dataclass(frozen=True)
class Run:
    """One round. Times in milliseconds; `cpu_us`: microseconds of all workers per right answer."""

    right: int
    wrong: int
    seconds: float
    p50: float
    p99: float
    shares: tuple[float, ...]
    cpu_us: float
    sample: str  # of a wrong answer

    @property
    def rate(self) -> float:
        """Right answers per second."""
        return self.right / self.seconds


def wrk_version() -> str:
    """Raises LoadError with the one thing to do when wrk is not there."""
    program = shutil.which("wrk")
    if program is None:
        raise LoadError("wrk is missing: apt-get install wrk")
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
    return (said.stdout + said.stderr).split("[")[0].split("Copyright")[0].strip()


def load(
    server: Server,
    path: str,
    expected: Expected,
    *,
    connections: int,
    seconds: float,
    sent: Posts | Votes | None = None,
) -> Run:
    """Send one request after another on each connection, GETs or what is to be `sent`, and check every answer.

    Raises LoadError when wrk does not end with its sums or a worker was lost meanwhile.
    """
    arguments = server.log.with_suffix(".lua")
    arguments.write_text(f"return {lua(dataclasses.asdict(expected) | (dataclasses.asdict(sent) if sent else {}))}\n")
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s"]
    command += ["--timeout", "30s", "--script", str(SCRIPT), server.url + path, "--", str(arguments)]
    before = server.cpu_seconds()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = server.cpu_seconds()
    sums = _SUMMARY.search(done.stdout)
    if sums is None:
        raise LoadError(f"wrk on {server.name}{path}: {done.stdout}{done.stderr}")
    if before.keys() != after.keys():
        raise LoadError(f"workers of {server.name} changed during {path}; see {server.log}")
    sample = _SAMPLE.search(done.stdout)
    spent = [after[pid] - before[pid] for pid in before]
    return _run([int(number) for number in sums.groups()], sample[1] if sample else "", spent)


def _run(sums: list[int], sample: str, spent: list[float]) -> Run:
    duration, right, wrong, broken, late, p50, p99 = sums
    if broken + late:
        sample = sample or f"{broken} broken connections, {late} timeouts"
    return Run(
        right=right,
        wrong=wrong + broken + late,
        seconds=duration / 1e6,
        p50=p50 / 1e3,
        p99=p99 / 1e3,
        shares=tuple(seconds / (sum(spent) or 1) for seconds in spent),
        cpu_us=sum(spent) / max(right, 1) * 1e6,
        sample=sample,
    )


def lua(value: object) -> str:
    """A value as a Lua expression; tables for lists and mappings."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"[{lua(key)}] = {lua(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "{" + ", ".join(map(lua, value)) + "}"
    if value is None:
        return "nil"
    return json.dumps(value)
