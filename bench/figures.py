"""The figures: what is measured against what, in interleaved rounds, and what was promised."""

from __future__ import annotations

import contextlib
import functools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench import stage as on
from bench.isso import FIRST_SCREEN, URI
from bench.load import Expected, Run, load
from bench.servers import ROOT, Server
from bench.stage import Stage

CONNECTIONS = 32
ISSO_READERS = 4  # Isso's workers take one request at a time, more only wait


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


def _shares(*series: Sequence[Run]) -> str:
    """The smallest and the biggest part of the CPU time that one worker had: 0.5 is even, 1 is one worker alone."""
    parts = [[share for run in runs for share in run.shares] for runs in series]
    return " · ".join(f"{min(shares):.2f}-{max(shares):.2f}" for shares in parts)


def _cost(*series: Sequence[Run]) -> str:
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
        _shares(over, under),
        _cost(over, under),
        sum(run.wrong for run in runs),
        next((run.sample for run in runs if run.sample), ""),
    )


def reader(server: Server, path: str, answer: Expected, connections: int = CONNECTIONS) -> Contender:
    """Rounds of GETs of one address."""
    return lambda seconds: load(server, path, answer, connections=connections, seconds=seconds)


def _against_floor(stage: Stage, what: str, name: str, path: str, coding: str, wanted: float) -> Iterator[Row]:
    assert stage.floor
    answer = on.expected(stage.service, path, coding)
    floor_answer = on.expected(stage.floor, f"/{name}", coding)
    if floor_answer != answer:
        raise on.WrongAnswerError(f"the floor has other bytes than {path}")
    service, floor = reader(stage.service, path, answer), reader(stage.floor, f"/{name}", answer)
    runs = interleave(stage, {"service": service, "floor": floor})
    yield row(f"{what} ({answer.most:,} B)", runs["service"], runs["floor"], wanted, "bare handler")


FLOOR_BYTES = {
    "page": (on.page("big"), "identity"),
    "page.br": (on.page("big"), "br"),
    "count": (on.ONE_COUNT, "identity"),
    "counts": (on.THIRTY_COUNTS, "identity"),
}


def cached_page(stage: Stage) -> Iterator[Row]:
    """The first page that every reader gets, out of the cache."""
    on.fetch_page(stage.service, "big")
    yield from _against_floor(stage, "first page, cached", "page", on.page("big"), "identity", 0.7)
    yield from _against_floor(stage, "first page, cached, brotli", "page.br", on.page("big"), "br", 0.7)


def counts(stage: Stage) -> Iterator[Row]:
    """The numbers beside the titles of a front page."""
    yield from _against_floor(stage, "one count", "count", on.ONE_COUNT, "identity", 0.65)
    yield from _against_floor(stage, "30 counts", "counts", on.THIRTY_COUNTS, "identity", 0.5)


def uncached_page(stage: Stage) -> Iterator[Row]:
    """A first page built for each request, on the biggest article and on a small one, one connection."""
    biggest = json.loads(on.fetch(stage.service, on.page("big")))["article"]["comment_count"]
    for sort in ("newest", "top"):
        query = f"?sort={sort}&limit=21"
        contenders = {}
        for article in ("big", "thousand"):
            on.fetch_page(stage.service, article, query, roots=21)
            path = on.page(article, query)
            contenders[article] = reader(stage.service, path, on.expected(stage.service, path), 1)
        runs = interleave(stage, contenders)
        found = [a.p50 / b.p50 for a, b in zip(runs["big"], runs["thousand"], strict=True)]
        both = [*runs["big"], *runs["thousand"]]
        yield Row(
            f"first page not cached, {sort}, {biggest:,} comments there: p50",
            f"{statistics.median(run.p50 for run in runs['big']):.2f} ms",
            f"{statistics.median(run.p50 for run in runs['thousand']):.2f} ms with 1,000 comments",
            found,
            "≤ 1.1",
            statistics.median(found) <= 1.1,
            "",
            _cost(runs["big"], runs["thousand"]),
            sum(run.wrong for run in both),
            next((run.sample for run in both if run.sample), ""),
        )


