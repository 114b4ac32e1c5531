"""Rounds in turn, and the line of the table that comes of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.load import Expected, Run, load
from bench.servers import Server
from bench.stage import Stage

CONNECTIONS = 32


@dataclass(frozen=True)
class Row:
    """One line of the table. `ratios` of the rounds; `met` is None where nothing was promised."""

    what: str
    measured: str
    beside: str
    ratios: Sequence[float]
    wanted: str
    met: bool | None
    shares: str = ""
    cost: str = ""
    wrong: int = 0
    sample: str = ""


Contender = Callable[[float], Run]  # seconds → one round


def interleave(stage: Stage, contenders: Mapping[str, Contender], seconds: float = 0) -> dict[str, list[Run]]:
    """Rounds in turn, each the other way round than the one before, after a short one that does not count."""
    for contender in contenders.values():
        contender(1)
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for number in range(stage.rounds):
        for name in list(contenders)[:: -1 if number % 2 else 1]:
            runs[name].append(contenders[name](seconds or stage.seconds))
    return runs


def ratios(over: Sequence[Run], under: Sequence[Run]) -> list[float]:
    """Rate to rate, round by round."""
    return [a.rate / (b.rate or float("inf")) for a, b in zip(over, under, strict=True)]


def median_rate(runs: Sequence[Run]) -> str:
    """The median rate, readable."""
    rate = statistics.median(run.rate for run in runs)
    return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.1f}/s"


def median_p99(runs: Sequence[Run]) -> float:
    """Milliseconds."""
    return statistics.median(run.p99 for run in runs)


def shares(*series: Sequence[Run]) -> str:
    """The smallest and the biggest part of the CPU time that one worker had: 0.5 is even, 1 is one worker alone."""
    parts = [[share for run in runs for share in run.shares] for runs in series]
    return " · ".join(f"{min(shares):.2f}-{max(shares):.2f}" for shares in parts)


def cost(*series: Sequence[Run]) -> str:
    """The workers' CPU time for one right answer, microseconds."""
    return " · ".join(f"{statistics.median(run.cpu_us for run in runs):,.0f}" for runs in series)


def row(what: str, over: Sequence[Run], under: Sequence[Run], wanted: float, beside: str) -> Row:
    """A row about how many times the rate of something else is reached."""
    found = ratios(over, under)
    runs = [*over, *under]
    return Row(
        what,
        median_rate(over),
        f"{median_rate(under)} {beside}",
        found,
        f"≥ {wanted:g}",
        statistics.median(found) >= wanted,
        shares(over, under),
        cost(over, under),
        sum(run.wrong for run in runs),
        next((run.sample for run in runs if run.sample), ""),
    )


def reader(server: Server, path: str, answer: Expected, connections: int = CONNECTIONS) -> Contender:
    """Rounds of GETs of one address."""
    return lambda seconds: load(server, path, answer, connections=connections, seconds=seconds)