@contextlib.contextmanager
def steady_posts(stage: Stage, article: str, seconds: float) -> Iterator[dict[str, object]]:
    """50 posts a second by another process meanwhile; the answer's sums are there when the block has ended."""
    command = [sys.executable, "-m", "bench.poster", stage.service.url + on.page(article), str(seconds)]
    sums: dict[str, object] = {}
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin
        child.stdin.write("\n".join(stage.tokens))
        child.stdin.close()
        child.stdin = None
        yield sums
        output, _ = child.communicate()
    sums.update(json.loads(output))


def page_while_posting(stage: Stage) -> Iterator[Row]:
    """The first page of an article that is written to all the time, against the same page left alone."""
    path = on.page("busy")
    for coding in ("identity", "br"):
        answer = on.expected(stage.service, path, coding, slack=0.2)
        quiet = reader(stage.service, path, answer)
        posted: list[dict[str, object]] = []
        runs = interleave(stage, {"busy": functools.partial(_busy_round, stage, quiet, posted), "quiet": quiet})
        line = row(f"first page while 50/s are posted to it, {coding}", runs["busy"], runs["quiet"], 0.6, "quiet")
        failed = sum(int(str(sums["sent"])) - int(str(sums["created"])) for sums in posted)
        p99, post_p99 = median_p99(runs["busy"]), statistics.median(float(str(sums["p99"])) for sums in posted)
        yield Row(
            **vars(line)
            | {
                "measured": f"{line.measured}, p99 {p99:.1f} ms (posts: p99 {post_p99:.0f} ms)",
                "beside": f"{line.beside}, p99 {median_p99(runs['quiet']):.1f} ms",
                "wanted": "≥ 0.6, p99 ≤ 10 ms",
                "met": line.met and p99 <= 10,
                "wrong": line.wrong + failed,
                "sample": line.sample or next((str(sums["wrong"]) for sums in posted if sums["wrong"]), ""),
            }
        )


def _busy_round(stage: Stage, read: Contender, posted: list[dict[str, object]], seconds: float) -> Run:
    with steady_posts(stage, "busy", seconds + 1) as sums:
        time.sleep(0.5)  # the poster has begun, and goes on for as long after the end
        run = read(seconds)
    posted.append(sums)
    _await_on_page(stage, str(sums["last_root"]))
    return run


def _await_on_page(stage: Stage, id: str) -> None:
    """What was posted last is on the page within a second."""
    deadline = time.monotonic() + 1
    while json.loads(on.fetch(stage.service, on.page("busy")))["comments"][0]["id"] != id:
        if time.monotonic() > deadline:
            raise on.WrongAnswerError(f"comment {id} was not on the first page one second after its 201")
        time.sleep(0.02)


def posts(stage: Stage) -> Iterator[Row]:
    """Durable posts to one article, against the rows alone and against Isso."""
    assert stage.isso
    seconds = stage.seconds + 1
    contenders: dict[str, Contender] = {
        "service": functools.partial(post_round, stage),
        "floor": functools.partial(_insert_round, stage),
        "isso": functools.partial(_isso_round, stage),
    }
    runs = interleave(stage, contenders, seconds)
    p99 = median_p99(runs["service"])
    over_floor = row("posts to one article", runs["service"], runs["floor"], 0.35, "bare transactions")
    over_isso = row("posts to one article of 10,000 comments", runs["service"], runs["isso"], 4, "Isso")
    for line in (over_floor, over_isso):
        yield Row(**vars(line) | {"measured": f"{line.measured}, p99 {p99:.0f} ms"})


def post_round(stage: Stage, seconds: float) -> Run:
    """Post as fast as it goes; the table must then hold what was answered, and the count say the same."""
    answer, what = on.service_posts(stage, "posting", f"run-{time.time_ns()}")
    before = on.stored_comments(stage, "posting")
    run = load(stage.service, on.page("posting"), answer, connections=CONNECTIONS, seconds=seconds, posts=what)
    on.wait_until_followed(stage)
    stored = on.stored_comments(stage, "posting")
    # wrk leaves without reading its last answers: one a connection
    if not run.right <= stored - before <= run.right + CONNECTIONS:
        raise on.WrongAnswerError(f"{run.right} posts were answered with 201, but {stored - before} are stored")
    _await_count(stage, "posting", stored)
    return run


def _await_count(stage: Stage, article: str, count: int) -> None:
    deadline = time.monotonic() + 2
    path = f"{on.BELOW}/counts?article={article}"
    while (shown := json.loads(on.fetch(stage.service, path))["counts"][article]) != count:
        if time.monotonic() > deadline:
            raise on.WrongAnswerError(f"{article} has {count} comments, but its count says {shown}")
        time.sleep(0.05)


def _insert_round(stage: Stage, seconds: float) -> Run:
    """Floor (b): two processes of 16 connections, beside the frozen service, whose followers would work for it."""
    command = [sys.executable, "-m", "bench.floor_insert", stage.database_url, str(seconds)]
    before = on.stored_comments(stage, "floor")
    with stage.service.frozen(), contextlib.ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]
        for child in children:
            assert child.stdout
            child.stdout.readline()
        for child in children:
            assert child.stdin
            child.stdin.write("go\n")
            child.stdin.flush()
        sums = [json.loads(child.communicate()[0]) for child in children]
    on.wait_until_followed(stage)
    written, warm = sum(each["posts"] for each in sums), 2 * 16
    stored = on.stored_comments(stage, "floor") - before
    if stored != written + warm:
        raise on.WrongAnswerError(f"the floor wrote {written + warm} comments, but {stored} are stored")
    spent = max(each["seconds"] for each in sums)
    return Run(written, 0, spent, 0, 0, tuple(each["posts"] / written for each in sums), 0, "")


def _isso_round(stage: Stage, seconds: float) -> Run:
    assert stage.isso
    stage.isso.put_back()
    answer, what = on.isso_posts(stage.isso, f"run-{time.time_ns()}")
    path = f"/new?uri={URI}"
    return load(stage.isso.server, path, answer, connections=CONNECTIONS, seconds=seconds, posts=what)


def isso_first_screen(stage: Stage) -> Iterator[Row]:
    """What a reader sees first at 10,000 comments, here and in Isso."""
    assert stage.isso
    stage.isso.put_back()
    length = len(on.fetch(stage.isso.server, FIRST_SCREEN))
    isso_answer = Expected(length, length, '"total_replies"')
    on.fetch_page(stage.service, "tenthousand")
    path = on.page("tenthousand")
    contenders = {
        "service": reader(stage.service, path, on.expected(stage.service, path)),
        "isso": reader(stage.isso.server, FIRST_SCREEN, isso_answer, ISSO_READERS),
    }
    runs = interleave(stage, contenders)
    yield row("first screen at 10,000 comments", runs["service"], runs["isso"], 100, f"Isso ({length:,} B)")


def memory(stage: Stage) -> Iterator[Row]:
    """What a worker holds after everything above."""
    megabytes = [worker.memory_info().rss / 1e6 for worker in stage.service.workers()]
    stored = on.query(stage.database_url, "SELECT count(*) FROM comments")
    yield Row(
        f"memory of a worker after the runs, {stored:,} comments stored",
        " · ".join(f"{size:.0f} MB" for size in megabytes),
        "",
        [],
        "≤ 150 MB",
        max(megabytes) <= 150,
    )


FIGURES: dict[str, Callable[[Stage], Iterator[Row]]] = {
    "page": cached_page,
    "counts": counts,
    "uncached": uncached_page,
    "while-posting": page_while_posting,
    "posts": posts,
    "isso-page": isso_first_screen,
    "memory": memory,
}
